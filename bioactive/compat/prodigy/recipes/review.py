"""`prodigy.recipes.review`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bioactive.annotate.preprocess import fetch_media as check_media
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import review as compare

from ..components.db import connect
from . import common as c

__all__ = ["review"]


@built_in(
    "review",
    dataset=c.DATASET,
    input_sets=c.Arg(help="Datasets to compare, with commas between", converter=c.split_string),
    view_id=c.Arg("--view-id", "-v", help="Annotation interface of the answers, where they do not say it"),
    label=c.LABEL,
    fetch_media=c.Arg("--fetch-media", "-FM", help="Refuse answers whose pictures, sound or video lie in files"),
    show_skipped=c.Arg("--show-skipped", "-S", help="Show ignored answers as well"),
    auto_accept=c.Arg("--auto-accept", "-A", help="Store at once what all agree on"),
    accept_single=c.Arg("--accept-single", "-AS", help="With --auto-accept, store what one alone answered too"),
)
def review(
    dataset: str,
    input_sets: str | Sequence[str],
    view_id: str | None = None,
    label: c.Labels = None,
    fetch_media: bool = False,
    show_skipped: bool = False,
    auto_accept: bool = False,
    accept_single: bool = False,
) -> dict[str, Any]:
    """Decide between the answers of several people."""

    names, labels = c.names_of(input_sets), c.labels_of(label)
    made = compare(dataset, connect(), names, labels, auto_accept, True, accept_single, show_skipped, view_id)
    if fetch_media:
        made["stream"].apply(check_media)
    return made
