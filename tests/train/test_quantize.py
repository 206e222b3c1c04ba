"""Pipelines whose encoders predict in 8-bit integers."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from typer.testing import CliRunner

from bioactive.cli.app import app
from bioactive.errors import BioactiveError
from bioactive.models.quantize import quantize

FROZEN = {"@architectures": "bioactive.FrozenTransformer.v1", "layers": [1, 2]}
BUCKETED = {"@architectures": "bioactive.BucketedTransformer.v1"}


def pipeline(kind: str, encoder: Path, examples: list[Example]) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    tok2vec: dict = {**FROZEN, "name": str(encoder)}
    if kind == "bucketed":
        spans = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96}
        nlp.add_pipe("transformer", config={"model": {**BUCKETED, "name": str(encoder), "get_spans": spans}})
        pooling = {"@layers": "reduce_mean.v1"}
        tok2vec = {"@architectures": "spacy-transformers.TransformerListener.v1", "pooling": pooling}
    nlp.add_pipe("crf_ner", config={"model": {"@architectures": "bioactive.CRFTagger.v1", "tok2vec": tok2vec}})
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.01, use_averages=False)
    for _ in range(25):
        nlp.update(examples, sgd=optimizer, drop=0.0)
    return nlp


def posteriors(nlp: Language, docs: list[Doc]) -> list:
    with nlp.select_pipes(disable="crf_ner"):
        read = list(nlp.pipe(doc.copy() for doc in docs))
    return [own.marginals for own in nlp.get_pipe("crf_ner").posteriors(read)]


@pytest.mark.parametrize("kind", ["frozen", "bucketed"])
def test_quantized_pipeline_is_close_and_stays_so_when_saved(kind, tiny_bert, examples, tmp_path):
    nlp = pipeline(kind, tiny_bert, examples)
    docs = [eg.reference for eg in examples]
    before = posteriors(nlp, docs)
    found = quantize(nlp, docs)
    note = nlp.meta["int8"]
    assert note["f1_before"] > 0.5
    assert found.difference.value == pytest.approx(note["f1_after"] - note["f1_before"])
    after = posteriors(nlp, docs)
    changes = [abs(one - two).max() for one, two in zip(before, after, strict=True)]
    assert 0.0 < max(changes) < 0.2
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.meta["int8"]["difference"] == note["difference"]
    for one, two in zip(after, posteriors(again, docs), strict=True):
        assert one == pytest.approx(two, abs=1e-6)


def test_training_goes_on_in_full_precision(tiny_bert, examples):
    nlp = pipeline("bucketed", tiny_bert, examples)
    quantize(nlp, [eg.reference for eg in examples])
    first = posteriors(nlp, [examples[0].reference])
    nlp.update(examples, sgd=Adam(0.05, use_averages=False), drop=0.0)
    assert abs(first[0] - posteriors(nlp, [examples[0].reference])[0]).max() > 0.0


def test_pipeline_without_such_an_encoder_is_refused(examples):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("Disease")
    nlp.initialize()
    with pytest.raises(BioactiveError, match="B209"):
        quantize(nlp, [eg.reference for eg in examples])


def test_command_writes_the_pipeline_and_says_what_it_costs(tiny_bert, examples, tmp_path):
    pipeline("frozen", tiny_bert, examples).to_disk(tmp_path / "old")
    DocBin(docs=[eg.reference for eg in examples]).to_disk(tmp_path / "dev.spacy")
    words = ["quantize", tmp_path / "old", tmp_path / "new", "--data", tmp_path / "dev.spacy"]
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0
    assert "95 % interval" in result.output
    assert "int8" in spacy.load(tmp_path / "new").meta
