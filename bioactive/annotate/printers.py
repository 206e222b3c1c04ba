"""Printing examples to the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .exchange import written
from .tasks import Task


def pretty_print(examples: Iterable[Task], **_options: Any) -> None:
    """Print examples, a line each: the answer, and the text with its spans in brackets and its labels after it."""
    for example in examples:
        print(written(example))


pretty_print_ner = pretty_print
pretty_print_textcat = pretty_print
pretty_print_tc = pretty_print


def get_compare_printer(
    name_a: str = "A", name_b: str = "B", mapping_key: str = "mapping", **_options: Any
) -> Callable[[Any], None]:
    """A function for `on_exit` that says which of two compared systems was preferred, and how often.

    name_a, name_b (str): What the systems are called.
    mapping_key (str): Key of a task that says which answer belongs to which system: {"A": "accept", "B": "reject"}.
    RETURNS (Callable): Takes the controller.
    """

    def show(controller: Any) -> None:
        counts = compare(controller.db.get_dataset(controller.dataset), mapping_key)
        total = sum(counts.values())
        print(f"{name_a}: {counts['A']}, {name_b}: {counts['B']}, neither: {counts['neither']}, of {total}")

    return show


def compare(examples: Iterable[Task], mapping_key: str = "mapping") -> Counter[str]:
    """How often each of two systems was preferred, from blind comparisons.

    examples (Iterable[Task]): Answered tasks.
    mapping_key (str): Key that says which answer speaks for which system.
    RETURNS (Counter[str]): Counts of "A", "B" and "neither".
    """
    counts: Counter[str] = Counter()
    for example in examples:
        mapping: Mapping[str, str] = example.get(mapping_key) or {"A": "accept", "B": "reject"}
        kind = next((name for name, answer in mapping.items() if answer == example.get("answer")), "neither")
        counts[kind] += 1
    return counts
