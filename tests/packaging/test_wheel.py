"""A packaged pipeline beside the runtime wheel, in a folder that holds nothing else of ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from bioactive.tokenizer import blank

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["TNF-alpha raised IL-2 in T cells.", "IL-2 fell.", "", "Nothing here (p<0,05)."]
TRAINING = [
    ("IL-2 binds its receptor on T cells.", [(0, 4, "Protein"), (27, 34, "CellType")]),
    ("T cells make TNF-alpha.", [(0, 7, "CellType"), (13, 22, "Protein")]),
]
# Printed by the interpreter that has the wheels: where things came from, what was imported, what was predicted.
USE = """
import json, sys
import spacy
name, texts = sys.argv[1], json.loads(sys.argv[2])
nlp = spacy.load(name)
import bioactive
ents = [[(e.start_char, e.end_char, e.label_, e._.confidence) for e in doc.ents] for doc in nlp.pipe(texts)]
roots = sorted({module.partition(".")[0] for module in sys.modules})
print(json.dumps({"ents": ents, "from": bioactive.__file__, "modules": roots}))
"""
# spaCy itself brings an HTTP client.
HEAVY = {"fastapi", "starlette", "uvicorn", "sqlalchemy", "psycopg", "matplotlib", "plotly", "ray"}
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 32,
    "depth": 2,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
}


def run(*words: object, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run this Python with no index to reach, and show what it said when it fails."""
    env = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", **settings.pop("env", {})}
    command = [sys.executable, *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True, env=env, **settings)
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def trained(tok2vec: dict[str, Any]) -> Language:
    """A small pipeline that has seen a few sentences."""
    nlp = blank("en")
    nlp.add_pipe("crf_ner", config={"model": {"@architectures": "bioactive.CRFTagger.v1", "tok2vec": tok2vec}})
    examples = []
    for text, entities in TRAINING:
        doc = nlp.make_doc(text)
        gold = doc.copy()
        gold.set_ents([span for s, e, label in entities if isinstance(span := gold.char_span(s, e, label), Span)])
        examples.append(Example(doc, gold))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(10):
        nlp.update(examples, sgd=optimizer)
    return nlp


@pytest.fixture(scope="module")
def runtime_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of bioactive, built from a copy, so that the checkout stays clean."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "bioactive", source / "bioactive", ignore=shutil.ignore_patterns("__pycache__"))
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", source)
    return next((source / "dist").glob("bioactive-*.whl"))


class Packaged:
    """A pipeline's wheel, and the pipeline that it was made of.

    name (str): Name of the package.
    model (Path): The pipeline's folder.
    """

    def __init__(self, name: str, wheel: Path, nlp: Language, model: Path) -> None:
        self.name, self.wheel, self.nlp, self.model = name, wheel, nlp, model


def package(model: Path, output: Path, name: str) -> Path:
    """The wheel of a pipeline, as `spacy project run package` builds it."""
    words = ["--name", name.removeprefix("en_"), "--version", "0.0.1"]
    run(ROOT / "scripts" / "package.py", model, output, *words)
    return next(output.rglob("*.whl"))


@pytest.fixture(scope="module", params=["cnn", "frozen"])
def packaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """A packaged pipeline with a tok2vec, and one with an encoder whose folder is gone by the time it is loaded."""
    folder = tmp_path_factory.mktemp(request.param)
    tok2vec = TOK2VEC
    if request.param == "frozen":
        shutil.copytree(request.getfixturevalue("tiny_bert"), folder / "encoder")
        tok2vec = {"@architectures": "bioactive.FrozenTransformer.v1", "name": str(folder / "encoder"), "layers": [-1]}
    nlp = trained(tok2vec)
    nlp.to_disk(folder / "model")
    wheel = package(folder / "model", folder / "out", request.param)
    shutil.rmtree(folder / "encoder", ignore_errors=True)
    return Packaged(f"en_{request.param}", wheel, nlp, folder / "model")


@pytest.fixture(scope="module")
def installed(packaged: Packaged, runtime_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an interpreter says that finds both wheels in a folder of their own."""
    target = tmp_path_factory.mktemp("target")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--target", target, runtime_wheel, packaged.wheel)
    words = ["-c", USE, packaged.name, json.dumps(TEXTS)]
    result = run(*words, cwd=target, env={"PYTHONPATH": str(target), "HF_HUB_OFFLINE": "1"})
    found: dict[str, Any] = json.loads(result.stdout)
    assert Path(found["from"]).is_relative_to(target)
    return found


def test_installed_wheel_predicts_the_same(packaged: Packaged, installed: dict[str, Any]) -> None:
    docs = packaged.nlp.pipe(TEXTS)
    expected = [[[e.start_char, e.end_char, e.label_, e._.confidence] for e in doc.ents] for doc in docs]
    assert any(expected), "the pipeline has learned nothing, so this would show nothing"
    assert installed["ents"] == expected


def test_installed_wheel_imports_no_web_database_or_plotting_package(installed: dict[str, Any]) -> None:
    assert not set(installed["modules"]) & HEAVY


def test_wheel_packaged_again_has_the_same_bytes(packaged: Packaged) -> None:
    before, folder = packaged.wheel.read_bytes(), packaged.wheel.parents[1]
    # Another day, and what an earlier pipeline of the same name has left.
    for path in packaged.model.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (folder / "README.md").write_text("scores of yesterday", encoding="utf8")
    (folder / "build" / "lib" / packaged.name / "old_component").write_text("", encoding="utf8")
    assert package(packaged.model, folder.parent, packaged.name).read_bytes() == before


def test_wheel_requires_bioactive(packaged: Packaged) -> None:
    with zipfile.ZipFile(packaged.wheel) as wheel:
        metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        assert "Requires-Dist: bioactive" in wheel.read(metadata).decode()


def test_runtime_wheel_holds_the_page_and_no_tests(runtime_wheel: Path) -> None:
    with zipfile.ZipFile(runtime_wheel) as wheel:
        names = wheel.namelist()
    assert "bioactive/annotate/static/index.html" in names
    assert "bioactive/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"bioactive"}


def test_runtime_wheel_pulls_no_web_database_or_plotting_package(runtime_wheel: Path) -> None:
    with zipfile.ZipFile(runtime_wheel) as wheel:
        metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        lines = wheel.read(metadata).decode().splitlines()
    required = [line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert required
    assert not [line for line in required if any(name in line.lower() for name in HEAVY)]


def test_wheel_without_bioactive_names_what_is_missing(packaged: Packaged, tmp_path: Path) -> None:
    # All of this environment's packages but ours: -S leaves site-packages out, the links bring the rest back.
    (tmp_path / "others").mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "bioactive" not in entry.name:
            (tmp_path / "others" / entry.name).symlink_to(entry)
    run("-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "target", packaged.wheel)
    path = os.pathsep.join([str(tmp_path / "target"), str(tmp_path / "others")])
    command = [sys.executable, "-S", "-c", USE, packaged.name, "[]"]
    env = {**os.environ, "PYTHONPATH": path}
    result = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path)
    assert result.returncode != 0
    assert "bioactive." in result.stderr.splitlines()[-1] or "'bioactive" in result.stderr
    assert "make sure" in result.stderr or "No module named" in result.stderr


def test_pipeline_survives_a_second_load(packaged: Packaged, tmp_path: Path) -> None:
    packaged.nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    for doc, other in zip(packaged.nlp.pipe(TEXTS), again.pipe(TEXTS), strict=True):
        assert [(e.text, e._.confidence) for e in doc.ents] == [(e.text, e._.confidence) for e in other.ents]
