"""What the documentation shows: Python compiles, command lines parse, the page of codes is of today."""

from __future__ import annotations

import re
import runpy
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bioactive.annotate.config import DEFAULTS
from bioactive.cli.app import app
from bioactive.compat import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.name: page.read_text(encoding="utf8") for page in PAGES}
GROUP: Any = typer.main.get_group(app)
# What a command line that does not parse raises, of whichever click typer brings.
UsageError: Any = typer.BadParameter.__mro__[1]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Name of the page and content of each block in a language; "" for those that name none."""
    for name, text in TEXTS.items():
        for found in FENCE.finditer(text):
            if found[2] == language:
                yield name, textwrap.dedent(found[3])


def command_lines() -> Iterator[tuple[str, str]]:
    """Each line of a block that calls `bioactive`, with those that continue it."""
    for language in ("", "bash"):
        for name, block in blocks(language):
            # A line goes on after a backslash, and where the next one is indented.
            joined = re.sub(r"\\\n|\n(?=[ \t])", " ", block)
            yield from ((name, line) for line in joined.splitlines() if line.startswith("bioactive "))


def words_of(line: str) -> list[str]:
    """The words after `bioactive`, optional ones too, up to a pipe or a redirection."""
    words = shlex.split(line.replace("[", " ").replace("]", " "), comments=True)[1:]
    ends = [place for place, word in enumerate(words) if word in ("|", ">", "&&", "||", "&", "<")]
    return [word for word in words[: min(ends, default=len(words))] if word != "..."]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and the words after its name."""
    found, rest = GROUP, list(words)
    while hasattr(found, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in found.commands, f"there is no command {rest[0]!r}"
        found = found.commands[rest.pop(0)]
    return found, rest


LINES = sorted({(page, line) for page, line in command_lines() if " -F " not in line})


@pytest.mark.parametrize(("page", "line"), LINES)
def test_command_line_parses(page: str, line: str) -> None:
    command, rest = command_of(words_of(line))
    if hasattr(command, "commands"):
        assert not [word for word in rest if word not in {opt for each in command.params for opt in each.opts}]
        return
    # Where a page writes N for a number.
    rest = ["1" if re.fullmatch(r"[NK]", word) else word for word in rest]
    try:
        command.make_context("bioactive", rest).close()
    except UsageError as problem:
        pytest.fail(f"{page}: {line}: {problem.format_message()}")


CALL = re.compile(r"`bioactive ([a-z][^`\n]*)`")
INLINE = sorted({(page, call) for page, text in TEXTS.items() for call in CALL.findall(text) if " -F " not in call})


@pytest.mark.parametrize(("page", "call"), INLINE)
def test_command_in_a_sentence_has_its_options(page: str, call: str) -> None:
    command, rest = command_of(words_of(f"bioactive {call}"))
    known = {opt for each in command.params for opt in (*each.opts, *each.secondary_opts)} | {"--help"}
    more = (command.context_settings or {}).get("ignore_unknown_options")
    wrong = [word for word in rest if word.startswith("-") and len(word) > 1 and word.partition("=")[0] not in known]
    assert not [word for word in wrong if not (more and "." in word)], f"{page}: bioactive {call}"


@pytest.mark.parametrize(("page", "block"), sorted(set(blocks("python"))))
def test_python_compiles(page: str, block: str) -> None:
    compile(block, page, "exec")


def test_blocks_are_found() -> None:
    assert len(LINES) > 40 and len(list(blocks("python"))) > 10


@pytest.mark.parametrize("setting", sorted(DEFAULTS))
def test_setting_of_the_page_is_documented(setting: str) -> None:
    assert re.search(rf"`[^`\n]*\b{setting}\b[^`\n]*`", "\n".join(TEXTS.values())), f"no page names `{setting}`"


@pytest.mark.parametrize("recipe", BUILT_IN)
def test_recipe_is_documented(recipe: str) -> None:
    assert re.search(rf"`[^`\n]*(?<![\w.]){re.escape(recipe)}(?![\w.-])[^`\n]*`", "\n".join(TEXTS.values()))


def test_page_of_error_codes_is_of_today() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "error_page.py"))["page"]()
    assert TEXTS["errors.md"] == made, "run: python scripts/error_page.py"


def test_every_page_is_in_the_site() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf8")
    missing = [name for name in TEXTS if name != "README.md" and f": {name}\n" not in nav]
    assert missing == []
