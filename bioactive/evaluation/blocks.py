"""A pipeline over any number of texts, a block at a time: what is made for a block is freed with the block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, cast

from spacy.language import Language
from spacy.symbols import NORM
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model

from ..blocks import OnDone

WINDOW = 16  # batches a block: enough for texts of like length to meet, few enough to lose little with a killed run
TIDY_BLOCKS = 32  # after so many a vocabulary is made small again: some 30,000 texts, for some 10 ms
HEAVY = ["vectors", "lookups"]
COLUMNS: list[int | str] = ["LENGTH", "SPACY", "SENT_START"]


class Watch(Protocol):
    """Is told how a run gets on."""

    def stage(self, what: str, total: int | None = None, unit: str = "") -> None:
        """What comes next, how many items it has, and what they are; counts begin anew."""

    def expect(self, total: int | None) -> None:
        """So many items will come; None where that is not known."""

    def skip(self, items: int) -> None:
        """So many are known to be done already, from an earlier run."""

    def done(self, items: int) -> None:
        """So many were done since the last call."""


class Unwatched:
    """The watch that lets all of it pass."""

    def stage(self, what: str, total: int | None = None, unit: str = "") -> None:
        """Nothing."""

    def expect(self, total: int | None) -> None:
        """Nothing."""

    def skip(self, items: int) -> None:
        """Nothing."""

    def done(self, items: int) -> None:
        """Nothing."""


UNWATCHED = Unwatched()


@contextmanager
def zone(nlp: Language) -> Iterator[None]:
    """What spaCy keeps of new words (strings, lexemes, cached tokenisations) is forgotten at the end.

    nlp (Language): The pipeline. No Doc that it makes within may be touched afterwards. Zones do not nest: within one
        of the caller's this does nothing.
    """
    if cast(Any, nlp.vocab).in_memory_zone:
        yield
    else:
        with nlp.memory_zone():
            yield


def tidy(vocab: Vocab) -> None:
    """Make the tables of a vocabulary as small as what they hold; outside of memory zones only.

    A zone takes its words out of the tables, but leaves their places marked as taken: after a million texts that is the
    better part of the memory.

    vocab (Vocab): Its lexemes are made again when they are next asked for; its strings and all Docs stay as they are.
    """
    getters = cast(Any, vocab).lex_attr_getters
    if cast(Any, vocab).in_memory_zone:
        return
    norm = getters.get(NORM)
    # The way in which spaCy loads a vocabulary; it would wrap the getter of norms once more each time.
    vocab.from_bytes(vocab.to_bytes(exclude=HEAVY), exclude=HEAVY)
    if norm is not None:
        getters[NORM] = norm


@contextmanager
def uncached(nlp: Language, folder: bool = False) -> Iterator[None]:
    """Frozen encoders keep no vectors in memory meanwhile: of no use where each text comes once.

    nlp (Language): The pipeline. What its encoders hold stands aside, and is back at the end.
    folder (bool): Have them keep and read none on disk either, as when their speed is measured.
    """
    models = [getattr(pipe, "model", None) for _, pipe in nlp.pipeline]
    nodes = [node for model in models if isinstance(model, Model) for node in model.walk()]
    shims: dict[int, Any] = {id(shim): shim for node in nodes for shim in node.shims}
    caches: list[Any] = [shim.cache for shim in shims.values() if hasattr(getattr(shim, "cache", None), "memory")]
    before = [(cache.memory, cache.root, cache.disk) for cache in caches]
    for cache in caches:
        cache.memory = type(cache.memory)(0)
        if folder:
            cache.root = cache.disk = None
    try:
        yield
    finally:
        for cache, (memory, root, disk) in zip(caches, before, strict=True):
            cache.memory = memory
            if folder:
                cache.root, cache.disk = root, disk


def pipe_block(nlp: Language, docs: Sequence[Doc], batch_size: int, on_done: OnDone = lambda items: None) -> list[Doc]:
    """Run a pipeline over the Docs of one block.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): Docs of its vocabulary, tokenised.
    batch_size (int): Docs a batch; those of like length go together, as the longest decides how long a batch takes.
    on_done (Callable): Told how many of `docs` are done since it was told last.
    RETURNS (list[Doc]): Predictions in the order of `docs`. Docs with the same words, spaces and sentences share one.
        An empty Doc comes back as it is, as some encoders do not take one.
    """
    keys = [(doc.text, doc.to_array(COLUMNS).tobytes()) for doc in docs]
    found = dict(zip(keys, docs, strict=True))
    distinct = sorted((key for key, doc in found.items() if len(doc)), key=lambda key: len(found[key]))
    predictions = nlp.pipe((found[key] for key in distinct), batch_size=batch_size)
    for number, (key, doc) in enumerate(zip(distinct, predictions, strict=True), start=1):
        found[key] = doc
        if number % batch_size == 0:
            on_done(batch_size)
    on_done(len(docs) - len(distinct) // batch_size * batch_size)
    return [found[key] for key in keys]
