"""What decides a ranking, what comes of it, and where its tasks lie meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from typing import Any, Protocol

from bioactive.annotate.tasks import Task, excerpt
from bioactive.errors import error
from bioactive.evaluation.blocks import WINDOW
from bioactive.tables import SENTENCES, sentence, table

from .costs import TimeModel
from .measures import TEXT_ONLY, get_measure
from .posteriors import Posterior
from .word_measures import get_word_measure

# Of a cold start: the texts that stand for the pool come out of so many times as many random ones, and one more.
COLD = 9.0
# What a notebook shows of a ranking: so many tasks, so many characters of each text.
SHOWN, LONGEST = 10, 160
HEAD = ("text", "score", "suggested")
TALLIED = ("scored", "words", "in_entities")


@dataclass(frozen=True)
class RankOptions:
    """What decides a ranking, beside the pipeline and the pool.

    measure (str): A name in `measures`, or for stretches in `word_measures`; "random" and "length" need no component
        that says how sure it is.
    n (int | None): How many to keep; None keeps all.
    seed (int): Decides ties, the order of "random", and what "bald" draws.
    batch_size (int): Texts a batch; the ranking does not depend on it.
    text_key (str): Key of the text in a dict.
    suggest (bool): Add `tokens` and the predicted `spans`, each with its probability as `score`. Spans that an item
        brings along are kept instead.
    unit (str): "sentence" asks about whole texts; "stretch" about the least certain words of each, by which texts are
        ranked then, and disables the other tokens.
    stretch_words (int): Words of a stretch, before it is grown over predicted entities.
    stretches (int): The most stretches of one text.
    samples (int | None): How often a measure that draws ("bald") draws; None takes the measure's own number.
    longest (int | None): Above `stretch_words`, stretches grow to so many words while `share` allows; see `Shape`.
    share (float): The next word is taken in while it has this share of the worst word's score.
    per_second (bool): Divide a score by the modelled seconds that the question is expected to take.
    diversity (float): With f > 0, the n most different of the (1 + f) n least certain are kept.
    diverse_by (str): "k_centre", "k_means" or "badge".
    duplicates_above (float): Of tasks whose mean vectors have a higher cosine, the less certain one is left out.
    time (TimeModel): The seconds, for `per_second`.
    """

    measure: str = "mnlp"
    n: int | None = None
    seed: int = 0
    batch_size: int = 64
    text_key: str = "text"
    suggest: bool = True
    samples: int | None = None
    unit: str = "sentence"
    stretch_words: int = 6
    stretches: int = 1
    longest: int | None = None
    share: float = 0.5
    per_second: bool = False
    diversity: float = 0.0
    diverse_by: str = "k_centre"
    duplicates_above: float = 1.0
    time: TimeModel = field(default_factory=TimeModel)

    def get_measure(self) -> Callable[[Posterior], Any]:
        """The measure: of texts, or of words for stretches.

        RAISES (BioactiveError): B321 or B530 for an unknown measure, B536 for an unknown unit.
        """
        found = {"sentence": get_measure, "stretch": get_word_measure}.get(self.unit)
        if found is None:
            raise error("B536", unit=self.unit)
        return found(self.measure, self.seed)

    @property
    def sifted(self) -> bool:
        """Whether the tasks kept are chosen out of more by how different they are."""
        return self.diversity > 0 or self.duplicates_above < 1

    @property
    def candidates(self) -> int | None:
        """How many of the least certain are held until then."""
        return self.n if self.n is None or not self.sifted else round(self.n * (1 + max(self.diversity, 0.25)))

    @property
    def by_text(self) -> bool:
        """Whether the text alone decides, so that no component is asked."""
        if self.per_second:
            return False
        # A stretch that comes with suggestions is to cut none of them.
        return self.measure in TEXT_ONLY and not (self.unit == "stretch" and self.suggest)

    @property
    def chosen_by(self) -> str:
        """What chose the tasks, for their `meta`: of random ones the most different, or else the measure."""
        different = self.measure == "random" and self.diversity > 0 and self.n is not None
        return self.diverse_by if different else self.measure

    @property
    def block_size(self) -> int:
        """Items a block."""
        return self.batch_size * WINDOW


def cold_start(options: RankOptions) -> RankOptions:
    """What to rank by before anything is trained: whole texts that stand for the pool, without suggestions.

    options (RankOptions): How many, which seed; a diversity of its own is kept.
    """
    diversity = options.diversity or COLD
    whole = replace(options, measure="random", unit="sentence", suggest=False)
    return replace(whole, diversity=diversity, diverse_by="k_means")


@dataclass
class Ranking:
    """Ranked tasks, and what became of the pool.

    tasks (list[Task]): The least certain first; empty where they were written to a file.
    measure (str): What they are ranked by.
    seen (int): Items of the pool.
    empty, duplicates, too_long (int): Items left out: blank, with a text seen before, or longer than the pipeline takes
        (`nlp.max_length` characters).
    scored, words (int): Texts that were scored, and their words.
    in_entities (int): Words of them that lie in a predicted entity.
    kept (int): Ranked tasks.
    highest, lowest (float): Scores of the first and the last of them; nan where there is none, as in a cold start.
    """

    tasks: list[Task] = field(default_factory=list)
    measure: str = ""
    seen: int = 0
    empty: int = 0
    duplicates: int = 0
    too_long: int = 0
    scored: int = 0
    words: int = 0
    in_entities: int = 0
    kept: int = 0
    highest: float = nan
    lowest: float = nan

    @property
    def tallied(self) -> dict[str, int]:
        """What is counted text by text, and added up over blocks."""
        return {name: getattr(self, name) for name in TALLIED}

    def add(self, counts: Mapping[str, int]) -> None:
        """Add what was counted elsewhere; the names are those of `tallied`."""
        for name in TALLIED:
            setattr(self, name, getattr(self, name) + counts.get(name, 0))

    def _repr_html_(self) -> str:
        """How a notebook shows it: the first tasks, each with its score and its suggestions."""
        left_out = self.empty + self.duplicates + self.too_long
        told = f"{self.kept:,} of {self.scored:,} texts by {self.measure}; {left_out:,} left out"
        caption = f"{told}; the first {min(SHOWN, len(self.tasks))}"
        return table(caption, HEAD, map(_row, self.tasks[:SHOWN]), SENTENCES)


def _row(task: Task) -> list[str]:
    text = task["text"]
    score = f"{task['score']:.4f}" if "score" in task else ""
    spans = "; ".join(f"{text[span['start'] : span['end']]} ({span['label']})" for span in task.get("spans") or ())
    return [excerpt(text, LONGEST), score, sentence(spans)]


class Shelf(Protocol):
    """Where tasks lie until they are ranked: `append` gives the place under which `read` finds what was put there."""

    def append(self, value: Any) -> Any: ...

    def read(self, place: Any) -> Any: ...


class Memory:
    """The shelf that holds its things itself."""

    def append(self, value: Any) -> Any:
        """The value is its own place."""
        return value

    def read(self, place: Any) -> Any:
        """What `append` was given."""
        return place
