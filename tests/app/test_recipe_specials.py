"""Recipes that return, route, hook, refuse and fail in their own ways."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from bioactive.annotate.controller import Controller
from bioactive.annotate.recipe_files import RecipeFailure, find_recipe
from bioactive.annotate.running import named, serve_made
from bioactive.annotate.store import Store
from bioactive.annotate.typed import make_command, parse
from bioactive.errors import BioactiveError
from tests.app.recipe_server import recipes_of, served, typed
from tests.app.support import ROOT

FILE = Path(__file__).parent / "recipes" / "special_recipes.py"


@pytest.fixture(scope="module", autouse=True)
def recipes() -> Iterator[None]:
    with recipes_of(FILE):
        yield


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = str(tmp_path / "answers.db")
    monkeypatch.setenv("BIOACTIVE_DB", path)
    return path


@pytest.fixture
def events() -> Iterator[list[Any]]:
    found = sys.modules["bioactive_recipes_special_recipes"].EVENTS
    found.clear()
    yield found
    found.clear()


def test_dict_of_a_built_in_recipe_may_be_changed(db: str, tmp_path: Path) -> None:
    source = tmp_path / "source.jsonl"
    source.write_text("".join(json.dumps({"text": f"text {n}"}) + "\n" for n in range(9)))
    with typed(f"special.mutated ds {source}", db) as annotator:
        tasks = annotator.questions()
        assert len(tasks) == 4 and all(task["meta"]["seen"] and task["tokens"] for task in tasks)
        annotator.answer(tasks)
        assert [example["by"] for example in annotator.controller.db.get_dataset("ds")] == ["mutated"] * 4


def test_recipe_may_return_a_controller(db: str) -> None:
    controller = named("special.controller").function("ds")
    with served(controller) as annotator:
        assert annotator.answer(annotator.questions())["stored"] == 2
    assert (controller.dataset, controller.total_annotated) == ("ds", 2)


def test_router_decides_who_gets_a_task(db: str) -> None:
    with typed("special.router ds", db, allowed_sessions=["anna", "ben"]) as annotator:
        anna, ben = annotator.named("anna"), annotator.named("ben")
        mine = anna.questions()
        assert [task["number"] for task in mine] == [0, 2, 4]
        assert [task["number"] for task in ben.questions()] == [1, 3, 5]
        anna.answer(mine)
        assert [task["number"] for task in anna.questions()] == [6, 8, 10]
    with typed("special.router ds", db, allowed_sessions=["anna", "ben"]) as annotator:
        assert [task["number"] for task in annotator.named("anna").questions()] == [6, 8, 10]
        assert [task["number"] for task in annotator.named("ben").questions()] == [1, 3, 5]


@pytest.mark.parametrize(("router", "copies"), [("full", 24), ("no", 12), ("average", 18)])
def test_routers_that_come_along_share_as_they_say(db: str, router: str, copies: int) -> None:
    found = []
    with typed(f"special.router ds -r {router}", db) as annotator:
        everyone = [annotator.named(name) for name in ("anna", "ben")]
        for each in everyone:
            each.questions()
        for _ in range(6):
            for each in everyone:
                tasks = each.questions()
                each.answer(tasks)
                found += [(each.session, task["number"]) for task in tasks]
    assert len(found) == len(set(found)) and {number for _, number in found} == set(range(12))
    assert abs(len(found) - copies) <= (4 if router == "average" else 0)


def test_hooks_are_called_by_name_and_may_reset_the_stream(db: str) -> None:
    with typed("special.hooks ds", db) as annotator:
        assert annotator.project["hooks"] == ["fails", "odd", "reset"]
        assert annotator.post("/event/reset", {"query": "fever"}) == {"found": 3, "query": "fever"}
        tasks = annotator.questions()
        assert [task["text"] for task in tasks] == ["fever 0", "fever 1", "fever 2"]
        assert all(task["meta"]["wrapped"] for task in tasks)
        assert annotator.post("/event/odd", {}) == "{1, 2}"
        failed = annotator.client.post("/event/fails", json={})
        assert failed.status_code == 422 and "ValueError: no such thing" in failed.json()["detail"]
        unknown = annotator.client.post("/event/nothing", json={})
        assert unknown.json()["code"] == "B617" and "reset" in unknown.json()["detail"]


def test_answer_that_is_not_valid_is_told_and_not_taken(db: str) -> None:
    with typed("special.validated ds", db) as annotator:
        tasks = annotator.questions()
        told = annotator.post("/validate_answer", {"answer": {**tasks[0], "accept": ["a"], "answer": "accept"}})
        assert told == {"message": "Choose two, please"}
        receipt = annotator.answer(tasks[:1], accept=["a"])
        assert receipt["stored"] == 0 and receipt["refused"][0]["message"] == "Choose two, please"
        assert annotator.answer(tasks[:1], accept=["a", "b"])["stored"] == 1


def test_recipe_that_saves_nothing_saves_nothing(db: str, events: list[Any]) -> None:
    with typed("special.unsaved ds", db) as annotator:
        tasks = annotator.questions()
        assert annotator.answer(tasks)["total"] == 4
        assert annotator.questions() == []
    assert [event["text"] for event in events] == [task["text"] for task in tasks]
    with Store(db) as store:
        assert store.datasets == []


@pytest.mark.parametrize("algorithm", ["ema", "probability"])
def test_stream_of_one_task_is_not_sorted_away(db: str, algorithm: str) -> None:
    with typed(f"special.single ds --algorithm {algorithm}", db) as annotator:
        assert len(annotator.questions()) == 1


@pytest.mark.parametrize("value", ["none", "true", "int"])
def test_recipe_may_serve_nothing(value: str) -> None:
    recipe = named("special.nothing")
    arguments, _ = parse(recipe, ["-va", value])
    assert serve_made("special.nothing", recipe.function(**arguments), {}) is None


def test_recipe_that_returns_something_else_is_named() -> None:
    with pytest.raises(BioactiveError, match=r"B606.*special.nothing.*str"):
        serve_made("special.nothing", named("special.nothing").function("text"), {})


def test_functions_of_a_recipe_get_the_controller_and_the_session(db: str, events: list[Any]) -> None:
    with Store(db) as store:
        store.add_examples([{"text": "text 1", "answer": "accept"}], ["other"])
    with typed("special.session ds", db) as annotator:
        anna = annotator.named("anna")
        tasks = anna.questions()
        assert [task["text"] for task in tasks] == ["text 0", "text 2", "text 3"]
        assert anna.answer(tasks)["progress"] == 3 / 20
    assert events[0] == ("load", "ds") and events[-1] == ("exit", 3)
    assert ("ds-anna", 3, 3, 3) in events


def test_file_may_replace_a_built_in_recipe() -> None:
    from prodigy.core import get_recipe, list_recipes

    found = get_recipe("ner.manual")
    assert found is not None and found.__name__ == "own_manual"
    assert {"ner.teach", "textcat.manual", "train", "special.fails"} <= set(list_recipes())


def arguments_of(*words: str) -> dict[str, Any]:
    given, _ = parse(named("special.arguments"), list(words))
    return given


def test_arguments_come_as_they_are_described() -> None:
    given = arguments_of("a/b", "7", "-na", "x+y", "-LD", "-k", "false", "-ki", "b", "--many", "1,2", "-m", "3")
    assert given == {
        "first": Path("a/b"),
        "names": ["x", "y"],
        "loud": True,
        "known": False,
        "kind": "b",
        "number": 7,
        "many": [1, 2, 3],
        "plain": "x",
        "_extra": [],
    }


def test_arguments_keep_their_defaults() -> None:
    given = arguments_of("a")
    assert (given["names"], given["loud"], given["known"], given["number"]) == ((), False, True, 3)


def test_arguments_may_be_named_that_could_be_placed() -> None:
    assert arguments_of("a", "--plain", "y", "--number=9")["number"] == 9


def test_unknown_arguments_are_passed_on() -> None:
    given = arguments_of("a", "--training.max_epochs", "3", "--port", "1")
    assert given["_extra"] == ["--training.max_epochs", "3"]


@pytest.mark.parametrize("words", [["a", "-ki", "c"], ["a", "-k", "maybe"], ["a", "x"], []])
def test_wrong_arguments_are_told(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        arguments_of(*words)


def test_help_shows_docstring_and_descriptions() -> None:
    recipe = find_recipe("special.arguments")
    assert recipe is not None
    command = make_command(recipe)
    text = command.get_help(click.Context(command, info_name="special.arguments"))
    assert "Shows its arguments." in text and "-ki, --kind" in text.replace("--kind, -ki", "-ki, --kind")
    assert "A bare help string" in text and "A kind (a, b)" in text


def test_failure_shows_the_recipe_s_own_lines(db: str) -> None:
    from bioactive.annotate.running import run_typed

    with pytest.raises(RecipeFailure, match=r"B603.*special.fails.*IndexError") as caught:
        run_typed(["special.fails", "ds"])
    trace = caught.value.trace
    assert "return [][1]" in trace and "IndexError" in trace
    assert trace.count('File "') == 1 and "bioactive/annotate" not in trace
    with pytest.raises(BioactiveError, match=r"B605.*There is no model Train one first"):
        run_typed(["special.fails", "ds", "told"])
    with pytest.raises(BioactiveError, match=r"B604.*no.such.*special.fails"):
        run_typed(["no.such"])


def test_stream_that_fails_gives_what_it_had_and_then_says_why(db: str) -> None:
    with typed("special.fails ds later", db) as annotator:
        tasks = annotator.questions()
        assert [task["text"] for task in tasks] == ["the first"]
        annotator.answer(tasks)
        body = {"session_id": annotator.session}
        for _ in range(2):
            failed = annotator.client.post("/get_session_questions", json=body)
            assert failed.status_code == 422 and "KeyError: 'label'" in failed.json()["detail"]


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


def test_command_line_runs_a_file_of_recipes() -> None:
    listed = run("bioactive", "-F", str(FILE))
    assert "special.arguments" in listed.stdout and "Shows its arguments." in listed.stdout
    failed = run("bioactive", "special.fails", "ds", "-F", str(FILE))
    assert failed.returncode == 1 and "return [][1]" in failed.stderr and "[B603]" in failed.stderr
    assert "click" not in failed.stderr and "runpy" not in failed.stderr
    wrong = run("bioactive", "special.arguments", "-F", str(FILE))
    assert wrong.returncode == 2 and "Usage: bioactive special.arguments" in wrong.stderr
    missing = run("bioactive", "any", "-F", "nowhere.py")
    assert missing.returncode == 1 and "[B602]" in missing.stderr


def test_script_runs_with_the_names_of_prodigy(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nimport prodigy\nfrom neighbour import word\n"
        "@prodigy.recipe('mine')\ndef mine(name, number=1):\n    print(word, name, number, sys.argv[1:])\n"
        "prodigy.serve('mine anna 3')\nprodigy.serve('mine', 'ben', number=4)\n"
    )
    (tmp_path / "neighbour.py").write_text("word = 'hello'\n")
    done = run("bioactive.compat", str(script), "--more", cwd=tmp_path)
    assert done.stdout.splitlines() == ["hello anna 3 ['--more']", "hello ben 4 ['--more']"], done.stderr
    assert run("bioactive.compat", "info", cwd=tmp_path).returncode == 0


def test_import_outside_needs_install() -> None:
    done = subprocess.run([sys.executable, "-c", "import prodigy"], capture_output=True, text=True, cwd=ROOT)
    assert "No module named 'prodigy'" in done.stderr


def test_controller_needs_no_store(db: str) -> None:
    controller = Controller.from_components("x", {"dataset": "ds", "view_id": "text", "stream": [{"text": "a"}]})
    assert len(controller.get_questions()) == 1
    controller.db.close()
