"""Stretches: a few neighbouring words of a text that are asked about, the rest being shown as context.

Within a module a stretch counts words (white space is none); `to_tokens` says which tokens of the Doc they are.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc

from bioactive.annotate.tasks import Task, hash_of_asked, keep_disabled, only_asked, tokens_of

from .costs import TimeModel
from .posteriors import Posterior

# Word bounds [start, end) of a predicted entity.
Bounds = tuple[int, int]


class Stretch(NamedTuple):
    """Words `start` to `end` (exclusive) of a text, and how unsure the pipeline is about them on the mean."""

    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Shape:
    """What a stretch looks like before it is grown over predicted entities.

    words (int): Its length; of an adaptive one the least.
    longest (int | None): The most words of an adaptive one; None makes all stretches of one length.
    share (float): An adaptive one takes in the next word while that has this share of the score of its worst word.
    per_text (int | None): The most stretches of one text; None sets no bound.
    """

    words: int = 6
    longest: int | None = None
    share: float = 0.5
    per_text: int | None = None


class Found(NamedTuple):
    """A stretch of the text number `text` of a pool."""

    text: int
    stretch: Stretch


def find_stretches(
    scores: np.ndarray, shape: Shape, free: np.ndarray | None = None, entities: Sequence[Bounds] = ()
) -> Iterator[Stretch]:
    """The stretches of one text, the least certain first, that do not overlap.

    scores (np.ndarray): How unsure the pipeline is about each word, [L].
    shape (Shape): What a stretch looks like.
    free (np.ndarray | None): Which words may be asked about, [L], bool; None allows all.
    entities (Sequence[Bounds]): Predicted entities, in words: no stretch ends within one, unless a word that is not
        free stands in the way.
    YIELDS (Stretch): At most `shape.per_text`, each made when it is asked for.
    """
    free = np.ones(len(scores), dtype=bool) if free is None else free.copy()
    limit = len(scores) if shape.per_text is None else shape.per_text
    for _ in range(limit):
        runs = runs_of(free)
        if not runs:
            return
        start, end = _window(scores, runs, shape) if shape.longest is None else _grown(scores, free, runs, shape)
        start, end = _over_entities(start, end, free, entities)
        free[start:end] = False
        yield Stretch(start, end, float(scores[start:end].mean()))


def choose_stretches(
    texts: Iterable[tuple[int, Iterator[Stretch]]], budget: int, tie: Sequence[float] | None = None, most: int = 0
) -> list[Found]:
    """The least certain stretches of a pool, as many as a budget of words pays for.

    texts (Iterable): Number of each text, and its stretches by falling score, as `find_stretches` gives them.
    budget (int): Words to ask about; the last stretch may go beyond it.
    tie (Sequence[float] | None): Settles equal scores, by number of text; the order of the pool does by default.
    most (int): Above 0, so many texts are asked about, whatever the words.
    RETURNS (list[Found]): The least certain first.
    """
    heap: list[tuple[float, float, int, Stretch, Iterator[Stretch]]] = []

    def push(text: int, stretches: Iterator[Stretch]) -> None:
        stretch = next(stretches, None)
        if stretch is not None:
            heapq.heappush(heap, (-stretch.score, tie[text] if tie else 0.0, text, stretch, stretches))

    for text, stretches in texts:
        push(text, stretches)
    chosen: list[Found] = []
    words, asked = 0, set[int]()
    while heap and (len(asked) < most if most else words < budget):
        _, _, text, stretch, stretches = heapq.heappop(heap)
        chosen.append(Found(text, stretch))
        words += stretch.end - stretch.start
        asked.add(text)
        # The next of a text is never above the one before it, but its growth over entities may lift it: by the heap.
        push(text, stretches)
    return chosen


def priced(stretches: Iterable[Stretch], belief: Posterior, time: TimeModel) -> Iterator[Stretch]:
    """Stretches of one text, with what each second of asking about them gives.

    stretches (Iterable[Stretch]): By falling score, as `find_stretches` gives them.
    belief (Posterior): Of the text.
    time (TimeModel): Seconds; the first stretch pays for opening and reading the text, the others do not.
    YIELDS (Stretch): Its score is the sum over its words by its expected seconds.
    """
    for number, (start, end, score) in enumerate(stretches):
        yield Stretch(start, end, score * (end - start) / time.expected(belief, (start, end), opened=number > 0))


def worth(stretches: Sequence[Stretch], belief: Posterior, time: TimeModel) -> float:
    """What each second of asking about several stretches of one text gives.

    stretches, belief, time: As for `priced`.
    RETURNS (float): The sum over their words by their expected seconds; 0.0 without any.
    """
    seconds = sum(time.expected(belief, (start, end), number > 0) for number, (start, end, _) in enumerate(stretches))
    return sum(score * (end - start) for start, end, score in stretches) / (seconds or 1.0)


def runs_of(mask: np.ndarray) -> list[Bounds]:
    """The runs of true words in a mask, [L], as [start, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def word_tokens(doc: Doc) -> np.ndarray:
    """The token index of each word of a Doc, [L]; white space is no word."""
    return np.flatnonzero(~np.fromiter((token.is_space for token in doc), dtype=bool, count=len(doc)))


def free_words(task: Task, doc: Doc) -> np.ndarray | None:
    """Which words of a Doc a task lets ask about: those that none of its `disabled` tokens covers.

    task (Task): The task.
    doc (Doc): Its text, tokenised, perhaps into other tokens.
    RETURNS (np.ndarray | None): [L], bool; None when all may be.
    """
    if not any(token.get("disabled") for token in task.get("tokens") or []):
        return None
    tokens = keep_disabled({"tokens": tokens_of(doc)}, task)["tokens"]
    return np.array([not tokens[i].get("disabled") for i in word_tokens(doc)], dtype=bool)


def entity_bounds(posterior: Posterior, tokens: np.ndarray) -> list[Bounds]:
    """The predicted entities, counted in words.

    posterior (Posterior): Of one Doc; its spans count tokens.
    tokens (np.ndarray): Token index of each word, from `word_tokens`.
    RETURNS (list[Bounds]): [start, end) of each; such as hold no word are left out.
    """
    edges = [(np.searchsorted(tokens, span.start), np.searchsorted(tokens, span.end)) for span in posterior.spans]
    return [(int(start), int(end)) for start, end in edges if start < end]


def stretch_task(task: Task, doc: Doc, stretches: Sequence[Stretch]) -> Task:
    """A task that asks about some stretches of its text only.

    task (Task): The task; its spans outside the stretches are dropped.
    doc (Doc): Its text, tokenised.
    stretches (Sequence[Stretch]): What to ask about, in words of the Doc.
    RETURNS (Task): A new task; its `tokens` outside the stretches are `disabled`. Its hash is that of the text
        and the words asked about.
    """
    places = word_tokens(doc)
    asked = np.zeros(len(doc), dtype=bool)
    for stretch in stretches:
        asked[places[stretch.start] : places[stretch.end - 1] + 1] = True
    tokens: list[Task] = [
        token if wanted else {**token, "disabled": True} for token, wanted in zip(tokens_of(doc), asked, strict=True)
    ]
    return only_asked(hash_of_asked({**task, "tokens": tokens}))


def _window(scores: np.ndarray, runs: Sequence[Bounds], shape: Shape) -> Bounds:
    """The window of the highest mean; a run shorter than a window is one."""
    total = np.concatenate([[0.0], np.cumsum(scores)])
    best, found = -np.inf, runs[0]
    for first, last in runs:
        size = min(shape.words, last - first)
        means = (total[first + size : last + 1] - total[first : last - size + 1]) / size
        at = int(means.argmax())
        if means[at] > best:
            best, found = float(means[at]), (first + at, first + at + size)
    return found


def _grown(scores: np.ndarray, free: np.ndarray, runs: Sequence[Bounds], shape: Shape) -> Bounds:
    """Grown from the worst word, towards the worse neighbour, while that is bad enough or the stretch too short."""
    worst = int(np.where(free, scores, -np.inf).argmax())
    first, last = next(run for run in runs if run[0] <= worst < run[1])
    start, end = worst, worst + 1
    while (start > first or end < last) and end - start < max(shape.words, shape.longest or 0):
        left = scores[start - 1] if start > first else -np.inf
        right = scores[end] if end < last else -np.inf
        if end - start >= shape.words and max(left, right) < shape.share * scores[worst]:
            break
        start, end = (start - 1, end) if left > right else (start, end + 1)
    return start, end


def _over_entities(start: int, end: int, free: np.ndarray, entities: Sequence[Bounds]) -> Bounds:
    """Grown until no entity crosses an edge; entities may touch, so once is not always enough."""
    before = None
    while before != (start, end):
        before = start, end
        for first, last in entities:
            if first < end and last > start:
                while start > first and free[start - 1]:
                    start -= 1
                while end < last and free[end]:
                    end += 1
    return start, end
