"""A round of learning: what is merged, what is kept, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from bioactive.active.loop import merge, retrain
from bioactive.cli.app import app
from bioactive.corpus.jsonl import doc_to_task, write_jsonl
from bioactive.errors import BioactiveError
from bioactive.models.revisions import Revisions

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs" / "crf_cnn.cfg"


@pytest.fixture
def corpus(examples, tmp_path) -> dict[str, Path]:
    docs = [eg.reference for eg in examples]
    for number, doc in enumerate(docs):
        doc.user_data["doc_id"] = f"doc-{number}"
    paths = {}
    for name, part in {"train": docs[:10], "dev": docs[10:20], "pool": docs[20:]}.items():
        paths[name] = tmp_path / f"{name}.spacy"
        DocBin(docs=part, store_user_data=True).to_disk(paths[name])
    return paths


@pytest.fixture
def model(corpus, tmp_path) -> Path:
    from spacy.cli.train import train

    overrides = {"paths.train": str(corpus["train"]), "paths.dev": str(corpus["dev"])}
    train(CONFIG, tmp_path / "run", overrides={**overrides, "training.max_epochs": 4})
    return tmp_path / "run" / "model-best"


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


def test_answer_on_some_words_leaves_the_text_of_the_corpus_in_place(examples):
    known = examples[0].reference
    task = {**doc_to_task(known), "_view_id": "ner_manual", "answer": "accept"}
    task["tokens"][0]["disabled"] = True
    merged = merge([known], [task], spacy.blank("en"))
    assert merged.replaced == 0
    assert merged.docs[0] is known
    assert merged.docs[1][0].ent_iob == 0


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
    assert set(manifest.metrics) == {"dev_before", "dev_after", "test_before", "test_after", "dev_difference"}
    promoted = manifest.promoted.startswith("yes")
    assert (revisions.current() is not None) is promoted
    assert list(models.glob(".training-*")) == []
    assert "F1 on dev" in result.output and "95 % interval" in result.output
    assert spacy.load(revisions.path("active_iter_1_added_20")).pipe_names == ["tok2vec", "crf_ner"]
