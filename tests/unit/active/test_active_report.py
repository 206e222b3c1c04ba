"""Paired tests, the picture and the page of a simulation."""

from __future__ import annotations

import itertools
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from bioactive.report.drawing import Drawing, Line, ticks
from bioactive.simulation.compare import compare_pairs, paired_t, sign_flip
from bioactive.simulation.experiment import Data, Experiment, Pipeline, Strategy
from bioactive.simulation.page import write_page
from tests.unit.active.test_active_curves import write_run

# Whole numbers, so that no sum differs in its last digit alone.
gaps = st.lists(st.integers(-50, 50), min_size=1, max_size=8)


@given(gaps)
def test_sign_flip_equals_enumeration(values):
    as_far = [
        abs(sum(sign * value for sign, value in zip(signs, values, strict=True))) >= abs(sum(values))
        for signs in itertools.product([1, -1], repeat=len(values))
    ]
    assert sign_flip(values) == pytest.approx(np.mean(as_far))


def test_five_seeds_of_one_sign_cannot_go_below_a_sixteenth():
    assert sign_flip([0.01, 0.02, 0.03, 0.01, 0.05]) == 2 / 32
    assert sign_flip([0.0, 0.0]) == 1.0
    assert sign_flip(np.full(20, 0.1)) < 0.001


def test_paired_t_is_scipys():
    first, second = np.array([0.5, 0.6, 0.55, 0.7]), np.array([0.52, 0.65, 0.56, 0.69])
    assert paired_t(second - first) == pytest.approx(ttest_rel(second, first).pvalue)
    assert math.isnan(paired_t([0.1])) and math.isnan(paired_t([0.1, 0.1]))


def test_pairs_are_of_the_seeds_that_both_have():
    areas = {"a": {0: 0.5, 1: 0.6}, "b": {1: 0.7, 2: 0.9}, "c": {3: 0.1}}
    (pair,) = compare_pairs(areas)
    assert (pair.first, pair.second, pair.seeds) == ("a", "b", 1)
    assert pair.difference.value == pytest.approx(0.1)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_and_lie_between(low, size):
    found = ticks(low, low + size)
    assert 2 <= len(found) <= 8
    assert all(low - size * 1e-6 <= tick <= low + size * (1 + 1e-6) for tick in found)
    steps = np.diff(found)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)


def test_drawing_places_points_by_their_numbers():
    line = Line("<b>", "red", np.array([0.0, 100.0]), np.array([0.2, 0.8]), np.array([0.1, 0.7]), np.array([0.3, 0.9]))
    drawing = Drawing([line], [(0.9, "all")], "words", "F1 & words")
    svg = drawing.svg()
    first, last = (
        tuple(map(float, point.split(","))) for point in re.search(r'polyline points="([^"]+)"', svg)[1].split()
    )
    assert first[0] < last[0] and first[1] > last[1]  # up is less, in a picture
    assert "&lt;b&gt;" in svg and "<b>" not in svg and "F1 &amp; words" in svg


class Tags(HTMLParser):
    """The cells of the tables, and every address that the page names."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]
        self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def test_page_stands_alone_and_holds_the_numbers(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path, "random", seed, [(100, 0.4), (200, 0.6), (300, 0.8)])
        write_run(tmp_path, "a<b", seed, [(100, 0.4), (200, 0.8), (300, 0.9)])
        write_run(tmp_path, "full", seed, [(1000, 1.0)])
    strategies = {"random": Strategy(measure="random"), "a<b": Strategy(), "unfinished": Strategy()}
    data = Data("corpus/mine/train.spacy", "corpus/mine/test.spacy")
    path = write_page(Experiment(data, Pipeline("x.cfg"), strategies, seeds=[0, 1]), tmp_path)
    text = path.read_text(encoding="utf8")
    page = Tags()
    page.feed(text)
    assert page.addresses == [] and "<script" not in text and "@import" not in text and "url(" not in text
    assert "Simulated annotation: mine" in text
    # 90 % of 1.0 is reached by a<b at its end, which is 30 % of the pool.
    assert any(cell.startswith(("299 (30%)", "300 (30%)")) for cell in page.cells)
    assert "not reached" in page.cells and "a<b less random" in page.cells
    assert text.count("<svg") == 2
