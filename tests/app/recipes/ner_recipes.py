"""Recipes in the shapes that teams have them: entities. Several in one file."""

import copy
from collections.abc import Iterable

import prodigy
import spacy
from prodigy.components.db import connect
from prodigy.components.loaders import JSONL
from prodigy.components.preprocess import add_tokens, split_sentences
from prodigy.components.sorters import prefer_uncertain
from prodigy.models.matcher import PatternMatcher
from prodigy.models.ner import EntityRecognizer
from prodigy.util import combine_models, get_labels, log, set_hashes, split_string


def load(name):
    if name == "test:rules":
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        ruler = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "DRUG", "pattern": "aspirin"}, {"label": "DISEASE", "pattern": "gout"}])
        return nlp
    return spacy.blank(name.split(":")[-1])


@prodigy.recipe(
    "shape.ner.manual",
    dataset=("Dataset", "positional", None, str),
    spacy_model=("Model for tokenization", "positional", None, str),
    source=("Source as JSONL", "positional", None, str),
    label=("Labels", "option", "l", split_string),
    exclude=("Datasets to exclude", "option", "e", split_string),
)
def ner_manual(dataset: str, spacy_model: str, source: str, label: list[str] | None = None, exclude=None):
    """Mark entities by hand."""
    nlp = load(spacy_model)
    stream = JSONL(source)
    stream = add_tokens(nlp, stream)
    return {
        "view_id": "ner_manual",
        "dataset": dataset,
        "stream": stream,
        "exclude": exclude,
        "config": {"lang": nlp.lang, "labels": label},
    }


@prodigy.recipe(
    "shape.ner.teach",
    dataset=("The dataset to use", "positional", None, str),
    spacy_model=("The base model", "positional", None, str),
    source=("The source data as a JSONL file", "positional", None, str),
    label=("One or more comma-separated labels", "option", "l", split_string),
    patterns=("Optional match patterns", "option", "p", str),
    exclude=("Names of datasets to exclude", "option", "e", split_string),
    unsegmented=("Don't split sentences", "flag", "U", bool),
)
def ner_teach(dataset, spacy_model, source, label=None, patterns=None, exclude=None, unsegmented=False):
    """Collect yes and no about uncertain entities."""
    nlp = load(spacy_model)
    model = EntityRecognizer(nlp, label=label)
    if patterns is None:
        predict, update = model, model.update
    else:
        matcher = PatternMatcher(nlp).from_disk(patterns)
        predict, update = combine_models(model, matcher)
    stream = JSONL(source)
    if not unsegmented:
        stream = split_sentences(nlp, stream)
    stream = prefer_uncertain(predict(stream))
    return {
        "view_id": "ner",
        "dataset": dataset,
        "stream": stream,
        "update": update,
        "exclude": exclude,
        "config": {"lang": nlp.lang, "label": ", ".join(label) if label is not None else "all"},
    }


@prodigy.recipe(
    "shape.ner.correct",
    dataset=("Dataset", "positional", None, str),
    spacy_model=("Pipeline", "positional", None, str),
    source=("Source", "positional", None, str),
    loader=("Loader", "option", "lo", str),
    label=("Labels", "option", "l", get_labels),
    update=("Update", "flag", "UP", bool),
    unsegmented=("Don't split sentences", "flag", "U", bool),
)
def ner_correct(
    dataset: str,
    spacy_model: str,
    source: str | Iterable[dict],
    loader: str | None = None,
    label: list[str] | None = None,
    update: bool = False,
    unsegmented: bool = False,
):
    """Correct what a pipeline finds."""
    log("RECIPE: starting", locals())
    nlp = load(spacy_model)
    stream = prodigy.get_stream(source, loader=loader, rehash=True, dedup=True, input_key="text")
    if not unsegmented:
        stream.apply(split_sentences, nlp=nlp, stream=stream)
    stream.apply(add_tokens, nlp=nlp, stream=stream)

    def make_tasks(examples):
        texts = ((eg["text"], eg) for eg in examples)
        for doc, eg in nlp.pipe(texts, as_tuples=True, batch_size=4):
            task = copy.deepcopy(eg)
            task["spans"] = [
                {
                    "token_start": ent.start,
                    "token_end": ent.end - 1,
                    "start": ent.start_char,
                    "end": ent.end_char,
                    "text": ent.text,
                    "label": ent.label_,
                    "source": "rules",
                }
                for ent in doc.ents
                if not label or ent.label_ in label
            ]
            yield set_hashes(task)

    stream.apply(make_tasks)
    seen = []
    return {
        "view_id": "ner_manual",
        "dataset": dataset,
        "stream": stream,
        "update": seen.extend if update else None,
        "config": {"lang": nlp.lang, "labels": label, "exclude_by": "input", "auto_count_stream": True},
    }


@prodigy.recipe("shape.ner.match")
def ner_match(dataset, spacy_model, source, patterns, resume=False):
    """Accept or reject the matches of patterns."""
    matcher = PatternMatcher(load(spacy_model), prior_correct=5.0, prior_incorrect=5.0)
    matcher = matcher.from_disk(patterns)
    if resume:
        matcher.update(connect().get_dataset_examples(dataset))
    stream = (eg for score, eg in matcher(JSONL(source)))
    return {"view_id": "ner", "dataset": dataset, "stream": stream, "update": matcher.update}


@prodigy.recipe(
    "shape.ner.patterns",
    dataset="The dataset",
    spacy_model="The model",
    source="The source",
    label=("Labels", "option", "l", get_labels),
    patterns=("Patterns", "option", "pt", str),
)
def ner_patterns(dataset: str, spacy_model: str, source: str, label: list[str] = (), patterns=None):
    """Manual annotation with the matches of patterns to begin with."""
    nlp = load(spacy_model)
    matcher = PatternMatcher(nlp, combine_matches=True, all_examples=True)
    matcher.from_disk(patterns)
    stream = prodigy.get_stream(source)
    stream.apply(lambda d: (eg for _, eg in matcher(d)))
    stream.apply(add_tokens, nlp=nlp, stream=stream)

    def before_db(examples):
        for eg in examples:
            eg["checked"] = True
        return examples

    return {
        "view_id": "ner_manual",
        "dataset": dataset,
        "stream": stream,
        "before_db": before_db,
        "config": {"labels": label},
    }
