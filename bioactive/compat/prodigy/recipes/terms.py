"""`prodigy.recipes.terms`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import terms_teach

from ..components.db import connect
from ..util import get_seeds
from . import common as c

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["teach"]


@built_in(
    "terms.teach",
    dataset=c.DATASET,
    vectors=c.Arg(help="Loadable spaCy pipeline with vectors of words"),
    seeds=c.Arg("--seeds", "-s", help="Terms with commas between, or a file of them", converter=get_seeds),
    resume=c.Arg("--resume", "-R", help="Begin with the answers that the dataset has"),
)
def teach(
    dataset: str, vectors: str | Language, seeds: str | Sequence[str] | None = None, resume: bool = False
) -> dict[str, Any]:
    """Accept or reject terms that are like those accepted so far."""
    return terms_teach(dataset, connect(), c.open_pipeline(vectors), get_seeds(seeds), resume)
