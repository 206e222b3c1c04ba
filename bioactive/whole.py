"""Files that appear under their names when they are whole: neither a kill nor a full disk leaves half of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place to write to that becomes a file by one rename.

    path (Path): The file; what lay there before stays until then. Folders on the way are made.
    YIELDS (Path): PATH.new beside it. It is gone when the block raises, so that a full disk gets its room back.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    try:
        yield new
        with new.open("rb") as file:
            os.fsync(file.fileno())  # else a power cut could leave the name with nothing under it
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
