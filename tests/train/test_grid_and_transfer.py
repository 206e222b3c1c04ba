"""One training for each combination of settings; labels that one model chose under another; a start without labels."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from typer.testing import CliRunner

from bioactive.active.vectors import untrained, word_vectors
from bioactive.cli.app import app
from bioactive.cli.grid import parse_tried
from bioactive.errors import BioactiveError
from bioactive.simulation.bench import Bench
from bioactive.simulation.choose import Pool
from bioactive.simulation.experiment import read_experiment
from bioactive.simulation.grid import SHARE, Grid, combinations, run_grid
from bioactive.simulation.in_memory import Schedule
from bioactive.simulation.simulate import Options, read_rows, run_path, simulate, simulate_all
from bioactive.simulation.transfer import Final, gains_kept, replayed, transfer
from tests.encoders import build_bert

from .conftest import make_doc
from .test_simulate import CONFIG, ROOT, all_rows

SHORT = Schedule(100, 1, 4, 4)


@pytest.fixture
def config(tmp_path) -> Path:
    nlp, rng = spacy.blank("en"), random.Random(3)
    for name in ("pool", "test"):
        docs = [make_doc(nlp, rng) for _ in range(30)]
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / f"{name}.spacy")
    path = tmp_path / "simulate.cfg"
    path.write_text(CONFIG.format(folder=tmp_path.as_posix(), root=ROOT.as_posix()), encoding="utf8")
    return path


def test_combinations_are_all_there():
    assert list(combinations({"a": [1, 2], "b": ["x"]})) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    assert list(combinations({})) == [{}]


def test_tried_values_are_json_or_text():
    assert parse_tried(["a.b=1,0.5", "c=null,word"]) == {"a.b": [1, 0.5], "c": [None, "word"]}
    with pytest.raises(BioactiveError, match=r"B545.*train.share=1.0,0.5"):
        parse_tried(["a.b"])


@pytest.mark.slow
def test_grid_trains_each_combination_once(config, tmp_path):
    pool, test = tmp_path / "pool.spacy", tmp_path / "test.spacy"
    settings = {SHARE: [1.0, 0.5], "training.dropout": [0.1, 0.3]}
    grid = Grid(ROOT / "configs" / "crf_cnn.cfg", pool, test, settings, schedule=SHORT)
    rows = run_grid(grid, tmp_path / "grid.jsonl")
    assert [row["documents"] for row in rows] == [30, 30, 15, 15]
    assert all(0 <= row[name]["f"] <= 1 for row in rows for name in grid.metrics)
    written = (tmp_path / "grid.jsonl").read_text()
    assert run_grid(grid, tmp_path / "grid.jsonl") == rows
    assert (tmp_path / "grid.jsonl").read_text() == written
    args = ["grid", str(grid.config), str(pool), str(test), str(tmp_path / "g2.jsonl"), "--try", "train.share=0.5"]
    found = CliRunner().invoke(app, [*args, "--max-updates", "4", "--training.dropout", "0.2"])
    assert found.exit_code == 0 and "train.share 0.5 (15 documents): strict P" in found.output


@pytest.mark.slow
def test_final_model_is_trained_on_what_was_chosen(config, tmp_path):
    experiment, out = read_experiment(config), tmp_path / "out"
    simulate(experiment, out)
    final = Final(ROOT / "configs" / "crf_cnn.cfg", {"training.dropout": 0.2}, SHORT)
    rows = transfer(experiment, out, final, out / "transfer.jsonl")
    for row in rows:
        written = read_rows(run_path(out, row["strategy"], row["seed"]))
        assert row["words"] == written[-1]["cost"]["words"] and row["chosen"] == written[-1]["test"]["f"]
    (kept,) = gains_kept(rows, "random")
    gains = [{row["seed"]: row["final"] for row in rows if row["strategy"] == name} for name in ("stretches", "random")]
    assert kept.each == [gains[0][seed] - gains[1][seed] for seed in (0, 1)]
    assert transfer(experiment, out, final, out / "transfer.jsonl") == rows
    with pytest.raises(BioactiveError, match="B546"):
        transfer(experiment, out, Final(final.config, {}, SHORT), out / "transfer.jsonl")
    args = ["transfer", str(config), str(out), str(final.config), "--min-updates", "2", "--max-updates", "2"]
    found = CliRunner().invoke(app, [*args, "--experiment.seeds", "[0]", "--final", "training.dropout=0.1"])
    assert found.exit_code == 0, found.output
    assert "over random with the pipeline that chose" in found.output


@pytest.mark.slow
def test_start_without_labels_and_rounds_of_texts(config, tmp_path, monkeypatch):
    monkeypatch.setenv("BIOACTIVE_CACHE", str(tmp_path / "cache"))
    encoder = build_bert(tmp_path / "encoder").as_posix()
    overrides = f'[pipeline.overrides]\nvars.encoder = "{encoder}"\nvars.layers = [1,2]\n\n[schedule]'
    text = config.read_text(encoding="utf8").replace("crf_cnn", "crf_rounds").replace("[schedule]", overrides)
    config.write_text(text.replace("trust = 0.6", "cold_words = 30"), encoding="utf8")
    more = {"experiment.seeds": [0], "rounds.seed_words": 0, "rounds.words": 30}
    simulate(read_experiment(config, more), tmp_path / "out")
    rows = {name: read_rows(run_path(tmp_path / "out", name, 0)) for name in ("random", "stretches")}
    assert all(row["cost"]["words"] >= 30 for row in rows["random"])
    assert rows["random"][0]["asked"] != rows["stretches"][0]["asked"]
    assert all(len(stretches) == 1 for _, stretches in rows["stretches"][0]["asked"])
    # The same in processes, which encode first and find the vectors on the disk.
    simulate(read_experiment(config, more), tmp_path / "two", Options(jobs=2))
    assert all_rows(tmp_path / "two") == all_rows(tmp_path / "out")
    assert list((tmp_path / "cache").rglob("*.seg"))


@pytest.mark.slow
def test_cold_start_needs_vectors(config, tmp_path):
    with pytest.raises(BioactiveError, match="B535"):
        simulate(read_experiment(config, {"experiment.seeds": [0], "rounds.seed_words": 0}), tmp_path / "out")


@pytest.mark.slow
def test_cheap_rows_leave_when_their_text_is_asked_about(config, tmp_path):
    more = {"experiment.seeds": [0], "data.cheap": str(tmp_path / "pool.spacy")}
    for keep in (False, True):
        bench = Bench(read_experiment(config, {**more, "data.keep_cheap": keep}))
        pool: Pool = bench.pool()
        before = len(bench.beside(pool))
        pool.oracle.ask_all(0)
        repeats = sum(doc.text == pool.docs[0].text for doc in bench.cheap)
        assert before - len(bench.beside(pool)) == (0 if keep else repeats)
    simulate(read_experiment(config, more), tmp_path / "out")


@pytest.mark.slow
def test_several_simulations_in_one_set_of_processes_give_the_same_as_alone(config, tmp_path):

    first = read_experiment(config, {"experiment.seeds": [0]})
    second = read_experiment(config, {"experiment.seeds": [0], "rounds.words": 20})
    simulate_all({tmp_path / "a": first, tmp_path / "b": second}, Options(jobs=2))
    simulate(second, tmp_path / "alone")
    assert all_rows(tmp_path / "b") == all_rows(tmp_path / "alone")
    assert len(all_rows(tmp_path / "a")) == 3


@pytest.mark.slow
def test_replay_knows_what_the_run_knew(config, tmp_path):
    experiment = read_experiment(config, {"experiment.seeds": [0]})
    simulate(experiment, tmp_path / "out")
    rows = read_rows(run_path(tmp_path / "out", "stretches", 0))
    assert replayed(experiment, rows, spacy.blank("en").vocab).words_known == rows[-1]["cost"]["words"]


@pytest.mark.slow
def test_cold_rank_takes_a_training_config(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOACTIVE_CACHE", str(tmp_path / "cache"))
    encoder = build_bert(tmp_path / "encoder").as_posix()
    text = (ROOT / "configs" / "crf_rounds.cfg").read_text(encoding="utf8").replace("layers = [3,6]", "layers = [1,2]")
    (tmp_path / "rounds.cfg").write_text(text, encoding="utf8")
    (tmp_path / "pool.txt").write_text("\n".join(f"{word} text {word}" for word in "abcdefgh") + "\n", encoding="utf8")
    args = ["rank", str(tmp_path / "rounds.cfg"), str(tmp_path / "pool.txt"), str(tmp_path / "out.jsonl"), "--cold"]
    assert "B544" in str(CliRunner().invoke(app, args).exception)
    found = CliRunner().invoke(app, [*args, "-n", "3", "--encoder", encoder])
    assert found.exit_code == 0, found.output
    tasks = list(srsly.read_jsonl(tmp_path / "out.jsonl"))
    assert len({task["text"] for task in tasks}) == 3 and not any("spans" in task for task in tasks)
    assert [task["meta"] for task in tasks] == [{"measure": "k_means"}] * 3 and "kept 3\n" in found.output


def test_untrained_pipeline_without_a_frozen_encoder_has_no_vectors(tmp_path):
    nlp = untrained(ROOT / "configs" / "crf_cnn.cfg")
    with pytest.raises(BioactiveError, match="B535"):
        word_vectors(nlp, [nlp.make_doc("a")])
    with pytest.raises(BioactiveError, match="B308"):
        untrained(tmp_path / "none.cfg")
