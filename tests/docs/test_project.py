"""project.yml: what it names exists, and unchanged steps can be skipped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import srsly
from weasel.util.config import load_project_config

ROOT = Path(__file__).resolve().parents[2]
ORDER = ["title", "description", "vars", "directories", "assets", "workflows", "commands"]
PROJECT: dict[str, Any] = srsly.read_yaml(ROOT / "project.yml")
COMMANDS = {command["name"]: command for command in PROJECT["commands"]}


def test_project_is_valid() -> None:
    assert load_project_config(ROOT)["title"] == PROJECT["title"]


def test_variables_leave_every_path_its_own() -> None:
    # Neighbours in a list that begin and end with a variable are merged when variables are filled in.
    for command in load_project_config(ROOT)["commands"]:
        for key in ("deps", "outputs"):
            assert len(command.get(key, [])) == len(COMMANDS[command["name"]].get(key, [])), command["name"]


def test_sections_stand_in_the_usual_order() -> None:
    assert [name for name in PROJECT if name in ORDER] == ORDER


def test_workflows_name_commands() -> None:
    assert {"all", "corpus", "train", "baseline", "loop"} <= set(PROJECT["workflows"])
    for steps in PROJECT["workflows"].values():
        assert set(steps) <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_says_what_it_reads_and_writes(name: str) -> None:
    command = COMMANDS[name]
    assert command.get("help")
    assert command.get("deps")
    assert command.get("outputs") or command.get("outputs_no_cache") or command.get("no_skip")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_lists_its_own_script_and_config_among_its_deps(name: str) -> None:
    command = COMMANDS[name]
    used = set(re.findall(r"(?:scripts|configs)/[\w${}.]+\.(?:py|cfg)", " ".join(command["script"])))
    assert used <= set(command["deps"])
    for path in used:
        assert "${" in path or (ROOT / path).is_file()


def test_corpora_without_a_licence_are_opt_in() -> None:
    for asset in PROJECT["assets"]:
        if "no licence" in asset["description"].lower():
            assert asset.get("extra") is True, asset["dest"]


def test_files_from_the_web_have_checksums() -> None:
    for asset in PROJECT["assets"]:
        assert "git" in asset or re.fullmatch(r"[0-9a-f]{32}", asset["checksum"]), asset["dest"]
