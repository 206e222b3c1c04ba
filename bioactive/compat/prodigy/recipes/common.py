"""What the recipes share: opening the pipeline and the source, and matches shown from the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bioactive.annotate.config import names_of
from bioactive.annotate.declare import Arg, get_labels, split_string
from bioactive.annotate.formats import Source, get_stream
from bioactive.annotate.matcher import PatternMatcher
from bioactive.annotate.preprocess import add_tokens, split_sentences
from bioactive.annotate.recipes import load_pipeline
from bioactive.annotate.stream import Stream
from bioactive.errors import BioactiveError, error

if TYPE_CHECKING:
    from spacy.language import Language

DATASET = Arg(help="Dataset to save annotations to")
MODEL = Arg(help="Loadable spaCy pipeline, or blank:en for an empty one")
SOURCE = Arg(help="Data to annotate: a file, dataset:NAME, or '-' for standard input")
LOADER = Arg("--loader", "-lo", help="Loader; by default the file's ending decides")
LABEL = Arg("--label", "-l", help="Labels with commas between, or a text file with one a line", converter=get_labels)
PATTERNS = Arg("--patterns", "-pt", help="Path to match patterns file")
EXCLUDE = Arg("--exclude", "-e", help="Datasets to exclude, with commas between", converter=split_string)
CHARS = Arg("--highlight-chars", "-C", help="Highlight single characters instead of words")
UNSEGMENTED = Arg("--unsegmented", "-U", help="Don't split sentences")
UPDATE = Arg("--update", "-UP", help="Update the pipeline as answers come")

Labels = str | Sequence[str] | None


def open_pipeline(model: str | Language) -> Language:
    """A pipeline by its name, or as it is."""
    return load_pipeline(model) if isinstance(model, str) else model


def open_source(source: Source, loader: str | None = None) -> Stream:
    """A source, hashed anew."""
    return get_stream(source, loader=loader, rehash=True, dedup=True)


def cut(stream: Stream, nlp: Language, unsegmented: bool = False) -> Stream:
    """Tasks cut into sentences, unless they are to stay whole, and into words."""
    if not unsegmented:
        stream.apply(split_sentences, nlp=nlp, stream=stream)
    return stream.apply(add_tokens, nlp=nlp, stream=stream, skip=True)


def show_matches(stream: Stream, nlp: Language, patterns: str | None, labels: list[str]) -> list[str]:
    """Show the matches of patterns in the tasks from the start.

    RETURNS (list[str]): The labels to choose from: those given, else those of the patterns.
    """
    if patterns is None:
        return labels
    matcher = PatternMatcher(nlp, combine_matches=True, all_examples=True, filter_labels=labels or None)
    matcher.from_disk(patterns)
    stream.apply(lambda tasks: (task for _, task in matcher(tasks)))
    return labels or matcher.labels


def with_exclude(made: dict[str, Any], exclude: Labels, **config: Any) -> dict[str, Any]:
    """What a recipe of ours returned, with datasets to exclude and more settings."""
    return {**made, "exclude": names_of(exclude), "config": {**made["config"], **config}}


def labels_of(label: Labels) -> list[str]:
    """Labels, as they may be given."""
    return get_labels(label) if isinstance(label, str) else list(label or [])


def no_labels() -> BioactiveError:
    """The error for a recipe without labels."""
    return error("B414")
