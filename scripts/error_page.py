"""Write docs/errors.md: every code with its message, from `bioactive.errors`."""

from __future__ import annotations

import re
from pathlib import Path

from bioactive.errors import Errors

PAGE = Path(__file__).resolve().parent.parent / "docs" / "errors.md"
INTRO = """# Error codes

Every error that a user can cause is one line with a code. Words in angle brackets are filled in. The ten most likely
ones, with more to say about them, are in
[troubleshooting](troubleshooting.md). This page is written by `scripts/error_page.py`.

| code | message |
|---|---|
"""


def page() -> str:
    """The page, as it is to be."""
    codes = sorted(name for name in vars(Errors) if re.fullmatch(r"B\d{3}", name))
    return INTRO + "".join(f"| {code} | {_cell(getattr(Errors, code))} |\n" for code in codes)


def _cell(template: str) -> str:
    """A template as markdown: places to fill in become ⟨name⟩, and nothing of it is markup."""
    named = re.sub(r"(?<!\{)\{(\w+)[^{}]*\}(?!\})", r"⟨\1⟩", template).replace("{{", "{").replace("}}", "}")
    return re.sub(r"([\\*_\[\]<>|])", r"\\\1", named)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf8")
