"""Two pipelines side by side: the sentences that changed, and the card that tells of one."""

from __future__ import annotations

import spacy
import srsly
from spacy.tokens import Doc, Span

from bioactive.evaluation.pairs import CharSpan, compare
from bioactive.evaluation.speed import words_per_second
from bioactive.fingerprint import sha256_of_records
from bioactive.models.card import card
from bioactive.models.comparing import BROKEN, MENDED, OTHER, changes, marked
from bioactive.models.revisions import Manifest

NLP = spacy.blank("en")


def sentences(*ents: tuple[int, int, str]) -> Doc:
    """Three sentences of three words each, with entities in words."""
    words = "aspirin helps . gout hurts . asthma stays .".split()
    doc = Doc(NLP.vocab, words=words, sent_starts=[n % 3 == 0 for n in range(9)])
    doc.set_ents([Span(doc, *ent[:2], label=ent[2]) for ent in ents], default="outside")
    return doc


def test_changed_sentences_are_told_apart_by_whether_they_got_better():
    gold = sentences((0, 1, "DRUG"), (3, 4, "ILL"))
    before = sentences((3, 4, "ILL"), (6, 7, "DRUG"))
    after = sentences((0, 1, "DRUG"), (6, 7, "ILL"))
    found = changes([gold], [compare(gold, before)], [compare(gold, after)])
    assert [(one.text.strip(), one.effect) for one in found] == [
        ("aspirin helps .", MENDED),
        ("gout hurts .", BROKEN),
        ("asthma stays .", OTHER),
    ]
    assert found[1].before == [CharSpan(0, 4, "ILL")] and found[1].after == []
    assert marked(found[1].text, found[1].before) == "[gout|ILL] hurts ."
    assert changes([gold], [compare(gold, after)], [compare(gold, after)]) == []


def test_card_has_a_header_that_a_hub_reads_and_escapes_what_would_break_its_tables(tmp_path):
    metrics = {"dev_after": [0.71, 0.7, 0.72], "dev_before": [0.7, 0.69, 0.71], "dev_difference": [0.01, 0.0, 0.02]}
    srsly.write_json(tmp_path / "meta.json", {"lang": "ru", "pipeline": ["crf_ner"], "labels": {"crf_ner": ["A|B"]}})
    settings = {"dataset": "one | two"}
    manifest = Manifest("active_iter_1_added_2", "base", {"accept": 2}, {"dev": "ab"}, metrics, "yes", settings)
    _, header, body = card(manifest, tmp_path).split("---\n", 2)
    found = srsly.yaml_loads(header)
    assert found["language"] == ["ru"] and found["library_name"] == "spacy"
    assert found["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.71
    assert "+0.010 (+0.000 to +0.020)" in body and "0.710 (0.700 to 0.720)" in body
    assert "| dataset | one \\| two |" in body


def test_fingerprint_of_answers_knows_their_order_and_not_that_of_their_keys():
    one, two = {"text": "a", "answer": "accept"}, {"answer": "accept", "text": "a"}
    assert sha256_of_records([one]) == sha256_of_records([two])
    assert sha256_of_records([one, {"text": "b"}]) != sha256_of_records([{"text": "b"}, one])


def test_speed_is_of_the_words_and_leaves_the_docs_alone():
    doc = sentences((0, 1, "DRUG"))
    assert words_per_second(NLP, [doc] * 5) > 0
    assert words_per_second(NLP, []) == 0.0
    assert [ent.label_ for ent in doc.ents] == ["DRUG"]
