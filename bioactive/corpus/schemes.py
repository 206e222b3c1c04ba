"""Tag schemes of column files and their translation to BIO2, decided once for each pair of neighbouring tags.

A tag's meaning depends on the tag before it and nothing else. So a file is read by looking up pairs
(tag before, tag), with "" before the first and after the last tag of a sentence, and the rules below run
over the few distinct pairs of a file rather than over its tokens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import error

Pair = tuple[str, str]
MISSING = "-"
SCHEMES = {
    "IOB2": "BI",
    "IOB1": "BI",
    "IO": "I",
    "BIOES": "BIES",
    "BILOU": "BILU",
}
ALIASES = {"BIO": "IOB2", "BIO2": "IOB2", "IOB": "IOB2", "IOBES": "BIOES", "BILUO": "BILOU"}
# BILOU says L and U where BIOES says E and S; the rules below know the latter.
_SAME = {"L": "E", "U": "S"}
DEFAULT_LABEL = "ENTITY"


class ReadTag(NamedTuple):
    """A written tag, cut: `prefix` is one of "BIESO", "-" (not annotated), "" (sentence edge) or "?" (unreadable)."""

    prefix: str
    label: str
    typed: bool = True


@dataclass
class Translation:
    """What each pair of tags means in BIO2.

    moves (dict[tuple[str, str], tuple[str, str]]): (tag before, tag) -> prefix ("B", "I", "O" or "-") and label.
    broken (dict[tuple[str, str], str]): Pairs that the scheme does not allow -> code of the error.
    """

    moves: dict[Pair, tuple[str, str]] = field(default_factory=dict)
    broken: dict[Pair, str] = field(default_factory=dict)


def scheme_name(name: str) -> str:
    """The canonical name of a scheme: "bio" -> "IOB2", "iobes" -> "BIOES".

    RAISES (BioactiveError): B104 when there is no such scheme.
    """
    upper = ALIASES.get(name.upper(), name.upper())
    if upper not in SCHEMES:
        raise error("B104", scheme=name, known=", ".join([*SCHEMES, *ALIASES]))
    return upper


def read_tag(tag: str, default_label: str = "") -> ReadTag:
    """Cut a written tag of any scheme into prefix and label.

    tag (str): As written, for example "B-DNA"; "" stands for the edge of a sentence.
    default_label (str): The label of tags without a type.
    RETURNS (ReadTag): Prefixes in the letters of BIOES.
    """
    if tag in ("", MISSING, "O"):
        return ReadTag(tag, "")
    prefix, _, label = tag.partition("-")
    if prefix not in ("B", "I", "E", "S", "L", "U") or any(char.isspace() for char in label):
        return ReadTag("?", "")
    return ReadTag(_SAME.get(prefix, prefix), label or default_label or DEFAULT_LABEL, bool(label or default_label))


def detect_scheme(pairs: Iterable[Pair]) -> str:
    """Tell the scheme of a file from the pairs of tags in it.

    pairs (Iterable[tuple[str, str]]): The distinct (tag before, tag).
    RETURNS (str): A key of `SCHEMES`. Tags that fit no scheme well are taken as IOB2, whose rules then name the fault.
    """
    pairs = set(pairs)
    written = {tag[0] for _, tag in pairs if tag and read_tag(tag).prefix in "BIES"}
    if written & {"E", "S"}:
        return "BIOES"
    if written & {"L", "U"}:
        return "BILOU"
    if "B" not in written:
        return "IO" if "I" in written else "IOB2"
    cut = [(read_tag(before), read_tag(tag)) for before, tag in pairs]
    loose_inside = any(tag.prefix == "I" and not _continues(before, tag) for before, tag in cut)
    needed_begin = all(_touches(before, tag) for before, tag in cut if tag.prefix == "B")
    return "IOB1" if loose_inside and needed_begin else "IOB2"


def translate(pairs: Iterable[Pair], scheme: str, default_label: str = "") -> Translation:
    """Decide for every pair of tags what its second tag is in BIO2, and whether the scheme allows the pair.

    pairs (Iterable[tuple[str, str]]): The distinct (tag before, tag) of a file.
    scheme (str): A key of `SCHEMES`.
    default_label (str): The label of tags without a type; when empty, such tags are broken.
    RETURNS (Translation): A broken pair has a move too, the one a repair makes.
    """
    result = Translation()
    for pair in pairs:
        before, tag = (read_tag(part, default_label) for part in pair)
        result.moves[pair] = _move(before, tag, scheme)
        code = _fault(before, tag, scheme, pair[1])
        if code:
            result.broken[pair] = code
    return result


def _move(before: ReadTag, tag: ReadTag, scheme: str) -> tuple[str, str]:
    if tag.prefix in ("B", "S"):
        return "B", tag.label
    if tag.prefix in ("I", "E"):
        joined = _touches(before, tag) if scheme in ("IO", "IOB1") else _continues(before, tag)
        return ("I" if joined else "B"), tag.label
    return ("O" if tag.prefix == "O" else MISSING), ""


def _fault(before: ReadTag, tag: ReadTag, scheme: str, written: str) -> str:
    if tag.prefix == "?":
        return "B105"
    if tag.prefix in "BIES" and tag.prefix and written[0] not in SCHEMES[scheme]:
        return "B106"
    if not tag.typed:
        return "B107"
    inside = tag.prefix in ("I", "E")
    if scheme in ("BIOES", "BILOU"):
        still_open = before.prefix in ("B", "I")
        return "B108" if (still_open or inside) and not (inside and _continues(before, tag)) else ""
    return "B108" if scheme == "IOB2" and inside and not _continues(before, tag) else ""


def _continues(before: ReadTag, tag: ReadTag) -> bool:
    """Whether an inside tag may go on with what the tag before it opened."""
    return before.prefix in ("B", "I") and before.label == tag.label


def _touches(before: ReadTag, tag: ReadTag) -> bool:
    """Whether the word before belongs to an entity of the same type, whatever its prefix."""
    return before.prefix in ("B", "I", "E", "S") and before.label == tag.label
