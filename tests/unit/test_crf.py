"""Exact inference against enumeration of all paths, in float64."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from bioactive.ner import crf
from bioactive.tags import begin, can_follow, inside, spans_from_tags, tags_for

TOLERANCE = 1e-9


def legal_moves(n_labels: int) -> torch.Tensor:
    n_tags = 2 * n_labels + 1
    before = [*range(n_tags), None]
    return torch.tensor([[can_follow(previous, tag) for tag in range(n_tags)] for previous in before])


def random_lattice(length: int, n_labels: int, seed: int, padding: int = 0) -> crf.Lattice:
    generator = torch.Generator().manual_seed(seed)
    n_tags = 2 * n_labels + 1
    emissions = 2 * torch.randn(1, length + padding, n_tags, generator=generator, dtype=torch.float64)
    transitions = torch.randn(n_tags + 1, n_tags, generator=generator, dtype=torch.float64)
    lattice = crf.Lattice(emissions, torch.tensor([length]), transitions)
    return crf.forbid(lattice, legal_moves(n_labels))


def all_paths(lattice: crf.Lattice) -> dict[tuple[int, ...], float]:
    """Every legal path of a one-sentence lattice with its score, added up by hand."""
    n_tags, length = lattice.emissions.shape[-1], int(lattice.lengths[0])
    scores = {}
    for path in itertools.product(range(n_tags), repeat=length):
        before = (n_tags, *path[:-1])
        moves = [lattice.transitions[i, j].item() for i, j in zip(before, path, strict=False)]
        if min(moves, default=0.0) > crf.FORBIDDEN / 2:
            scores[path] = sum(moves) + sum(lattice.emissions[0, t, tag].item() for t, tag in enumerate(path))
    return scores


def log_sum(scores: list[float]) -> float:
    top = max(scores, default=0.0)
    return top + math.log(sum(math.exp(score - top) for score in scores)) if scores else -math.inf


CASES = [
    (length, n_labels, seed)
    for length in range(7)
    for n_labels in range(1, 5)
    for seed in range(3)
    if (2 * n_labels + 1) ** length <= 20_000
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join(map(str, case)))
def case(request) -> tuple[crf.Lattice, dict[tuple[int, ...], float], int]:
    length, n_labels, seed = request.param
    lattice = random_lattice(length, n_labels, seed, padding=seed)
    return lattice, all_paths(lattice), n_labels


def test_log_partition_equals_enumeration(case):
    lattice, paths, _ = case
    expected = log_sum(list(paths.values())) if lattice.lengths[0] else 0.0
    assert crf.log_partition(lattice)[0].item() == pytest.approx(expected, abs=TOLERANCE)


def test_marginals_equal_enumeration(case):
    lattice, paths, _ = case
    found = crf.marginals(lattice)[0]
    expected = torch.zeros_like(found)
    log_z = log_sum(list(paths.values()))
    for path, score in paths.items():
        for t, tag in enumerate(path):
            expected[t, tag] += math.exp(score - log_z)
    assert torch.allclose(found, expected, atol=TOLERANCE, rtol=0)


def test_pair_marginals_equal_enumeration(case):
    lattice, paths, _ = case
    found = crf.pair_marginals(lattice)[0]
    expected = torch.zeros_like(found)
    log_z = log_sum(list(paths.values()))
    for path, score in paths.items():
        for t, (i, j) in enumerate(itertools.pairwise(path)):
            expected[t, i, j] += math.exp(score - log_z)
    assert torch.allclose(found, expected, atol=TOLERANCE, rtol=0)


def test_k_best_paths_equal_enumeration(case):
    lattice, paths, _ = case
    scores, found = crf.k_best(lattice, 5)
    length = int(lattice.lengths[0])
    expected = sorted(paths.items(), key=lambda item: -item[1])[:5]
    for rank, (path, score) in enumerate(expected):
        assert scores[0, rank].item() == pytest.approx(score, abs=TOLERANCE)
        assert tuple(found[0, rank, :length].tolist()) == path
    assert torch.isneginf(scores[0, len(expected) :]).all()


def test_viterbi_is_the_best_path(case):
    lattice, paths, _ = case
    score, path = crf.viterbi(lattice)
    best = max(paths.items(), key=lambda item: item[1])
    assert tuple(path[0, : int(lattice.lengths[0])].tolist()) == best[0]
    assert score[0].item() == pytest.approx(best[1], abs=TOLERANCE)
    assert crf.path_score(lattice, path)[0].item() == pytest.approx(best[1], abs=TOLERANCE)


def test_sequence_entropy_equals_enumeration(case):
    lattice, paths, _ = case
    log_z = log_sum(list(paths.values()))
    expected = sum(-math.exp(score - log_z) * (score - log_z) for score in paths.values())
    assert crf.sequence_entropy(lattice)[0].item() == pytest.approx(expected, abs=TOLERANCE)


def test_span_probabilities_equal_enumeration(case):
    lattice, paths, n_labels = case
    tags = tags_for([str(label) for label in range(n_labels)])
    length = int(lattice.lengths[0])
    log_z = log_sum(list(paths.values()))
    spans = [
        crf.SpanQuery(0, start, end, begin(label), inside(label))
        for start in range(length)
        for end in range(start + 1, length + 1)
        for label in range(n_labels)
    ]
    expected: dict[tuple[int, int, int], float] = {}
    for path, score in paths.items():
        for span in spans_from_tags(tags[tag] for tag in path):
            key = (span.start, span.end, begin(int(span.label)))
            expected[key] = expected.get(key, 0.0) + math.exp(score - log_z)
    for span, log_prob in zip(spans, crf.span_log_probs(lattice, spans).tolist(), strict=True):
        assert math.exp(log_prob) == pytest.approx(expected[span[1:4]], abs=TOLERANCE)


def test_padding_and_batch_change_nothing():
    alone = [random_lattice(length, 2, seed=length) for length in (1, 4, 0, 6)]
    emissions = torch.full((4, 8, 5), 7.0, dtype=torch.float64)
    for row, lattice in enumerate(alone):
        emissions[row, : lattice.emissions.shape[1]] = lattice.emissions[0]
    transitions = alone[0].transitions
    batch = crf.Lattice(emissions, torch.tensor([1, 4, 0, 6]), transitions)
    for row, lattice in enumerate(alone):
        single = crf.Lattice(lattice.emissions, lattice.lengths, transitions)
        length = int(lattice.lengths[0])
        assert crf.log_partition(batch)[row] == pytest.approx(crf.log_partition(single)[0].item(), abs=TOLERANCE)
        assert torch.allclose(crf.marginals(batch)[row, :length], crf.marginals(single)[0], atol=TOLERANCE)
        assert crf.viterbi(batch)[1][row, :length].tolist() == crf.viterbi(single)[1][0].tolist()
        entropy = crf.sequence_entropy(single)[0].item()
        assert crf.sequence_entropy(batch)[row].item() == pytest.approx(entropy, abs=TOLERANCE)


def numeric_loss(lattice: crf.Lattice, allowed: torch.Tensor, rejected: list[crf.SpanQuery], n_labels: int) -> float:
    """The loss by enumeration: -log P(allowed) - sum log(1 - P(span | allowed))."""
    tags = tags_for([str(label) for label in range(n_labels)])
    paths = all_paths(lattice)
    kept = {path: s for path, s in paths.items() if all(allowed[0, t, tag] for t, tag in enumerate(path))}
    loss = log_sum(list(paths.values())) - log_sum(list(kept.values()))
    for query in rejected:
        wanted = (query.start, query.end, query.begin)
        without = [
            score
            for path, score in kept.items()
            if wanted not in {(s.start, s.end, begin(int(s.label))) for s in spans_from_tags(tags[i] for i in path)}
        ]
        loss += log_sum(list(kept.values())) - log_sum(without)
    return loss


@pytest.mark.parametrize("annotation", ["full", "partial", "none", "rejected", "partial and rejected"])
@pytest.mark.parametrize("seed", range(4))
def test_loss_equals_enumeration(annotation, seed):
    n_labels, length = 2, 4
    lattice = random_lattice(length, n_labels, seed)
    allowed = torch.ones_like(lattice.emissions, dtype=torch.bool)
    rejected = []
    if annotation in ("full", "partial", "partial and rejected"):
        gold = [0, 1, 2, 3]  # O B-0 I-0 B-1
        for t in range(length) if annotation == "full" else (1,):
            allowed[0, t] = False
            allowed[0, t, gold[t]] = True
    if "rejected" in annotation:
        rejected = [crf.SpanQuery(0, 1, 3, begin(0), inside(0)), crf.SpanQuery(0, 2, 4, begin(1), inside(1))]
    loss, _, _ = crf.loss_and_gradient(lattice, legal_moves(n_labels), allowed, rejected)
    assert loss.item() == pytest.approx(numeric_loss(lattice, allowed, rejected, n_labels), abs=TOLERANCE)


def test_gradient_is_the_difference_of_two_posteriors():
    lattice, n_labels = random_lattice(5, 2, seed=3, padding=2), 2
    allowed = torch.ones_like(lattice.emissions, dtype=torch.bool)
    allowed[0, 2] = torch.tensor([True, False, False, False, False])
    _, d_emissions, d_transitions = crf.loss_and_gradient(lattice, legal_moves(n_labels), allowed)
    free, bound = lattice, crf.restrict(lattice, allowed)
    expected = crf.marginals(free) - crf.marginals(bound)
    assert torch.allclose(d_emissions, expected, atol=TOLERANCE)
    pairs = (crf.pair_marginals(free) - crf.pair_marginals(bound)).sum(dim=(0, 1))
    assert torch.allclose(d_transitions[:-1], pairs, atol=TOLERANCE)


@pytest.mark.parametrize("seed", range(3))
def test_gradient_equals_finite_differences(seed):
    lattice, n_labels, step = random_lattice(3, 1, seed), 1, 1e-5
    allowed = torch.ones_like(lattice.emissions, dtype=torch.bool)
    allowed[0, 0] = torch.tensor([True, False, False])
    rejected = [crf.SpanQuery(0, 1, 3, begin(0), inside(0)), crf.SpanQuery(0, 1, 2, begin(0), inside(0))]
    found = crf.loss_and_gradient(lattice, legal_moves(n_labels), allowed, rejected)
    for values, gradient in ((lattice.emissions[0], found.d_emissions[0]), (lattice.transitions, found.d_transitions)):
        for place in itertools.product(*map(range, values.shape)):
            kept, losses = values[place].item(), []
            for moved in (kept + step, kept - step):
                values[place] = moved
                losses.append(numeric_loss(lattice, allowed, rejected, n_labels))
            values[place] = kept
            assert gradient[place].item() == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-7)


def test_runner_up_equals_enumeration(case):
    lattice, scores, _ = case
    ordered = sorted(scores.values(), reverse=True)
    expected = ordered[1] if len(ordered) > 1 else -math.inf
    _, best = crf.viterbi(lattice)
    assert crf.runner_up(lattice, best)[0].item() == pytest.approx(expected, abs=TOLERANCE)


def test_potentials_far_apart_stay_exact():
    lattice = random_lattice(4, 2, seed=0)
    lattice.emissions *= 60
    assert crf.log_partition(lattice)[0].item() == pytest.approx(log_sum([*all_paths(lattice).values()]), abs=TOLERANCE)


def test_unannotated_sentence_has_no_gradient():
    lattice = random_lattice(4, 2, seed=1)
    allowed = torch.ones_like(lattice.emissions, dtype=torch.bool)
    loss, d_emissions, d_transitions = crf.loss_and_gradient(lattice, legal_moves(2), allowed)
    assert loss.item() == 0.0
    # Two equal posteriors are summed in one product, so that their difference is zero up to the last digit.
    assert d_emissions.abs().max() < 1e-15 and d_transitions.abs().max() < 1e-15


def test_rejecting_a_certain_span_gives_finite_gradient():
    lattice = random_lattice(3, 1, seed=0)
    lattice.emissions[0, :, 1] = torch.tensor([60.0, 0.0, 0.0], dtype=torch.float64)
    allowed = torch.ones_like(lattice.emissions, dtype=torch.bool)
    span = crf.SpanQuery(0, 0, 1, begin(0), inside(0))
    loss, d_emissions, _ = crf.loss_and_gradient(lattice, legal_moves(1), allowed, [span])
    assert math.isfinite(loss.item()) and torch.isfinite(d_emissions).all()


def test_temperature_one_changes_nothing_and_heat_flattens():
    lattice = random_lattice(4, 2, seed=5)
    assert torch.equal(lattice.scaled(1.0).emissions, lattice.emissions)
    assert crf.sequence_entropy(lattice.scaled(3.0))[0] > crf.sequence_entropy(lattice)[0]


def test_long_sentence_stays_finite_in_float32():
    generator = torch.Generator().manual_seed(0)
    emissions = 30 * torch.randn(1, 3000, 9, generator=generator)
    lattice = crf.forbid(crf.Lattice(emissions, torch.tensor([3000]), torch.zeros(10, 9)), legal_moves(4))
    unary = crf.marginals(lattice)
    assert torch.isfinite(crf.log_partition(lattice)).all()
    assert torch.allclose(unary.sum(-1), torch.ones(1, 3000), atol=1e-4)
