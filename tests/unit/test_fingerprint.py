"""SHA-256 of files and folders."""

from __future__ import annotations

import hashlib

from bioactive.fingerprint import BLOCK, sha256_of


def test_file_has_the_digest_of_its_bytes(tmp_path):
    content = b"x" * (BLOCK + 3)
    (tmp_path / "data").write_bytes(content)
    assert sha256_of(tmp_path / "data") == hashlib.sha256(content).hexdigest()


def test_folder_knows_contents_and_names(tmp_path):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder, name, text in ((first, "a", "1"), (second, "a", "1"), (third, "b", "1")):
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf8")
    assert sha256_of(first) == sha256_of(second) != sha256_of(third)
    (second / "a").write_text("2", encoding="utf8")
    assert sha256_of(first) != sha256_of(second)
