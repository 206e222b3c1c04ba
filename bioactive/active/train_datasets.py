"""Training on datasets: DocBins and a config that `spacy train` takes, a run, and a curve over growing data."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import spacy
from spacy.cli.init_config import init_config
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as train_pipeline
from spacy.util import load_config
from thinc.api import Config

from bioactive.annotate.recipes.common import load_pipeline
from bioactive.annotate.store import Store
from bioactive.errors import error

from .datasets import INCORRECT, SPANS_KEY, Gathered, gather, split

TRAIN, DEV, CONFIG = "train.spacy", "dev.spacy", "config.cfg"
FACTORIES = ("ner", "crf_ner")
LONGEST = 12  # words of a span that the suggester looks at, at most


@dataclass(frozen=True)
class Wanted:
    """What to train on what.

    names (Mapping[str, tuple[list[str], list[str]]]): By kind, the datasets to train on and those to evaluate on.
    eval_split (float): Share of the training texts that is held out where no dataset is for evaluation.
    lang (str): Language of a new pipeline.
    base_model (str | None): Pipeline whose components are taken along.
    config (Path | None): A training config to use in place of the made one.
    ner_factory (str): "ner" or "crf_ner".
    """

    names: Mapping[str, tuple[list[str], list[str]]]
    eval_split: float = 0.2
    lang: str = "en"
    base_model: str | None = None
    config: Path | None = None
    ner_factory: str = "ner"


@dataclass
class Prepared:
    """Data and config, ready to train.

    train, dev (list[Doc]): The Docs of the two splits.
    config (Config): The training config.
    gathered (list[Gathered]): What was left out.
    """

    train: list[Doc]
    dev: list[Doc]
    config: Config
    gathered: list[Gathered] = field(default_factory=list)

    @property
    def left_out(self) -> dict[str, int]:
        """What was left out, counted by reason."""
        counts: dict[str, int] = {}
        for each in self.gathered:
            for reason, times in each.tally.counts.items():
                counts[reason] = counts.get(reason, 0) + times
        return counts


@dataclass(frozen=True)
class Point:
    """One point of a curve: share of the training data, its texts, and the score on the held-out ones."""

    share: float
    texts: int
    score: float


def prepare(store: Store, wanted: Wanted) -> Prepared:
    """Merge datasets and make a config for them.

    RAISES (BioactiveError): B407 for an unknown dataset, B618 for an unknown kind or factory, B619 when there is
        nothing to train on.
    """
    if wanted.ner_factory not in FACTORIES:
        raise error("B618", kind=wanted.ner_factory, known=", ".join(FACTORIES))
    nlp = load_pipeline(wanted.base_model or wanted.lang)
    training = gather(store, {kind: names[0] for kind, names in wanted.names.items()}, nlp)
    held_out = gather(store, {kind: names[1] for kind, names in wanted.names.items() if names[1]}, nlp)
    train, dev = (training.docs, held_out.docs) if held_out.docs else split(training.docs, wanted.eval_split)
    if not train:
        raise error("B619", names=", ".join(name for names in wanted.names.values() for name in names[0]) or "none")
    config = load_config(wanted.config) if wanted.config else make_config(wanted, train, nlp)
    return Prepared(train, dev, config, [training, held_out])


def make_config(wanted: Wanted, docs: Sequence[Doc], nlp: Language) -> Config:
    """A training config for some kinds of answers.

    wanted (Wanted): The kinds, the language and the base pipeline.
    docs (Sequence[Doc]): The training Docs: the longest span says what the suggester of `spancat` looks at.
    nlp (Language): The base pipeline, or one that only tokenizes.
    RETURNS (Config): A config with everything filled in; `spacy train` takes it with --paths.train and --paths.dev.
    """
    made = init_config(lang=str(nlp.lang), pipeline=list(wanted.names), optimize="efficiency", gpu=False)
    components = made["components"]
    if "ner" in wanted.names:
        components["ner"]["incorrect_spans_key"] = INCORRECT
        if wanted.ner_factory == "crf_ner":
            components["ner"] = _crf(components["ner"])
    if "spancat" in wanted.names:
        longest = max((len(span) for doc in docs for span in doc.spans.get(SPANS_KEY, ())), default=1)
        components["spancat"]["suggester"] = {
            "@misc": "spacy.ngram_range_suggester.v1",
            "min_size": 1,
            "max_size": min(LONGEST, longest),
        }
    if nlp.config["nlp"].get("tokenizer"):
        made["nlp"]["tokenizer"] = nlp.config["nlp"]["tokenizer"]
    if wanted.base_model:
        _take_along(made, wanted, nlp)
    filled = spacy.util.load_model_from_config(made, auto_fill=True).config
    if wanted.base_model:
        # Filling in wrote factories in place of the sources, that is, components that have learnt nothing.
        filled["components"].update({name: {"source": wanted.base_model} for name in nlp.pipe_names})
    return filled


def data_to_spacy(store: Store, wanted: Wanted, output: Path) -> Prepared:
    """Write datasets as `train.spacy` and `dev.spacy`, with a `config.cfg` and the labels.

    store (Store): Where the datasets are.
    wanted (Wanted): Which, and what for.
    output (Path): The folder; it is made if need be.
    RETURNS (Prepared): What was written.
    """
    prepared = prepare(store, wanted)
    output.mkdir(parents=True, exist_ok=True)
    write(prepared.train, output / TRAIN)
    if prepared.dev:
        write(prepared.dev, output / DEV)
    prepared.config.to_disk(output / CONFIG)
    return prepared


def write(docs: Sequence[Doc], path: Path) -> None:
    """Write Docs as a .spacy file."""
    DocBin(docs=docs, store_user_data=True).to_disk(path)


def train(
    prepared: Prepared,
    output: Path | None,
    overrides: Mapping[str, Any] | None = None,
    log: IO[str] | None = None,
    gpu_id: int = -1,
) -> float:
    """Train a pipeline.

    prepared (Prepared): Data and config.
    output (Path | None): Folder for `model-best` and `model-last`; nothing is kept without one.
    overrides (Mapping | None): Config settings by dotted name.
    log (IO[str] | None): Where spaCy's table goes; nowhere without one.
    gpu_id (int): The GPU; -1 for the CPU.
    RETURNS (float): The best score on the held-out texts, by the config's weights.
    RAISES (BioactiveError): B619 when nothing is held out to evaluate on.
    """
    if not prepared.dev:
        raise error("B619", names="an evaluation split of at least one text")
    with tempfile.TemporaryDirectory() as folder:
        write(prepared.train, Path(folder) / TRAIN)
        write(prepared.dev, Path(folder) / DEV)
        prepared.config.to_disk(Path(folder) / CONFIG)
        paths = {"paths.train": str(Path(folder) / TRAIN), "paths.dev": str(Path(folder) / DEV)}
        config = load_config(Path(folder) / CONFIG, overrides={**paths, **(overrides or {})}, interpolate=False)
        out = log or io.StringIO()
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
        nlp = init_nlp(config, use_gpu=gpu_id)
        made, path = train_pipeline(nlp, output or Path(folder), use_gpu=gpu_id, stdout=out, stderr=out)
        return _score(made, path)


def train_curve(
    prepared: Prepared, samples: int = 4, overrides: Mapping[str, Any] | None = None, gpu_id: int = -1
) -> list[Point]:
    """Train on growing shares of the data: whether more of it would help.

    prepared (Prepared): Data and config.
    samples (int): How many shares: 4 are a quarter, a half, three quarters and all.
    overrides (Mapping | None): Config settings by dotted name.
    gpu_id (int): The GPU; -1 for the CPU.
    RETURNS (list[Point]): The score after each share. The smaller shares are parts of the larger.
    """
    points = []
    for number in range(1, samples + 1):
        count = max(1, round(len(prepared.train) * number / samples))
        part = Prepared(prepared.train[:count], prepared.dev, prepared.config)
        points.append(Point(number / samples, count, train(part, None, overrides, gpu_id=gpu_id)))
    return points


def _crf(ner: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a `crf_ner` over the same shared encoder as a stock `ner`."""
    model = {"@architectures": "bioactive.CRFTagger.v1", "decoder": "crf", "context_width": 0, "context_depth": 1}
    return {"factory": "crf_ner", "model": {**model, "tok2vec": ner["model"]["tok2vec"]}}


def _take_along(made: Config, wanted: Wanted, nlp: Language) -> None:
    """Take the components of the base pipeline: those that are trained go on from there, the others stay."""
    trained = list(wanted.names)
    kept = [name for name in nlp.pipe_names if name not in trained]
    for name in nlp.pipe_names:
        made["components"][name] = {"source": wanted.base_model}
    made["nlp"]["pipeline"] = [*nlp.pipe_names, *(n for n in made["nlp"]["pipeline"] if n not in nlp.pipe_names)]
    encoders = [name for name in kept if nlp.get_pipe_meta(name).factory in ("tok2vec", "transformer")]
    made["training"]["frozen_components"] = [name for name in kept if name not in encoders]


def _score(nlp: Language, path: Path | None) -> float:
    import srsly

    if path is None or not (path / "meta.json").is_file():
        return 0.0
    performance = srsly.read_json(path / "meta.json").get("performance", {})
    weights = {key: weight for key, weight in nlp.config["training"]["score_weights"].items() if weight}
    found = [(float(performance.get(key) or 0.0), float(weight)) for key, weight in weights.items()]
    return sum(score * weight for score, weight in found)
