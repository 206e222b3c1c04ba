from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bioactive.active.costs import Cost, TimeModel
from bioactive.errors import BioactiveError
from bioactive.simulation.curves import first_reached, report_on, write_report
from bioactive.simulation.experiment import (
    Data,
    Experiment,
    Pipeline,
    Rounds,
    Strategy,
    read_experiment,
    stored_experiment,
    write_experiment,
)
from bioactive.simulation.simulate import run_path
from bioactive.simulation.stopping import agreement, agreement_above, budget_spent, doubt_below, gain_below, stop_report

ROOT = Path(__file__).resolve().parents[3]


def experiment(**more) -> Experiment:
    strategies = {"random": Strategy(measure="random"), "good": Strategy()}
    return Experiment(Data("pool.spacy", "test.spacy"), Pipeline("x.cfg"), strategies, seeds=[0, 1], **more)


def write_run(output: Path, name: str, seed: int, points: list[tuple[int, float]]) -> None:
    path = run_path(output, name, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"facts": {}}]
    for number, (words, f) in enumerate(points):
        cost = asdict(
            Cost(questions=words // 10, sentences=words // 10, words=words, context=words, entities=words // 5)
        )
        lines.append({"round": number, "cost": cost, "test": {"p": f, "r": f, "f": f}})
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf8")


@pytest.fixture
def finished(tmp_path) -> Path:
    for seed in (0, 1):
        write_run(tmp_path, "random", seed, [(100, 0.4), (200, 0.6), (300, 0.8)])
        write_run(tmp_path, "good", seed, [(100, 0.4), (200, 0.8), (300, 0.9)])
        write_run(tmp_path, "full", seed, [(1000, 1.0)])
    return tmp_path


def test_first_reached_is_the_first_crossing_and_inf_without_one():
    grid = np.array([1.0, 2.0, 3.0])
    f = np.array([[0.1, 0.5, 0.4], [0.0, 0.0, 0.1]])
    assert first_reached(grid, f, 0.45).tolist() == [2.0, math.inf]


def test_report_hand_worked(finished):
    found = report_on(experiment(), finished)
    random, good = found.results
    assert (found.full, found.pool) == (1.0, 1000.0)
    assert good.needed["0.90"].value == pytest.approx(300, abs=1)
    assert random.needed["0.90"].value == math.inf
    # Trapezoids: random (.4 + .6) / 2 and (.6 + .8) / 2, good (.4 + .8) / 2 and (.8 + .9) / 2, on the mean.
    assert random.area.value == pytest.approx((0.5 + 0.7) / 2, abs=1e-3)
    assert good.difference.value == pytest.approx((0.6 + 0.85) / 2 - 0.6, abs=1e-3)
    assert good.better > 0.9 and good.worse == 0.0
    assert good.gain_ends == pytest.approx(300)


def test_seeds_that_only_one_strategy_has_are_not_compared(finished):
    run_path(finished, "random", 1).unlink()
    found = report_on(experiment(), finished).results
    assert (found[0].seeds, found[1].seeds) == ([0], [0, 1])
    assert found[1].difference.value == pytest.approx(0.125, abs=1e-3)


def test_report_files_hold_all_points_and_null_for_what_is_not_reached(finished):
    report, points = write_report(experiment(), finished)
    found = json.loads(report.read_text())
    assert found["words"]["results"][0]["needed"]["0.90"] == {"value": None, "low": None, "high": None}
    assert len(points.read_text().splitlines()) == 1 + 2 * 3 * 2 + 2


def test_seconds_are_those_of_the_config_when_the_report_is_made(finished):
    # 1,000 words: 100 questions, 1,000 words asked about and as many of context, 200 entities.
    assert report_on(experiment(), finished, "seconds").pool == 200 + 250 + 250 + 600
    sparing = experiment(time=TimeModel(question=1.0, word=0.5, context=0.0, entity=2.0))
    assert report_on(sparing, finished, "seconds").pool == 100 + 500 + 400
    _, points = write_report(sparing, finished)
    assert points.read_text().splitlines()[-1].split(",")[3:9] == ["1000", "100", "0", "1000.0", "200", "100"]


def test_report_without_the_whole_pool_is_an_error(finished):
    for seed in (0, 1):
        run_path(finished, "full", seed).unlink()
    with pytest.raises(BioactiveError, match="B534"):
        report_on(experiment(), finished)


def test_pictures_are_drawn(finished):
    pytest.importorskip("matplotlib")
    from bioactive.simulation.plots import plot_curves

    paths = plot_curves(experiment(), finished)
    assert [path.suffix for path in paths] == [".png", ".svg"]
    assert all(path.stat().st_size > 1000 for path in paths)


def test_rounds_grow_as_told():
    assert [Rounds(words=100, growth=1.5).budget(number)[0] for number in (0, 1, 2, 3)] == [1000, 100, 150, 225]
    by_text = Rounds(seed_texts=4, texts=3, growth=2.0)
    assert [by_text.budget(number)[1] for number in (0, 1, 2)] == [4, 3, 6]


def test_without_a_seed_set_the_first_texts_are_those_of_a_round():
    assert Rounds(seed_words=0, words=100).budget(0) == Rounds(seed_words=0, words=100).budget(1) == (100, 0)
    assert Rounds(seed_words=0).cold and not Rounds().cold and not Rounds(seed_words=0, seed_texts=1).cold


@pytest.fixture
def config(tmp_path) -> Path:
    for name in ("train.spacy", "dev.spacy"):
        (tmp_path / name).write_bytes(b"x")
    text = (ROOT / "configs" / "simulate.cfg").read_text(encoding="utf8")
    text = text.replace("corpus/demo/", f"{tmp_path.as_posix()}/").replace(
        "configs/crf", f"{ROOT.as_posix()}/configs/crf"
    )
    (tmp_path / "simulate.cfg").write_text(text, encoding="utf8")
    return tmp_path / "simulate.cfg"


def test_shipped_config_is_read(config):
    found = read_experiment(config, {"rounds.words": 300})
    assert found.rounds.words == 300
    assert found.pipeline.overrides["training.dropout"] == 0.2
    assert found.strategies["entropy_stretches"].shape.words == 6
    assert len(found.runs()) == 5 * 5


def test_typing_config_is_read(config):
    text = (ROOT / "configs" / "simulate_typing.cfg").read_text(encoding="utf8")
    for name in ("train", "test"):
        (config.parent / f"{name}.spacy").write_bytes(b"x")
    text = text.replace("corpus/mentions", config.parent.as_posix())
    config.write_text(text.replace("configs/crf", f"{ROOT.as_posix()}/configs/crf"), encoding="utf8")
    found = read_experiment(config)
    assert sorted(each.measure for each in found.strategies.values()) == sorted(
        ["random", "mnlp", "mnlp_padded", "bald", "bald_positions", "oracle_accuracy"]
    )
    # The last of 30 trainings has 120 documents, a fifth of 612.
    assert sum(found.rounds.budget(number)[1] for number in range(found.rounds.count + 1)) == 120


def test_facts_of_a_run_change_with_what_it_depends_on_alone(config):
    found = read_experiment(config)
    more = read_experiment(config, {"experiment.seeds": [0], "strategies.mnlp.measure": "lc"})
    assert found.facts("random", 0) == more.facts("random", 0)
    assert found.facts("mnlp", 0) != more.facts("mnlp", 0)
    assert found.facts("full", 0) == read_experiment(config, {"rounds.words": 9}).facts("full", 0)


def test_seconds_are_facts_only_of_what_they_decide(config):
    by_time = {"strategies.mnlp.per_second": True}
    found, other = (read_experiment(config, {**by_time, "time.context": each}) for each in (0.25, 0.05))
    assert found.facts("random", 0) == other.facts("random", 0)
    assert found.facts("mnlp", 0) != other.facts("mnlp", 0)


@pytest.mark.parametrize("overrides", [{}, {"experiment.full_seeds": [1], "data.cheap": None, "rounds.growth": 2.5}])
def test_stored_experiment_is_the_same_without_its_data(config, tmp_path, overrides):
    found = read_experiment(config, {"vars.layers": [2], **overrides})
    assert stored_experiment(tmp_path / "out") is None
    write_experiment(found, tmp_path / "out")
    (tmp_path / "train.spacy").unlink()
    assert stored_experiment(tmp_path / "out") == found
    # It is a config like any other, and wants its data when something is to be run.
    with pytest.raises(BioactiveError, match="B308"):
        read_experiment(tmp_path / "out" / "experiment.cfg")
    (tmp_path / "train.spacy").write_bytes(b"x")
    assert read_experiment(tmp_path / "out" / "experiment.cfg") == found


def test_stored_experiment_that_was_spoiled_is_named(tmp_path):
    (tmp_path / "experiment.cfg").write_text("[data]\npool = 3\n", encoding="utf8")
    with pytest.raises(BioactiveError, match="B531.*experiment.cfg"):
        stored_experiment(tmp_path)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({"rounds.wrds": 3}, r"\[rounds\] has no setting wrds"),
        ({"rounds.words": "many"}, "rounds.words is 'many'"),
        ({"strategies.mnlp.unit": "page"}, "unit 'page'"),
        ({"experiment.baseline": "lc"}, "baseline 'lc'"),
        ({"strategies.mnlp.measure": "bold"}, "B321"),
        ({"strategies.entropy_stretches.measure": "mnlp"}, "B530"),
        ({"data.pool": "nowhere.spacy"}, "B308"),
        ({"data.cheap": "nowhere.spacy"}, "B308"),
        ({"data.metric": "f2"}, "B543"),
        ({"schedule.by": "read"}, "schedule.by is 'read'"),
        ({"strategies.mnlp.diverse_by": "colour"}, "B541"),
        ({"strategies.mnlp.unit": "document", "strategies.mnlp.diversity": 1.0}, "documents that differ"),
    ],
)
def test_setting_that_is_wrong_is_named(config, overrides, told):
    with pytest.raises(BioactiveError, match=told):
        read_experiment(config, overrides)


def row(f: float, words: int = 0, doubt: float = 1.0, entities: tuple = ()) -> dict:
    return {
        "test": {"f": f},
        "cost": {"words": words},
        "stop": {"doubt": doubt, "entities": [list(e) for e in entities]},
    }


def test_criteria_hand_worked():
    rising, flat = [row(0.1), row(0.5), row(0.9)], [row(0.1), row(0.5), row(0.502), row(0.503)]
    assert not gain_below(0.005, 2)(rising) and gain_below(0.005, 2)(flat[1:]) and not gain_below(0.005, 2)(flat[:2])
    a, b = (0, 1, 2, "X"), (1, 1, 2, "X")
    steady = [row(0, entities=(a, b)), row(0, entities=(a, b)), row(0, entities=(a, b))]
    assert agreement_above(0.99, 2)(steady) and not agreement_above(0.99, 2)(steady[1:])
    assert not agreement_above(0.99, 2)([*steady, row(0, entities=(a,))])
    assert agreement(steady[0]["stop"], row(0, entities=(a,))["stop"]) == pytest.approx(2 / 3)
    assert agreement(row(0)["stop"], row(0)["stop"]) == 1.0
    assert doubt_below(0.5)([row(0, doubt=0.4)]) and not doubt_below(0.5)([row(0, doubt=0.6)])
    assert budget_spent(10)([row(0, words=10)]) and not budget_spent(10)([row(0, words=9)])


def test_stop_report_says_when_and_what_was_lost(finished):
    found = stop_report(experiment(), finished, {"budget": budget_spent(200), "never": budget_spent(999)})
    assert len(found) == 2 * 4
    good = next(each for each in found if (each.criterion, each.strategy, each.seed) == ("budget", "good", 0))
    assert (good.round, good.words, good.f) == (1, 200, 0.8)
    assert good.lost == pytest.approx(0.1)
    assert all(each.round is None and each.words == 300 for each in found if each.criterion == "never")
