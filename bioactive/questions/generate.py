"""Questions made by rule of passages, as many "yes" as "no", checked by a model before anything is trained on them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from spacy.language import Language

from .pairs import NO, YES, pair_text
from .rules import Clause, Made, clause_of, questions_of
from .syntax import Sentence


class Generated(NamedTuple):
    """A question with its passage, its answer by rule, and the rule."""

    question: str
    passage: str
    label: str
    rule: str

    def to_dict(self) -> dict[str, str]:
        """As a line of a file that `read_pairs` takes."""
        return self._asdict()


@dataclass
class Report:
    """What became of the sentences.

    sentences (int): All sentences of the passages.
    clauses (int): Those that can be asked about.
    made (Counter): Questions by rule.
    kept (Counter): Those of them that the model answers as the rule does; all without a model.
    """

    sentences: int = 0
    clauses: int = 0
    made: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)


def generate(
    passages: Iterable[str],
    parse: Callable[[str], Iterable[Sentence]],
    *,
    each: int = 2,
    seed: int = 0,
    report: Report | None = None,
) -> Iterator[Generated]:
    """Make questions of passages.

    passages (Iterable[str]): The passages.
    parse (Callable): Sentences of a text, such as `syntax.Parser()`.
    each (int): The most questions with either answer for a passage.
    seed (int): Of the choices.
    report (Report | None): Is filled in.
    YIELDS (Generated): For each passage as many questions with "yes" as with "no".
    """
    rng, report = random.Random(seed), report or Report()
    for passage in passages:
        sentences = [sentence for sentence in parse(passage) if sentence]
        clauses = [clause for sentence in sentences if (clause := clause_of(sentence)) is not None]
        report.sentences += len(sentences)
        report.clauses += len(clauses)
        for made in _chosen(clauses, each, rng):
            report.made[made.rule] += 1
            yield Generated(made.question, passage, made.label, made.rule)


def verified(made: Iterable[Generated], nlp: Language, at_least: float, report: Report) -> Iterator[Generated]:
    """The questions to which a pipeline gives the answer that the rule gives.

    made (Iterable[Generated]): Questions.
    nlp (Language): A yes/no pipeline that was trained on people's questions alone.
    at_least (float): How probable it must hold the answer.
    report (Report): Counts them by rule.
    YIELDS (Generated): Those questions, in order.
    """
    pairs = ((pair_text(one.question, one.passage), one) for one in made)
    for doc, one in nlp.pipe(pairs, as_tuples=True):
        if doc.cats[one.label] >= at_least:
            report.kept[one.rule] += 1
            yield one


def _chosen(clauses: Sequence[Clause], each: int, rng: random.Random) -> list[Made]:
    """As many of either answer, of different rules where there are some."""
    made = [one for clause in clauses for one in questions_of(clause, rng)]
    rng.shuffle(made)
    sides = [_different([one for one in made if one.label == label]) for label in (YES, NO)]
    number = min(each, *(len(side) for side in sides))
    return [one for side in sides for one in side[:number]]


def _different(made: Sequence[Made]) -> list[Made]:
    """Those whose rule comes for the first time first."""
    seen: Counter[str] = Counter()
    turns = []
    for one in made:
        turns.append(seen[one.rule])
        seen[one.rule] += 1
    return [one for _, one in sorted(zip(turns, made, strict=True), key=lambda pair: pair[0])]
