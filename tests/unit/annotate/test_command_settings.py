"""What our own commands serve with: settings files, the environment, and what is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer

from bioactive.annotate import opening, server
from bioactive.annotate.store import Store
from bioactive.cli.annotate import mark_cli
from bioactive.errors import BioactiveError

Serve = Any


@pytest.fixture
def config_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Runs a command with words typed after it, and gives the settings that it would serve with."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(opening, "serve_early", lambda make, config, on_open: make(None))
    monkeypatch.setattr(server, "create_app", lambda controller, access: found.update(controller.config))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRODIGY_HOME", str(tmp_path / "home"))
    (tmp_path / "source.jsonl").write_text('{"text": "a"}\n')
    app = typer.Typer()
    app.command()(mark_cli)

    def run(*words: str) -> dict[str, Any]:
        app(["ds", "source.jsonl", "--view-id", "text", "--db", "answers.db", *words], standalone_mode=False)
        return dict(found)

    return run


def test_command_takes_host_and_port_from_the_settings_files(config_of: Serve, tmp_path: Path) -> None:
    keys = ("host", "port", "batch_size", "lease_seconds", "total_examples_target")
    assert [config_of()[key] for key in keys] == ["localhost", 8080, 10, 900, 0]
    prodigy = {"host": "127.0.0.1", "port": "8123", "batch_size": 3, "lease_seconds": 60, "total_examples_target": 7}
    (tmp_path / "prodigy.json").write_text(json.dumps(prodigy))
    assert [config_of()[key] for key in keys] == ["127.0.0.1", 8123, 3, 60, 7]
    (tmp_path / "bioactive.json").write_text('{"port": 8200}')
    assert config_of()["port"] == 8200


def test_what_is_typed_wins_over_the_environment_and_that_over_files(
    config_of: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prodigy.json").write_text('{"port": 8123, "batch_size": 3}')
    monkeypatch.setenv("PRODIGY_PORT", "8300")
    assert (config_of()["port"], config_of()["batch_size"]) == (8300, 3)
    typed = config_of("--port", "0", "--set", "batch_size=4")
    assert (typed["port"], typed["batch_size"]) == (0, 4)
    assert config_of("--set", "port=8400")["port"] == 8400


def test_answers_of_other_datasets_may_be_excluded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[list[str]] = []

    def app_of(controller: Any, access: Any) -> None:
        found.append([task["text"] for task in controller.get_questions()])

    monkeypatch.setattr(opening, "serve_early", lambda make, config, on_open: make(None))
    monkeypatch.setattr(server, "create_app", app_of)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "source.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    with Store("answers.db") as store:
        for name, text in (("one", "a"), ("two", "b")):
            store.add_examples([{"text": text, "answer": "accept"}], [name])
    app = typer.Typer()
    app.command()(mark_cli)
    words = ["ds", "source.jsonl", "--view-id", "text", "--db", "answers.db"]
    app([*words, "--exclude", "one"], standalone_mode=False)
    app([*words, "--exclude", "one, two"], standalone_mode=False)
    assert found == [["b"], []]


def test_loader_reads_a_source_as_what_it_is_told(
    config_of: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    monkeypatch.setattr(
        server,
        "create_app",
        lambda controller, access: found.extend(task["text"] for task in controller.get_questions()),
    )
    (tmp_path / "source.jsonl").write_text("text,label\nIL-2 binds,a\nnothing,b\n")
    config_of("--loader", "csv")
    assert found == ["IL-2 binds", "nothing"]
    with pytest.raises(BioactiveError, match="B614"):
        config_of("-lo", "pdf")
