"""`python -m bioactive.compat script.py ...` runs a script that imports prodigy; anything else is a command."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

from bioactive.cli.entry import main as command
from bioactive.cli.entry import told

from .finder import install


def main() -> None:
    """Run what was typed."""
    install()
    words = sys.argv[1:]
    if not words or not words[0].endswith(".py"):
        command(words)
        return
    told(_script(Path(words[0]), words))


def _script(path: Path, words: list[str]) -> Callable[[], None]:
    def run() -> None:
        from bioactive.annotate.recipe_files import run_script

        sys.argv = words
        run_script(path, lambda: runpy.run_path(str(path), run_name="__main__"))

    return run


if __name__ == "__main__":
    main()
