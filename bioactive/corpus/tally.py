"""Counts of what a reader met, repaired or dropped, with the first few places of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

KEPT_EXAMPLES = 5


@dataclass
class Tally:
    """What happened during a conversion, by kind.

    counts (Counter[str]): How often each kind of thing happened, for example "illegal tags repaired".
    examples (dict[str, list[str]]): The first places of each kind.
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, where: str = "", times: int = 1) -> None:
        """Count something, and keep the place while few are known.

        kind (str): What happened, in words; the same words every time.
        where (str): The place and the text, for the report.
        times (int): How often.
        """
        self.counts[kind] += times
        kept = self.examples.setdefault(kind, [])
        if where and len(kept) < KEPT_EXAMPLES:
            kept.append(where)

    def update(self, other: Tally) -> None:
        """Add the counts and examples of another tally to this one."""
        for kind, times in other.counts.items():
            self.add(kind, times=times)
            kept = self.examples[kind]
            kept.extend(other.examples.get(kind, [])[: KEPT_EXAMPLES - len(kept)])

    def __iter__(self) -> Iterator[tuple[str, int, list[str]]]:
        """Kind, count and examples, the most frequent first."""
        for kind, times in self.counts.most_common():
            yield kind, times, self.examples.get(kind, [])
