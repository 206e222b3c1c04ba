"""The best-known shapes of recipes: each is served, answered, saved, restarted and exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioactive.annotate.exchange import db_out
from bioactive.annotate.store import Store
from tests.app.recipe_server import recipes_of, typed

FOLDER = Path(__file__).parent / "recipes"
COUNT = 40
SHAPES = {
    "ner.manual": "shape.ner.manual ds blank:en {source} -l DRUG,DISEASE",
    "ner.teach": "shape.ner.teach ds test:rules {source} --label DRUG,DISEASE",
    "ner.teach with patterns": "shape.ner.teach ds test:rules {source} -l DRUG -p {patterns} -U",
    "ner.correct": "shape.ner.correct ds test:rules {source} -lo jsonl --label DRUG -UP",
    "ner.match": "shape.ner.match ds blank:en {source} {patterns} --resume",
    "ner.patterns": "shape.ner.patterns ds blank:en {source} -l DRUG -pt {patterns}",
    "spans.manual": "shape.spans.manual ds {source} -l DRUG,DISEASE",
    "textcat.manual": "shape.textcat.manual ds {source} --label GOOD,BAD -E",
    "textcat.teach": "shape.textcat.teach ds {source} --label GOOD",
    "textcat.custom": "shape.textcat.custom ds {source} --label GOOD",
    "mark": "shape.mark ds {source} -v text -m false",
    "html": "shape.html ds {source} --title Sure?",
    "terms.teach": "shape.terms.teach ds -se alert,moist --threshold 0.2",
    "tokens": "shape.tokens ds {source} 30",
}


@pytest.fixture(scope="module", autouse=True)
def recipes() -> Iterator[None]:
    with recipes_of(FOLDER / "ner_recipes.py", FOLDER / "text_recipes.py"):
        yield


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    source, patterns = tmp_path / "source.jsonl", tmp_path / "patterns.jsonl"
    texts = [f"Patient {n} with gout took aspirin. It helped in {n} days." for n in range(COUNT)]
    source.write_text("".join(json.dumps({"text": text, "meta": {"n": n}}) + "\n" for n, text in enumerate(texts)))
    patterns.write_text('{"label": "DRUG", "pattern": [{"lower": "aspirin"}]}\n{"label": "DAY", "pattern": "days"}\n')
    return {"source": str(source), "patterns": str(patterns)}


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_is_served_answered_restarted_and_exported(
    shape: str, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = str(tmp_path / "answers.db")
    monkeypatch.setenv("BIOACTIVE_DB", db)
    words = SHAPES[shape].format(**files)
    answered = []
    with typed(words, db, batch_size=3) as annotator:
        for kind in ("accept", "reject"):
            tasks = annotator.questions()
            assert len(tasks) == 3
            assert all({"_input_hash", "_task_hash", "_view_id"} <= set(task) for task in tasks)
            assert annotator.answer(tasks, kind)["stored"] == 3
            answered += tasks
    with typed(words, db, batch_size=3) as annotator:
        again = annotator.questions()
        assert annotator.controller.total_annotated == 6
    by_input = annotator.controller.config["exclude_by"] == "input"
    key = "_input_hash" if by_input else "_task_hash"
    assert again and not {task[key] for task in again} & {task[key] for task in answered}
    with Store(db) as store:
        exported = [json.loads(line) for line in db_out(store, "ds")]
    assert [example["answer"] for example in exported] == ["accept"] * 3 + ["reject"] * 3
    for task, example in zip(answered, exported, strict=True):
        assert {name: example[name] for name in task} == task
        assert {"_session_id", "_annotator_id", "_timestamp"} <= set(example)


def test_shapes_are_asked_about_in_their_own_way(files: dict[str, str], tmp_path: Path) -> None:
    db = str(tmp_path / "answers.db")
    with typed(SHAPES["ner.patterns"].format(**files), db) as annotator:
        tasks = annotator.questions()
        assert [span["label"] for span in tasks[0]["spans"]] == ["DRUG", "DAY"]
        annotator.answer(tasks)
        assert all(example["checked"] for example in annotator.controller.db.get_dataset("ds"))
    with typed(SHAPES["spans.manual"].format(**files), db) as annotator:
        assert annotator.project["view_id"] == "blocks"
        assert [block["view_id"] for block in annotator.project["config"]["blocks"]] == ["spans_manual", "text_input"]
    with typed(SHAPES["html"].format(**files), db) as annotator:
        assert "<h3>Sure?</h3>" in annotator.project["config"]["blocks"][0]["html_template"]
    with typed(SHAPES["textcat.custom"].format(**files), db) as annotator:
        assert annotator.answer(annotator.questions())["progress"] == 0.1
