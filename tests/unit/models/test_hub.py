"""Revisions on a hub: what goes up comes down the same, also over connections that break."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioactive.errors import BioactiveError
from bioactive.models import hub as hub_module
from bioactive.models.hub import pull, push
from bioactive.models.revisions import MANIFEST, Manifest, Revisions
from tests.hub_server import LARGE, Hub, Server

constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is not installed")
REPO = "team/ner"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub on this machine, asked through the environment as a user's own would be."""
    server = Server(Hub())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # What is smaller than a chunk is asked for anew; a real one is 10 MB.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", LARGE)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    # Read once, when the library is imported; a user's process has it from the start.
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    files = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", files)
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setattr(hub_module.time, "sleep", lambda seconds: None)
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    yield server.hub
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def revisions(tmp_path: Path) -> Revisions:
    """A store with one revision of a large and some small files."""
    found = Revisions(tmp_path / "models")
    publish(found, tmp_path, weights=os.urandom(40 * LARGE))
    return found


def publish(revisions: Revisions, folder: Path, weights: bytes, name: str = "active_iter_1_added_5") -> Path:
    pipeline = folder / "made"
    (pipeline / "crf_ner").mkdir(parents=True)
    (pipeline / "config.cfg").write_text("[nlp]\n", encoding="utf8")
    (pipeline / "empty").write_bytes(b"")
    (pipeline / "crf_ner" / "model").write_bytes(weights)
    (pipeline / "crf_ner" / "слова.txt").write_text("слово", encoding="utf8")
    return revisions.publish(pipeline, Manifest(name, "parent", {"accept": 5}, {}, {"dev_after": [0.7, 0.6, 0.8]}, "yes"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_pushed_comes_down_the_same(hub, revisions, tmp_path):
    name = revisions.names()[0]
    push(revisions, name, REPO)
    assert hub.private is True
    assert set(hub.branches) == {"main", name}
    up = {path: content for path, content in hub.branches[name].items() if path != ".gitattributes"}
    assert up == contents(revisions.path(name))
    assert up["README.md"].startswith(b"---\nlibrary_name: spacy\n")
    other = Revisions(tmp_path / "other")
    folder = pull(other, REPO, name)
    assert contents(folder) == contents(revisions.path(name))
    assert other.names() == [name]
    assert sorted(path.name for path in other.root.iterdir()) == [name]
    assert pull(other, REPO, name) == folder  # once more changes nothing
    assert sorted(path.name for path in other.root.iterdir()) == [name]


def test_what_lies_beside_the_revision_is_not_pushed(hub, revisions):
    name = revisions.names()[0]
    (revisions.path(name) / "report.html").write_text("mine", encoding="utf8")
    push(revisions, name, REPO)
    assert set(hub.branches[name]) - {".gitattributes"} == {*revisions.manifest(name).files, MANIFEST}


def test_manifest_that_reaches_outside_of_its_folder_is_refused(hub, revisions, tmp_path):
    name, other = revisions.names()[0], Revisions(tmp_path / "other")
    push(revisions, name, REPO)
    mine = tmp_path / "mine.txt"
    mine.write_text("mine", encoding="utf8")
    found = json.loads(hub.branches[name][MANIFEST])
    for path in ("../../mine.txt", str(mine)):
        hub.branches[name][MANIFEST] = json.dumps({**found, "files": {path: [1, "00"]}}).encode()
        with pytest.raises(BioactiveError, match="B807.*outside"):
            pull(other, REPO, name)
    assert mine.read_text(encoding="utf8") == "mine" and other.names() == []


def test_file_of_12_mb_goes_by_lfs_and_not_by_xet(hub, revisions, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    name = publish(revisions, tmp_path, weights=os.urandom(12_000_000), name="active_iter_2_added_5").name
    push(revisions, name, REPO)
    assert hub.offered == [["basic", "multipart"]]
    assert constants.HF_HUB_DISABLE_XET is False  # for others in this process it is as it was
    assert contents(pull(Revisions(tmp_path / "other"), REPO, name)) == contents(revisions.path(name))


def test_file_that_the_hub_wants_in_parts_arrives_whole(hub, revisions, tmp_path):
    name, hub.part = revisions.names()[0], 3 * LARGE
    push(revisions, name, REPO)
    assert {len(parts) for parts in hub.parts.values()} == {14}  # of 40 thirds
    assert contents(pull(Revisions(tmp_path / "other"), REPO, name)) == contents(revisions.path(name))


@pytest.mark.parametrize(("said", "offers"), [(None, False), ("0", True), ("1", False)])
def test_xet_is_spoken_where_the_environment_asks_for_it(monkeypatch, said, offers):
    pytest.importorskip("hf_xet", reason="hf_xet is not installed")
    from huggingface_hub.utils._runtime import is_xet_available

    # The library reads the variable when it is imported.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", said == "1")
    if said is None:
        monkeypatch.delenv("HF_HUB_DISABLE_XET", raising=False)
    else:
        monkeypatch.setenv("HF_HUB_DISABLE_XET", said)
    with hub_module._by_lfs():
        assert is_xet_available() is offers


def test_upload_that_was_cut_off_goes_on(hub, revisions):
    name = revisions.names()[0]
    hub.cut["PUT"] = 1
    push(revisions, name, REPO)
    assert hub.cut["PUT"] == 0
    assert hub.branches[name][MANIFEST] == (revisions.path(name) / MANIFEST).read_bytes()
    assert len(hub.branches[name]["crf_ner/model"]) == 40 * LARGE


def test_download_that_was_cut_off_asks_for_the_rest(hub, revisions, tmp_path, caplog):
    name = revisions.names()[0]
    push(revisions, name, REPO)
    hub.cut["GET"], hub.sent = 1, 0
    folder = pull(Revisions(tmp_path / "other"), REPO, name)
    assert contents(folder) == contents(revisions.path(name))
    asked = [line for line in hub.requests if "crf_ner/model" in line and line.startswith("GET")]
    assert [" bytes=" in line for line in asked] == [False, True]


def test_next_pull_goes_on_where_a_killed_one_was(hub, revisions, tmp_path):
    name, other = revisions.names()[0], Revisions(tmp_path / "other")
    push(revisions, name, REPO)
    hub.cut["GET"] = 1
    with pytest.raises(BioactiveError, match="B808"):
        pull(other, REPO, name, tries=1)
    assert other.names() == []
    with pytest.raises(BioactiveError, match="B510"):
        other.path(name)
    hub.sent, hub.requests = 0, []
    pull(other, REPO, name)
    assert other.sound(name) == other.root / name
    (asked,) = (line for line in hub.requests if "crf_ner/model" in line and line.startswith("GET"))
    first = int(asked.split("bytes=")[1].split("-")[0])
    assert 0 < first < 40 * LARGE
    assert hub.sent < 40 * LARGE


def test_damaged_file_on_the_hub_is_refused_and_named(hub, revisions, tmp_path):
    name, other = revisions.names()[0], Revisions(tmp_path / "other")
    push(revisions, name, REPO)
    whole = hub.branches[name]["crf_ner/model"]
    hub.branches[name]["crf_ner/model"] = whole[:-1] + bytes([whole[-1] ^ 1])
    with pytest.raises(BioactiveError, match=r"B801.*crf_ner/model has other contents"):
        pull(other, REPO, name)
    assert other.names() == []
    hub.branches[name]["crf_ner/model"] = whole
    assert contents(pull(other, REPO, name)) == contents(revisions.path(name))


def test_other_revision_of_the_same_name_stays(hub, revisions, tmp_path):
    name, other = revisions.names()[0], Revisions(tmp_path / "other")
    push(revisions, name, REPO)
    mine = contents(publish(other, tmp_path, weights=b"mine"))
    with pytest.raises(BioactiveError, match="B803"):
        pull(other, REPO, name)
    assert contents(other.path(name)) == mine


def test_branch_that_is_no_revision_is_refused(hub, revisions, tmp_path):
    push(revisions, "active_iter_1_added_5", REPO)
    with pytest.raises(BioactiveError, match="B807.*revision.json"):
        pull(Revisions(tmp_path / "other"), REPO, "main")
    with pytest.raises(BioactiveError, match="B808"):
        pull(Revisions(tmp_path / "other"), REPO, "active_iter_9_added_1")


def test_token_comes_from_the_environment_alone(hub, revisions, tmp_path, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    stored = tmp_path / "token"
    stored.write_text("secret", encoding="utf8")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(stored))
    with pytest.raises(BioactiveError, match="B806.*HF_TOKEN"):
        push(revisions, "active_iter_1_added_5", REPO)
    monkeypatch.setenv("HF_TOKEN", "secret")
    push(revisions, "active_iter_1_added_5", REPO)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(BioactiveError, match="B808"):  # it is private
        pull(Revisions(tmp_path / "other"), REPO, "active_iter_1_added_5")
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(BioactiveError, match="B808"):
        push(revisions, "active_iter_1_added_5", REPO)


def test_hub_that_is_not_there_is_an_error_after_some_tries(revisions, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub_module.time, "sleep", waits.append)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "secret")
    with pytest.raises(BioactiveError, match="B808"):
        push(revisions, "active_iter_1_added_5", REPO, tries=3)
    assert waits == [1, 2]
