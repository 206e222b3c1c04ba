"""What the page and the server say to each other: the bodies of requests and answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class SessionBody(BaseModel):
    """Who asks."""

    session_id: str | None = Field(None, max_length=200, description="The session; the unnamed one without it")


class QuestionsBody(SessionBody):
    """A page asks for tasks."""

    have: list[int] = Field([], description="Task hashes that the page still holds; they are not sent again")


class HistoryBody(SessionBody):
    """A page asks for earlier answers."""

    limit: int | None = Field(None, ge=0, le=1000, description="How many at most")


class Progress(BaseModel):
    """How far the dataset is."""

    total: int = Field(description="Answers in the dataset")
    mine: int = Field(description="Those of the session")
    done: int = Field(description="Those that `expected` counts")
    expected: int | None = Field(description="Answers that there will be in the end, when that is known")
    progress: float | None = Field(description="Share done, 0.0 to 1.0")
    learning: dict[str, Any] | None = Field(None, description="How far the pipeline is that learns beside")


class Questions(Progress):
    """Tasks, and how far the dataset is."""

    tasks: list[dict[str, Any]]
    session_id: str
    out: int = Field(description="Tasks that are out at all sessions")
    left_out: dict[str, int] = Field(description="What the stream left out, counted by reason")
    passed_over: int = Field(0, description="Tasks that sorters passed over, which /second_pass brings back")


class AnswersBody(SessionBody):
    """Answers of a page."""

    answers: list[dict[str, Any]] = Field(max_length=1000)


class Receipt(Progress):
    """What became of a batch of answers; `stored` and `known` ones are durable."""

    stored: int
    known: int
    refused: list[dict[str, Any]]


class History(BaseModel):
    """Earlier answers of a session, the newest first."""

    answers: list[dict[str, Any]]


class Alive(Progress):
    """Answer to a page that is still open."""

    out: int = Field(description="Tasks that are out at the session")


class AnswerBody(BaseModel):
    """One answer to check."""

    answer: dict[str, Any]


class Verdict(BaseModel):
    """Whether a recipe would take an answer; `message` says why not."""

    message: str | None


class AliasesBody(SessionBody):
    """Other names of a session, for display."""

    aliases: dict[str, str] = {}


class Project(BaseModel):
    """What the page needs to know before the first task."""

    dataset: str
    view_id: str
    session_id: str
    config: dict[str, Any]
    validates: bool = Field(description="Whether answers have to be checked by /validate_answer first")
    scripts: list[str] = Field([], description="Scripts of the recipe, in order")
    styles: list[str] = Field([], description="Style sheets of the recipe, in order")
    hooks: list[str] = Field([], description="Names of its event hooks")
    version: str
