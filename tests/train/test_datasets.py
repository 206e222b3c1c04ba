"""Datasets of answers as training data: merged by text, written for spaCy, and trained on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin

from bioactive.active.datasets import BINARY_BESIDE, IGNORED, REPLACED, gather, split, split_names
from bioactive.active.grammar import CUT, NO_ARC, NO_TREE
from bioactive.active.train_datasets import Wanted, data_to_spacy, prepare, train, train_curve
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from bioactive.compat.prodigy.recipes.data_utils import parse_overrides
from bioactive.errors import BioactiveError

QUICK = {"training.max_steps": 4, "training.eval_frequency": 2, "components.tok2vec.model.encode.depth": 1}


def span(text: str, word: str, label: str) -> Task:
    start = text.index(word)
    return {"start": start, "end": start + len(word), "label": label}


def answer(text: str, *spans: Task, kind: str = "accept", view: str = "ner_manual", **more: Any) -> Task:
    return {"text": text, "spans": list(spans), "answer": kind, "_view_id": view, **more}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "answers.db")) as opened:
        yield opened


def fill(store: Store, count: int = 30) -> None:
    entities, labels = [], []
    for number in range(count):
        text = f"Patient {number} took aspirin for gout"
        entities.append(answer(text, span(text, "aspirin", "DRUG"), span(text, "gout", "DISEASE")))
        labels.append({"text": text, "label": "GOOD", "answer": "accept" if number % 2 else "reject"})
    store.add_examples(entities, ["ents"])
    store.add_examples(labels, ["cats"])


def ents(doc: Any) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


def test_answers_about_one_text_become_one_doc(store: Store) -> None:
    text = "aspirin for gout"
    store.add_examples([answer(text, span(text, "aspirin", "DRUG"))], ["a"])
    store.add_examples([answer(text, span(text, "gout", "DISEASE"), view="spans_manual")], ["b"])
    options = [{"id": "GOOD", "text": "GOOD"}, {"id": "BAD", "text": "BAD"}]
    store.add_examples([{"text": text, "options": options, "accept": ["GOOD"], "answer": "accept"}], ["c"])
    found = gather(store, {"ner": ["a"], "spancat": ["b"], "textcat_multilabel": ["c"]}, spacy.blank("en"))
    (doc,) = found.docs
    assert ents(doc) == [("aspirin", "DRUG")] and all(token.ent_iob for token in doc)
    assert [(each.text, each.label_) for each in doc.spans["sc"]] == [("gout", "DISEASE")]
    assert doc.cats == {"GOOD": 1.0, "BAD": 0.0}
    assert found.labels == {"ner": ["DRUG"], "spancat": ["DISEASE"], "textcat_multilabel": ["BAD", "GOOD"]}


def test_binary_answers_say_no_more_than_was_asked(store: Store) -> None:
    text = "aspirin for gout"
    one, other = span(text, "aspirin", "DRUG"), span(text, "gout", "DRUG")
    store.add_examples([answer(text, one, view="ner"), answer(text, other, kind="reject", view="ner")], ["a"])
    (doc,) = gather(store, {"ner": ["a"]}, spacy.blank("en")).docs
    assert ents(doc) == [("aspirin", "DRUG")] and [token.ent_iob for token in doc] == [3, 0, 0]
    assert [(each.text, each.label_) for each in doc.spans["incorrect_spans"]] == [("gout", "DRUG")]


def test_complete_answers_win_over_binary_ones_and_newer_over_older(store: Store) -> None:
    text = "aspirin for gout"
    one, other = span(text, "aspirin", "DRUG"), span(text, "gout", "DISEASE")
    store.add_examples([answer(text, other, view="ner"), answer(text, one), answer("x", kind="ignore")], ["a"])
    store.add_examples([answer(text, one, other, {"start": 1, "end": 3, "label": "CUT"})], ["b"])
    found = gather(store, {"ner": ["a", "b"]}, spacy.blank("en"))
    (doc,) = found.docs
    assert ents(doc) == [("aspirin", "DRUG"), ("gout", "DISEASE")] and all(token.ent_iob for token in doc)
    assert dict(found.tally.counts) == {REPLACED: 1, BINARY_BESIDE: 1, IGNORED: 1, CUT: 1}


def test_labels_that_exclude_each_other(store: Store) -> None:
    examples = [{"text": "t", "label": label, "answer": "accept"} for label in ("A", "B")]
    store.add_examples(examples, ["a"])
    (doc,) = gather(store, {"textcat": ["a"]}, spacy.blank("en")).docs
    assert doc.cats == {"A": 0.0, "B": 1.0}
    (doc,) = gather(store, {"textcat_multilabel": ["a"]}, spacy.blank("en")).docs
    assert doc.cats == {"A": 1.0, "B": 1.0}


def test_split_keeps_texts_on_their_side(store: Store) -> None:
    fill(store, 30)
    docs = gather(store, {"ner": ["ents"]}, spacy.blank("en")).docs
    train_docs, dev = split(docs, 0.2)
    assert (len(train_docs), len(dev)) == (24, 6)
    assert [doc.text for doc in split(list(docs), 0.2)[1]] == [doc.text for doc in dev]
    fewer = {doc.text for doc in split(docs[:15], 0.2)[1]}
    assert len(fewer) == 3


def test_names_of_evaluation_datasets() -> None:
    assert split_names("a, b,eval:c") == (["a", "b"], ["c"])
    assert parse_overrides(["--training.max_steps", "3", "--a.b=x"]) == {"training.max_steps": 3, "a.b": "x"}


@pytest.mark.parametrize("factory", ["ner", "crf_ner"])
def test_written_data_and_config_train_with_spacy(store: Store, tmp_path: Path, factory: str) -> None:
    fill(store)
    names = {"ner": (["ents"], []), "textcat_multilabel": (["cats"], [])}
    written = data_to_spacy(store, Wanted(names, ner_factory=factory), tmp_path / "corpus")
    docs = list(DocBin().from_disk(tmp_path / "corpus" / "dev.spacy").get_docs(spacy.blank("en").vocab))
    assert len(docs) == len(written.dev) == 6 and all(doc.cats and doc.ents for doc in docs)
    command = [sys.executable, "-m", "spacy", "train", str(tmp_path / "corpus" / "config.cfg")]
    paths = ["--paths.train", str(tmp_path / "corpus/train.spacy"), "--paths.dev", str(tmp_path / "corpus/dev.spacy")]
    quick = [word for key, value in QUICK.items() for word in (f"--{key}", str(value))]
    if factory == "ner":  # one real command is enough
        command += [*paths, *quick, "--output", str(tmp_path / "made")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        made = spacy.load(tmp_path / "made" / "model-last")
    else:
        assert train(prepare(store, Wanted(names, ner_factory=factory)), tmp_path / "made", QUICK) >= 0.0
        made = spacy.load(tmp_path / "made" / "model-last")
    assert {made.get_pipe_meta(name).factory for name in made.pipe_names} >= {factory, "textcat_multilabel"}
    assert set(made.get_pipe("ner").labels) == {"DRUG", "DISEASE"}  # type: ignore[attr-defined]


WORDS = ("She", "took", "aspirin", ".", "Gout", "left")
HEADS = {0: 1, 2: 1, 3: 1, 4: 5}  # child: head; "took" and "left" are the roots


def parsed(number: int, heads: dict[int, int] = HEADS, **more: Any) -> Task:
    """An answer about six words, with a span and a relation each."""
    words = (f"She{number}", *WORDS[1:])
    starts = [sum(len(word) + 1 for word in words[:n]) for n in range(len(words))]
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    tokens = [
        {"text": w, "start": s, "end": e, "id": n, "ws": True}
        for n, (w, s, e) in enumerate(zip(words, starts, ends, strict=True))
    ]
    spans = [{"start": s, "end": e, "label": f"T{n % 3}"} for n, (s, e) in enumerate(zip(starts, ends, strict=True))]
    relations = [{"head": head, "child": child, "label": "dep"} for child, head in heads.items()]
    text = " ".join(words)
    return {"text": text, "tokens": tokens, "spans": spans, "relations": relations, "answer": "accept", **more}


def test_tags_sentences_and_heads_are_put_on_words(store: Store) -> None:
    whole = parsed(1)
    store.add_examples([{**whole, "spans": [{**whole["spans"][0], "label": "OLD"}], "_view_id": "pos"}], ["tags"])
    store.add_examples([{**whole, "spans": whole["spans"][:3], "_view_id": "pos_manual"}], ["tags"])
    store.add_examples([{**whole, "spans": [whole["spans"][0], whole["spans"][4]]}], ["sents"])
    store.add_examples([{**whole, "spans": []}], ["deps"])
    found = gather(store, {"tagger": ["tags"], "senter": ["sents"]}, spacy.blank("en"))
    (doc,) = found.docs
    assert [token.tag_ for token in doc] == ["T0", "T1", "T2", "", "", ""]
    assert [token.text for token in doc if token.is_sent_start] == ["She1", "Gout"] and found.labels["senter"] == []
    found = gather(store, {"parser": ["deps"]}, spacy.blank("en"))
    (doc,) = found.docs
    assert [token.head.text for token in doc] == ["took", "took", "took", "took", "left", "left"]
    assert [token.dep_ for token in doc] == ["dep", "ROOT", "dep", "dep", "dep", "ROOT"]
    assert [sentence.text for sentence in doc.sents] == ["She1 took aspirin .", "Gout left"]
    assert found.labels["parser"] == ["ROOT", "dep"] and not found.tally.counts


@pytest.mark.parametrize(
    ("heads", "reason"),
    [({0: 1, 2: 1, 3: 1}, NO_TREE), ({**HEADS, 1: 0, 5: 5}, NO_TREE), ({}, NO_TREE), ({**HEADS, 1: 9}, NO_ARC)],
)
def test_half_a_parse_and_one_that_turns_in_a_circle_are_left_out(
    store: Store, heads: dict[int, int], reason: str
) -> None:
    store.add_examples([parsed(1, heads)], ["deps"])
    found = gather(store, {"parser": ["deps"]}, spacy.blank("en"))
    assert found.tally.counts[reason] == 1
    assert found.docs[0].has_annotation("DEP") is (reason == NO_ARC)


def test_tagger_parser_and_sentences_train_together(store: Store, tmp_path: Path) -> None:
    for name, kept in (("tags", range(6)), ("sents", (0, 4)), ("deps", ())):
        made = [parsed(number) for number in range(20)]
        store.add_examples([{**task, "spans": [task["spans"][n] for n in kept]} for task in made], [name])
    names = {"tagger": (["tags"], []), "senter": (["sents"], []), "parser": (["deps"], [])}
    more = {"training.max_steps": 40, "training.eval_frequency": 20}
    assert train(prepare(store, Wanted(names)), tmp_path / "made", {**QUICK, **more}) > 0.5
    nlp = spacy.load(tmp_path / "made" / "model-best")
    assert set(nlp.get_pipe("tagger").labels) == {"T0", "T1", "T2"}  # type: ignore[attr-defined]
    doc = nlp("She99 took aspirin . Gout left")
    assert [token.tag_ for token in doc][1:] == ["T1", "T2", "T0", "T1", "T2"]
    assert doc[2].head.text == "took"


def test_curve_trains_on_growing_shares(store: Store) -> None:
    fill(store, 20)
    points = train_curve(prepare(store, Wanted({"ner": (["ents"], [])})), 2, QUICK)
    assert [(point.share, point.texts) for point in points] == [(0.5, 8), (1.0, 16)]
    assert all(0.0 <= point.score <= 1.0 for point in points)


def test_spans_of_any_length_are_looked_at(store: Store) -> None:
    text = "a long span of seven words is here"
    store.add_examples([answer(text, span(text, "long span of seven words", "X"), view="spans_manual")], ["a"])
    config = prepare(store, Wanted({"spancat": (["a"], ["a"])})).config
    assert config["components"]["spancat"]["suggester"]["max_size"] == 5


def test_base_pipeline_is_taken_along(store: Store, tmp_path: Path) -> None:
    base = spacy.blank("en")
    base.add_pipe("entity_ruler").add_patterns([{"label": "DAY", "pattern": "today"}])  # type: ignore[attr-defined]
    base.to_disk(tmp_path / "base")
    fill(store, 10)
    names = {"textcat_multilabel": (["cats"], [])}
    prepared = prepare(store, Wanted(names, base_model=str(tmp_path / "base")))
    train(prepared, tmp_path / "made", {"training.max_steps": 2, "training.eval_frequency": 1})
    made = spacy.load(tmp_path / "made" / "model-last")
    assert ents(made("today")) == [("today", "DAY")] and "textcat_multilabel" in made.pipe_names


def test_what_cannot_be_trained_is_told(store: Store) -> None:
    with pytest.raises(BioactiveError, match=r"B407.*'nothing'"):
        prepare(store, Wanted({"ner": (["nothing"], [])}))
    store.add_dataset("empty")
    with pytest.raises(BioactiveError, match=r"B619.*empty"):
        prepare(store, Wanted({"ner": (["empty"], [])}))
    with pytest.raises(BioactiveError, match=r"B618.*'coref'"):
        gather(store, {"coref": ["empty"]}, spacy.blank("en"))
    with pytest.raises(BioactiveError, match=r"B618.*'best'"):
        prepare(store, Wanted({"ner": (["empty"], [])}, ner_factory="best"))
