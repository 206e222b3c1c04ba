"""Timings in turns: each contender once a round, so that other work on the machine disturbs all alike.

CPU seconds are taken, of all threads together: the machine may be shared.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import torch
from transformers import AutoModel, AutoTokenizer

from bioactive.ner.buckets import length_buckets
from bioactive.ner.precision import number_format

RESULTS = Path(__file__).with_name("RESULTS.md")
LOW = number_format("auto", torch.device("cpu")) == "bf16"


def in_turns(runs: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, list[float]]:
    """CPU seconds of each run in each round, after one round that does not count.

    runs (Mapping[str, Callable]): What to time, by name.
    rounds (int): Rounds that count.
    RETURNS (dict[str, list[float]]): Seconds by name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            start = time.process_time()
            run()
            taken = time.process_time() - start
            if number:
                seconds[name].append(taken)
            print(f"round {number}: {name} {taken:.2f} s", flush=True)
    return seconds


def ratio(ours: list[float], theirs: list[float]) -> str:
    """How many times faster than a peer, median over the rounds, with the least and the most."""
    found = sorted(their / our for our, their in zip(ours, theirs, strict=True))
    return f"{median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"


def machine() -> str:
    """The processor, as far as the system tells, and the threads of torch."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s)"


def publish(title: str, command: str, rows: list[tuple[str, ...]]) -> None:
    """Print a table, and put it into RESULTS.md in place of the section of that title.

    title (str): The section's title.
    command (str): What was run.
    rows (list[tuple[str, ...]]): Header and rows.
    """
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "|" + "---|" * len(rows[0])
    section = "\n".join(
        [f"## {title}", "", f"`{command}` on {machine()}, torch {torch.__version__}", "", head, rule, *body, ""]
    )
    print(section)
    old = RESULTS.read_text(encoding="utf8") if RESULTS.exists() else "# Results\n"
    parts = [part for part in old.split("\n## ") if not f"## {part}".startswith(f"## {title}\n")]
    RESULTS.write_text("\n## ".join([*(part.rstrip("\n") + "\n" for part in parts), section[3:]]), encoding="utf8")


def bare_encoder(name: str, texts: list[str]) -> Callable[[], object]:
    """The encoder's forward pass alone over sorted batches, in the format that a pipeline chooses: the limit."""
    tokenizer, encoder = AutoTokenizer.from_pretrained(name), AutoModel.from_pretrained(name).eval()
    ids = tokenizer(texts)["input_ids"]
    buckets = length_buckets([len(pieces) for pieces in ids], 4096)
    batches = [tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt") for rows in buckets]

    def run() -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=LOW):
            for inputs in batches:
                encoder(**inputs)

    return run
