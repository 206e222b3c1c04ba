"""What `bioactive models` prints: tables and lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from bioactive.models.comparing import Comparison
    from bioactive.models.promotions import Entry
    from bioactive.models.revisions import Revisions

SCORES = (("dev", ""), ("difference", "+"))


def rows_of(revisions: Revisions) -> list[dict[str, Any]]:
    """What the list says of each revision, oldest first; of those that were promoted, the log's last word."""
    from bioactive.models.promotions import history

    current = revisions.current()
    last = {entry.name: f"{entry.who}: {entry.why}" for entry in history(revisions.root)}
    rows = [_row(revisions, name) for name in revisions.names()]
    for row in rows:
        row["current"] = current is not None and current.name == row["name"]
        row["promoted"] = last.get(row["name"], row.get("promoted"))
    return rows


def _row(revisions: Revisions, name: str) -> dict[str, Any]:
    """One of them; a manifest that cannot be read does not hide the others."""
    from bioactive.errors import BioactiveError

    try:
        manifest = revisions.manifest(name)
    except BioactiveError as problem:
        return {"name": name, "problem": str(problem)}
    return {
        "name": name,
        "created": manifest.created,
        "parent": manifest.parent,
        "answers": sum(manifest.answers.values()),
        "dev": manifest.metrics.get("dev_after"),
        "difference": manifest.metrics.get("dev_difference"),
        "words_per_second": manifest.metrics.get("words_per_second"),
        "bytes": manifest.size,
        "promoted": manifest.promoted,
    }


def revision_table(rows: Sequence[dict[str, Any]]) -> Table:
    """The list, for a terminal."""
    from rich.table import Table
    from rich.text import Text

    from bioactive.models.card import ranged

    table = Table(box=None)
    for head in ("", "revision", "created", "answers", "dev F1", "against its parent", "words/s", "MB", "promoted"):
        table.add_column(
            head, no_wrap=head != "promoted", justify="right" if head in ("answers", "words/s", "MB") else "left"
        )
    for row in rows:
        star = "*" if row["current"] else ""
        if "problem" in row:
            table.add_row(star, row["name"], *[""] * 6, Text(row["problem"], style="red"))
            continue
        speed = "" if row["words_per_second"] is None else f"{row['words_per_second']:,.0f}"
        dev, difference = ("" if row[key] is None else ranged(row[key], sign) for key, sign in SCORES)
        cells = [row["created"][:16].replace("T", " "), f"{row['answers']:,}", dev]
        cells += [difference, speed, f"{row['bytes'] / 1e6:,.1f}" if row["bytes"] else ""]
        table.add_row(star, row["name"], *cells, Text(row["promoted"]))
    return table


def comparison_table(found: Comparison) -> Table:
    """Two pipelines side by side: F1 in all and by type, size and speed."""
    from rich.table import Table
    from rich.text import Text

    before, after = found.before, found.after
    table = Table(title=f"{found.sentences:,} sentences, F1 of exact entities")
    table.add_column("", no_wrap=True)
    for head in (before.name, after.name, "change", "95 % interval"):
        table.add_column(head, justify="right")
    for label, change in {"": found.verdict.paired.difference, **found.verdict.types}.items():
        style = "red" if change.high < 0 else "green" if change.low > 0 else None
        cells = [f"{before.f1(label):.3f}", f"{after.f1(label):.3f}", f"{change.value:+.3f}"]
        table.add_row(Text(label or "all"), *cells, f"{change.low:+.3f} to {change.high:+.3f}", style=style)
    table.add_section()
    for name, old, new, form in (
        ("words a second", before.speed, after.speed, ",.0f"),
        ("MB", before.size / 1e6, after.size / 1e6, ",.1f"),
    ):
        table.add_row(name, f"{old:{form}}", f"{new:{form}}", f"{new / old - 1:+.0%}" if old else "", "")
    return table


def change_lines(found: Comparison, examples: int) -> list[str]:
    """The sentences with other entities: how many, and some of them."""
    from bioactive.models.comparing import BROKEN, MENDED, OTHER, marked

    counts = {kind: sum(change.effect == kind for change in found.changes) for kind in (MENDED, BROKEN, OTHER)}
    told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    lines = [f"{len(found.changes):,} of {found.sentences:,} sentences have other entities: {told}"]
    for change in found.changes[:examples]:
        lines.append(f"\n{change.effect}  {change.doc_id}")
        for name in ("gold", "before", "after"):
            lines.append(f"  {name:7}{marked(change.text.strip(), getattr(change, name))}")
    return lines


def comparison_dict(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON-ready dicts."""
    sides = {
        when: {
            "name": side.name,
            "f1": [*side.evaluation.totals["micro"].f1],
            "types": {label: [*row.f1] for label, row in side.evaluation.types.items()},
            "bytes": side.size,
            "words_per_second": side.speed,
        }
        for when, side in (("before", found.before), ("after", found.after))
    }
    return {**sides, **found.verdict.to_dict(), "changes": [vars(change) for change in found.changes]}


def entry_line(entry: Entry) -> str:
    """A line of the log, in words."""
    done = "rolled back to" if entry.action == "rollback" else "promoted"
    instead = f", before {entry.before}" if entry.before else ""
    return f"{entry.when}  {entry.who} {done} {entry.name}{instead}{f': {entry.why}' if entry.why else ''}"
