"""Does a yes/no classifier know better than the tagger which suggested entities are right?

    python benchmarks/verifier.py DATA ENCODER results.jsonl --seed 0 --seed 1 --seed 2

DATA has train.spacy and dev.spacy, a sentence a Doc. Each seed draws labelled sentences of train and a pool of dev. A
`crf_ner` learns from the labelled ones and suggests entities in the pool, as `ner.teach` does; a verifier, the pipeline
of `configs/yesno.cfg`, learns to answer "Is X a disease in this sentence?" from the same sentences. Its "no" examples
are gold entities under another type, and wrong suggestions of taggers that learned from the other half. Then three
judges of a suggestion are compared: the tagger's own confidence, the verifier, and the mean of their log odds.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score
from spacy.tokens import Doc
from spacy.util import load_config

from bioactive.annotate.recipes.ner_teach import least_certain_first
from bioactive.annotate.tasks import Task, tokens_of
from bioactive.annotate.teach import EntityRecognizer
from bioactive.evaluation.load import read_docs
from bioactive.questions.pairs import NO, YES, Pair, pair_text, to_doc
from bioactive.simulation.in_memory import Schedule, Trainer
from bioactive.tokenizer import blank

ROOT = Path(__file__).resolve().parent.parent
SHOWN = (100, 300)
JUDGES = ("tagger", "verifier", "both")
ANY = "*"


class Candidate(NamedTuple):
    """A suggested or a gold entity of a sentence.

    text (str): The sentence.
    start, end (int): In characters.
    label (str): Its type.
    prob (float): What the tagger believes; 1.0 of gold.
    right (bool): Whether gold has it.
    """

    text: str
    start: int
    end: int
    label: str
    prob: float
    right: bool


class Asker:
    """Makes pairs of a question and a sentence out of entities.

    settings (Mapping): `verifier.cfg`.
    lang (str): Which templates.
    """

    def __init__(self, settings: Mapping[str, Any], lang: str) -> None:
        self.templates: Mapping[str, str] = settings["templates"][lang]
        self.mark = settings["pairs"]["mark"]
        self.tokenizer = blank(lang).tokenizer

    def question(self, entity: Candidate) -> str:
        """What is asked about an entity."""
        template = self.templates.get(entity.label, self.templates[ANY])
        return template.format(text=entity.text[entity.start : entity.end], label=entity.label)

    def passage(self, entity: Candidate) -> str:
        """Its sentence."""
        text, start, end = entity.text, entity.start, entity.end
        return f"{text[:start]}« {text[start:end]} »{text[end:]}" if self.mark else text

    def text(self, entity: Candidate) -> str:
        """The pair as one text."""
        return pair_text(self.question(entity), self.passage(entity))

    def doc(self, entity: Candidate) -> Doc:
        """The pair as a training Doc."""
        pair = Pair(self.question(entity), self.passage(entity), YES if entity.right else NO, 0)
        return to_doc(pair, self.tokenizer)


def gold_entities(docs: Iterable[Doc]) -> list[Candidate]:
    """All entities of Docs."""
    return [Candidate(doc.text, e.start_char, e.end_char, e.label_, 1.0, True) for doc in docs for e in doc.ents]


def as_tasks(docs: Iterable[Doc]) -> Iterator[Task]:
    """Docs as tasks with their words, without labels."""
    return ({"text": doc.text, "tokens": tokens_of(doc)} for doc in docs)


def suggestions(nlp: Any, docs: Sequence[Doc]) -> list[Candidate]:
    """What `ner.teach` would ask about, in the order of the texts."""
    gold = {(one.text, one.start, one.end, one.label) for one in gold_entities(docs)}
    found = []
    for prob, task in EntityRecognizer(nlp)(as_tasks(docs)):
        span = task["spans"][0]
        place = (task["text"], span["start"], span["end"], span["label"])
        found.append(Candidate(*place, prob, place in gold))
    return found


def training_entities(
    tagger: Trainer, docs: Sequence[Doc], labels: Sequence[str], settings: Mapping[str, Any], seed: int
) -> list[Candidate]:
    """Entities to ask a verifier about while it learns, right and wrong ones."""
    rng, half = random.Random(seed), len(docs) // 2
    right, wrong = gold_entities(docs), []
    for one, other in ((docs[:half], docs[half:]), (docs[half:], docs[:half])):
        with tagger.trained(one, labels, seed) as nlp:
            wrong += [each for each in suggestions(nlp, other) if not each.right]
    # The most probable ones mislead most, and are what will be shown.
    wrong = sorted(wrong, key=lambda each: -each.prob)[: settings["wrong"] * len(right)]
    renamed = [
        each._replace(label=label, right=False)
        for each in right
        for label in rng.sample([name for name in labels if name != each.label], settings["other_types"])
    ]
    return [*right, *wrong, *renamed]


def log_odds(prob: float) -> float:
    """Of a probability, away from 0 and 1."""
    prob = min(1 - 1e-6, max(1e-6, prob))
    return math.log(prob / (1 - prob))


def judged(found: Sequence[Candidate], verifier: Any, asker: Asker) -> list[dict[str, Any]]:
    """Suggestions as tasks for the order of `ner.teach`, with what each judge thinks of them."""
    answers = verifier.pipe(map(asker.text, found))
    rows = []
    for one, doc in zip(found, answers, strict=True):
        own, second = log_odds(one.prob), log_odds(doc.cats[YES])
        rows.append({"score": one.prob, "right": one.right, "tagger": own, "verifier": second, "both": own + second})
    return rows


def precision(rows: Iterable[Mapping[str, Any]], count: int) -> float:
    """Share of right ones among the first."""
    return float(numpy.mean([row["right"] for row in islice(rows, count)]))


def figures(rows: Sequence[dict[str, Any]], window: int) -> dict[str, float]:
    """Everything that is compared, by name."""
    order = list(least_certain_first(rows, window))
    kept = sum(row["verifier"] >= 0 for row in rows)
    made = {f"teach, first {n}": precision(order, n) for n in SHOWN}
    unsure = order[: max(SHOWN)]
    for judge in JUDGES:
        # Each filter keeps as many as the verifier says "yes" to, so that none wins by strictness.
        least = sorted((row[judge] for row in rows), reverse=True)[kept - 1]
        filtered = list(least_certain_first([row for row in rows if row[judge] >= least], window))
        best = sorted(rows, key=lambda row: -row[judge])
        doubtful = sorted(unsure, key=lambda row: -row[judge])
        made |= {f"filtered by {judge}, first {n}": precision(filtered, n) for n in SHOWN}
        made |= {f"ordered by {judge}, first {n}": precision(best, n) for n in SHOWN}
        made[f"best 100 of the 300 shown, by {judge}"] = precision(doubtful, 100)
        for name, part in (("all", rows), ("the 300 shown", unsure)):
            made[f"AUC of {judge}, {name}"] = roc_auc_score([r["right"] for r in part], [r[judge] for r in part])
    return made | {"candidates": len(rows), "right": precision(rows, len(rows)), "kept": kept}


def run(
    data: Path, tagger: Trainer, verifier: Trainer, settings: Mapping[str, Any], head: Mapping[str, Any]
) -> dict[str, float]:
    """One seed from the draw to the figures."""
    seed, vocab = head["seed"], tagger.blank().vocab
    rng = random.Random(seed)
    docs = rng.sample(list(read_docs(data / "train.spacy", vocab)), head["labelled"])
    pool = rng.sample(list(read_docs(data / "dev.spacy", vocab)), head["pool"])
    labels = sorted({ent.label_ for doc in docs for ent in doc.ents})
    asker = Asker(settings, head["lang"])
    entities = training_entities(tagger, docs, labels, settings["pairs"], seed)
    with tagger.trained(docs, labels, seed) as nlp:
        found = suggestions(nlp, pool)
    with verifier.trained([asker.doc(each) for each in entities], [YES, NO], seed) as nlp:
        return figures(judged(found, nlp, asker), head["window"])


def interval(values: Sequence[float]) -> str:
    """Mean over seeds with its 95 % t interval."""
    mean = float(numpy.mean(values))
    if len(values) < 2:
        return f"{mean:.3f}"
    quantile = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776}[len(values)]
    return f"{mean:.3f} ± {quantile * float(numpy.std(values, ddof=1)) / len(values) ** 0.5:.3f}"


def table(results: Path) -> Table:
    """A row a figure, a column a corpus and setting."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in srsly.read_jsonl(results):
        groups.setdefault((row["data"], row["labelled"], row["mark"]), []).append(row["figures"])
    names = [f"{data}, {size:,} labelled, mark {mark} ({len(own)})" for (data, size, mark), own in groups.items()]
    shown = Table("figure (seeds in brackets)", *names)
    for figure in next(iter(groups.values()))[0]:
        shown.add_row(figure, *(interval([row[figure] for row in own]) for own in groups.values()))
    return shown


def main(
    data: Path,
    encoder: str,
    results: Path,
    seed: Annotated[list[int] | None, typer.Option(help="One or more seeds")] = None,
    labelled: Annotated[int, typer.Option(help="Sentences of train that both models learn from")] = 1000,
    pool: Annotated[int, typer.Option(help="Sentences of dev to suggest entities in")] = 1000,
    window: Annotated[int, typer.Option(help="As of ner.teach")] = 200,
    lang: Annotated[str, typer.Option(help="Language of templates and words")] = "en",
    mark: Annotated[bool | None, typer.Option(help="In place of the setting")] = None,
    layers: Annotated[str, typer.Option(help="Of the encoder, for the tagger")] = "3,6",
    answering: Annotated[int, typer.Option(help="Layer for the verifier")] = 6,
    show: Annotated[bool, typer.Option("--table", help="Only print the results so far")] = False,
) -> None:
    """Add a line a seed to the results, and print the table."""
    torch.set_num_threads(1)
    settings = load_config(ROOT / "benchmarks/verifier.cfg")
    settings["pairs"]["mark"] = settings["pairs"]["mark"] if mark is None else mark
    where = {"vars.encoder": encoder, "nlp.lang": lang}
    tagger = Trainer(
        ROOT / "configs/crf_rounds.cfg", where | {"vars.layers": [int(n) for n in layers.split(",")]}, Schedule()
    )
    verifier = Trainer(
        ROOT / "configs/yesno.cfg", where | {"vars.layers": [answering]}, Schedule(**settings["training"])
    )
    for number in [] if show else seed or [0]:
        start = time.process_time()
        head = {"data": data.name, "seed": number, "labelled": labelled, "pool": pool, "window": window, "lang": lang}
        found = run(data, tagger, verifier, settings, head)
        row = {**head, "mark": settings["pairs"]["mark"], "figures": found}
        row["seconds"] = round(time.process_time() - start)
        with results.open("a", encoding="utf8") as file:
            file.write(json.dumps(row) + "\n")
    Console(width=160).print(table(results))


if __name__ == "__main__":
    typer.run(main)
