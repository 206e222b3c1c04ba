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
TINY: dict[str, dict[str, object]] = {
    "crf_cnn": {
        "components.tok2vec.model.encode.width": 32,
        "components.tok2vec.model.embed.rows": [200, 100, 200, 200],
    },
    "crf_frozen": {"vars.layers": [-1], "vars.cache_dir": None, "components.crf_ner.model.context_width": 32},
    "crf_trf": {},
}


@pytest.fixture
def configs(corpus: dict[str, Path], tiny_bert: Path) -> dict[str, dict[str, object]]:
    """Settings by config: a tiny corpus, a tiny encoder, two epochs."""
    paths = {"paths.train": str(corpus["train"]), "paths.dev": str(corpus["dev"])}
    encoder = {"vars.encoder": str(tiny_bert)}
    return {
        f"configs/{name}.cfg": {**paths, **own, **SHORT, **({} if name == "crf_cnn" else encoder)}
        for name, own in TINY.items()
    }


def trained(configs: dict[str, dict[str, object]], output: Path, hash_seed: int, threads: int) -> dict[str, object]:
    """The fingerprints of pipelines that a process of its own has trained."""
    command = [sys.executable, "tests/train/fixed_run.py", str(output), str(threads), json.dumps(configs)]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_gives_the_same_pipelines_to_the_bit(
    threads: int, configs: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    first = trained(configs, tmp_path / "first", hash_seed=1, threads=threads)
    again = trained(configs, tmp_path / "again", hash_seed=2, threads=threads)
    assert list(first) == list(TINY) and all("crf_ner/model" in files for files in first.values())
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
