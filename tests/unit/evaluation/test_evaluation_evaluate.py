from __future__ import annotations

import json

import pytest
import spacy
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from bioactive.corpus.seen import Seen
from bioactive.errors import BioactiveError
from bioactive.evaluation.evaluate import evaluate, predict
from bioactive.evaluation.load import load_pipeline, read_docs


@pytest.fixture
def ruler() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "GENE", "pattern": "p53"},
            {"label": "DRUG", "pattern": "aspirin"},
            {"label": "GENE", "pattern": "TNF"},
        ]
    )
    return nlp


@pytest.fixture
def gold(make_doc) -> list[Doc]:
    return [
        make_doc("p53 binds aspirin", [(0, 1, "GENE"), (2, 3, "DRUG")], doc_id="a"),
        make_doc("TNF alpha and p53", [(0, 2, "GENE"), (3, 4, "DRUG")], doc_id="b"),
        make_doc("nothing here", doc_id="b"),
    ]


def test_evaluate_hand_worked(ruler, gold):
    found = evaluate(ruler, gold)
    assert found.documents == 2
    assert found.words == 9
    gene, micro = found.types["GENE"], found.totals["micro"]
    assert (gene.correct, gene.predicted, gene.gold) == (1, 3, 2)
    assert (micro.correct, micro.predicted, micro.gold) == (2, 4, 4)
    assert micro.f1.value == pytest.approx(0.5)
    assert found.totals["boundary"].correct == 3
    assert found.totals["word"].f1.value == pytest.approx(2 * 3 / (4 + 5))
    assert found.word_accuracy is not None
    assert found.word_accuracy.value == pytest.approx(7 / 9)
    assert found.seqeval["strict"]["micro"]["f1"] == pytest.approx(0.5)
    assert found.calibration is None


def test_words_are_scored_by_type_and_averaged(ruler, gold):
    found = evaluate(ruler, gold)
    # Words: GENE gold "p53 TNF alpha", found "p53 TNF p53"; DRUG gold "aspirin p53", found "aspirin".
    gene, drug = found.word_types["GENE"], found.word_types["DRUG"]
    assert (gene.correct, gene.predicted, gene.gold) == (2, 3, 3)
    assert (drug.correct, drug.predicted, drug.gold) == (1, 1, 2)
    assert found.totals["word_macro"].f1.value == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert found.totals["word_weighted"].precision.value == pytest.approx((3 * 2 / 3 + 2 * 1) / 5)


def test_what_the_training_set_holds_is_left_out(ruler, gold, make_doc):
    found = evaluate(ruler, gold, seen=Seen([make_doc("nothing here"), make_doc("p53 binds aspirin", doc_id="z")]))
    assert found.unseen is not None
    assert found.unseen.sentences == 2
    micro = found.unseen.totals["micro"]
    assert (micro.correct, micro.predicted, micro.gold) == (0, 2, 2)
    assert found.totals["micro"].gold == 4
    assert json.loads(json.dumps(found.to_dict()))["unseen"]["totals"]["micro"]["gold"] == 2
    by_id = evaluate(ruler, gold, seen=Seen([make_doc("x", doc_id="b")])).unseen
    assert by_id is not None and by_id.sentences == 2 and by_id.totals["micro"].f1.value == 1.0
    assert evaluate(ruler, gold).unseen is None


def test_evaluate_equals_spacy_scorer(ruler, gold):
    ents = Scorer.score_spans([Example(p, g) for g, p in predict(ruler, gold)], "ents")
    found = evaluate(ruler, gold)
    assert found.totals["micro"].f1.value == pytest.approx(ents["ents_f"])
    assert found.types["GENE"].precision.value == pytest.approx(ents["ents_per_type"]["GENE"]["p"])


def test_evaluate_leaves_the_gold_docs_alone(ruler, gold):
    before = [doc.to_bytes() for doc in gold]
    evaluate(ruler, gold)
    assert [doc.to_bytes() for doc in gold] == before


def test_evaluate_is_the_same_on_any_batch_size(ruler, gold):
    assert evaluate(ruler, gold, batch_size=1).to_dict() == evaluate(ruler, gold, batch_size=100).to_dict()


def test_evaluate_raw_text_uses_the_pipelines_own_tokens(ruler, nlp):
    gold = Doc(nlp.vocab, words=["p53", "-", "aspirin"], spaces=[False, False, False])
    gold.set_ents([Span(gold, 0, 1, "GENE"), Span(gold, 2, 3, "DRUG")])
    ruler.tokenizer = spacy.tokenizer.Tokenizer(ruler.vocab)  # white space alone
    raw, words = evaluate(ruler, [gold], raw=True), evaluate(ruler, [gold])
    assert (raw.mode, raw.totals["micro"].correct, raw.unreachable, raw.seqeval) == ("raw text", 0, 2, {})
    assert (words.mode, words.totals["micro"].correct, words.unreachable) == ("gold tokens", 2, 0)


def test_evaluate_names_labels_that_the_pipeline_does_not_know(ruler, make_doc):
    found = evaluate(ruler, [make_doc("p53 in liver", [(0, 1, "GENE"), (2, 3, "ORGAN")])])
    assert found.missing_labels == ["ORGAN"]
    assert found.types["ORGAN"].recall.value == 0.0


def test_evaluate_span_group(make_doc):
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler", config={"spans_key": "sc"}).add_patterns([{"label": "GENE", "pattern": "p53"}])
    gold = make_doc("p53 gene")
    gold.spans["sc"] = [Span(gold, 0, 1, "GENE"), Span(gold, 0, 2, "DNA")]
    found = evaluate(nlp, [gold], spans_key="sc")
    assert (found.totals["micro"].correct, found.totals["micro"].gold, found.words) == (1, 2, 2)
    assert found.word_accuracy is None
    assert "word" not in found.totals


def test_evaluate_calibration_of_a_component_that_writes_confidences(make_doc):
    @Language.component("sure_of_it", assigns=["doc.ents"])
    def sure_of_it(doc: Doc) -> Doc:
        doc.set_ents([Span(doc, 0, 1, "GENE")])
        doc.spans["crf_ner"] = list(doc.ents)
        doc.spans["crf_ner"].attrs["scores"] = [0.8]
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("sure_of_it")
    found = evaluate(nlp, [make_doc("p53 is", [(0, 1, "GENE")]), make_doc("it is")]).calibration
    assert found is not None
    assert (found.entities, found.ece, found.brier) == (2, pytest.approx(0.3), pytest.approx((0.04 + 0.64) / 2))


def test_evaluation_dict_is_json_and_names_its_intervals(ruler, gold):
    found = json.loads(json.dumps(evaluate(ruler, gold).to_dict()))
    assert set(found["totals"]["micro"]["f1"]) == {"value", "low", "high"}
    assert "counts" not in found


def test_evaluate_without_annotation_is_an_error(ruler, nlp):
    with pytest.raises(BioactiveError, match=r"B305.*1 documents"):
        evaluate(ruler, [Doc(nlp.vocab, words=["a"])])


def test_evaluate_without_an_entity_component_is_an_error(gold):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(BioactiveError, match=r"B307.*sentencizer"):
        evaluate(nlp, gold)


def test_load_pipeline_without_one_says_where_it_looked(tmp_path):
    with pytest.raises(BioactiveError, match=r"B301.*nowhere"):
        load_pipeline(tmp_path / "nowhere")


def test_load_pipeline_on_a_gpu_that_is_not_there_says_so(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "m")
    with pytest.raises(BioactiveError, match=r"B210.*GPU 99"):
        load_pipeline(tmp_path / "m", gpu_id=99)


def test_load_pipeline_with_an_unknown_factory_asks_for_the_code(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "m")
    config = tmp_path / "m" / "config.cfg"
    text = config.read_text(encoding="utf8").replace("pipeline = []", 'pipeline = ["mine"]')
    config.write_text(
        text.replace("[components]", '[components]\n\n[components.mine]\nfactory = "mine_own"'), encoding="utf8"
    )
    with pytest.raises(BioactiveError, match=r"B302.*--code"):
        load_pipeline(tmp_path / "m")


def test_load_pipeline_with_broken_weights_says_so(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("X")
    nlp.initialize()
    nlp.to_disk(tmp_path / "m")
    (tmp_path / "m" / "ner" / "model").write_bytes(b"cut")
    with pytest.raises(BioactiveError, match=r"B302.*does not load"):
        load_pipeline(tmp_path / "m")


def test_load_pipeline_runs_the_code_first(tmp_path):
    code = tmp_path / "parts.py"
    code.write_text("from spacy.language import Language\nLanguage.component('from_code', func=lambda doc: doc)\n")
    spacy.blank("en").to_disk(tmp_path / "m")
    load_pipeline(tmp_path / "m", code)
    assert Language.has_factory("from_code")
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(BioactiveError, match=r"B310.*ZeroDivisionError"):
        load_pipeline(tmp_path / "m", tmp_path / "broken.py")


def test_read_docs_round_trip_and_bad_files(tmp_path, nlp, gold):
    path = tmp_path / "gold.spacy"
    DocBin(docs=gold, store_user_data=True).to_disk(path)
    assert [doc.user_data["doc_id"] for doc in read_docs(path, nlp.vocab)] == ["a", "b", "b"]
    (tmp_path / "text.spacy").write_text("p53\tB-GENE\n")
    (tmp_path / "nothing.spacy").write_bytes(b"")
    DocBin().to_disk(tmp_path / "empty.spacy")
    for name, code in (("text", "B120"), ("nothing", "B120"), ("empty", "B304"), ("absent", "B101")):
        with pytest.raises(BioactiveError, match=f"{code}.*{name}"):
            read_docs(tmp_path / f"{name}.spacy", nlp.vocab)
