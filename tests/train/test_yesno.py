"""The yes/no classifier: it learns what only question and passage together say, is saved, ranks, and is taught."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

from bioactive.active.measures import get_measure
from bioactive.active.posteriors import posterior
from bioactive.active.rank import rank_pool
from bioactive.annotate.teach import TextClassifier
from bioactive.corpus.binfile import read_docs, write_docs
from bioactive.errors import BioactiveError
from bioactive.questions.evaluate import evaluate
from bioactive.questions.lexical import lexical
from bioactive.questions.pairs import Pair, pair_text, to_docs
from bioactive.questions.scores import tuned_threshold
from bioactive.questions.threshold import answer, answers_of, create_threshold_callback, probabilities, threshold_of
from bioactive.tokenizer import blank

ROOT = Path(__file__).resolve().parents[2]
DRUGS = ("аспирин", "метформин", "дексаметазон", "гепарин", "атропин", "морфин")
EFFECTS = ("жар", "кашель", "тонус", "аппетит", "пульс")


def pairs() -> list[Pair]:
    """Half of the questions name the drug of the passage, half another one: no side alone gives the answer away."""
    made = []
    for i, drug in enumerate(DRUGS):
        for effect in EFFECTS:
            other = DRUGS[(i + 1) % len(DRUGS)]
            passage = f"Известно, что {drug} снижает {effect} у больных."
            made.append(Pair(f"Снижает ли {drug} {effect}?", passage, "yes", 1))
            made.append(Pair(f"Снижает ли {other} {effect}?", passage, "no", 1))
    return made


def pipeline(encoder: Path, **settings: Any) -> Language:
    frozen = {"@architectures": "bioactive.FrozenTransformer.v1", "name": str(encoder), "layers": [1, 2]}
    model = {"@architectures": "bioactive.YesNo.v1", "tok2vec": frozen, "width": 32, **settings}
    nlp = blank("ru")
    nlp.add_pipe("textcat", config={"model": model})
    return nlp


def trained(encoder: Path, rounds: int = 25, **settings: Any) -> Language:
    fix_random_seed(0)
    nlp = pipeline(encoder, **settings)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in to_docs(pairs(), nlp.tokenizer)]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.005
    for _ in range(rounds):
        nlp.update(examples, sgd=optimizer)
    return nlp


@pytest.fixture(scope="module")
def nlp(tiny_bert: Path) -> Language:
    return trained(tiny_bert)


def yes(nlp: Language, question: str, passage: str) -> float:
    return float(nlp(pair_text(question, passage)).cats["yes"])


def test_classifier_learns_what_neither_side_says_alone(nlp: Language) -> None:
    docs = list(to_docs(pairs(), nlp.tokenizer))
    right = [
        (value > 0.5) == (doc.cats["yes"] == 1.0) for value, doc in zip(probabilities(nlp, docs), docs, strict=True)
    ]
    assert np.mean(right) > 0.95


def test_answers_do_not_depend_on_the_batch(nlp: Language) -> None:
    docs = list(to_docs(pairs()[:9], nlp.tokenizer))
    long = to_docs([Pair("Снижает ли морфин жар?", "Морфин снижает жар. " * 300, None, 1)], nlp.tokenizer)
    alone = [probabilities(nlp, [doc])[0] for doc in docs]
    assert probabilities(nlp, [*docs, *long])[:9] == pytest.approx(alone, abs=2e-3)


def test_pipeline_is_the_same_after_saving(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "model")
    again = spacy.load(tmp_path / "model")
    docs = list(to_docs(pairs(), nlp.tokenizer))
    assert probabilities(again, docs) == pytest.approx(probabilities(nlp, docs), abs=1e-5)
    assert again.to_bytes() == nlp.to_bytes()


def test_tuned_threshold_stays_with_the_saved_pipeline(nlp: Language, tmp_path: Path) -> None:
    asked = list(to_docs(pairs()[:20], nlp.tokenizer))
    by_prob = sorted(zip(probabilities(nlp, asked), asked, strict=True), key=lambda each: -each[0])
    # "yes" is right for the seven most probable alone, so the best threshold lies between the seventh and the eighth.
    for place, (_, doc) in enumerate(by_prob):
        doc.cats = {"yes": float(place < 7), "no": float(place >= 7)}
    held_out = [Example(doc, doc) for doc in asked]
    tuned = create_threshold_callback(lambda _: held_out)(spacy.load(nlp.to_disk(tmp_path / "a") or tmp_path / "a"))
    tuned.to_disk(tmp_path / "b")
    again = spacy.load(tmp_path / "b")
    assert by_prob[7][0] < threshold_of(again) < by_prob[6][0]
    assert threshold_of(nlp) == 0.5
    for place, (prob, doc) in enumerate(by_prob):
        said, found = answer(again, *doc.text.split(" [SEP] "))
        # Asked alone: in bf16 the company of a batch shows in the third digit.
        assert (said, found) == ("yes" if place < 7 else "no", pytest.approx(prob, abs=2e-3))


def test_threshold_of_a_pipeline_without_a_classifier_is_refused() -> None:
    with pytest.raises(BioactiveError, match="B608.*answers questions"):
        threshold_of(spacy.blank("ru"))


def test_question_without_an_answer_cannot_be_scored(nlp: Language) -> None:
    doc = nlp.make_doc(pair_text("Снижает ли аспирин жар?", "Аспирин снижает жар."))
    doc.cats = {"positive": 1.0}
    with pytest.raises(BioactiveError, match="B940.*'Снижает ли аспирин жар.*the labels: positive"):
        answers_of([doc])


def test_one_answer_alone_tunes_no_threshold(nlp: Language) -> None:
    docs = [doc for doc in to_docs(pairs()[:6], nlp.tokenizer) if doc.cats["yes"]]
    with pytest.raises(BioactiveError, match="B941.*dev: all of the 3 questions have the answer yes"):
        create_threshold_callback(lambda _: [Example(doc, doc) for doc in docs])(nlp)


def test_one_answer_alone_makes_no_baseline(nlp: Language, tmp_path: Path) -> None:
    write_docs(to_docs(pairs()[:6], nlp.tokenizer), tmp_path / "test.spacy")
    write_docs(to_docs(pairs()[:6:2], nlp.tokenizer), tmp_path / "train.spacy")
    with pytest.raises(BioactiveError, match=r"B941.*train\.spacy: all of the 3 questions have the answer yes"):
        evaluate(nlp, tmp_path / "test.spacy", train=tmp_path / "train.spacy")


def test_text_without_a_passage_is_refused(nlp: Language) -> None:
    with pytest.raises(BioactiveError, match="B724.*'Снижает ли"):
        nlp("Снижает ли аспирин жар?")


def test_class_weight_counts_like_repetition(tiny_bert: Path) -> None:
    found = []
    for weights, times in (([3.0, 1.0], 1), ([1.0, 1.0], 3)):
        fix_random_seed(0)
        nlp = pipeline(tiny_bert, class_weights=weights)
        docs = [doc for doc in to_docs(pairs()[:6], nlp.tokenizer) for _ in range(times if doc.cats["yes"] else 1)]
        examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
        nlp.initialize(lambda examples=examples: examples)
        nlp.get_pipe("textcat").update(examples)
        network = nlp.get_pipe("textcat").model.shims[0].answers
        found.append(network.output.weight.grad.clone())
    assert torch.allclose(*found, atol=1e-4)


def test_ranking_puts_the_closest_answers_first(nlp: Language) -> None:
    texts = [pair_text(pair.question, pair.passage) for pair in pairs()]
    ranked = rank_pool(nlp, texts, "entropy").tasks
    gaps = [abs(float(nlp(task["text"]).cats["yes"]) - 0.5) for task in ranked]
    assert gaps == sorted(gaps)


def test_posterior_of_exclusive_labels_is_one_decision(nlp: Language) -> None:
    text = pair_text(*pairs()[0][:2])
    (found,), prob = posterior(nlp, [nlp.make_doc(text)]), float(nlp(text).cats["yes"])
    entropy = -(prob * np.log(prob) + (1 - prob) * np.log(1 - prob))
    for name, value in {"entropy": entropy, "sequence_entropy": entropy, "margin": -abs(2 * prob - 1)}.items():
        assert get_measure(name)(found) == pytest.approx(value, abs=1e-5)


def test_posterior_of_other_labels_is_a_decision_each() -> None:
    nlp = spacy.blank("en")
    textcat = nlp.add_pipe("textcat_multilabel")
    doc = nlp.make_doc("fever and cough")
    doc.cats = {"A": 1.0, "B": 0.0, "C": 1.0}
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])
    (found,) = posterior(nlp, [nlp.make_doc("a cough")])
    probs = np.array(list(nlp("a cough").cats.values()))
    own = -(probs * np.log(probs) + (1 - probs) * np.log(1 - probs))
    assert len(textcat.labels) == found.words == 3
    assert get_measure("entropy")(found) == pytest.approx(own.mean(), abs=1e-5)
    assert found.best_log_prob == pytest.approx(np.log(np.maximum(probs, 1 - probs)).sum(), abs=1e-5)


def test_tagger_speaks_before_a_classifier() -> None:
    nlp = spacy.blank("en")
    ner, textcat = nlp.add_pipe("ner"), nlp.add_pipe("textcat_multilabel")
    ner.add_label("X")
    textcat.add_label("A")
    doc = nlp.make_doc("a cough")
    doc.cats = {"A": 1.0}
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])
    assert posterior(nlp, [nlp.make_doc("a cough")])[0].kind == "beam"


def test_rejection_teaches_the_other_answer(tiny_bert: Path) -> None:
    nlp = trained(tiny_bert, rounds=1)
    nlp.resume_training()
    model = TextClassifier(nlp)
    assert (model.labels, model.asked) == (["yes", "no"], ["yes"])
    text = pair_text(*pairs()[0][:2])
    before = [nlp(text).cats["yes"]]
    for _ in range(5):
        model.update([{"text": text, "label": "yes", "answer": "reject"}], drop=0.0)
        before.append(nlp(text).cats["yes"])
    assert before[-1] < before[0]


def test_words_say_what_they_share_and_deny() -> None:
    found = lexical(["Не", "повышает", "тонус", "500", "?"], ["Он", "не", "снижает", "тонуса", "."])
    denies, strong, same, alike, number, opposite = found.question.T.tolist()
    assert denies == [1, 0, 0, 0, 0] and sum(strong) == 0
    assert same == [1, 0, 0, 0, 0] and alike == [1, 0, 1, 0, 0]
    assert number == [0, 0, 0, 1, 0] and opposite == [0, 1, 0, 0, 0]
    assert found.same[2].tolist() == [0, 0, 0, 1, 0]
    assert found.passage[:, 1].tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(("one", "other"), [([], ["a"]), (["a"], []), ([], [])])
def test_no_words_have_no_flags(one: list[str], other: list[str]) -> None:
    found = lexical(one, other)
    assert found.same.shape == (len(one), len(other))
    assert len(found.question) == len(one) and len(found.passage) == len(other)


def test_evaluation_has_the_baselines(nlp: Language, tmp_path: Path) -> None:
    write_docs(list(to_docs(pairs(), nlp.tokenizer)), tmp_path / "a.spacy")
    found = evaluate(nlp, tmp_path / "a.spacy", tmp_path / "a.spacy", tmp_path / "a.spacy")
    assert found.systems["majority"].accuracy.value == 0.5
    assert found.systems["pipeline, threshold of dev"].accuracy.value > found.systems["question only"].accuracy.value
    assert found.to_dict()["systems"]["majority"]["no"]["f1"][0] == 0.0


@pytest.mark.slow
def test_config_trains_with_spacy(tiny_bert: Path, tmp_path: Path) -> None:
    write_docs(list(to_docs(pairs(), blank("ru").tokenizer)), tmp_path / "a.spacy")
    paths = [f"--paths.{name}={tmp_path / 'a.spacy'}" for name in ("train", "dev")]
    options = [
        f"--vars.encoder={tiny_bert}",
        "--vars.layers=[1,2]",
        "--vars.max_epochs=2",
        "--training.eval_frequency=1",
    ]
    command = [sys.executable, "-m", "spacy", "train", "configs/yesno.cfg", "--output", str(tmp_path / "run")]
    subprocess.run([*command, *paths, *options], check=True, cwd=ROOT, capture_output=True)
    trained = spacy.load(tmp_path / "run" / "model-best")
    assert set(trained(pair_text(*pairs()[0][:2])).cats) == {"yes", "no"}
    docs = list(read_docs(tmp_path / "a.spacy", trained.vocab))
    # What the training tuned is what the same questions give now.
    assert threshold_of(trained) == pytest.approx(tuned_threshold(answers_of(docs), probabilities(trained, docs)))
