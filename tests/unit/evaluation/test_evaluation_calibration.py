from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from bioactive.evaluation.calibration import adaptive_ece, brier, ece, reliability_table

predictions = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50)


def test_ece_hand_worked():
    # bins of width .1: (.9, 1.0] holds .95 and .95, one right: |.5 - .95|; (.5, .6] holds .6, right: |1 - .6|.
    assert ece([0.95, 0.95, 0.6], [True, False, True]) == pytest.approx((2 * 0.45 + 0.4) / 3)


def test_ece_of_honest_confidences_is_zero():
    assert ece([0.25] * 4, [True, False, False, False]) == pytest.approx(0.0)


def test_reliability_table_puts_a_bound_into_the_lower_bin_and_zero_into_the_first():
    counts = [row.count for row in reliability_table([0.0, 0.1, 0.2, 0.3, 0.7, 1.0], [True] * 6)]
    assert counts == [2, 1, 1, 0, 0, 0, 1, 0, 0, 1]


def test_no_predictions_have_no_error():
    assert (ece([], []), adaptive_ece([], []), brier([], [])) == (0.0, 0.0, 0.0)


@given(predictions)
def test_ece_equals_a_loop_over_the_bins(pairs):
    sure, hit = [c for c, _ in pairs], [y for _, y in pairs]
    total, bins = 0.0, 15
    for i in range(bins):
        inside = [(c, y) for c, y in pairs if np.ceil(c * bins) == i + 1 or (i == 0 and c == 0)]
        if inside:
            total += abs(sum(y for _, y in inside) - sum(c for c, _ in inside))
    assert ece(sure, hit, bins) == pytest.approx(total / len(pairs))


@given(predictions)
def test_adaptive_ece_with_one_bin_is_the_distance_of_the_means(pairs):
    sure, hit = np.array([c for c, _ in pairs]), np.array([y for _, y in pairs])
    assert adaptive_ece(sure, hit, bins=1) == pytest.approx(abs(sure.mean() - hit.mean()))


@given(predictions)
def test_brier_equals_scikit_learn(pairs):
    sure, hit = [c for c, _ in pairs], [y for _, y in pairs]
    assert brier(sure, hit) == pytest.approx(brier_score_loss(hit, sure, pos_label=True, labels=[False, True]))
