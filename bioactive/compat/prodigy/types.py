"""`prodigy.types`: names for annotations; a task is a dict at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

from bioactive.annotate.stream import Stream

__all__ = [
    "ControllerComponentsDict",
    "DepExample",
    "ExistingFilePath",
    "LabelsType",
    "LoadedDataType",
    "NerExample",
    "PathInputType",
    "PosExample",
    "RecipeSettingsType",
    "RelationsExample",
    "RelationsTask",
    "ScoredStreamType",
    "SourceType",
    "SpansExample",
    "StreamType",
    "TaskType",
    "TextExample",
    "TextcatExample",
    "ViewId",
]

TaskType = dict[str, Any]
StreamType = Stream | Iterable[TaskType]
ScoredStreamType = Iterable[tuple[float, TaskType]]
LoadedDataType = Iterator[TaskType]
SourceType = str | Path | Iterable[TaskType]
PathInputType = str | Path
ExistingFilePath = Path
LabelsType = Sequence[str]
ViewId = str


class TextExample(TypedDict, total=False):
    """A task with a text."""

    text: str
    meta: dict[str, Any]
    answer: str
    _input_hash: int
    _task_hash: int
    _view_id: str
    _session_id: str
    _annotator_id: str
    _timestamp: int


class NerExample(TextExample, total=False):
    """A task with words and spans."""

    tokens: list[dict[str, Any]]
    spans: list[dict[str, Any]]


class SpansExample(NerExample, total=False):
    """A task with spans that may overlap."""


class PosExample(NerExample, total=False):
    """A task with a tag for each word."""


class TextcatExample(TextExample, total=False):
    """A task with labels of the whole text."""

    label: str
    options: list[dict[str, Any]]
    accept: list[Any]


class RelationsExample(NerExample, total=False):
    """A task with relations between words or spans."""

    relations: list[dict[str, Any]]


RelationsTask = RelationsExample


class DepExample(NerExample, total=False):
    """A task with arcs between words."""

    arcs: list[dict[str, Any]]
    relations: list[dict[str, Any]]


class ControllerComponentsDict(TypedDict, total=False):
    """What a recipe returns."""

    dataset: str | bool
    view_id: str
    stream: Any
    update: Callable[..., Any] | None
    before_db: Callable[..., Any] | None
    validate_answer: Callable[..., Any] | None
    progress: Callable[..., Any] | None
    on_load: Callable[..., Any] | None
    on_exit: Callable[..., Any] | None
    exclude: Sequence[str] | None
    event_hooks: dict[str, Callable[..., Any]] | None
    task_router: Callable[..., Any] | None
    config: dict[str, Any]


RecipeSettingsType = dict[str, Any]
