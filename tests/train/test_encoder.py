"""The frozen encoder: equal to the encoder itself, whatever the batch, the length and the tokenizer family."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc
from transformers import AutoModel, AutoTokenizer

from bioactive.errors import BioactiveError
from bioactive.ner.encoder import EncoderShim, StateCache, build_frozen_transformer
from bioactive.tokenizer import blank

TEXTS = [
    "Interleukin-2 binds its receptor on activated T cells.",
    "У больных сахарным диабетом 2 типа уровень глюкозы снизился.",
    "p<0,05",
    "metformin",
    "Tumour\u00a0necrosis factor (TNF-α) 𝛽-catenin; CD4\u200b+ cells.",
]


def layer(encoder, **options):
    model = build_frozen_transformer(str(encoder), layers=[1, -1], precision="float32", **options)
    model.initialize()
    return model


def shim_of(model) -> EncoderShim:
    (shim,) = model.shims
    return shim


def direct(encoder, doc: Doc) -> numpy.ndarray:
    """Mean of the hidden states of the pieces that share a character with each word, by transformers alone."""
    options = {"add_prefix_space": True} if "roberta" in str(encoder) else {}
    tokenizer = AutoTokenizer.from_pretrained(encoder, **options)
    network = AutoModel.from_pretrained(encoder).eval()
    encoded = tokenizer(doc.text, return_offsets_mapping=True, return_tensors="pt")
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        states = network(**encoded, output_hidden_states=True).hidden_states
    joined = torch.cat([states[1], states[-1]], dim=-1)[0].numpy()
    rows = []
    for token in doc:
        inside = [n for n, (s, e) in enumerate(offsets) if s < token.idx + len(token) and e > token.idx]
        rows.append(joined[inside].mean(axis=0) if inside else numpy.zeros(joined.shape[1]))
    return numpy.stack(rows)


def test_vectors_equal_the_encoder_itself(tiny_encoder):
    nlp = blank("en")
    docs = [nlp.make_doc(text) for text in TEXTS]
    for doc, found in zip(docs, layer(tiny_encoder).predict(docs), strict=True):
        assert found.shape == (len(doc), 64)
        assert numpy.allclose(found, direct(tiny_encoder, doc), atol=3e-3)


def test_batch_order_and_size_change_nothing(tiny_encoder):
    nlp = blank("en")
    docs = [nlp.make_doc(text) for text in TEXTS]
    together = layer(tiny_encoder, cache_mb=0).predict(docs)
    small = layer(tiny_encoder, cache_mb=0, batch_pieces=8).predict(docs[::-1])[::-1]
    for one, two in zip(together, small, strict=True):
        assert numpy.allclose(one, two, atol=3e-3)


def test_long_text_is_windowed_and_every_word_has_a_vector(tiny_encoder):
    nlp = blank("en")
    doc = nlp.make_doc("metformin lowers glucose in patients. " * 200)
    (rows,) = layer(tiny_encoder, window=64, stride=48).predict([doc])
    assert rows.shape[0] == len(doc)
    assert (numpy.abs(rows).sum(axis=1) > 0).all()


def test_windows_cover_each_piece_once(tiny_bert):
    shim = shim_of(layer(tiny_bert, window=10, stride=6))
    for n_pieces in range(60):
        kept = [piece for s in shim._stretches(0, n_pieces) for piece in shim._kept(s, n_pieces)]
        assert kept == list(range(n_pieces))
        assert all(s.end - s.start <= 10 for s in shim._stretches(0, n_pieces))


def test_short_text_does_not_depend_on_the_window(tiny_encoder):
    doc = blank("en").make_doc(TEXTS[0])
    wide, narrow = (layer(tiny_encoder, window=w, stride=w // 2).predict([doc])[0] for w in (256, 128))
    assert numpy.array_equal(wide, narrow)


def test_text_is_encoded_once(tiny_bert, monkeypatch):
    model, nlp = layer(tiny_bert), spacy.blank("en")
    seen: list[int] = []
    shim = shim_of(model)
    encode_new = shim._encode_new
    monkeypatch.setattr(shim, "_encode_new", lambda docs: seen.append(len(docs)) or encode_new(docs))
    docs = [nlp.make_doc(text) for text in ("aspirin helps", "aspirin helps", "gout")]
    first, again = model.predict(docs), model.predict(docs)
    assert seen == [2, 0]
    assert all(numpy.array_equal(one, two) for one, two in zip(first, again, strict=True))


def test_cache_tells_tokenizations_apart(tiny_bert):
    vocab = spacy.blank("en").vocab
    one = Doc(vocab, words=["IL", "-2"], spaces=[False, False])
    two = Doc(vocab, words=["IL-2"], spaces=[False])
    model = layer(tiny_bert)
    assert [len(rows) for rows in model.predict([one, two])] == [2, 1]


def test_cache_is_bounded():
    cache = StateCache(limit=100)
    for n in range(10):
        cache.put(bytes([n]), numpy.zeros((4, 4), dtype="float16"))
    assert cache.size <= 100
    assert list(cache.entries) == [bytes([n]) for n in (7, 8, 9)]
    assert cache.get(bytes([0])) is None


def test_layer_comes_back_from_bytes_without_the_encoder_folder(tiny_encoder):
    model = layer(tiny_encoder)
    docs = [blank("en").make_doc(text) for text in TEXTS]
    expected = model.predict(docs)
    again = build_frozen_transformer("nowhere/at-all", layers=[0]).from_bytes(model.to_bytes())
    assert again.get_dim("nO") == 64
    for one, two in zip(expected, again.predict(docs), strict=True):
        assert numpy.array_equal(one, two)
    assert again.to_bytes() == model.to_bytes()


def test_white_space_tokens_and_empty_docs_have_rows(tiny_bert):
    vocab = spacy.blank("en").vocab
    docs = [Doc(vocab, words=[]), Doc(vocab, words=["  ", "gout"]), Doc(vocab, words=["\u200b"])]
    assert [rows.shape for rows in layer(tiny_bert).predict(docs)] == [(0, 64), (2, 64), (1, 64)]


@pytest.mark.parametrize("name", ["no/such-encoder", "./no-such-folder"])
def test_unknown_encoder_is_named(name):
    with pytest.raises(BioactiveError, match="B205.*such"):
        build_frozen_transformer(name, layers=[-1]).initialize()


def test_missing_layer_is_named(tiny_bert):
    with pytest.raises(BioactiveError, match="B206"):
        build_frozen_transformer(str(tiny_bert), layers=[7]).initialize()


def test_bf16_is_close_to_float32(tiny_encoder):
    docs = [blank("en").make_doc(text) for text in TEXTS]
    low = build_frozen_transformer(str(tiny_encoder), layers=[1, -1], precision="bf16")
    low.initialize()
    for one, two in zip(layer(tiny_encoder).predict(docs), low.predict(docs), strict=True):
        assert numpy.abs(one - two).mean() < 0.05
