"""Models in the loop: what they ask, and what they learn from yes and no."""

from __future__ import annotations

from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from bioactive.active.parses import candidates, parses
from bioactive.annotate.binary import corrected, judged, obeys
from bioactive.annotate.matcher import PatternMatcher
from bioactive.annotate.recipes import ner_teach
from bioactive.annotate.sorters import prefer_uncertain
from bioactive.annotate.tasks import add_tokens
from bioactive.annotate.teach import EntityRecognizer, TextClassifier, combine_models, label_answer
from bioactive.errors import BioactiveError

TEXT = "aspirin relieved type 2 diabetes in two weeks ."
COMPONENTS = ("crf_ner", "ner")


def trained(factory: str, examples: list[Example]) -> Language:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(12):
        nlp.update([Example(eg.predicted.copy(), eg.reference) for eg in examples], sgd=optimizer, drop=0.1)
    return nlp


@pytest.fixture(scope="module", params=COMPONENTS)
def nlp(request: pytest.FixtureRequest) -> Language:
    import random

    from spacy.tokens import Doc

    from tests.train.conftest import make_doc  # one pipeline for the module

    blank, rng = spacy.blank("en"), random.Random(0)
    docs = [make_doc(blank, rng) for _ in range(40)]
    examples = [Example(Doc(blank.vocab, words=[t.text for t in doc]), doc) for doc in docs]
    return trained(request.param, examples)


def test_readings_come_best_first_and_the_first_is_the_prediction(nlp: Language) -> None:
    doc = nlp.make_doc(TEXT)
    (readings,) = parses(nlp, [doc], 8)
    probs = [reading.prob for reading in readings]
    assert probs == sorted(probs, reverse=True) and 0 < sum(probs) <= 1 + 1e-4
    if nlp.pipe_names == ["crf_ner"]:
        assert set(readings[0].spans) == {(ent.start, ent.end, ent.label_) for ent in nlp(TEXT).ents}


def test_candidates_of_the_crf_are_exact() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner")
    doc = nlp.make_doc("one two")
    doc.set_ents([spacy.tokens.Span(doc, 0, 1, label="X")])
    nlp.initialize(lambda: [Example(nlp.make_doc("one two"), doc)])
    (found,) = candidates(nlp, [nlp.make_doc("one two")], 100)
    (readings,) = parses(nlp, [nlp.make_doc("one two")], 100)
    assert sum(reading.prob for reading in readings) == pytest.approx(1.0, abs=1e-5)
    for entity in found:
        among = sum(reading.prob for reading in readings if (entity.start, entity.end, entity.label) in reading.spans)
        assert entity.prob == pytest.approx(among, abs=1e-5)


def test_teacher_asks_about_one_span_a_task_with_its_probability(nlp: Language) -> None:
    model = EntityRecognizer(nlp, label="Chemical,Disease")
    scored = list(model([{"text": TEXT, "meta": {"id": 7}}, {"text": ""}]))
    assert scored and all(0.0 <= score <= 1.0 for score, _ in scored)
    for score, task in scored:
        (span,) = task["spans"]
        assert TEXT[span["start"] : span["end"]] == span["text"] and task["meta"]["id"] == 7
        assert task["meta"]["score"] == pytest.approx(score, abs=1e-3)
        assert task["tokens"][span["token_end"]]["end"] == span["end"]
    assert len({task["_task_hash"] for _, task in scored}) == len(scored)
    assert len({task["_input_hash"] for _, task in scored}) == 1


def test_teacher_leaves_out_other_labels(nlp: Language) -> None:
    model = EntityRecognizer(nlp, label=["Disease"])
    assert {task["spans"][0]["label"] for _, task in model([{"text": TEXT}])} <= {"Disease"}


@pytest.mark.parametrize("factory", COMPONENTS)
def test_teacher_learns_from_yes_and_no(factory: str, examples: list[Example]) -> None:
    nlp = trained(factory, examples)
    model = EntityRecognizer(nlp)

    def score() -> float:
        found = [(s, task["spans"][0]) for s, task in model([{"text": TEXT}])]
        return max((s for s, span in found if (span["text"], span["label"]) == ("aspirin", "Chemical")), default=0.0)

    before = score()
    task = next(task for _, task in model([{"text": TEXT}]) if task["spans"][0]["text"] == "aspirin")
    for _ in range(12):
        assert model.update([{**task, "answer": "reject"}], drop=0.0) >= 0.0
    lower = score()
    for _ in range(25):
        model.update([{**task, "answer": "accept"}], drop=0.0)
    assert lower < before / 2 and score() > 0.8
    assert model.update([{**task, "answer": "ignore"}]) == 0.0


def test_make_best_obeys_the_answers(nlp: Language) -> None:
    model = EntityRecognizer(nlp)
    start = TEXT.index("two weeks")
    odd = {"start": start, "end": start + 9, "label": "Disease"}
    drug = {"start": 0, "end": 7, "label": "Chemical"}
    answers = [
        {"text": TEXT, "spans": [odd], "answer": "accept"},
        {"text": TEXT, "spans": [drug], "answer": "reject"},
        {"text": "No effect of gout was seen .", "spans": [], "answer": "reject"},
    ]
    best = model.make_best(answers)
    assert [task["text"] for task in best] == [TEXT, "No effect of gout was seen ."]
    places = [(span["start"], span["end"], span["label"]) for span in best[0]["spans"]]
    assert (start, start + 9, "Disease") in places and (0, 7, "Chemical") not in places
    assert all("token_start" in span for span in best[0]["spans"])


def test_pipeline_without_entities_gets_a_component_for_the_labels() -> None:
    nlp = spacy.blank("en")
    model = EntityRecognizer(nlp, label=["DRUG"])
    list(model([{"text": "aspirin"}]))
    for _ in range(30):
        model.update([{"text": "aspirin", "spans": [{"start": 0, "end": 7, "label": "DRUG"}], "answer": "accept"}])
    assert [ent.label_ for ent in nlp("aspirin").ents] == ["DRUG"]
    with pytest.raises(BioactiveError, match="B608"):
        EntityRecognizer(spacy.blank("en"))


def test_rules_are_asked_about_too() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "aspirin"}])  # type: ignore[attr-defined]
    ((score, task),) = EntityRecognizer(nlp)([{"text": "Take aspirin."}])
    assert score == 0.5 and task["spans"][0]["label"] == "X"
    assert EntityRecognizer(nlp).update([{**task, "answer": "accept"}]) == 0.0


def test_binary_answers_are_put_together_by_text() -> None:
    span = {"start": 0, "end": 1, "label": "A"}
    (one, other) = judged(
        [
            {"text": "x", "spans": [span], "answer": "accept"},
            {"text": "y", "spans": [span], "answer": "ignore"},
            {"text": "z", "spans": [span], "answer": "accept"},
            {"text": "x", "spans": [span], "answer": "reject"},
        ]
    )
    assert (one.accepted, one.rejected) == ([], [(0, 1, "A")])
    assert (other.accepted, other.rejected) == ([(0, 1, "A")], [])


def test_readings_are_corrected_where_none_obeys() -> None:
    assert obeys([(0, 2, "A")], [(0, 2, "A")], [(3, 4, "A")])
    assert not obeys([(0, 2, "A")], [(0, 2, "B")], [])
    assert corrected([(0, 2, "A"), (3, 4, "A")], [(1, 3, "B")], [(3, 4, "A")]) == [(1, 3, "B")]


def test_classifier_asks_about_each_label_and_learns() -> None:
    spacy.util.fix_random_seed(0)
    model = TextClassifier(spacy.blank("en"), label=["GOOD", "BAD"])
    scored = list(model([{"text": "fine", "_input_hash": 1, "_task_hash": 2}]))
    assert [task["label"] for _, task in scored] == ["GOOD", "BAD"]
    assert all(task["_input_hash"] == 1 and task["_task_hash"] != 2 for _, task in scored)
    for _ in range(20):
        model.update(
            [
                {"text": "fine", "label": "GOOD", "answer": "accept"},
                {"text": "fine", "label": "BAD", "answer": "reject"},
            ]
        )
    after = {task["label"]: score for score, task in model([{"text": "fine"}])}
    assert after["GOOD"] > 0.8 and after["BAD"] < 0.2


def test_classifier_takes_the_mean_of_long_texts() -> None:
    model = TextClassifier(spacy.blank("en"), label=["GOOD"], long_text=True)
    ((score, _),) = model([{"text": "one\ntwo"}])
    parts = [score for score, _ in model([{"text": "one"}, {"text": "two"}])]
    assert score == pytest.approx(sum(parts) / 2, abs=1e-5)


def test_classifier_names_labels_that_it_cannot_know() -> None:
    nlp = spacy.blank("en")
    TextClassifier(nlp, label=["A"])
    with pytest.raises(BioactiveError, match=r"B616.*B;"):
        TextClassifier(nlp, label=["B"])
    with pytest.raises(BioactiveError, match="B608"):
        TextClassifier(spacy.blank("en"))


@pytest.mark.parametrize(
    ("answer", "cats"),
    [
        ({"label": "A", "answer": "accept"}, {"A": 1.0}),
        ({"label": "A", "answer": "reject"}, {"A": 0.0}),
        ({"label": "A", "answer": "ignore"}, {}),
        ({"options": [{"id": "A"}, {"id": 2}], "accept": [2], "answer": "accept"}, {"A": 0.0, "2": 1.0}),
        ({"options": [{"id": "A"}], "accept": ["A"], "answer": "reject"}, {}),
        ({"answer": "accept"}, {}),
    ],
)
def test_answers_say_what_they_say_about_labels(answer: dict[str, Any], cats: dict[str, float]) -> None:
    assert label_answer(answer) == cats


def test_two_models_take_turns_and_both_learn() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "aspirin"}])  # type: ignore[attr-defined]
    matcher = PatternMatcher(nlp)
    matcher.add_patterns([{"label": "Y", "pattern": "fever"}])
    predict, update = combine_models(EntityRecognizer(nlp), matcher)
    stream = ({"text": f"aspirin for fever {number}"} for number in range(3))
    tasks = [task for _, task in predict(stream)]
    assert [task["spans"][0]["label"] for task in tasks] == ["X", "Y"] * 3
    assert update([{**tasks[1], "answer": "reject"}]) == 0.0
    assert next(iter(matcher.patterns.values())).incorrect == 3.0
    assert len(list(prefer_uncertain(predict([{"text": "aspirin"}])))) == 1


def test_recipe_asks_about_entities_that_the_best_reading_leaves_out(nlp: Language) -> None:
    tasks = list(ner_teach("ds", nlp, [{"text": TEXT}], share=1.0)["stream"])
    found = {(span["start"], span["end"], span["label"]): task["score"] for task in tasks for span in task["spans"]}
    (expected,) = candidates(nlp, [nlp.make_doc(TEXT)])
    doc = nlp.make_doc(TEXT)
    by_place = {(doc[e.start].idx, doc[e.start : e.end].end_char, e.label): e.prob for e in expected}
    assert found == pytest.approx(by_place)
    assert len(found) > len(nlp(TEXT).ents)
    distances = [abs(task["score"] - 0.5) for task in tasks]
    assert distances == sorted(distances) and len(set(distances)) > 1


def test_recipe_passes_over_what_the_pipeline_is_certain_of(nlp: Language) -> None:
    everything = list(ner_teach("ds", nlp, [{"text": TEXT}], share=1.0)["stream"])
    stream = ner_teach("ds", nlp, [{"text": TEXT}], share=0.25)["stream"]
    asked = list(stream)
    assert asked == everything[: len(asked)] and len(asked) == -(-len(everything) // 4)
    assert stream.passed_over == len(everything) - len(asked) == stream.second_pass()
    assert list(stream) == everything[len(asked) :]


def test_recipe_asks_about_none_of_the_words_that_are_only_shown(nlp: Language) -> None:
    (task,) = add_tokens(nlp, [{"text": TEXT}])
    for token in task["tokens"][:2]:
        token["disabled"] = True
    asked = list(ner_teach("ds", nlp, [task], share=1.0)["stream"])
    everything = list(ner_teach("ds", nlp, [{"text": TEXT}], share=1.0)["stream"])
    after = task["tokens"][2]["start"]
    wanted = [each["spans"][0] for each in everything if each["spans"][0]["end"] > after]
    assert 0 < len(asked) == len(wanted) < len(everything)
    assert all(each["tokens"][0]["disabled"] for each in asked)


def test_recipe_refuses_a_pipeline_that_finds_nothing() -> None:
    with pytest.raises(BioactiveError, match=r"B622.*finds entities: found none"):
        ner_teach("ds", spacy.blank("en"), [{"text": TEXT}], ["X"])
