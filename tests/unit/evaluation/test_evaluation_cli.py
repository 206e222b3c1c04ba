from __future__ import annotations

import pytest
import spacy
import srsly
import typer
from spacy.tokens import DocBin
from typer.testing import CliRunner

from bioactive.cli.evaluate import evaluate_cli
from bioactive.errors import BioactiveError


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(evaluate_cli)
    return lambda *args: CliRunner().invoke(app, list(map(str, args)))


@pytest.fixture
def files(tmp_path, make_doc):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GENE", "pattern": "p53"}])
    nlp.to_disk(tmp_path / "model")
    docs = [make_doc("p53 in liver", [(0, 1, "GENE"), (2, 3, "[ORGAN]")], doc_id="a"), make_doc("p53", doc_id="b")]
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "gold.spacy")
    return tmp_path


def test_evaluate_command_prints_scores_and_names_unknown_labels(run, files):
    found = run(files / "model", files / "gold.spacy")
    assert found.exit_code == 0, found.output
    assert "doc.ents on gold tokens: 2 documents, 4 annotated words" in found.output
    assert "all counted as missed: [ORGAN]" in found.output
    (micro,) = [line.split() for line in found.output.splitlines() if "micro " in line and "│" in line][:1]
    assert [word for word in micro if word[0].isdigit()][:3] == ["50.00", "50.00", "50.00"]
    assert "seqeval (strict IOB2): micro F1 50.00" in found.output


def test_evaluate_command_leaves_out_what_train_holds(run, files, make_doc):
    DocBin(docs=[make_doc("p53 in liver")], store_user_data=True).to_disk(files / "train.spacy")
    found = run(files / "model", files / "gold.spacy", "--train", files / "train.spacy", "--by-word")
    assert found.exit_code == 0, found.output
    assert "Words inside of entities, gold tokens" in found.output
    assert "Exact entities without 1 sentences that the training set holds" in found.output


def test_evaluate_command_writes_json(run, files):
    found = run(files / "model", files / "gold.spacy", "--output", files / "new" / "metrics.json", "--raw")
    assert found.exit_code == 0, found.output
    written = srsly.read_json(files / "new" / "metrics.json")
    assert written["mode"] == "raw text"
    assert written["missing_labels"] == ["[ORGAN]"]
    assert written["totals"]["micro"]["f1"]["value"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("model", "data", "code"), [("absent", "gold.spacy", "B301"), ("model", "absent.spacy", "B101")]
)
def test_evaluate_command_lets_coded_errors_rise(run, files, model, data, code):
    found = run(files / model, files / data)
    assert isinstance(found.exception, BioactiveError)
    assert found.exception.code == code
