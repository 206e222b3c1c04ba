"""The package's layers: who may import whom, read from the source with `ast`."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "bioactive"

GROUND = {"blocks", "errors", "tags", "fingerprint", "strict_json", "whole"}
KNOWLEDGE = {"tokenizer", "tables", "prints", "lean", *GROUND}
DATA = {"annotate.store", "annotate.tasks", "corpus", "evaluation"}
WORK = {"annotate.recipes", "active"}
TOP = {"annotate.server", "active.loop", "models"}

# The part on the left may import itself and what stands on the right; the longest name that fits a module is its part.
# A module of annotate that has no line of its own is as low as the store.
MAY_IMPORT: dict[str, set[str]] = {
    "blocks": set(),
    "errors": set(),
    "tags": {"errors"},
    "fingerprint": set(),
    "tables": set(),
    "whole": set(),
    "prints": set(),
    "lean": set(),
    "strict_json": set(),
    "tokenizer": GROUND,
    "ner": set(),
    "ner.lattice": set(),
    "ner.trellis": {"ner.lattice"},
    "ner.viterbi": {"ner.lattice"},
    "ner.crf": {"ner.lattice", "ner.trellis", "ner.viterbi"},
    "ner.context": set(),
    "ner.kernels": set(),
    "ner.head": {"ner.context", "ner.crf", "ner.fused", "ner.precision", *GROUND},
    "ner.encoder": {"ner.buckets", "ner.pooling", "ner.precision", "ner.statecache", *GROUND},
    "ner.bucketed": {"ner.buckets", "ner.fused", "ner.kernels", "ner.precision"},
    "ner.fused": set(),
    "ner.spelling": set(),
    "ner.pooling": set(),
    "ner.segments": set(),
    "ner.statecache": {"ner.segments", *GROUND},
    "ner.batching": {"blocks"},
    "ner.buckets": set(),
    "ner.precision": set(),
    "ner.calibrate": {"ner.component", *GROUND},
    "ner.gold": GROUND,
    "ner.spans": {"ner.lattice", *GROUND},
    "ner.temperature": set(),
    "ner.sampling": {"ner.context", "ner.head", "ner.crf", "ner.precision"},
    "ner.parses": {"ner.crf", "ner.lattice", "ner.viterbi", *GROUND},
    "ner.component": {"ner.head", "ner.crf", "ner.gold", "ner.sampling", "ner.spans", "ner.temperature", *GROUND},
    "corpus": {*KNOWLEDGE, *DATA},
    "evaluation": {*KNOWLEDGE, *DATA},
    "annotate": {*KNOWLEDGE, *DATA},
    "questions": {*KNOWLEDGE, *DATA},
    "questions.model": {"questions", "ner.head"},
    "cheap": {*KNOWLEDGE, *DATA, "ner.gold"},
    "annotate.teach": {*KNOWLEDGE, *DATA, "annotate", "active"},
    "annotate.recipes": {*KNOWLEDGE, *DATA, "annotate", "annotate.teach", "active"},
    "active": {*KNOWLEDGE, *DATA, "annotate", "annotate.recipes", "annotate.teach", "engine", "ner.parses"},
    "report": {*KNOWLEDGE, *DATA, "annotate"},
    "report.store": {*KNOWLEDGE, *DATA, "annotate", "models", "report"},
    "serving": {*KNOWLEDGE, *DATA, "annotate"},
    "notebook": {*KNOWLEDGE, *DATA, "annotate", "active", "simulation"},
    "engine": GROUND,
    "simulation": {*KNOWLEDGE, *DATA, "active", "cheap", "engine", "ner.gold", "report"},
    "annotate.running": {*KNOWLEDGE, *DATA, *WORK, *TOP, "annotate"},
    "annotate.server": {*KNOWLEDGE, *DATA, *WORK, *TOP, "annotate"},
    "active.loop": {*KNOWLEDGE, *DATA, *WORK, *TOP, "annotate"},
    "models": {*KNOWLEDGE, *DATA, *WORK, *TOP, "annotate", "ner.precision"},
    "compat": {*KNOWLEDGE, *DATA, *WORK, *TOP, "annotate", "annotate.running", "annotate.teach"},
    "compat.__main__": {*KNOWLEDGE, "annotate", "compat", "cli"},
    "cli": {
        "compat",
        "annotate.running",
        *KNOWLEDGE,
        *DATA,
        *WORK,
        *TOP,
        "annotate",
        "cheap",
        "engine",
        "report",
        "report.store",
        "serving",
        "simulation",
        "questions",
    },
    "__main__": {"cli"},
}
# What a packaged pipeline takes along, and what must not come with it.
RUNTIME = ("errors", "tags", "fingerprint", "whole", "tokenizer", "ner", "questions")
HEAVY = ("fastapi", "starlette", "uvicorn", "httpx", "sqlalchemy", "psycopg", "matplotlib", "plotly", "ray", "typer")


def modules() -> dict[str, Path]:
    """Source file by module name, relative to the package: "ner.crf"."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = path
    return found


MODULES = modules()


def part_of(module: str) -> str:
    """The longest name in the table that a module lies in."""
    names = [name for name in MAY_IMPORT if module == name or module.startswith(f"{name}.")]
    assert names, f"{module} is in no part of the table"
    return max(names, key=len)


def imports_of(module: str) -> Iterator[str]:
    """Names imported from within the package, relative to it: also inside functions, not those for types only."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in runtime_nodes(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
            yield from (name.removeprefix("bioactive.") for name in names if name.startswith("bioactive."))
        elif isinstance(node, ast.ImportFrom):
            base = from_base(node, package)
            if base is not None:
                yield from (f"{base}.{name.name}".strip(".") for name in node.names)


def runtime_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from runtime_nodes(child)


def from_base(node: ast.ImportFrom, package: str) -> str | None:
    """The module named in `from X import`, relative to the package; None when it is another package's."""
    if node.level == 0:
        name = node.module or ""
        return name.removeprefix("bioactive").lstrip(".") if name.split(".")[0] == "bioactive" else None
    parts = package.split(".") if package else []
    kept = parts[: len(parts) - (node.level - 1)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def module_of(name: str) -> str | None:
    """The module that a name such as "ner.crf.viterbi" lies in; None for the top of the package."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def forbidden_imports(module: str) -> list[str]:
    """The parts that a module imports and must not."""
    part = part_of(module)
    wanted = {part_of(target) for target in map(module_of, imports_of(module)) if target is not None}
    return sorted(wanted - MAY_IMPORT[part] - {part})


@pytest.mark.parametrize("module", sorted(MODULES))
def test_module_imports_only_what_its_layer_may(module: str) -> None:
    assert forbidden_imports(module) == []


def test_forbidden_import_is_noticed() -> None:
    tree = ast.parse("from ..annotate.store import Store")
    node = tree.body[0]
    assert isinstance(node, ast.ImportFrom)
    assert from_base(node, "ner") == "annotate.store"
    assert "annotate.store" not in MAY_IMPORT["ner.crf"]


def loaded_by(names: list[str]) -> set[str]:
    """Top-level packages in sys.modules after importing modules in a fresh interpreter."""
    code = f"import sys\nfor name in {names!r}: __import__(name)\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(result.stdout.split())


@pytest.mark.parametrize("module", ["ner.crf", "ner.lattice", "ner.trellis", "ner.viterbi"])
def test_inference_imports_torch_and_no_package_but_that(module: str) -> None:
    names = []
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            names += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module or "")
    assert {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) <= {"torch"}


def test_tags_and_errors_import_the_standard_library_only() -> None:
    extra = loaded_by(["bioactive.tags", "bioactive.errors"]) - loaded_by([])
    assert extra - set(sys.stdlib_module_names) == {"bioactive"}


def test_command_line_starts_without_spacy_or_torch() -> None:
    slow = {"spacy", "torch", "transformers", "numpy", "thinc", "fastapi", "sqlalchemy"}
    assert not loaded_by(["bioactive.cli.app"]) & slow


def test_runtime_set_imports_no_web_database_or_plotting_package() -> None:
    names = [f"bioactive.{name}" for name in MODULES if name.split(".")[0] in RUNTIME]
    # spaCy's own command line brings typer; whatever spaCy brings is not ours to forbid.
    extra = loaded_by(names) - loaded_by(["spacy", "spacy_transformers"])
    assert not extra & set(HEAVY)


def test_import_of_the_package_is_quick_and_loads_nothing() -> None:
    code = (
        "import sys, time; began = time.process_time(); import bioactive; took = time.process_time() - began;"
        "print(took, *{'spacy', 'torch', 'numpy', 'typer'} & set(sys.modules))"
    )
    took, *loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert float(took) < 0.2 and loaded == []
