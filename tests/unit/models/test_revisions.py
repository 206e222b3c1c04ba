"""Revisions: named in order, visible only when whole, refused when damaged."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bioactive import models
from bioactive.errors import BioactiveError
from bioactive.models.revisions import MANIFEST, Manifest, Revisions, check_loaded
from bioactive.models.rounds import Plan, learn
from tests.unit.models.conftest import Publish


def test_revisions_are_numbered_and_ordered(revisions: Revisions, publish: Publish) -> None:
    made = [publish(10 * n) for n in range(1, 12)]
    assert made[0] == "active_iter_1_added_10"
    assert revisions.names() == made
    assert revisions.manifest(made[3]).answers == {"accept": 40}


def test_unfinished_folder_is_no_revision(tmp_path: Path) -> None:
    revisions = Revisions(tmp_path)
    (tmp_path / "active_iter_1_added_5").mkdir()
    (tmp_path / ".active_iter_2_added_5.arriving").mkdir()
    (tmp_path / ".active_iter_2_added_5.arriving" / MANIFEST).write_text("{}", encoding="utf8")
    assert revisions.names() == []
    for name in ("active_iter_1_added_5", ".active_iter_2_added_5.arriving", "../models", "current"):
        with pytest.raises(BioactiveError, match="B510.*none"):
            revisions.path(name)


def test_publishing_that_fails_before_the_rename_shows_nothing(
    revisions: Revisions, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    monkeypatch.setattr("bioactive.models.revisions.files_of", lambda folder: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish()
    assert revisions.names() == ["active_iter_1_added_5"]


def test_manifest_names_every_file_with_its_checksum(revisions: Revisions, publish: Publish) -> None:
    name = publish(3)
    folder, manifest = revisions.path(name), revisions.manifest(name)
    expected = {
        path.relative_to(folder).as_posix(): [path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()]
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    assert manifest.files == expected
    assert set(expected) == {"config.cfg", "README.md", "crf_ner/model"}
    assert manifest.config == expected["config.cfg"][1]
    assert manifest.size == sum(size for size, _ in expected.values())
    assert manifest.environment["spacy"][0] == "3" and "python" in manifest.environment


def test_name_that_is_taken_is_refused_and_what_is_there_stays(
    revisions: Revisions, publish: Publish, tmp_path: Path
) -> None:
    name = publish(3)
    before = (revisions.path(name) / MANIFEST).read_bytes()
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "config.cfg").write_text("x", encoding="utf8")
    with pytest.raises(BioactiveError, match=f"B803.*{name}"):
        revisions.publish(folder, Manifest(name, "", {}, {}, {}, "yes"))
    assert (revisions.path(name) / MANIFEST).read_bytes() == before


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"X"), "has other contents"),
        (lambda path: path.write_bytes(b"short"), "has 5 bytes, not 35"),
        (lambda path: path.unlink(), "is gone"),
    ],
)
def test_damaged_revision_is_refused_with_the_file_named(
    revisions: Revisions, publish: Publish, harm: object, found: str
) -> None:
    name = publish(5)
    assert models.get(name, revisions.root) == revisions.path(name)
    harm(revisions.path(name) / "crf_ner" / "model")  # type: ignore[operator]
    with pytest.raises(BioactiveError, match=f"B801.*crf_ner/model {found}"):
        models.get(name, revisions.root)


def test_unreadable_manifest_is_refused_with_its_path(revisions: Revisions, publish: Publish) -> None:
    name = publish()
    (revisions.path(name) / MANIFEST).write_text('{"name": ', encoding="utf8")
    with pytest.raises(BioactiveError, match=f"B800.*{name}/revision.json"):
        models.get(name, revisions.root)


def test_manifest_of_an_older_or_newer_version_is_read(revisions: Revisions, publish: Publish) -> None:
    name = publish()
    path = revisions.path(name) / MANIFEST
    found = json.loads(path.read_text(encoding="utf8"))
    for key in ("files", "environment", "config"):
        del found[key]
    path.write_text(json.dumps({**found, "colour": "red"}), encoding="utf8")
    assert revisions.manifest(name).files == {}
    assert models.get(name, revisions.root) == path.parent


def test_current_is_what_was_pointed_to(revisions: Revisions, publish: Publish) -> None:
    first, second = publish(), publish()
    assert revisions.current() is None
    with pytest.raises(BioactiveError, match=f"B802.*{first}, {second}"):
        models.get("current", revisions.root)
    revisions.point_to(first)
    assert models.get("current", revisions.root).name == first
    revisions.point_to(second)
    assert models.get(root=revisions.root).name == second
    with pytest.raises(BioactiveError, match="B510"):
        revisions.point_to("active_iter_9_added_1")
    assert revisions.current() == revisions.root / second


def test_thirty_revisions_are_listed_in_under_a_second(revisions: Revisions, publish: Publish) -> None:
    for number in range(30):
        publish(number)
    for path in revisions.root.glob("*/crf_ner/model"):
        path.unlink()  # their weights are not read
    code = (
        "import sys, time\nfrom bioactive.cli.app import app\n"
        f"try: app(['models', 'list', '--models', {str(revisions.root)!r}])\n"
        "finally: print(time.process_time(), *{m.split('.')[0] for m in sys.modules} & {'spacy', 'thinc', 'torch'})"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert sum("active_iter" in line for line in out) == 30
    seconds, *heavy = out[-1].split()
    assert heavy == []
    assert float(seconds) < 1.0


def test_worker_goes_on_from_what_learnt_from_its_dataset_and_its_pipeline(
    revisions: Revisions, publish: Publish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert revisions.grown_from("run/best", "ds") is None
    first = publish(parent="run/best", dataset="ds")
    second = publish(parent=str(revisions.path(first)), dataset="ds")
    revisions.point_to(second)
    grown = revisions.path(second)
    assert revisions.grown_from("run/best", "ds") == revisions.grown_from(tmp_path / "run" / "best", "ds") == grown
    assert revisions.grown_from(revisions.path(first), "ds") == revisions.grown_from(grown, "ds") == grown
    assert revisions.grown_from("run/best", "other") is None
    assert revisions.grown_from("other/best", "ds") is None
    assert revisions.grown_from("en_package", "ds") is None
    revisions.point_to(publish(parent=str(revisions.path(first)), dataset="other"))
    assert revisions.grown_from("run/best", "ds") is None


def test_retrain_refuses_a_damaged_parent_before_it_does_anything(
    revisions: Revisions, publish: Publish, tmp_path: Path
) -> None:
    folder = revisions.path(publish(10))
    (folder / "README.md").write_text("a word of mine", encoding="utf8")
    (folder / "notes.txt").write_text("and another", encoding="utf8")
    check_loaded(folder)
    check_loaded(tmp_path)  # no revision
    weights = folder / "crf_ner" / "model"
    weights.write_bytes(weights.read_bytes()[::-1])
    plan = Plan(tmp_path / "train.spacy", tmp_path / "dev.spacy")
    with pytest.raises(BioactiveError, match="B801.*crf_ner/model has other contents"):
        learn(folder, [], plan, tmp_path / "new")
    weights.unlink()
    with pytest.raises(BioactiveError, match="B801.*crf_ner/model is gone"):
        learn(str(folder), [], plan, tmp_path / "new")
    assert not (tmp_path / "new").exists()
