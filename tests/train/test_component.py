"""The pipe inside spaCy: what it learns from which annotation, what it says, and what comes back from disk."""

from __future__ import annotations

import copy
import itertools
import random

import numpy
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.ml.models.tok2vec import MultiHashEmbed
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.util import minibatch

from bioactive.errors import BioactiveError
from bioactive.ner.component import CRFNer
from bioactive.ner.context import both_ways, packed
from bioactive.ner.gold import UNKNOWN_LABEL, gold_numbers, gold_tags
from bioactive.ner.spans import spans_of
from bioactive.ner.spelling import build_spelling
from bioactive.ner.temperature import golden_section
from bioactive.tags import can_follow, spans_from_tags, tags_for

CONTEXT = {"model": {"context_width": 8}}
SOFTMAX = {"model": {"decoder": "softmax"}}


def train(examples: list[Example], config: dict | None = None, epochs: int = 12, drop: float = 0.1) -> Language:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner", config=copy.deepcopy(config or {}))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(epochs):
        for batch in minibatch(examples, 8):
            nlp.update(batch, sgd=optimizer, drop=drop)
    return nlp


def component(nlp: Language) -> CRFNer:
    found = nlp.get_pipe("crf_ner")
    assert isinstance(found, CRFNer)
    return found


def words_of(examples: list[Example]) -> list[Doc]:
    return [Doc(eg.reference.vocab, words=[t.text for t in eg.reference]) for eg in examples]


def entities(docs: list[Doc]) -> list[list[tuple[int, int, str]]]:
    return [[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in docs]


@pytest.mark.parametrize("config", [{}, CONTEXT, SOFTMAX], ids=["crf", "lstm", "softmax"])
def test_component_learns_its_training_data(examples, config):
    nlp = train(examples, config, epochs=20)
    scores = nlp.evaluate(examples)
    assert scores["ents_f"] > 0.95
    assert set(scores["ents_per_type"]) == {"Chemical", "Disease"}


def test_confidences_are_on_the_span_group_and_the_extension(examples):
    nlp = train(examples)
    doc = nlp("Patients with heart failure received aspirin .")
    group = doc.spans["crf_ner"]
    assert [(s.start, s.end, s.label_) for s in group] == entities([doc])[0] != []
    assert [ent._.confidence for ent in doc.ents] == pytest.approx(list(group.attrs["scores"]))
    assert all(0.0 < score <= 1.0 for score in group.attrs["scores"])
    assert Span(doc, 0, 1)._.confidence is None


def test_confidences_survive_docbin(examples):
    nlp = train(examples, epochs=4)
    doc = nlp("aspirin relieved asthma in two weeks .")
    (back,) = DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(nlp.vocab)
    assert list(back.spans["crf_ner"].attrs["scores"]) == list(doc.spans["crf_ner"].attrs["scores"])
    assert [ent._.confidence for ent in back.ents] == [ent._.confidence for ent in doc.ents]


@pytest.mark.parametrize("config", [{}, CONTEXT, SOFTMAX], ids=["crf", "lstm", "softmax"])
def test_saved_pipeline_predicts_to_the_bit(examples, config, tmp_path):
    nlp = train(examples, config, epochs=3)
    component(nlp).temperature = 1.3
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    again = spacy.blank("en")
    again.add_pipe("crf_ner", config=copy.deepcopy(config))
    again.from_bytes(nlp.to_bytes())
    expected = component(nlp).posteriors(words_of(examples))
    for other in (loaded, again):
        assert component(other).temperature == 1.3
        for one, two in zip(expected, component(other).posteriors(words_of(examples)), strict=True):
            assert numpy.array_equal(one.marginals, two.marginals)
            assert one[2:] == two[2:]
    loaded.to_disk(tmp_path / "again")
    assert (tmp_path / "crf_ner/model").read_bytes() == (tmp_path / "again/crf_ner/model").read_bytes()


def test_batches_and_order_change_no_posterior(examples):
    pipe = component(train(examples, CONTEXT, epochs=2))
    docs = words_of(examples)[:12]
    together = pipe.posteriors(docs)
    alone = [pipe.posteriors([doc])[0] for doc in docs]
    turned = pipe.posteriors(docs[::-1])[::-1]
    for one, two, three in zip(together, alone, turned, strict=True):
        assert numpy.allclose(one.marginals, two.marginals, atol=1e-5)
        assert numpy.allclose(one.marginals, three.marginals, atol=1e-5)
        assert one.best == two.best == three.best


def test_posterior_agrees_with_its_parts(examples):
    pipe = component(train(examples, epochs=2))
    docs = words_of(examples)[:8]
    for doc, posterior in zip(docs, pipe.posteriors(docs), strict=True):
        assert posterior.marginals.shape == (len(doc), len(pipe.tags))
        assert numpy.allclose(posterior.marginals.sum(axis=1), 1.0, atol=1e-4)
        assert posterior.second_log_prob <= posterior.best_log_prob <= 0.0
        for start, _, label, prob in posterior.spans:
            begin = posterior.tags.index(f"B-{label}")
            # The span's probability cannot exceed that of its first word's tag.
            assert prob <= posterior.marginals[start, begin] + 1e-5


@pytest.mark.parametrize("config", [{}, SOFTMAX], ids=["crf", "softmax"])
def test_empty_docs_pass(examples, config):
    nlp = train(examples, config, epochs=1)
    for texts in ([""], ["", "aspirin helps"], []):
        docs = list(nlp.pipe(texts))
        assert all(doc.has_annotation("ENT_IOB") or not len(doc) for doc in docs)
    (posterior,) = component(nlp).posteriors([nlp.make_doc("")])
    assert posterior.marginals.shape == (0, 5)
    assert posterior.best == [] and posterior.best_log_prob == 0.0 and posterior.second_log_prob == -numpy.inf


def partly(eg: Example, kept: set[int]) -> Example:
    """The same Example with the annotation of all other words taken away."""
    doc = eg.reference.copy()
    inside = [ent for ent in doc.ents if {*range(ent.start, ent.end)} <= kept]
    missing = [Span(doc, i, i + 1) for i in range(len(doc)) if i not in kept]
    doc.set_ents(inside, missing=missing, default="outside")
    return Example(eg.predicted, doc)


def test_partial_annotation_gives_no_gradient_to_missing_words(examples):
    nlp = train(examples, SOFTMAX, epochs=1)
    pipe = component(nlp)
    eg = partly(examples[0], {0, 1})
    scores = pipe.model.predict([eg.predicted])
    _, d_scores = pipe.get_loss([eg], scores)
    assert d_scores.emissions[0, :2].abs().max() > 1e-3
    assert d_scores.emissions[0, 2:].abs().max() < 1e-6


def test_half_annotated_sentences_teach_what_they_hold(examples):
    # Every sentence is annotated on every other word or on its entities alone; together they say everything.
    halves = []
    for number, eg in enumerate(examples):
        marked = {i for ent in eg.reference.ents for i in range(ent.start, ent.end)}
        rest = {*range(len(eg.reference))} - marked
        halves.append(partly(eg, marked if number % 2 else rest))
    nlp = train(halves, epochs=15)
    assert nlp.evaluate(examples)["ents_f"] > 0.9


def test_rejected_span_is_unlearnt(examples):
    nlp = train(examples)
    text = "Patients with gout received lithium ."
    before = [ent for ent in nlp(text).ents if ent.text == "lithium"]
    assert before
    doc = nlp.make_doc(text)
    doc.set_ents([], default="missing")
    doc.spans["incorrect_spans"] = [Span(doc, before[0].start, before[0].end, label=before[0].label_)]
    optimizer = nlp.resume_training()
    for _ in range(30):
        nlp.update([Example(nlp.make_doc(text), doc)], sgd=optimizer)
    after = nlp(text)
    assert "lithium" not in {ent.text for ent in after.ents if ent.label_ == before[0].label_}
    assert "gout" in {ent.text for ent in after.ents}


def test_temperature_lowers_the_log_loss_of_held_out_entities(examples):
    nlp = train(examples[:10], epochs=6)
    pipe = component(nlp)

    def log_loss(temperature: float) -> float:
        pipe.temperature = temperature
        loss = []
        for eg, posterior in zip(examples, pipe.posteriors(words_of(examples)), strict=True):
            gold = {(ent.start, ent.end, ent.label_) for ent in eg.reference.ents}
            loss += [-numpy.log(p if span in gold else 1 - p) for *span, p in posterior.spans for span in [tuple(span)]]
        return float(numpy.mean(loss))

    fitted = pipe.fit_temperature(examples)
    best = log_loss(fitted)
    assert best <= min(log_loss(1.0), log_loss(0.8 * fitted), log_loss(1.25 * fitted)) + 1e-4


def test_golden_section_finds_the_valley():
    assert golden_section(lambda x: (x - 0.3) ** 2, -2.0, 2.0, steps=30) == pytest.approx(0.3, abs=1e-3)


def test_dropout_rate_reaches_the_network_and_leaves_prediction_alone(examples):
    nlp = train(examples, CONTEXT, epochs=1)
    pipe = component(nlp)
    docs = words_of(examples)[:4]
    steady = pipe.model.predict(docs).emissions
    shim = pipe.model.get_ref("output_layer").shims[0]
    pipe.update([Example(doc, eg.reference) for doc, eg in zip(docs, examples, strict=False)], drop=0.5)
    assert shim.network.dropout == 0.5
    assert torch.equal(pipe.model.predict(docs).emissions, steady)
    first, second = (pipe.model.begin_update(docs)[0].emissions for _ in range(2))
    assert not torch.equal(first, second)


def test_averaged_weights_are_used_and_put_back(examples):
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner", config=copy.deepcopy(CONTEXT))
    optimizer = nlp.initialize(lambda: examples)
    optimizer.averages = {}
    for batch in minibatch(examples, 8):
        nlp.update(batch, sgd=optimizer)
    pipe, docs = component(nlp), words_of(examples)[:4]
    plain = pipe.model.predict(docs).emissions
    with nlp.use_params(optimizer.averages):
        assert not torch.equal(pipe.model.predict(docs).emissions, plain)
    assert torch.equal(pipe.model.predict(docs).emissions, plain)


@pytest.mark.parametrize("depth", [1, 2])
def test_context_of_padded_sentences_is_that_of_packed_ones(depth):
    torch.manual_seed(0)
    context = torch.nn.LSTM(6, 5, depth, batch_first=True, bidirectional=True)
    vectors, lengths = torch.randn(4, 7, 6), torch.tensor([3, 7, 1, 5])
    for row, length in enumerate(lengths):
        alone = context(vectors[row : row + 1, :length])[0][0]
        for way in (packed, both_ways):
            assert torch.allclose(way(context, vectors, lengths)[row, :length], alone, atol=1e-6)


def test_sentence_without_words_does_not_stop_packing():
    context = torch.nn.LSTM(6, 5, batch_first=True, bidirectional=True)
    assert packed(context, torch.randn(2, 3, 6), torch.tensor([0, 3])).shape == (2, 3, 10)


def test_spelling_is_spacys_own_embedding(examples, tmp_path):
    settings = {"width": 16, "attrs": ["NORM", "SHAPE"], "rows": [50, 20]}
    theirs, ours = MultiHashEmbed(include_static_vectors=False, **settings), build_spelling(**settings)
    docs = [*words_of(examples)[:4], Doc(spacy.blank("en").vocab), words_of(examples)[0]]
    theirs.initialize(X=docs)
    ours.initialize(X=docs)
    ours.layers[0].from_bytes(theirs.to_bytes())
    (expected, their_backprop), (found, our_backprop) = (layer(docs, is_train=True) for layer in (theirs, ours))
    random = numpy.random.default_rng(0)
    gradient = [random.normal(size=rows.shape).astype("float32") for rows in expected]
    their_backprop(gradient)
    our_backprop(gradient)
    for one, other in zip(found, expected, strict=True):
        assert numpy.allclose(one, other, atol=1e-6)
    for one, other in zip(ours.layers[0].walk(), theirs.walk(), strict=True):
        for name in other.param_names:
            assert numpy.allclose(one.get_grad(name), other.get_grad(name), atol=1e-3)
    other = build_spelling(**settings)
    other.from_bytes(ours.to_bytes())
    assert numpy.array_equal(other.predict(docs)[0], found[0])


def test_labels_are_fixed_once_initialised(examples):
    nlp = train(examples, epochs=1)
    pipe = component(nlp)
    assert pipe.labels == ("Chemical", "Disease") == pipe.label_data
    assert pipe.add_label("Chemical") == 0
    with pytest.raises(BioactiveError, match="B201"):
        pipe.add_label("Gene")


def test_label_unknown_to_the_component_is_named(examples):
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("crf_ner")
    with pytest.warns(UserWarning, match="Gene"):
        pipe.initialize(lambda: examples, nlp=nlp, labels=["Chemical", "Gene"])
    with pytest.raises(BioactiveError, match="B203.*Disease"):
        nlp.update([eg for eg in examples if any(ent.label_ == "Disease" for ent in eg.reference.ents)])


def test_data_without_entities_is_refused(examples):
    bare = [Example(eg.predicted, eg.predicted.copy()) for eg in examples]
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner")
    with pytest.raises(BioactiveError, match="B202"):
        nlp.initialize(lambda: bare)


def test_gold_tags_follow_the_alignment():
    vocab = spacy.blank("en").vocab
    gold = Doc(vocab, words=["NF-kappa", "B", "binds", "."], spaces=[True, True, False, False])
    gold.set_ents([Span(gold, 0, 2, label="Protein")])
    finer = Doc(vocab, words=["NF", "-", "kappa", "B", "binds", "."], spaces=[False, False, True, True, False, False])
    tags = ["B-Protein", "I-Protein", "I-Protein", "I-Protein", "O", "O"]
    assert gold_tags(Example(finer, gold)) == tags
    assert gold_tags(Example(Doc(vocab, words=[t.text for t in gold]), gold)) == ["B-Protein", "I-Protein", "O", "O"]


def test_gold_numbers_are_the_gold_tags(examples):
    vocab = spacy.blank("en").vocab
    gold = Doc(vocab, words=["NF-kappa", "B", "AP-1", "or", "so", "IL-2"])
    gold.set_ents([Span(gold, 0, 2, label="Protein"), Span(gold, 2, 3, label="Protein")], missing=[gold[3:4]])
    gold.ents = [*gold.ents, Span(gold, 5, 6, label="DNA")]
    finer = Doc(vocab, words=["NF", "-", "kappa", "B", "AP-1", "or", "so", "IL-2"])
    for predicted in (Doc(vocab, words=[t.text for t in gold]), finer, Doc(vocab)):
        eg = Example(predicted, gold if len(predicted) else Doc(vocab))
        names = ["O", "B-DNA", "I-DNA", "B-Protein", "I-Protein"]
        written = [None if number < 0 else names[number] for number in gold_numbers(eg, ["DNA", "Protein"])]
        assert written == gold_tags(eg)
        assert (gold_numbers(eg, ["Protein"]) == UNKNOWN_LABEL).sum() == sum(tag == "B-DNA" for tag in gold_tags(eg))


@pytest.mark.parametrize("seed", range(20))
def test_spans_of_paths_are_those_of_the_written_tags(seed):
    rng = random.Random(seed)
    labels, written = ["DNA", "RNA"], []
    for _ in range(5):
        row: list[int] = []
        for _ in range(rng.randrange(9)):
            row.append(rng.choice([tag for tag in range(5) if can_follow(row[-1] if row else None, tag)]))
        written.append(row)
    paths = torch.tensor([row + [rng.randrange(5) for _ in range(9 - len(row))] for row in written])
    found = spans_of(paths, torch.tensor([len(row) for row in written]))
    names = tags_for(labels)
    expected = [(n, *span) for n, row in enumerate(written) for span in spans_from_tags(names[tag] for tag in row)]
    assert [(q.row, q.start, q.end, labels[q.begin // 2]) for q in found] == expected
    assert all(query.inside == query.begin + 1 for query in found)


def test_works_as_a_listener_of_tok2vec(examples):
    nlp = spacy.blank("en")
    nlp.add_pipe("tok2vec")
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "*"}
    nlp.add_pipe("crf_ner", config={"model": {"tok2vec": listener}})
    optimizer = nlp.initialize(lambda: examples)
    for _, batch in itertools.product(range(12), list(minibatch(examples, 8))):
        nlp.update(batch, sgd=optimizer)
    assert nlp.evaluate(examples)["ents_f"] > 0.9


def test_works_as_a_listener_of_a_transformer(examples, tiny_encoder, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("transformer", config={"model": {"name": str(tiny_encoder), "tokenizer_config": {"use_fast": True}}})
    pooling = {"@layers": "reduce_mean.v1"}
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0, "pooling": pooling}
    nlp.add_pipe("crf_ner", config={"model": {"tok2vec": listener}})
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    (encoder,) = [s._model for node in nlp.get_pipe("transformer").model.walk() for s in node.shims]
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    for _, batch in itertools.product(range(3), list(minibatch(examples, 8))):
        nlp.update(batch, sgd=optimizer)
    changed = [n for n, t in encoder.state_dict().items() if not torch.equal(t, before[n])]
    assert changed
    nlp.to_disk(tmp_path)
    docs = [nlp("aspirin relieved asthma ."), spacy.load(tmp_path)("aspirin relieved asthma .")]
    assert entities(docs[:1]) == entities(docs[1:])


def test_no_entity_begins_at_white_space(examples):
    nlp = spacy.blank("en")
    tagger = nlp.add_pipe("crf_ner")
    nlp.initialize(lambda: examples)
    words = ["\n", "p53", "\n", "\n", "binds"]
    docs = [Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=["p53"])]
    begins = [k for k, tag in enumerate(tagger.tags) if tag.startswith("B-")]
    for found in tagger.posteriors(docs), tagger.posteriors(docs, vectors=tagger.encode(docs)):
        assert not found[0].marginals[[0, 2, 3]][:, begins].any() and found[0].marginals[[1, 4]][:, begins].all()
        assert not any(words[start] == "\n" for start, *_ in found[0].spans)
    sampled = tagger.sample_posteriors(docs, samples=2)[0].marginals
    assert not sampled[:, [0, 2, 3]][:, :, begins].any() and sampled[:, [1, 4]][:, :, begins].all()
    assert all(not ent[0].is_space for doc in nlp.pipe(["\n\np53\n\n binds"]) for ent in doc.ents)
