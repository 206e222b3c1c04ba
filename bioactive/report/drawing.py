"""Learning curves as SVG text, with colours that the page around them decides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 58, 52, 14, 54


@dataclass(frozen=True)
class Line:
    """A mean curve and its band.

    name (str): For the legend.
    colour (str): Of CSS.
    x, mean, low, high (np.ndarray): Points, [G], and F1 at each.
    dots (bool): Mark each point.
    """

    name: str
    colour: str
    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    dots: bool = False


@dataclass(frozen=True)
class Drawing:
    """A chart.

    lines (Sequence[Line]): At least one.
    levels (Sequence[tuple[float, str]]): F1 that are marked across, with a word each.
    x_title (str): Under the chart.
    told (str): What it shows, for those who do not see it.
    """

    lines: Sequence[Line]
    levels: Sequence[tuple[float, str]]
    x_title: str
    told: str

    def svg(self) -> str:
        """The chart as an `svg` element."""
        parts = "".join([*self._grid(), *self._levels(), *self._bands(), *self._curves()])
        return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.told)}">{parts}</svg>'

    @property
    def x_range(self) -> tuple[float, float]:
        """From 0 to the highest cost."""
        return 0.0, max(float(line.x[-1]) for line in self.lines) or 1.0

    @property
    def y_range(self) -> tuple[float, float]:
        """From the lowest F1 to the highest, and a bit."""
        low = min(float(line.low.min()) for line in self.lines)
        high = max([float(line.high.max()) for line in self.lines] + [level for level, _ in self.levels])
        edge = 0.04 * max(high - low, 0.01)
        return max(0.0, low - edge), min(1.0, high + edge)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the picture."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        across = LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    def _grid(self) -> Iterator[str]:
        left, bottom = self.at(0, self.y_range[0])
        for y in ticks(*self.y_range):
            _, place = self.at(0, y)
            yield f'<line x1="{left:.1f}" x2="{WIDTH - RIGHT}" y1="{place:.1f}" y2="{place:.1f}" stroke="var(--rule)"/>'
            yield f'<text x="{left - 7:.1f}" y="{place + 4:.1f}" text-anchor="end">{y:.2f}</text>'
        for x in (tick for tick in ticks(*self.x_range) if tick == int(tick)):  # costs and revisions are counted
            place, _ = self.at(x, 0)
            yield f'<text x="{place:.1f}" y="{bottom + 20:.1f}" text-anchor="middle">{x:,.0f}</text>'
        middle = (LEFT + WIDTH - RIGHT) / 2
        yield f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(self.x_title)}</text>'

    def _levels(self) -> Iterator[str]:
        before = -math.inf
        for level, name in sorted(self.levels, reverse=True):
            _, place = self.at(0, level)
            if not TOP - 1 <= place <= HEIGHT - BOTTOM:
                continue
            yield (
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place:.1f}" y2="{place:.1f}" stroke="var(--soft)" '
                'stroke-dasharray="2 4"/>'
            )
            if place - before >= 16:  # two names would lie on each other
                yield f'<text x="{WIDTH - RIGHT + 5}" y="{place + 4:.1f}">{escape(name)}</text>'
                before = place

    def _bands(self) -> Iterator[str]:
        for line in self.lines:
            above = [self.at(x, y) for x, y in zip(line.x, line.high, strict=True)]
            below = [self.at(x, y) for x, y in zip(line.x, line.low, strict=True)]
            points = _points([*above, *reversed(below)])
            yield f'<polygon points="{points}" fill="{line.colour}" style="opacity:var(--fade)"/>'

    def _curves(self) -> Iterator[str]:
        for line in self.lines:
            places = [self.at(x, y) for x, y in zip(line.x, line.mean, strict=True)]
            yield (
                f'<polyline points="{_points(places)}" fill="none" stroke="{line.colour}" stroke-width="2.2" '
                f'stroke-linejoin="round"><title>{escape(line.name)}</title></polyline>'
            )
            for x, y in places if line.dots else ():
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{line.colour}"/>'


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two bounds.

    low, high (float): The bounds, low < high.
    most (int): About how many.
    RETURNS (list[float]): Multiples of 1, 2 or 5 times a power of ten.
    """
    rough = (high - low) / most
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
