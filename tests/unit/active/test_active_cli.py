from __future__ import annotations

import pytest
import srsly
import typer
from spacy.tokens import DocBin
from typer.testing import CliRunner

from bioactive.active.journal import Journal
from bioactive.active.posteriors import posterior
from bioactive.cli.predict import predict_cli
from bioactive.cli.rank import rank_cli
from bioactive.errors import BioactiveError


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(rank_cli)
    return lambda *args: CliRunner().invoke(app, list(map(str, args)))


@pytest.fixture
def files(tmp_path, ner_nlp):
    ner_nlp.to_disk(tmp_path / "model")
    pool = [{"abstract": text} for text in ("p53 binds DNA", "TNF alpha", "", "TNF alpha", "no gene here at all")]
    srsly.write_jsonl(tmp_path / "pool.jsonl", pool)
    return tmp_path


def test_rank_command_writes_tasks_and_reports_what_it_left_out(run, files):
    out = files / "new" / "out.jsonl"
    found = run(files / "model", files / "pool.jsonl", out, "--text-key", "abstract", "-n", 2, "--measure", "entropy")
    assert found.exit_code == 0, found.output
    assert "Ranked 3 texts (10 words) by entropy; kept 2" in found.output
    assert "Left out of 5: 1 blank, 1 repeated" in found.output
    tasks = list(srsly.read_jsonl(out))
    assert [task["meta"]["measure"] for task in tasks] == ["entropy", "entropy"]
    assert tasks[0]["score"] >= tasks[1]["score"]


def test_rank_command_says_when_the_pool_is_smaller_than_the_query(run, files):
    found = run(files / "model", files / "pool.jsonl", files / "out.jsonl", "--text-key", "abstract", "-n", 9)
    assert "fewer texts than the 9 asked for" in found.output


@pytest.mark.parametrize(
    ("options", "code"), [(["--measure", "nothing"], "B321"), ([], "B323"), (["--text-key", "abstract"], "B326")]
)
def test_rank_command_lets_coded_errors_rise(run, files, options, code):
    if code == "B326":
        srsly.write_jsonl(files / "pool.jsonl", [{"abstract": " "}])
    found = run(files / "model", files / "pool.jsonl", files / "out.jsonl", *options)
    assert isinstance(found.exception, BioactiveError)
    assert found.exception.code == code
    assert not (files / "out.jsonl").exists()


def test_rank_command_goes_on_where_it_was_stopped(run, files, monkeypatch):
    srsly.write_jsonl(files / "long.jsonl", [{"text": f"TNF {number} binds"} for number in range(40)])
    commit = Journal.commit

    def stop_after_one(journal, counts):
        if journal.blocks:
            raise KeyboardInterrupt
        commit(journal, counts)

    monkeypatch.setattr(Journal, "commit", stop_after_one)
    args = (files / "model", files / "long.jsonl", files / "out.jsonl", "--batch-size", 1)
    assert run(*args).exit_code != 0
    monkeypatch.undo()
    assert run(*args, "--seed", 1).exception.code == "B520"
    found = run(*args)
    assert found.exit_code == 0, found.output
    assert "Went on after 16 texts of a run that was stopped" in found.output
    assert "Ranked 40 texts" in found.output
    assert len(list(srsly.read_jsonl(files / "out.jsonl"))) == 40
    assert not list(files.glob("out.jsonl.*"))


@pytest.fixture
def run_predict():
    app = typer.Typer()
    app.command()(predict_cli)
    return lambda *args: CliRunner().invoke(app, list(map(str, args)))


def test_predict_command_writes_tasks_in_order(run_predict, files):
    out = files / "new" / "out.jsonl"
    found = run_predict(files / "model", files / "pool.jsonl", out, "--text-key", "abstract")
    assert found.exit_code == 0, found.output
    assert "entities in 5 texts" in found.output
    assert "1 blank" in found.output
    texts = [eg["abstract"] for eg in srsly.read_jsonl(files / "pool.jsonl")]
    assert [task["text"] for task in srsly.read_jsonl(out)] == texts


def test_predict_command_writes_docs(run_predict, files):
    args = ("--text-key", "abstract", "--docs-per-file", 3)
    found = run_predict(files / "model", files / "pool.jsonl", files / "out.spacy", *args)
    assert found.exit_code == 0, found.output
    assert [len(DocBin().from_disk(files / f"out-0000{n}.spacy")) for n in (1, 2)] == [3, 2]


@pytest.mark.parametrize(("options", "code"), [([], "B323"), (["--spans-key", "sc"], "B307")])
def test_predict_command_lets_coded_errors_rise(run_predict, files, options, code):
    found = run_predict(files / "model", files / "pool.jsonl", files / "out.jsonl", *options)
    assert found.exception.code == code
    assert not list(files.glob("out.jsonl*"))


def test_rank_command_asks_about_stretches_by_entropy(run, files):
    out = files / "out.jsonl"
    found = run(
        files / "model", files / "pool.jsonl", out, "--text-key", "abstract", "--unit", "stretch", "--stretch-words", 1
    )
    assert found.exit_code == 0, found.output
    assert "by entropy" in found.output
    assert any(token.get("disabled") for task in srsly.read_jsonl(out) for token in task["tokens"])


@pytest.mark.parametrize(("unit", "told"), [("stretch", True), ("sentence", False)])
def test_rank_command_advises_whole_sentences_where_most_words_are_in_entities(
    run, files, ner_nlp, monkeypatch, unit, told
):
    pool = [{"text": "p53 binds DNA"}, {"text": "TNF alpha"}]
    srsly.write_jsonl(files / "dense.jsonl", pool)
    beliefs = posterior(ner_nlp, [ner_nlp.make_doc(eg["text"]) for eg in pool])
    words = sum(belief.words for belief in beliefs)
    inside = sum(span.end - span.start for belief in beliefs for span in belief.spans)
    assert inside
    monkeypatch.setattr("bioactive.cli.rank.DENSE", inside / words)
    found = run(files / "model", files / "dense.jsonl", files / "out.jsonl", "--unit", unit)
    assert (f"{inside / words:.0%} of the words are in predicted entities" in found.output) == told
    monkeypatch.setattr("bioactive.cli.rank.DENSE", inside / words + 0.01)
    found = run(files / "model", files / "dense.jsonl", files / "out.jsonl", "--unit", unit)
    assert "predicted entities" not in found.output
