"""Mention strings with their types, and nothing around them: the data of entity typing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from .brat import brat_pairs, read_ann
from .tally import Tally


def read_mentions(source: Path, vocab: Vocab, tally: Tally) -> Iterator[Doc]:
    """A Doc for each document of a brat folder, whose words are the mention strings in the order of the file.

    A word may hold spaces, and each is an entity of its own. The text around is not there, so this asks for the type of
    a string, and its scores are not to be compared with those of finding entities in text.

    source (Path): The folder.
    vocab (Vocab): Of the Docs.
    tally (Tally): Counts mentions, and those left out for having no text.
    YIELDS (Doc): With `user_data["doc_id"]`.
    RAISES (BioactiveError): B101 and B102 when there is no pair of files, B115 for a line that cannot be read.
    """
    for _, ann in brat_pairs(source):
        found = []
        for bound in read_ann(ann, tally):
            words = " ".join(bound.surface.split())
            tally.add("mentions" if words else "mentions without text, left out", f"{ann}:{bound.line}")
            if words:
                found.append((words, bound.label))
        doc = Doc(vocab, words=[words for words, _ in found])
        doc.set_ents([Span(doc, place, place + 1, label) for place, (_, label) in enumerate(found)])
        doc.user_data["doc_id"] = ann.stem
        yield doc
