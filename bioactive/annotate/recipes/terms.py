"""`terms.teach`: terms that are like those accepted so far, by the vectors of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import error
from ..store import Store
from ..stream import Stream
from ..tasks import Task, set_hashes

if TYPE_CHECKING:
    from spacy.language import Language

# How many terms are asked about before the likest are looked for again.
STEP = 10


def terms_teach(
    dataset: str, store: Store, nlp: Language, seeds: Sequence[str], resume: bool = False, step: int = STEP
) -> dict[str, Any]:
    """Accept or reject terms, those first that are like the accepted and unlike the rejected ones.

    dataset (str): Where the answers go. The seeds are put there as accepted.
    store (Store): The store.
    nlp (Language): A pipeline with vectors of words.
    seeds (Sequence[str]): The first terms.
    resume (bool): Begin with the answers that the dataset has.
    step (int): How many terms are asked about before the likest are looked for again.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B620 for a pipeline without vectors, B621 when it knows none of the terms to begin with.
    """
    terms = Terms(nlp, step)
    given = [set_hashes({"text": seed, "answer": "accept"}) for seed in seeds]
    earlier = store.iter_examples(dataset) if resume and dataset in store else ()
    if not terms.update([*given, *earlier]):
        raise error("B621", seeds=", ".join(seeds) or "none")
    store.add_examples(given, [dataset])
    config = {"lang": nlp.lang}
    return {"dataset": dataset, "view_id": "text", "stream": Stream(terms), "update": terms.update, "config": config}


class Terms:
    """The terms of a pipeline with vectors, the likest first.

    nlp (Language): The pipeline.
    step (int): As in `terms_teach`.
    RAISES (BioactiveError): B620 for a pipeline without vectors.
    """

    def __init__(self, nlp: Language, step: int = STEP) -> None:
        vectors = nlp.vocab.vectors
        if not vectors.size or not vectors.key2row:
            raise error("B620", name=nlp.meta["name"] or nlp.lang)
        rows = [(nlp.vocab.strings[key], row) for key, row in vectors.key2row.items() if row >= 0]
        # One spelling for each vector: the others would be asked about with the same score.
        self.row_of = dict(rows)
        self.terms = [term for term, _ in {row: (term, row) for term, row in reversed(rows)}.values()]
        self.vectors = _unit(np.asarray(vectors.data, dtype="float32"))
        self.step = step
        self._wanted = np.zeros(self.vectors.shape[1], dtype="float32")
        self._met: set[str] = set()

    def update(self, answers: Iterable[Task]) -> int:
        """Learn from answered terms.

        RETURNS (int): How many of them have a vector.
        """
        known = 0
        for answer in answers:
            term, sign = str(answer.get("text", "")), {"accept": 1.0, "reject": -1.0}.get(str(answer.get("answer")), 0)
            self._met.add(term)
            if term in self.row_of:
                # The nearest to a sum of unit vectors is the nearest to their mean.
                self._wanted = self._wanted + sign * self.vectors[self.row_of[term]]
                known += 1
        return known

    def __iter__(self) -> Iterator[Task]:
        while found := self._likest():
            yield from found

    def _likest(self) -> list[Task]:
        rest = [term for term in self.terms if term not in self._met]
        rows = self.vectors[[self.row_of[term] for term in rest]]
        scores = rows @ _unit(self._wanted[None])[0]
        tasks = []
        for place in np.argsort(-scores, kind="stable")[: self.step]:
            self._met.add(rest[place])
            score = round(float(scores[place]), 4)
            tasks.append(set_hashes({"text": rest[place], "meta": {"score": score}}))
        return tasks


def _unit(rows: Any) -> Any:
    """Rows of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1, lengths)
