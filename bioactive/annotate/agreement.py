"""How far annotators agree: coefficients for categories, F1 for spans.

Sources: Cohen 1960; Fleiss 1971; Krippendorff 2011, Computing Krippendorff's Alpha-Reliability; Gwet 2008 (AC1, which
is AC2 for categories without an order).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from .tasks import INPUT_HASH, SESSION_ID, TASK_HASH, Task
from .validation import has_place, misshapen

# One unit: what each annotator said about it.
Unit = Mapping[str, Hashable]
NONE = "O"


@dataclass(frozen=True)
class Agreement:
    """Agreement on one set of categories; None where it is not defined, as with a single category.

    units (int): Units that two annotators or more answered.
    observed (float | None): Share of pairs of annotators that agree, averaged over units.
    cohen (float | None): Cohen's kappa, averaged over pairs of annotators by their number of units.
    fleiss (float | None): Fleiss' kappa, in Gwet's form for units with different numbers of annotators.
    alpha (float | None): Krippendorff's alpha, nominal.
    gwet (float | None): Gwet's AC2 with identity weights.
    """

    units: int = 0
    observed: float | None = None
    cohen: float | None = None
    fleiss: float | None = None
    alpha: float | None = None
    gwet: float | None = None


@dataclass(frozen=True)
class SpanAgreement:
    """Agreement on spans.

    texts (int): Texts that two annotators or more answered.
    f1 (dict[str, float]): Pairwise F1 of spans (start, end and label) by label, and of all of them under "".
    spans (Counter[str]): Spans of all annotators in those texts, by label, and of all labels under "".
    words (Agreement): Agreement on the label of each word.
    pairs (dict[tuple[str, str], float]): F1 of each pair of annotators.
    left_out (int): Answers whose spans or tokens cannot be read.
    """

    texts: int = 0
    f1: dict[str, float] = field(default_factory=dict)
    spans: Counter[str] = field(default_factory=Counter)
    words: Agreement = field(default_factory=Agreement)
    pairs: dict[tuple[str, str], float] = field(default_factory=dict)
    left_out: int = 0


def agreement(units: Iterable[Unit]) -> Agreement:
    """Agreement on categories.

    units (Iterable[Unit]): For each unit the category that each annotator chose; units with one annotator count for
        nothing.
    RETURNS (Agreement): The coefficients.
    """
    rated = [unit for unit in units if len(unit) > 1]
    counts = [Counter(unit.values()) for unit in rated]
    if not counts:
        return Agreement()
    observed = sum(_pairs_agreeing(count) for count in counts) / len(counts)
    shares: Counter[Hashable] = Counter()
    for count in counts:
        for category, times in count.items():
            shares[category] += times / count.total() / len(counts)  # type: ignore[assignment]
    by_chance = sum(share**2 for share in shares.values())
    spread = sum(share * (1 - share) for share in shares.values()) / max(1, len(shares) - 1)
    return Agreement(
        len(rated),
        observed,
        _cohen(rated),
        _above(observed, by_chance),
        _alpha(counts),
        _above(observed, spread) if len(shares) > 1 else None,
    )


def agreement_by_label(units: Sequence[Unit]) -> dict[str, Agreement]:
    """Agreement on each category against all others, by the category's name."""
    labels = sorted({str(value) for unit in units for value in unit.values()})
    return {
        label: agreement([{who: str(value) == label for who, value in unit.items()} for unit in units])
        for label in labels
    }


def binary_units(examples: Iterable[Task]) -> list[Unit]:
    """Units of accept and reject answers: one a task; ignored ones are left out."""
    units: dict[object, dict[str, Hashable]] = defaultdict(dict)
    for example in examples:
        if example.get("answer") in ("accept", "reject"):
            units[example[INPUT_HASH], example[TASK_HASH]][_who(example)] = example["answer"]
    return list(units.values())


def doc_units(examples: Iterable[Task]) -> list[Unit]:
    """Units of labels of whole texts: the options chosen (several count as one category), or the accepted label."""
    units: dict[object, dict[str, Hashable]] = defaultdict(dict)
    for example in examples:
        if example.get("answer") != "accept":
            continue
        chosen = example.get("accept")
        label = "+".join(sorted(map(str, chosen))) if isinstance(chosen, list) else str(example.get("label", ""))
        units[example[INPUT_HASH]][_who(example)] = label or NONE
    return list(units.values())


def span_agreement(examples: Iterable[Task]) -> SpanAgreement:
    """Agreement on spans, over accepted answers; words that an annotator was not asked about do not count for him.

    examples (Iterable[Task]): Answers with `spans`, and `tokens` for the agreement on words.
    RETURNS (SpanAgreement): The figures.
    """
    texts: dict[object, dict[str, Task]] = defaultdict(dict)
    left_out = 0
    for example in examples:
        if example.get("answer") != "accept":
            continue
        if misshapen(example):
            left_out += 1
        else:
            texts[example[INPUT_HASH]][_who(example)] = example
    shared = [answers for answers in texts.values() if len(answers) > 1]
    hits: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    pairs: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for answers in shared:
        for one, other in combinations(sorted(answers), 2):
            mine, theirs = _spans(answers[one]), _spans(answers[other])
            for label in {"", *(span[2] for span in mine | theirs)}:
                left, right = (_of(spans, label) for spans in (mine, theirs))
                hits[label] += 2 * len(left & right)
                sizes[label] += len(left) + len(right)
            pairs[one, other][0] += 2 * len(mine & theirs)
            pairs[one, other][1] += len(mine) + len(theirs)
    spans = Counter(span[2] for answers in shared for answer in answers.values() for span in _spans(answer))
    spans[""] = spans.total()
    return SpanAgreement(
        len(shared),
        {label: hits[label] / sizes[label] for label in sorted(sizes) if sizes[label]},
        spans,
        agreement(unit for answers in shared for unit in _word_units(answers)),
        {pair: twice / size if size else 1.0 for pair, (twice, size) in pairs.items()},
        left_out,
    )


def _pairs_agreeing(count: Counter[Hashable]) -> float:
    total = count.total()
    return sum(times * (times - 1) for times in count.values()) / (total * (total - 1))


def _above(observed: float, by_chance: float) -> float | None:
    return None if by_chance >= 1 else (observed - by_chance) / (1 - by_chance)


def _alpha(counts: Sequence[Counter[Hashable]]) -> float | None:
    totals: Counter[Hashable] = sum(counts, Counter())
    number = totals.total()
    agreeing = sum(times * (times - 1) / (count.total() - 1) for count in counts for times in count.values())
    expected = sum(times * (times - 1) for times in totals.values()) / (number - 1)
    return None if expected >= number else 1 - (number - agreeing) / (number - expected)


def _cohen(units: Sequence[Unit]) -> float | None:
    shared: dict[tuple[str, str], list[tuple[Hashable, Hashable]]] = defaultdict(list)
    for unit in units:
        for one, other in combinations(sorted(unit), 2):
            shared[one, other].append((unit[one], unit[other]))
    total, weight = 0.0, 0
    for answers in shared.values():
        size = len(answers)
        left, right = (Counter(answer[side] for answer in answers) for side in (0, 1))
        by_chance = sum(left[category] * right[category] for category in left) / size**2
        kappa = _above(sum(one == other for one, other in answers) / size, by_chance)
        if kappa is not None:
            total, weight = total + kappa * size, weight + size
    return total / weight if weight else None


def _who(example: Task) -> str:
    return str(example.get(SESSION_ID) or "")


def _spans(answer: Task) -> set[tuple[int, int, str]]:
    spans = filter(has_place, answer.get("spans") or [])
    return {(span["start"], span["end"], str(span.get("label", ""))) for span in spans}


def _of(spans: set[tuple[int, int, str]], label: str) -> set[tuple[int, int, str]]:
    return {span for span in spans if span[2] == label} if label else spans


def _word_units(answers: Mapping[str, Task]) -> Iterator[Unit]:
    units: dict[tuple[int, int], dict[str, Hashable]] = defaultdict(dict)
    for who, answer in answers.items():
        spans = _spans(answer)
        for token in answer.get("tokens") or []:
            if not token.get("disabled") and str(answer.get("text", ""))[token["start"] : token["end"]].strip():
                over = [label for start, end, label in spans if start < token["end"] and token["start"] < end]
                units[token["start"], token["end"]][who] = "+".join(sorted(over)) or NONE
    return iter(units.values())
