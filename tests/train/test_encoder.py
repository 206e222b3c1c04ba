"""The frozen encoder: equal to the encoder itself, whatever the batch, the length and the tokenizer family."""

from __future__ import annotations

import numpy
import pytest
import spacy
import torch
from spacy.tokens import Doc
from transformers import AutoModel, AutoTokenizer

from bioactive.errors import BioactiveError
from bioactive.ner.encoder import EncoderShim, build_frozen_transformer
from bioactive.ner.pooling import Owners
from bioactive.ner.statecache import StateCache
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


def test_vectors_are_equal_without_a_folder_and_from_a_cold_warm_and_reopened_one(tiny_encoder, tmp_path, monkeypatch):
    docs = [blank("en").make_doc(text) for text in TEXTS]
    expected = layer(tiny_encoder).predict(docs)
    cold = layer(tiny_encoder, cache_dir=str(tmp_path))
    for found in (cold.predict(docs), cold.predict(docs)):
        assert all(numpy.array_equal(one, two) for one, two in zip(expected, found, strict=True))
    # Another layer, as in another process; and one that a pipeline has brought: neither encodes anything.
    saved = build_frozen_transformer("nowhere", layers=[0], cache_dir=str(tmp_path)).from_bytes(cold.to_bytes())
    for again in (layer(tiny_encoder, cache_dir=str(tmp_path), batch_pieces=8, cache_mb=0), saved):
        monkeypatch.setattr(shim_of(again), "_run", lambda *_: pytest.fail("encoded again"))
        found = again.predict(docs)
        assert all(numpy.array_equal(one, two) for one, two in zip(expected, found, strict=True))
    assert len(list(tmp_path.glob("*/*.seg"))) == 1


@pytest.mark.parametrize("change", [{"layers": [-1]}, {"window": 9, "stride": 6}, {"precision": "bf16"}])
def test_other_settings_have_vectors_of_their_own_on_disk(tiny_bert, tmp_path, change):
    doc = blank("en").make_doc(TEXTS[0])
    for options in ({"layers": [1, -1], "precision": "float32"}, {"layers": [1, -1], "precision": "float32", **change}):
        stored = build_frozen_transformer(str(tiny_bert), cache_dir=str(tmp_path), **options)
        plain = build_frozen_transformer(str(tiny_bert), **options)
        stored.initialize()
        plain.initialize()
        assert numpy.array_equal(stored.predict([doc])[0], plain.predict([doc])[0])
    assert len(list(tmp_path.iterdir())) == 2


def test_one_layer_counted_from_either_end_is_one_revision(tiny_bert):
    models = [build_frozen_transformer(str(tiny_bert), layers=layers) for layers in ([1, 2], [-2, -1])]
    for model in models:
        model.initialize()
    assert len({shim_of(model)._revision() for model in models}) == 1


def test_damaged_file_is_encoded_again(tiny_bert, tmp_path):
    docs = [blank("en").make_doc(text) for text in TEXTS]
    expected = layer(tiny_bert, cache_dir=str(tmp_path)).predict(docs)
    for path in tmp_path.glob("*/*.seg"):
        path.write_bytes(bytes(path.stat().st_size))
    found = layer(tiny_bert, cache_dir=str(tmp_path)).predict(docs)
    assert all(numpy.allclose(one, two, atol=3e-3) for one, two in zip(expected, found, strict=True))


def test_layer_that_was_used_before_it_is_loaded_forgets_its_vectors(tiny_bert, tiny_roberta, tmp_path):
    doc = blank("en").make_doc(TEXTS[0])
    other = layer(tiny_roberta)
    model = layer(tiny_bert, cache_dir=str(tmp_path))
    model.predict([doc])
    model.from_bytes(other.to_bytes())
    assert numpy.array_equal(model.predict([doc])[0], other.predict([doc])[0])


def test_bytes_do_not_tell_of_the_cache(tiny_encoder, tmp_path):
    doc = blank("en").make_doc(TEXTS[0])
    models = [layer(tiny_encoder), layer(tiny_encoder, cache_dir=str(tmp_path), disk_mb=1)]
    for model in models:
        model.predict([doc])
    assert models[0].to_bytes() == models[1].to_bytes()
    assert str(tmp_path).encode() not in models[1].to_bytes()


def test_folder_that_cannot_be_used_leaves_the_memory(tiny_bert, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    model = layer(tiny_bert, cache_dir=str(tmp_path / "file"))
    doc = blank("en").make_doc(TEXTS[0])
    with pytest.warns(UserWarning, match="cannot be kept there"):
        first = model.predict([doc])
    assert numpy.array_equal(first[0], model.predict([doc])[0])
    assert numpy.array_equal(first[0], layer(tiny_bert).predict([doc])[0])


@pytest.mark.parametrize("chosen", [[0], [1], [1, 0, 1], [-2]])
def test_layers_above_the_chosen_are_left_out_and_change_nothing(tiny_encoder, chosen, monkeypatch):
    docs = [blank("en").make_doc(text) for text in TEXTS]
    model = build_frozen_transformer(str(tiny_encoder), layers=chosen, precision="float32")
    model.initialize()
    network = shim_of(model)._model
    monkeypatch.setattr(
        network.encoder.layer[1], "forward", lambda *_, **__: pytest.fail("a layer that nobody looks at")
    )
    short, saved = model.predict(docs), model.to_bytes()
    monkeypatch.undo()
    monkeypatch.setattr("bioactive.ner.encoder._without_layers_above", lambda encoder, depth: encoder)
    whole = build_frozen_transformer(str(tiny_encoder), layers=chosen, precision="float32")
    whole.initialize()
    assert all(numpy.array_equal(one, two) for one, two in zip(short, whole.predict(docs), strict=True))
    assert saved == whole.to_bytes()


def test_pieces_belong_to_the_words_they_share_a_character_with(tiny_encoder):
    vocab = spacy.blank("en").vocab
    odd = [
        Doc(vocab, words=[]),
        Doc(vocab, words=["  ", "IL", "-2", "\u200b", "𝛽"], spaces=[True, False, True, False, True]),
    ]
    docs = [
        *odd,
        *(blank("en").make_doc(text) for text in TEXTS),
        Doc(vocab, words=list("TNF-α"), spaces=[False] * 5),
    ]
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    offsets = tokenizer([doc.text for doc in docs], add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    # By hand: a word, a space and the next word in one piece, an empty piece, and one of white space.
    docs.append(Doc(vocab, words=["a", "b", "c"], spaces=[True, False, False]))
    offsets.append([(0, 3), (1, 1), (1, 2), (2, 4)])
    expected, word, piece = [], 0, 0
    for doc, pieces in zip(docs, offsets, strict=True):
        for start, end in pieces:
            expected += [(word + t.i, piece) for t in doc if max(start, t.idx) < min(end, t.idx + len(t))]
            piece += 1
        word += len(doc)
    owners = Owners(docs, offsets)
    assert list(zip(owners.words.tolist(), owners.pieces.tolist(), strict=True)) == expected
    assert owners.counts.tolist() == [sum(owner == n for owner, _ in expected) for n in range(word)]


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
