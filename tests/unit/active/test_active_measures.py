from __future__ import annotations

import math
from statistics import mean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioactive.active.measures import ORACLE, get_measure, measures, random, uniform
from bioactive.active.posteriors import Posterior, posterior
from bioactive.active.sampled import samples_of
from bioactive.errors import BioactiveError

TAGS = ("O", "B-X", "I-X")
EXACT = (
    "lc",
    "mnlp",
    "ltp",
    "margin",
    "entropy",
    "total_entropy",
    "entity_entropy",
    "total_entity_entropy",
    "sequence_entropy",
)
# Published mistakes, and the control that needs gold.
PUBLISHED = ("mnlp_padded", "entropy_padded", "bald_positions")
SAMPLED = ("bald", "total_bald", "vote_entropy", "variation_ratio")


@pytest.fixture
def two_words() -> Posterior:
    """Two words, two sequences: (B-X, I-X) with .75 and (B-X, O) with .25.

    Of its four passes all say B-X of the first word; of the second three are sure that it is I-X, one that it is O.
    """
    return Posterior(
        text="p 53",
        kind="exact",
        words=2,
        tags=TAGS,
        marginals=np.array([[0.0, 1.0, 0.0], [0.25, 0.0, 0.75]]),
        best=("B-X", "I-X"),
        best_log_prob=math.log(0.75),
        second_log_prob=math.log(0.25),
        sequence_entropy=-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)),
        samples=np.array([[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]] * 3 + [[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]]),
        sampled_best=np.array([[1, 2]] * 3 + [[1, 0]]),
    )


EMPTY = Posterior("", "exact", 0, best_log_prob=0.0, second_log_prob=-math.inf, sequence_entropy=0.0)
H = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
HAND_WORKED = {
    "length": 2.0,
    "lc": -math.log(0.75),
    "mnlp": -math.log(0.75) / 2,
    "ltp": 0.25,
    "margin": -0.5,
    "entropy": H / 2,
    "total_entropy": H,
    # The first word is sure, the second is in an entity with .75.
    "entity_entropy": 0.75 * H / 2,
    "total_entity_entropy": 0.75 * H,
    "sequence_entropy": H,
    # Each pass is sure, so all the doubt is disagreement.
    "bald": H / 2,
    "total_bald": H,
    "vote_entropy": H / 2,
    "variation_ratio": 0.25,
    # 512 positions, of which all but the second word are sure.
    "mnlp_padded": -math.log(0.75) / 512,
    "entropy_padded": H / 512,
    # The words' mean is .125, .5, .375: a text with two tags looks as if passes disagreed.
    "bald_positions": -(0.125 * math.log(0.125) + 0.5 * math.log(0.5) + 0.375 * math.log(0.375)) - H / 2,
}


@pytest.mark.parametrize("name", HAND_WORKED)
def test_measure_hand_worked(two_words, name):
    assert get_measure(name)(two_words) == pytest.approx(HAND_WORKED[name])


def test_every_measure_has_a_hand_worked_case():
    get_measure("random")  # the published ones are registered when a measure is first asked for
    assert set(HAND_WORKED) | {"random", ORACLE} == set(measures.get_all())


def test_oracle_is_for_simulations_alone(two_words):
    with pytest.raises(BioactiveError, match="B542"):
        get_measure(ORACLE)(two_words)


def test_padded_uncertainty_is_a_rule_for_long_texts(two_words):
    """Ten words of the same doubt each: as unsure as one for `mnlp`, ten times as unsure for the padded form."""
    one = Posterior("a", "exact", 1, TAGS, np.array([[0.5, 0.5, 0.0]]), ("O",), math.log(0.5))
    ten = Posterior("a", "exact", 10, TAGS, np.tile(one.marginals, (10, 1)), ("O",) * 10, 10 * math.log(0.5))
    assert get_measure("mnlp")(ten) == pytest.approx(get_measure("mnlp")(one))
    assert get_measure("mnlp_padded")(ten) == pytest.approx(10 * get_measure("mnlp_padded")(one))


@pytest.mark.parametrize("name", HAND_WORKED)
def test_measure_of_an_empty_doc_is_its_lowest(two_words, name):
    value = get_measure(name)(EMPTY)
    assert value == (-1.0 if name == "margin" else 0.0)
    assert math.copysign(1.0, value) == (-1.0 if name == "margin" else 1.0)


def test_unknown_measure_is_an_error_that_names_the_known():
    with pytest.raises(BioactiveError, match=r"B321.*'bold'.*bald.*mnlp"):
        get_measure("bold")


@pytest.mark.parametrize("name", [*EXACT, *PUBLISHED, *SAMPLED])
def test_measure_that_needs_more_than_the_text_says_so(name):
    with pytest.raises(BioactiveError, match="B322"):
        get_measure(name)(Posterior("a b", "text", 2))


@pytest.mark.parametrize("name", EXACT)
def test_measure_lets_a_broken_models_nan_through(name):
    broken = Posterior("a", "exact", 1, TAGS, np.full((1, 3), np.nan), ("O",), math.nan, math.nan, math.nan)
    assert math.isnan(get_measure(name)(broken))


words = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f"]), min_size=1, max_size=4)


@settings(deadline=None)
@given(words)
def test_measures_equal_brute_force(crf_nlp, brute_force, parts):
    tags, sequence_log_probs = brute_force
    exact = sorted(sequence_log_probs(parts).items(), key=lambda item: -item[1])
    probs = [math.exp(log_prob) for _, log_prob in exact]
    entropies, focused, lowest = [], [], 1.0
    for t in range(len(parts)):
        column = [sum(p for (path, _), p in zip(exact, probs, strict=True) if path[t] == k) for k in range(len(tags))]
        entropies.append(-sum(p * math.log(p) for p in column if p))
        focused.append((1 - column[tags.index("O")]) * entropies[-1])
        lowest = min(lowest, column[exact[0][0][t]])
    expected = {
        "lc": -math.log(probs[0]),
        "mnlp": -math.log(probs[0]) / len(parts),
        "ltp": 1 - lowest,
        "margin": probs[1] - probs[0],
        "entropy": mean(entropies),
        "total_entropy": sum(entropies),
        "entity_entropy": mean(focused),
        "total_entity_entropy": sum(focused),
        "sequence_entropy": -sum(p * math.log(p) for p in probs),
    }
    (found,) = posterior(crf_nlp, [crf_nlp.make_doc(" ".join(parts))])
    assert {name: get_measure(name)(found) for name in EXACT} == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("fixture", ["crf_nlp", "real_crf_nlp", "ner_nlp", "spancat_nlp"])
@settings(deadline=None)
@given(pool=st.lists(words, min_size=2, max_size=6), order=st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_the_batch_or_the_order(request, fixture, pool, order):
    nlp = request.getfixturevalue(fixture)
    samples = 4 if fixture == "real_crf_nlp" else 0
    texts = [" ".join(parts) for parts in pool]
    alone = {text: posterior(nlp, [nlp.make_doc(text)], samples=samples)[0] for text in texts}
    order.shuffle(texts)
    together = posterior(nlp, [nlp.make_doc(text) for text in texts], samples=samples)
    for text, found in zip(texts, together, strict=True):
        for name in sorted({"random", "length", *EXACT, *PUBLISHED, *(SAMPLED if samples else ())}):
            measure = get_measure(name)
            assert measure(found) == pytest.approx(measure(alone[text]), abs=1e-4)


@given(st.text(), st.integers(0, 5))
def test_random_depends_on_text_and_seed_alone(text, seed):
    assert random(Posterior(text, "text", 3), seed) == random(Posterior(text, "exact", 9), seed)
    assert 0.0 <= random(Posterior(text, "text", 3), seed) < 1.0


def test_random_is_uniform_and_another_seed_gives_another_order():
    first, second = ([uniform(f"text {i}", seed) for i in range(2000)] for seed in (0, 1))
    counts = np.histogram(first, bins=10, range=(0, 1))[0]
    assert ((counts - 200) ** 2 / 200).sum() < 27.9  # chi-squared with 9 degrees of freedom, p = .001
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_least_confidence_still_tells_long_texts_apart():
    def long(log_prob: float) -> Posterior:
        return Posterior("t", "exact", 400, best_log_prob=log_prob, sequence_entropy=1.0, second_log_prob=log_prob)

    lc = get_measure("lc")
    assert lc(long(-60.0)) > lc(long(-50.0))


def test_samples_are_needed_by_measures_of_disagreement_alone():
    assert {name for name in measures.get_all() if samples_of(get_measure(name))} == set(SAMPLED)
    with pytest.raises(BioactiveError, match="B321"):
        get_measure("bold")


def with_samples(samples, best) -> Posterior:
    return Posterior("t", "exact", samples.shape[1], TAGS, samples.mean(axis=0), samples=samples, sampled_best=best)


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**16))
def test_disagreement_equals_its_formula_written_out(n_samples, n_words, seed):
    rng = np.random.default_rng(seed)
    samples = rng.dirichlet(np.ones(3), size=(n_samples, n_words))
    best = rng.integers(0, 3, size=(n_samples, n_words))
    found = with_samples(samples, best)

    def h(probs) -> float:
        return -sum(p * math.log(p) for p in probs if p)

    gain = sum(h(samples[:, t].mean(axis=0)) - mean(h(row) for row in samples[:, t]) for t in range(n_words))
    votes = [h([(best[:, t] == k).mean() for k in range(3)]) for t in range(n_words)]
    rows = [tuple(row) for row in best.tolist()]
    expected = {
        "bald": gain / n_words,
        "total_bald": gain,
        "vote_entropy": mean(votes),
        "variation_ratio": 1 - max(rows.count(row) for row in rows) / n_samples,
    }
    assert {name: get_measure(name)(found) for name in SAMPLED} == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 4), st.integers(0, 2**16), st.randoms(use_true_random=False))
def test_disagreement_does_not_depend_on_the_order_of_the_passes(n_words, seed, order):
    rng = np.random.default_rng(seed)
    samples, best = rng.dirichlet(np.ones(3), size=(5, n_words)), rng.integers(0, 3, size=(5, n_words))
    rows = list(range(5))
    order.shuffle(rows)
    for name in SAMPLED:
        value = get_measure(name)(with_samples(samples[rows], best[rows]))
        assert value == pytest.approx(get_measure(name)(with_samples(samples, best)), abs=1e-12)


@pytest.mark.parametrize("name", SAMPLED)
def test_passes_that_agree_score_zero_however_unsure_they_are(name):
    samples = np.tile(np.array([0.4, 0.3, 0.3]), (4, 3, 1))
    assert get_measure(name)(with_samples(samples, np.zeros((4, 3), dtype=int))) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("name", ["bald", "total_bald"])
def test_disagreement_lets_a_broken_models_nan_through(name):
    assert math.isnan(get_measure(name)(with_samples(np.full((2, 1, 3), np.nan), np.zeros((2, 1), dtype=int))))
