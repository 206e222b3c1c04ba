"""The NER recipes: what is suggested, in which unit, and what of the source is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spacy.language import Language

from bioactive.annotate.controller import Controller
from bioactive.annotate.recipes import load_pipeline, ner_correct, ner_manual
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import add_tokens
from bioactive.errors import BioactiveError

TEXT = "IL-2 wakes T cells. CD28 helps 😀 TNF-alpha."


def test_ner_correct_suggests_by_sentence_with_scores(nlp: Language) -> None:
    recipe = ner_correct("ds", nlp, [{"text": TEXT, "meta": {"id": 1}}], ["PROTEIN", "CELL"])
    first, second = recipe["stream"]
    assert (first["text"], second["text"]) == ("IL-2 wakes T cells.", "CD28 helps 😀 TNF-alpha.")
    assert [(span["label"], span["score"]) for span in first["spans"]] == [("PROTEIN", 0.25), ("CELL", 0.75)]
    for task in (first, second):
        assert task["meta"] == {"id": 1}
        for span in task["spans"]:
            words = task["text"][span["start"] : span["end"]]
            assert task["tokens"][span["token_start"]]["start"] == span["start"]
            assert task["tokens"][span["token_end"]]["end"] == span["end"]
            assert words in ("IL-2", "T cells", "CD28", "TNF-alpha")
    assert len(second["spans"]) == 2


def test_ner_correct_keeps_a_ranked_task_whole(nlp: Language) -> None:
    (task,) = add_tokens(nlp, [{"text": TEXT, "score": 0.4, "meta": {"measure": "mnlp"}, "answer": "reject"}])
    task["tokens"][0]["disabled"] = True
    (served,) = ner_correct("ds", nlp, [task])["stream"]
    assert (served["text"], served["score"], served["meta"]) == (TEXT, 0.4, {"measure": "mnlp"})
    assert served["tokens"][0]["disabled"]
    assert not any(token.get("disabled") for token in served["tokens"][1:])
    assert "answer" not in served


def test_ner_correct_shows_the_labels_asked_for(nlp: Language) -> None:
    recipe = ner_correct("ds", nlp, [{"text": TEXT}], ["CELL"])
    assert [span["label"] for task in recipe["stream"] for span in task["spans"]] == ["CELL"]
    assert ner_correct("ds", nlp, [])["config"]["labels"] == ["CELL", "PROTEIN"]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_ner_correct_leaves_out_blank_texts(text: str, nlp: Language) -> None:
    assert list(ner_correct("ds", nlp, [{"text": text}])["stream"]) == []


def test_ner_correct_does_not_run_the_pipeline_on_answered_texts(nlp: Language, tmp_path: Path) -> None:
    source = tmp_path / "pool.jsonl"
    texts = [f"Sentence {number} about IL-2." for number in range(6)]
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    with Store(str(tmp_path / "a.db")) as store:
        for seen in (0, 2, 4, 6):
            recipe = ner_correct("ds", nlp, source, batch_size=1)
            controller = Controller(recipe, store, {"batch_size": 2})
            tasks = controller.get_questions("anna")
            assert [task["text"] for task in tasks] == texts[seen : seen + 2]
            assert recipe["stream"].source.known == seen
            controller.receive_answers([{**task, "answer": "accept"} for task in tasks], "anna")


def test_ner_correct_without_labels_is_an_error(nlp: Language) -> None:
    with pytest.raises(BioactiveError, match="B414"):
        ner_correct("ds", load_pipeline("en"), [])


def test_ner_correct_skips_texts_too_long_for_the_pipeline(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nlp, "max_length", 50)
    stream = ner_correct("ds", nlp, [{"text": "IL-2 " * 20}, {"text": TEXT}])["stream"]
    assert len(list(stream)) == 2
    assert sum(stream.source.tally.counts.values()) == 1


def test_ner_manual_shows_spans_of_the_source_and_skips_misplaced_ones() -> None:
    tasks = [
        {"text": "The IL-2 gene", "spans": [{"start": 4, "end": 8, "label": "G"}]},
        {"text": "The gene", "spans": [{"start": 5, "end": 8, "label": "G"}]},
        {"text": "Plain"},
    ]
    recipe = ner_manual("ds", load_pipeline("en"), tasks, ["G"])
    first, last = recipe["stream"]
    assert first["spans"][0]["token_start"] <= first["spans"][0]["token_end"]
    assert last["text"] == "Plain"
    assert sum(recipe["stream"].source.tally.counts.values()) == 1


@pytest.mark.parametrize("name", ["no_such_pipeline", "no/such/folder", "qq", "../x"])
def test_load_pipeline_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(BioactiveError, match="B416"):
        load_pipeline(name)


def test_load_pipeline_takes_a_folder(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "model")
    assert load_pipeline(str(tmp_path / "model")).pipe_names == nlp.pipe_names


def test_tasks_and_the_corpus_writer_agree(nlp: Language) -> None:
    from bioactive.corpus.jsonl import doc_to_task, task_to_doc

    doc = nlp("IL-2 😀 wakes T cells.")
    (task,) = ner_correct("ds", nlp, [{"text": doc.text}])["stream"]
    written = doc_to_task(doc, doc.ents)
    assert task["tokens"] == written["tokens"]
    assert [{key: span[key] for key in written["spans"][0]} for span in task["spans"]] == written["spans"]
    read = task_to_doc({**task, "answer": "accept"}, nlp.tokenizer)
    assert [(ent.text, ent.label_) for ent in read.ents] == [("IL-2", "PROTEIN"), ("T cells", "CELL")]
