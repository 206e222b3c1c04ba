"""The bucketed transformer against the one whose place it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, RAdam, fix_random_seed

from bioactive.ner.fused import FusedAdam

STOCK = "spacy-transformers.TransformerModel.v3"
OURS = "bioactive.BucketedTransformer.v1"
STRIDED = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 12, "stride": 8}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def model_config(encoder: Path, architecture: str, **options: Any) -> dict[str, Any]:
    own = {"precision": "float32", "batch_pieces": 64} if architecture == OURS else {}
    config = {"@architectures": architecture, "name": str(encoder), "get_spans": STRIDED, "transformer_config": STILL}
    return {**config, **own, **options}


def transformer(encoder: Path, architecture: str, **options: Any) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": model_config(encoder, architecture, **options)})
    nlp.initialize()
    return nlp


def tagger(encoder: Path, architecture: str, examples: list[Example]) -> Language:
    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": model_config(encoder, architecture)})
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp.add_pipe("crf_ner", config={"model": {"@architectures": "bioactive.CRFTagger.v1", "tok2vec": listener}})
    nlp.initialize(lambda: examples)
    return nlp


def docs_of(nlp: Language) -> list[Doc]:
    """Of very different lengths, one longer than the window."""
    lengths = [3, 40, 1, 17, 0, 5, 9]
    return [Doc(nlp.vocab, words=[f"word{number % 7}" for number in range(length)]) for length in lengths]


def states(nlp: Language) -> list[numpy.ndarray]:
    """What listeners get of each Doc: its last hidden states, padding left out."""
    found = []
    for doc in nlp.pipe(docs_of(nlp)):
        data = doc._.trf_data
        rows = data.model_output.get("last_hidden_state", numpy.zeros((0, 0, 0)))
        found += [row[:length] for row, length in zip(rows, data.wordpieces.lengths, strict=True)]
    return found


@pytest.mark.parametrize("batch_pieces", [1, 64, 4096])
def test_outputs_are_those_of_the_original(tiny_encoder, batch_pieces):
    ours = states(transformer(tiny_encoder, OURS, batch_pieces=batch_pieces))
    stock = states(transformer(tiny_encoder, STOCK))
    assert len(ours) == len(stock) > len(docs_of(spacy.blank("en"))) - 1
    for own, expected in zip(ours, stock, strict=True):
        assert own == pytest.approx(expected, abs=1e-5)


def test_bf16_is_close_and_comes_out_in_float32(tiny_encoder):
    for low, full in zip(
        states(transformer(tiny_encoder, OURS, precision="bf16")), states(transformer(tiny_encoder, OURS)), strict=True
    ):
        assert low.dtype == numpy.float32
        assert low == pytest.approx(full, abs=0.1)


def test_outputs_besides_the_last_layer_are_joined_too(tiny_bert):
    asked = {**STILL, "output_hidden_states": True, "output_attentions": True, "attn_implementation": "eager"}
    outputs = []
    for architecture in (OURS, STOCK):
        nlp = transformer(tiny_bert, architecture, transformer_config=asked)
        outputs.append(nlp.get_pipe("transformer").predict(docs_of(nlp)[:4]).model_output)
    ours, stock = outputs
    assert list(ours) == list(stock)
    assert torch.allclose(ours.pooler_output, stock.pooler_output, atol=1e-5)
    for name in ("hidden_states", "attentions"):
        assert [part.shape for part in ours[name]] == [part.shape for part in stock[name]]
    # The shortest stretch: what stands beyond its pieces is padding in both, and differs.
    assert torch.allclose(ours.attentions[0][0, :, :3, :3], stock.attentions[0][0, :, :3, :3], atol=1e-5)


def test_gradients_are_those_of_the_original(tiny_encoder, examples):
    """One update of encoder and tagger by the same optimiser, dropout off."""
    weights = []
    for architecture in (OURS, STOCK):
        nlp = tagger(tiny_encoder, architecture, examples)
        shim = nlp.get_pipe("transformer").model.layers[0].shims[0]
        nlp.update(examples[:8], sgd=False, drop=0.0)
        weights.append({name: p.grad.clone() for name, p in shim._model.named_parameters() if p.grad is not None})
    ours, stock = weights
    assert ours.keys() == stock.keys()
    for name, gradient in ours.items():
        assert torch.allclose(gradient, stock[name], atol=1e-5), name


def test_texts_without_words_pass_through_the_tagger(tiny_bert, examples):
    nlp = tagger(tiny_bert, OURS, examples)
    empty = Doc(nlp.vocab)
    nlp.update([Example(Doc(nlp.vocab), empty), *examples[:2]], sgd=Adam(0.01, use_averages=False))
    assert [len(own.marginals) for own in nlp.get_pipe("crf_ner").posteriors(list(nlp.pipe(docs_of(nlp))))][4] == 0


def test_gradients_of_several_batches_add_up(tiny_bert, examples):
    nlp = tagger(tiny_bert, OURS, examples)
    shim = nlp.get_pipe("transformer").model.layers[0].shims[0]
    weight = next(shim._model.parameters())
    nlp.update(examples[:4], sgd=False, drop=0.0)
    first = weight.grad.clone()
    nlp.update(examples[:4], sgd=False, drop=0.0)
    assert torch.allclose(weight.grad, 2 * first, atol=1e-5)
    before = weight.detach().clone()
    shim.finish_update(Adam(0.01, use_averages=False))
    assert weight.grad is None
    assert not torch.equal(weight, before)


@pytest.mark.parametrize("averages", [False, True])
def test_pipeline_learns(tiny_bert, examples, averages):
    nlp = tagger(tiny_bert, OURS, examples)
    optimizer = Adam(0.003, use_averages=averages)
    losses = [nlp.update(examples, sgd=optimizer, drop=0.1)["crf_ner"] for _ in range(30)]
    assert losses[-1] < losses[0] / 4


def test_saved_encoder_is_read_by_either(tiny_encoder, tmp_path):
    ours = transformer(tiny_encoder, OURS)
    ours.to_disk(tmp_path / "ours")
    expected = states(ours)
    for own, again in zip(expected, states(spacy.load(tmp_path / "ours")), strict=True):
        assert numpy.array_equal(own, again)
    stock = transformer(tiny_encoder, STOCK)
    stock.get_pipe("transformer").from_bytes(ours.get_pipe("transformer").to_bytes())
    for own, other in zip(expected, states(stock), strict=True):
        assert own == pytest.approx(other, abs=1e-5)


def test_listener_can_be_replaced_by_a_copy(tiny_bert, examples, tmp_path):
    nlp = tagger(tiny_bert, OURS, examples)
    nlp.update(examples[:8], sgd=Adam(0.003, use_averages=False), drop=0.0)
    expected = [own.marginals for own in nlp.get_pipe("crf_ner").posteriors(list(nlp.pipe(docs_of(nlp))))]
    nlp.replace_listeners("transformer", "crf_ner", ["model.tok2vec"])
    nlp.remove_pipe("transformer")
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    found = [own.marginals for own in again.get_pipe("crf_ner").posteriors(docs_of(again))]
    for own, other in zip(expected, found, strict=True):
        assert own == pytest.approx(other, abs=1e-4)


def parameters() -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [torch.nn.Parameter(torch.randn(size, generator=generator)) for size in ((4, 3), (5,))]


@pytest.mark.parametrize("clip", [0.0, 0.5])
@pytest.mark.parametrize("averages", [False, True])
def test_fused_steps_are_thincs(clip, averages):
    ours, theirs = parameters(), parameters()
    network = torch.nn.ParameterList(ours)
    settings = {"L2": 0.1, "L2_is_weight_decay": True, "grad_clip": clip, "use_averages": averages}
    fused, one, other = FusedAdam(), Adam(0.01, **settings), Adam(0.01, **settings)
    for number in range(20):
        for weight in (*ours, *theirs):
            weight.grad = torch.sin(weight.detach() * number + 1)
        fused.step(one, network, 7)
        for key, weight in enumerate(theirs):
            other((key, "w"), weight.data.numpy(), weight.grad.numpy())
    for own, expected in zip(ours, theirs, strict=True):
        assert torch.allclose(own, expected, atol=2e-4)
        assert not torch.allclose(own, parameters()[0 if own.ndim == 2 else 1], atol=0.05)
    assert (one.averages is None) == (not averages)
    for key, expected in (other.averages or {}).items():
        assert one.averages[7, str(key[0])] == pytest.approx(expected, abs=2e-4)


def test_fused_step_skips_weights_without_a_gradient():
    first, second = parameters()
    before = second.detach().clone()
    first.grad = torch.ones_like(first)
    FusedAdam().step(Adam(0.01, use_averages=False), torch.nn.ParameterList([first, second]), 0)
    assert torch.equal(second, before)


def test_other_optimisers_are_left_to_thinc():
    assert FusedAdam.does(Adam(0.01, use_averages=False))
    assert FusedAdam.does(Adam(0.01, use_averages=True))
    assert not FusedAdam.does(RAdam(0.01, use_averages=False))
    assert not FusedAdam.does(Adam(0.01, use_averages=False, L2=0.1, L2_is_weight_decay=False))
