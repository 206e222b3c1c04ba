"""spaCy's own commands work on `crf_ner` as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import srsly
from spacy.tokens import DocBin
from thinc.api import Config

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture
def corpus(examples, tmp_path) -> Path:
    path = tmp_path / "data.spacy"
    DocBin(docs=[eg.reference for eg in examples]).to_disk(path)
    return path


def command(*words: object, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "spacy", *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["crf_cnn", "crf_frozen", "crf_trf"])
def test_config_trains_evaluates_and_is_measured(name, corpus, tiny_bert, tmp_path):
    config = ROOT / "configs" / f"{name}.cfg"
    paths = ["--paths.train", corpus, "--paths.dev", corpus]
    if name != "crf_cnn":
        paths += ["--vars.encoder", tiny_bert]
    if name == "crf_frozen":
        paths += ["--vars.layers", "[-1]"]
    if name == "crf_trf":
        paths += ["--system.gpu_allocator", "null"]
    command("debug", "config", config, *paths, folder=tmp_path)
    short = ["--training.max_epochs", "2", "--training.eval_frequency", "2"]
    command("train", config, "--output", "run", *paths, *short, folder=tmp_path)
    command("evaluate", "run/model-best", corpus, "--output", "scores.json", folder=tmp_path)
    assert set(srsly.read_json(tmp_path / "scores.json")) >= {"ents_f", "ents_p", "ents_r", "ents_per_type", "speed"}
    output = command("benchmark", "speed", "run/model-best", corpus, "--batches", "30", folder=tmp_path)
    assert "words/s" in output.lower() or "wps" in output.lower() or "mean" in output.lower(), output


def test_init_labels_feeds_initialize(corpus, tmp_path):
    config = ROOT / "configs" / "crf_cnn.cfg"
    paths = ["--paths.train", corpus, "--paths.dev", corpus]
    command("init", "labels", config, "labels", *paths, folder=tmp_path)
    assert srsly.read_json(tmp_path / "labels" / "crf_ner.json") == ["Chemical", "Disease"]
    reader = {"@readers": "spacy.read_labels.v1", "path": "labels/crf_ner.json", "require": True}
    changed = Config().from_disk(config, interpolate=False)
    changed["initialize"]["components"] = {"crf_ner": {"labels": reader}}
    changed.to_disk(tmp_path / "with_labels.cfg")
    output = command("train", "with_labels.cfg", *paths, "--training.max_epochs", "1", folder=tmp_path)
    assert "Initialized pipeline" in output


def test_debug_data_reads_the_corpus(corpus, tmp_path):
    config = ROOT / "configs" / "crf_cnn.cfg"
    paths = ["--paths.train", corpus, "--paths.dev", corpus]
    done = subprocess.run(
        [sys.executable, "-m", "spacy", "debug", "data", config, *paths], capture_output=True, text=True, timeout=400
    )
    # Forty short sentences are too few for debug data, which says so and exits with 1; it must have read them.
    assert "40 training docs" in done.stdout and "Corpus is loadable" in done.stdout
