from __future__ import annotations

import time

import numpy as np
import pytest

from bioactive.errors import BioactiveError
from bioactive.evaluation.bootstrap import distribution, interval, intervals, paired_f1, resample
from bioactive.evaluation.scores import Counts, macro, micro, prf


def random_counts(documents: int, types: int, seed: int, quality: float = 0.7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    gold = rng.poisson(4, size=(documents, types))
    correct = rng.binomial(gold, quality)
    return np.stack([correct, correct + rng.poisson(1, size=gold.shape), gold], axis=-1)


def as_counts(spans: np.ndarray, names: str = "d") -> Counts:
    ids = [f"{names}{i}" for i in range(len(spans))]
    return Counts(ids, [f"t{i}" for i in range(spans.shape[1])], spans, spans[:, :1], spans, spans[:, :1])


def test_resample_draws_as_many_documents_as_there_are():
    drawn = resample(7, 50, seed=1)
    assert (drawn.sum(axis=1) == 7).all()
    assert np.array_equal(drawn, resample(7, 50, seed=1))
    assert not np.array_equal(drawn, resample(7, 50, seed=2))


@pytest.mark.parametrize("metric", [micro, macro])
def test_distribution_equals_a_loop_that_repeats_the_documents(metric):
    table, drawn = random_counts(6, 3, seed=0), resample(6, 20, seed=0)
    slow = [metric(np.repeat(table, row.astype(int), axis=0).sum(axis=0)) for row in drawn]
    assert distribution(table, metric, drawn) == pytest.approx(np.array(slow))


def test_intervals_hold_the_value_and_follow_the_shape_of_the_metric():
    table, drawn = random_counts(30, 4, seed=3), resample(30)
    found = intervals(table, prf, drawn)
    assert found.shape == (4, 3, 3)
    assert (found[..., 1] <= found[..., 0]).all()
    assert (found[..., 0] <= found[..., 2]).all()


def test_interval_covers_the_truth_about_as_often_as_it_says():
    # Recall of a binomial with a known rate; 95 % nominal, 200 data sets of 60 documents.
    hits = 0
    for seed in range(200):
        low, high = interval(random_counts(60, 1, seed), resamples=300, seed=seed)[1][1:]
        hits += low <= 0.7 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_interval_of_one_document_is_a_point():
    assert len(set(interval(random_counts(1, 2, seed=0))[2])) == 1


def test_interval_without_documents_is_zero():
    assert interval(np.zeros((0, 0, 3)))[2] == (0.0, 0.0, 0.0)


def test_paired_of_a_system_with_itself_is_never_worse():
    counts = as_counts(random_counts(10, 2, seed=0))
    found = paired_f1(counts, counts)
    assert found.difference == (0.0, 0.0, 0.0)
    assert (found.share_worse, found.share_equal) == (0.0, 1.0)


def test_paired_sees_a_clear_loss_and_is_antisymmetric():
    good, bad = (
        as_counts(random_counts(40, 3, seed=1, quality=0.9)),
        as_counts(random_counts(40, 3, seed=1, quality=0.5)),
    )
    loss, gain = paired_f1(good, bad), paired_f1(bad, good)
    assert loss.share_worse == 1.0
    assert loss.difference.high < 0
    assert gain.difference.value == pytest.approx(-loss.difference.value)
    assert gain.difference.low == pytest.approx(-loss.difference.high)


def test_paired_is_narrower_than_the_systems_own_intervals_when_they_err_alike():
    table = random_counts(50, 2, seed=5, quality=0.6)
    better = table.copy()
    better[::10, 0, 0] = np.minimum(better[::10, 0, 0] + 1, better[::10, 0, 2])
    better[..., 1] = np.maximum(better[..., 0], better[..., 1])
    paired, single = paired_f1(as_counts(table), as_counts(better)).difference, interval(table)[2]
    assert paired.high - paired.low < (single.high - single.low) / 3


def test_paired_on_other_documents_is_an_error():
    with pytest.raises(BioactiveError, match=r"B309"):
        paired_f1(as_counts(random_counts(3, 1, 0)), as_counts(random_counts(3, 1, 0), names="e"))


def test_thousand_resamples_of_a_large_test_set_take_less_than_a_second():
    table = random_counts(4000, 40, seed=0)
    start = time.process_time()  # what other programs do does not count
    interval(table, resamples=1000)
    assert time.process_time() - start < 3.0  # about 0.5 s
