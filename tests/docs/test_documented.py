"""The documentation names what there is: commands, options, error codes, registered names, extras."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import srsly
import typer

from bioactive.cli.app import app
from bioactive.errors import Errors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))
SOURCES = {path: path.read_text(encoding="utf8") for path in sorted((ROOT / "bioactive").rglob("*.py"))}
# Written by hand: the part of the README that is generated from project.yml says nothing about a command.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = "\n".join(path.read_text(encoding="utf8") for path in PAGES)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command as it is typed after `bioactive`, with its long options."""
    pending = [("", typer.main.get_group(app))]
    while pending:
        prefix, group = pending.pop()
        for name, command in group.commands.items():
            full = f"{prefix}{name}"
            if hasattr(command, "commands"):
                pending.append((f"{full} ", command))
                continue
            named = [opt for p in command.params for opt in (*p.opts, *p.secondary_opts) if opt.startswith("--")]
            yield full, [opt for opt in named if opt != "--help"]


COMMANDS = dict(commands())
OPTIONS = sorted({(command, option) for command, options in COMMANDS.items() for option in options})


def is_named(word: str) -> bool:
    """Whether the pages hold a word that no longer word contains."""
    return re.search(rf"(?<![\w.\-]){re.escape(word)}(?![\w\-])", TEXT) is not None


def codes_used() -> set[str]:
    """The codes given to `error(...)` anywhere, or taken from `Errors`."""
    found = set()
    for source in SOURCES.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"B\d{3}", node.value):
                found.add(node.value)
            elif isinstance(node, ast.Attribute) and re.fullmatch(r"B\d{3}", node.attr):
                found.add(node.attr)
    return found


def codes_defined() -> set[str]:
    return {name for name in vars(Errors) if re.fullmatch(r"B\d{3}", name)}


def registered_names() -> list[str]:
    """The names in spaCy's registries that pyproject.toml announces, and those that decorators register."""
    groups = PYPROJECT["project"]["entry-points"]
    names = {name for group, entries in groups.items() if group.startswith("spacy_") for name in entries}
    for source in SOURCES.values():
        names |= set(re.findall(r"@(?:spacy\.)?registry\.\w+\(\"([^\"]+)\"\)", source))
    return sorted(names)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_command_is_documented(command: str) -> None:
    assert is_named(f"bioactive {command}"), f"no page names `bioactive {command}`"


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_option_is_documented(command: str, option: str) -> None:
    assert is_named(option), f"no page names {option} of `bioactive {command}`"


@pytest.mark.parametrize("name", registered_names())
def test_registered_name_is_documented(name: str) -> None:
    assert is_named(name), f"no page names {name}"


@pytest.mark.parametrize("extra", sorted(PYPROJECT["project"]["optional-dependencies"]))
def test_extra_is_documented(extra: str) -> None:
    assert f"[{extra}]" in TEXT, f"no page names the extra [{extra}]"


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.cfg")), ids=lambda path: path.name)
def test_config_is_documented(path: Path) -> None:
    assert is_named(path.name) or is_named(path.stem), f"no page names {path.name}"


def test_error_codes_are_used() -> None:
    assert codes_defined() - codes_used() == set()


def test_error_codes_in_use_are_defined() -> None:
    assert codes_used() - codes_defined() == set()


def test_error_templates_say_what_to_do() -> None:
    # A template without a full stop in the middle tells what was found and no remedy.
    short = [name for name in codes_defined() if not re.search(r"[.:;] \S", getattr(Errors, name))]
    assert short == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf8")):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_project_commands_are_in_the_readme() -> None:
    project = srsly.read_yaml(ROOT / "project.yml")
    readme = (ROOT / "README.md").read_text(encoding="utf8")
    missing = [each["name"] for each in project["commands"] if f"| `{each['name']}` |" not in readme]
    assert missing == [], "python -m spacy project document --output README.md"
