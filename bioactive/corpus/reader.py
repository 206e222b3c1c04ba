"""The corpus reader of the training configs: spaCy's own, over files that are unpacked about thirty times as fast."""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Corpus, Example
from spacy.training.corpus import FILE_TYPE
from spacy.vocab import Vocab

from ..errors import error
from .binfile import read_docs


def create_corpus_reader(
    path: Path | None,
    gold_preproc: bool = False,
    max_length: int = 0,
    limit: int = 0,
    augmenter: Callable[[Language, Example], Iterable[Example]] | None = None,
) -> Callable[[Language], Iterable[Example]]:
    """A reader of `.spacy` files, registered as "bioactive.Corpus.v1"; takes the place of "spacy.Corpus.v1".

    path (Path | None): A file, or a folder of them.
    gold_preproc (bool): Train on the sentences and the words of the corpus instead of raw text.
    max_length (int): Longer Docs are cut into sentences where they have some, and left out where not; 0 keeps all.
    limit (int): The first so many Docs; 0 takes all.
    augmenter (Callable | None): Makes further Examples of each.
    RETURNS (Callable): Gives the Examples of a pipeline.
    RAISES (BioactiveError): B120 for a file that is none, B129 without a path.
    """
    if path is None:
        raise error("B129")
    # As spaCy's reader does it, although its class says that there always is an augmenter.
    extra: dict[str, Any] = {"augmenter": augmenter}
    return FastCorpus(path, gold_preproc=gold_preproc, max_length=max_length, limit=limit, **extra)


class FastCorpus(Corpus):
    """spaCy's Corpus with its slowest part, the unpacking of Docs, done by `CorpusBin`."""

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """The Docs with words of some files.

        vocab (Vocab): The vocab that they get.
        locs (Iterable[str | Path]): The files; others than `.spacy` are passed over.
        YIELDS (Doc): The first `limit` of them.
        """
        files = (Path(loc) for loc in locs if str(loc).endswith(FILE_TYPE))
        docs = (doc for file in files for doc in read_docs(file, vocab) if len(doc))
        yield from islice(docs, self.limit or None)

    def _make_example(self, nlp: Language, reference: Doc, gold_preproc: bool) -> Example:
        if not (gold_preproc or reference.has_unknown_spaces):
            return super()._make_example(nlp, reference, gold_preproc)
        return Example(Doc(nlp.vocab, **words_of(reference)), reference)


def words_of(doc: Doc) -> dict[str, Any]:
    """Words and spaces of a Doc, as another is made from them."""
    orths, spaces = doc.to_array(["ORTH", "SPACY"]).reshape(-1, 2).T.tolist()
    strings = doc.vocab.strings
    return {"words": [strings[cast(int, orth)] for orth in orths], "spaces": [bool(space) for space in spaces]}
