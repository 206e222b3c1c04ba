"""How many words a second a pipeline reads."""

from __future__ import annotations

import time
from collections.abc import Sequence

from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import NumpyOps, get_current_ops

from .blocks import uncached
from .pairs import unlabelled_copy

SAMPLE = 100
REPEATS = 2


def words_per_second(nlp: Language, docs: Sequence[Doc], sample: int = SAMPLE, batch_size: int = 64) -> float:
    """Time a pipeline on words that are given, with no vectors remembered from before.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): Docs, evenly drawn from; left as they are.
    sample (int): How many of them to take, at the most.
    batch_size (int): Docs a batch.
    RETURNS (float): Words a second, the better of two runs: of processor time on a CPU, which does other work too,
        and of the clock's on a GPU; 0.0 without words.
    """
    taken = sorted((doc for doc in docs[:: max(1, -(-len(docs) // sample))] if len(doc)), key=len)
    with uncached(nlp, folder=True):
        runs = [_seconds(nlp, taken, batch_size) for _ in range(REPEATS)]
    return sum(map(len, taken)) / min(runs) if taken else 0.0


def _seconds(nlp: Language, docs: Sequence[Doc], batch_size: int) -> float:
    copies = [unlabelled_copy(doc, nlp.vocab) for doc in docs]
    clock = time.process_time if isinstance(get_current_ops(), NumpyOps) else time.perf_counter
    begin = clock()
    for _ in nlp.pipe(copies, batch_size=batch_size):
        pass
    return clock() - begin
