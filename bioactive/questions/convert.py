"""Files of questions to files that spaCy trains on, or that are ranked and annotated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..corpus.binfile import write_docs
from ..corpus.jsonl import write_jsonl
from ..corpus.tally import Tally
from ..errors import error
from ..tokenizer import blank
from .pairs import Pair, check_answers, oversampled, pair_text, read_pairs, to_docs

BALANCES = ("none", "sample")


@dataclass
class Summary:
    """What was converted.

    written (int): Texts written.
    answers (dict[Path, Counter[str]]): "yes" and "no" of each file.
    tally (Tally): What was left out or mended.
    """

    written: int = 0
    answers: dict[Path, Counter[str]] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)


def convert(sources: Sequence[Path], output: Path, balance: str = "none", lang: str = "ru", seed: int = 0) -> Summary:
    """Write questions with their passages, each pair as one text.

    sources (Sequence[Path]): Files for `read_pairs`; all of them go into one file.
    output (Path): A `.spacy` file of Docs with `cats`, or a `.jsonl` file of tasks with `text`, which needs no answers.
    balance (str): "sample" draws pairs of the rarer answer again until both are as frequent; "none" does not.
    lang (str): Language of the tokenizer.
    seed (int): Of the draw.
    RETURNS (Summary): Counts.
    RAISES (BioactiveError): As `read_pairs` and `check_answers`; B725 for another way of balancing.
    """
    if balance not in BALANCES:
        raise error("B725", balance=balance, known=", ".join(BALANCES))
    summary, pairs = Summary(), []
    for source in sources:
        own = list(read_pairs(source, summary.tally))
        summary.answers[source] = Counter(pair.label for pair in own if pair.label)
        if output.suffix != ".jsonl":
            check_answers(own, source)
        pairs += own
    if balance == "sample":
        pairs = oversampled(pairs, seed)
    if output.suffix == ".jsonl":
        summary.written = write_jsonl(map(_task, pairs), output)
    else:
        summary.written = write_docs(to_docs(pairs, blank(lang).tokenizer), output)
    return summary


def _task(pair: Pair) -> dict[str, object]:
    answer = {} if pair.label is None else {"label": pair.label}
    return {"text": pair_text(pair.question, pair.passage), **answer}
