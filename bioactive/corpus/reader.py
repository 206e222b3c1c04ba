"""spaCy's corpus reader, several times faster: training reads its corpus three times, and dev at each evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.vocab import Vocab

from .binfile import CorpusBin


def create_reader(
    path: Path | None,
    gold_preproc: bool = False,
    max_length: int = 0,
    limit: int = 0,
    augmenter: Callable[[Language, Example], Iterable[Example]] | None = None,
) -> Callable[[Language], Iterable[Example]]:
    """Examples of a .spacy file or a folder of such, registered as "bioactive.Corpus.v1".

    The settings, and what is read, are those of "spacy.Corpus.v1".
    RAISES (ValueError): spaCy's E913 when no path is given.
    """
    if path is None:
        from spacy.errors import Errors

        raise ValueError(Errors.E913)
    return BinCorpus(path, gold_preproc=gold_preproc, max_length=max_length, limit=limit, augmenter=augmenter)


class BinCorpus(Corpus):
    """A `Corpus` that reads its files by `CorpusBin`."""

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """The Docs of the files that hold a token, `limit` at the most."""
        docs = (doc for path in locs for doc in CorpusBin().from_disk(path).get_docs(vocab) if len(doc))
        for number, doc in enumerate(docs, start=1):
            yield doc
            if number == self.limit:
                break

    def _make_example(self, nlp: Language, reference: Doc, gold_preproc: bool) -> Example:
        if not (gold_preproc or reference.has_unknown_spaces):
            return super()._make_example(nlp, reference, gold_preproc)
        return Example(Doc(nlp.vocab, **words_of(reference)), reference)


def words_of(doc: Doc) -> dict[str, Any]:
    """Words and spaces of a Doc, as another is made from them."""
    orths, spaces = doc.to_array(["ORTH", "SPACY"]).reshape(-1, 2).T.tolist()
    strings = doc.vocab.strings
    return {"words": [strings[cast(int, orth)] for orth in orths], "spaces": [bool(space) for space in spaces]}
