"""The threshold experiment: folds that share nothing, rows that can be taken up again, and where the gain ends."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from typer.testing import CliRunner

from bioactive.cheap.merge import Trust, trusted
from bioactive.cli.app import app
from bioactive.errors import BioactiveError
from bioactive.simulation.in_memory import Schedule, Trainer, labelled_words
from bioactive.simulation.scoring import loss_on, scores_on
from bioactive.simulation.teacher import Teaching, taught, words_outside
from bioactive.simulation.threshold import ThresholdOptions, fold_numbers, summed_up, threshold

from .conftest import make_doc

ROOT = Path(__file__).resolve().parents[2]


def rows_of(means: dict[float, float], folds: int = 2) -> list[dict]:
    """Rows whose mean F1 is given by percentage, .01 apart from fold to fold."""
    return [
        {"fold": fold, "percent": p, "rows": p, "f": f + (0.01 if fold else -0.01), "accuracy": 0.9, "loss": 1.0}
        for p, f in means.items()
        for fold in range(folds)
    ]


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ({1: 0.5, 2: 0.6, 3: 0.604, 5: 0.603}, 2),
        ({1: 0.5, 2: 0.6, 3: 0.6, 5: 0.7}, None),
        ({1: 0.5, 2: 0.6, 3: 0.59, 5: 0.604}, 2),
        ({1: 0.7, 2: 0.6}, 1),
        ({1: 0.7}, None),
    ],
)
def test_saturation_is_where_no_larger_share_gains(means, expected):
    assert summed_up(rows_of(means), 0.005).saturation == expected


def test_interval_is_students_over_folds():
    (point,) = summed_up(rows_of({1: 0.5}), 0.005).points
    # Two folds at .49 and .51: t(.975, 1) = 12.706, times .01414 / sqrt(2).
    assert point.f.value == pytest.approx(0.5)
    assert point.f.high - point.f.value == pytest.approx(12.706 * 0.01, rel=1e-3)


def test_loss_that_is_not_known_is_null():
    found = summed_up([{**row, "loss": None} for row in rows_of({1: 0.5})], 0.005).to_dict()
    assert found["points"][0]["loss"] is None and found["points"][0]["f"]["value"] == pytest.approx(0.5)


def test_folds_keep_documents_and_equal_texts_together():
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"text {n}") for n in range(60)]
    for n, doc in enumerate(docs):
        doc.user_data["doc_id"] = f"d{n // 3}"
    docs.append(nlp.make_doc("text 0"))
    home = fold_numbers(docs, 4, seed=1)
    assert all(len(set(home[3 * n : 3 * n + 3])) == 1 for n in range(20)) and home[60] == home[0]
    assert max(np.bincount(home)) - min(np.bincount(home)) <= 4
    with pytest.raises(BioactiveError, match="B561"):
        fold_numbers(docs, 21, seed=1)
    assert (home == fold_numbers(docs, 4, seed=1)).all() and (home != fold_numbers(docs, 4, seed=2)).any()


@pytest.fixture
def options(tmp_path) -> ThresholdOptions:
    nlp, rng = spacy.blank("en"), random.Random(3)
    for name, count in (("expert", 40), ("cheap", 30)):
        docs = [make_doc(nlp, rng) for _ in range(count)]
        for n, doc in enumerate(docs):
            doc.user_data["doc_id"] = f"{name}-{n}"
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
    return ThresholdOptions(
        cheap=tmp_path / "cheap.spacy",
        expert=tmp_path / "expert.spacy",
        config=ROOT / "configs/crf_cnn.cfg",
        percents=(0, 50, 100),
        folds=2,
        teaching=Teaching(Trust("all", 0.5), 0.0),
        schedule=Schedule(100, min_updates=4, max_updates=4),
    )


def without_times(rows: list[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.slow
def test_run_that_was_stopped_goes_on_and_ends_alike(options, tmp_path):
    whole: list[dict] = []
    found = threshold(options, tmp_path / "whole", on_row=whole.append)
    assert [(row["fold"], row["percent"]) for row in whole] == [(f, p) for f in (0, 1) for p in (0, 50, 100)]
    assert [row["rows"] for row in whole[:3]] == [0, round(whole[2]["rows"] / 2), whole[2]["rows"]]
    assert all(0.0 <= row["accuracy"] <= 1.0 and row["loss"] > 0.0 for row in whole)
    assert found.to_dict() == json.loads((tmp_path / "whole" / "threshold.json").read_text())

    class Killed(Exception):
        pass

    def stop(row: dict) -> None:
        if row["fold"] == 1:
            raise Killed

    with pytest.raises(Killed):
        threshold(options, tmp_path / "out", on_row=stop)
    again: list[dict] = []
    assert threshold(options, tmp_path / "out", on_row=again.append) == found
    assert without_times(again) == without_times(whole)
    # A finished run is not repeated, and one of other settings is refused.
    assert threshold(options, tmp_path / "out", on_row=again.append) == found and len(again) == 6
    with pytest.raises(BioactiveError, match=r"B532.*teaching.what was all, is words"):
        threshold(replace(options, teaching=Teaching(Trust("words", 0.5), 0.0)), tmp_path / "out")


@pytest.mark.parametrize(
    "changes", [{"folds": 1}, {"percents": (5, 2)}, {"percents": ()}, {"percents": (101,)}, {"cheap": None}]
)
def test_experiment_that_compares_nothing_is_refused(options, tmp_path, changes):
    with pytest.raises(BioactiveError, match="B561"):
        threshold(replace(options, **changes), tmp_path / "out")


@pytest.mark.slow
def test_command_prints_a_table_and_draws(options, tmp_path):
    args = ["threshold", options.expert, tmp_path / "out", "--cheap", options.cheap, "--config", options.config]
    args += ["--percents", "10,100", "--folds", 2, "--updates", 2, "--training.dropout", 0.2]
    found = CliRunner().invoke(app, list(map(str, args)))
    assert found.exit_code == 0, found.output
    assert "Saturation (no larger share" in found.output and "percent" in found.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "rows.jsonl", "threshold.json", "threshold.png", "threshold.svg"
    }  # fmt: skip


def test_scores_are_those_of_the_evaluation(examples):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "Chemical", "pattern": "aspirin"}, {"label": "Chemical", "pattern": "gout"}])
    golds = [Doc(nlp.vocab, words=["aspirin", "for", "gout"], ents=["B-Chemical", "O", "B-Disease"])]
    found = scores_on(nlp, golds)
    assert found == {"p": 0.5, "r": 0.5, "f": 0.5, "accuracy": pytest.approx(2 / 3)}
    assert loss_on(nlp, golds) is None


def test_loss_of_an_untrained_component_is_that_of_enumeration(examples):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("crf_ner")
    nlp.initialize(lambda: examples)
    golds = [eg.reference for eg in examples[:5]]
    words = sum(map(len, golds))
    expected = 0.0
    for doc in golds:
        copy = Doc(nlp.vocab, words=[token.text for token in doc])
        (own,) = pipe.posteriors([copy])
        gold = [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else "O" for t in doc]
        expected -= log_prob_of(pipe, copy, gold)
        assert len(own.tags) == 5
    assert loss_on(nlp, golds) == pytest.approx(expected / words, rel=1e-4)


def log_prob_of(pipe, doc: Doc, gold: list[str]) -> float:
    """Log-probability of one tag sequence: its score less that of all, by the forward recursion in plain numpy."""
    from bioactive.ner.component import legal_moves

    lattice, tags = pipe.predict([doc]), pipe.tags
    emissions = lattice.emissions[0].detach().double().numpy()
    moves = np.where(legal_moves(2).numpy(), lattice.transitions.detach().double().numpy(), -np.inf)
    forward = moves[-1] + emissions[0]
    for row in emissions[1:]:
        forward = np.logaddexp.reduce(forward[:, None] + moves[:-1], axis=0) + row
    path = [tags.index(tag) for tag in gold]
    score = sum(moves[a, b] for a, b in zip([-1, *path], path, strict=False))
    score += sum(emissions[t, tag] for t, tag in enumerate(path))
    return float(score - np.logaddexp.reduce(forward))


def test_words_in_entities_without_edges_count_as_labelled():
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, words=["Severe", "heart", "failure", "."], ents=["O", "B-D", "I-D", "O"])
    assert labelled_words(doc) == 4
    assert labelled_words(trusted(doc, Trust("words"))) == 2
    assert labelled_words(trusted(doc, Trust("words"), outside=[3])) == 3


@pytest.mark.slow
def test_teacher_tells_words_outside_and_cheap_entity_words_stay(tmp_path):
    schedule = Schedule(100, min_updates=60, max_updates=60)
    trainer = Trainer(ROOT / "configs/crf_cnn.cfg", {}, schedule)
    nlp, rng = trainer.blank(), random.Random(0)
    expert = [make_doc(nlp, rng) for _ in range(30)]
    gold = Doc(nlp.vocab, words=["Patients", "with", "gout", "received", "aspirin", "."])
    gold.set_ents([Span(gold, 2, 3, "Disease"), Span(gold, 4, 5, "Chemical")])
    cheap = gold.copy()
    cheap.set_ents([cheap.ents[1]])  # the list does not know gout
    labels = ["Chemical", "Disease"]
    assert not any(doc.text == gold.text for doc in expert)
    made = taught(trainer, [cheap], expert, labels, Teaching(outside=0.5), seed=0)
    row = made.docs[-1]
    assert made.cheap == 1 and row.text == gold.text
    assert [token.ent_iob_ for token in row] == ["O", "O", "", "O", "", "O"]
    assert [(span.start, span.label_) for span in row.spans["entity_words"]] == [(4, "Chemical")]
    with trainer.trained(expert, labels, 0) as teacher:
        assert words_outside(teacher, [gold], 1.0) == {gold.text: []}
        assert words_outside(teacher, [gold, teacher.make_doc("")], 0.0) == {gold.text: list(range(6))}


@pytest.mark.slow
def test_cheap_rows_alone_are_taken_at_their_word():
    trainer = Trainer(ROOT / "configs/crf_cnn.cfg", {}, Schedule())
    cheap = Doc(spacy.blank("en").vocab, words=["gout", "hurts"], ents=["B-Disease", "O"])
    (row,) = taught(trainer, [cheap], [], ["Disease"], Teaching(Trust("words", 0.3)), 0).docs
    assert [token.ent_iob_ for token in row] == ["B", "O"] and row.user_data["weight"] == 0.3


def test_teacher_beside_rows_that_are_trusted_in_all_is_refused():
    with pytest.raises(BioactiveError, match="B564"):
        Teaching(Trust("all"), 0.5)
    with pytest.raises(BioactiveError, match="B564"):
        Teaching(outside=1.5)
