"""Bars: what they count, what they say, and that results stay alone on standard output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from bioactive.cli.app import app
from bioactive.cli.entry import run
from bioactive.cli.progress import counted, progress_bar, rate
from bioactive.models import rounds
from bioactive.models.revisions import Manifest


@pytest.mark.parametrize(
    ("speed", "told"), [(0.0, "0 texts/s"), (1234.4, "1,234 texts/s"), (1.0, "1 texts/s"), (0.125, "8.0 s each")]
)
def test_rate_of_slow_items_is_told_in_seconds(speed: float, told: str) -> None:
    assert rate(speed, "texts") == told


def test_each_stage_counts_anew() -> None:
    with progress_bar("Loading") as bar:
        task = bar.progress.tasks[0]
        bar.stage("Evaluating", 7)
        bar.done(3)
        assert (task.description, task.completed, task.total) == ("Evaluating", 3, 7)
        assert task.fields["speed"].endswith("texts/s") or task.fields["speed"].endswith("s each")
        bar.stage("Training", 10, "updates")
        assert (task.completed, task.total, task.fields["speed"], bar.unit) == (0, 10, "", "updates")
        # Of what comes now nobody knows how long it takes.
        bar.stage("Measuring speed")
        assert (task.description, task.total, bar.unit) == ("Measuring speed", None, "updates")


def test_what_an_earlier_run_did_counts_as_done_and_not_as_fast() -> None:
    with progress_bar("Ranking") as bar:
        bar.expect(100)
        bar.skip(60)
        bar.done(1)
        task = bar.progress.tasks[0]
        assert (task.completed, task.total, bar.skipped) == (61, 100, 60)


def test_counted_items_come_through_and_are_told() -> None:
    with progress_bar("Reading") as bar:
        assert list(counted("abc", bar)) == ["a", "b", "c"]
        assert bar.progress.tasks[0].completed == 3


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two .spacy files with one sentence in common."""
    nlp = spacy.blank("xx")
    for name, texts in {"train": ["IL-2 acts", "T cells divide"], "dev": ["IL-2 acts"]}.items():
        DocBin(docs=[Doc(nlp.vocab, words=text.split()) for text in texts]).to_disk(tmp_path / f"{name}.spacy")
    return [str(tmp_path / f"{name}.spacy") for name in ("train", "dev")]


def test_corpus_check_prints_json_alone(files: list[str]) -> None:
    result = CliRunner().invoke(app, ["corpus", "check", *files, "--json"], catch_exceptions=False)
    (leak,) = json.loads(result.stdout)
    assert (leak["first"], leak["second"], leak["sentences"], leak["texts"]) == ("train", "dev", ["IL-2 acts"], 1)


@pytest.mark.parametrize("words", [["check"], ["stats"], ["check", "--json"]])
def test_quiet_is_quiet(files: list[str], words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(app, ["corpus", words[0], *files, *words[1:], "--quiet"])
    assert not ended.value.code
    assert capfd.readouterr() == ("", "")


def test_retrain_prints_its_manifest_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(model: Any, answers: Any, plan: Any, models: Path, log: Any, watch: Any) -> tuple[None, Manifest, Path]:
        print("the training log", file=log)
        watch.stage("Training", 4)
        manifest = Manifest("active_iter_1_added_1", model, {"accept": len(answers)}, {}, {}, "yes", words=2)
        return None, manifest, models / manifest.name

    monkeypatch.setattr(rounds, "learn", learn)
    (tmp_path / "a.jsonl").write_text('{"text": "IL-2 acts", "answer": "accept"}\n', encoding="utf8")
    given = ["--train", "train.spacy", "--dev", "dev.spacy", "--json"]
    result = CliRunner().invoke(app, ["retrain", str(tmp_path / "a.jsonl"), "model", *given], catch_exceptions=False)
    found = json.loads(result.stdout)
    assert (found["words"], found["answers"], found["folder"]) == (2, {"accept": 1}, "models/active_iter_1_added_1")
    assert "the training log" in result.stderr
