"""Everything that reads what somebody else wrote, as functions of bytes: only coded errors may come out of them.

`check(name, data)` writes the bytes where the reader looks for them and reads them. Beyond not crashing, texts have to
come through unchanged, spans have to lie where the source says, and what is read has to survive being written again.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from spacy.tokens import Doc

from bioactive.active.answered import Answered
from bioactive.annotate import content
from bioactive.annotate.config import make_config, read_setting
from bioactive.annotate.formats import get_stream
from bioactive.annotate.guard import make_policy
from bioactive.annotate.loaders import load_source, read_examples
from bioactive.annotate.matcher import PatternMatcher
from bioactive.annotate.receiving import read_answer
from bioactive.annotate.recipe_files import Recipe
from bioactive.annotate.settings_files import OVERRIDES, read_settings
from bioactive.annotate.tasks import add_tokens, to_json
from bioactive.annotate.typed import parse, read_shared
from bioactive.cheap.obo import OboOptions, obo_terms
from bioactive.cheap.terms import TermOptions, TermSource, read_terms
from bioactive.corpus.align import AlignOptions, doc_from_spans
from bioactive.corpus.bioc import read_bioc
from bioactive.corpus.brat import BratText, read_brat, write_brat
from bioactive.corpus.columns import ColumnOptions, read_columns, write_columns
from bioactive.corpus.detect import detect_format
from bioactive.corpus.jsonl import doc_to_task, read_jsonl, task_to_doc
from bioactive.corpus.pubtator import read_pubtator
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.questions.pairs import read_pairs
from tests.fuzz.scratch import PIPELINE, folder, known, written
from tests.fuzz.stored import check_database, check_docs, check_pool, check_records, check_replies

# A file of one record repeated without end must not make one input last: what matters is in the first records.
FIRST = 50


def check(name: str, data: bytes) -> str:
    """Read one input.

    name (str): The target.
    data (bytes): The input.
    RETURNS (str): The code of the error that it gave; "" when it could be read.
    RAISES (Exception): Whatever a user should never see, and AssertionError when something came back changed.
    """
    try:
        TARGETS[name](data)
    except BioactiveError as problem:
        return known(problem)
    return ""


def check_columns(data: bytes) -> None:
    """Column files: written again, the same words, entities and sentences."""
    detect_format(written("unnamed", data))
    path = written("a.tsv", data)
    vocab = PIPELINE.get().vocab
    repaired = list(itertools.islice(read_columns(path, vocab, ColumnOptions(repair=True, label="X"), Tally()), FIRST))
    again_path = path.with_name("again.tsv")
    write_columns(repaired, again_path)
    if any(len(doc) for doc in repaired) and not any(token.is_space for doc in repaired for token in doc):
        again = read_columns(again_path, vocab, ColumnOptions(scheme="IOB2"), Tally())
        assert [_words(doc) for doc in again] == [_words(doc) for doc in repaired]
    for _ in itertools.islice(read_columns(path, vocab, ColumnOptions(), Tally()), FIRST):
        pass


def _words(doc: Doc) -> list[tuple[str, str, str]]:
    return [(token.text, token.ent_iob_, token.ent_type_) for token in doc]


def check_brat(data: bytes) -> None:
    """Pairs of `.txt` and `.ann`, divided by a zero byte in the input."""
    text, _, annotations = data.partition(b"\0")
    pair = written("a.txt", text), written("a.ann", annotations)
    _check_text(read_brat(pair, ("cover", "first", "drop")[len(data) % 3], Tally()), brat=True)


def check_pubtator(data: bytes) -> None:
    """PubTator files."""
    for found in itertools.islice(read_pubtator(written("a.pubtator", data), Tally()), FIRST):
        _check_text(found)


def check_bioc(data: bytes) -> None:
    """BioC collections, XML and JSON."""
    for found in itertools.islice(read_bioc(written("a.xml", data), Tally()), FIRST):
        _check_text(found)


def _check_text(found: BratText, brat: bool = False) -> None:
    """Text and spans of a source against the Doc that is made of them."""
    options = AlignOptions(("drop", "expand")[len(found.spans) % 2])
    doc = doc_from_spans(found.text, found.spans, PIPELINE.get().tokenizer, found.doc_id, options, Tally())
    assert doc.text == found.text
    kept = {(span.start_char, span.end_char, span.label_) for span in doc.spans["sc"]}
    for span in found.spans:
        assert 0 <= span.start < span.end <= len(found.text)
        wanted = found.text[span.start : span.end].strip()
        whole = any(label == span.label and wanted in doc.text[a:b] for a, b, label in kept)
        assert whole or not wanted or options.misaligned == "drop"
    if brat and not any("\n" in span.text or "\r" in span.text for span in doc.spans["sc"]):
        doc.user_data["doc_id"] = "again"
        write_brat([doc], folder())
        again = read_brat((folder() / "again.txt", folder() / "again.ann"), "cover", Tally())
        assert again.text == doc.text and {span[:3] for span in again.spans} == kept


def check_jsonl(data: bytes) -> None:
    """JSON lines as a corpus: a Doc and its task say the same."""
    path = written("a.jsonl", data)
    nlp = PIPELINE.get()
    for number, task in itertools.islice(read_jsonl(path), FIRST):
        doc = task_to_doc(task, nlp.tokenizer, AlignOptions(), Tally(), where=f"{path}:{number}")
        if doc is None:
            continue
        assert doc.text == task["text"]
        again = task_to_doc(doc_to_task(doc), nlp.tokenizer, AlignOptions(misaligned="error"))
        assert again is not None and again.text == doc.text
        if doc.has_annotation("ENT_IOB"):
            assert _words(again) == _words(doc)


def check_source(data: bytes) -> None:
    """JSON lines as tasks to annotate: lines that are none are skipped, the others can be sent to a page."""
    path = written("a.jsonl", data)
    stream = load_source(path, keys=("text", "html"))
    tasks = list(itertools.islice(stream, FIRST))
    with_text = [task for task in tasks if isinstance(task.get("text"), str)]
    for task in add_tokens(PIPELINE.get(), with_text, skip=True):
        assert json.loads(to_json(task)) == task
    for example in read_examples(path):
        to_json(example)


def check_table(data: bytes) -> None:
    """CSV and JSON files as tasks."""
    for ending in ("csv", "tsv", "json", "txt"):
        try:
            for task in itertools.islice(get_stream(written(f"a.{ending}", data)), FIRST):
                to_json(task)
        except BioactiveError as problem:
            known(problem)


def check_answers(data: bytes) -> None:
    """Answers as a page sends them: what is taken can be stored, and is the same again."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return  # the server answers 422 before it gets here
    if isinstance(found, dict):
        answer = read_answer(0, found, "anna", "ner_manual")
        again = read_answer(0, json.loads(to_json(answer.content)), "anna", "ner_manual")
        assert (again.content, again.session) == (answer.content, answer.session)
        rest = Answered([answer.content]).rest({"text": "IL-2 binds"}, PIPELINE.get(), stretches=True)
        assert rest is None or rest["text"] == "IL-2 binds"


def check_patterns(data: bytes) -> None:
    """Files of patterns: every match lies where its text stands."""
    nlp = PIPELINE.get()
    matcher = PatternMatcher(nlp, combine_matches=True).from_disk(written("a.patterns", data))
    texts = ["IL-2 binds CD28 .", "аспирин и il-2 aaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
    for _, task in matcher({"text": text} for text in texts):
        for span in task["spans"]:
            assert task["text"][span["start"] : span["end"]] == span["text"]


def check_arguments(data: bytes) -> None:
    """What is typed after a recipe's name; click's own errors end a command with a message too."""
    words = data.decode("utf-8", "surrogateescape").split("\0")
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            given, shared = parse(_RECIPE, words)
    except (click.UsageError, click.exceptions.Exit):
        return
    assert isinstance(given["dataset"], str) and isinstance(given["count"], int)
    _, config = read_shared(shared)
    make_config(config)


def _recipe(
    dataset: str,
    source: str = "-",
    label: list[str] | None = None,
    count: int = 5,
    rate: float = 0.5,
    shuffle: bool = False,
    path: Path | None = None,
) -> dict[str, Any]:
    """A recipe with an argument of each kind."""
    return {}


_RECIPE = Recipe("fuzzed", _recipe)


def check_settings(data: bytes) -> None:
    """Settings from the command line and from PRODIGY_CONFIG_OVERRIDES, up to the header that is made of them."""
    words = data.decode("utf-8", "surrogateescape").split("\0")
    overrides = words.pop()
    environment = {OVERRIDES: overrides, "PRODIGY_HOME": str(folder() / "none")}
    layers = [dict([read_setting(word)]) for word in words if word]
    config = make_config(read_settings(environment, folder()), *layers)
    policy = make_policy(content.policy(config))
    assert "\n" not in policy and "\r" not in policy


def check_terms(data: bytes) -> None:
    """Lists of terms, and what they find."""
    nlp = PIPELINE.get()
    for name in ("terms.tsv", "terms.jsonl"):
        try:
            source = TermSource(nlp, read_terms(written(name, data), "X"), TermOptions(), Tally())
            (spans,) = source.spans([nlp.make_doc("IL-2 binds aspirin .")], Tally())
        except BioactiveError as problem:
            known(problem)
            continue
        assert all(0 <= span.start < span.end <= 20 for span in spans or ())


def check_obo(data: bytes) -> None:
    """Ontologies."""
    options = OboOptions(namespaces={"": "X"})
    assert all(term.pattern for term in obo_terms(written("a.obo", data), options, Tally()))


def check_questions(data: bytes) -> None:
    """Questions about passages."""
    assert all(pair.question and pair.passage for pair in read_pairs(written("q.jsonl", data), Tally()))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "columns": check_columns,
    "brat": check_brat,
    "pubtator": check_pubtator,
    "bioc": check_bioc,
    "jsonl": check_jsonl,
    "source": check_source,
    "table": check_table,
    "answers": check_answers,
    "patterns": check_patterns,
    "arguments": check_arguments,
    "settings": check_settings,
    "terms": check_terms,
    "obo": check_obo,
    "questions": check_questions,
    "docs": check_docs,
    "pool": check_pool,
    "database": check_database,
    "records": check_records,
    "replies": check_replies,
}
