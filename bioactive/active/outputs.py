"""What `predict` writes: JSON lines, Docs, rows of words, or brat files; each from tasks that come one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from bioactive.annotate.tasks import Task
from bioactive.blocks import blocks
from bioactive.corpus.binfile import write_docs
from bioactive.corpus.brat import write_brat
from bioactive.errors import error
from bioactive.whole import whole

from .predict import task_doc

JSONL, SPACY, TSV, BRAT = FORMATS = ("jsonl", "spacy", "tsv", "brat")
HEADER = ("word", "score", "label")
# Docs that share a vocabulary: one for all would keep every word of a pool.
BLOCK = 1000


def format_of(output: Path, format: str = "auto") -> str:
    """The format of an output.

    output (Path): Its ending decides: .spacy, .tsv, none for a folder of brat files; all others are JSON lines.
    format (str): One of `FORMATS`, or "auto".
    RETURNS (str): One of `FORMATS`.
    RAISES (BioactiveError): B124 for any other.
    """
    if format == "auto":
        return {".spacy": SPACY, ".tsv": TSV, "": BRAT}.get(output.suffix.lower(), JSONL)
    if format not in FORMATS:
        raise error("B124", what="format of predictions", value=format, known=f"auto, {', '.join(FORMATS)}")
    return format


def write_tasks(tasks: Iterable[Task], output: Path, format: str, total: int, docs_per_file: int) -> list[Path]:
    """Write predicted tasks in another format than their own.

    tasks (Iterable[Task]): From `Predictor.predict`; those that are too long have no tokens and are passed over.
    output (Path): File or folder.
    format (str): "spacy", "tsv" or "brat".
    total, docs_per_file (int): How many tasks there are, and how many Docs a .spacy file takes.
    RETURNS (list[Path]): The files made; the folder for brat.
    """
    finished = (task for task in tasks if "tokens" in task)
    if format == SPACY:
        return write_bins(finished, output, total, docs_per_file)
    if format == TSV:
        write_rows(finished, output)
    else:
        write_brat(_named(_docs(finished)), output)
    return [output]


def write_bins(tasks: Iterator[Task], output: Path, total: int, size: int) -> list[Path]:
    """Tasks as .spacy files of at most `size` Docs."""
    if total <= size:
        paths = [output]
    else:
        paths = [output.with_name(f"{output.stem}-{n + 1:05}{output.suffix}") for n in range(-(-total // size))]
    for path in paths:
        vocab = Vocab()
        write_docs((task_doc(task, vocab) for task in islice(tasks, size)), path)
    return paths


def write_rows(tasks: Iterable[Task], output: Path) -> None:
    """Words with score and label, a word a line, a blank line after each text; `bioactive convert` reads the file back.

    tasks (Iterable[Task]): Predicted tasks.
    output (Path): The file; it appears when it is whole.
    """
    with whole(output) as new, new.open("w", encoding="utf8", newline="\n") as file:
        file.write("# " + "\t".join(HEADER) + "\n")
        for task in tasks:
            meta = task.get("meta")
            if isinstance(meta, dict) and "doc_id" in meta:
                file.write(f"\n# newdoc id = {meta['doc_id']}\n")
            file.write("".join("\t".join(row) + "\n" for row in rows_of(task)) + "\n")


def rows_of(task: Task) -> Iterator[tuple[str, str, str]]:
    """Word, score and BIO label of each word of a task; white space is no word.

    task (Task): A predicted task. The score is the probability of the word's label where the tokens carry it, else the
        confidence of the entity that the word is in, else "-".
    """
    tags: dict[int, tuple[str, str]] = {}
    for span in task["spans"]:
        sure = _score(span)
        for number in range(span["token_start"], span["token_end"] + 1):
            tags.setdefault(number, (f"{'B' if number == span['token_start'] else 'I'}-{span['label']}", sure))
    for number, token in enumerate(task["tokens"]):
        if token["text"].strip():
            tag, sure = tags.get(number, ("O", "-"))
            yield token["text"], _score(token) if "score" in token else sure, tag


def _score(holder: Task) -> str:
    return f"{holder['score']:.4f}" if "score" in holder else "-"


def _docs(tasks: Iterable[Task]) -> Iterator[Doc]:
    for block in blocks(tasks, BLOCK):
        vocab = Vocab()
        yield from (task_doc(task, vocab) for task in block)


def _named(docs: Iterable[Doc]) -> Iterator[Doc]:
    """Docs with ids of their own: sentences of one document would else be written over each other."""
    seen: set[str] = set()
    for number, doc in enumerate(docs):
        name = str(doc.user_data.get("doc_id", number))
        doc.user_data["doc_id"] = name if name not in seen else f"{name}-{number}"
        seen.add(doc.user_data["doc_id"])
        yield doc
