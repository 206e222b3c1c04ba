"""Splits by document: no document, and no document id, ends up on two sides."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import spacy
from spacy.tokens import Doc

from ..errors import error
from .binfile import read_docs, write_docs

Split = dict[str, list[Doc]]


def split_shares(docs: Sequence[Doc], dev: float, test: float, seed: int = 0) -> Split:
    """Divide Docs at random, by document id.

    docs (Sequence[Doc]): The Docs; those with the same `user_data["doc_id"]` stay together.
    dev (float): Share of the documents that go to "dev", 0 to 1.
    test (float): Share that goes to "test".
    seed (int): Same seed, same split.
    RETURNS (dict[str, list[Doc]]): "train", "dev" and "test", in the order of `docs`; no part for a share of 0.
    RAISES (BioactiveError): B126 when the shares leave a part without documents.
    """
    ids = list(dict.fromkeys(doc_id(doc, index) for index, doc in enumerate(docs)))
    random.Random(seed).shuffle(ids)
    sizes = {name: round(share * len(ids)) for name, share in (("test", test), ("dev", dev)) if share}
    if not 0 <= dev + test < 1 or min(dev, test) < 0 or 0 in sizes.values() or sum(sizes.values()) >= len(ids):
        raise error("B126", dev=dev, test=test, count=len(ids))
    side: dict[str, str] = {}
    for name, size in sizes.items():
        side.update(dict.fromkeys(ids[len(side) : len(side) + size], name))
    return _divided(docs, side, ["train", *reversed(sizes)])


def split_last(docs: Sequence[Doc], last_dev: int) -> Split:
    """Keep the last documents as "dev", as is done with JNLPBA, which has no official dev part.

    docs (Sequence[Doc]): The Docs in the order of the corpus.
    last_dev (int): How many documents. One whose id also stands among the others stays with them in "train".
    RETURNS (dict[str, list[Doc]]): "train" and "dev".
    RAISES (BioactiveError): B126 when nothing is left for one side.
    """
    ids = [doc_id(doc, index) for index, doc in enumerate(docs)]
    runs = [i for i in range(len(ids)) if not i or ids[i] != ids[i - 1]]
    if not 0 < last_dev < len(runs):
        raise error("B126", dev=last_dev, test=0, count=len(runs))
    cut = runs[-last_dev]
    before = set(ids[:cut])
    return _divided(docs, {name: "dev" for name in ids[cut:] if name not in before}, ["train", "dev"])


def split_like(docs: Sequence[Doc], others: Iterable[Doc]) -> Split:
    """Take as "dev" the documents that another form of the corpus has there: columns beside standoff.

    docs (Sequence[Doc]): The Docs.
    others (Iterable[Doc]): Docs with the ids of dev.
    RETURNS (dict[str, list[Doc]]): "train" and "dev", in the order of `docs`.
    RAISES (BioactiveError): B126 when nothing is left for one side.
    """
    wanted = {str(doc.user_data.get("doc_id")) for doc in others}
    side = {name: "dev" for name in (doc_id(doc, index) for index, doc in enumerate(docs)) if name in wanted}
    parts = _divided(docs, side, ["train", "dev"])
    if not all(parts.values()):
        raise error("B126", dev=len(parts["dev"]), test=0, count=len(docs))
    return parts


def split_file(
    source: Path,
    folder: Path,
    *,
    dev: float = 0.0,
    test: float = 0.0,
    last_dev: int = 0,
    dev_like: Path | None = None,
    seed: int = 0,
    expect: Callable[[int], object] = lambda total: None,
    on_doc: Callable[[], object] = lambda: None,
) -> dict[str, int]:
    """Split a `.spacy` file into `train.spacy`, `dev.spacy` and `test.spacy`.

    source (Path): The file.
    folder (Path): Where the parts go.
    dev (float): Share of documents for dev; not together with `last_dev`.
    test (float): Share of documents for test.
    last_dev (int): Take the last documents as dev instead.
    dev_like (Path | None): Take those with the ids of this `.spacy` file instead.
    seed (int): Seed of the shuffle.
    expect (Callable): Told how many Docs the file has.
    on_doc (Callable): Called for each that was read.
    RETURNS (dict[str, int]): Number of Docs of each part.
    """
    if sum((bool(last_dev), bool(dev or test), dev_like is not None)) != 1:
        raise error("B127")
    vocab = spacy.blank("xx").vocab
    docs = []
    for doc in read_docs(source, vocab, expect):
        docs.append(doc)
        on_doc()
    if dev_like is not None:
        parts = split_like(docs, read_docs(dev_like, vocab))
    else:
        parts = split_last(docs, last_dev) if last_dev else split_shares(docs, dev, test, seed)
    return {name: write_docs(part, folder / f"{name}.spacy") for name, part in parts.items()}


def doc_id(doc: Doc, index: int) -> str:
    """The document id of a Doc, or one made of its place for a Doc without."""
    return str(doc.user_data.get("doc_id") or f"#{index}")


def _divided(docs: Sequence[Doc], side: dict[str, str], names: list[str]) -> Split:
    parts: Split = {name: [] for name in names}
    for index, doc in enumerate(docs):
        parts[side.get(doc_id(doc, index), "train")].append(doc)
    return parts
