"""Entities inside of entities, as marks inside of marks; displaCy's drawing of entities takes no overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Ent = Mapping[str, Any]


def overlap(ents: Sequence[Ent]) -> bool:
    """Whether any two of the entities share a character; they are in the order of the text."""
    return any(ent["start"] < max(other["end"] for other in ents[:n]) for n, ent in enumerate(ents) if n)


def drawn_nested(text: str, ents: Sequence[Ent], template: str) -> str:
    """A text with its entities.

    text (str): The text.
    ents (Sequence[Ent]): Dicts as displaCy takes them: start and end (exclusive) in characters, "params" for the
        template, which are markup made elsewhere.
    template (str): Of one entity, with {text}.
    RETURNS (str): A `div`; one that crosses another, so that neither holds it whole, gets a further `div`.
    """
    return "".join(f'<div class="entities">{_marked(text, layer, template)}</div>' for layer in layers(ents))


def layers(ents: Sequence[Ent]) -> list[list[Ent]]:
    """Entities in groups in which none crosses another; outer ones first, each in the first group that takes it."""
    found: list[list[Ent]] = [[]]
    for ent in sorted(ents, key=lambda each: (each["start"], -each["end"])):
        layer = next((each for each in found if not any(_crosses(other, ent) for other in each)), None)
        if layer is None:
            found.append(layer := [])
        layer.append(ent)
    return found


def _crosses(one: Ent, later: Ent) -> bool:
    return one["start"] < later["start"] < one["end"] < later["end"]


def _marked(text: str, ents: Sequence[Ent], template: str, start: int = 0, end: int | None = None) -> str:
    """The characters from `start` to `end`; each entity lies within and holds those after it that begin before its
    end."""
    parts, waiting = [], list(ents)
    while waiting:
        outer = waiting.pop(0)
        inner = [each for each in waiting if each["start"] < outer["end"]]
        del waiting[: len(inner)]
        marked = _marked(text, inner, template, outer["start"], outer["end"])
        parts += [escape(text[start : outer["start"]]), template.format(text=marked, **outer["params"])]
        start = outer["end"]
    return "".join([*parts, escape(text[start:end])])
