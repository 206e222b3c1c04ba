"""Hypothesis strategies for hostile files."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.grammar import SEEDS, pieces


def files(name: str) -> st.SearchStrategy[bytes]:
    """Files that a target may be given: pieces of its format strung together, seeds with a stretch replaced, any bytes.

    name (str): The target.
    """
    part = st.one_of(st.sampled_from(pieces(name)), st.text(max_size=6))
    strung = st.lists(part, max_size=25).map("".join)
    return st.one_of(strung.map(_bytes), _mutated(name, part).map(_bytes), st.binary(max_size=60))


@st.composite
def _mutated(draw: st.DrawFn, name: str, part: st.SearchStrategy[str]) -> str:
    """A seed with up to three stretches exchanged for pieces."""
    text = draw(st.sampled_from(SEEDS[name]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + draw(part) + text[end:]
    return text


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
