"""The configs of published systems train, and the second step goes on from the first; encoders are compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import Doc
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config
from typer.testing import CliRunner

from bioactive.active.posteriors import posterior
from bioactive.cli.app import app
from bioactive.corpus.binfile import write_docs
from bioactive.errors import BioactiveError
from bioactive.simulation.comparison import Comparison, run_comparison
from bioactive.simulation.grid import FROZEN, WARMUP, Grid, _frozen, run_grid
from bioactive.simulation.in_memory import Schedule
from tests.encoders import build_bert

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("BIOACTIVE_CACHE", str(tmp_path / "cache"))
    vocab = spacy.blank("en").vocab
    names = ["p53", "CD4", "IL2", "TNF"]
    docs = [
        Doc(
            vocab,
            words=["the", names[n % 4], "gene", "x"],
            ents=["O", "B-GENE", "I-GENE", "O"],
            sent_starts=[1, 0, 0, 0],
        )
        for n in range(16)
    ]
    for name in ("train", "dev"):
        write_docs(docs, tmp_path / f"{name}.spacy")
    build_bert(tmp_path / "encoder")
    return tmp_path


def fit(config: str, data: Path, output: str, **settings) -> Path:
    """Train a config as `spacy train` does, for two epochs of four updates."""
    overrides = {"paths.train": str(data / "train.spacy"), "paths.dev": str(data / "dev.spacy")}
    overrides |= {"system.gpu_allocator": None, "paths.table": str(data / f"{output}.jsonl")}
    overrides |= {"vars.updates": 4, "vars.max_steps": 8, **settings}
    (data / output).mkdir()
    train(init_nlp(load_config(CONFIGS / config, overrides=overrides, interpolate=False)), data / output)
    return data / output / "model-last"


@pytest.mark.slow
@pytest.mark.parametrize(("system", "more"), [("craft_frozen", {"vars.layers": [1, 2]}), ("craft_trf", {})])
def test_transfer_goes_on_from_the_augmented_step(data, system, more):
    encoder = {"vars.encoder": str(data / "encoder")}
    first = fit(f"{system}.cfg", data, "augmented", **encoder, **more)
    rows = list(srsly.read_jsonl(data / "augmented.jsonl"))
    assert [row["epoch"] for row in rows] == [1.0, 2.0] and all(0 <= row["accuracy"] <= 1 for row in rows)
    # With a learning rate of zero the second step is the first one's pipeline, so nothing was begun anew.
    second = fit(f"{system}_transfer.cfg", data, "transfer", **{"paths.base": str(first), "vars.learn_rate": 0.0})
    before, after = (spacy.load(path) for path in (first, second))
    assert after.config["components"]["crf_ner"]["scorer"]["@scorers"] == "bioactive.crf_ner_scorer.v2"
    one, two = (posterior(nlp, [nlp.make_doc("the p53 gene x")])[0].marginals for nlp in (before, after))
    assert one == pytest.approx(two, abs=1e-4)


@pytest.mark.slow
def test_published_jnlpba_trains(data):
    more = {"vars.encoder": str(data / "encoder"), "vars.warmup_steps": 1}
    nlp = spacy.load(fit("jnlpba_published.cfg", data, "published", **more))
    assert nlp.get_pipe("crf_ner").labels == ("GENE",)
    assert len(list(srsly.read_jsonl(data / "published.jsonl"))) == 2


@pytest.mark.slow
def test_comparison_chooses_on_dev_and_is_not_repeated(data):
    build_bert(data / "other")
    encoders = [str(data / "encoder"), str(data / "other")]
    args = ["compare", str(CONFIGS / "crf_rounds.cfg"), *(str(data / f"{name}.spacy") for name in ("train", "dev"))]
    args += [str(data / "out"), "--encoders", ",".join(encoders), "--shares", "1.0,0.5", "--seeds", "0,1"]
    args += ["--try", "vars.learn_rate=0.0,0.01", "--batch-words", "16", "--epochs", "20", "--vars.layers", "[-1]"]
    found = CliRunner().invoke(app, args)
    assert found.exit_code == 0, found.output
    assert (data / "out" / "compare.svg").is_file() and "vars.learn_rate 0.01" in (
        data / "out" / "table.md"
    ).read_text()
    rows = list(srsly.read_jsonl(data / "out" / "shares.jsonl"))
    assert len(rows) == 2 * 2 * 2 and {row["set"]["vars.learn_rate"] for row in rows} == {0.01}
    assert [row["documents"] for row in rows[:2]] == [16, 8]
    again = CliRunner().invoke(app, args)
    assert again.output == found.output and len(list(srsly.read_jsonl(data / "out" / "shares.jsonl"))) == len(rows)
    comparison = Comparison(CONFIGS / "crf_rounds.cfg", data / "train.spacy", data / "dev.spacy", [])
    assert run_comparison(comparison, data / "out") == []


@pytest.mark.slow
def test_warm_up_is_a_share_of_the_updates(data):
    train_path, dev = data / "train.spacy", data / "dev.spacy"
    overrides = {"vars.encoder": str(data / "encoder"), "system.gpu_allocator": None}
    grid = Grid(
        CONFIGS / "crf_trf.cfg", train_path, dev, {WARMUP: [0.0, 1.0]}, overrides, Schedule(64, 1, 4, 4), ["strict"]
    )
    assert [json.loads(row["key"])[WARMUP] for row in run_grid(grid, data / "grid.jsonl")] == [0.0, 1.0]
    frozen = Grid(CONFIGS / "crf_rounds.cfg", train_path, dev, {WARMUP: [0.1]})
    with pytest.raises(BioactiveError, match="B705.*warmup_steps"):
        run_grid(frozen, data / "other.jsonl")


def test_encoders_of_a_config_are_found():
    config = load_config(CONFIGS / "crf_frozen.cfg")
    assert [block["@architectures"] for block in _frozen(config)] == [FROZEN]
    assert not list(_frozen(load_config(CONFIGS / "crf_trf.cfg")))


@pytest.mark.parametrize(("option", "text"), [("--shares", "1.0,50"), ("--shares", "0"), ("--seeds", "half")])
def test_comparison_refuses_lists_of_no_use(option, text, tmp_path):
    args = ["compare", "a.cfg", "a", "b", str(tmp_path), "--encoders", "x", option, text]
    assert "B704" in str(CliRunner().invoke(app, args).exception)
