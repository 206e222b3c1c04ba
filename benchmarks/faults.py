"""Kill each long command at random, run it to its end, and compare what it makes with an undisturbed run.

    python benchmarks/faults.py --kills 5 [--command rank] [--seed 0]

A kill is SIGKILL to the process group at a random moment after the command has begun to write; when the command was
quicker, it is tried again. Equal: each output file has the same bytes (of a simulation: choices and scores; of a
revision: the files of the pipeline, as its manifest holds times). Half: an output that was there after a kill under its
own name, and was not whole.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import srsly
import typer

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "assets" / "demo" / "en"
TRAINING = ["--paths.train", "train.spacy", "--paths.dev", "dev.spacy"]
SMALL = [
    "--training.max_steps",
    "20",
    "--training.eval_frequency",
    "10",
    "--components.tok2vec.model.encode.width",
    "32",
]
# The demo's pool so many times, each text with a number of its own: long enough to be killed in its midst.
COPIES = 12
PART = "*.part"
TRIES = 5  # for a run that is killed before its end
SIMULATION = """
[experiment]
seeds = [0]
baseline = "mnlp"
[data]
pool = "train.spacy"
test = "dev.spacy"
[pipeline]
config = "{root}/configs/crf_cnn.cfg"
[schedule]
batch_words = 200
epochs = 1
min_updates = 8
max_updates = 12
[rounds]
seed_words = 200
words = 200
count = 4
[strategies]
[strategies.mnlp]
unit = "sentence"
measure = "mnlp"
"""


@dataclass(frozen=True)
class Case:
    """A long command.

    words (list[str]): The command, without `bioactive`.
    made (Callable): The files that it makes, by name in the folder, which are to be the same.
    begun (str): A pattern of what lies in the folder once it is in its midst; "" to go by the clock alone.
    """

    words: list[str]
    made: Callable[[Path], dict[str, bytes]]
    begun: str = ""


def one(name: str) -> Callable[[Path], dict[str, bytes]]:
    """The one output file of a command."""
    return lambda folder: {name: (folder / name).read_bytes()} if (folder / name).is_file() else {}


def runs(folder: Path) -> dict[str, bytes]:
    """What a simulation chose and scored, without the seconds that it took."""
    found = {}
    for path in folder.glob("simulated/runs/*.jsonl"):
        rows = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
        kept = [{key: value for key, value in row.items() if key not in ("trained", "seconds")} for row in rows]
        found[path.name] = json.dumps(kept, sort_keys=True).encode()
    return found


def pipelines(folder: Path) -> dict[str, bytes]:
    """The files of the newest revision but its card, manifest, config and meta.json, which name times and folders."""
    root = max(folder.glob("models/active_iter_*"), default=folder / "none", key=lambda path: path.name)
    kept = [path for path in root.rglob("*") if path.is_file()]
    left = ("README.md", "revision.json", "config.cfg", "meta.json")
    return {str(path.relative_to(root)): path.read_bytes() for path in kept if path.name not in left}


CASES = {
    "convert": Case(["convert", "long.iob2", "out.spacy"], one("out.spacy")),
    "rank": Case(
        ["rank", "model/model-best", "pool.jsonl", "ranked.jsonl", "--batch-size", "8"], one("ranked.jsonl"), PART
    ),
    "predict": Case(["predict", "model/model-best", "pool.jsonl", "found.jsonl", "-bs", "8"], one("found.jsonl"), PART),
    "simulate": Case(["simulate", "simulate.cfg", "simulated"], runs, "simulated/runs/*.part"),
    "simulate in two processes": Case(
        ["simulate", "simulate.cfg", "simulated", "--jobs", "2", "--experiment.seeds", "[0,1]"],
        runs,
        "simulated/runs/*.part",
    ),
    "retrain": Case(
        [
            "retrain",
            "answers.jsonl",
            "model/model-best",
            "--train",
            "train.spacy",
            "--dev",
            "dev.spacy",
            "--max-epochs",
            "2",
        ],
        pipelines,
        "models/.training-*",
    ),
}


def bioactive(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    """A command as a process group of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "BIOACTIVE_CACHE": str(folder / "cache"),
    }
    command = [sys.executable, "-m", *words]
    log = (folder / "log").open("a")
    return subprocess.Popen(
        command, cwd=folder, stdout=log, stderr=log, text=True, env=environment, start_new_session=True
    )


def finish(folder: Path, words: list[str]) -> float:
    """Run a command to its end; the seconds it took."""
    began = time.perf_counter()
    if bioactive(folder, words).wait():
        sys.exit((folder / "log").read_text()[-2000:])
    return time.perf_counter() - began


def prepare(folder: Path) -> None:
    """Corpus, pool, pipeline and answers."""
    for split in ("train", "dev"):
        finish(folder, ["bioactive", "convert", str(DEMO / f"{split}.iob2"), f"{split}.spacy"])
    (folder / "long.iob2").write_text((DEMO / "train.iob2").read_text(encoding="utf8") * COPIES, encoding="utf8")
    texts = [eg["text"] for eg in srsly.read_jsonl(DEMO / "pool.jsonl")]
    pool = [{"text": f"{text} {copy}"} for copy in range(COPIES) for text in texts]
    srsly.write_jsonl(folder / "pool.jsonl", pool)
    (folder / "simulate.cfg").write_text(SIMULATION.format(root=ROOT), encoding="utf8")
    config = str(ROOT / "configs" / "crf_cnn.cfg")
    finish(folder, ["spacy", "train", config, "--output", "model", *TRAINING, *SMALL])
    finish(folder, ["bioactive", "predict", "model/model-best", "pool.jsonl", "answers.jsonl"])
    answers = [{**eg, "answer": "accept"} for eg in list(srsly.read_jsonl(folder / "answers.jsonl"))[:20]]
    srsly.write_jsonl(folder / "answers.jsonl", answers)


def killed_in(folder: Path, case: Case, seconds: float, rng: random.Random) -> bool:
    """Begin a command and kill it at random; whether it had not ended."""
    process, began = bioactive(folder, ["bioactive", *case.words]), time.perf_counter()
    if case.begun:
        while process.poll() is None and not next(folder.glob(case.begun), None):
            time.sleep(0.02)
        # The rest of the undisturbed time, of which a busier machine may need more and an idle one less.
        seconds -= time.perf_counter() - began
    low, high = (0.0, 0.7) if case.begun else (0.2, 0.7)
    time.sleep(max(0.0, rng.uniform(low, high) * seconds))
    killed = process.poll() is None
    os.killpg(process.pid, signal.SIGKILL) if killed else None
    process.wait()
    return killed


def disturbed(
    ready: Path, top: Path, case: Case, seconds: float, expected: dict[str, bytes], rng: random.Random
) -> dict:
    """Kill a command once at random, and run it again to its end."""
    for _ in range(TRIES):
        folder = Path(tempfile.mkdtemp(dir=top))
        for path in ready.iterdir():
            (folder / path.name).symlink_to(path)
        if killed := killed_in(folder, case, seconds, rng):
            break
        seconds *= 0.7
    half = [name for name, data in case.made(folder).items() if data != expected.get(name)]
    before = (folder / "log").stat().st_size
    finish(folder, ["bioactive", *case.words])
    told = (folder / "log").read_bytes()[before:].decode()
    rounds = sum(len(path.read_text().splitlines()) - 1 for path in folder.glob("simulated/runs/*.jsonl"))
    resumed = "Went on after" in told or told.count(" round ") < rounds
    return {"killed": killed, "half": bool(half), "equal": case.made(folder) == expected, "resumed": resumed}


def main(
    kills: int = typer.Option(5, "--kills", help="Of each command"),
    commands: list[str] = typer.Option(list(CASES), "--command"),
    seed: int = typer.Option(0, "--seed"),
) -> None:
    """Run the test, print the counts, and exit with 1 when a result was not the same."""
    wrong, rng = 0, random.Random(seed)
    with tempfile.TemporaryDirectory() as top:
        ready = Path(top) / "ready"
        ready.mkdir()
        prepare(ready)
        (ready / "log").unlink()
        for name in commands:
            case, whole = CASES[name], Path(top) / f"{name}-whole"
            whole.mkdir()
            for path in ready.iterdir():
                (whole / path.name).symlink_to(path)
            seconds, found = finish(whole, ["bioactive", *case.words]), []
            expected = case.made(whole)
            for _ in range(kills):
                found.append(disturbed(ready, Path(top), case, seconds, expected, rng))
            prints = {each: sha256(data).hexdigest()[:12] for each, data in sorted(expected.items())}
            counts = {key: sum(each[key] for each in found) for key in ("killed", "half", "equal", "resumed")}
            typer.echo(
                json.dumps(
                    {"command": name, "seconds": round(seconds, 1), "runs": kills, **counts, "files": len(prints)}
                )
            )
            wrong += kills - counts["equal"] + counts["half"] + (not expected)
    raise typer.Exit(int(bool(wrong)))


if __name__ == "__main__":
    typer.run(main)
