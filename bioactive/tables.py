"""Tables as HTML, for reports and for notebooks. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

# Notebooks put headers to the right and in bold, which suits names and not sentences.
NAMES, SENTENCES = "text-align: left", "text-align: left; font-weight: normal"


def table(caption: str, head: Iterable[str], rows: Iterable[Sequence[str]], style: str = NAMES) -> str:
    """A table; the first cell of a row is its header, and text in it is escaped. Other cells are made here.

    A cell that begins with "<td" brings its own element; `style` is that of the first cells: `NAMES` or `SENTENCES`.
    """
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row" style="{style}">{escape(first)}</th>{"".join(map(_cell, cells))}</tr>'
        for first, *cells in rows
    )
    return (
        f'<div class="scroll" role="region" aria-label="{escape(caption)}" tabindex="0"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def sentence(told: str) -> str:
    """A cell with words in it, which are escaped."""
    return f'<td style="text-align: left">{escape(told)}</td>'


def _cell(cell: str) -> str:
    return cell if cell.startswith("<td") else f"<td>{cell}</td>"
