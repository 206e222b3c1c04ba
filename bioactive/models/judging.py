"""Whether one pipeline may take the place of another: paired differences on dev, in all and by type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bioactive.evaluation.bootstrap import Interval, Paired, paired_f1, paired_types
from bioactive.evaluation.scores import Counts


@dataclass(frozen=True)
class Verdict:
    """Whether a pipeline may take the place of another.

    paired (Paired): Micro F1 on dev, new less old, with its 95 % interval.
    types (dict[str, Interval]): The same by type; the intervals hold together at 95 %.
    """

    paired: Paired
    types: dict[str, Interval]

    @property
    def losing(self) -> list[str]:
        """The types whose whole interval lies below zero."""
        return [label for label, found in self.types.items() if found.high < 0]

    @property
    def accepted(self) -> bool:
        """Whether neither micro F1 nor a type shows a loss."""
        return self.paired.difference.high >= 0 and not self.losing

    def sentence(self, force: bool = False) -> str:
        """The decision in words; it begins with yes, no or forced."""
        if self.accepted:
            return "yes: the paired bootstrap on dev shows no loss, in all and by type"
        where = [*(["all"] if self.paired.difference.high < 0 else []), *self.losing]
        shown = f"dev shows a loss of F1 in {', '.join(where)}"
        return f"forced, although {shown}" if force else f"no: {shown}; --force promotes all the same"

    def to_dict(self) -> dict[str, Any]:
        """For the log."""
        return {"difference": [*self.paired.difference], "types": {name: [*one] for name, one in self.types.items()}}


def judge(before: Counts, after: Counts) -> Verdict:
    """Compare two pipelines on the same documents.

    before, after (Counts): What each found on dev.
    RETURNS (Verdict): Micro F1 and each type, by the paired bootstrap.
    RAISES (BioactiveError): B309 when the documents differ.
    """
    return Verdict(paired_f1(before, after), paired_types(before, after))
