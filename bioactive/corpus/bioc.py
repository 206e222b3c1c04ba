"""BioC XML and JSON collections, through the `bioc` library (extra `[bioc]`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import error
from ..strict_json import loads
from .align import CharSpan
from .brat import BratText
from .detect import read_text
from .tally import Tally


def read_bioc(path: Path, tally: Tally) -> Iterator[BratText]:
    """Read a BioC collection.

    path (Path): The file, XML or JSON.
    tally (Tally): Gets the counts.
    YIELDS (BratText): One text a document: its passages, joined by line ends. The label is the infon "type".
    RAISES (BioactiveError): B122 when the library is missing, B123 for a file it cannot read, B116 for a wrong offset.
    """
    try:
        from bioc import biocjson, biocxml
    except ImportError as problem:
        raise error("B122", path=path) from problem
    content = read_text(path)
    if not content.strip():
        raise error("B102", path=path)
    if "<!ENTITY" in content:
        # They could name files of this machine, or grow without bound.
        raise error("B123", path=path, problem="it declares entities")
    try:
        if content.lstrip().startswith("{"):
            loads(content)  # raises for what the library lets through
            parsed = biocjson.loads(content)
        else:
            parsed = biocxml.loads(content)
    except Exception as problem:  # lxml, json and the library each raise their own kind
        raise error("B123", path=path, problem=str(problem)[:120]) from problem
    for document in parsed.documents:
        try:
            found = _document(path, document, tally)
        except (AttributeError, TypeError) as problem:  # the library takes any type for any field of a JSON file
            raise error("B123", path=path, problem=f"document {document.id!r}: {problem}"[:120]) from problem
        yield found


def _document(path: Path, document: Any, tally: Tally) -> BratText:
    parts: list[str] = []
    spans: list[CharSpan] = []
    length = 0
    for passage in document.passages:
        text = passage.text or "\n".join(sentence.text or "" for sentence in passage.sentences)
        for annotation in [*passage.annotations, *(a for sentence in passage.sentences for a in sentence.annotations)]:
            spans.extend(
                _spans(f"{path} {document.id}/{annotation.id}", annotation, passage.offset, text, length, tally)
            )
        parts.append(text)
        length += len(text) + 1
    if document.relations:
        tally.add("relations, not read", f"{path} {document.id}", times=len(document.relations))
    return BratText(str(document.id), "\n".join(parts), spans)


def _spans(where: str, annotation: Any, offset: int, text: str, shift: int, tally: Tally) -> Iterator[CharSpan]:
    """The span of an annotation, from its first to its last character, moved to where its passage now stands."""
    if not annotation.locations:
        tally.add("annotations without a place, not read", where)
        return
    if len(annotation.locations) > 1:
        tally.add("discontinuous entities", where)
    start = min(place.offset for place in annotation.locations) - offset
    end = max(place.offset + place.length for place in annotation.locations) - offset
    if not 0 <= start < end <= len(text):
        raise error("B116", path=where, line=1, start=start, end=end, text="its passage", length=len(text))
    if len(annotation.locations) == 1 and annotation.text and text[start:end] != annotation.text:
        shown = f"{where}: {annotation.text!r}, the text has {text[start:end]!r}"
        tally.add("entities whose text differs from the document, offsets kept", shown)
    yield CharSpan(start + shift, end + shift, str(annotation.infons.get("type", "ENTITY")), where)
