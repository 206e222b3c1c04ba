"""Revisions: named in order, visible only when whole, promoted by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioactive.errors import BioactiveError
from bioactive.models.revisions import MANIFEST, Manifest, Revisions


def publish(revisions: Revisions, folder: Path, answers: int) -> str:
    folder.mkdir()
    (folder / "config.cfg").write_text("x", encoding="utf8")
    name = revisions.next_name(answers)
    revisions.publish(folder, Manifest(name, "parent", {"accept": answers}, {}, {"dev": 0.5}, "yes"))
    return name


def test_revisions_are_numbered_and_ordered(tmp_path):
    revisions = Revisions(tmp_path / "models")
    made = [publish(revisions, tmp_path / f"run{n}", answers=10 * n) for n in range(1, 12)]
    assert made[0] == "active_iter_1_added_10"
    assert revisions.names() == made
    assert revisions.manifest(made[3]).answers == {"accept": 40}


def test_unfinished_folder_is_no_revision(tmp_path):
    revisions = Revisions(tmp_path)
    (tmp_path / "active_iter_1_added_5").mkdir()
    (tmp_path / ".active_iter_2_added_5.arriving").mkdir()
    (tmp_path / ".active_iter_2_added_5.arriving" / MANIFEST).write_text("{}", encoding="utf8")
    assert revisions.names() == []
    with pytest.raises(BioactiveError, match="B510.*none"):
        revisions.path("active_iter_1_added_5")


def test_promotion_moves_current(tmp_path):
    revisions = Revisions(tmp_path)
    assert revisions.current() is None
    first, second = (publish(revisions, tmp_path / f"run{n}", 1) for n in range(2))
    revisions.point_to(first)
    assert revisions.current() == tmp_path / first
    revisions.point_to(second)
    assert revisions.current() == tmp_path / second
    with pytest.raises(BioactiveError, match="B510"):
        revisions.point_to("active_iter_9_added_1")
    assert revisions.current() == tmp_path / second
