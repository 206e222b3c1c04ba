"""The command line as a whole: how it starts, what it lists, how it fails."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bioactive import __version__
from bioactive.cli import main
from bioactive.cli.app import app
from bioactive.cli.entry import run
from bioactive.cli.info import pipeline_rows, read_meta
from bioactive.errors import BioactiveError, error
from bioactive.models.environment import versions

COMMANDS = [
    "compare",
    "convert",
    "evaluate",
    "predict",
    "rank",
    "retrain",
    "learn",
    "quantize",
    "models",
    "report",
    "serve",
    "questions",
    "simulate",
    "stop-report",
    "transfer",
    "grid",
    "fit-time",
    "threshold",
    "info",
    "ner.active",
    "ner.correct",
    "ner.manual",
    "ner.teach",
    "spans.manual",
    "textcat.manual",
    "spans.correct",
    "textcat.teach",
    "match",
    "ner.eval-ab",
    "ner.silver-to-gold",
    "ner.model-annotate",
    "print-stream",
    "mark",
    "review",
    "db-in",
    "db-out",
    "db-merge",
    "print-dataset",
    "progress",
    "metric.iaa.span",
    "metric.iaa.doc",
    "metric.iaa.binary",
    "data-to-spacy",
    "train",
    "train-curve",
    "spacy-config",
    "migrate",
    "stats",
    "drop",
    "corpus",
    "label",
]


def failing(found: Exception) -> typer.Typer:
    """A command line whose one command raises."""
    small = typer.Typer(pretty_exceptions_enable=False)

    @small.command()
    def fail() -> None:
        raise found

    return small


def test_commands_are_the_documented_ones() -> None:
    group = typer.main.get_group(app)
    assert sorted(group.commands) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_has_a_help_text(command: str) -> None:
    found = typer.main.get_group(app).commands[command]
    assert found.help
    for parameter in found.params:
        assert getattr(parameter, "help", None), f"{command}: {parameter.name} has no help"


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"bioactive {__version__}\n"


def test_user_error_is_one_line_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(failing(error("B510", name="nowhere", root="models", known="none")), [])
    captured = capsys.readouterr()
    assert stop.value.code == 1
    assert captured.out == ""
    assert captured.err.startswith("[B510] There is no revision 'nowhere'")
    assert captured.err.count("\n") == 1


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(BioactiveError, match="B510"):
        run(failing(error("B510", name="nowhere", root="models", known="none")), ["--debug"])


def test_debug_may_stand_after_the_command() -> None:
    with pytest.raises(BioactiveError, match="B301"):
        main(["info", "no-such-pipeline", "--debug"])


def test_missing_extra_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(failing(ModuleNotFoundError("No module named 'fastapi.routing'", name="fastapi.routing")), [])
    assert "pip install 'bioactive[app]'" in capsys.readouterr().err


def test_own_missing_module_is_not_explained_away() -> None:
    with pytest.raises(ModuleNotFoundError):
        run(failing(ModuleNotFoundError("No module named 'bioactive.nothing'", name="bioactive.nothing")), [])


def test_module_runs_as_the_command() -> None:
    result = subprocess.run([sys.executable, "-m", "bioactive", "info", "nowhere"], capture_output=True, text=True)
    assert result.returncode == 1
    assert "B301" in result.stderr


def test_help_comes_quickly() -> None:
    # Processor time, so that a busy machine does not decide.
    def used() -> float:
        times = resource.getrusage(resource.RUSAGE_CHILDREN)
        return times.ru_utime + times.ru_stime

    before = used()
    subprocess.run([sys.executable, "-m", "bioactive", "--help"], capture_output=True, check=True)
    assert used() - before < 1.0


@pytest.mark.parametrize("words", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_loads_no_heavy_package(words: list[str]) -> None:
    slow = "{'torch', 'spacy', 'thinc', 'transformers', 'numpy', 'srsly', 'fastapi', 'sqlalchemy'}"
    code = f"import sys\nfrom bioactive.cli import main\ntry: main({words!r})\n"
    code += f"except SystemExit: print('loaded', sorted({slow} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "loaded []"


def test_info_names_versions() -> None:
    rows = versions()
    assert rows["bioactive"] == __version__
    assert rows["spacy"].startswith("3.8")


def test_info_reads_the_meta_of_a_folder(tmp_path: Path) -> None:
    meta = (
        '{"lang": "en", "name": "x", "version": "1.0", "labels": {"crf_ner": ["DNA"]}, "performance": {"ents_f": 0.5}}'
    )
    (tmp_path / "meta.json").write_text(meta, encoding="utf8")
    rows = pipeline_rows(read_meta(str(tmp_path)))
    assert rows["name"] == "en_x 1.0"
    assert rows["labels of crf_ner"] == "DNA"
    assert rows["ents_f"] == "0.5000"


@pytest.mark.parametrize("model", ["nowhere", "no/such/folder", "math"])
def test_info_without_a_pipeline_says_so(model: str) -> None:
    with pytest.raises(BioactiveError, match="B301"):
        read_meta(model)


def test_quiet_prints_errors_only(capfd: pytest.CaptureFixture[str]) -> None:
    for words in (["info", "--quiet"], ["--quiet", "info"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
        assert capfd.readouterr() == ("", "")
    with pytest.raises(SystemExit):
        main(["info", "nothing_here", "--quiet"])
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("[B301]")


def test_info_as_json_has_the_same_versions(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["info", "--json"])
    assert json.loads(capfd.readouterr().out) == versions()


def test_completion_knows_commands_and_options() -> None:
    def completed(words: str, place: int) -> set[str]:
        asked = {"_BIOACTIVE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        command = [str(Path(sys.executable).with_name("bioactive"))]
        return set(subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True).stdout.split())

    assert {"rank", "report", "retrain", "review"} <= completed("bioactive r", 1)
    assert {"--max-texts", "--max-chars"} <= completed("bioactive serve --max", 2)
