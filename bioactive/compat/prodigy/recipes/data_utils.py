"""`prodigy.recipes.data_utils`: datasets as training Examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bioactive.active.datasets import gather, split, split_names
from bioactive.active.train_datasets import Wanted

from ..components.db import connect

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example

__all__ = ["get_datasets_from_cli", "merge_corpus", "merge_data", "parse_overrides", "wanted_of"]

Reader = Callable[["Language"], Iterable["Example"]]


def wanted_of(
    ner: str | None,
    spancat: str | None,
    textcat: str | None,
    textcat_multilabel: str | None,
    tagger: str | None,
    senter: str | None,
    parser: str | None,
    coref: str | None,
    eval_split: float = 0.2,
    config: Path | None = None,
    base_model: str | None = None,
    lang: str = "en",
    ner_factory: str = "ner",
) -> Wanted:
    """What is to be trained on what, from the options of the commands."""
    given = {"tagger": tagger, "senter": senter, "parser": parser, "ner": ner, "spancat": spancat}
    given |= {"textcat": textcat, "textcat_multilabel": textcat_multilabel, "coref": coref}
    names = {kind: split_names(text) for kind, text in given.items() if text}
    return Wanted(names, eval_split, lang, base_model, config, ner_factory)


def get_datasets_from_cli(names: str | Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Datasets to train on, and those to evaluate on, which are written eval:NAME."""
    return split_names(names)


def merge_corpus(
    nlp: Language, pipes: Mapping[str, tuple[Sequence[str], Sequence[str]]], *, eval_split: float = 0.0
) -> dict[str, Reader]:
    """Readers of Examples for training and evaluation.

    nlp (Language): Cuts texts that come without tokens.
    pipes (Mapping): By kind ("ner", ...), the datasets to train on and those to evaluate on.
    eval_split (float): Share of the training texts that is held out where no dataset is for evaluation.
    RETURNS (dict): "train" and "dev".
    """
    train = gather(connect(), {kind: names[0] for kind, names in pipes.items()}, nlp).docs
    dev = gather(connect(), {kind: names[1] for kind, names in pipes.items() if names[1]}, nlp).docs
    if not dev and eval_split:
        train, dev = split(train, eval_split)
    return {"train": _reader(train), "dev": _reader(dev)}


def merge_data(nlp: Language, pipes: Mapping[str, tuple[Sequence[str], Sequence[str]]], **options: Any) -> Any:
    """As `merge_corpus`."""
    return merge_corpus(nlp, pipes, **options)


def parse_overrides(words: Sequence[str]) -> dict[str, Any]:
    """Settings of a config: `--training.max_epochs 20`, also with `=` between.

    RAISES (click.UsageError): For what is no setting.
    """
    from spacy.cli._util import parse_config_overrides

    return parse_config_overrides(list(words), env_var=None)


def _reader(docs: Sequence[Any]) -> Reader:
    def read(nlp: Language) -> Iterable[Example]:
        from spacy.training import Example

        return [Example(nlp.make_doc(doc.text), doc) for doc in docs]

    return read
