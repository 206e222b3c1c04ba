"""The pipes on a GPU: what is trained there, and what a CPU makes of it afterwards. Skipped where there is none."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from spacy.util import minibatch
from thinc.api import fix_random_seed, require_cpu, require_gpu

from bioactive.active.measures import measures
from bioactive.active.posteriors import posterior
from bioactive.active.rank import rank
from bioactive.ner import crf
from bioactive.ner.crf import Lattice, SpanQuery

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")

POOLING = {"@layers": "reduce_mean.v1"}
LISTENER = {"@architectures": "spacy-transformers.TransformerListener.v1", "pooling": POOLING}
STRIDED = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 64, "stride": 48}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


@pytest.fixture(autouse=True)
def gpu() -> Iterator[None]:
    """Work on the GPU, and leave the CPU to other tests."""
    require_gpu()
    yield
    require_cpu()


def bucketed(encoder: Any) -> dict[str, Any]:
    model = {"@architectures": "bioactive.BucketedTransformer.v1", "name": str(encoder), "precision": "float32"}
    return {**model, "get_spans": STRIDED, "transformer_config": STILL}


def pipeline(kind: str, encoder: Any) -> Language:
    """A blank pipeline with a `crf_ner` over a fine-tuned encoder, a frozen one, or a CNN."""
    nlp = spacy.blank("en")
    tagger: dict[str, Any] = {"@architectures": "bioactive.CRFTagger.v1"}
    if kind == "trf":
        nlp.add_pipe("transformer", config={"model": bucketed(encoder)})
        tagger["tok2vec"] = LISTENER
    elif kind == "frozen":
        frozen = {"@architectures": "bioactive.FrozenTransformer.v1", "name": str(encoder), "layers": [1, 2]}
        tagger |= {"context_width": 16, "tok2vec": {**frozen, "precision": "float32", "cache_dir": None}}
    nlp.add_pipe("crf_ner", config={"model": tagger} if kind != "cnn" else {})
    return nlp


def trained(kind: str, encoder: Any, examples: list[Example], epochs: int = 15) -> Language:
    fix_random_seed(0)
    nlp, rng = pipeline(kind, encoder), random.Random(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.005
    for _ in range(epochs):
        rng.shuffle(examples)
        for batch in minibatch(examples, 8):
            nlp.update(batch, sgd=optimizer, drop=0.1)
    return nlp


@pytest.mark.parametrize("kind", ["trf", "frozen", "cnn"])
def test_trained_on_a_gpu_and_loaded_on_a_cpu_it_says_the_same(kind, tiny_bert, examples, tmp_path):
    nlp = trained(kind, tiny_bert, examples)
    assert next(nlp.get_pipe("crf_ner").model.get_ref("output_layer").shims[0].network.parameters()).is_cuda
    assert nlp.evaluate(examples)["ents_f"] > 0.8
    nlp.get_pipe("crf_ner").fit_temperature([Example(doc, eg.reference) for doc, eg in predicted(nlp, examples)])
    there = [posterior(nlp, [eg.predicted.copy()])[0] for eg in examples]
    nlp.to_disk(tmp_path / "pipeline")
    require_cpu()
    back = spacy.load(tmp_path / "pipeline")
    here = [posterior(back, [eg.predicted.copy()])[0] for eg in examples]
    for one, other in zip(there, here, strict=True):
        assert [span[:3] for span in one.spans] == [span[:3] for span in other.spans]
        assert one.marginals == pytest.approx(other.marginals, abs=2e-3)


def predicted(nlp: Language, examples: list[Example]) -> Iterator[tuple[Any, Example]]:
    yield from zip(nlp.pipe(eg.predicted.copy() for eg in examples), examples, strict=True)


@pytest.mark.parametrize("kind", ["trf", "frozen"])
@pytest.mark.parametrize("passes", ["head", "full"])
def test_dropout_passes_run_on_a_gpu(kind, passes, tiny_bert, examples):
    nlp = trained(kind, tiny_bert, examples, epochs=2)
    docs = [eg.predicted.copy() for eg in examples[:5]]
    tagger = nlp.get_pipe("crf_ner")
    encoder = nlp.get_pipe("transformer") if kind == "trf" else None
    if encoder is not None:
        docs = list(encoder.pipe(docs))
    for doc, found in zip(
        docs, tagger.sample_posteriors(docs, samples=4, passes=passes, drop=0.3, encoder=encoder), strict=True
    ):
        assert found.marginals.shape[:2] == (4, len(doc))
        assert found.marginals.sum(-1) == pytest.approx(1.0, abs=1e-4)
        assert found.marginals.std(0).max() > 0


@pytest.mark.parametrize("kind", ["trf", "frozen"])
def test_a_pool_is_ranked_on_a_gpu_as_on_a_cpu(kind, tiny_bert, examples, tmp_path):
    nlp = trained(kind, tiny_bert, examples, epochs=3)
    pool = [{"text": text} for text in dict.fromkeys(eg.text for eg in examples)]
    there = [task["score"] for task in rank(nlp, pool, "mnlp", 10, seed=0)]
    nlp.to_disk(tmp_path / "pipeline")
    require_cpu()
    here = [task["score"] for task in rank(spacy.load(tmp_path / "pipeline"), pool, "mnlp", 10, seed=0)]
    assert there == pytest.approx(here, abs=2e-3)


def test_autocast_on_a_gpu_is_close_to_float32(tiny_bert, examples):
    found = []
    for precision in ("float32", "auto"):
        fix_random_seed(0)
        nlp = spacy.blank("en")
        nlp.add_pipe("transformer", config={"model": {**bucketed(tiny_bert), "precision": precision}})
        nlp.initialize()
        docs = nlp.pipe([eg.predicted.copy() for eg in examples])
        found.append([doc._.trf_data.model_output.last_hidden_state for doc in docs])
    for full, low in zip(*found, strict=True):
        assert full.get().dtype == low.get().dtype == numpy.float32
        assert low.get() == pytest.approx(full.get(), abs=0.1)


def test_every_measure_is_found_on_a_gpu(tiny_bert, examples):
    nlp = trained("frozen", tiny_bert, examples, epochs=2)
    pool = [{"text": text} for text in dict.fromkeys(eg.text for eg in examples)]
    for name in measures.get_all():
        assert list(rank(nlp, pool, name, 3, seed=0)), name


def test_inference_on_a_gpu_equals_that_on_a_cpu():
    generator = torch.Generator().manual_seed(0)
    draw = torch.randn(5, 9, 7, generator=generator), torch.tensor([9, 1, 4, 0, 7]), torch.randn(8, 7)
    legal = torch.rand(8, 7, generator=generator) > 0.2
    allowed = torch.rand(5, 9, 7, generator=generator) > 0.2
    rejected = [SpanQuery(0, 1, 3, 1, 2), SpanQuery(2, 0, 1, 3, 4)]
    found = []
    for device in ("cpu", "cuda"):
        lattice = Lattice(*(tensor.to(device) for tensor in draw))
        loss = crf.loss_and_gradient(lattice, legal.to(device), allowed.to(device), rejected)
        best = crf.viterbi(crf.forbid(lattice, legal.to(device)))
        entropy, spans = crf.sequence_entropy(lattice), crf.span_log_probs(lattice, rejected)
        found.append([*loss, *best, crf.marginals(lattice), crf.pair_marginals(lattice), entropy, spans])
    for here, there in zip(*found, strict=True):
        assert there.cpu().numpy() == pytest.approx(here.numpy(), abs=1e-4)
