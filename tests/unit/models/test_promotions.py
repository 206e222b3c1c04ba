"""What is in use, who decided it, and the way back."""

from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from bioactive.cli.app import app
from bioactive.errors import BioactiveError
from bioactive.evaluation.bootstrap import paired_types
from bioactive.evaluation.scores import Counts
from bioactive.models.cleaning import clean, plan
from bioactive.models.comparing import promote_compared
from bioactive.models.judging import judge
from bioactive.models.promotions import LOG, history, line_of, promote, rollback
from bioactive.models.revisions import Revisions
from tests.unit.models.conftest import Publish


def counts(**types: list[tuple[int, int, int]]) -> Counts:
    """Counts of documents, each [correct, predicted, gold] by type."""
    spans = np.stack([np.array(rows) for rows in types.values()], axis=1)
    empty = np.zeros((len(spans), 1, 3), dtype=np.int64)
    return Counts([f"d{n}" for n in range(len(spans))], list(types), spans, empty, empty, empty)


def test_log_says_who_put_what_to_use_and_why(revisions: Revisions, publish: Publish) -> None:
    first, second = publish(), publish()
    promote(revisions, first, "the first", who="anna")
    promote(revisions, second, "better", who="ben", evidence={"difference": [0.1, 0.05, 0.15]})
    one, two = history(revisions.root)
    assert (one.action, one.name, one.before, one.who, one.why) == ("promote", first, "", "anna", "the first")
    assert (two.name, two.before, two.who, two.evidence) == (second, first, "ben", {"difference": [0.1, 0.05, 0.15]})
    assert revisions.current() == revisions.root / second


def test_reason_may_hold_any_character(revisions: Revisions, publish: Publish) -> None:
    why = "first\u2028second\u0085third\nfourth"
    promote(revisions, publish(), why)
    assert [entry.why for entry in history(revisions.root)] == [why]


def test_log_only_grows(revisions: Revisions, publish: Publish) -> None:
    first, second = publish(), publish()
    promote(revisions, first, "")
    before = (revisions.root / LOG).read_bytes()
    promote(revisions, second, "")
    rollback(revisions, "trial")
    assert (revisions.root / LOG).read_bytes().startswith(before)
    assert len(history(revisions.root)) == 3


def test_rollback_goes_back_one_by_one_and_forward_again(revisions: Revisions, publish: Publish) -> None:
    names = [publish() for _ in range(4)]
    for name in names[:3]:
        promote(revisions, name, "")
    rollback(revisions, "")
    assert revisions.current() == revisions.root / names[1]
    promote(revisions, names[3], "")
    assert line_of(revisions) == [names[0], names[1], names[3]]
    for expected in (names[1], names[0]):
        rollback(revisions, "")
        assert revisions.current() == revisions.root / expected
    with pytest.raises(BioactiveError, match=f"B804.*{names[0]}"):
        rollback(revisions, "")


def test_rollback_to_a_damaged_revision_is_refused(revisions: Revisions, publish: Publish) -> None:
    first, second = publish(), publish()
    promote(revisions, first, "")
    promote(revisions, second, "")
    (revisions.path(first) / "config.cfg").unlink()
    with pytest.raises(BioactiveError, match="B801.*config.cfg is gone"):
        rollback(revisions, "")
    assert revisions.current() == revisions.root / second


def test_line_of_the_log_that_cannot_be_read_is_named(revisions: Revisions, publish: Publish) -> None:
    promote(revisions, publish(), "")
    with (revisions.root / LOG).open("a", encoding="utf8") as file:
        file.write("{half\n")
    with pytest.raises(BioactiveError, match=f"B805.*{LOG}:2"):
        history(revisions.root)


def test_one_type_that_is_lost_stops_a_promotion_that_gains_in_all() -> None:
    old = counts(COMMON=[(5, 10, 10)] * 40, RARE=[(2, 2, 2)] * 40)
    new = counts(COMMON=[(9, 10, 10)] * 40, RARE=[(0, 2, 2)] * 40)
    verdict = judge(old, new)
    assert verdict.paired.difference.low > 0
    assert verdict.losing == ["RARE"] and not verdict.accepted
    assert verdict.sentence().startswith("no: dev shows a loss of F1 in RARE")
    assert verdict.sentence(force=True).startswith("forced, although")
    assert judge(new, new).accepted


def test_difference_by_type_is_hand_worked_and_counts_a_missing_type_as_zero() -> None:
    old, new = counts(A=[(1, 2, 2), (1, 2, 2)]), counts(A=[(2, 2, 2), (2, 2, 2)], B=[(0, 1, 0), (0, 1, 0)])
    found = paired_types(old, new)
    assert set(found) == {"A"}  # gold has no B
    assert tuple(found["A"]) == (0.5, 0.5, 0.5)
    lost = paired_types(counts(A=[(1, 1, 1)] * 2, B=[(1, 1, 1)] * 2), counts(A=[(1, 1, 1)] * 2))
    assert lost["B"].value == -1.0


def test_more_types_make_wider_intervals() -> None:
    rng = np.random.default_rng(0)
    rows = {f"T{n}": [(int(c), 4, 4) for c in rng.integers(0, 5, 60)] for n in range(20)}
    other = {name: [(int(c), 4, 4) for c in rng.integers(0, 5, 60)] for name in rows}
    alone = paired_types(counts(T0=rows["T0"]), counts(T0=other["T0"]))["T0"]
    among = paired_types(counts(**rows), counts(**other))["T0"]
    assert among.value == alone.value
    assert among.low < alone.low and among.high > alone.high


def test_promotion_rests_on_a_comparison_with_what_is_in_use(revisions: Revisions, publish: Publish) -> None:
    first = publish()
    promote_compared(revisions, first)
    better = publish(parent=str(revisions.root / first), promoted="yes: no loss")
    worse = publish(parent=str(revisions.root / first), promoted="no: dev shows a loss")
    stranger = publish(parent="elsewhere", promoted="yes: no loss")
    for name in (worse, stranger):
        with pytest.raises(BioactiveError, match=f"B809.*{name}"):
            promote_compared(revisions, name)
    assert revisions.current() == revisions.root / first
    entry, _ = promote_compared(revisions, better, why="for the trial", who="anna")
    assert entry.why == "for the trial; yes: no loss"
    entry, _ = promote_compared(revisions, stranger, force=True)
    assert entry.why.startswith("forced") and history(revisions.root)[-1] == entry


def test_cleaning_keeps_what_is_in_use_and_all_manifests(revisions: Revisions, publish: Publish) -> None:
    names = [publish() for _ in range(6)]
    for name in names[:2]:
        promote(revisions, name, "")
    left, fresh = (revisions.root / f".{name}.arriving" for name in ("old", "new"))
    for folder in (left, fresh):
        folder.mkdir()
        (folder / "model").write_bytes(b"12345")
    ago = time.time() - 48 * 3600
    for path in (left / "model", left):
        os.utime(path, (ago, ago))
    found = plan(revisions, keep=2)
    assert found.revisions == names[2:4] and found.leftovers == [left]
    clean(revisions, found)
    assert revisions.names() == [*names[:2], *names[4:]]
    assert {path.stem for path in (revisions.root / "removed").iterdir()} == set(names[2:4])
    assert fresh.is_dir() and not left.exists()
    assert not list(revisions.root.glob(".*.leaving"))
    assert rollback(revisions, "").name == names[0]
    assert revisions.next_name(1) == "active_iter_7_added_1"


def test_commands_list_promote_and_roll_back(revisions: Revisions, publish: Publish) -> None:
    first = publish()
    second = publish(parent=str(revisions.root / first), promoted="yes: no loss")

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["models", *words, "--models", str(revisions.root)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    run("promote", first, "--who", "anna")
    run("promote", second, "--who", "anna", "--why", "better")
    listed = [line.split() for line in run("list").splitlines() if "active_iter" in line]
    assert [words[:2] for words in listed] == [[first, listed[0][1]], ["*", second]]
    assert [row["current"] for row in json.loads(run("list", "--json"))] == [False, True]
    assert f"promoted {second}, before {first}: better; yes: no loss" in run("log")
    assert f"rolled back to {first}" in run("rollback", "--who", "ben")
    assert "All files are as they were published" in run("show", "current", "--verify")
    assert "configs are the same" in run("diff", first, second)
    assert f"Would delete {revisions.root}" not in run("gc", "--dry-run")


def test_damaged_manifest_does_not_hide_the_other_revisions(revisions: Revisions, publish: Publish) -> None:
    first, second = publish(), publish()
    (revisions.path(first) / "revision.json").write_text("{", encoding="utf8")
    words = ["models", "list", "--models", str(revisions.root)]
    output = CliRunner().invoke(app, words, catch_exceptions=False).output
    assert "B800" in output and second in output
