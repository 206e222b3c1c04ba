"""Which of overlapping entities go to `doc.ents`, and how the others are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from ..errors import error


class Bounded(Protocol):
    """Anything with a start and an exclusive end."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


SpanT = TypeVar("SpanT", bound=Bounded)

# Each policy is an order; spans are then taken from the front as long as they touch nothing taken before.
_ORDERS: dict[str, Callable[[Bounded], tuple[int, int]]] = {
    "outermost": lambda span: (span.start, -span.end),
    "innermost": lambda span: (span.end, -span.start),
    "longest": lambda span: (span.start - span.end, span.start),
}
POLICIES = tuple(_ORDERS)


def flatten(spans: Iterable[SpanT], policy: str = "outermost") -> tuple[list[SpanT], list[SpanT]]:
    """Choose spans that do not overlap.

    spans (Iterable): Spans, in the order in which equal ones are preferred.
    policy (str): "outermost": from left to right, at each place the longest. "innermost": from left to right, the one
        that ends first, and of those the shortest. "longest": the longest of all first, as spaCy's `filter_spans`.
    RETURNS (tuple[list, list]): The chosen ones in text order, and the others.
    RAISES (BioactiveError): B113 for an unknown policy.
    """
    if policy not in _ORDERS:
        raise error("B113", policy=policy, known=", ".join(POLICIES))
    chosen: list[SpanT] = []
    left_out: list[SpanT] = []
    taken: set[int] = set()
    for span in sorted(spans, key=_ORDERS[policy]):
        inside = range(span.start, span.end)
        if taken.isdisjoint(inside):
            chosen.append(span)
            taken.update(inside)
        else:
            left_out.append(span)
    return sorted(chosen, key=lambda span: span.start), left_out


def overlap_kind(span: Bounded, chosen: Sequence[Bounded]) -> str:
    """How a span that was left out lies to the chosen ones.

    span (Bounded): The span that was left out.
    chosen (Sequence[Bounded]): The chosen ones.
    RETURNS (str): "same place", "inside", "around" or "crossing".
    """
    kind = "crossing"
    for other in chosen:
        if (other.start, other.end) == (span.start, span.end):
            return "same place"
        if other.start <= span.start and span.end <= other.end:
            kind = "inside"
        elif span.start <= other.start and other.end <= span.end and kind == "crossing":
            kind = "around"
    return kind


def overlap_statistics(spans: Sequence[Bounded]) -> Counter[str]:
    """How spans of one text lie to each other.

    spans (Sequence[Bounded]): The spans of one Doc or text.
    RETURNS (Counter[str]): "nested": spans that lie inside another with other bounds. "depth": the most spans that lie
        around each other at one place, 1 when nothing is nested. "crossing": pairs that overlap with neither inside
        the other.
    """
    found: Counter[str] = Counter(nested=0, crossing=0, depth=0)
    around: list[tuple[int, int]] = []
    depth: dict[tuple[int, int], int] = {}
    for start, end in sorted(((s.start, s.end) for s in spans), key=lambda place: (place[0], -place[1])):
        around = [place for place in around if place[1] > start]
        # What starts earlier, or at the same place and ends later, stands before in this order.
        holders = [place for place in around if place[1] >= end and place != (start, end)]
        found["nested"] += bool(holders)
        found["crossing"] += sum(place[0] < start and place[1] < end for place in around)
        depth[start, end] = 1 + max((depth[place] for place in holders), default=0)
        around.append((start, end))
    found["depth"] = max(depth.values(), default=0)
    return found
