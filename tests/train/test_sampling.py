"""Stochastic passes: what is dropped, what stays the same whatever the batch, and the reference they stand for."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import set_dropout_rate

from bioactive.errors import BioactiveError
from bioactive.ner.component import CRFNer
from bioactive.ner.sampling import draw_masks, head_passes

TEXTS = ["aspirin relieved gout .", "Outcome was poor .", "No", "Лития карбонат and metformin for type 2 diabetes ."]


def trained(examples, **model) -> Language:
    """A pipeline of a few steps from random."""
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner", config={"model": {"@architectures": "bioactive.CRFTagger.v1", **model}})
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(5):
        nlp.update(examples, sgd=optimizer, drop=0.2)
    return nlp


@pytest.fixture(params=[("crf", 0), ("crf", 8), ("softmax", 8)], ids=["crf", "crf-lstm", "softmax-lstm"])
def nlp(request, examples) -> Language:
    decoder, width = request.param
    return trained(examples, decoder=decoder, context_width=width)


def docs_of(nlp: Language) -> list[Doc]:
    return [nlp.make_doc(text) for text in TEXTS]


def crf_of(nlp: Language) -> CRFNer:
    return nlp.get_pipe("crf_ner")


@pytest.mark.parametrize("passes", ["head", "full"])
def test_samples_are_distributions_and_legal_sequences(nlp, passes):
    crf = crf_of(nlp)
    for doc, found in zip(docs_of(nlp), crf.sample_posteriors(docs_of(nlp), 6, passes=passes), strict=True):
        assert found.marginals.shape == (6, len(doc), len(crf.tags))
        assert found.marginals.sum(axis=-1) == pytest.approx(numpy.ones((6, len(doc))), abs=1e-5)
        for row in found.best:
            names = [crf.tags[k] for k in row]
            for before, after in zip(["O", *names], names, strict=False):
                assert not after.startswith("I-") or before[2:] == after[2:]


def test_passes_differ_and_the_seed_decides_them(nlp):
    crf = crf_of(nlp)
    first, again, other = (crf.sample_posteriors(docs_of(nlp), 4, seed, drop=0.5)[3].marginals for seed in (0, 0, 1))
    assert numpy.array_equal(first, again)
    assert not numpy.allclose(first, other)
    assert not numpy.allclose(first[0], first[1])


def test_without_dropout_every_pass_is_the_plain_posterior(nlp):
    crf = crf_of(nlp)
    plain = crf.posteriors(docs_of(nlp))
    for passes in ("head", "full"):
        for own, found in zip(plain, crf.sample_posteriors(docs_of(nlp), 2, passes=passes, drop=0.0), strict=True):
            # The passes may run in bf16.
            assert found.marginals == pytest.approx(numpy.stack([own.marginals] * 2), abs=0.02)


@pytest.mark.parametrize("passes", ["head", "full"])
def test_samples_do_not_depend_on_batch_order_or_padding(nlp, passes):
    crf, docs = crf_of(nlp), docs_of(nlp)
    together = crf.sample_posteriors(docs, 5, passes=passes)
    backwards = crf.sample_posteriors(docs[::-1] + docs[:1], 5, passes=passes)[3::-1]
    for doc, one, two in zip(docs, together, backwards, strict=True):
        (alone,) = crf.sample_posteriors([doc], 5, passes=passes)
        assert alone.marginals == pytest.approx(one.marginals, abs=1e-4)
        assert two.marginals == pytest.approx(one.marginals, abs=1e-4)


def test_first_samples_of_many_are_those_of_few(nlp):
    few, many = (crf_of(nlp).sample_posteriors(docs_of(nlp), samples)[0] for samples in (3, 8))
    assert many.marginals[:3] == pytest.approx(few.marginals, abs=1e-4)


def test_empty_docs_have_samples_of_no_words(nlp):
    crf = crf_of(nlp)
    for passes in ("head", "full"):
        empty, _, also = crf.sample_posteriors(
            [nlp.make_doc(""), nlp.make_doc("a"), nlp.make_doc("")], 3, passes=passes
        )
        assert empty.marginals.shape == also.marginals.shape == (3, 0, len(crf.tags))
        assert empty.best.shape == (3, 0)
    assert crf.sample_posteriors([], 3) == []


def test_sampling_leaves_predictions_and_global_generators_as_they_were(nlp):
    crf, docs = crf_of(nlp), docs_of(nlp)
    before = [own.marginals for own in crf.posteriors(docs)]
    torch.manual_seed(0)
    numpy.random.seed(0)
    expected = torch.rand(3), numpy.random.rand(3)
    torch.manual_seed(0)
    numpy.random.seed(0)
    crf.sample_posteriors(docs, 2, passes="full")
    crf.sample_posteriors(docs, 2, passes="head")
    assert torch.equal(torch.rand(3), expected[0])
    assert numpy.array_equal(numpy.random.rand(3), expected[1])
    for own, found in zip(before, crf.posteriors(docs), strict=True):
        assert numpy.array_equal(own, found.marginals)


def test_masks_drop_the_share_asked_for_and_keep_the_mean(nlp):
    shim = crf_of(nlp).model.get_ref("output_layer").shims[0]
    first, inner, second = draw_masks(shim, samples=400, rate=0.25, seed=0)
    assert inner.shape[1] == 0
    for mask in (first, second):
        assert mask.shape[0] == 400
        assert sorted(mask.unique().tolist()) == pytest.approx([0.0, 4 / 3])
        assert mask.mean().item() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(
    ("width", "depth", "context"), [(0, 1, "lstm"), (8, 1, "lstm"), (8, 2, "lstm"), (8, 1, "conv"), (8, 3, "conv")]
)
def test_thinned_networks_equal_the_layers_with_masks_written_out(examples, monkeypatch, width, depth, context):
    monkeypatch.setattr("bioactive.ner.sampling.head_in_bf16", lambda device: False)
    pipe = crf_of(trained(examples, context_width=width, context_depth=depth, context=context))
    head = pipe.model.get_ref("output_layer")
    network = head.shims[0].network.eval()
    vectors = [torch.randn(5, head.shims[0].cfg["n_in"]), torch.randn(5, head.shims[0].cfg["n_in"])]
    masks = draw_masks(head.shims[0], samples=3, rate=0.5, seed=0)
    ((rows, lattice),) = head_passes(head, [own.numpy() for own in vectors], samples=3, rate=0.5, seed=0)
    for place, row in enumerate(rows):
        for s, (first, inner, second) in enumerate(zip(*masks, strict=True)):
            hidden = vectors[row][None] * first
            if context == "conv":
                dropped = network.context(
                    hidden[0], torch.tensor([5]), lambda x, number, inner=inner: x * inner[number]
                )
                hidden = dropped[None] * second
            elif network.context is not None:
                hidden = network.context(hidden)[0] * second
            assert torch.allclose(lattice.emissions[place * 3 + s], network.output(hidden)[0], atol=1e-5)


def test_full_passes_over_an_encoder_that_drops_nothing_are_the_head_passes(nlp, monkeypatch):
    set_dropout_rate(crf_of(nlp).model, 0.0)
    monkeypatch.setattr("bioactive.ner.sampling.set_dropout_rate", lambda model, rate: None)
    head, full = (crf_of(nlp).sample_posteriors(docs_of(nlp), 3, passes=passes) for passes in ("head", "full"))
    for one, two in zip(head, full, strict=True):
        assert one.marginals == pytest.approx(two.marginals, abs=1e-4)


def test_rate_is_that_of_the_training_and_survives_saving(nlp):
    crf = crf_of(nlp)
    trained_rate = crf.sample_posteriors(docs_of(nlp), 2)[0].marginals
    assert numpy.array_equal(trained_rate, crf.sample_posteriors(docs_of(nlp), 2, drop=0.2)[0].marginals)
    again = spacy.blank("en")
    again.add_pipe("crf_ner", config={"model": nlp.config["components"]["crf_ner"]["model"]})
    again.from_bytes(nlp.to_bytes())
    assert numpy.array_equal(trained_rate, crf_of(again).sample_posteriors(docs_of(again), 2)[0].marginals)


@pytest.mark.parametrize(("samples", "drop"), [(0, 0.1), (3, 1.0), (3, -0.1)])
def test_no_sample_or_an_impossible_rate_is_an_error(nlp, samples, drop):
    with pytest.raises(BioactiveError, match="B207"):
        crf_of(nlp).sample_posteriors(docs_of(nlp), samples, drop=drop)


def test_full_passes_reach_a_transformer_behind_a_listener(examples, tiny_bert):
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "transformer",
        config={"model": {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(tiny_bert)}},
    )
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "pooling": {"@layers": "reduce_mean.v1"}}
    nlp.add_pipe("crf_ner", config={"model": {"@architectures": "bioactive.CRFTagger.v1", "tok2vec": listener}})
    nlp.initialize(lambda: examples)
    crf, transformer = crf_of(nlp), nlp.get_pipe("transformer")
    docs = [transformer(doc) for doc in docs_of(nlp)]
    plain = crf.posteriors(docs)
    still = crf.sample_posteriors(docs, 3, passes="head", drop=0.0)[0].marginals
    moved = crf.sample_posteriors(docs, 3, passes="full", drop=0.0, encoder=transformer)[0].marginals
    assert still[0] == pytest.approx(still[1], abs=1e-6)
    assert numpy.abs(moved[0] - moved[1]).max() > 1e-4
    for own, found in zip(plain, crf.posteriors(docs), strict=True):
        assert numpy.array_equal(own.marginals, found.marginals)
