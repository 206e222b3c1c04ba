"""Where a revision comes from, and the learning curve of that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bioactive.errors import BioactiveError
from bioactive.models.cleaning import Cleaning, clean
from bioactive.models.lineage import lineage, store_of
from bioactive.models.revisions import Manifest, Revisions
from bioactive.report.curve import Point, learning_curve
from bioactive.report.store import points_of
from tests.unit.models.conftest import Publish


def names(found: list[Manifest]) -> list[str]:
    return [one.name for one in found]


def test_lineage_goes_by_parents_and_leaves_out_side_branches(revisions: Revisions, publish: Publish) -> None:
    first = publish(10, parent="training/model-best")
    second = publish(20, parent=f"models/{first}")
    publish(30, parent=f"models/{first}")
    last = publish(40, parent=f"/elsewhere/models/{second}")
    assert names(lineage(revisions, last)) == [first, second, last]
    assert names(lineage(revisions, first)) == [first]
    with pytest.raises(BioactiveError, match="B510"):
        lineage(revisions, "active_iter_9_added_1")


def test_lineage_reads_manifests_of_deleted_revisions(revisions: Revisions, publish: Publish) -> None:
    first = publish(10)
    last = publish(20, parent=f"models/{first}")
    clean(revisions, Cleaning([first], [], 0))
    assert not revisions.path(last).with_name(first).exists()
    assert names(lineage(revisions, last)) == [first, last]


def test_revision_that_names_itself_as_its_parent_ends_the_lineage(revisions: Revisions, publish: Publish) -> None:
    name = publish(10, parent="models/active_iter_1_added_10")
    assert names(lineage(revisions, name)) == [name]


def test_store_of_a_folder_is_found_where_it_is_a_revision(revisions: Revisions, publish: Publish) -> None:
    folder = revisions.path(publish())
    found = store_of(folder)
    assert found is not None and found.root == revisions.root.resolve()
    assert store_of(folder / "crf_ner") is None and store_of(revisions.root) is None


def test_curve_begins_with_the_first_parent(revisions: Revisions, publish: Publish) -> None:
    first = publish(10, parent="training/model-best", dev_before=[0.5, 0.4, 0.6])
    last = publish(20, parent=first, dev_before=[0.7, 0.6, 0.8], dev_difference=[0.1, -0.01, 0.2])
    points = points_of(lineage(revisions, last), origin=True)
    assert [(one.name, one.answers, one.f1.value) for one in points] == [
        ("model-best", 0, 0.5),
        (first, 10, 0.7),
        (last, 20, 0.7),
    ]
    assert points[-1].gain is not None and points[-1].gain.low == -0.01


def point(number: int, words: int, answers: int, f1: float, dev: str = "ab") -> Point:
    from bioactive.evaluation.bootstrap import Interval

    return Point(f"r{number}", number, words, answers, Interval(f1, f1 - 0.1, f1 + 0.1), dev=dev)


def across(markup: str) -> list[float]:
    """Where the dots lie, as shares of the way from the first to the last."""
    x = [float(each) for each in re.findall(r'<circle cx="([\d.]+)"', markup)]
    return [round((each - x[0]) / (x[-1] - x[0]), 2) for each in x]


def test_curve_is_drawn_over_words_where_all_are_counted() -> None:
    markup = learning_curve([point(0, 0, 0, 0.4), point(1, 100, 10, 0.5), point(2, 400, 20, 0.6)])
    assert "words labelled" in markup and across(markup) == [0, 0.25, 1]
    # One of an older version counted answers alone.
    markup = learning_curve([point(0, 0, 0, 0.4), point(1, 0, 10, 0.5), point(2, 400, 20, 0.6)])
    assert "answers learnt from" in markup and across(markup) == [0, 0.5, 1]
    markup = learning_curve([point(n, 0, 5, 0.4) for n in (1, 2, 5)])
    assert across(markup) == [0, 0.25, 1]


def test_curve_leaves_out_what_another_dev_set_scored_and_says_so() -> None:
    points = [point(1, 0, 10, 0.9, dev="cd"), point(2, 0, 20, 0.5), point(3, 0, 30, 0.6)]
    markup = learning_curve(points)
    assert len(across(markup)) == 2 and "1 earlier ones were scored on another dev set" in markup
    assert "0.900" not in markup
    assert learning_curve(points[:2]) == "" and learning_curve([]) == ""


def test_report_command_draws_the_curve_of_a_revision(revisions: Revisions, publish: Publish, tmp_path: Path) -> None:
    from bioactive.cli.report import _curve

    first = publish(10, dev_before=[0.5, 0.4, 0.6])
    last = publish(20, parent=first)
    assert len(_curve(revisions.path(last), None)) == 3
    assert len(_curve(revisions.path(first), None)) == 2
    assert len(_curve(tmp_path, revisions.root)) == 3
    assert len(_curve(tmp_path, None)) == 0
    with pytest.raises(BioactiveError, match="B810"):
        _curve(tmp_path, tmp_path / "nothing")
