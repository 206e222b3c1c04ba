"""Entity replacement: what is drawn, how it is written, and that nothing else changes."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from bioactive.corpus.replacement import (
    AMBIGUOUS,
    EntityReplacement,
    ReplacementOptions,
    Surface,
    Surfaces,
    fitted,
    replaceable,
    with_surfaces,
)
from bioactive.corpus.tally import Tally
from bioactive.tokenizer import blank

NLP = spacy.blank("en")


def make(text: str, starts: tuple[int, ...] = (0,)) -> Doc:
    """A Doc of words that may carry a tag: "p53/B-GENE", "x/-" for one that nobody annotated."""
    pairs = [word.partition("/") for word in text.split()]
    tags = ["" if tag == "-" else tag or "O" for _, _, tag in pairs]
    bounds = [i in starts for i in range(len(pairs))]
    return Doc(NLP.vocab, words=[word for word, _, _ in pairs], ents=tags, sent_starts=bounds)


def augmenter(docs: list[Doc], tally: Tally | None = None, **options) -> EntityReplacement:
    surfaces = Surfaces()
    surfaces.read(docs)
    chosen = {"share": 1.0, "most_uses": 0.0, **options}
    return EntityReplacement(surfaces, ReplacementOptions(**chosen), tally or Tally())


def tags(doc: Doc) -> list[str]:
    return [f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else token.ent_iob_ for token in doc]


def test_longer_surface_gets_one_b_and_the_rest_i() -> None:
    doc = make("the p53/B-GENE gene/- and CD4/B-GENE cells/B-CELL grew Later x", (0, 7))
    doc.spans["sc"] = [*doc.ents, Span(doc, 0, 6, label="ALL")]
    doc.user_data["doc_id"] = "a"
    chosen = {1: (doc.ents[0], Surface(("tumour", "protein", "-", "x"), (True, False, False)))}
    new = with_surfaces(doc, chosen)
    assert [token.text for token in new][:6] == ["the", "tumour", "protein", "-", "x", "gene"]
    assert tags(new) == ["O", "B-GENE", "I-GENE", "I-GENE", "I-GENE", "", "O", "B-GENE", "B-CELL", "O", "O", "O"]
    assert new.text.startswith("the tumour protein-x gene")
    assert [sent.start for sent in new.sents] == [0, 10]
    spans = [(span.start, span.end, span.label_) for span in new.spans["sc"]]
    assert spans == [(1, 5, "GENE"), (7, 8, "GENE"), (8, 9, "CELL"), (0, 9, "ALL")]
    assert new.user_data["doc_id"] == "a"


def test_shorter_surface_and_unknown_sentence_bounds() -> None:
    doc = Doc(NLP.vocab, words=["a", "b", "c", "d"], ents=["O", "B-X", "I-X", "O"])
    new = with_surfaces(doc, {1: (doc.ents[0], Surface(("z",), ()))})
    assert (new.text, tags(new), new.has_annotation("SENT_START")) == ("a z d ", ["O", "B-X", "O"], False)


def test_surface_with_several_types_is_never_drawn() -> None:
    docs = [make("CAT/B-GENE p53/B-GENE il2/B-GENE"), make("cat/B-TAXON mouse/B-TAXON rat/B-TAXON")]
    tally = Tally()
    replacer = augmenter(docs, tally)
    assert tally.counts[AMBIGUOUS] == 1 and "'cat': GENE, TAXON" in tally.examples[AMBIGUOUS]
    drawn = Counter(t.text.lower() for _ in range(200) for doc in docs for t in replacer.replaced(doc, NLP.make_doc))
    assert drawn["cat"] == 0 and set(drawn) == {"p53", "il2", "mouse", "rat"}


def test_everything_but_the_entities_stays_and_every_entity_is_another() -> None:
    rng = random.Random(0)
    words = {"GENE": ["p53", "IL-2", "CD4 T"], "TAXON": ["mouse", "Mus musculus", "rat"], "": ["and", "of", "x"]}
    docs = []
    for _ in range(40):
        parts = []
        for label in rng.choices(list(words), k=rng.randint(1, 9)):
            for n, word in enumerate(rng.choice(words[label]).split()):
                parts.append(f"{word}/{'I' if n else 'B'}-{label}" if label else word)
        docs.append(make(" ".join(parts)))
    replacer = augmenter(docs)
    for doc in docs:
        new = replacer.replaced(doc, NLP.make_doc)
        assert [ent.label_ for ent in new.ents] == [ent.label_ for ent in doc.ents]
        assert [t.text for t in new if t.ent_iob_ == "O"] == [t.text for t in doc if t.ent_iob_ == "O"]
        assert all(a.text.lower() != b.text.lower() for a, b in zip(doc.ents, new.ents, strict=True))


def test_share_and_seed() -> None:
    docs = [make(" ".join(f"g{n}/B-GENE" for n in range(50))) for _ in range(40)]
    one, same, other = (augmenter(docs, share=0.2, seed=seed) for seed in (1, 1, 2))
    found = [[replacer.replaced(doc, NLP.make_doc).text for doc in docs] for replacer in (one, same, other)]
    assert found[0] == found[1] != found[2]
    changed = sum(a != b.text for text, doc in zip(found[0], docs, strict=True) for a, b in zip(text.split(), doc))
    assert 0.15 < changed / 2000 < 0.25  # 2,000 draws at .2: a standard deviation of .009


def test_share_of_a_type_with_few_surfaces_is_lowered() -> None:
    docs = [make("rat/B-TAXON mouse/B-TAXON " + " ".join(f"g{n}/B-GENE" for n in range(10)))] * 20
    replacer = augmenter(docs, share=0.5, most_uses=2.0)
    # 2 surfaces of 40 entities, each put in twice: 4 of 40. 10 surfaces of 200 entities: 20 of 200.
    assert replacer.chances == {"GENE": 0.1, "TAXON": 0.1}
    assert augmenter(docs, share=0.5).chances == {"GENE": 0.5, "TAXON": 0.5}


def test_only_surface_of_a_type_stays() -> None:
    doc = make("the p53/B-GENE")
    assert augmenter([doc]).replaced(doc, NLP.make_doc).text == doc.text


def test_case_fits_the_place() -> None:
    doc = make("Mice/B-TAXON eat rats/B-TAXON THE GENE/B-X OF ALL MICE/B-TAXON IS RED", (0, 3))
    opening, within, _, shouted = doc.ents
    assert fitted(Surface(("lab", "rats"), (True,)), opening).words == ("Lab", "rats")
    assert fitted(Surface(("lab", "rats"), (True,)), within).words == ("lab", "rats")
    assert fitted(Surface(("p53",), ()), opening).words == ("p53",)
    assert fitted(Surface(("mRNA",), ()), opening).words == ("mRNA",)
    assert fitted(Surface(("lab", "rats"), (True,)), shouted).words == ("LAB", "RATS")


def test_form_within_sentences_is_drawn() -> None:
    surfaces = Surfaces()
    surfaces.read([make("Mice/B-TAXON run"), make("Mice/B-TAXON eat"), make("the mice/B-TAXON")])
    assert surfaces.lists(Tally()) == {"TAXON": [Surface(("mice",), ())]}


def test_entity_with_another_inside_stays() -> None:
    doc = make("the IL-2/B-GENE receptor/I-GENE binds CD4/B-GENE")
    doc.spans["sc"] = [*doc.ents, Span(doc, 1, 2, label="GENE")]
    assert [ent.text for ent in replaceable(doc)] == ["CD4"]


def test_empty_doc_and_doc_without_entities() -> None:
    replacer = augmenter([make("p53/B-GENE il2/B-GENE")])
    assert len(replacer.replaced(Doc(NLP.vocab), NLP.make_doc)) == 0
    assert replacer.replaced(make("a b"), NLP.make_doc).text == "a b "


def test_examples_come_first_and_copies_after() -> None:
    doc = make("p53/B-GENE binds il2/B-GENE")
    eg = Example(Doc(NLP.vocab, words=["p53", "binds", "il2"]), doc)
    assert list(augmenter([doc], share=0.0)(NLP, eg)) == [eg]
    first, second, third = augmenter([doc], copies=2)(NLP, eg)
    assert first is eg
    assert second.reference.text == third.reference.text == "il2 binds p53 "
    assert not second.predicted.ents and second.predicted.text == second.reference.text
    assert len(list(augmenter([doc], original=False)(NLP, eg))) == 1


def test_copy_is_cut_by_the_tokenizer_where_the_original_was() -> None:
    doc = make("IL-2(x) of p53/B-GENE or CD4/B-GENE")
    nlp = blank("en")
    eg = Example(nlp.make_doc(doc.text), Doc(nlp.vocab, words=[t.text for t in doc], ents=tags(doc)))
    assert len(eg.predicted) > len(eg.reference)
    copy = list(augmenter([doc])(nlp, eg))[1]
    assert [token.text for token in copy.predicted] == [token.text for token in nlp.make_doc(copy.reference.text)]
    assert [ent.text for ent in copy.reference.ents] == ["CD4", "p53"]


@pytest.mark.parametrize("text", ["tumour protein p53", "IL-2"])
def test_text_of_a_list_is_cut_by_the_tokenizer(text: str) -> None:
    surfaces = Surfaces()
    doc = make("p53/B-GENE x")
    surfaces.read([doc], draw=False)
    surfaces.add("GENE", text.lower().replace(" ", ""), text)
    nlp = blank("en")
    new = EntityReplacement(surfaces, ReplacementOptions(1.0, most_uses=0.0), Tally()).replaced(doc, nlp.make_doc)
    assert [ent.text for ent in new.ents] == [text] and new[-1].text == "x"
