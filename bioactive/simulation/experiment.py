"""What a simulation is made of: read from a config file, checked, and compared with what an earlier run was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from spacy.util import dot_to_dict
from thinc.api import Config

from bioactive import __version__
from bioactive.active.costs import TimeModel
from bioactive.active.measures import get_measure
from bioactive.active.sift import diversity_of
from bioactive.active.stretches import Shape
from bioactive.active.word_measures import get_word_measure
from bioactive.errors import error
from bioactive.fingerprint import sha256_of
from bioactive.whole import whole

from .in_memory import Schedule
from .metrics import get_metric

UNITS = ("sentence", "document", "stretch")
FULL = "full"
STORED = "experiment.cfg"


@dataclass(frozen=True)
class Data:
    """The gold corpus.

    pool (str): .spacy file whose gold answers the questions.
    test (str): .spacy file that every round is scored on.
    pool_limit, test_limit (int): The first so many Docs; 0 takes all.
    stop_limit (int): Texts of the pool, drawn once, on which the criteria for stopping look at predictions alone.
    metric (str): How predictions are scored: "strict", or one of the published forms; see `metrics`.
    cheap (str | None): .spacy file of Docs labelled cheaply, trained on beside the answers; each leaves when its text
        is asked about.
    keep_cheap (bool): They stay, so that a text may be trained on with two labellings: a published mistake.
    """

    pool: str
    test: str
    pool_limit: int = 0
    test_limit: int = 0
    stop_limit: int = 300
    metric: str = "strict"
    cheap: str | None = None
    keep_cheap: bool = False


@dataclass(frozen=True)
class Pipeline:
    """How a pipeline is trained.

    config (str): A spaCy training config; a relative path counts from the working directory.
    overrides (dict): Its settings by dotted name.
    """

    config: str
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rounds:
    """How much is asked, and when.

    seed_words (int): Words of whole random texts to begin with, the same for all strategies of one seed; 0 for none,
        and then every strategy begins by what stands for the pool (a cold start).
    words (int): Words a round.
    count (int): Rounds after the first training.
    growth (float): Each round asks for so many times the words of the one before.
    seed_texts, texts (int): Above 0, count in texts and not in words; rounds of a strategy whose unit is the document
        count these.
    """

    seed_words: int = 1000
    words: int = 2000
    count: int = 10
    growth: float = 1.0
    seed_texts: int = 0
    texts: int = 0

    @property
    def cold(self) -> bool:
        """Whether there is no seed set."""
        return not self.seed_words and not self.seed_texts

    def budget(self, number: int) -> tuple[int, int]:
        """Words and texts (0 where words count) to ask about in round `number`; 0 is the seed set."""
        if number == 0 and not self.cold:
            return self.seed_words, self.seed_texts
        factor = self.growth ** max(0, number - 1)
        return round(self.words * factor), round(self.texts * factor)


@dataclass(frozen=True)
class Strategy:
    """How the next questions are chosen.

    unit (str): "sentence" asks about whole texts, "document" about all texts of one `doc_id`, "stretch" about parts.
    measure (str): Of texts (`measures`), or for stretches of words (`word_measures`).
    shape (Shape): Of stretches.
    by_length_density (bool): Multiply the scores of whole texts by how common their length is in the pool.
    density (float): Above 0.0, multiply scores by the mean cosine of the text with the pool, to this power.
    per_second (bool): Divide the score of a question, for a stretch the sum over its words, by the modelled seconds
        that it is expected to take.
    diversity (float): 0.0 goes by the measure alone; with f > 0 the most different are taken out of those that 1 + f
        times the budget would pay for.
    diverse_by (str): "k_centre", "k_means" or "badge" (gradients of the output layer).
    duplicates_above (float): Of questions whose mean vectors have a higher cosine, the first is asked; 1.0 asks all.
    cold_words (int): Until so many words have an answer, ask about whole texts that stand for the pool instead.
    rare (float): Above 0.0, words that may be of rare types count for up to 1 + rare times as much in stretches.
    trust (float): Above 0.0, words that the pipeline is so sure of are taken as labelled beside answered stretches.
    """

    unit: str = "sentence"
    measure: str = "mnlp"
    shape: Shape = field(default_factory=Shape)
    by_length_density: bool = False
    density: float = 0.0
    per_second: bool = False
    diversity: float = 0.0
    diverse_by: str = "k_centre"
    duplicates_above: float = 1.0
    cold_words: int = 0
    rare: float = 0.0
    trust: float = 0.0


@dataclass(frozen=True)
class Experiment:
    """A simulation.

    data, pipeline, rounds, schedule, time: See there.
    strategies (dict[str, Strategy]): By name.
    seeds (list[int]): Each strategy is run once a seed; strategies of one seed begin with the same texts.
    full_seeds (list[int] | None): Seeds with which the whole pool is trained on, for the F1 to be reached; None takes
        all seeds.
    baseline (str): The strategy that the others are compared with.
    """

    data: Data
    pipeline: Pipeline
    strategies: dict[str, Strategy]
    rounds: Rounds = field(default_factory=Rounds)
    schedule: Schedule = field(default_factory=Schedule)
    time: TimeModel = field(default_factory=TimeModel)
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2, 3, 4])
    full_seeds: list[int] | None = None
    baseline: str = "random"

    @property
    def seeds_of_full(self) -> list[int]:
        """The seeds with which the whole pool is trained on."""
        return self.seeds if self.full_seeds is None else self.full_seeds

    def seeds_of(self, strategy: str) -> list[int]:
        """The seeds of a strategy, or of "full"."""
        return self.seeds_of_full if strategy == FULL else self.seeds

    def runs(self) -> list[tuple[str, int]]:
        """Strategy and seed of each run, seed by seed; the training on the whole pool is the strategy "full"."""
        found = [(name, seed) for seed in self.seeds for name in self.strategies]
        return found + [(FULL, seed) for seed in self.seeds_of_full]

    def facts(self, strategy: str, seed: int) -> dict[str, Any]:
        """All that the rounds of one run depend on, by dotted name.

        strategy (str): Its name, or "full".
        seed (int): Its seed.
        RETURNS (dict[str, Any]): Values of JSON's types; files by their SHA-256.
        """
        own = self.strategies.get(strategy)
        whole = {"data": self.data, "pipeline": self.pipeline, "schedule": self.schedule}
        if own is not None:
            whole |= {"rounds": self.rounds, "strategy": own}
            # Else seconds decide nothing, and a report counts in those of the day.
            whole |= {"time": self.time} if own.per_second else {}
        found = dict(_flat(whole)) | {"name": strategy, "seed": seed, "version": __version__}
        for name in ("data.pool", "data.test", "pipeline.config", "data.cheap"):
            if found[name] is not None:
                found[name] = sha256_of(Path(found[name]))
        return found


def read_experiment(path: Path, overrides: Mapping[str, Any] | None = None) -> Experiment:
    """Read a simulation's config.

    path (Path): The file, in the style of spaCy's configs.
    overrides (Mapping | None): Settings by dotted name.
    RETURNS (Experiment): The simulation, checked.
    RAISES (BioactiveError): B308 when a file is missing, B531 for a setting that does not exist or has another type,
        B321 and B530 for an unknown measure, B541 for an unknown kind of diversity, B543 for an unknown metric.
    """
    return _checked(_read(path, overrides or {}), path)


def write_experiment(experiment: Experiment, output: Path) -> None:
    """Keep in a simulation's folder what it was made of, overrides included, so that its report needs no more.

    experiment (Experiment): The simulation.
    output (Path): Its folder; `experiment.cfg` is written there, a config that `read_experiment` takes.
    """
    found = {name: _nested(value) for name, value in vars(experiment).items()}
    sections = {name: found.pop(name) for name in list(found) if isinstance(found[name], dict)}
    with whole(output / STORED) as path:
        Config({"experiment": found, **sections}).to_disk(path)


def stored_experiment(output: Path) -> Experiment | None:
    """What the simulation in a folder was made of; its data need not be there any more.

    output (Path): The simulation's folder.
    RETURNS (Experiment | None): None where nothing is kept, as in folders of older versions.
    RAISES (BioactiveError): B531 when the file was changed into no experiment.
    """
    path = output / STORED
    return _read(path, {}) if path.is_file() else None


def _read(path: Path, overrides: Mapping[str, Any]) -> Experiment:
    if not path.is_file():
        raise error("B308", path=path)
    try:
        config = Config().from_disk(path, overrides=dict(overrides))
    except ValueError as problem:
        raise error("B531", path=path, problem=" ".join(str(problem).split())) from problem
    found = {name: value for name, value in config.items() if name != "vars"}
    # Settings without a section of their own are written under [experiment].
    made: Experiment = _build(Experiment, {**found.pop("experiment", {}), **found}, path, "")
    return made


def _nested(value: Any) -> Any:
    """A setting as a config has it: dataclasses and dotted names as sections in sections."""
    if is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    if not isinstance(value, Mapping):
        return value
    return dot_to_dict({name: _nested(inner) for name, inner in value.items()})


def _checked(made: Experiment, path: Path) -> Experiment:
    for file in (made.data.pool, made.data.test, made.pipeline.config, made.data.cheap):
        if file is not None and not Path(file).is_file():
            raise error("B308", path=file)
    for name, strategy in made.strategies.items():
        _check_strategy(name, strategy, path)
    if made.schedule.by not in ("shown", "labelled"):
        problem = f"schedule.by is {made.schedule.by!r}, and should be 'shown' or 'labelled'"
        raise error("B531", path=path, problem=problem)
    get_metric(made.data.metric)
    if made.baseline not in made.strategies:
        raise error("B531", path=path, problem=f"baseline {made.baseline!r} is none of {sorted(made.strategies)}")
    return made


def _check_strategy(name: str, strategy: Strategy, path: Path) -> None:
    problem = ""
    if strategy.unit not in UNITS or name == FULL:
        problem = f"has unit {strategy.unit!r}; a unit is one of {UNITS}, {FULL!r} is no free name"
    elif strategy.unit == "document" and (strategy.diversity > 0 or strategy.duplicates_above < 1):
        problem = "asks for documents that differ; only texts and stretches can be compared"
    if problem:
        raise error("B531", path=path, problem=f"strategy {name!r} {problem}")
    diversity_of(strategy.diverse_by)
    if strategy.unit == "stretch":
        get_word_measure(strategy.measure)
    else:
        get_measure(strategy.measure)


def _build(kind: Any, values: Any, path: Path, where: str) -> Any:
    """A dataclass from nested dicts; names and types are checked."""
    if not isinstance(values, Mapping):
        raise error("B531", path=path, problem=f"[{where}] is {values!r} and should be a section")
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - {each.name for each in fields(kind)})
    if unknown:
        raise error("B531", path=path, problem=f"[{where or 'experiment'}] has no setting {', '.join(unknown)}")
    found = {name: _value(hints[name], value, path, f"{where}.{name}".strip(".")) for name, value in values.items()}
    try:
        return kind(**found)
    except TypeError as problem:
        raise error("B531", path=path, problem=f"[{where or 'experiment'}]: {problem}") from problem


def _value(hint: Any, value: Any, path: Path, where: str) -> Any:
    if is_dataclass(hint):
        return _build(hint, value, path, where)
    if get_origin(hint) is dict and isinstance(value, Mapping):
        inner = get_args(hint)[1]
        return {k: _value(inner, v, path, f"{where}.{k}") if is_dataclass(inner) else v for k, v in _plain(hint, value)}
    allowed = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = tuple(get_origin(each) or each for each in allowed)
    if float in kinds and isinstance(value, int):
        return float(value)
    if not isinstance(value, kinds):
        raise error("B531", path=path, problem=f"{where} is {value!r}, which is no {hint}")
    return value


def _plain(hint: Any, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries of a section; of the overrides with dotted names, however the config reader nested them."""
    yield from value.items() if is_dataclass(get_args(hint)[1]) else _flat(value)


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested dicts and dataclasses by dotted name."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{prefix}.{name}".strip("."))
    else:
        yield prefix, value
