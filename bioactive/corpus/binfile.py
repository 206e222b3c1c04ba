"""Reading and writing `.spacy` files.

The format is spaCy's DocBin to the byte. Three shortcuts make it several times faster: strings are gathered from
distinct hashes instead of token by token; one msgpack packer serves all Docs (srsly looks its encoders up in the entry
points of every installed package on each call); and span groups are packed here with that packer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from spacy.attrs import IDS
from spacy.strings import StringStore
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.vocab import Vocab
from srsly import msgpack

from ..errors import error, first_line
from ..whole import whole

_NOT_STRINGS = {IDS[name] for name in ("HEAD", "ENT_IOB", "POS", "SENT_START", "SPACY")}
_IOBS = 4  # missing, I, O, B
_SPAN = struct.Struct(">QQQllll")  # id, kb_id, label, start, end, start_char, end_char, as SpanGroup.to_bytes has them


class CorpusBin(DocBin):
    """A DocBin with `store_user_data=True` that reads and writes the same bytes faster.

    docs (Iterable[Doc]): Docs to add; all must share one vocab.
    """

    def __init__(self, docs: Iterable[Doc] = ()) -> None:
        super().__init__(store_user_data=True)
        self._hashes: set[int] = set()
        self._store: StringStore | None = None
        self._columns = [i for i, attr in enumerate(self.attrs) if attr not in _NOT_STRINGS]
        self._packer = msgpack.Packer(use_bin_type=True)
        for doc in docs:
            self.add(doc)

    def add(self, doc: Doc) -> None:
        """Add a Doc's annotations.

        doc (Doc): The Doc to add.
        """
        array = doc.to_array(cast("list[int | str]", self.attrs))
        self._store = doc.vocab.strings
        self._hashes.update(cast("list[int]", array[:, self._columns].ravel().tolist()))
        self.tokens.append(array)
        self.spaces.append(doc.to_array("SPACY").astype(bool).reshape(-1, 1))
        self.flags.append({"has_unknown_spaces": doc.has_unknown_spaces})
        self.cats.append(doc.cats)
        self.user_data.append(self._packer.pack(doc.user_data))
        groups: dict[bytes, list[str]] = {}
        for key, group in doc.spans.items():
            groups.setdefault(self._pack_group(group), []).append(key)
        self.span_groups.append(self._packer.pack(groups or []))

    def _pack_group(self, group: SpanGroup) -> bytes:
        spans = []
        for span in group:
            self._hashes.update((span.label, span.id, span.kb_id))
            spans.append(
                _SPAN.pack(span.id, span.kb_id, span.label, span.start, span.end, span.start_char, span.end_char)
            )
        packed: bytes = self._packer.pack({"name": group.name, "attrs": group.attrs, "spans": spans})
        return packed

    def to_bytes(self) -> bytes:
        """Serialise all Docs.

        RETURNS (bytes): Readable by `DocBin.from_bytes`.
        """
        if self._store is not None:
            store = self._store
            self.strings.update(store[key] for key in self._hashes)
        return super().to_bytes()

    def get_docs(self, vocab: Vocab) -> Iterator[Doc]:
        """Make the Docs anew.

        vocab (Vocab): The vocab that they get.
        YIELDS (Doc): The Docs in order.
        """
        for string in self.strings:
            vocab.strings.add(string)
        self._check(vocab)
        tuples = msgpack.Unpacker(raw=False, use_list=False)
        lists = msgpack.Unpacker(raw=False, use_list=True)
        for index, tokens in enumerate(cast("list[Any]", self.tokens)):
            known = not self.flags[index].get("has_unknown_spaces")
            doc = Doc(vocab, words=tokens[:, 0], spaces=cast(Any, self.spaces[index]) if known else None)
            doc.from_array(cast("list[int | str]", self.attrs), tokens)
            doc.cats = self.cats[index]
            user_data = self.user_data[index] if index < len(self.user_data) else None
            if user_data is not None:
                doc.user_data.update(_unpack(tuples, user_data))
            groups = _unpack(lists, self.span_groups[index]) if self.span_groups[index] else {}
            # Files of spaCy before 3.4 hold a list of groups, which only spaCy itself knows how to read.
            if isinstance(groups, list):
                doc.spans.from_bytes(self.span_groups[index])
                groups = {}
            for data, keys in groups.items():
                for key in keys:
                    doc.spans[key] = _unpack_group(doc, _unpack(lists, data))
            yield doc


    def _check(self, vocab: Vocab) -> None:
        """Whether each name is among the strings, as spaCy looks for it only when somebody asks.

        RAISES (ValueError): For a file that was not written by a DocBin.
        """
        if not self.tokens:
            return
        flat = np.concatenate(self.tokens)
        for column, attr in enumerate(cast("list[int]", self.attrs)):
            values = flat[:, column]
            if attr == IDS["ENT_IOB"] and (values >= _IOBS).any():
                raise ValueError(f"ENT_IOB is {values.max()}")
            # Words are looked for when the Doc is made.
            if attr not in _NOT_STRINGS and attr != IDS["ORTH"]:
                unknown = [key for key in np.unique(values[values != 0]).tolist() if key not in vocab.strings]
                if unknown:
                    raise ValueError(f"it has no string for {unknown[0]}")


def _unpack(unpacker: Any, data: bytes) -> Any:
    unpacker.feed(data)
    return unpacker.unpack()


def _unpack_group(doc: Doc, found: dict[str, Any]) -> SpanGroup:
    spans = []
    for packed in found["spans"]:
        span_id, kb_id, label, start, end, _, _ = _SPAN.unpack(packed)
        spans.append(Span(doc, start, end, label=label, kb_id=kb_id, span_id=span_id))
    return SpanGroup(doc, name=found["name"], attrs=found["attrs"], spans=spans)


def open_docs(path: Path) -> CorpusBin:
    """Open a `.spacy` file.

    path (Path): The file.
    RETURNS (CorpusBin): What it holds, still packed; `unpacked` makes the Docs.
    RAISES (BioactiveError): B101 when there is no such file, B120 when it is not a `.spacy` file.
    """
    if not path.is_file():
        raise error("B101", path=path)
    docs = CorpusBin()
    try:
        docs.from_disk(path)
    except Exception as problem:  # zlib, msgpack and spaCy each raise their own kind
        raise error("B120", path=path, problem=first_line(problem)) from problem
    return docs


def unpacked(docs: CorpusBin, vocab: Vocab, path: Path) -> Iterator[Doc]:
    """The Docs of an open file.

    docs (CorpusBin): As `open_docs` gives it.
    vocab (Vocab): The vocab that the Docs get.
    path (Path): Where it comes from, for the message.
    YIELDS (Doc): The Docs, in the order of the file.
    RAISES (BioactiveError): B120 for a Doc that cannot be made.
    """
    try:
        yield from docs.get_docs(vocab)
    except Exception as problem:
        raise error("B120", path=path, problem=first_line(problem)) from problem


def read_docs(path: Path, vocab: Vocab, expect: Callable[[int], object] = lambda total: None) -> Iterator[Doc]:
    """Read the Docs of a `.spacy` file.

    path (Path): The file.
    vocab (Vocab): The vocab that the Docs get.
    expect (Callable): Told how many there are, before the first.
    YIELDS (Doc): The Docs, in the order of the file.
    RAISES (BioactiveError): As `open_docs` and `unpacked`.
    """
    docs = open_docs(path)
    expect(len(docs))
    yield from unpacked(docs, vocab, path)


def write_docs(docs: Iterable[Doc], path: Path) -> int:
    """Write Docs to a `.spacy` file, which appears when it is whole; folders on the way are made.

    docs (Iterable[Doc]): Docs that share one vocab.
    path (Path): The file.
    RETURNS (int): How many Docs were written.
    """
    corpus = CorpusBin(docs)
    with whole(path) as new:
        corpus.to_disk(new)
    return len(corpus)
