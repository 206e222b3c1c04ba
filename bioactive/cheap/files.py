"""Files of cheaply labelled texts: .spacy with origins in span groups, or tasks whose spans carry them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from ..corpus.binfile import read_docs, write_docs
from ..corpus.convert import ConvertOptions
from ..corpus.jsonl import write_jsonl
from ..corpus.tally import Tally
from ..errors import error
from ..whole import whole
from .imported import read_labels
from .origin import origins, to_task

KINDS = (".spacy", ".jsonl")


@dataclass
class Written:
    """What a source found.

    docs, words (int): Texts, and their words.
    entities (Counter[str]): By type.
    sources (Counter[str]): Entities by name of their source.
    """

    docs: int = 0
    words: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)

    def watch(self, doc: Doc) -> Doc:
        """Count a Doc."""
        self.docs += 1
        self.words += len(doc)
        self.entities.update(ent.label_ for ent in doc.ents)
        self.sources.update(origin.name for _, origin in origins(doc))
        return doc


def write_labelled(docs: Iterable[Doc], path: Path) -> Written:
    """Write Docs; the file appears when it is whole.

    docs (Iterable[Doc]): Docs of one vocabulary.
    path (Path): .spacy, or .jsonl for tasks.
    RETURNS (Written): What was written.
    RAISES (BioactiveError): B562 for another kind of file.
    """
    check_kind(path)
    written = Written()
    counted = (written.watch(doc) for doc in docs)
    if path.suffix.lower() == ".spacy":
        write_docs(counted, path)
    else:
        with whole(path) as new:
            write_jsonl(map(to_task, counted), new)
    return written


def read_labelled(path: Path, nlp: Language, tally: Tally) -> Iterator[Doc]:
    """Read what `write_labelled` has written, or other files of these kinds.

    path (Path): .spacy or .jsonl.
    nlp (Language): Its vocabulary is the Docs'; its tokenizer cuts tasks without tokens.
    tally (Tally): Gets the counts of what was dropped.
    YIELDS (Doc): The Docs.
    RAISES (BioactiveError): B562 for another kind of file; as `read_docs` and `read_labels`.
    """
    check_kind(path)
    if path.suffix.lower() == ".spacy":
        yield from read_docs(path, nlp.vocab)
    else:
        yield from read_labels(path, nlp, ConvertOptions(format="jsonl"), tally)


def check_kind(path: Path) -> None:
    """Raise B562 unless a path ends in .spacy or .jsonl."""
    if path.suffix.lower() not in KINDS:
        raise error("B562", path=path, known=" or ".join(KINDS))
