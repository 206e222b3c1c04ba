"""Vectors on disk: what was put is what comes back, and what is damaged, dropped or another encoder's does not."""

from __future__ import annotations

import copy
import multiprocessing
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy
import pytest
import torch

from bioactive.ner.segments import RECORD, make_room
from bioactive.ner.statecache import SEGMENTS, DiskCache, StateCache, VectorCache, cache_root, revision_of

MIB = 2**20


def key(number: int) -> bytes:
    return number.to_bytes(16, "little")


def rows(number: int, words: int = 3, width: int = 8) -> numpy.ndarray:
    return numpy.random.default_rng(number).normal(size=(words, width)).astype("float16")


def filled(root: Path, numbers: range, revision: str = "one") -> DiskCache:
    cache = DiskCache(root, revision, MIB)
    for number in numbers:
        cache.put(key(number), rows(number, words=1 + number % 5))
    return cache


def held(cache: DiskCache, numbers: range) -> list[int]:
    """The numbers whose vectors come back; fails where they are not those that were put."""
    found = [number for number in numbers if (got := cache.get(key(number))) is not None and check(number, got)]
    return found


def check(number: int, got: numpy.ndarray) -> bool:
    assert got.dtype == numpy.float16
    assert numpy.array_equal(got, rows(number, words=1 + number % 5))
    return True


def only(root: Path, ending: str) -> Path:
    (path,) = root.glob(f"*/*{ending}")
    return path


def test_vectors_come_back_at_once_and_after_opening_again(tmp_path):
    assert held(filled(tmp_path, range(20)), range(25)) == list(range(20))
    assert held(DiskCache(tmp_path, "one", MIB), range(25)) == list(range(20))


def test_special_numbers_come_back_bit_by_bit(tmp_path):
    odd = numpy.array([[numpy.nan, numpy.inf, -numpy.inf, -0.0, 6e-8, 65504.0]], dtype="float16")
    DiskCache(tmp_path, "one", MIB).put(key(1), odd)
    again = DiskCache(tmp_path, "one", MIB).get(key(1))
    assert again is not None and again.tobytes() == odd.tobytes()


def test_another_revision_has_nothing(tmp_path):
    filled(tmp_path, range(3))
    assert held(DiskCache(tmp_path, "two", MIB), range(3)) == []


def test_another_process_finds_the_vectors(tmp_path):
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from tests.unit.test_statecache import filled; filled(Path(sys.argv[1]), range(7))"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path), str(root)], check=True, cwd=root)
    assert held(DiskCache(tmp_path, "one", MIB), range(7)) == list(range(7))


@pytest.mark.parametrize("ending", [".seg", ".idx"])
def test_file_cut_anywhere_loses_only_what_was_cut(tmp_path, ending):
    filled(tmp_path / "whole", range(6))
    whole = only(tmp_path / "whole", ending).read_bytes()
    sizes = [RECORD.size if ending == ".idx" else rows(n, words=1 + n % 5).nbytes for n in range(6)]
    for length in range(0, len(whole) + 1, 12):
        root = tmp_path / f"{length}"
        filled(root, range(6))
        os.truncate(only(root, ending), length)
        expected = [n for n in range(6) if sum(sizes[: n + 1]) <= length]
        cache = DiskCache(root, "one", MIB)
        assert held(cache, range(6)) == expected
        # What was lost can be put again, beside the damaged file.
        for number in range(6):
            cache.put(key(number), rows(number, words=1 + number % 5))
        assert held(cache, range(6)) == list(range(6))
        assert held(DiskCache(root, "one", MIB), range(6)) == list(range(6))


@pytest.mark.parametrize("ending", [".seg", ".idx"])
def test_changed_byte_never_gives_wrong_vectors(tmp_path, ending):
    filled(tmp_path, range(4))
    path = only(tmp_path, ending)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        assert len(held(DiskCache(tmp_path, "one", MIB), range(4))) == 3


def test_file_cut_while_it_is_open_is_noticed(tmp_path):
    cache = filled(tmp_path, range(6))
    assert held(cache, range(6)) == list(range(6))
    os.truncate(only(tmp_path, ".seg"), 0)
    assert held(cache, range(6)) == []


def write_for_ever(root: Path) -> None:
    cache = DiskCache(root, "one", 64 * MIB)
    for number in range(10**9):
        cache.put(key(number), rows(number, words=1 + number % 5))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a process is killed")
def test_killed_process_leaves_whole_vectors(tmp_path):
    writer = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(tmp_path,))
    writer.start()
    while not (paths := list(tmp_path.glob("*/*.idx"))) or paths[0].stat().st_size < 200 * RECORD.size:
        assert writer.is_alive()
    writer.kill()
    writer.join()
    cache = DiskCache(tmp_path, "one", MIB)
    assert len(cache.entries) >= 200
    assert held(cache, range(len(cache.entries))) == list(range(len(cache.entries)))


def test_two_writers_have_files_of_their_own(tmp_path):
    one, two = DiskCache(tmp_path, "one", MIB), DiskCache(tmp_path, "one", MIB)
    for number in range(20):
        (one, two)[number % 2].put(key(number), rows(number, words=1 + number % 5))
    one.put(key(99), rows(99, words=5))
    two.put(key(99), rows(99, words=5))
    assert len(list(tmp_path.glob("one/*.seg"))) == 2
    assert held(one, range(20)) == list(range(0, 20, 2))
    assert held(DiskCache(tmp_path, "one", MIB), range(100)) == [*range(20), 99]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_child_of_a_fork_does_not_write_to_its_parents_file(tmp_path, monkeypatch):
    cache = filled(tmp_path, range(2))
    monkeypatch.setattr(os, "getpid", lambda: 1)
    cache.put(key(2), rows(2))
    assert len(list(tmp_path.glob("one/*.seg"))) == 2
    assert [path.name for path in tmp_path.glob("one/1-*.seg")]
    assert held(DiskCache(tmp_path, "one", MIB), range(3)) == [0, 1, 2]


def test_folder_is_bounded_and_loses_the_oldest(tmp_path):
    limit = 64 * 1024
    cache = DiskCache(tmp_path, "new", limit)
    filled(tmp_path, range(3), revision="old")
    os.utime(only(tmp_path, ".seg"), ns=(0, 0))
    for number in range(3000):
        cache.put(key(number), rows(number, words=1 + number % 5))
        if number % 100 == 0:
            assert held(cache, range(max(0, number - 20), number + 1))
            assert len(cache.maps) <= SEGMENTS
            assert sum(path.stat().st_size for path in tmp_path.glob("*/*.seg")) <= limit
        assert len(cache.entries) <= limit // rows(0, words=1).nbytes
    assert not list(tmp_path.glob("old/*"))
    kept = held(DiskCache(tmp_path, "new", limit), range(3000))
    assert kept and kept == list(range(kept[0], 3000))
    # The cache that wrote them knows no more: those whose file was dropped are not there, and can be put again.
    assert held(cache, range(3000)) == kept


def test_room_is_made_of_whole_segments_oldest_first(tmp_path):
    for age, name in enumerate("cab"):
        filled(tmp_path / name, range(5))
        for path in (tmp_path / name / "one").iterdir():
            path.rename(tmp_path / name / path.name)
            os.utime(tmp_path / name / path.name, ns=(age, age))
    size = next(tmp_path.glob("*/*.seg")).stat().st_size
    make_room(tmp_path, 2 * size)
    assert sorted(path.parent.name for path in tmp_path.glob("*/*.seg")) == ["a", "b"]
    make_room(tmp_path, 2 * size - 1)
    assert sorted(path.parent.name for path in tmp_path.glob("*/*.idx")) == ["b"]


def test_vectors_larger_than_a_segment_and_empty_ones_are_not_written(tmp_path):
    cache = DiskCache(tmp_path, "one", 800)
    cache.put(key(1), rows(1, words=7))
    cache.put(key(2), rows(2, words=0))
    assert not list(tmp_path.glob("one/*"))


def test_folder_that_cannot_be_made_gives_one_warning(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.warns(UserWarning, match="vectors cannot be kept there"):
        cache = DiskCache(tmp_path / "file", "one", MIB)
    # A second warning would be an error.
    cache.put(key(1), rows(1))
    assert cache.get(key(1)) is None


def test_full_disk_gives_one_warning_and_leaves_what_was_written(tmp_path, monkeypatch):
    cache = filled(tmp_path, range(3))
    write = os.write

    def half(file: int, data: bytes) -> int:
        write(file, bytes(data)[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half)
        with pytest.warns(UserWarning, match="No space left"):
            cache.put(key(3), rows(3, words=4))
    # The disk has room again, but nothing goes behind a torn record; nor is there a second warning.
    cache.put(key(4), rows(4, words=5))
    assert held(cache, range(5)) == [0, 1, 2]
    assert held(DiskCache(tmp_path, "one", MIB), range(5)) == [0, 1, 2]


def test_copy_opens_the_folder_for_itself(tmp_path):
    cache = filled(tmp_path, range(3))
    twin = copy.deepcopy(cache)
    twin.put(key(3), rows(3, words=4))
    assert held(twin, range(4)) == [0, 1, 2, 3]
    assert held(cache, range(4)) == [0, 1, 2]


def test_files_are_for_their_owner_alone(tmp_path):
    if os.name != "posix":
        pytest.skip("modes are POSIX")
    filled(tmp_path, range(1))
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("**/*"))


def test_memory_is_asked_first_and_filled_from_disk(tmp_path):
    first = VectorCache(StateCache(MIB), tmp_path, MIB)
    first.open(lambda: "one")
    first.put(key(1), rows(1))
    again = VectorCache(StateCache(MIB), tmp_path, MIB)
    again.open(lambda: "one")
    assert again.get(key(2)) is None
    found = again.get(key(1))
    assert found is not None and numpy.array_equal(found, rows(1))
    assert again.get(key(1)) is found
    again.forget()
    assert again.get(key(1)) is None


@pytest.mark.parametrize(("root", "limit"), [(None, MIB), ("here", 0)])
def test_without_folder_or_bound_nothing_is_written(tmp_path, monkeypatch, root, limit):
    monkeypatch.chdir(tmp_path)
    cache = VectorCache(StateCache(MIB), root and Path(root), limit)
    cache.open(lambda: pytest.fail("nobody asked for the name"))
    cache.put(key(1), rows(1))
    assert cache.get(key(1)) is not None
    assert not list(tmp_path.iterdir())


def test_memory_counts_a_text_put_twice_once():
    cache = StateCache(limit=100)
    for _ in range(5):
        cache.put(key(1), rows(1, words=4, width=4))
    assert cache.size == 32 and len(cache.entries) == 1


def test_cache_folder_follows_the_setting_then_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOACTIVE_CACHE", str(tmp_path))
    assert cache_root("auto") == tmp_path
    assert cache_root("elsewhere") == Path("elsewhere")
    assert cache_root(None) is None and cache_root("") is None
    monkeypatch.setenv("BIOACTIVE_CACHE", "")
    assert cache_root("auto") is None
    monkeypatch.delenv("BIOACTIVE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_root("auto") == tmp_path / "cache" / "bioactive"


def test_revision_tells_weights_names_types_files_and_settings_apart():
    weights = {"a": torch.zeros(2, 2), "b": torch.ones((), dtype=torch.int64)}
    changed = {"a": torch.tensor([[0.0, 0.0], [0.0, 1e-6]]), "b": weights["b"]}
    revisions = [
        revision_of(weights, {"vocab": b"x"}, "s"),
        revision_of(changed, {"vocab": b"x"}, "s"),
        revision_of({"c": weights["a"], "b": weights["b"]}, {"vocab": b"x"}, "s"),
        revision_of({"a": weights["a"].bfloat16(), "b": weights["b"]}, {"vocab": b"x"}, "s"),
        revision_of({"a": weights["a"].reshape(4), "b": weights["b"]}, {"vocab": b"x"}, "s"),
        revision_of(weights, {"vocab": b"y"}, "s"),
        revision_of(weights, {"vocab": b"x"}, "t"),
    ]
    assert len(set(revisions)) == len(revisions)
    assert revision_of(dict(weights), {"vocab": b"x"}, "s") == revisions[0]
    assert all(len(revision) == 32 for revision in revisions)


def test_reading_warns_of_nothing(tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        held(filled(tmp_path, range(5)), range(5))
    assert caught == []


def test_damaged_vectors_are_replaced_for_good(tmp_path):
    filled(tmp_path, range(4))
    path = only(tmp_path, ".seg")
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path.with_suffix(".idx"), ns=(0, 0))
    cache = DiskCache(tmp_path, "one", MIB)
    assert held(cache, range(4)) == []
    cache.put(key(0), rows(0, words=1))
    assert held(DiskCache(tmp_path, "one", MIB), range(4)) == [0]
