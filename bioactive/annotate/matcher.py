"""Patterns: stretches of text that a list of rules finds, as scored tasks. A rule that annotators reject sinks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..corpus.detect import read_text
from ..errors import error, first_line
from ..strict_json import loads
from .tasks import INPUT_HASH, TASK_HASH, TASK_KEYS, Task, set_hashes, span_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

# Token attributes that the tokenizer alone does not set.
PIPELINE_ATTRIBUTES = frozenset({"POS", "TAG", "LEMMA", "DEP", "MORPH", "ENT_TYPE", "ENT_ID", "ENT_KB_ID", "ENT_IOB"})


@dataclass
class Pattern:
    """A rule and what annotators said about its matches.

    label (str): The label of what it finds.
    rule (str | list[dict]): A text, matched as it is written, or spaCy's token descriptions.
    id (str | int): Its name; by default its number in the list, from 1.
    correct, incorrect (float): How often a match was accepted and rejected, with the prior.
    """

    label: str
    rule: str | list[dict[str, Any]]
    id: str | int
    correct: float
    incorrect: float

    @property
    def score(self) -> float:
        """How likely a match is right: the mean of a Beta distribution with these counts."""
        return self.correct / (self.correct + self.incorrect)


@dataclass
class _Match:
    span: Span
    pattern: Pattern
    score: float = field(init=False)

    def __post_init__(self) -> None:
        self.score = self.pattern.score


class PatternMatcher:
    """Finds the matches of patterns in tasks.

    nlp (Language): Tokenizes; the whole pipeline runs only where a pattern asks for what it sets.
    prior_correct, prior_incorrect (float): What every pattern starts with, as if so many matches had been judged.
    label_span (bool): Give the spans of a task their label.
    label_task (bool): Give the task itself the label of its match, as for text classification.
    combine_matches (bool): One task with all matches of a text that do not overlap; else one task for each match.
    all_examples (bool): Give tasks without a match as well.
    filter_labels (Sequence[str] | None): Leave out patterns of other labels.
    task_hash_keys (Sequence[str] | None): Keys that tell tasks about one text apart.
    allow_overlap (bool): Let combined matches overlap.
    """

    def __init__(
        self,
        nlp: Language,
        prior_correct: float = 2.0,
        prior_incorrect: float = 2.0,
        label_span: bool = True,
        label_task: bool = False,
        combine_matches: bool = False,
        all_examples: bool = False,
        filter_labels: Sequence[str] | None = None,
        task_hash_keys: Sequence[str] | None = None,
        allow_overlap: bool = False,
    ) -> None:
        from spacy.matcher import Matcher, PhraseMatcher

        self.nlp = nlp
        self.prior_correct, self.prior_incorrect = float(prior_correct), float(prior_incorrect)
        self.label_span, self.label_task = label_span, label_task
        self.combine_matches, self.all_examples, self.allow_overlap = combine_matches, all_examples, allow_overlap
        self.filter_labels = None if filter_labels is None else set(filter_labels)
        self.task_hash_keys = tuple(task_hash_keys or TASK_KEYS)
        self.patterns: dict[str, Pattern] = {}
        self._tokens, self._phrases = Matcher(nlp.vocab), PhraseMatcher(nlp.vocab)
        self._needs_pipeline = False

    @property
    def labels(self) -> list[str]:
        """The labels of the patterns, in order, each once."""
        return list(dict.fromkeys(pattern.label for pattern in self.patterns.values()))

    # --- patterns in and out

    def add_patterns(self, patterns: Iterable[dict[str, Any]], first: int = 1, where: str = "pattern list") -> None:
        """Add patterns.

        patterns (Iterable[dict]): `label`, `pattern` (a text, or a list of token descriptions), and perhaps `id`.
        first, where (int, str): The number of the first one, and what they stand in, for errors.
        RAISES (BioactiveError): B601 for one that cannot be used.
        """
        for number, entry in enumerate(patterns, first):
            self._add(entry, number, where)

    def from_disk(self, path: str | Path) -> PatternMatcher:
        """Add the patterns of a JSONL file.

        path (str | Path): The file, one pattern a line.
        RETURNS (PatternMatcher): This matcher.
        RAISES (BioactiveError): B601 for a line that is no pattern, B408 without a file.
        """
        for number, entry in read_patterns(path):
            self._add(entry, number, str(path))
        return self

    def to_disk(self, path: str | Path) -> None:
        """Write the patterns as a JSONL file, without what annotators said about them."""
        entries = [{"label": p.label, "pattern": p.rule, "id": p.id} for p in self.patterns.values()]
        lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries]
        Path(path).write_text("".join(lines), encoding="utf-8")

    def _add(self, entry: object, number: int, where: str) -> None:
        label, rule = _checked(entry, number, where)
        if self.filter_labels is not None and label not in self.filter_labels:
            return
        key = str(len(self.patterns))
        identity = entry.get("id", number) if isinstance(entry, dict) else number
        try:
            if isinstance(rule, str):
                self._phrases.add(key, [self.nlp.make_doc(rule)])
            else:
                self._tokens.add(key, [rule])
        except Exception as problem:  # spaCy and the regular expressions raise their own kinds
            raise error("B601", where=where, number=number, reason=first_line(problem)) from problem
        self.patterns[key] = Pattern(label, rule, identity, self.prior_correct, self.prior_incorrect)
        if not isinstance(rule, str):
            asked = {name.upper() for token in rule for name in token}
            self._needs_pipeline = self._needs_pipeline or bool(asked & PIPELINE_ATTRIBUTES)

    # --- tasks

    def __call__(self, stream: Iterable[Task], batch_size: int = 32) -> Iterator[tuple[float, Task]]:
        """Find matches.

        stream (Iterable[Task]): Tasks with `text`.
        batch_size (int): How many texts the pipeline gets at a time, where it has to run.
        YIELDS (tuple[float, Task]): How likely the matches are right, and a task with them as `spans`.
        """
        for doc, task in self._docs(stream, batch_size):
            found = self.find(doc)
            if not found:
                if self.all_examples:
                    yield 0.0, set_hashes({**task, "spans": task.get("spans", [])})
                continue
            for group in self._groups(found):
                yield self._task(task, group)

    def find(self, doc: Doc) -> list[_Match]:
        """The matches in a Doc, by place; of equal spans with one label the likeliest pattern's."""
        best: dict[tuple[int, int, str], _Match] = {}
        for matcher in (self._phrases, self._tokens):
            for key, start, end in matcher(doc) if len(matcher) else []:
                pattern = self.patterns[self.nlp.vocab.strings[key]]
                match = _Match(doc[start:end], pattern)
                match.span.label_ = pattern.label
                place = (start, end, pattern.label)
                if place not in best or best[place].score < match.score:
                    best[place] = match
        return [best[place] for place in sorted(best, key=lambda place: (place[0], -place[1], place[2]))]

    def _docs(self, stream: Iterable[Task], batch_size: int) -> Iterator[tuple[Doc, Task]]:
        if self._needs_pipeline:
            pairs = ((task["text"], task) for task in stream)
            yield from self.nlp.pipe(pairs, as_tuples=True, batch_size=batch_size)
        else:
            yield from ((self.nlp.make_doc(task["text"]), task) for task in stream)

    def _groups(self, found: list[_Match]) -> list[list[_Match]]:
        """The matches that go into one task each."""
        if not self.combine_matches:
            return [[match] for match in found]
        kept = found if self.allow_overlap else _apart(found)
        if not self.label_task:
            return [kept]
        labels = dict.fromkeys(match.pattern.label for match in kept)
        return [[match for match in kept if match.pattern.label == label] for label in labels]

    def _task(self, task: Task, matches: list[_Match]) -> tuple[float, Task]:
        spans = [self._span(match) for match in matches]
        names = ", ".join(dict.fromkeys(str(match.pattern.id) for match in matches))
        score = sum(match.score for match in matches) / len(matches)
        made = {key: value for key, value in task.items() if key != TASK_HASH}
        made.update(spans=spans, meta={**(task.get("meta") or {}), "pattern": names})
        if self.label_task:
            made["label"] = matches[0].pattern.label
        kept = {INPUT_HASH: task[INPUT_HASH]} if INPUT_HASH in task else {}
        return score, set_hashes({**made, **kept}, task_keys=self.task_hash_keys)

    def _span(self, match: _Match) -> Task:
        span = span_of(match.span)
        made = {"text": match.span.text, **span, "priority": match.score, "score": match.score}
        if not self.label_span:
            del made["label"]
        return {**made, "pattern": match.pattern.id}

    # --- answers

    def update(self, answers: Iterable[Task]) -> float:
        """Learn from answers: an accepted match speaks for its pattern, a rejected one against it.

        answers (Iterable[Task]): Tasks with `answer`; spans without `pattern` say nothing.
        RETURNS (float): 0.0: counting has no loss.
        """
        by_id = {pattern.id: pattern for pattern in self.patterns.values()}
        for answer in answers:
            for span in answer.get("spans") or []:
                pattern = by_id.get(span.get("pattern"))
                if pattern is not None and answer.get("answer") == "accept":
                    pattern.correct += 1
                elif pattern is not None and answer.get("answer") == "reject":
                    pattern.incorrect += 1
        return 0.0


def _apart(found: list[_Match]) -> list[_Match]:
    """Matches that do not overlap: the longest first, of equally long ones the first."""
    taken: set[int] = set()
    kept = []
    for match in sorted(found, key=lambda match: (-len(match.span), match.span.start)):
        words = range(match.span.start, match.span.end)
        if not taken.intersection(words):
            taken.update(words)
            kept.append(match)
    return sorted(kept, key=lambda match: match.span.start)


def read_patterns(path: str | Path) -> Iterator[tuple[int, Any]]:
    """The entries of a JSONL file of patterns, unchecked, with the numbers of their lines.

    RAISES (BioactiveError): B601 for a line that is no JSON, B408 without a file, B103 for one that is not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise error("B408", path=path, reason="there is no such file of patterns")
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            yield number, _read(line, path, number)


def _read(line: str, path: Path, number: int) -> object:
    try:
        return loads(line)
    except ValueError as problem:
        raise error("B601", where=path, number=number, reason=f"not JSON ({problem})") from problem


def _checked(entry: object, number: int, where: str) -> tuple[str, str | list[dict[str, Any]]]:
    """The label and the rule of an entry, or what is wrong with it."""
    reason = ""
    if not isinstance(entry, dict) or not isinstance(entry.get("label"), str) or "pattern" not in entry:
        reason = "it has no 'label' or no 'pattern'"
    elif not isinstance(entry["pattern"], (str, list)) or not entry["pattern"]:
        reason = "its 'pattern' is neither a text nor a list of token descriptions"
    elif isinstance(entry["pattern"], list) and not all(isinstance(token, dict) for token in entry["pattern"]):
        reason = "its 'pattern' holds something that is no token description"
    if reason:
        raise error("B601", where=where, number=number, reason=reason)
    assert isinstance(entry, dict)
    return entry["label"], entry["pattern"]
