"""A round of learning: what is merged, what is kept, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from typer.testing import CliRunner

from bioactive.active.loop import retrain
from bioactive.active.merging import merge, overlay
from bioactive.cli.app import app
from bioactive.cli.retrain import summary
from bioactive.corpus.jsonl import doc_to_task, write_jsonl
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.models.promotions import history
from bioactive.models.revisions import Revisions
from bioactive.models.rounds import Plan, learn


def answers_of(path: Path, answer: str = "accept") -> list[dict]:
    docs = DocBin(store_user_data=True).from_disk(path).get_docs(spacy.blank("en").vocab)
    return [{**doc_to_task(doc), "answer": answer, "_view_id": "ner_manual"} for doc in docs]


def test_merge_counts_each_kind_and_replaces_texts(examples):
    nlp = spacy.blank("en")
    docs = [eg.reference for eg in examples[:4]]
    tasks = [{**doc_to_task(doc), "_view_id": "ner_manual"} for doc in docs]
    answers = [
        {**tasks[0], "answer": "accept"},
        {**tasks[1], "answer": "ignore"},
        {"text": "Nothing new .", "spans": [], "answer": "reject", "_view_id": "ner_manual"},
    ]
    merged = merge(docs, answers, nlp)
    assert merged.answers == {"accept": 1, "ignore": 1, "reject": 1}
    copies = sum(doc.text == docs[0].text for doc in docs)
    assert (merged.replaced, merged.empty) == (copies, 1)
    assert len(merged.docs) == len(docs) - copies + 1
    assert merged.docs[-1].text == docs[0].text


def test_binary_answers_become_single_spans():
    nlp = spacy.blank("en")
    task = {"text": "aspirin helps gout", "_view_id": "ner", "spans": [{"start": 0, "end": 7, "label": "Chemical"}]}
    merged = merge([], [{**task, "answer": "accept"}, {**task, "text": "aspirin helps", "answer": "reject"}], nlp)
    accepted, rejected = merged.docs
    assert [token.ent_iob for token in accepted] == [3, 0, 0]
    assert [span.text for span in rejected.spans["incorrect_spans"]] == ["aspirin"]


def words(text: str, **spans: tuple[int, int]) -> Doc:
    """A Doc with entities by label: [start, end) in words; the label "missing" opens words."""
    doc = spacy.blank("en")(text)
    ents = [Span(doc, *place, label=label) for label, place in spans.items() if label != "missing"]
    doc.set_ents(ents, missing=[doc[slice(*spans["missing"])]] if "missing" in spans else [])
    return doc


def tags(doc: Doc) -> list[str]:
    return [f"{token.ent_iob_}-{token.ent_type_}".strip("-") for token in doc]


TEXT = "aspirin and ibuprofen help with gout"


def test_answer_on_some_words_keeps_what_the_corpus_knows_of_the_others():
    known = words(TEXT, CHEM=(0, 1), DISEASE=(5, 6))
    task = {"text": TEXT, "tokens": doc_to_task(known)["tokens"], "spans": [], "answer": "accept"}
    task["spans"] = [{"start": 12, "end": 21, "label": "DRUG"}]
    for token in task["tokens"]:
        token["disabled"] = token["id"] not in (1, 2)
    merged = merge([known], [{**task, "_view_id": "ner_manual"}], spacy.blank("en"))
    (doc,) = merged.docs
    assert (merged.replaced, merged.combined) == (1, 0)
    assert tags(doc) == ["B-CHEM", "O", "B-DRUG", "O", "O", "B-DISEASE"]


def test_two_answers_on_one_text_become_one_doc():
    whole = {"text": "aspirin and ibuprofen help", "_view_id": "ner", "answer": "accept"}
    one = {**whole, "spans": [{"start": 0, "end": 7, "label": "DRUG"}]}
    two = {**whole, "spans": [{"start": 12, "end": 21, "label": "DRUG"}], "answer": "reject"}
    merged = merge([], [one, two], spacy.blank("en"))
    (doc,) = merged.docs
    assert merged.combined == 1
    assert tags(doc) == ["B-DRUG", "", "", ""]
    assert [span.text for span in doc.spans["incorrect_spans"]] == ["ibuprofen"]


@pytest.mark.parametrize(
    ("older", "newer", "result", "dropped"),
    [
        ({"A": (0, 1)}, {"B": (0, 1)}, ["B-B", "O", "O", "O", "O", "O"], 0),  # in full: the newer counts
        ({"A": (0, 3)}, {"missing": (1, 6)}, ["O", "", "", "O", "O", "O"], 1),  # "aspirin" is said to be outside
        ({"A": (2, 3)}, {"B": (0, 1), "missing": (1, 6)}, ["B-B", "O", "B-A", "O", "O", "O"], 0),
        ({"A": (2, 3), "missing": (3, 6)}, {"B": (0, 1), "missing": (1, 6)}, ["B-B", "O", "B-A", "", "", ""], 0),
        ({"A": (0, 1)}, {"A": (0, 1), "missing": (1, 6)}, ["B-A", "O", "O", "O", "O", "O"], 0),  # said twice
    ],
)
def test_overlay_takes_each_word_from_the_newest_that_says_something(older, newer, result, dropped):
    tally = Tally()
    assert tags(overlay(words(TEXT, **older), words(TEXT, **newer), tally)) == result
    assert sum(tally.counts.values()) == dropped


def test_overlay_settles_what_contradicts_itself():
    accepted = words(TEXT, A=(0, 1), missing=(1, 6))
    rejected = words(TEXT, missing=(0, 6))
    rejected.spans["incorrect_spans"] = [Span(rejected, 0, 1, label="A")]
    later = overlay(accepted, rejected, Tally())  # first accepted, then rejected
    assert tags(later)[0] == "" and [span.text for span in later.spans["incorrect_spans"]] == ["aspirin"]
    back = overlay(rejected, accepted, Tally())
    assert tags(back)[0] == "B-A" and not back.spans["incorrect_spans"]


def test_overlay_reads_offsets_where_the_words_differ():
    older = Doc(spacy.blank("en").vocab, words=["IL", "-", "2", "acts"], spaces=[False, False, True, False])
    older.set_ents([Span(older, 0, 3, label="P")])
    newer = Doc(older.vocab, words=["IL-2", "acts"], spaces=[True, False])
    newer.set_ents([], missing=[newer[0:1]])
    assert tags(overlay(older, newer, Tally())) == ["B-P", "O"]
    older.set_ents([Span(older, 0, 1, label="P")])
    tally = Tally()
    assert tags(overlay(older, newer, tally)) == ["", "O"]
    assert sum(tally.counts.values()) == 1


def test_rehearsal_meets_every_label_and_leaves_answered_texts_alone():
    docs = [words(f"aspirin number {n} helps") for n in range(30)]
    docs[7].set_ents([Span(docs[7], 0, 1, label="RARE")])
    for doc in docs[10:]:
        doc.set_ents([Span(doc, 0, 1, label="COMMON")])
    answer = {"text": docs[0].text, "spans": [], "answer": "accept", "_view_id": "ner_manual"}
    merged = merge(docs, [answer], spacy.blank("en"), rehearse=6, seed=3)
    assert len(merged.docs) == 7 and merged.left_out == 23
    assert merged.words == 4
    labels = {ent.label_ for doc in merged.docs for ent in doc.ents}
    assert labels == {"RARE", "COMMON"}
    assert merged.docs[-1].text == docs[0].text
    again = merge(docs, [answer], spacy.blank("en"), rehearse=6, seed=3)
    assert [doc.text for doc in again.docs] == [doc.text for doc in merged.docs]


def test_answers_that_say_nothing_are_refused():
    with pytest.raises(BioactiveError, match="B511.*1 ignore"):
        merge([], [{"text": "aspirin", "answer": "ignore"}], spacy.blank("en"))


def test_retrain_compares_before_and_after(corpus, model, tmp_path):
    result = retrain(model, answers_of(corpus["pool"]), corpus["train"], corpus["dev"], tmp_path / "new")
    assert result.merged.answers == {"accept": 20}
    assert set(result.before) == set(result.after) == {"dev"}
    gain = result.after["dev"].totals["micro"].f1.value - result.before["dev"].totals["micro"].f1.value
    assert result.paired.difference.value == pytest.approx(gain)
    assert set(result.data) == {"train", "dev"}
    assert spacy.load(result.pipeline).pipe_names == ["tok2vec", "crf_ner"]


def test_trust_trains_on_unasked_words_and_says_how_many(corpus, model, tmp_path):
    answers = answers_of(corpus["pool"])
    for answer in answers:
        answer["tokens"] = [{**token, "disabled": token["id"] > 1} for token in answer["tokens"]]
        answer["spans"] = [span for span in answer["spans"] if span["token_end"] <= 1]
    plan = Plan(corpus["train"], corpus["dev"], max_epochs=1, trust=0.0)
    found, manifest, _ = learn(model, answers, plan, tmp_path / "models")
    assert found.pseudo is not None and found.pseudo.words > 0 and manifest.settings["trust"] == 0.0
    opened = sum(token.ent_iob == 0 for doc in found.merged.docs for token in doc)
    assert opened - found.pseudo.words == sum(token.ent_iob == 0 for doc in found.pseudo.docs for token in doc)
    (line,) = [line for line in summary(found) if line.startswith("Trusted")]
    wrong = found.pseudo.wrong / found.pseudo.checked
    assert line == f"Trusted    {found.pseudo.words} words beside answers; on dev {wrong:.1%} of such words are wrong"


def test_command_publishes_a_revision_and_promotes_it(corpus, model, tmp_path):
    write_jsonl(answers_of(corpus["pool"]), tmp_path / "answers.jsonl")
    models = tmp_path / "models"
    words = ["retrain", str(tmp_path / "answers.jsonl"), str(model), "--models", str(models)]
    words += ["--train", str(corpus["train"]), "--dev", str(corpus["dev"]), "--test", str(corpus["dev"])]
    result = CliRunner().invoke(app, [*words, "--max-epochs", "6"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    revisions = Revisions(models)
    assert revisions.names() == ["active_iter_1_added_20"]
    manifest = revisions.manifest("active_iter_1_added_20")
    assert manifest.parent == str(model)
    assert manifest.words == sum(len(task["tokens"]) for task in answers_of(corpus["pool"]))
    assert set(manifest.metrics) == {
        "dev_before",
        "dev_after",
        "test_before",
        "test_after",
        "dev_difference",
        "dev_types",
        "words_per_second",
    }
    assert set(manifest.data) == {"train", "dev", "test", "answers"}
    assert all(low <= value <= high for value, low, high in manifest.metrics["dev_types"].values())
    assert manifest.metrics["words_per_second"] > 0
    promoted = manifest.promoted.startswith("yes")
    assert (revisions.current() is not None) is promoted
    assert list(models.glob(".training-*")) == []
    assert [entry.name for entry in history(models)] == (revisions.names() if promoted else [])
    assert "F1 on dev" in result.output and "95 % interval" in result.output
    assert spacy.load(revisions.path("active_iter_1_added_20")).pipe_names == ["tok2vec", "crf_ner"]
