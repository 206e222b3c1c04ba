"""Recipes as a team keeps them: in shapes of public ones, written for the tests, in the older ways that come in."""

# ruff: noqa: C408, PTH123, UP006, UP035, UP045

from __future__ import annotations

import base64
from typing import Any, Dict, Iterable, List, Optional

import prodigy
import spacy
from prodigy.components.db import connect
from prodigy.components.loaders import get_stream
from prodigy.components.preprocess import add_tokens
from prodigy.components.stream import get_stream as open_stream
from prodigy.models.matcher import PatternMatcher
from prodigy.util import INPUT_HASH_ATTR, get_labels, log, set_hashes, split_string

LOADED: List[Dict[str, Any]] = []
SEEN: Dict[str, int] = {}


def read_lines(path: str):
    """A loader of one's own: a line is a number, a tab and a text."""
    with open(path, encoding="utf8") as file_:
        for line in file_:
            _, _, sentence = line.rstrip("\n").partition("\t")
            yield {"sentence": sentence}


@prodigy.recipe(
    "team.second-look",
    dataset=("The dataset", "positional", None, str),
    first=("Datasets that were answered before", "positional", None, split_string),
    labels=("Labels", "option", "l", get_labels),
    only=("Which answers", "option", "o", str, ["accept", "reject", "ignore"]),
)
def second_look(dataset: str, first: List[str], labels: Optional[List[str]] = None, only: str = "reject"):
    """Ask again about what was rejected, without what the second dataset has already."""
    db = connect()
    known = set(db.get_input_hashes(dataset)) if dataset in db else set()
    stream = []
    for name in first:
        if name not in db.datasets:
            raise ValueError(f"no dataset {name}")
        for eg in db.get_dataset_examples(name):
            if eg["answer"] == only and eg[INPUT_HASH_ATTR] not in known:
                stream.append({"text": eg["text"], "label": (labels or ["FITS"])[0], "meta": {"from": name}})
    db.add_dataset("team_log", meta={"by": dataset})
    db.add_examples([set_hashes({"text": f"{len(stream)} tasks", "answer": "accept"})], datasets=["team_log"])
    return {
        "dataset": dataset,
        "view_id": "classification",
        "stream": (set_hashes(eg, overwrite=True) for eg in stream),
        "exclude": first if only == "none" else None,
        "config": {"exclude_by": "input", "auto_count_stream": True},
    }


@prodigy.recipe("team.counted", dataset="The dataset", source="The source")
def counted(dataset: str, source: str):
    """Counts what the database has when it starts and when it ends."""
    counts = {"added": 0}

    def on_load(ctrl):
        found = ctrl.db.get_dataset_examples(ctrl.dataset) if ctrl.dataset in ctrl.db else []
        counts["before"] = len(found or [])
        SEEN["load"] = counts["before"]

    def update(answers):
        counts["added"] += sum(eg["answer"] == "accept" for eg in answers)

    def on_exit(ctrl):
        examples = ctrl.db.get_dataset_examples(ctrl.dataset)
        SEEN["exit"] = len(examples)
        SEEN["accepted"] = len([eg for eg in examples if eg["answer"] == "accept"])
        SEEN["session"] = len(ctrl.db.get_dataset_examples(ctrl.session_id) or [])
        log(f"RECIPE: {counts}")

    return dict(
        dataset=dataset, view_id="text", stream=get_stream(source), update=update, on_load=on_load, on_exit=on_exit
    )


class Averages:
    """A model that learns how long accepted texts are."""

    def __init__(self):
        self.mean, self.seen = 0.0, 0

    def __call__(self, stream: Iterable[dict]):
        for eg in stream:
            eg["meta"] = {"length": len(eg["text"]), "mean": round(self.mean, 1)}
            yield eg

    def update(self, answers: List[dict]) -> float:
        loss = 0.0
        for eg in answers:
            if eg["answer"] == "accept":
                loss += abs(len(eg["text"]) - self.mean)
                self.seen += 1
                self.mean += (len(eg["text"]) - self.mean) / self.seen
        return loss


@prodigy.recipe(
    "team.loss",
    dataset=("Dataset", "positional", None, str),
    source=("Source", "positional", None, str),
    target=("Target", "option", "n", int),
)
def loss(dataset, source, target=40):
    """The loss of the model drives the bar."""
    model = Averages()

    def progress(ctrl, update_return_value):
        LOADED.append({"loss": update_return_value, "total": ctrl.total_annotated})
        return ctrl.total_annotated / target if update_return_value is not None else 0

    stream = prodigy.get_stream(source, None, "jsonl", True, True, "text")
    stream.apply(model)
    return {"dataset": dataset, "view_id": "text", "stream": stream, "update": model.update, "progress": progress}


@prodigy.recipe("team.blocks", dataset=("d", "positional"), spacy_model=("m", "positional"), source=("s", "positional"))
def blocks(dataset, spacy_model, source):
    """Entities, a choice about the text, and a note, on one card."""
    nlp = spacy.blank("en") if spacy_model == "none" else spacy.load(spacy_model)

    def add_options(stream):
        for eg in stream:
            eg["options"] = [{"id": 0, "text": "clear"}, {"id": 1, "text": "doubtful"}]
            yield eg

    def validate_answer(eg):
        if eg["answer"] == "accept":
            assert len(eg.get("accept", [])) == 1, "Say whether it is clear"

    return {
        "dataset": dataset,
        "stream": add_options(add_tokens(nlp, get_stream(source))),
        "view_id": "blocks",
        "validate_answer": validate_answer,
        "config": {
            "lang": nlp.lang,
            "labels": ["DRUG", "DISEASE"],
            "choice_style": "single",
            "choice_auto_accept": False,
            "blocks": [
                {"view_id": "ner_manual"},
                {"view_id": "choice", "text": None},
                {"view_id": "text_input", "field_id": "note", "field_label": "Note", "field_rows": 2},
            ],
        },
    }


@prodigy.recipe("team.lines", dataset=("d", "positional"), source=("s", "positional"), key=("k", "option", "k", str))
def lines(dataset, source, key="sentence"):
    """A loader of one's own; what has no sentence, or came before, is left out."""
    stream = open_stream(source, loader=read_lines, rehash=True, dedup=True, input_key=key)

    def as_text(tasks):
        for eg in tasks:
            yield set_hashes({"text": eg["sentence"], "meta": {"key": key}}, input_keys=("text",), overwrite=True)

    return {"dataset": dataset, "view_id": "text", "stream": as_text(stream), "config": {"show_flag": True}}


@prodigy.recipe("team.pictures", dataset=("d", "positional"), source=("s", "positional"))
def pictures(dataset, source):
    """A small picture in each task, which the database does not keep."""

    def with_picture(stream):
        for eg in stream:
            data = base64.b64encode(eg["text"].encode("utf8") * 50).decode("ascii")
            yield {**eg, "image": f"data:image/svg+xml;base64,{data}", "path": f"{eg['meta']['n']}.svg"}

    def before_db(examples):
        for eg in examples:
            if eg["image"].startswith("data:") and "path" in eg:
                eg["image"] = eg["path"]
        return examples

    return {
        "dataset": dataset,
        "view_id": "html",
        "stream": with_picture(get_stream(source)),
        "before_db": before_db,
        "config": {"html_template": '<img src="{{image}}" alt=""><p>{{text}}</p>'},
    }


@prodigy.recipe(
    "team.relations",
    dataset=("d", "positional"),
    source=("s", "positional"),
    patterns=("p", "positional"),
)
def relations(dataset, source, patterns):
    """Arcs between what patterns find; commas and stops are no ends of arcs."""
    nlp = spacy.blank("en")
    matcher = PatternMatcher(nlp, combine_matches=True, all_examples=True).from_disk(patterns)

    def prepare(stream):
        for _, eg in matcher(stream):
            for token in eg["tokens"]:
                token["disabled"] = nlp.vocab[token["text"]].is_punct
            yield eg

    return {
        "dataset": dataset,
        "view_id": "relations",
        "stream": prepare(add_tokens(nlp, get_stream(source))),
        "config": {"labels": ["TREATS"], "relations_span_labels": ["DRUG", "DAY"], "wrap_relations": True},
    }
