"""Bars with intervals and the reliability diagram as SVG text, with colours that the page around them decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from bioactive.evaluation.bootstrap import Interval
from bioactive.evaluation.calibration import ReliabilityBin

WIDTH, LABEL, ROW = 480, 165, 28
SIDE, EDGE = 400, 56


def bars(rows: Mapping[str, Interval], told: str) -> str:
    """Scores as horizontal bars from 0 to 1, each with its interval.

    rows (Mapping[str, Interval]): Scores by name, in the order shown.
    told (str): What it shows, for those who do not see it.
    RETURNS (str): An `svg` element.
    """
    height = ROW * len(rows) + 34
    across = WIDTH - LABEL - 62
    parts = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x = LABEL + tick * across
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{height - 26}" stroke="var(--rule)"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 6}" text-anchor="middle">{tick:g}</text>')
    for number, (name, found) in enumerate(rows.items()):
        middle = 8 + ROW * number + ROW / 2
        low, value, high = (LABEL + share * across for share in (found.low, found.value, found.high))
        parts += [
            f'<text x="{LABEL - 8}" y="{middle + 5:.1f}" text-anchor="end">{escape(_short(name))}</text>',
            f'<rect x="{LABEL}" y="{middle - 8:.1f}" width="{value - LABEL:.1f}" height="16" rx="2" fill="var(--c1)"/>',
            f'<path d="M{low:.1f} {middle - 5:.1f}v10m0-5H{high:.1f}m0-5v10" stroke="var(--ink)" '
            'stroke-width="1.5" fill="none"/>',
            f'<text x="{WIDTH - 4}" y="{middle + 5:.1f}" text-anchor="end">{found.value:.3f}</text>',
        ]
    return _svg(WIDTH, height, told, parts)


def reliability(rows: Sequence[ReliabilityBin], told: str) -> str:
    """Accuracy over confidence; where confidences are honest the bars end on the diagonal.

    rows (Sequence[ReliabilityBin]): The reliability table.
    told (str): What it shows, for those who do not see it.
    RETURNS (str): An `svg` element; the area of a dot is the number of predictions.
    """
    most = max((row.count for row in rows), default=0) or 1
    parts = [f'<path d="M{_at(0)} {_up(0)}L{_at(1)} {_up(1)}" stroke="var(--soft)" stroke-dasharray="4 4"/>']
    for tick in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path d="M{_at(0)} {_up(tick)}H{_at(1)}M{_at(tick)} {_up(0)}V{_up(1)}" stroke="var(--rule)"/>')
        parts.append(f'<text x="{EDGE - 8}" y="{float(_up(tick)) + 5:.1f}" text-anchor="end">{tick:g}</text>')
        parts.append(f'<text x="{_at(tick)}" y="{SIDE - EDGE + 22}" text-anchor="middle">{tick:g}</text>')
    for row in rows:
        if not row.count:
            continue
        width = float(_at(row.high)) - float(_at(row.low)) - 3
        parts.append(
            f'<rect x="{float(_at(row.low)) + 1.5:.1f}" y="{_up(row.accuracy)}" width="{width:.1f}" '
            f'height="{float(_up(0)) - float(_up(row.accuracy)):.1f}" fill="var(--c1)" opacity=".35"/>'
        )
        radius = 3 + 9 * (row.count / most) ** 0.5
        parts.append(f'<circle cx="{_at(row.confidence)}" cy="{_up(row.accuracy)}" r="{radius:.1f}" fill="var(--c1)"/>')
    middle = SIDE / 2
    parts.append(f'<text x="{middle}" y="{SIDE - 8}" text-anchor="middle">confidence</text>')
    parts.append(
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">share right</text>'
    )
    return _svg(SIDE, SIDE, told, parts)


def _at(share: float) -> str:
    return f"{EDGE + share * (SIDE - EDGE - 14):.1f}"


def _up(share: float) -> str:
    return f"{SIDE - EDGE - share * (SIDE - EDGE - 14):.1f}"


def _short(name: str) -> str:
    return name if len(name) <= 19 else f"{name[:18]}…"


def _svg(width: int, height: int, told: str, parts: Sequence[str]) -> str:
    head = f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(told)}">'
    return f"{head}{''.join(parts)}</svg>"
