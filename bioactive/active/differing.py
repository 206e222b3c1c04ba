"""Of ranked tasks, those that differ from each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.annotate.tasks import Task

from .sift import Candidates, Wanted, most_different, without_repeats
from .stretches import runs_of, word_tokens
from .suggest import tokenise

if TYPE_CHECKING:
    from .ranking import RankOptions


def differing(nlp: Language, tasks: Sequence[Task], options: RankOptions) -> list[int]:
    """The tasks to keep.

    nlp (Language): Its encoder gives the vectors of the words asked about.
    tasks (Sequence[Task]): The candidates, the least certain first.
    options (RankOptions): How many, and by what they differ.
    RETURNS (list[int]): Positions, rising, at most `options.n`.
    RAISES (BioactiveError): B535 when the pipeline has no vectors of words.
    """
    docs = [tokenise(nlp, task) for task in tasks]
    found = Candidates(docs, [_asked(task, doc) for task, doc in zip(tasks, docs, strict=True)])
    order = list(range(len(found)))
    if options.duplicates_above < 1:
        order = without_repeats(nlp, found, options.duplicates_above)
    if options.diversity and options.n is not None:
        left = Candidates([found.docs[place] for place in order], [found.asked[place] for place in order])
        taken = most_different(nlp, left, Wanted(options.n, options.diverse_by, seed=options.seed))
        order = [order[place] for place in islice(taken, options.n)]
    return sorted(order[: options.n])


def _asked(task: Task, doc: Doc) -> list[tuple[int, int]]:
    """The words that a task asks about, [start, end)."""
    places = word_tokens(doc)
    open_tokens = np.ones(len(doc), dtype=bool)
    for number, token in enumerate(task.get("tokens") or []):
        if number < len(doc):
            open_tokens[number] = not token.get("disabled")
    return runs_of(open_tokens[places]) or [(0, len(places))]
