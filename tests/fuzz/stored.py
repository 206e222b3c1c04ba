"""Further targets: what another program has stored, and what a language model replies."""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing
from functools import cache

import srsly
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from bioactive.active.intake import taken_in
from bioactive.annotate.prodigy_db import take_over
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import to_json
from bioactive.cheap.prompt import locate, read_answer, read_definitions
from bioactive.corpus.binfile import CorpusBin, read_docs
from bioactive.corpus.jsonl import doc_to_task
from bioactive.corpus.sentences import sentences
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.models.promotions import history
from bioactive.models.revisions import MANIFEST, check, read_manifest
from tests.fuzz.scratch import folder, known, written

LONGEST = 1000


@cache
def _packed() -> bytes:
    """What a small .spacy file holds, before it is compressed."""
    doc = Doc(Vocab(), words=["IL-2", "binds", "CD28"], sent_starts=[True, False, True])
    doc.ents = [Span(doc, 0, 1, "DNA"), Span(doc, 2, 3, "RNA")]
    doc.spans["sc"] = [Span(doc, 0, 3, "X")]
    doc.user_data["doc_id"] = "7"
    return zlib.decompress(CorpusBin([doc, doc]).to_bytes())


def check_docs(data: bytes) -> None:
    """A .spacy file with bytes exchanged: each three of the input are a place and what stands there instead."""
    packed = bytearray(_packed())
    for at in range(0, len(data) - 2, 3):
        packed[(data[at] << 8 | data[at + 1]) % len(packed)] = data[at + 2]
    for doc in read_docs(written("a.spacy", zlib.compress(bytes(packed), 1)), Vocab()):
        for part in sentences(doc):
            assert part.text in doc.text
        to_json(doc_to_task(doc))
        assert all(span.label_ for group in doc.spans.values() for span in group if span.label)


def check_pool(data: bytes) -> None:
    """Texts to choose from: what is worth scoring has a text that can be written."""
    for ending in ("jsonl", "txt"):
        try:
            for block in taken_in(written(f"pool.{ending}", data), "text", 4, LONGEST):
                for _, eg in block["items"]:
                    assert eg["text"].strip() and len(eg["text"]) <= LONGEST
                    to_json(eg).encode("utf-8")
        except BioactiveError as problem:
            known(problem)


def check_database(data: bytes) -> None:
    """A database of Prodigy whose columns hold the parts of the input: a number, meta, content."""
    number, meta, content = (*data.split(b"\0", 2), b"", b"")[:3]
    path = folder() / "prodigy.db"
    path.unlink(missing_ok=True)
    told: int | str = number.decode("utf-8", "replace")
    if told.isascii() and told.isdigit() and len(told) < 19:
        told = int(told)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE dataset (id INTEGER PRIMARY KEY, name TEXT, created BLOB, meta BLOB, session INTEGER)")
        db.execute("CREATE TABLE example (id INTEGER PRIMARY KEY, input_hash BLOB, task_hash BLOB, content BLOB)")
        db.execute("CREATE TABLE link (id INTEGER PRIMARY KEY, example_id INTEGER, dataset_id INTEGER)")
        db.execute("INSERT INTO dataset VALUES (1, 'ds', ?, ?, 0)", (told, meta or None))
        db.execute("INSERT INTO example VALUES (1, ?, 5, ?)", (told, content))
        db.execute("INSERT INTO link VALUES (1, 1, 1)")
        db.commit()
    with Store(":memory:") as store:
        take_over(path, store)
        (found,) = store.get_dataset("ds")
        assert store.get_meta("ds") and to_json(found)


def check_records(data: bytes) -> None:
    """What lies beside revisions: the manifest, and the log of promotions."""
    try:
        check(folder(), read_manifest(written(MANIFEST, data)))
    except BioactiveError as problem:
        known(problem)
    written("PROMOTIONS.jsonl", data)
    assert all(isinstance(entry.name, str) for entry in history(folder()))


def check_replies(data: bytes) -> None:
    """Definitions of labels, and what a language model replies: mentions lie where their text stands."""
    text, _, reply = data.decode("utf-8", "replace").partition("\0")
    found = locate(text, read_answer(reply) or [], ["DNA"], Tally())
    assert all(text[span.start : span.end].strip() for span in found)
    definitions = read_definitions(written("labels.json", reply.encode("utf-8")))
    assert srsly.json_dumps(definitions)
