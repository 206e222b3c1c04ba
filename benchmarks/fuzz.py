"""Hostile input: every reader fed with made-up files until a number of inputs is reached.

    nice -n 15 python benchmarks/fuzz.py --inputs 1000000 --folder /tmp/fuzz [--engine hypothesis] [--target brat]

Atheris (`pip install 'bioactive[fuzz]'`) mutates inputs towards code that none has reached yet; hypothesis draws them
from the pieces of each format. The targets and what they check are in tests/fuzz/targets.py. Each runs in a process of
its own, in turns, so that a run that is stopped has something of each. An error without a code, text that came back
changed or an input that took longer than 10 s is a finding: it is counted, its input is kept in the folder once for
each place in the code, and the run goes on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 10.0  # seconds for one input
MAX_LENGTH = 2048  # bytes of one input, before pieces are put in
REPORT_EVERY = 100
ENGINES = ("atheris", "hypothesis")


class Tally:
    """What a process has seen: inputs, codes of errors, findings. Kept in a file, as libFuzzer ends the process."""

    def __init__(self, name: str, engine: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.path = folder / f"{name}-{engine}-{time.time_ns()}.json"
        self.inputs, self.slowest, self.begin = 0, 0.0, time.perf_counter()
        self.codes: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()

    def run(self, data: bytes) -> None:
        """Give one input to the target, and note what came of it."""
        from tests.fuzz.targets import check

        begin = time.perf_counter()
        try:
            self.codes[check(self.name, data) or "read"] += 1
        except Exception as problem:
            self.note(place_of(problem), data)
        taken = time.perf_counter() - begin
        self.slowest = max(self.slowest, taken)
        if taken > LONGEST:
            self.note(f"took {LONGEST:g} s or more", data)
        self.inputs += 1
        if self.inputs % REPORT_EVERY == 0:
            self.save()

    def note(self, place: str, data: bytes) -> None:
        """Count a finding, and keep its first input."""
        if not self.findings[place]:
            name = hashlib.sha256(place.encode()).hexdigest()[:12]
            (self.folder / f"{self.name}-{name}.input").write_bytes(data)
        self.findings[place] += 1

    def save(self) -> None:
        """Write the counts."""
        counts = {"target": self.name, "inputs": self.inputs, "seconds": time.perf_counter() - self.begin}
        counts |= {"slowest": self.slowest, "codes": dict(self.codes), "findings": dict(self.findings)}
        self.path.write_text(json.dumps(counts, indent=1), encoding="utf-8")


def place_of(problem: BaseException) -> str:
    """The kind of an error and the last line of this project that it came through."""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if frame.filename.startswith(str(ROOT))]
    own = [frame for frame in frames if "/.venv/" not in frame.filename] or frames
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"
    return f"{type(problem).__name__} at {place}: {str(problem)[:100]!r}".partition("0x")[0]


def by_atheris(name: str, seconds: int, folder: Path) -> None:
    """Mutate inputs towards new code; the process ends in here."""
    import atheris

    with atheris.instrument_imports(include=["bioactive"], enable_loader_override=False):
        from tests.fuzz import targets
    from tests.fuzz.grammar import SEEDS, expand

    corpus = folder / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(b"\0" + seed.encode("utf-8"))
    tally = Tally(name, "atheris", folder)
    targets.folder()

    def one(data: bytes) -> None:
        tally.run(expand(name, data))

    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MAX_LENGTH}",
        "-timeout=120",
        "-rss_limit_mb=4096",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def by_hypothesis(name: str, seconds: int, folder: Path) -> None:
    """Draw inputs from the pieces of the format."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.fuzz.strategies import files

    tally = Tally(name, "hypothesis", folder)

    @settings(
        max_examples=1_000_000,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(files(name))
    def one(data: bytes) -> None:
        if time.perf_counter() - tally.begin > seconds:
            raise KeyboardInterrupt  # hypothesis passes on nothing else at once
        tally.run(data)

    with suppress(KeyboardInterrupt):
        one()
    tally.save()


def total(folder: Path) -> dict[str, dict[str, Any]]:
    """The counts of all processes so far, by target."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        part = json.loads(path.read_text(encoding="utf-8"))
        empty: dict[str, Any] = {"inputs": 0, "seconds": 0.0, "slowest": 0.0, "codes": {}, "findings": {}}
        own = found.setdefault(part["target"], empty)
        own["inputs"] += part["inputs"]
        own["seconds"] += part["seconds"]
        own["slowest"] = max(own["slowest"], part["slowest"])
        for key in ("codes", "findings"):
            own[key] = dict(Counter(own[key]) + Counter(part[key]))
    return found


def show(folder: Path) -> None:
    """Print the counts."""
    counts = total(folder)
    print(f"{'target':12} {'inputs':>9} {'a second':>9} {'slowest':>9} {'read':>9} {'errors with a code':>19} findings")
    for name, own in counts.items():
        read = own["codes"].pop("read", 0)
        coded = sum(own["codes"].values())
        pace = own["inputs"] / max(own["seconds"], 1e-9)
        slowest = f"{own['slowest']:.2f} s"
        times = sum(own["findings"].values())
        print(f"{name:12} {own['inputs']:9,} {pace:9,.0f} {slowest:>9} {read:9,} {coded:19,} {times}")
        for place, times in own["findings"].items():
            print(f"    {times:7,} x {place}")
    print(f"{'all':12} {sum(own['inputs'] for own in counts.values()):9,}")


def main(
    inputs: int = typer.Option(1_000_000, help="How many, of all targets together"),
    folder: Path = typer.Option(Path("/tmp/fuzz"), help="Where counts, findings and the corpus are kept"),
    engine: str = typer.Option("atheris", help="atheris or hypothesis"),
    target: list[str] = typer.Option([], help="Only this one; may be repeated"),
    turn: int = typer.Option(30, help="Seconds for one target before the next one has its turn"),
    one: str = typer.Option("", hidden=True, help="The target of a single process"),
    report: bool = typer.Option(False, help="Only print the counts so far"),
) -> None:
    """Feed the targets in turns until there were so many inputs, and print what came of it."""
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.grammar import SEEDS

    folder.mkdir(parents=True, exist_ok=True)
    if one:
        logging.disable(logging.CRITICAL)  # a line for each input that is skipped
        {"atheris": by_atheris, "hypothesis": by_hypothesis}[engine](one, turn, folder)
        return
    names = target or list(SEEDS)
    while not report and sum(own["inputs"] for own in total(folder).values()) < inputs:
        for name in names:
            command = [sys.executable, __file__, "--one", name, "--turn", str(turn), "--engine", engine]
            with (folder / f"{name}.log").open("ab") as log:
                subprocess.run([*command, "--folder", str(folder)], stdout=log, stderr=log, cwd=ROOT, check=False)
    show(folder)


if __name__ == "__main__":
    typer.run(main)
