"""The table of epochs, and the accuracy that it shows."""

from __future__ import annotations

import io
import random

import spacy
import srsly
from seqeval.metrics import accuracy_score
from spacy.tokens import Doc
from spacy.training import Example

from bioactive.ner.epoch_table import create_epoch_table
from bioactive.ner.scorer import score_with_accuracy, tag_accuracy

NLP = spacy.blank("en")


def doc_of(tags: list[str]) -> Doc:
    return Doc(NLP.vocab, words=[f"w{i}" for i in range(len(tags))], ents=tags)


def test_rows_count_epochs_and_average_losses(tmp_path) -> None:
    out = io.StringIO()
    step, finish = create_epoch_table(10, tmp_path / "new" / "table.jsonl")(NLP, out, out)
    step({"step": 0, "losses": {"crf_ner": 50.0}, "other_scores": {}})
    for number in range(1, 21):
        scores = {"ents_p": 0.5, "ents_r": 0.25, "ents_f": 1 / 3, "ents_acc": None if number == 10 else 0.9}
        info = {"step": number, "losses": {"crf_ner": 2.0 * number, "transformer": 0.0}, "other_scores": scores}
        step(info if number % 10 == 0 else None)
    finish()
    rows = list(srsly.read_jsonl(tmp_path / "new" / "table.jsonl"))
    assert [(row["epoch"], row["loss"], row["accuracy"]) for row in rows] == [(1.0, 2.0, None), (2.0, 4.0, 0.9)]
    assert (rows[0]["P"], rows[0]["R"], round(rows[0]["F1"], 3)) == (0.5, 0.25, 0.333)
    head, first, second = out.getvalue().splitlines()
    assert head.split() == ["epoch", "loss", "P", "R", "F1", "accuracy"]
    assert first.split() == ["1.00", "2.0000", "0.5000", "0.2500", "0.3333"] and second.split()[-1] == "0.9000"


def test_accuracy_is_that_of_seqeval() -> None:
    rng = random.Random(0)
    gold, found = [], []
    for side in (gold, found):
        for length in range(1, 30):
            tags, before = [], "O"
            for _ in range(length):
                legal = ["O", "B-X", "B-Y", *([f"I-{before[2:]}"] if before != "O" else [])]
                before = rng.choice(legal)
                tags.append(before)
            side.append(tags)
    egs = [Example(doc_of(b), doc_of(a)) for a, b in zip(gold, found, strict=True)]
    assert abs(score_with_accuracy(egs)["ents_acc"] - accuracy_score(gold, found)) < 1e-12


def test_words_that_nobody_annotated_do_not_count() -> None:
    assert tag_accuracy([Example(doc_of(["O", "B-X"]), doc_of(["", "B-X"]))]) == 1.0
    assert tag_accuracy([Example(doc_of(["O"]), doc_of([""]))]) is None
    assert tag_accuracy([]) is None
