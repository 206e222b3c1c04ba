"""A labelled corpus in any known format -> `.spacy` files, and a count of everything met on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc, Span

from ..errors import error
from ..tokenizer import blank
from .align import AlignOptions, doc_from_spans
from .binfile import write_docs
from .bioc import read_bioc
from .brat import BratText, brat_pairs, read_brat
from .columns import ColumnOptions, read_columns
from .detect import FORMATS, detect_format, format_of_name
from .jsonl import read_jsonl, task_to_doc
from .pubtator import read_pubtator
from .rename import renamed
from .tally import Tally

UNITS = ("document", "sentence")


@dataclass(frozen=True)
class ConvertOptions:
    """How to convert.

    format (str): One of `FORMATS`, or "auto".
    lang (str): Language of the tokenizer for raw text.
    unit (str): What one Doc is: "document" or "sentence".
    discontinuous (str): What becomes of brat entities in fragments, see `brat.read_brat`.
    limit (int): At most this many documents of each file; 0 for all.
    rename (Mapping[str, str]): New names of labels; where there are any, each label of the corpus needs one.
    columns (ColumnOptions): For column files.
    align (AlignOptions): What becomes of cut and nested entities.
    """

    format: str = "auto"
    lang: str = "en"
    unit: str = "document"
    discontinuous: str = "cover"
    limit: int = 0
    rename: Mapping[str, str] = field(default_factory=dict)
    columns: ColumnOptions = field(default_factory=ColumnOptions)
    align: AlignOptions = field(default_factory=AlignOptions)


@dataclass
class ConvertSummary:
    """What was converted.

    documents (int): Documents read. Equal to `docs` unless a Doc is a sentence.
    entities (Counter[str]): Entities in `doc.ents`, by label.
    spans (Counter[str]): Entities in `doc.spans["sc"]`, nested ones included, by label.
    tally (Tally): What was repaired, dropped, or is odd.
    """

    format: str = ""
    outputs: list[Path] = field(default_factory=list)
    documents: int = 0
    docs: int = 0
    sentences: int = 0
    tokens: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    spans: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)

    def watch(self, doc: Doc) -> Doc:
        """Count a Doc."""
        self.docs += 1
        self.tokens += len(doc)
        self.sentences += sum(1 for _ in doc.sents) if len(doc) else 0
        self.entities.update(span.label_ for span in doc.ents)
        self.spans.update(span.label_ for span in doc.spans.get("sc", ()))
        return doc


def convert(
    source: Path,
    output: Path,
    options: ConvertOptions | None = None,
    on_doc: Callable[[], None] | None = None,
) -> ConvertSummary:
    """Convert a corpus.

    source (Path): A file, or a folder: of brat pairs, which make one corpus, or of files of one other format, each of
        which is a corpus.
    output (Path): A `.spacy` file; or a folder, which gets one `.spacy` file for each source file.
    options (ConvertOptions | None): How.
    on_doc (Callable | None): Called after each document.
    RETURNS (ConvertSummary): What was read, and what was repaired or dropped.
    RAISES (BioactiveError): One of B101 to B124, with the place; B700 for a label that `rename` lacks.
    """
    options = options or ConvertOptions()
    if options.unit not in UNITS:
        raise error("B124", what="unit", value=options.unit, known=", ".join(UNITS))
    if options.format not in ("auto", *FORMATS):
        raise error("B124", what="format", value=options.format, known=", ".join(FORMATS))
    if not source.exists():
        raise error("B101", path=source)
    kind = detect_format(source) if options.format == "auto" else options.format
    options = replace(options, format=kind)
    summary = ConvertSummary(format=kind)
    nlp = blank(options.lang)
    for part, target in _parts(source, output, kind):
        docs = read_corpus(part, nlp, options, summary.tally)
        if options.rename:
            docs = (renamed(doc, options.rename, part) for doc in docs)
        write_docs(_counted(docs, options, summary, on_doc), target)
        summary.outputs.append(target)
    return summary


def read_corpus(source: Path, nlp: Language, options: ConvertOptions, tally: Tally) -> Iterator[Doc]:
    """Read a corpus document by document, in a known format.

    source (Path): A file, or a folder of brat pairs.
    nlp (Language): Its tokenizer cuts raw text, its vocab is the Docs'.
    options (ConvertOptions): `format` is not "auto".
    tally (Tally): Gets the counts.
    YIELDS (Doc): The documents.
    """
    if options.format == "columns":
        yield from read_columns(source, nlp.vocab, options.columns, tally)
    elif options.format == "jsonl":
        for number, task in read_jsonl(source):
            doc = task_to_doc(task, nlp.tokenizer, options.align, tally, where=f"{source}:{number}")
            if doc is None:
                tally.add("ignored answers, left out", f"{source}:{number}")
            else:
                yield doc
    else:
        for doc_id, text, spans in _texts(source, options, tally):
            yield doc_from_spans(text, spans, nlp.tokenizer, doc_id, options.align, tally)


def sentence_docs(doc: Doc, tally: Tally) -> Iterator[Doc]:
    """Cut a Doc at its sentence bounds.

    doc (Doc): A Doc with sentence bounds.
    tally (Tally): Gets the count of entities that cross a bound.
    YIELDS (Doc): One Doc a sentence that holds a word; `user_data` has the document's id and, as "sent_id", the number
        of the sentence from 0.
    """
    kept = {key: list(group) for key, group in doc.spans.items()}
    inside = dict.fromkeys(kept, 0)
    for number, sent in enumerate(doc.sents if len(doc) else ()):
        own = {key: [s for s in spans if sent.start <= s.start and s.end <= sent.end] for key, spans in kept.items()}
        for key, spans in own.items():
            inside[key] += len(spans)
        if all(token.is_space for token in sent):
            continue
        cut = sent.as_doc()
        cut.user_data = {"doc_id": doc.user_data["doc_id"], "sent_id": number}
        for key, spans in own.items():
            cut.spans[key] = [Span(cut, s.start - sent.start, s.end - sent.start, label=s.label) for s in spans]
        yield cut
    for key, spans in kept.items():
        if lost := len(spans) - inside[key]:
            tally.add(f"entities of spans[{key!r}] across a sentence bound, left out", doc.user_data["doc_id"], lost)


def _texts(source: Path, options: ConvertOptions, tally: Tally) -> Iterable[BratText]:
    if options.format == "pubtator":
        return read_pubtator(source, tally)
    if options.format == "bioc":
        return read_bioc(source, tally)
    return (read_brat(pair, options.discontinuous, tally) for pair in brat_pairs(source))


def _parts(source: Path, output: Path, kind: str) -> list[tuple[Path, Path]]:
    """Each source file (or brat folder) and the file it goes to."""
    whole = source.is_file() or kind == "brat"
    to_file = output.suffix == ".spacy"
    if whole:
        return [(source, output if to_file else output / f"{source.stem}.spacy")]
    files = sorted(path for path in source.iterdir() if path.is_file() and format_of_name(path) == kind)
    if not files:
        raise error("B111", path=source, found=f"no files named like {kind}")
    if to_file and len(files) > 1:
        raise error("B125", path=source, count=len(files), output=output)
    return [(path, output if to_file else output / f"{path.stem}.spacy") for path in files]


def _counted(
    docs: Iterable[Doc], options: ConvertOptions, summary: ConvertSummary, on_doc: Callable[[], None] | None
) -> Iterator[Doc]:
    for doc in islice(docs, options.limit or None):
        summary.documents += 1
        if on_doc is not None:
            on_doc()
        for unit in sentence_docs(doc, summary.tally) if options.unit == "sentence" else (doc,):
            yield summary.watch(unit)
