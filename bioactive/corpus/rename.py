"""Other names for the labels of a corpus."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from spacy.tokens import Doc, Span

from ..errors import error


def parse_renames(pairs: str) -> dict[str, str]:
    """Old and new names of "OLD=NEW,OLD=NEW".

    RAISES (BioactiveError): B563 for a part that lacks a name.
    """
    found = {}
    for pair in filter(None, pairs.split(",")):
        old, _, new = (part.strip() for part in pair.partition("="))
        if not old or not new:
            raise error("B563", text=pair, form="OLD=NEW, as in --rename SO=Sequence,CL=Cell")
        found[old] = new
    return found


def renamed(doc: Doc, names: Mapping[str, str], source: Path) -> Doc:
    """Give the entities of a Doc their new labels, in `ents`, in every span group and in `user_data["cut"]`.

    doc (Doc): Changed in place.
    names (Mapping[str, str]): New name of each label.
    source (Path): Where the Doc comes from, for the message.
    RETURNS (Doc): The same Doc.
    RAISES (BioactiveError): B700 for a label that has no new name.
    """
    doc.set_ents([_renamed(doc, ent, names, source) for ent in doc.ents], default="unmodified")
    for key, group in doc.spans.items():
        attrs = group.attrs
        doc.spans[key] = [_renamed(doc, span, names, source) for span in group]
        doc.spans[key].attrs.update(attrs)
    if "cut" in doc.user_data:
        cut: Sequence[tuple[int, int, str]] = doc.user_data["cut"]
        doc.user_data["cut"] = [(start, end, _name(doc, label, names, source)) for start, end, label in cut]
    return doc


def _renamed(doc: Doc, span: Span, names: Mapping[str, str], source: Path) -> Span:
    label = _name(doc, span.label_, names, source)
    return Span(doc, span.start, span.end, label=label, kb_id=span.kb_id, span_id=span.id)


def _name(doc: Doc, label: str, names: Mapping[str, str], source: Path) -> str:
    if label not in names:
        raise error("B700", where=_place(source, doc, label), label=label, known=", ".join(sorted(names)))
    return names[label]


def _place(source: Path, doc: Doc, label: str) -> str:
    """The first line of the file that names the label; of a folder, the document."""
    if source.is_file():
        named = re.compile(rf"(?<!\w){re.escape(label)}(?!\w)")
        with source.open(encoding="utf8") as file:
            for number, line in enumerate(file, 1):
                if named.search(line):
                    return f"{source}:{number}"
    return f"{source}, document {doc.user_data['doc_id']}"
