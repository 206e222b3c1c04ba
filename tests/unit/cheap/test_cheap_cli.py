"""`bioactive label ...` from texts to training rows."""

from __future__ import annotations

import json

import pytest
import srsly
from spacy.tokens import DocBin, Span
from typer.testing import CliRunner

from bioactive.cli.app import app
from bioactive.errors import BioactiveError
from bioactive.tokenizer import blank

from .chat_server import playing
from .test_cheap_llm import of_text

TEXTS = ["Gout after aspirin.", "No asthma here.", "aspirin again"]


@pytest.fixture
def run():
    def call(*args: object):
        found = CliRunner().invoke(app, ["label", *map(str, args)])
        if isinstance(found.exception, BioactiveError):
            raise found.exception
        assert found.exit_code == 0, found.output
        return found.output

    return call


@pytest.fixture
def folder(tmp_path):
    srsly.write_jsonl(
        tmp_path / "pool.jsonl", [{"body": text, "meta": {"doc_id": f"d{n}"}} for n, text in enumerate(TEXTS)]
    )
    (tmp_path / "diseases.txt").write_text("gout\nasthma\nhypertension\n", encoding="utf8")
    (tmp_path / "chemicals.tsv").write_text("aspirin\tChemical\nas\tChemical\n", encoding="utf8")
    nlp = blank("en")
    doc = nlp.make_doc(TEXTS[0])
    doc.set_ents([Span(doc, 0, 1, "Disease")])
    doc.user_data["doc_id"] = "d0"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "expert.spacy")
    return tmp_path


def test_terms_then_noise_then_merge(run, folder):
    args = ["terms", folder / "pool.jsonl", folder / "cheap.spacy", "--text-key", "body", "--case", "any"]
    told = run(*args, "--terms", f"Disease={folder / 'diseases.txt'}", "--terms", folder / "chemicals.tsv")
    assert "Labelled 3 texts" in told and "Chemical 2, Disease 2" in told
    assert "1  terms that are too short, left out" in told and "chemicals.tsv:2 'as'" in told
    told = run("noise", folder / "cheap.spacy", folder / "expert.spacy", "-o", folder / "noise.json")
    assert "1 texts with 4 words were answered for by both" in told
    assert json.loads((folder / "noise.json").read_text())["types"]["Chemical"]["precision"]["value"] == 0.0
    told = run("merge", folder / "cheap.spacy", folder / "expert.spacy", folder / "train.spacy", "--weight", 0.5)
    assert "1 expert rows and 2 cheap rows; 1 cheap rows gave way to expert rows" in told
    docs = list(DocBin(store_user_data=True).from_disk(folder / "train.spacy").get_docs(blank("en").vocab))
    assert [doc.user_data.get("weight") for doc in docs] == [None, 0.5, 0.5]
    assert [doc.user_data["doc_id"] for doc in docs] == ["d0", "d1", "d2"]
    assert docs[1].user_data["cheap"][0] == "terms:diseases.txt,chemicals.tsv"


def test_ontology_by_root(run, folder):
    (folder / "d.obo").write_text('[Term]\nid: D:1\nname: asthma\nsynonym: "gout" EXACT []\n', encoding="utf8")
    args = ["terms", folder / "pool.jsonl", folder / "out.jsonl", "--text-key", "body", "--case", "any"]
    assert "Disease 2" in run(*args, "--obo", folder / "d.obo", "--root", "D:1=Disease")
    tasks = list(srsly.read_jsonl(folder / "out.jsonl"))
    assert [[span["source"]["name"] for span in task["spans"]] for task in tasks] == [["terms:d.obo"]] * 2 + [[]]
    with pytest.raises(BioactiveError, match="B563"):
        run(*args, "--obo", folder / "d.obo", "--root", "D:1")


def test_pipeline(run, folder):
    nlp = blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "DRUG", "pattern": "aspirin"}])
    nlp.to_disk(folder / "other")
    args = ["pipeline", folder / "pool.jsonl", folder / "out.jsonl", folder / "other", "--text-key", "body"]
    assert "Chemical 2" in run(*args, "--label", "DRUG=Chemical")


def test_language_model(run, folder, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (folder / "labels.json").write_text('{"Disease": "an illness"}', encoding="utf8")
    (folder / "lower.txt").write_text("gout one\nnone\n", encoding="utf8")
    args = ["llm", folder / "lower.txt", folder / "out.jsonl", folder / "labels.json", "--model", "m"]
    args += ["--cache", folder / "cache", "--expert", folder / "expert.spacy", "--shots", 1]
    with playing(of_text) as (url, played):
        told = run(*args, "--url", url)
        assert "Disease 1" in told and "2 requests, 0 replies from the cache, 100 tokens" in told
        assert "0 requests, 2 replies from the cache, 0 tokens" in run(*args, "--url", url)
    assert played.asked[0]["messages"][1]["content"] == TEXTS[0]


def test_import_of_classes(run, folder):
    (folder / "noisy.txt").write_text("gout O 2\nis O x\n", encoding="utf8")
    args = ["import", folder / "noisy.txt", folder / "out.spacy", "--classes", "2=Disease"]
    with pytest.raises(BioactiveError, match="B551"):
        run(*args)
    assert not (folder / "out.spacy").exists()
    assert "Disease 1" in run(*args, "--outside", "0,x")


def test_output_of_another_kind_is_refused_before_work_begins(run, folder):
    with pytest.raises(BioactiveError, match="B562"):
        run(
            "terms",
            folder / "pool.jsonl",
            folder / "out.txt",
            "--text-key",
            "body",
            "--terms",
            folder / "chemicals.tsv",
        )
