"""Cheap rows: where each label comes from, what other files hold, and what is left of them beside expert rows."""

from __future__ import annotations

import json

import pytest
import spacy
from spacy.tokens import Doc, Span

from bioactive.annotate.tasks import set_hashes
from bioactive.cheap.files import read_labelled, write_labelled
from bioactive.cheap.imported import ClassOptions, read_classes, read_labels
from bioactive.cheap.merge import Trust, merge, trusted
from bioactive.cheap.noise import noise
from bioactive.cheap.origin import Origin, from_task, origin_of, origins, set_cheap, to_task
from bioactive.cheap.pipeline import PipelineSource
from bioactive.cheap.source import label
from bioactive.corpus.align import CharSpan
from bioactive.corpus.convert import ConvertOptions
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.tokenizer import blank

ORIGIN = Origin("terms:list.tsv", "abc123", "2024-01-02T03:04:05+00:00")
CLASSES = ClassOptions({"1": "Chemical", "2": "Disease"})


@pytest.fixture(scope="module")
def nlp():
    return blank("en")


def made(nlp, text: str, *ents: tuple[int, int, str], missing=(), doc_id: str = "") -> Doc:
    doc = nlp.make_doc(text)
    doc.set_ents([Span(doc, *ent) for ent in ents], missing=[doc[i : i + 1] for i in missing], default="outside")
    if doc_id:
        doc.user_data["doc_id"] = doc_id
    return doc


def tags(doc: Doc) -> list[str]:
    return [f"{token.ent_iob_}-{token.ent_type_}".strip("-") for token in doc]


def cheap_doc(nlp) -> Doc:
    spans = [CharSpan(0, 4, "Disease"), CharSpan(11, 18, "Chemical")]
    return set_cheap(nlp.make_doc("Gout after aspirin 🙂."), spans, ORIGIN, Tally())


# --- origins


@pytest.mark.parametrize("kind", [".spacy", ".jsonl"])
def test_origin_of_each_label_survives_files(nlp, tmp_path, kind):
    path = tmp_path / f"rows{kind}"
    plain = set_cheap(nlp.make_doc("Nothing."), [], ORIGIN, Tally())
    written = write_labelled([cheap_doc(nlp), plain], path)
    assert (written.docs, dict(written.entities)) == (2, {"Disease": 1, "Chemical": 1})
    assert written.sources == {"terms:list.tsv": 2}
    first, second = read_labelled(path, nlp, Tally())
    assert [(span.text, span.label_, origin) for span, origin in origins(first)] == [
        ("Gout", "Disease", ORIGIN),
        ("aspirin", "Chemical", ORIGIN),
    ]
    assert tags(first) == tags(cheap_doc(nlp))
    assert origins(second) == [] and origin_of(second) == ORIGIN and tags(second) == ["O", "O"]


def test_labels_of_several_sources_keep_their_own(nlp):
    task = to_task(cheap_doc(nlp))
    other = Origin("pipeline:en_x", "1.0", "then")
    task["spans"][1]["source"] = other._asdict()
    doc = from_task(task, nlp.tokenizer, ORIGIN, Tally(), "")
    assert [origin for _, origin in origins(doc)] == [ORIGIN, other]


def test_origin_does_not_change_the_question(nlp):
    task = to_task(cheap_doc(nlp))
    bare = {**task, "spans": [{k: v for k, v in span.items() if k != "source"} for span in task["spans"]]}
    bare.pop("source")
    assert set_hashes(task)["_task_hash"] == set_hashes(bare)["_task_hash"]


def test_entity_that_the_tokenizer_cuts_is_counted_and_its_words_are_not_annotated(nlp):
    tally = Tally()
    doc = set_cheap(nlp.make_doc("gouty men"), [CharSpan(0, 4, "Disease")], ORIGIN, tally)
    assert tags(doc) == ["", "O"]
    assert tally.counts["entities cut by the tokenizer, dropped"] == 1
    assert to_task(doc)["tokens"][0]["disabled"] is True


def test_other_kinds_of_files_are_refused(nlp, tmp_path):
    with pytest.raises(BioactiveError, match="B562"):
        write_labelled([], tmp_path / "rows.csv")
    with pytest.raises(BioactiveError, match="B562"):
        list(read_labelled(tmp_path / "rows.txt", nlp, Tally()))


# --- labels made elsewhere


def test_classes_become_entities_where_they_run_on(tmp_path, nlp):
    path = tmp_path / "noisy.txt"
    path.write_text("Acute B-D 0\nheart I-D 2\nfailure I-D 2\naspirin B-C 1\n\ngout B-D 2\nis O 0\n", encoding="utf8")
    one, two = read_classes(path, nlp.vocab, CLASSES, Tally())
    assert tags(one) == ["O", "B-Disease", "I-Disease", "B-Chemical"]
    assert tags(two) == ["B-Disease", "O"]
    assert [token.is_sent_start for token in one] == [True, False, False, False]
    assert origin_of(one).name == "import:noisy.txt" and len(origin_of(one).version) == 64
    # Neighbouring sentences of one document do not share an entity.
    path.write_text("###MEDLINE:7\n\ngout O 2\n\ngout O 2\n", encoding="utf8")
    (doc,) = read_classes(path, nlp.vocab, CLASSES, Tally())
    assert tags(doc) == ["B-Disease", "B-Disease"] and doc.user_data["doc_id"] == "7"


def test_class_without_a_meaning_is_named(tmp_path, nlp):
    path = tmp_path / "noisy.txt"
    path.write_text("gout O 0\n\nis O 3\n", encoding="utf8")
    with pytest.raises(BioactiveError, match=r"B551.*noisy.txt:3: class '3'"):
        list(read_classes(path, nlp.vocab, CLASSES, Tally()))
    (_, second) = read_classes(path, nlp.vocab, ClassOptions({"3": "Verb"}), Tally())
    assert tags(second) == ["B-Verb"]


def test_bio_and_tasks_from_elsewhere_get_an_origin(tmp_path, nlp):
    bio = tmp_path / "a.iob2"
    bio.write_text("gout\tB-Disease\nis\tO\n", encoding="utf8")
    (doc,) = read_labels(bio, nlp, ConvertOptions(), Tally())
    assert [(span.text, origin.name) for span, origin in origins(doc)] == [("gout", "import:a.iob2")]
    tasks = tmp_path / "b.jsonl"
    lines = [
        {"text": "gout is", "spans": [{"start": 0, "end": 4, "label": "Disease"}]},
        {"text": "gone", "spans": [], "answer": "ignore"},
        {"text": "unlabelled"},
    ]
    tasks.write_text("\n".join(map(json.dumps, lines)), encoding="utf8")
    tally = Tally()
    found = list(read_labels(tasks, nlp, ConvertOptions(), tally))
    assert [tags(one) for one in found] == [["B-Disease", "O"], [""]]
    assert tally.counts["ignored answers, left out"] == 1


def test_other_pipeline_labels_with_its_own_tokens(nlp):
    other = spacy.blank("en")
    ruler = other.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "DIS", "pattern": "gout"}, {"label": "ORG", "pattern": "WHO"}])
    tally = Tally()
    source = PipelineSource(other, {"DIS": "Disease"})
    docs = list(label(source, map(nlp.make_doc, ("WHO on gout", "")), tally))
    assert [[(e.text, e.label_) for e in doc.ents] for doc in docs] == [[("gout", "Disease")], []]
    assert tally.counts["entities of types that were not asked for, left out"] == 1
    assert origin_of(docs[0]).name.startswith("pipeline:en_")
    (everything,) = label(PipelineSource(other), [nlp.make_doc("WHO on gout")], Tally())
    assert [e.label_ for e in everything.ents] == ["ORG", "DIS"]
    with pytest.raises(BioactiveError, match="B307"):
        list(label(PipelineSource(spacy.blank("en")), [nlp.make_doc("gout")], Tally()))


# --- beside expert rows


@pytest.mark.parametrize(
    ("what", "expected", "inside"),
    [
        ("all", ["O", "B-Disease", "I-Disease", "O"], []),
        ("entities", ["", "B-Disease", "I-Disease", ""], []),
        ("words", ["", "", "", ""], [(1, 3, "Disease")]),
    ],
)
def test_what_is_believed_of_a_cheap_row(nlp, what, expected, inside):
    doc = made(nlp, "Severe heart failure .", (1, 3, "Disease"), doc_id="d")
    found = trusted(doc, Trust(what, 0.5))
    assert tags(found) == expected
    assert [(s.start, s.end, s.label_) for s in found.spans.get("entity_words", ())] == inside
    assert found.user_data == {"doc_id": "d", "weight": 0.5} and found.text == doc.text
    assert tags(doc) == ["O", "B-Disease", "I-Disease", "O"]


def test_words_that_another_witness_has_seen_outside(nlp):
    doc = made(nlp, "Severe heart failure .", (1, 3, "Disease"))
    assert tags(trusted(doc, Trust("words"), outside=[0, 1])) == ["O", "", "", ""]
    assert tags(trusted(doc, Trust("entities"), outside=[0, 3])) == ["O", "B-Disease", "I-Disease", "O"]


def test_cheap_row_leaves_when_an_expert_row_has_its_text(nlp):
    cheap = [made(nlp, "Gout hurts", (0, 1, "Disease")), made(nlp, "Asthma too", (0, 1, "Disease"))]
    expert = [made(nlp, "Gout hurts")]
    found = merge(cheap, expert, Trust("all", 0.2))
    assert [doc.text for doc in found.docs] == ["Gout hurts", "Asthma too"]
    assert (found.cheap, found.replaced) == (1, 1)
    assert found.docs[0] is expert[0] and found.docs[1].user_data["weight"] == 0.2


def test_cheap_row_keeps_quiet_about_words_that_an_expert_answered(nlp):
    cheap = [made(nlp, "Severe heart failure and gout .", (1, 3, "Disease"), (4, 5, "Disease"))]
    # The expert has said of "failure" alone that it is in no entity: the cheap entity that touches it is doubted.
    expert = [made(nlp, "Severe heart failure and gout .", missing=[0, 1, 3, 4, 5])]
    found = merge(cheap, expert, Trust("all"))
    assert tags(found.docs[1]) == ["O", "", "", "O", "B-Disease", "O"]
    assert found.replaced == 0


def test_unannotated_words_of_a_cheap_row_stay_so(nlp):
    doc = made(nlp, "Gout or not", (0, 1, "Disease"), missing=[2])
    assert tags(trusted(doc, Trust("all"))) == ["B-Disease", "O", ""]


def test_unknown_trust_is_refused():
    with pytest.raises(BioactiveError, match="B552"):
        Trust("some")


def test_noise_by_type_is_counted_by_hand(nlp):
    expert = [
        made(nlp, "Severe heart failure", (0, 3, "Disease"), doc_id="a"),
        made(nlp, "Gout and aspirin", (0, 1, "Disease"), (2, 3, "Chemical"), doc_id="b"),
        made(nlp, "Not seen by the other", doc_id="c"),
    ]
    cheap = [
        made(nlp, "Severe heart failure", (1, 3, "Disease"), doc_id="a"),  # an edge is wrong
        made(nlp, "Gout and aspirin", (0, 1, "Disease"), doc_id="b"),  # the chemical is missed
        made(nlp, "Elsewhere", (0, 1, "Chemical"), doc_id="x"),
    ]
    found = noise(cheap, expert)
    assert (found.texts, found.words) == (2, 6)
    disease, chemical = found.types["Disease"], found.types["Chemical"]
    assert (disease.precision.value, disease.recall.value) == (0.5, 0.5)
    assert (disease.word_precision.value, disease.word_recall.value) == (1.0, 0.75)
    assert (chemical.recall.value, chemical.cheap, chemical.expert) == (0.0, 0, 1)
    assert found.types["all"].recall.value == pytest.approx(1 / 3)
    # Without a cheap label: Severe, and, aspirin; only "and" is in no entity.
    assert found.outside.value == pytest.approx(1 / 3)
    assert 0.0 == found.outside.low <= found.outside.high == 0.5
    json.dumps(found.to_dict())


def test_noise_needs_a_text_in_common(nlp):
    with pytest.raises(BioactiveError, match="B560"):
        noise([made(nlp, "one")], [made(nlp, "two")])


def test_distant_corpus_is_as_noisy_as_published(nlp, corpora):
    path = corpora / "bc5cdr-distant/BC5CDR_Dict_1.0/train.ALL.txt"
    from bioactive.corpus.columns import ColumnOptions, read_columns

    cheap = list(read_classes(path, nlp.vocab, CLASSES, Tally()))
    expert = list(read_columns(path, nlp.vocab, ColumnOptions(tag_column=1), Tally()))
    found = noise(cheap, expert, resamples=10)
    assert len(cheap) == found.texts == 4560
    assert found.types["all"].word_precision.value == pytest.approx(0.98, abs=0.005)
    assert found.types["all"].word_recall.value == pytest.approx(0.55, abs=0.005)
