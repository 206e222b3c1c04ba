"""Simulated annotation from end to end: what is asked, what it costs, and how a run goes on that was stopped."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from bioactive.cli.app import app
from bioactive.errors import BioactiveError
from bioactive.simulation.experiment import Experiment, read_experiment, stored_experiment
from bioactive.simulation.simulate import Options, read_rows, run_path, simulate

from .conftest import make_doc

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[experiment]
seeds = [0,1]

[data]
pool = "{folder}/pool.spacy"
test = "{folder}/test.spacy"

[pipeline]
config = "{root}/configs/crf_cnn.cfg"

[schedule]
batch_words = 100
epochs = 1
min_updates = 4
max_updates = 8

[rounds]
seed_words = 30
words = 30
count = 2

[strategies]

[strategies.random]
unit = "sentence"
measure = "random"

[strategies.stretches]
unit = "stretch"
measure = "entropy"
trust = 0.6

[strategies.stretches.shape]
words = 2
"""


@pytest.fixture
def config(tmp_path) -> Path:
    nlp, rng = spacy.blank("en"), random.Random(3)
    for name in ("pool", "test"):
        docs = [make_doc(nlp, rng) for _ in range(30)]
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
    path = tmp_path / "simulate.cfg"
    path.write_text(CONFIG.format(folder=tmp_path.as_posix(), root=ROOT.as_posix()), encoding="utf8")
    return path


@pytest.fixture
def experiment(config) -> Experiment:
    return read_experiment(config)


def without_times(row: dict) -> dict:
    return {name: value for name, value in row.items() if name not in ("trained", "seconds")}


def all_rows(folder: Path) -> dict[str, list[dict]]:
    return {path.name: [without_times(row) for row in read_rows(path)] for path in sorted((folder / "runs").iterdir())}


@pytest.mark.slow
def test_every_round_is_written_and_strategies_of_a_seed_begin_alike(experiment, tmp_path):
    told: list[tuple] = []
    simulate(experiment, tmp_path / "out", Options(on_row=lambda *row: told.append(row[:2])))
    rows = all_rows(tmp_path / "out")
    assert set(rows) == {f"{name}-{seed}.jsonl" for name in ("random", "stretches", "full") for seed in (0, 1)}
    assert len(told) == 2 * (3 + 3 + 1)
    assert stored_experiment(tmp_path / "out") == experiment
    for seed in (0, 1):
        first, second = rows[f"random-{seed}.jsonl"], rows[f"stretches-{seed}.jsonl"]
        assert first[0]["asked"] == second[0]["asked"]
        assert first[0]["test"] == second[0]["test"]
        assert [row["cost"]["words"] >= 30 * (1 + row["round"]) for row in first] == [True] * 3
    assert rows["random-0.jsonl"][0]["asked"] != rows["random-1.jsonl"][0]["asked"]
    assert rows["full-0.jsonl"][0]["cost"]["context"] == 0
    assert second[-1]["cost"]["context"] > 0
    assert 0 <= second[0]["guessed_wrong"] <= second[0]["guessed"]


@pytest.mark.slow
def test_run_that_was_stopped_goes_on_and_ends_alike(experiment, tmp_path):
    simulate(experiment, tmp_path / "whole")

    class Killed(Exception):
        pass

    def stop(name: str, seed: int, row: dict) -> None:
        if (name, seed, row["round"]) == ("stretches", 0, 1):
            raise Killed

    with pytest.raises(Killed):
        simulate(experiment, tmp_path / "out", Options(on_row=stop))
    assert run_path(tmp_path / "out", "stretches", 0).with_suffix(".jsonl.part").is_file()
    again: list[tuple] = []
    simulate(
        experiment, tmp_path / "out", Options(on_row=lambda name, seed, row: again.append((name, seed, row["round"])))
    )
    assert again[0] == ("stretches", 0, 2)
    assert all(name != "random" or seed == 1 for name, seed, _ in again)
    assert all_rows(tmp_path / "out") == all_rows(tmp_path / "whole")


@pytest.mark.slow
def test_processes_give_the_same_as_one(experiment, tmp_path):
    simulate(experiment, tmp_path / "one")
    told: list[str] = []
    simulate(experiment, tmp_path / "two", Options(jobs=2, on_row=lambda name, seed, row: told.append(name)))
    assert all_rows(tmp_path / "one") == all_rows(tmp_path / "two")
    assert len(told) == 14


@pytest.mark.slow
def test_another_config_is_refused_with_the_difference(config, tmp_path):
    only = {"experiment.seeds": [0]}
    simulate(read_experiment(config, only), tmp_path / "out")
    with pytest.raises(BioactiveError, match=re.escape("B532")) as caught:
        simulate(read_experiment(config, {**only, "rounds.words": 40}), tmp_path / "out")
    assert "rounds.words was 30, is 40" in caught.value.message
    # More seeds are no other simulation, and what is there is not run again.
    told: list[int] = []
    simulate(read_experiment(config), tmp_path / "out", Options(on_row=lambda name, seed, row: told.append(seed)))
    assert set(told) == {1}


@pytest.mark.slow
def test_pool_that_is_too_small_is_refused(config, tmp_path):
    with pytest.raises(BioactiveError, match="B533"):
        simulate(read_experiment(config, {"rounds.words": 4000}), tmp_path / "out")


@pytest.mark.slow
def test_pipelines_are_kept_on_request(config, tmp_path):
    simulate(read_experiment(config, {"experiment.seeds": [0]}), tmp_path / "out", Options(keep=True))
    kept = sorted(path.name for path in (tmp_path / "out" / "pipelines" / "random-0").iterdir())
    assert [re.sub(r"_added_\d+", "", name) for name in kept] == ["active_iter_0", "active_iter_1", "active_iter_2"]
    nlp = spacy.load(tmp_path / "out" / "pipelines" / "random-0" / kept[-1])
    assert nlp.get_pipe("crf_ner").labels == ("Chemical", "Disease")


@pytest.mark.slow
def test_diverse_questions_cost_about_what_they_should(config, tmp_path):
    overrides = {
        "strategies.stretches.diversity": 1.0,
        "strategies.stretches.rare": 1.0,
        "strategies.random.diversity": 1.0,
        "strategies.random.duplicates_above": 0.99,
        "experiment.seeds": [0],
    }
    simulate(read_experiment(config, overrides), tmp_path / "out")
    for name in ("random", "stretches"):
        rows = read_rows(run_path(tmp_path / "out", name, 0))
        assert 60 <= rows[1]["cost"]["words"] <= 85


@pytest.mark.slow
def test_command_runs_and_reports(config, tmp_path):
    args = ["simulate", str(config), str(tmp_path / "out"), "--experiment.seeds", "[0]", "--rounds.count", "1"]
    found = CliRunner().invoke(app, args)
    assert found.exit_code == 0, found.output
    assert "F1 with the whole pool" in found.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [each["name"] for each in report["words"]["results"]] == ["random", "stretches"]
    again = CliRunner().invoke(app, [*args, "--report-only", "--axis", "seconds"])
    assert "seconds needed" in again.output
    stopped = CliRunner().invoke(app, ["stop-report", str(config), str(tmp_path / "out"), "--budget", "40"])
    assert stopped.exit_code == 0 and "budget 40" in stopped.output
