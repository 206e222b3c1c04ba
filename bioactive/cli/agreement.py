"""`bioactive metric.iaa.span`, `metric.iaa.doc` and `metric.iaa.binary`: how far annotators agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from .db import DATASET, DB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bioactive.annotate.agreement import Agreement, Unit
    from bioactive.annotate.tasks import Task


def iaa_span_cli(dataset: str = DATASET, db: str | None = DB) -> None:
    """Agreement on spans: pairwise F1 by label and by pair, and the coefficients for the label of each word."""
    from rich.console import Console
    from rich.table import Table

    from bioactive.annotate.agreement import span_agreement
    from bioactive.annotate.store import Store

    with Store(db) as store:
        found = span_agreement(store.iter_examples(dataset))
    table = Table("label", "spans", "pairwise F1", title=f"{dataset}: {found.texts} texts with several answers")
    for label, f1 in found.f1.items():
        table.add_row(label or "all", str(found.spans[label]), f"{f1:.3f}")
    Console().print(table)
    for (one, other), f1 in found.pairs.items():
        typer.echo(f"{one} and {other}: F1 {f1:.3f}")
    _print({"words": found.words}, "labels of words")
    if found.left_out:
        typer.echo(f"Left out: {found.left_out} answers whose spans or tokens cannot be read")


def iaa_doc_cli(dataset: str = DATASET, db: str | None = DB) -> None:
    """Agreement on the labels of whole texts."""
    from bioactive.annotate.agreement import doc_units

    _print_units(dataset, db, doc_units)


def iaa_binary_cli(dataset: str = DATASET, db: str | None = DB) -> None:
    """Agreement on accept and reject."""
    from bioactive.annotate.agreement import binary_units

    _print_units(dataset, db, binary_units)


def _print_units(dataset: str, db: str | None, units_of: Callable[[Iterable[Task]], list[Unit]]) -> None:
    from bioactive.annotate.agreement import agreement, agreement_by_label
    from bioactive.annotate.store import Store

    with Store(db) as store:
        units = units_of(store.iter_examples(dataset))
    _print({"all": agreement(units), **agreement_by_label([unit for unit in units if len(unit) > 1])}, dataset)


def _print(rows: dict[str, Agreement], title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    heads = ("", "units", "observed", "Cohen", "Fleiss", "Krippendorff", "Gwet AC2")
    table = Table(*heads, title=title)
    for name, row in rows.items():
        values = (row.observed, row.cohen, row.fleiss, row.alpha, row.gwet)
        table.add_row(name, str(row.units), *("" if value is None else f"{value:.3f}" for value in values))
    Console().print(table)
