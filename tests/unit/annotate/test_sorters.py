"""Sorters, by the share of tasks that they keep; sequences are not theirs to promise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bioactive.annotate.controller import Controller
from bioactive.annotate.sorters import (
    DROPPED,
    BestOfWindows,
    ExpMovingAverage,
    Probability,
    find_with_terms,
    interleave,
    prefer_high_scores,
    prefer_low_scores,
    prefer_uncertain,
)
from bioactive.annotate.store import Store
from bioactive.annotate.stream import Stream
from bioactive.errors import BioactiveError

COUNT = 4000
SORTERS = (prefer_uncertain, prefer_high_scores, prefer_low_scores)


def scored(scores: list[float]) -> list[tuple[float, dict[str, Any]]]:
    return [(score, {"text": str(number), "score": score}) for number, score in enumerate(scores)]


def uniform(seed: int = 0) -> list[float]:
    rng = Random(seed)
    return [rng.random() for _ in range(COUNT)]


def kept(sorter: Callable[..., Any], scores: list[float], **options: Any) -> list[float]:
    return [task["score"] for task in sorter(scored(scores), **options)]


@pytest.mark.parametrize("sorter", SORTERS)
@pytest.mark.parametrize("algorithm", ["ema", "probability"])
@pytest.mark.parametrize("seed", [0, 1])
def test_about_half_of_uniform_scores_are_kept(sorter: Any, algorithm: str, seed: int) -> None:
    assert 0.44 < len(kept(sorter, uniform(seed), algorithm=algorithm)) / COUNT < 0.56


@pytest.mark.parametrize("algorithm", ["ema", "probability"])
def test_what_is_kept_is_more_uncertain_than_what_is_not(algorithm: str) -> None:
    scores = uniform()
    found = kept(prefer_uncertain, scores, algorithm=algorithm)
    mean = sum(abs(score - 0.5) for score in found) / len(found)
    # Uniform scores are 0.25 away from 0.5 on average; the uncertain half 0.125, and chances in proportion 1/6.
    assert mean < 0.14 if algorithm == "ema" else mean < 0.18
    assert sum(kept(prefer_high_scores, scores, algorithm=algorithm)) / len(found) > 0.6
    low = kept(prefer_low_scores, scores, algorithm=algorithm)
    assert sum(low) / len(low) < 0.4


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("sorter", SORTERS)
def test_equal_scores_are_all_kept_by_the_moving_average(sorter: Any, value: float) -> None:
    assert len(kept(sorter, [value] * 500)) == 500


def test_probability_keeps_equal_scores_by_their_priority() -> None:
    assert len(kept(prefer_uncertain, [0.5] * 500, algorithm="probability")) == 500
    for value in (0.0, 1.0):
        share = len(kept(prefer_uncertain, [value] * COUNT, algorithm="probability")) / COUNT
        assert 0.03 < share < 0.07
    assert len(kept(prefer_high_scores, [1.0] * 500, algorithm="probability")) == 500


@pytest.mark.parametrize("rises", [True, False])
def test_drifting_scores_keep_a_fair_share_everywhere(rises: bool) -> None:
    rng = Random(3)
    # The priority moves from 0.25 to 0.75 (or back) under noise of the same width.
    trend = [(i if rises else COUNT - i) / COUNT * 0.5 + rng.random() * 0.5 for i in range(COUNT)]
    found = [int(task["text"]) for task in prefer_high_scores(scored(trend))]
    for quarter in range(4):
        inside = sum(quarter * 1000 <= place < (quarter + 1) * 1000 for place in found)
        assert 350 < inside < 650


def test_falling_scores_without_noise_do_not_starve_the_annotator() -> None:
    scores = [1 - i / COUNT for i in range(COUNT)]
    assert len(kept(prefer_high_scores, scores)) >= COUNT // 20 - 1
    steps = kept(prefer_high_scores, [1.0] * 50 + [0.0] * 400)
    assert 0.0 in steps[50:]


@pytest.mark.parametrize("algorithm", ["ema", "probability"])
@pytest.mark.parametrize("score", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("count", [1, 2])
def test_short_streams_are_not_filtered_to_nothing(algorithm: str, score: float, count: int) -> None:
    assert kept(prefer_uncertain, [score] * count, algorithm=algorithm)


def test_seed_decides_the_draws() -> None:
    scores = uniform()
    one, same, other = (kept(prefer_uncertain, scores, algorithm="probability", seed=seed) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("algorithm", ["ema", "probability"])
def test_sorters_count_what_they_pass_over(algorithm: str) -> None:
    sorter = prefer_uncertain(scored(uniform()), algorithm=algorithm)
    found = len(list(sorter))
    assert found + sorter.dropped == COUNT
    assert sorter.tally.counts[DROPPED] == sorter.dropped


def test_sorters_work_on_streams_without_an_end() -> None:
    def endless() -> Any:
        while True:
            yield from scored(uniform())

    sorter = prefer_uncertain(endless())
    assert len([next(sorter) for _ in range(100)]) == 100


def test_scores_that_are_no_numbers_count_as_uncertain() -> None:
    assert len(kept(prefer_uncertain, [float("nan")] * 3)) == 3


def test_classes_take_priorities() -> None:
    assert len(list(Probability(scored([1.0] * 100)))) == 100
    assert len(list(ExpMovingAverage(scored([0.0, 1.0])))) == 2


@pytest.mark.parametrize(("window", "share"), [(7, 0.3), (5, 0.0), (4, 1.0), (1000, 0.1)])
def test_best_of_each_window_is_kept_in_order(window: int, share: float) -> None:
    rng = Random(window)
    scores = [rng.randrange(10) / 10 for _ in range(50)]
    sorter = BestOfWindows(((score, {"text": str(n), "score": score}) for n, score in enumerate(scores)), window, share)
    kept, expected = [task["score"] for task in sorter], []
    for start in range(0, len(scores), window):
        part = sorted(scores[start : start + window], reverse=True)
        least = part[next(n for n in range(1, len(part) + 1) if n >= share * len(part)) - 1]
        expected += [score for score in part if score >= least]
    assert kept == expected and sorter.dropped == len(scores) - len(kept)
    assert sorted(kept + [task["score"] for task in sorter.second_pass()]) == sorted(scores)


def test_unknown_algorithm_is_named() -> None:
    with pytest.raises(BioactiveError, match=r"B612.*'best'"):
        prefer_uncertain([], algorithm="best")


def test_terms_are_found_in_any_case() -> None:
    tasks = [{"text": f"{word} here"} for word in ("Fever", "none", "fever", "cough")]
    assert [task["text"] for task in find_with_terms(tasks, ["FEVER", "Cough"])] == [
        "Fever here",
        "fever here",
        "cough here",
    ]
    assert len(list(find_with_terms(tasks, ["here"], at_most=2))) == 2
    assert len(list(find_with_terms(tasks, ["here"], at_least=1, give_up_after=3))) == 3


def test_streams_take_turns() -> None:
    assert list(interleave(["abc", "d", "ef"])) == ["a", "d", "e", "b", "f", "c"]


@pytest.mark.parametrize("algorithm", ["ema", "probability"])
def test_second_pass_gives_the_rest_the_best_first(algorithm: str) -> None:
    scores = uniform()
    sorter = prefer_high_scores(scored(scores), algorithm=algorithm)
    first = [task["score"] for task in sorter]
    assert sorter.dropped == sorter.passed_over == COUNT - len(first)
    rest = [task["score"] for task in sorter.second_pass()]
    assert rest == sorted(rest, reverse=True) and sorted(first + rest) == sorted(scores)
    assert sorter.dropped == sorter.passed_over == 0 and sorter.second_pass() == []


def test_only_the_best_of_what_is_passed_over_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bioactive.annotate.sorters.REMEMBERED", 3)
    sorter = prefer_high_scores(scored([0.9, 0.1, 0.35, 0.2, 0.3, 0.25]))
    assert [task["text"] for task in sorter] == ["0"]
    assert sorter.dropped == 5 and [task["text"] for task in sorter.second_pass()] == ["2", "4", "5"]
    assert sorter.dropped == 2


def test_second_pass_of_a_stream_goes_through_what_came_after_the_sorter() -> None:
    stream = Stream([{"text": text, "score": score} for text, score in (("a", 0.9), ("b", 0.1), ("c", 0.3))])
    stream.apply(lambda tasks: ({**task, "before": task.get("before", 0) + 1} for task in tasks))
    stream.apply(lambda tasks: prefer_high_scores((task["score"], task) for task in tasks))
    stream.apply(lambda tasks: ({**task, "after": True} for task in tasks))
    assert [task["text"] for task in stream] == ["a"] and stream.passed_over == 2
    assert stream.second_pass() == 2
    assert [(task["text"], task["before"], task["after"]) for task in stream] == [("c", 1, True), ("b", 1, True)]
    assert stream.passed_over == stream.source.tally.counts[DROPPED] == 0 and stream.second_pass() == 0


def test_controller_asks_about_what_was_passed_over_once(tmp_path: Path) -> None:
    tasks = [(0.9, {"text": "a"}), (0.1, {"text": "b"}), (0.1, {"text": "a"}), (0.2, {"text": "c"})]
    config = {"auto_exclude_current": False}
    made = {"dataset": "ds", "view_id": "text", "stream": prefer_high_scores(tasks), "config": config}
    with Store(str(tmp_path / "answers.db")) as store:
        controller = Controller(made, store)
        (first,) = controller.get_questions()
        controller.receive_answers([{**first, "answer": "accept"}])
        assert controller.get_questions() == [] and controller.second_pass() == 3
        assert [task["text"] for task in controller.get_questions()] == ["c", "b"]
        assert controller.second_pass() == 0


def test_restart_asks_again_about_what_is_left_of_what_was_passed_over(tmp_path: Path) -> None:
    """The second pass is not kept, and need not be: the same scores pass over the same tasks."""
    scores = uniform()

    def start(store: Store) -> Controller:
        stream = prefer_high_scores((score, {"text": str(n), "score": score}) for n, score in enumerate(scores))
        config = {"batch_size": COUNT}
        return Controller({"dataset": "ds", "view_id": "text", "stream": stream, "config": config}, store)

    with Store(str(tmp_path / "answers.db")) as store:
        first = start(store)
        kept = first.get_questions()
        first.receive_answers([{**task, "answer": "accept"} for task in kept])
        passed = first.second_pass()
        again, *rest = first.get_questions()
        first.receive_answers([{**again, "answer": "reject"}])
        first.end_session(first.session_id)
        second = start(store)
        assert second.get_questions() == [] and second.stream.passed_over == passed
        second.second_pass()
        assert {task["text"] for task in second.get_questions()} == {task["text"] for task in rest}
