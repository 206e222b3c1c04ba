"""Recipes in the shapes that teams have them: whole texts, spans that overlap, markup."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import prodigy
import spacy
from prodigy import Arg, get_stream, recipe, recipe_args
from prodigy.components.filters import filter_duplicates
from prodigy.components.loaders import JSONL, TXT
from prodigy.components.preprocess import add_label_options, add_tokens, set_hashes
from prodigy.components.sorters import Probability, prefer_uncertain
from prodigy.models.textcat import TextClassifier
from prodigy.recipes.spans import manual as spans_manual
from prodigy.util import msg, split_string


@recipe(
    "shape.spans.manual",
    dataset=Arg(help="Dataset"),
    source=Arg(help="Source"),
    label=Arg("--label", "-l", help="Labels", converter=split_string),
)
def spans(dataset: str, source: Path, label: list[str] | None = None):
    """A built-in recipe with a block added to it."""
    components = spans_manual(dataset, spacy.blank("en"), str(source), label=label)
    components["config"]["blocks"] = [
        {"view_id": "spans_manual"},
        {"view_id": "text_input", "field_id": "comment", "field_label": "Comment"},
    ]
    components["view_id"] = "blocks"
    return components


@recipe(
    "shape.textcat.manual",
    dataset=Arg(help="Dataset"),
    source=Arg(help="Source"),
    label=Arg("--label", "-l", help="Labels"),
    exclusive=Arg("--exclusive", "-E", help="One label at most"),
)
def textcat_manual(dataset: str, source: str, label: list[str], exclusive: bool = False):
    """Labels as options."""
    stream = get_stream(source, rehash=True)
    stream.apply(add_label_options, label)
    return {
        "dataset": dataset,
        "view_id": "choice",
        "stream": stream,
        "config": {"choice_style": "single" if exclusive else "multiple", "choice_auto_accept": exclusive},
    }


@recipe("shape.textcat.teach", dataset=recipe_args["dataset"], source=recipe_args["source"], label=recipe_args["label"])
def textcat_teach(dataset, source, label=None):
    """A classifier in the loop."""
    nlp = spacy.blank("en")
    model = TextClassifier(nlp, label)
    stream = filter_duplicates(JSONL(source), by_input=True, by_task=False)
    return {
        "view_id": "classification",
        "dataset": dataset,
        "stream": prefer_uncertain(model(stream), algorithm="probability"),
        "update": model.update,
        "config": {"labels": model.labels},
    }


class DummyModel:
    """A model of one's own: it scores, and learns nothing."""

    def __init__(self, labels):
        self.labels, self.rng, self.seen = labels, random.Random(1), 0

    def __call__(self, stream):
        for eg in stream:
            eg["label"] = self.labels[0]
            yield self.rng.random(), set_hashes(eg, overwrite=True)

    def update(self, answers):
        self.seen += len(answers)
        return float(self.seen)


@prodigy.recipe(
    "shape.textcat.custom",
    dataset=("Dataset", "positional", None, str),
    source=("Source", "positional", None, Path),
    label=("Labels", "option", "l", split_string),
)
def textcat_custom(dataset, source, label):
    """A model of one's own in the loop, with its own progress."""
    model = DummyModel(label)
    stream = ({"text": eg["text"]} for eg in JSONL(source))

    def progress(ctrl, update_return_value):
        return min(1.0, (update_return_value or 0.0) / 100)

    return {
        "view_id": "classification",
        "dataset": dataset,
        "stream": prefer_uncertain(model(stream)),
        "update": model.update,
        "progress": progress,
    }


@prodigy.recipe(
    "shape.mark",
    dataset=("Dataset", "positional", None, str),
    source=("Source", "positional", None, str),
    view_id=("View", "option", "v", str),
    memorize=("Remember", "option", "m", bool),
)
def mark(dataset, source, view_id="text", memorize=True):
    """Yes and no, counted."""
    counts = Counter()

    def receive(answers):
        counts.update(eg["answer"] for eg in answers)

    def on_exit(ctrl):
        msg.info(f"{sum(counts.values())} of {ctrl.total_annotated} in {ctrl.dataset}")

    return {
        "view_id": view_id,
        "dataset": dataset,
        "stream": TXT(source) if source.endswith(".txt") else JSONL(source),
        "update": receive,
        "on_load": lambda ctrl: counts.update(loaded=0),
        "on_exit": on_exit,
    }


@prodigy.recipe("shape.html")
def html(dataset, source, title="Fits?"):
    """Markup of a template, and options below it."""
    stream = ({**eg, "options": [{"id": 1, "text": "yes"}, {"id": 0, "text": "no"}]} for eg in JSONL(source))
    blocks = [
        {"view_id": "html", "html_template": f"<h3>{title}</h3><p class='lead'>{{{{text}}}}</p>"},
        {"view_id": "choice", "text": None},
        {"view_id": "text_input", "field_rows": 2, "field_placeholder": "Why?"},
    ]
    return {"dataset": dataset, "view_id": "blocks", "stream": stream, "config": {"blocks": blocks}}


@prodigy.recipe(
    "shape.terms.teach",
    dataset=recipe_args["dataset"],
    seeds=("Seed terms", "option", "se", split_string),
    threshold=("Threshold", "option", "t", float),
)
def terms_teach(dataset, seeds, threshold=0.1):
    """Words like those accepted so far."""
    accepted = list(seeds)

    def similar(one, other):
        return len(set(one) & set(other)) / len(set(one) | set(other))

    def stream():
        rng = random.Random(0)
        words = ["".join(rng.choices("aeioudlmnrst", k=5)) for _ in range(300)]
        yield from Probability(
            (max(similar(word, term) for term in accepted), {"text": word, "meta": {"score": 1}}) for word in words
        )

    def update(answers):
        accepted.extend(eg["text"] for eg in answers if eg["answer"] == "accept")

    return {"view_id": "text", "dataset": dataset, "stream": stream(), "update": update}


@recipe("shape.tokens")
def tokens(dataset: str, source: str, limit: int = 0):
    """Nothing but tokens; a count as a positional argument with a default."""
    stream = add_tokens(spacy.blank("en"), JSONL(source))
    return {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": (eg for number, eg in enumerate(stream) if not limit or number < limit),
        "config": {"labels": ["X"]},
    }
