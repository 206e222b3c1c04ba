"""The Python of each page runs, block by block, in a folder with a small pipeline, corpus, pool and store."""

from __future__ import annotations

import random
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.cli.train import train
from spacy.tokens import DocBin
from spacy.training import Example

from bioactive.annotate import server
from bioactive.annotate.controller import Controller
from bioactive.models.revisions import Manifest, Revisions
from tests.train.conftest import CONFIG, make_doc

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.name: path.read_text(encoding="utf8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
BLOCKS = {name: [textwrap.dedent(code) for _, code in BLOCK.findall(text)] for name, text in PAGES.items()}
# What the pages call a pipeline, and what its wheel is called.
RUNS, WHEEL = ("demo/en", "mine", "crf", "run"), "en_mine"
SIMULATION = """
[experiment]
seeds = [0]

[data]
pool = "corpus/dev.spacy"
test = "corpus/test.spacy"

[pipeline]
config = "{config}"

[schedule]
batch_words = 30
min_updates = 2
max_updates = 2

[rounds]
seed_words = 15
words = 10

[strategies]

[strategies.random]
measure = "random"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pages are read."""
    made = tmp_path_factory.mktemp("docs")
    nlp, rng = spacy.blank("en"), random.Random(0)
    for name in ("train", "dev", "test"):
        docs = [make_doc(nlp, rng) for _ in range(12)]
        (made / "corpus").mkdir(exist_ok=True)
        DocBin(docs=docs, store_user_data=True).to_disk(made / "corpus" / f"{name}.spacy")
    texts = [{"text": doc.text} for doc in docs]
    srsly.write_jsonl(made / "pool.jsonl", texts)
    srsly.write_jsonl(made / "ranked.jsonl", texts)
    paths = {f"paths.{name}": str(made / "corpus" / f"{name}.spacy") for name in ("train", "dev")}
    train(CONFIG, made / "trained", overrides={**paths, "training.max_epochs": 2})
    for run in RUNS:
        shutil.copytree(made / "trained" / "model-best", made / "training" / run / "model-best")
    questions = spacy.blank("ru")
    questions.add_pipe("textcat")
    eg = Example.from_dict(questions.make_doc("да"), {"cats": {"yes": 1.0, "no": 0.0}})
    questions.initialize(lambda: [eg])
    (made / "training" / "yesno").mkdir(parents=True)
    questions.to_disk(made / "training" / "yesno" / "model-best")
    revisions, name = Revisions(made / "models"), "active_iter_3_added_150"
    shutil.copytree(made / "trained" / "model-best", made / "copy")
    revisions.publish(made / "copy", Manifest(name, "", {}, {}, {}, "yes"))
    revisions.point_to(name)
    (made / "configs").mkdir()
    config = SIMULATION.format(config=CONFIG.as_posix())
    (made / "configs" / "simulate.cfg").write_text(config, encoding="utf8")
    return made


@pytest.fixture
def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Reads the pages in their folder; the wheel is that pipeline, and what would be served is kept."""
    load, kept, wheel = spacy.load, [], folder / "training" / "mine" / "model-best"
    monkeypatch.chdir(folder)
    monkeypatch.setattr(spacy, "load", lambda name: load(wheel if name == WHEEL else name))
    monkeypatch.setattr(server, "serve", lambda controller, *rest, **more: kept.append(controller))
    return kept


@pytest.mark.parametrize("page", sorted(name for name, blocks in BLOCKS.items() if blocks))
def test_python_of_a_page_runs(page: str, served: list[Any]) -> None:
    names: dict[str, Any] = {"__name__": page.partition(".")[0]}
    for code in BLOCKS[page]:
        exec(compile(code, page, "exec"), names)
    assert all(isinstance(each, Controller) for each in served)
    assert (len(served) == 1) is ("serve(Controller" in PAGES[page])


def test_tokenizer_cuts_as_its_page_says(served: list[Any]) -> None:
    (code,) = BLOCKS["tokenizer.md"]
    *before, last, told = code.strip().splitlines()
    names: dict[str, Any] = {}
    exec("\n".join(before), names)
    assert eval(last, names) == eval(told.removeprefix("# "))
