"""What is asked next: diversity, gradients, density, seconds, documents, and a start without any label."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
import srsly
from spacy.tokens import Doc, Span
from typer.testing import CliRunner

from bioactive.active.costs import TimeModel, expected_entities
from bioactive.active.diversity import k_means, k_means_seeds, representativeness
from bioactive.active.posteriors import Belief, Posterior, posterior
from bioactive.active.rank import rank
from bioactive.active.sift import Candidates, Wanted, diversity_of, most_different, without_repeats
from bioactive.active.stretches import Stretch, choose_stretches, priced, worth
from bioactive.active.vectors import gradient_embeddings, mean_vectors, word_vectors
from bioactive.cli.app import app
from bioactive.errors import BioactiveError
from bioactive.simulation.choose import Budget, Pool, Question, cold_questions, next_questions, seed_questions
from bioactive.simulation.experiment import Strategy
from bioactive.simulation.oracle import Oracle

TAGS = ("O", "B-X", "I-X")


def pool_of(nlp, texts, documents=None) -> Pool:
    golds = []
    for number, text in enumerate(texts):
        doc = Doc(nlp.vocab, words=text.split())
        doc.set_ents([Span(doc, 0, 1, "X")], default="outside")
        if documents:
            doc.user_data["doc_id"] = documents[number]
        golds.append(doc)
    return Pool([Doc(nlp.vocab, words=text.split()) for text in texts], Oracle(golds))


def belief_of(*marginals: list[float], spans=()) -> Posterior:
    return Posterior("t", "exact", len(marginals), TAGS, np.array(marginals), ("O",) * len(marginals), spans=spans)


# --- diversity


def test_k_means_takes_one_of_each_cluster_before_a_second():
    rng = np.random.default_rng(0)
    centres = np.eye(5)[[0] * 20 + [1] * 10 + [2] * 5]
    rows = centres + rng.normal(scale=0.01, size=centres.shape)
    order = k_means(rows, 3, seed=1)
    assert sorted(order) == list(range(35))
    assert [int(rows[place].argmax()) for place in order[:3]] == [0, 1, 2]  # the larger clusters first
    assert k_means(rows, 3, seed=1) == order


@pytest.mark.parametrize(("items", "clusters"), [(0, 3), (1, 3), (3, 3), (3, 0)])
def test_k_means_of_few_items_gives_each_once(items, clusters):
    assert sorted(k_means(np.eye(4)[:items], clusters)) == list(range(items))


def test_k_means_seeds_are_far_apart_and_the_longest_is_first():
    rows = np.array([[10.0, 0.0], [0.0, 1.0], [10.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    for seed in range(5):
        chosen = k_means_seeds(rows, 3, seed)
        assert chosen[0] in (0, 2)
        assert len({tuple(rows[place]) for place in chosen}) == 3
    assert len(k_means_seeds(rows, 5)) == 3  # the others repeat what is drawn
    assert k_means_seeds(np.zeros((0, 2)), 2) == []


def test_k_means_seeds_draw_by_squared_distance():
    rows = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 0.0]])  # from the first: squared distances 1 and 4
    second = [k_means_seeds(rows, 2, seed)[1] for seed in range(600)]
    assert np.mean([place == 2 for place in second]) == pytest.approx(0.8, abs=0.05)


def test_representativeness_is_the_mean_cosine():
    rows = np.random.default_rng(0).normal(size=(6, 4)) + 1
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(representativeness(rows), (unit @ unit.T).mean(axis=1).clip(0))
    assert representativeness(np.zeros((0, 3))).shape == (0,)


def test_gradient_embedding_is_the_outer_product_of_pull_and_projected_vector(real_crf_nlp):
    docs = [real_crf_nlp.make_doc("a b c d"), real_crf_nlp.make_doc("d e")]
    found = gradient_embeddings(real_crf_nlp, docs, [[(0, 1), (2, 3)], [(0, 2)]], seed=3)
    vectors = word_vectors(real_crf_nlp, docs)
    width = vectors[0].shape[1]
    projection = np.random.default_rng(3).standard_normal((width, 32)) / np.sqrt(32)
    for row, doc, own, words in zip(found, docs, vectors, [(0, 2), (0, 1)], strict=True):
        belief = posterior(real_crf_nlp, [doc])[0]
        expected = np.zeros((len(belief.tags), 32))
        for word in words:
            pull = belief.marginals[word] - np.array([tag == belief.best[word] for tag in belief.tags])
            expected += np.outer(pull, own[word] @ projection) / len(words)
        np.testing.assert_allclose(row, expected.ravel(), atol=1e-6)


def test_mean_vectors_are_of_the_words_asked_about(real_crf_nlp):
    docs = [real_crf_nlp.make_doc("a  b c")]  # the second token is white space, no word
    assert [token.is_space for token in docs[0]] == [False, True, False, False]
    own = word_vectors(real_crf_nlp, docs)[0]
    np.testing.assert_allclose(mean_vectors(real_crf_nlp, docs, [[(1, 3)]])[0], own[2:4].mean(axis=0), rtol=1e-6)


def test_pipeline_without_vectors_is_an_error(ner_nlp):
    with pytest.raises(BioactiveError, match="B535"):
        word_vectors(ner_nlp, [ner_nlp.make_doc("a")])


@pytest.mark.parametrize("by", ["k_centre", "k_means", "badge"])
def test_each_kind_of_diversity_orders_the_candidates(real_crf_nlp, by):
    texts = ["a b", "a b", "c d e", "f", "a c f"]
    found = Candidates([real_crf_nlp.make_doc(text) for text in texts], [[(0, len(text.split()))] for text in texts])
    order = list(most_different(real_crf_nlp, found, Wanted(4, by)))
    assert sorted(order) == [0, 1, 2, 3, 4]
    if by != "k_means":  # which may put them among others
        assert order[-1] in (0, 1)  # of two that are the same, one comes last
    assert without_repeats(real_crf_nlp, found, 0.9999) == [0, 2, 3, 4]


def test_unknown_diversity_is_an_error():
    with pytest.raises(BioactiveError, match=r"B541.*k_centre, k_means, badge"):
        diversity_of("k_median")


# --- seconds


def test_entities_are_expected_by_where_they_may_begin():
    belief = belief_of([0.5, 0.5, 0.0], [0.2, 0.1, 0.7], [1.0, 0.0, 0.0])
    assert expected_entities(belief, (0, 3)) == pytest.approx(0.6)
    assert expected_entities(belief, (1, 3)) == pytest.approx(0.1)
    spans = Posterior("t", "spans", 4, ("O", "I-X"), np.zeros((4, 2)), spans=(Belief(0, 2, "X", 0.8),))
    assert expected_entities(spans, (1, 4)) == pytest.approx(0.4)


def test_second_stretch_of_a_text_does_not_pay_for_reading_it_again():
    belief = belief_of(*[[0.9, 0.1, 0.0]] * 10)
    time = TimeModel(question=2.0, word=0.5, context=0.25, entity=3.0)
    # First: 2 + .5 * 2 + .25 * 8 + 3 * .2; second: (.5 - .25) * 2 + 3 * .2.
    first, second = priced([Stretch(0, 2, 1.0), Stretch(4, 6, 0.5)], belief, time)
    assert first.score == pytest.approx(2.0 / 5.6)
    assert second.score == pytest.approx(1.0 / 1.1)
    # Both together: what both give, for the seconds of both.
    assert worth([Stretch(0, 2, 1.0), Stretch(4, 6, 0.5)], belief, time) == pytest.approx(3.0 / 6.7)
    assert worth([], belief, time) == 0.0


def test_seconds_turn_to_texts_that_are_quick_to_answer(real_crf_nlp):
    texts = ["a", "a b c d e f a b c d e f"]
    pool = pool_of(real_crf_nlp, texts)
    by_total = next_questions(real_crf_nlp, pool, Strategy(measure="total_entropy"), Budget(1), 0)
    slow = TimeModel(question=0.0, word=1.0, context=0.0, entity=1000.0)
    strategy = Strategy(measure="length", per_second=True)
    quick = next_questions(real_crf_nlp, pool, strategy, Budget(1), 0, slow)
    values = [
        len(text.split())
        / slow.expected(posterior(real_crf_nlp, [real_crf_nlp.make_doc(text)])[0], (0, len(text.split())))
        for text in texts
    ]
    assert by_total == [Question(1, [(0, 12)])]
    assert quick[0].text == int(np.argmax(values))


# --- budgets and units


def test_budget_may_count_texts():
    nlp = spacy.blank("en")
    pool = pool_of(nlp, ["a b c"] * 5)
    assert len(seed_questions(pool, Budget(10**6, 2), 0)) == 2
    assert len(next_questions(None, pool, Strategy(measure="length"), Budget(0, 3), 0)) == 3
    assert sum(each.words for each in seed_questions(pool, Budget(4), 0)) == 6
    assert Budget(10, 3).times(1.5) == Budget(15, 4)


def test_stretches_may_be_counted_in_texts():
    texts = [(0, iter([Stretch(0, 2, 0.9), Stretch(3, 5, 0.8)])), (1, iter([Stretch(0, 2, 0.7)]))]
    assert [each.text for each in choose_stretches(texts, 0, most=2)] == [0, 0, 1]


def test_documents_are_asked_about_whole():
    nlp = spacy.blank("en")
    pool = pool_of(nlp, ["a b c d", "a", "a b", "a b c"], documents=["x", "x", "y", "y"])
    # By length the words of x have (4 * 4 + 1) / 5 = 3.4 on the mean, those of y (4 + 9) / 5 = 2.6.
    found = next_questions(None, pool, Strategy(unit="document", measure="length"), Budget(1), 0)
    assert [each.text for each in found] == [0, 1]
    costs = [pool.oracle.ask(each.text, each.stretches) for each in found]
    assert [cost.documents for cost in costs] == [1, 0]


def test_oracle_asks_about_what_the_pipeline_gets_wrong(real_crf_nlp):
    pool = pool_of(real_crf_nlp, ["a b c", "d e f", "a f"])
    right = [
        pool.oracle.accuracy(text, posterior(real_crf_nlp, [pool.docs[text]])[0].best) for text in range(len(pool.docs))
    ]
    found = next_questions(real_crf_nlp, pool, Strategy(measure="oracle_accuracy"), Budget(100), 0)
    assert [right[each.text] for each in found] == sorted(right)


def test_accuracy_counts_words():
    nlp = spacy.blank("en")
    oracle = pool_of(nlp, ["a b c d"]).oracle
    assert oracle.accuracy(0, ["B-X", "O", "O", "B-X"]) == 0.75
    assert Oracle([Doc(nlp.vocab)]).accuracy(0, []) == 1.0


# --- without labels


def test_cold_start_asks_about_texts_that_stand_for_the_pool(real_crf_nlp):
    texts = ["a b", "a b", "a b", "c d e", "f f f"]
    pool = pool_of(real_crf_nlp, texts)
    cold = Strategy(measure="entropy", diverse_by="k_means", cold_words=8)
    first = cold_questions(real_crf_nlp, pool, cold, Budget(0, 3), 0)
    assert len({texts[each.text] for each in first}) == 3
    # While too little is known it goes on, and then the measure decides.
    assert next_questions(real_crf_nlp, pool, cold, Budget(0, 3), 0) == first
    for each in first:
        pool.oracle.ask(each.text, each.stretches)
    assert pool.oracle.words_known == 8
    plain = Strategy(measure="entropy")
    assert next_questions(real_crf_nlp, pool, cold, Budget(4), 0) == next_questions(
        real_crf_nlp, pool, plain, Budget(4), 0
    )


def test_dense_texts_count_more(real_crf_nlp):
    texts = ["a b", "a b", "a b c", "f"]
    pool = pool_of(real_crf_nlp, texts)
    rows = pool.candidates([pool.whole(text) for text in range(4)]).vectors(real_crf_nlp)
    found = next_questions(real_crf_nlp, pool, Strategy(measure="length", density=1.0), Budget(100), 0)
    values = representativeness(rows) * np.array([2, 2, 3, 1])
    assert [round(float(values[each.text]), 6) for each in found] == sorted(
        [round(float(value), 6) for value in values], reverse=True
    )


# --- ranking files


def test_ranking_takes_different_texts(real_crf_nlp):
    texts = ["a b c d", "a b c d e", "a b c d f", "f", "e"]
    plain = rank(real_crf_nlp, texts, "length", 2)
    assert {task["text"] for task in plain} <= set(texts[:3])
    diverse = rank(real_crf_nlp, texts, "length", 3, diversity=1.0, diverse_by="k_means")
    assert len(diverse) == 3 and diverse[0]["score"] >= diverse[-1]["score"]
    assert {"f", "e"} & {task["text"] for task in diverse}


def test_ranking_leaves_near_repeats_out(real_crf_nlp):
    texts = ["a b c", "a b c!", "f e"]
    found = rank(real_crf_nlp, texts, "length", 3, duplicates_above=-0.999)
    assert len(found) == 1  # above -1 nearly everything is a repeat
    assert len(rank(real_crf_nlp, texts, "length", 3, duplicates_above=0.9999999)) == 3


def test_ranked_stretches_may_grow_and_be_counted_by_the_second(real_crf_nlp):
    text = "a b c d e f a b c d e f"
    (task,) = rank(real_crf_nlp, [text], "entropy", 1, unit="stretch", stretch_words=2, longest=5, share=0.0)
    assert sum(not token.get("disabled") for token in task["tokens"]) >= 5
    (other,) = rank(real_crf_nlp, [text], "entropy", 1, unit="stretch", stretch_words=2, per_second=True)
    (plain,) = rank(real_crf_nlp, [text], "entropy", 1, unit="stretch", stretch_words=2)
    assert 0 < other["score"] < plain["score"]
    slow = {"per_second": True, "time": TimeModel(20.0, 2.5, 2.5, 30.0)}
    (slower,) = rank(real_crf_nlp, [text], "entropy", 1, unit="stretch", stretch_words=2, **slow)
    assert slower["score"] == pytest.approx(other["score"] / 10, rel=1e-4)


def test_command_counts_by_the_seconds_of_a_file(real_crf_nlp, tmp_path):
    real_crf_nlp.to_disk(tmp_path / "model")
    (tmp_path / "pool.txt").write_text("a b c d e f\na b c\n", encoding="utf8")
    (tmp_path / "slow.cfg").write_text("[time]\nquestion = 20\nword = 2.5\ncontext = 2.5\nentity = 30\n", "utf8")
    args = ["rank", *(str(tmp_path / name) for name in ("model", "pool.txt", "out.jsonl"))]

    def scores(*more: str) -> list[float]:
        found = CliRunner().invoke(app, [*args, *more])
        assert found.exit_code == 0, found.output
        return [task["score"] for task in srsly.read_jsonl(tmp_path / "out.jsonl")]

    quick, slow = scores("--per-second"), scores("--time", str(tmp_path / "slow.cfg"))
    assert slow == pytest.approx([score / 10 for score in quick], rel=1e-4)
    assert scores("--per-second", "-m", "total_entropy") == quick != scores()
    assert "B308" in str(CliRunner().invoke(app, [*args, "--time", str(tmp_path / "none.cfg")]).exception)
