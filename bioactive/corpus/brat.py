"""brat standoff (`.txt` and `.ann` beside each other) to texts with spans, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from ..errors import error
from .align import CharSpan
from .detect import read_text
from .tally import Tally

DISCONTINUOUS = ("cover", "first", "drop")
_OTHER = {
    "R": "relations (R), not read",
    "E": "events (E), not read",
    "A": "attributes (A), not read",
    "M": "attributes (M), not read",
    "N": "normalisations (N), not read",
    "*": "equivalences (*), not read",
    "#": "notes (#), not read",
}


class BratText(NamedTuple):
    """One document of a brat folder."""

    doc_id: str
    text: str
    spans: list[CharSpan]


@dataclass(frozen=True)
class TextBound:
    """One `T` line of an `.ann` file.

    fragments (tuple[tuple[int, int], ...]): Start and end of each fragment, in the order of the file.
    surface (str): The text that the file gives for it.
    line (int): Line in the `.ann` file, from 1.
    """

    label: str
    fragments: tuple[tuple[int, int], ...]
    surface: str
    line: int


def brat_pairs(source: Path) -> list[tuple[Path, Path]]:
    """The `.txt` and `.ann` files of a folder, or the pair that one file belongs to.

    source (Path): A folder, a `.txt` or an `.ann` file.
    RETURNS (list[tuple[Path, Path]]): Text and annotation files, by name.
    RAISES (BioactiveError): B101 when half of a pair is missing, B102 when there is no pair.
    """
    if not source.is_dir():
        pairs = [(source.with_suffix(".txt"), source.with_suffix(".ann"))]
    else:
        stems = {path.with_suffix("") for path in source.iterdir() if path.suffix in (".txt", ".ann")}
        pairs = [(stem.with_name(stem.name + ".txt"), stem.with_name(stem.name + ".ann")) for stem in sorted(stems)]
    for path in (path for pair in pairs for path in pair):
        if not path.is_file():
            raise error("B101", path=path)
    if not pairs:
        raise error("B102", path=source)
    return pairs


def read_brat(pair: tuple[Path, Path], discontinuous: str, tally: Tally) -> BratText:
    """Read one document.

    pair (tuple[Path, Path]): The `.txt` and the `.ann` file.
    discontinuous (str): What becomes of an entity in fragments: "cover" takes everything from its first to its last
        character, "first" the leftmost fragment, "drop" nothing.
    tally (Tally): Gets the counts.
    RETURNS (BratText): Text and spans; offsets are code points of the text.
    RAISES (BioactiveError): B115 for a line that cannot be read, B116 for an offset outside the text, B117 for an
        unknown policy.
    """
    if discontinuous not in DISCONTINUOUS:
        raise error("B117", policy=discontinuous, known=", ".join(DISCONTINUOUS))
    text_path, ann_path = pair
    bounds = list(read_ann(ann_path, tally))
    text = _fitting_text(text_path, bounds, tally)
    spans = []
    for bound in bounds:
        _check(bound, text, text_path, ann_path, tally)
        fragments = _fragments(bound, text, f"{ann_path}:{bound.line}", tally)
        if len(fragments) > 1:
            tally.add(f"of these in separate pieces ({discontinuous})", f"{ann_path}:{bound.line}: {bound.surface!r}")
        if len(fragments) == 1 or discontinuous != "drop":
            end = fragments[0][1] if discontinuous == "first" else max(end for _, end in fragments)
            spans.append(CharSpan(fragments[0][0], end, bound.label, f"{ann_path}:{bound.line}"))
    return BratText(text_path.stem, text, spans)


def read_ann(path: Path, tally: Tally) -> Iterator[TextBound]:
    """Read the `T` lines of an `.ann` file; lines of other kinds are counted.

    path (Path): The file.
    tally (Tally): Gets the counts.
    YIELDS (TextBound): The entities in the order of the file.
    RAISES (BioactiveError): B115 for a line that cannot be read.
    """
    for number, line in enumerate(read_text(path).split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip():
            continue
        if line[0] in _OTHER:
            tally.add(_OTHER[line[0]], f"{path}:{number}")
            continue
        bound = _text_bound(line, number)
        if bound is None:
            raise error("B115", path=path, line=number, text=line[:80])
        yield bound


def _text_bound(line: str, number: int) -> TextBound | None:
    """Read "T1<TAB>label 0 5;6 9<TAB>text"; None when it is not such a line."""
    cells = line.split("\t", 2)
    if len(cells) < 2 or not cells[0].startswith("T"):
        return None
    label, _, places = cells[1].strip().partition(" ")
    try:
        ends = [[int(offset) for offset in place.split()] for place in places.split(";")]
    except ValueError:
        return None
    if not label or any(len(pair) != 2 for pair in ends):
        return None
    fragments = tuple((start, end) for start, end in ends)
    return TextBound(label, fragments, cells[2] if len(cells) > 2 else "", number)


def _fragments(bound: TextBound, text: str, where: str, tally: Tally) -> list[tuple[int, int]]:
    """The fragments in text order; those that only white space divides, such as a line end, are one."""
    if len(bound.fragments) == 1:
        return list(bound.fragments)
    tally.add("discontinuous entities", f"{where}: {bound.surface!r}")
    ordered = sorted(bound.fragments)
    if list(bound.fragments) != ordered:
        tally.add("discontinuous entities with fragments out of order", f"{where}: {bound.surface!r}")
    joined = ordered[:1]
    for start, end in ordered[1:]:
        if text[joined[-1][1] : start].strip():
            joined.append((start, end))
        else:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
    return joined


def _check(bound: TextBound, text: str, text_path: Path, ann_path: Path, tally: Tally) -> None:
    """Raise when a fragment lies outside the text; count a surface that differs from it."""
    for start, end in bound.fragments:
        if not 0 <= start < end <= len(text):
            raise error("B116", path=ann_path, line=bound.line, start=start, end=end, text=text_path, length=len(text))
    if not _agrees(bound, text):
        found = " ".join(text[start:end] for start, end in bound.fragments)
        tally.add(
            "entities whose text differs from the .txt, offsets kept",
            f"{ann_path}:{bound.line}: {bound.surface!r}, the .txt has {found!r}",
        )


def _agrees(bound: TextBound, text: str) -> bool:
    """Whether the text there is what the `.ann` line says, but for white space: brat writes line ends as spaces."""
    return " ".join(text[start:end] for start, end in bound.fragments).split() == bound.surface.split()


def _fitting_text(path: Path, bounds: Sequence[TextBound], tally: Tally) -> str:
    """The text to which the offsets were counted.

    Git and editors change line ends and byte order marks after offsets were made; the variant on which most surfaces
    agree is the one that was annotated.
    """
    text = read_text(path)
    variants = {"as the file has it": text}
    if "\r\n" in text:
        variants["CRLF counted as one character"] = text.replace("\r\n", "\n")
    elif bounds and "\n" in text and not all(_agrees(bound, text) for bound in bounds):
        variants["line ends counted as two characters"] = text.replace("\n", "\r\n")
    if path.read_bytes().startswith(b"\xef\xbb\xbf"):
        variants["the byte order mark counted"] = "\ufeff" + text
    best = max(variants, key=lambda name: sum(_agrees(bound, variants[name]) for bound in bounds))
    if best != "as the file has it":
        tally.add(f"texts with {best}", str(path))
    return variants[best]


def write_brat(docs: Iterable[Doc], folder: Path) -> int:
    """Write Docs as pairs of `.txt` and `.ann` files, named by document id, all of `doc.spans["sc"]` (else `doc.ents`).

    Confidences of the spans become notes.

    docs (Iterable[Doc]): The Docs.
    folder (Path): The folder; it is made.
    RETURNS (int): How many Docs were written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for doc in docs:
        name = str(doc.user_data.get("doc_id", written)).replace("/", "_")
        lines = []
        spans = doc.spans.get("sc", doc.ents)
        for number, span in enumerate(spans, 1):
            places = ";".join(f"{start} {end}" for start, end in _line_pieces(span.text, span.start_char))
            lines.append(f"T{number}\t{span.label_} {places}\t{' '.join(span.text.split(chr(10)))}\n")
        for number, score in enumerate(getattr(spans, "attrs", {}).get("scores", ()), 1):
            lines.append(f"#{number}\tAnnotatorNotes T{number}\tconfidence {score:.4f}\n")
        # A reader takes a first byte order mark away; one that belongs to the text needs another before it.
        text = f"\ufeff{doc.text}" if doc.text.startswith("\ufeff") else doc.text
        (folder / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
        (folder / f"{name}.ann").write_text("".join(lines), encoding="utf-8", newline="")
        written += 1
    return written


def _line_pieces(text: str, offset: int) -> Iterator[tuple[int, int]]:
    """brat wants one fragment a line of text."""
    for line in text.split("\n"):
        if line.strip():
            yield offset, offset + len(line)
        offset += len(line) + 1
