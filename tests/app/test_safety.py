"""What keeps files and code apart: paths, saved models, imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioactive.annotate.controller import Controller
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from tests.app.support import ROOT, AppClient, numbered_tasks

UNSAFE = {"pickle", "cPickle", "dill", "marshal", "shelve", "zipfile", "tarfile", "cloudpickle", "joblib"}


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2fserver.py",
        "/static/js/..%2f..%2f..%2fserver.py",
        "/static/%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/js/%00",
    ],
)
def test_no_path_leads_out_of_the_folder_of_the_page(path: str, tmp_path: Path) -> None:
    with Store(str(tmp_path / "a.db")) as store:
        recipe = {"dataset": "ds", "view_id": "ner_manual", "stream": numbered_tasks(1)}
        app = create_app(Controller(recipe, store))
        assert AppClient(app).get(path).status_code in (400, 404)


def names_used() -> Iterator[tuple[str, str]]:
    """Each module's imports and the dotted names that it calls."""
    for path in sorted((ROOT / "bioactive").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path.name, node.module.split(".")[0]
            elif isinstance(node, ast.Call):
                yield path.name, ast.unparse(node.func)


def test_nothing_is_unpickled_or_unpacked() -> None:
    used = set(names_used())
    assert ("head.py", "torch") in used or any(name == "torch" for _, name in used)
    assert not {(path, name) for path, name in used if name in UNSAFE | {"torch.load", "eval", "exec", "yaml.load"}}
