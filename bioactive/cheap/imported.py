"""Labels made elsewhere: files that `bioactive convert` reads, and columns of classes, which are no BIO tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..corpus.column_blocks import find_layout, read_blocks
from ..corpus.convert import ConvertOptions, read_corpus
from ..corpus.detect import detect_format
from ..corpus.jsonl import read_jsonl
from ..corpus.tally import Tally
from ..errors import error
from ..fingerprint import sha256_of
from .origin import Origin, from_task, now, set_origins

OUTSIDE = ("0", "O")


@dataclass(frozen=True)
class ClassOptions:
    """How to read a column of classes.

    labels (Mapping[str, str]): Type of each class: {"1": "Chemical", "2": "Disease"}. Neighbouring words of one class
        are one entity, as such a column says nothing of edges.
    outside (tuple[str, ...]): Classes of words outside of entities.
    token_column, class_column (int): Which columns, from 0; -1 is the last.
    """

    labels: Mapping[str, str]
    outside: tuple[str, ...] = OUTSIDE
    token_column: int = 0
    class_column: int = -1


def file_origin(path: Path, when: str | None = None) -> Origin:
    """The origin of labels in a file: its name and the SHA-256 of what it holds."""
    return Origin(f"import:{path.name}", sha256_of(path), when or now())


def read_labels(path: Path, nlp: Language, options: ConvertOptions, tally: Tally) -> Iterator[Doc]:
    """Read labels from a file of any format that `bioactive convert` knows.

    path (Path): The file.
    nlp (Language): Its tokenizer cuts raw text.
    options (ConvertOptions): How to read it.
    tally (Tally): Gets the counts.
    YIELDS (Doc): The Docs, with the origin of each label; JSONL spans may bring their own.
    """
    kind = detect_format(path) if options.format == "auto" else options.format
    origin = file_origin(path)
    if kind != "jsonl":
        for doc in read_corpus(path, nlp, replace(options, format=kind), tally):
            yield set_origins(doc, [origin] * len(doc.ents), origin)
        return
    for number, task in read_jsonl(path):
        made = from_task(task, nlp.tokenizer, origin, tally, f"{path}:{number}")
        if made is None:
            tally.add("ignored answers, left out", f"{path}:{number}")
        else:
            yield made


def read_classes(path: Path, vocab: Vocab, options: ClassOptions, tally: Tally) -> Iterator[Doc]:
    """Read a column file whose labels are classes of words.

    path (Path): The file; a blank line ends a sentence, as in any column file.
    vocab (Vocab): The vocabulary of the Docs.
    options (ClassOptions): Which columns, and what the classes mean.
    tally (Tally): Gets the counts.
    YIELDS (Doc): One Doc a document, or a sentence where documents are not marked.
    RAISES (BioactiveError): B551 for a class without a meaning; B101 to B103, B109, B110 as for any column file.
    """
    origin = file_origin(path)
    layout = find_layout(path, options.token_column, options.class_column)
    known = {*options.labels, *options.outside}
    for block in read_blocks(path, layout, False, 1, tally):
        for index, found in enumerate(block.tags):
            if found not in known:
                given = ", ".join(f"{name}={label}" for name, label in options.labels.items())
                raise error("B551", path=path, line=block.line_of(index), found=found, known=given)
        starts = set(block.sentences)
        for start, end, doc_id in block.documents():
            if start == end:
                continue
            sents = [n in starts for n in range(start, end)]
            doc = Doc(vocab, words=block.words[start:end], spaces=[True] * (end - start - 1) + [False])
            doc.user_data["doc_id"] = doc_id
            _set_classes(doc, [options.labels.get(name, "") for name in block.tags[start:end]], sents)
            yield set_origins(doc, [origin] * len(doc.ents), origin)


def _set_classes(doc: Doc, labels: list[str], sents: list[bool]) -> None:
    """Runs of one class within a sentence become entities."""
    sentence, number = [], 0
    for starts in sents:
        number += starts
        sentence.append(number)
    spans = []
    for (label, _), run in groupby(range(len(doc)), key=lambda i: (labels[i], sentence[i])):
        words = list(run)
        if label:
            spans.append(Span(doc, words[0], words[-1] + 1, label))
    doc.set_ents(spans)
    for token, starts in zip(doc, sents, strict=True):
        token.is_sent_start = starts
