"""Recipes that compare answers, match patterns, suggest labels and find terms, through the names of Prodigy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from bioactive.annotate.controller import Controller
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from bioactive.compat import install, uninstall
from bioactive.errors import BioactiveError
from tests.unit.compat.test_recipes import TEXTS, marked, rules

TERMS = {"aspirin": (1, 0), "ibuprofen": (0.9, 0.1), "gout": (0, 1), "asthma": (0.1, 0.9), "the": (-1, -1)}


@pytest.fixture(autouse=True)
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("BIOACTIVE_DB", str(tmp_path / "answers.db"))
    install()
    from prodigy.components.db import connect

    yield connect()
    connect().close()
    uninstall()


def span(text: str, word: str, label: str) -> Task:
    return {"start": text.index(word), "end": text.index(word) + len(word), "label": label}


def answered(text: str, word: str, kind: str, label: str = "DRUG", **more: Any) -> Task:
    return {"text": text, "spans": [span(text, word, label)], "answer": kind, "_view_id": "ner", **more}


def texts() -> list[Task]:
    return [{"text": text} for text in TEXTS]


def classifier(factory: str) -> Language:
    """Knows after training that "good" is POS and "bad" is NEG."""
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    cats = {"good": {"POS": 1.0, "NEG": 0.0}, "bad": {"POS": 0.0, "NEG": 1.0}}
    examples = [Example.from_dict(nlp.make_doc(text), {"cats": cats[text]}) for text in cats]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    return nlp


def with_vectors() -> Language:
    nlp = spacy.blank("en")
    for term, vector in TERMS.items():
        nlp.vocab.set_vector(term, np.array(vector, dtype="float32"))
    return nlp


def test_review_shows_versions_of_all_texts_and_stores_what_is_agreed(db: Store) -> None:
    from prodigy.recipes.review import review

    manual = {"_view_id": "ner_manual"}
    for name, second in (("a", "DRUG"), ("b", "DISEASE")):
        both = [answered("aspirin", "aspirin", "accept", **manual, _session_id=name)]
        both.append(answered("gout", "gout", "accept", second, **manual, _session_id=name))
        db.add_examples(both, [name])
    db.add_examples([answered("alone", "alone", "accept", **manual, _session_id="b")], ["b"])
    db.add_examples([{**answered("skipped", "skipped", "ignore", **manual)}], ["b"])
    made = review("gold", "a,b", label="DRUG,DISEASE", view_id="spans_manual")
    found = {task["text"]: [version["sessions"] for version in task["versions"]] for task in made["stream"]}
    assert found == {"aspirin": [["a", "b"]], "gout": [["a"], ["b"]], "alone": [["b"]]}
    assert made["view_id"] == "review" and made["config"]["labels"] == ["DRUG", "DISEASE"]
    assert {task["view_id"] for task in review("gold", "a,b", view_id="spans_manual")["stream"]} == {"spans_manual"}
    assert "skipped" in {task["text"] for task in review("gold", ["a", "b"], show_skipped=True)["stream"]}
    assert [task["text"] for task in review("gold", "a,b", auto_accept=True)["stream"]] == ["gout", "alone"]
    assert [example["text"] for example in db.get_dataset("gold")] == ["aspirin"]
    assert [t["text"] for t in review("gold", "a,b", auto_accept=True, accept_single=True)["stream"]] == ["gout"]
    assert {example["text"] for example in db.get_dataset("gold")} == {"aspirin", "alone"}


def test_silver_answers_become_whole_ones(db: Store) -> None:
    from prodigy.recipes.ner import silver_to_gold

    text = TEXTS[0]
    db.add_examples([answered(text, "Aspirin", "reject"), answered(text, "Gout", "accept", "DISEASE")], ["silver"])
    tasks = list(silver_to_gold("gold", "silver", rules(), label="DRUG,DISEASE")["stream"])
    assert marked(tasks) == [["Gout"]] and "answer" not in tasks[0]


def test_two_pipelines_are_compared_sentence_by_sentence() -> None:
    from prodigy.recipes.ner import eval_ab

    nothing = spacy.blank("en")
    made = eval_ab("ds", rules(), nothing, texts(), exclude="other")
    tasks = list(made["stream"])
    assert [task["text"] for task in tasks] == ["Aspirin helped.", "Gout came back."]
    assert {option["id"] for option in tasks[0]["options"]} == {"A", "B"} and made["exclude"] == ["other"]
    assert [t["text"] for t in eval_ab("ds", rules(), nothing, texts(), unsegmented=True)["stream"]] == TEXTS[:1]


def test_pipeline_annotates_under_a_name(db: Store, capsys: pytest.CaptureFixture[str]) -> None:
    from prodigy.recipes.ner import model_annotate

    assert model_annotate("ds", rules(), texts(), "rules", labels=["DRUG"]) == 3
    assert {example["_session_id"] for example in db.get_dataset("ds")} == {"ds-rules"}
    assert "3 answers by 'rules'" in capsys.readouterr().out


def test_match_asks_about_matches_or_about_labels(tmp_path: Path) -> None:
    from prodigy.recipes.generic import match

    patterns = tmp_path / "patterns.jsonl"
    patterns.write_text(json.dumps({"label": "DRUG", "pattern": [{"lower": "aspirin"}]}) + "\n")
    made = match("ds", "blank:en", texts(), str(patterns), exclude=["other"])
    assert marked(list(made["stream"])) == [["Aspirin"]] and (made["view_id"], made["exclude"]) == ("ner", ["other"])
    made = match("ds", "blank:en", texts(), str(patterns), label_task=True)
    assert [task["label"] for task in made["stream"]] == ["DRUG"] and made["view_id"] == "classification"


@pytest.mark.parametrize("factory", ["textcat", "textcat_multilabel"])
def test_likely_labels_are_chosen_from_the_start(factory: str, db: Store) -> None:
    from prodigy.recipes.textcat import correct

    nlp = classifier(factory)
    source = [{"text": "good", "accept": ["NEG"], "answer": "accept"}, {"text": "bad"}]
    made = correct("ds", nlp, source, update=True)
    tasks = Controller(made, db).get_questions()
    assert [task["accept"] for task in tasks] == [["POS"], ["NEG"]] and "answer" not in tasks[0]
    assert {option["id"] for option in tasks[0]["options"]} == {"POS", "NEG"}
    assert made["config"]["choice_style"] == ("single" if factory == "textcat" else "multiple")
    assert made["update"]([{**tasks[0], "accept": ["NEG"], "answer": "accept"}]) > 0.0
    all_of_them = next(correct("ds2", nlp, [{"text": "good"}], threshold=0.0)["stream"])
    assert all_of_them["accept"] == (["POS"] if factory == "textcat" else ["POS", "NEG"])
    none = correct("ds3", nlp, [{"text": "good"}], threshold=1.1, component=factory)
    assert next(none["stream"])["accept"] == [] and "update" not in none


def test_pipeline_without_a_classifier_or_with_other_labels_has_nothing_to_correct() -> None:
    from prodigy.recipes.textcat import correct

    with pytest.raises(BioactiveError, match=r"B622.*classifies texts: found none"):
        correct("ds", "blank:en", texts(), label="POS")
    with pytest.raises(BioactiveError, match=r"B622.*found textcat"):
        correct("ds", classifier("textcat"), texts(), component="other")
    with pytest.raises(BioactiveError, match=r"B616.*OTHER"):
        correct("ds", classifier("textcat"), texts(), label="OTHER")


def test_terms_like_the_accepted_ones_come_first(db: Store) -> None:
    from prodigy.recipes.terms import teach

    made = teach("terms", with_vectors(), seeds="aspirin,unknown")
    assert [example["text"] for example in db.get_dataset("terms")] == ["aspirin", "unknown"]
    # By hand: cosines with (1, 0) are 0.994, 0.110, 0, -0.707.
    tasks = list(made["stream"])
    assert [task["text"] for task in tasks] == ["ibuprofen", "asthma", "gout", "the"]
    assert [task["meta"]["score"] for task in tasks] == pytest.approx([0.9939, 0.1104, 0.0, -0.7071], abs=1e-3)


def test_answers_turn_the_terms_that_follow(db: Store) -> None:
    from bioactive.annotate.recipes import terms_teach

    made = terms_teach("terms", db, with_vectors(), ["aspirin"], step=1)
    assert next(made["stream"])["text"] == "ibuprofen"
    made["update"]([{"text": "ibuprofen", "answer": "reject"}, {"text": "the", "answer": "ignore"}])
    # (1, 0) - (0.994, 0.110) points away from (0, 1).
    assert [task["text"] for task in made["stream"]] == ["asthma", "gout"]
    db.add_examples([{"text": "gout", "answer": "accept"}, {"text": "ibuprofen", "answer": "reject"}], ["terms"])
    again = terms_teach("terms", db, with_vectors(), [], resume=True)
    assert [task["text"] for task in again["stream"]] == ["asthma", "the"]


def test_terms_need_vectors_and_a_term_that_has_one(db: Store) -> None:
    from prodigy.recipes.terms import teach

    with pytest.raises(BioactiveError, match=r"B620"):
        teach("terms", "blank:en", seeds=["aspirin"])
    with pytest.raises(BioactiveError, match=r"B621.*unknown"):
        teach("terms", with_vectors(), seeds=["unknown"])
    assert "terms" not in db


def test_review_compares_relations_and_refuses_media_in_files(db: Store) -> None:
    from prodigy.recipes.review import review

    link = {"head": 0, "child": 2, "label": "TREATS", "color": "#111111"}
    whole = {"text": "aspirin for gout", "spans": [], "answer": "accept", "_view_id": "relations"}
    for name, relation in (("a", link), ("b", {**link, "color": "#222222"}), ("c", {**link, "label": "CAUSES"})):
        db.add_examples([{**whole, "relations": [relation], "_session_id": name}], [name])
    made = review("gold", "a,b,c", fetch_media=True)
    (task,) = made["stream"]
    # The colour is no part of what was decided.
    assert [version["sessions"] for version in task["versions"]] == [["a", "b"], ["c"]]
    assert made["config"]["labels"] == ["CAUSES", "TREATS"] and made["config"]["relations_span_labels"] == []
    db.add_examples([{"text": "x", "image": "cat.png", "answer": "accept", "_view_id": "classification"}], ["media"])
    assert len(list(review("gold", "media")["stream"])) == 1
    with pytest.raises(BioactiveError, match=r"B615.*cat\.png"):
        list(review("gold", "media", fetch_media=True)["stream"])


def test_match_labels_the_task_and_where_asked_the_spans(tmp_path: Path) -> None:
    from prodigy.recipes.generic import match

    patterns = tmp_path / "patterns.jsonl"
    patterns.write_text('{"label": "DRUG", "pattern": "Aspirin"}\n')
    for label_span in (False, True):
        made = match(f"ds{label_span}", "blank:en", texts(), str(patterns), label_task=True, label_span=label_span)
        (task, *_) = made["stream"]
        assert task["label"] == "DRUG" and ("label" in task["spans"][0]) is label_span
    (task, *_) = match("ds", "blank:en", texts(), str(patterns))["stream"]
    assert task["spans"][0]["label"] == "DRUG"
