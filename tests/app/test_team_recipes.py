"""More shapes of recipes that others wrote: each is served, answered, restarted, exported, and does what is its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bioactive.annotate.exchange import db_out
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from tests.app.recipe_server import Annotator, recipes_of, typed

FILE = Path(__file__).parent / "recipes" / "team_recipes.py"
COUNT = 20
SHAPES = {
    "second-look": "team.second-look ds first -l FITS,NOT",
    "counted": "team.counted ds {source}",
    "loss": "team.loss ds {source} -n 20",
    "blocks": "team.blocks ds none {source}",
    "lines": "team.lines ds {lines} -k sentence",
    "pictures": "team.pictures ds {source}",
    "relations": "team.relations ds {source} {patterns}",
}
Files = dict[str, str]


@pytest.fixture(scope="module", autouse=True)
def recipes() -> Iterator[None]:
    with recipes_of(FILE):
        yield


@pytest.fixture
def module() -> Any:
    found = sys.modules["bioactive_recipes_team_recipes"]
    found.LOADED.clear()
    found.SEEN.clear()
    return found


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with one dataset, of which every other answer is a rejection."""
    path = str(tmp_path / "answers.db")
    monkeypatch.setenv("BIOACTIVE_DB", path)
    with Store(path) as store:
        first = [{"text": f"seen {n}", "answer": "reject" if n % 2 else "accept"} for n in range(2 * COUNT)]
        store.add_examples(first, ["first"])
    return path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    texts = [f"Patient {n} with gout took aspirin, and it helped in {n} days." for n in range(COUNT)]
    source, patterns, lines = (tmp_path / name for name in ("source.jsonl", "patterns.jsonl", "lines.tsv"))
    source.write_text("".join(json.dumps({"text": text, "meta": {"n": n}}) + "\n" for n, text in enumerate(texts)))
    patterns.write_text('{"label": "DRUG", "pattern": [{"lower": "aspirin"}]}\n{"label": "DAY", "pattern": "days"}\n')
    # A sentence that comes twice, and one that is empty.
    lines.write_text("".join(f"{n}\t{text}\n" for n, text in enumerate([*texts[:1], "", *texts])))
    return {"source": str(source), "patterns": str(patterns), "lines": str(lines)}


@pytest.fixture
def play(db: str, files: Files) -> Callable[..., list[Task]]:
    """Answers two batches of three in one run, looks at the next one in another, and gives what is exported."""

    def run(shape: str, make: Callable[[Task], Task] = dict, look: Callable[[Annotator], None] = lambda _: None) -> Any:
        words, answered = SHAPES[shape].format(**files), []
        with typed(words, db, batch_size=3) as annotator:
            for kind in ("accept", "reject"):
                tasks = annotator.questions()
                assert len(tasks) == 3 and all({"_input_hash", "_task_hash", "_view_id"} <= set(t) for t in tasks)
                assert annotator.answer([make(task) for task in tasks], kind)["stored"] == 3
                answered += tasks
            look(annotator)
        with typed(words, db, batch_size=3) as annotator:
            again = annotator.questions()
        assert again and not {t["_input_hash"] for t in again} & {t["_input_hash"] for t in answered}
        with Store(db) as store:
            exported = [json.loads(line) for line in db_out(store, "ds")]
        assert [example["answer"] for example in exported] == ["accept"] * 3 + ["reject"] * 3
        assert [example["text"] for example in exported] == [task["text"] for task in answered]
        assert all({"_session_id", "_annotator_id", "_timestamp"} <= set(example) for example in exported)
        return exported

    return run


def test_recipe_that_filters_by_the_database(play: Callable[..., list[Task]], db: str) -> None:
    exported = play("second-look")
    assert [example["text"] for example in exported] == [f"seen {n}" for n in (1, 3, 5, 7, 9, 11)]
    assert {example["label"] for example in exported} == {"FITS"}
    with Store(db) as store:
        log = list(store.iter_examples("team_log"))
    # The second start leaves out the six that were answered in the first.
    assert [example["text"] for example in log] == [f"{COUNT} tasks", f"{COUNT - 6} tasks"]


def test_hooks_read_the_database_as_it_is(play: Callable[..., list[Task]], module: Any) -> None:
    def look(annotator: Annotator) -> None:
        assert module.SEEN == {"load": 0}
        time.sleep(1.0)  # an unnamed session is named after the second in which it begins

    play("counted", look=look)
    # Of the second run, which answered nothing.
    assert module.SEEN == {"load": 6, "exit": 6, "accepted": 3, "session": 0}


def test_progress_gets_what_update_returned(play: Callable[..., list[Task]], module: Any) -> None:
    def look(annotator: Annotator) -> None:
        found = annotator.post("/get_session_questions", {"session_id": annotator.session})
        assert found["progress"] == pytest.approx(6 / 20)

    exported = play("loss", look=look)
    losses = [each["loss"] for each in module.LOADED if each["loss"] is not None]
    # By hand: the mean moves from 0 over the accepted texts, all of 57 or 58 characters; rejected ones cost nothing.
    lengths = [len(example["text"]) for example in exported[:3]]
    mean, wanted = 0.0, 0.0
    for seen, length in enumerate(lengths, 1):
        wanted += abs(length - mean)
        mean += (length - mean) / seen
    assert losses[0] == pytest.approx(wanted) and 0.0 in losses


def test_blocks_validate_and_keep_what_each_block_gives(play: Callable[..., list[Task]]) -> None:
    def make(task: Task) -> Task:
        return {**task, "accept": [1], "note": "n", "spans": [{"start": 0, "end": 7, "label": "DRUG"}]}

    def look(annotator: Annotator) -> None:
        (task, *_) = annotator.questions()
        verdict = annotator.post("/validate_answer", {"answer": {**task, "answer": "accept", "accept": []}})
        assert verdict["message"] == "Say whether it is clear"
        refused = annotator.answer([{**task, "accept": [0, 1]}])
        assert refused["stored"] == 0 and "clear" in refused["refused"][0]["message"]
        assert [block["view_id"] for block in annotator.project["config"]["blocks"]] == [
            "ner_manual",
            "choice",
            "text_input",
        ]

    for example in play("blocks", make, look):
        assert (example["accept"], example["note"], example["spans"][0]["label"]) == ([1], "n", "DRUG")
        assert example["tokens"][0]["text"] == "Patient" and example["options"][1]["id"] == 1


def test_loader_of_ones_own_with_what_is_empty_or_known_left_out(play: Callable[..., list[Task]]) -> None:
    exported = play("lines")
    assert [example["text"].split()[1] for example in exported] == ["0", "1", "2", "3", "4", "5"]


def test_before_db_takes_pictures_out(play: Callable[..., list[Task]]) -> None:
    def look(annotator: Annotator) -> None:
        assert all(task["image"].startswith("data:") for task in annotator.questions())

    assert [example["image"] for example in play("pictures", look=look)] == [f"{n}.svg" for n in range(6)]


def test_relations_are_stored_as_they_are_given(play: Callable[..., list[Task]]) -> None:
    def make(task: Task) -> Task:
        drug, day = task["spans"]
        relation = {"head": drug["token_end"], "child": day["token_end"], "head_span": drug, "child_span": day}
        return {**task, "relations": [{**relation, "label": "TREATS", "color": "#0072b2"}]}

    def look(annotator: Annotator) -> None:
        assert annotator.project["view_id"] == "relations"
        (task, *_) = annotator.questions()
        assert [token["text"] for token in task["tokens"] if token["disabled"]] == [",", "."]

    for example in play("relations", make, look):
        (relation,) = example["relations"]
        ends = [example["tokens"][relation[end]]["text"] for end in ("head", "child")]
        assert ends == ["aspirin", "days"] and relation["head_span"]["label"] == "DRUG"
