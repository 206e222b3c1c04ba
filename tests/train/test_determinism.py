"""The same seed gives the same bytes: in another process, under another hash seed, with files in another order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bioactive.corpus.convert import convert

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"training.max_epochs": 2, "training.eval_frequency": 2, "nlp.batch_size": 8}
TINY = {
    "crf_cnn": {
        "components.tok2vec.model.encode.width": 32,
        "components.tok2vec.model.embed.rows": [200, 100, 200, 200],
    },
    "crf_frozen": {"vars.layers": [-1], "vars.cache_dir": None, "components.crf_ner.model.context_width": 32},
}


def trained(name: str, output: Path, settings: dict[str, object], hash_seed: int, threads: int) -> dict[str, str]:
    """The fingerprints of a pipeline that a process of its own has trained."""
    words = [f"{key}={json.dumps(value)}" for key, value in {**TINY[name], **SHORT, **settings}.items()]
    command = [sys.executable, "tests/train/fixed_run.py", f"configs/{name}.cfg", str(output), str(threads), *words]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", TINY)
def test_same_seed_gives_the_same_pipeline_to_the_bit(
    name: str, corpus: dict[str, Path], tiny_bert: Path, tmp_path: Path
) -> None:
    settings: dict[str, object] = {"paths.train": str(corpus["train"]), "paths.dev": str(corpus["dev"])}
    if name == "crf_frozen":
        settings["vars.encoder"] = str(tiny_bert)
    first = trained(name, tmp_path / "first", settings, hash_seed=1, threads=1)
    again = trained(name, tmp_path / "again", settings, hash_seed=2, threads=1)
    assert "crf_ner/model" in first
    assert again == first


def test_order_of_files_changes_nothing(tmp_path: Path) -> None:
    names = [f"doc{number}" for number in range(12)]
    for folder, order in {"one": names, "other": names[::-1]}.items():
        (tmp_path / folder).mkdir()
        for name in order:
            (tmp_path / folder / f"{name}.txt").write_text(f"{name} has aspirin.\n", encoding="utf8")
            (tmp_path / folder / f"{name}.ann").write_text(
                f"T1\tChemical {len(name) + 5} {len(name) + 12}\taspirin\n", encoding="utf8"
            )
        convert(tmp_path / folder, tmp_path / f"{folder}.spacy")
    assert (tmp_path / "one.spacy").read_bytes() == (tmp_path / "other.spacy").read_bytes()
