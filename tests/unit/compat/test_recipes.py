"""The recipes that come along, called as functions and through the names of Prodigy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy

from bioactive.annotate.controller import Controller
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from bioactive.compat import install, uninstall
from bioactive.errors import BioactiveError

TEXTS = ["Aspirin helped. Gout came back.", "Nothing here."]
Made = dict[str, Any]


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BIOACTIVE_DB", str(tmp_path / "answers.db"))
    install()
    yield
    uninstall()


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "source.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    return str(path)


@pytest.fixture
def patterns(tmp_path: Path) -> str:
    path = tmp_path / "patterns.jsonl"
    path.write_text('{"label": "DRUG", "pattern": [{"lower": "aspirin"}]}\n')
    return str(path)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[[Made], list[Task]]]:
    with Store(str(tmp_path / "answers.db")) as store:
        yield lambda made: Controller(made, store).get_questions()


def rules() -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    patterns = [{"label": "DRUG", "pattern": "Aspirin"}, {"label": "DISEASE", "pattern": "Gout"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)  # type: ignore[attr-defined]
    nlp.add_pipe("span_ruler", config={"spans_key": "sc"}).add_patterns(patterns)  # type: ignore[attr-defined]
    return nlp


def marked(tasks: list[Task]) -> list[list[str]]:
    return [[task["text"][span["start"] : span["end"]] for span in task["spans"]] for task in tasks]


def test_ner_manual_shows_matches(source: str, patterns: str, ask: Callable[[Made], list[Task]]) -> None:
    from prodigy.recipes.ner import manual

    made = manual("ds", "blank:en", source, label="DRUG,DISEASE", patterns=patterns, exclude="other")
    assert (made["view_id"], made["exclude"], made["config"]["labels"]) == (
        "ner_manual",
        ["other"],
        ["DRUG", "DISEASE"],
    )
    tasks = ask(made)
    assert marked(tasks) == [["Aspirin"], []] and tasks[0]["spans"][0]["pattern"] == 1
    by_character = manual("ds2", "blank:en", [{"text": "ab"}], label=["X"], highlight_chars=True)
    assert by_character["config"]["highlight_chars"] is True


def test_ner_correct_cuts_sentences_and_learns(source: str, ask: Callable[[Made], list[Task]]) -> None:
    from prodigy.recipes.ner import correct

    made = correct("ds", rules(), source, label=["DRUG", "DISEASE"], update=True)
    tasks = ask(made)
    assert [task["text"] for task in tasks] == ["Aspirin helped.", "Gout came back.", "Nothing here."]
    assert marked(tasks) == [["Aspirin"], ["Gout"], []]
    assert made["update"]([{**tasks[0], "answer": "accept"}]) == 0.0
    whole = ask(correct("ds2", rules(), source, unsegmented=True))
    assert marked(whole) == [["Aspirin", "Gout"], []]


def test_ner_teach_asks_one_at_a_time(source: str, patterns: str, ask: Callable[[Made], list[Task]]) -> None:
    from prodigy.recipes.ner import teach

    made = teach("ds", rules(), source, label="DRUG", patterns=patterns)
    tasks = ask(made)
    assert made["view_id"] == "ner" and all(len(task["spans"]) == 1 for task in tasks)
    made["update"]([{**task, "answer": "accept"} for task in tasks])


def test_spans_recipes(source: str, patterns: str, ask: Callable[[Made], list[Task]]) -> None:
    from prodigy.recipes.spans import correct, manual

    made = manual("ds", "en", source, label=["DRUG"], patterns=patterns)
    assert made["view_id"] == "spans_manual" and marked(ask(made)) == [["Aspirin"], []]
    made = correct("ds2", rules(), source, label=["DRUG", "DISEASE"], component="span_ruler", spans_key="sc")
    assert marked(ask(made)) == [["Aspirin", "Gout"], []]


def test_textcat_recipes(source: str, patterns: str, ask: Callable[[Made], list[Task]]) -> None:
    from prodigy.recipes.textcat import manual, teach

    made = manual("ds", source, label="A,B", exclusive=True)
    assert made["view_id"] == "choice" and [o["id"] for o in ask(made)[0]["options"]] == ["A", "B"]
    assert manual("ds1", source, label=["A"])["view_id"] == "classification"
    made = teach("ds2", "blank:en", source, label="DRUG", patterns=patterns)
    tasks = ask(made)
    assert tasks and {task["label"] for task in tasks} == {"DRUG"}
    made["update"]([{**task, "answer": "accept"} for task in tasks])


def test_mark_and_relations(source: str, ask: Callable[[Made], list[Task]]) -> None:
    from prodigy.recipes.generic import mark
    from prodigy.recipes.rel import manual

    assert len(ask(mark("ds", source, view_id="text"))) == 2
    made = manual("ds2", rules(), source, label="HELPS", span_label="DRUG", add_ents=True)
    assert made["config"]["labels"] == ["HELPS"] and made["config"]["relations_span_labels"] == ["DRUG"]
    assert marked(ask(made)) == [["Aspirin", "Gout"], []]
    with pytest.raises(BioactiveError, match="B414"):
        manual("ds3", rules(), source)
    with pytest.raises(BioactiveError, match=r"B624.*en_pipeline"):
        ask(manual("ds4", rules(), source, label="HELPS", add_nps=True))


def parsed() -> Any:
    """Finds noun phrases: a word is the child of the noun after it."""
    nlp = rules()
    nlp.meta["name"] = "pipeline"

    @spacy.Language.component("test_parse")
    def parse(doc: Any) -> Any:
        heads = {"Aspirin": 1, "helped": 1, ".": 1, "Gout": 4, "came": 4, "back": 4}
        nouns = {"Aspirin": "nsubj", "Gout": "nsubj"}
        first = 0
        for token in doc:
            token.pos_ = "NOUN" if token.text in nouns else "VERB"
            token.head = doc[heads.get(token.text, first) if token.text != "." else token.i - 1]
            token.dep_ = nouns.get(token.text, "ROOT" if token.head == token else "dep")
        return doc

    nlp.add_pipe("test_parse")
    return nlp


def test_relations_show_phrases_beside_entities_and_leave_words_out(
    source: str, patterns: str, tmp_path: Path, ask: Callable[[Made], list[Task]]
) -> None:
    from prodigy.recipes.rel import manual

    disabled = tmp_path / "disabled.jsonl"
    disabled.write_text('{"pattern": [{"is_punct": true}]}\n{"label": "X", "pattern": "back"}\n')
    nlp = parsed()
    nlp.remove_pipe("entity_ruler")
    made = manual("ds", nlp, source, label="A", patterns=patterns, add_nps=True, disable_patterns=str(disabled))
    task, *_ = ask(made)
    assert [(task["text"][s["start"] : s["end"]], s["label"]) for s in task["spans"]] == [
        ("Aspirin", "DRUG"),
        ("Gout", "NP"),
    ]
    assert [token["text"] for token in task["tokens"] if token.get("disabled")] == [".", "back", "."]
    disabled.write_text('{"label": "X"}\n')
    with pytest.raises(BioactiveError, match=r"B601.*disabled\.jsonl"):
        ask(manual("ds2", nlp, source, label="A", disable_patterns=str(disabled)))


def test_relations_have_to_be_between_words_of_their_text(ask: Callable[[Made], list[Task]]) -> None:
    tokens = [{"text": "a", "start": 0, "end": 1, "id": 0}, {"text": "b", "start": 2, "end": 3, "id": 1}]
    made = {"dataset": "ds", "view_id": "relations"}
    right = {"text": "a b", "tokens": tokens, "relations": [{"head": 0, "child": 1, "label": "X"}]}
    assert ask({**made, "stream": [right]})
    for wrong in ({"head": 0, "child": 2}, {"head": "0", "child": 1}, {"child": 1}, "x"):
        with pytest.raises(BioactiveError, match=r"B607.*two of its 2 tokens"):
            ask({**made, "stream": [{**right, "relations": [wrong]}]})
    with pytest.raises(BioactiveError, match=r"B607.*add_tokens"):
        ask({**made, "stream": [{"text": "a b"}]})


def test_answer_that_chooses_no_label_is_taken_when_asked_for(source: str, tmp_path: Path) -> None:
    from prodigy.recipes.textcat import manual

    with Store(str(tmp_path / "answers.db")) as store:
        for taken in (False, True):
            controller = Controller(manual(f"ds{taken}", source, label="A,B", accept_empty=taken), store)
            task, *_ = controller.get_questions()
            empty = controller.receive_answers([{**task, "answer": "accept", "accept": []}])
            assert (empty.refused == []) is taken
            if not taken:
                assert "B623" in empty.refused[0]["message"]
            assert not controller.receive_answers([{**task, "answer": "ignore"}]).refused
        one = Controller(manual("ds", source, label="A"), store)
        assert not one.receive_answers([{**one.get_questions()[0], "answer": "accept"}]).refused


def test_database_has_what_recipes_call(tmp_path: Path) -> None:
    from prodigy.components.db import connect

    db = connect()
    assert connect() is db and db.get_dataset("ds") == [] and "ds" not in db
    db.add_dataset("ds", {"note": 1})
    db.add_examples([{"text": "a", "answer": "accept"}], datasets=["ds"])
    assert db.datasets == ["ds"] and len(db.get_dataset_examples("ds")) == 1
    assert db.get_input_hashes("ds") == db.get_input_hashes(["ds"]) != set()
    assert len(db.get_task_hashes("ds", "other")) == 1 and db.count_dataset("ds") == 1
    other = connect("sqlite", {"name": "other.db", "path": str(tmp_path)})
    assert other is not db and other.datasets == []
    db.drop_dataset("ds")
    assert "ds" not in db
    other.close()
    db.close()


def test_commands_as_functions(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from prodigy.components.db import connect
    from prodigy.recipes.commands import db_in, db_merge, db_out, drop

    assert db_in("ds", source) == 2 and db_merge("ds", "all") == 2
    assert db_out("all", tmp_path / "out") == 2 and (tmp_path / "out" / "all.jsonl").is_file()
    assert db_out("ds") == 2 and "Aspirin" in capsys.readouterr().out
    assert drop("ds") == 2 and drop("all") == 2
    connect().close()


def test_training_recipes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from prodigy.components.db import connect
    from prodigy.recipes.train import data_to_spacy, merge_corpus, spacy_config

    db = connect()
    span = {"start": 0, "end": 1, "label": "X"}
    examples = [{"text": f"a {n}", "spans": [span], "answer": "accept"} for n in range(10)]
    db.add_examples(examples, datasets=["ds"])
    data_to_spacy(tmp_path / "corpus", ner="ds", eval_split=0.3)
    assert {path.name for path in (tmp_path / "corpus").iterdir()} == {"train.spacy", "dev.spacy", "config.cfg"}
    assert "7 texts to train on and 3 to evaluate on" in capsys.readouterr().out
    spacy_config("-", ner="ds")
    assert "[components.ner]" in capsys.readouterr().out
    nlp = spacy.blank("en")
    readers = merge_corpus(nlp, {"ner": (["ds"], [])}, eval_split=0.3)
    assert [len(list(readers[name](nlp))) for name in ("train", "dev")] == [7, 3]
    db.close()


def test_small_helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prodigy import util

    (tmp_path / "labels.txt").write_text("A\n\nB\n")
    assert util.get_labels(str(tmp_path / "labels.txt")) == ["A", "B"] == util.get_labels("A, B")
    assert util.split_string(" a,,b ") == ["a", "b"] and util.get_labels(None) == []
    assert util.get_seeds("x,y") == ["x", "y"]
    task = util.set_hashes({"text": "a"})
    assert util.get_hash(task) == task["_input_hash"]
    assert util.b64_uri_to_bytes(util.bytes_to_b64(b"abc", "text/plain")) == b"abc"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prodigy.json").write_text('{"batch_size": "7"}')
    assert util.get_config()["batch_size"] == 7
    util.log("message", {"a": 1})


def test_names_of_built_in_recipes_are_known_without_loading_them() -> None:
    from prodigy.core import list_recipes

    from bioactive.compat import BUILT_IN

    assert set(BUILT_IN) <= set(list_recipes())
