"""What answers cost: counted, modelled in seconds, and the seconds fitted from the time stamps of real answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from thinc.api import Config

from bioactive.annotate.tasks import SESSION_ID, TIMESTAMP, Task
from bioactive.errors import error

from .posteriors import Posterior

# What a modelled second is paid for, in the order of the columns of `_counts`.
PARTS = ("question", "word", "context", "entity")
# Seconds that no question takes less than: scores are divided by them.
LEAST = 0.1


@dataclass
class Cost:
    """What answers cost; costs are added.

    questions (int): Tasks that an annotator opens: the stretches of one text in one round are one task.
    sentences (int): Texts that were never asked about before.
    words (int): Words that got an answer, those included by which entities across an edge lengthened a stretch.
    extended (int): The latter alone.
    context (int): Words of the texts asked about that are shown and not asked.
    entities (int): Entities marked.
    documents (int): Documents of which no text was asked about before.
    """

    questions: int = 0
    sentences: int = 0
    words: int = 0
    extended: int = 0
    context: int = 0
    entities: int = 0
    documents: int = 0

    def __add__(self, other: Cost) -> Cost:
        mine, theirs = asdict(self), asdict(other)
        return Cost(**{name: mine[name] + theirs[name] for name in mine})


@dataclass(frozen=True)
class TimeModel:
    """Modelled seconds of an annotator; replace the defaults by what `fit_time` makes of your own time stamps.

    question (float): To open a task and to send its answer.
    word (float): To read a word and decide on it; .25 s are 240 words a minute.
    context (float): To read a word that is shown and not asked about.
    entity (float): To mark an entity and choose its type.
    """

    question: float = 2.0
    word: float = 0.25
    context: float = 0.25
    entity: float = 3.0

    def seconds(self, cost: Cost) -> float:
        """The modelled time of a cost."""
        return (
            self.question * cost.questions
            + self.word * cost.words
            + self.context * cost.context
            + self.entity * cost.entities
        )

    def expected(self, belief: Posterior, bounds: tuple[int, int], opened: bool = False) -> float:
        """The time that a stretch of a text is expected to take.

        belief (Posterior): What the pipeline believes about the text; it says how many entities are to be marked.
        bounds (tuple[int, int]): Words asked about, [start, end).
        opened (bool): Whether the text is asked about anyway, so that its words are read already.
        RETURNS (float): In modelled seconds, at least `LEAST`: where a word asked about costs no more than one read as
            context, a second stretch is nearly free.
        """
        words = bounds[1] - bounds[0]
        marked = self.entity * expected_entities(belief, bounds)
        if opened:
            return max(LEAST, (self.word - self.context) * words + marked)
        return max(LEAST, self.question + self.word * words + self.context * (belief.words - words) + marked)


def read_time(path: Path) -> TimeModel:
    """The seconds of an annotator from a file.

    path (Path): What `bioactive fit-time` prints, or another config with a section [time], such as a simulation's.
    RETURNS (TimeModel): The parts that the section has; the others as they are by default.
    RAISES (BioactiveError): B308 when there is no file, B547 when it has no such section, something else in it, or
        zeros alone, as time stamps of a script give.
    """
    if not path.is_file():
        raise error("B308", path=path)
    try:
        found = Config().from_disk(path, interpolate=False).get("time")
    except ValueError as problem:
        raise error("B547", path=path, problem=" ".join(str(problem).split())) from problem
    if not isinstance(found, dict):
        raise error("B547", path=path, problem="there is no section [time]")
    for name, value in found.items():
        if name not in PARTS or isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < inf:
            raise error("B547", path=path, problem=f"{name} = {value!r} in [time] is no such setting")
    model = TimeModel(**{name: float(value) for name, value in found.items()})
    if not any(asdict(model).values()):
        raise error("B547", path=path, problem="nothing in [time] takes any time; fit it to answers of people")
    return model


@dataclass(frozen=True)
class Fit:
    """A time model that was fitted, and how well it describes the answers.

    model (TimeModel): Seconds a part; 0.0 where the answers do not tell it from another part.
    answers (int): Answers that were used.
    breaks, first (int): Left out: after a pause longer than the limit, and the first of a session.
    unstamped (int): Left out: without a time stamp.
    error (float): Mean absolute difference of modelled and measured seconds.
    explained (float): 1 - squared differences over those from the mean, at most 1.
    """

    model: TimeModel
    answers: int
    breaks: int
    first: int
    unstamped: int
    error: float
    explained: float


def expected_entities(belief: Posterior, bounds: tuple[int, int]) -> float:
    """How many entities a pipeline expects to begin in a stretch.

    belief (Posterior): Of the text, with marginals.
    bounds (tuple[int, int]): Words, [start, end).
    RETURNS (float): The sum of the chances that a word begins one; where tags do not say what begins (spancat), that
        of the predicted spans' probabilities by their share of words within.
    """
    start, end = bounds
    begins = [k for k, tag in enumerate(belief.tags) if tag.startswith("B-")]
    if begins:
        return float(belief.marginals[start:end, begins].sum())
    return sum(
        span.prob * max(0, min(end, span.end) - max(start, span.start)) / (span.end - span.start)
        for span in belief.spans
    )


def fit_time(answers: Iterable[Task], longest: float = 120.0) -> Fit:
    """Fit the seconds of a question, a word, a word of context and an entity to the time stamps of answers.

    The time of an answer is what passed since the one before it in the same session.

    answers (Iterable[Task]): As `db-out` writes them, with `_timestamp`, `_session_id` and `tokens`.
    longest (float): A longer pause is a break, and its answer is left out.
    RETURNS (Fit): By least squares under the bound that no part takes less than no time.
    RAISES (BioactiveError): B540 when fewer than 20 answers are left.
    Source: Lawson & Hanson 1974, Solving least squares problems, for the bounded fit; the linear model of annotation
        time after Haertel et al. 2008, Assessing the costs of sampling methods in active learning for annotation.
    """
    from scipy.optimize import nnls

    sessions: dict[str, list[tuple[float, Task]]] = {}
    unstamped = 0
    for answer in answers:
        if isinstance(answer.get(TIMESTAMP), (int, float)):
            sessions.setdefault(answer.get(SESSION_ID) or "", []).append((float(answer[TIMESTAMP]), answer))
        else:
            unstamped += 1
    rows, seconds, breaks = _timed(list(sessions.values()), longest)
    if len(rows) < 20:
        raise error("B540", found=len(rows), breaks=breaks, unstamped=unstamped, longest=longest)
    counts, taken = np.array(rows, dtype=float), np.array(seconds)
    found, _ = nnls(counts, taken)
    off = taken - counts @ found
    spread = float(((taken - taken.mean()) ** 2).sum())
    explained = 1.0 - float((off**2).sum()) / spread if spread else 0.0
    model = TimeModel(**dict(zip(PARTS, map(float, found), strict=True)))
    return Fit(model, len(rows), breaks, len(sessions), unstamped, float(np.abs(off).mean()), explained)


def _timed(
    sessions: Sequence[list[tuple[float, Task]]], longest: float
) -> tuple[list[tuple[int, int, int, int]], list[float], int]:
    """What was counted in each answer, and the seconds since the one before; how many came after a break."""
    rows, seconds, breaks = [], [], 0
    for found in sessions:
        found.sort(key=lambda each: each[0])
        for (before, _), (after, answer) in pairwise(found):
            if after - before > longest:
                breaks += 1
            else:
                rows.append(_counts(answer))
                seconds.append(after - before)
    return rows, seconds, breaks


def _counts(answer: Task) -> tuple[int, int, int, int]:
    """One question, its words asked about, its words of context, and the entities marked."""
    tokens: list[dict[str, Any]] = answer.get("tokens") or [{} for _ in str(answer.get("text", "")).split()]
    shown = [token for token in tokens if str(token.get("text", "x")).strip()]
    context = sum(bool(token.get("disabled")) for token in shown)
    marked = len(answer.get("spans") or []) if answer.get("answer") == "accept" else 0
    return 1, len(shown) - context, context, marked
