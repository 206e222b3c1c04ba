from __future__ import annotations

import pytest
import srsly
import typer
from typer.testing import CliRunner

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
    ("options", "code"), [(["--measure", "bald"], "B321"), ([], "B323"), (["--text-key", "abstract"], "B326")]
)
def test_rank_command_lets_coded_errors_rise(run, files, options, code):
    if code == "B326":
        srsly.write_jsonl(files / "pool.jsonl", [{"abstract": " "}])
    found = run(files / "model", files / "pool.jsonl", files / "out.jsonl", *options)
    assert isinstance(found.exception, BioactiveError)
    assert found.exception.code == code
    assert not (files / "out.jsonl").exists()
