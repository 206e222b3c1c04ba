from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span

from bioactive.errors import BioactiveError
from bioactive.evaluation.pairs import CharSpan, compare, unlabelled_copy


def test_compare_counts_characters_not_tokens(nlp, make_doc):
    gold = make_doc("IL-2 gene expression", [(0, 2, "DNA")])
    predicted = Doc(nlp.vocab, words=["IL", "-", "2", "gene", "expression"], spaces=[False, False, True, True, True])
    predicted.set_ents([Span(predicted, 0, 4, "DNA")])
    found = compare(gold, predicted)
    assert found.gold == found.predicted == {CharSpan(0, 9, "DNA")}
    assert found.gold_words == found.predicted_words == ["DNA", "DNA", ""]
    assert not found.gold_tags
    assert not found.unreachable


def test_compare_reports_gold_entities_that_no_prediction_can_equal(nlp):
    gold = Doc(nlp.vocab, words=["p", "50", "is"], spaces=[False, True, False])
    gold.set_ents([Span(gold, 0, 1, "A"), Span(gold, 1, 2, "B"), Span(gold, 2, 3, "C")])
    predicted = Doc(nlp.vocab, words=["p5", "0", "is"], spaces=[False, True, False])
    assert compare(gold, predicted).unreachable == 2


def test_compare_counts_code_points(nlp):
    gold = Doc(nlp.vocab, words=["\U0001d6fc\U0001d6fd", "СД-2"], spaces=[True, False])
    gold.set_ents([Span(gold, 1, 2, "DISO")])
    assert compare(gold, gold).gold == {CharSpan(3, 7, "DISO")}


def test_compare_leaves_out_predictions_on_words_without_annotation(make_doc):
    gold = make_doc("a b c d e", [(0, 1, "X")], missing=[2])
    predicted = make_doc("a b c d e", [(0, 1, "X"), (1, 3, "X"), (4, 5, "X")])
    found = compare(gold, predicted)
    assert found.predicted == {CharSpan(0, 1, "X"), CharSpan(8, 9, "X")}
    assert (found.ignored, found.words, found.missing_words) == (1, 4, 1)
    assert found.gold_words == ["X", "", "", ""]
    assert found.predicted_words == ["X", "", "", "X"]
    assert found.gold_tags == [["B-X", "O"], ["O", "O"]]
    assert found.predicted_tags == [["B-X", "O"], ["O", "B-X"]]


def test_compare_without_any_annotation_counts_nothing(nlp, make_doc):
    gold = Doc(nlp.vocab, words=["a", "b"])
    found = compare(gold, make_doc("a b", [(0, 1, "X")]))
    assert (found.words, found.missing_words, found.ignored) == (0, 2, 1)
    assert not found.gold_tags


def test_compare_cuts_tags_at_sentences_when_asked(make_doc):
    gold = make_doc("a b c", [(1, 2, "X")], sent_starts=[0, 2])
    assert compare(gold, gold).gold_tags == [["O", "B-X", "O"]]
    assert compare(gold, gold, by_sentence=True).gold_tags == [["O", "B-X"], ["O"]]


def test_compare_white_space_is_no_word(nlp):
    gold = Doc(nlp.vocab, words=["a", "\n", "b"], spaces=[False, False, False])
    gold.set_ents([Span(gold, 0, 1, "X")])
    assert compare(gold, gold).gold_words == ["X", ""]


def test_compare_of_an_empty_doc(nlp):
    found = compare(Doc(nlp.vocab), Doc(nlp.vocab))
    assert (found.words, found.gold, found.gold_tags) == (0, set(), [])


def test_compare_of_other_texts_is_an_error_with_the_place(make_doc):
    with pytest.raises(BioactiveError, match=r"B306.*'d7'.*character 2"):
        compare(make_doc("a b", doc_id="d7"), make_doc("a c"))


def test_compare_span_group_holds_nested_spans_and_both_labels_of_one(make_doc):
    gold, predicted = make_doc("a b c"), make_doc("a b c")
    gold.spans["sc"] = [Span(gold, 0, 3, "X"), Span(gold, 0, 1, "Y"), Span(gold, 0, 1, "Z")]
    predicted.spans["sc"] = [Span(predicted, 0, 3, "X"), Span(predicted, 0, 1, "Z")]
    predicted.spans["sc"].attrs["scores"] = [0.9, 0.6]
    found = compare(gold, predicted, spans_key="sc")
    assert len(found.gold) == 3
    assert found.predicted < found.gold
    assert found.confidences == [(0.9, True), (0.6, True)]
    assert not found.gold_words


def test_compare_gold_without_the_span_group_is_unannotated(make_doc):
    predicted = make_doc("a b")
    predicted.spans["sc"] = [Span(predicted, 0, 1, "X")]
    found = compare(make_doc("a b"), predicted, spans_key="sc")
    assert (found.predicted, found.ignored, found.words) == (set(), 1, 0)


def test_compare_reads_confidences_of_entities_from_the_span_group(make_doc):
    gold = make_doc("a b c", [(0, 1, "X")])
    predicted = make_doc("a b c", [(0, 1, "X"), (2, 3, "X")])
    predicted.spans["crf_ner"] = list(predicted.ents)
    predicted.spans["crf_ner"].attrs["scores"] = [0.75, 0.5]
    assert compare(gold, predicted).confidences == [(0.75, True), (0.5, False)]


def test_unlabelled_copy_keeps_words_spaces_and_sentences_only(make_doc):
    doc = make_doc("a b c", [(0, 1, "X")], doc_id="d", sent_starts=[0, 1])
    copy = unlabelled_copy(doc, spacy.blank("ru").vocab)
    assert (copy.text, [s.text for s in copy.sents]) == (doc.text, ["a", "b c"])
    assert copy.user_data["doc_id"] == "d"
    assert not copy.has_annotation("ENT_IOB")


def test_unlabelled_copy_without_sentences_has_none(nlp):
    copy = unlabelled_copy(Doc(nlp.vocab, words=["a", "b"]), nlp.vocab)
    assert not copy.has_annotation("SENT_START")
