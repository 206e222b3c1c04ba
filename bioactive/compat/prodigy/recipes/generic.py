"""`prodigy.recipes.generic`."""

from __future__ import annotations

from typing import Any

from bioactive.annotate.formats import Source
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import mark as mark_tasks

from . import common as c

__all__ = ["mark"]

VIEW = c.Arg("--view-id", "-v", help="Annotation interface")


@built_in(
    "mark",
    dataset=c.DATASET,
    source=c.SOURCE,
    loader=c.LOADER,
    label=c.LABEL,
    view_id=VIEW,
    exclude=c.EXCLUDE,
)
def mark(
    dataset: str,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    view_id: str | None = None,
    exclude: c.Labels = None,
) -> dict[str, Any]:
    """Go through tasks as they are, and accept or reject each."""
    stream = c.open_source(source, loader)
    made = mark_tasks(dataset, stream, view_id or "text", c.labels_of(label))
    return c.with_exclude(made, exclude)
