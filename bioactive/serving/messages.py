"""What a client and the server say to each other."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Texts(BaseModel):
    """One text or many."""

    text: str | None = Field(None, description="One text")
    texts: list[str] | None = Field(None, description="Many texts; either this or `text`")


class Entity(BaseModel):
    """One entity. Offsets count code points of the text, as Python does; JavaScript counts otherwise beyond U+FFFF."""

    start: int = Field(description="Offset of the first character")
    end: int = Field(description="Offset after the last one")
    label: str
    text: str
    confidence: float | None = Field(description="Its probability; null where the pipeline gives none")


class Entities(BaseModel):
    """What was found in one text."""

    entities: list[Entity]


class Found(BaseModel):
    """What was found in each text, in the order of the request."""

    docs: list[Entities]


class Health(BaseModel):
    """That the server answers."""

    status: str


class About(BaseModel):
    """Which pipeline this is, and what a request may hold."""

    pipeline: str = Field(description="Language, name and version of the pipeline")
    bioactive: str = Field(description="Version of bioactive")
    labels: list[str]
    max_texts: int
    max_chars: int
    max_bytes: int


class Problem(BaseModel):
    """Why a request was not answered."""

    detail: str
    code: str = Field("", description="A code of bioactive, where there is one")
