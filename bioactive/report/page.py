"""The parts of an HTML page that needs nothing but itself: no script, no font, no address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from bioactive.evaluation.bootstrap import Interval

from .drawing import Line

STYLE = """
:root {
  --ink: #1c2430; --soft: #5b6675; --rule: #d9dee6; --ground: #ffffff; --card: #f6f7f9; --fade: .14;
  --mark: #dbe9fa;
  --c0: #5b6675; --c1: #0b66c3; --c2: #c2410c; --c3: #15803d; --c4: #a21caf; --c5: #a16207; --c6: #0f766e;
  --c7: #be123c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6eaf0; --soft: #a3adba; --rule: #38424f; --ground: #12171e; --card: #1a212b; --fade: .2;
    --mark: #243a56;
    --c0: #a3adba; --c1: #6cb1ff; --c2: #ff9b66; --c3: #5fd08a; --c4: #e58cf0; --c5: #e3b341; --c6: #4fd1c5;
    --c7: #ff8095;
  }
}
* { box-sizing: border-box }
body {
  margin: 0 auto; max-width: 76rem; padding: 1.5rem clamp(1rem, 4vw, 2.5rem);
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .25rem 0 .75rem; max-width: 46rem }
.soft, figcaption, caption { color: var(--soft); font-size: .9rem }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 1.25rem }
figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .75rem }
svg { display: block; width: 100%; height: auto }
svg text { fill: var(--soft); font-size: 13px }
@media (max-width: 40rem) { svg text { font-size: 20px } }
svg.plot { max-width: 30rem }
svg.plot text { font-size: 14px }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
caption { text-align: left; padding-bottom: .35rem }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--rule) }
th { text-align: left; font-weight: 600 }
td { text-align: right; white-space: nowrap }
tbody th { white-space: nowrap }
thead th:not(:first-child) { text-align: right }
td small { color: var(--soft); display: block }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; color: var(--ink) }
.key { display: inline-block; width: 1.1rem; height: .25rem; border-radius: 2px; margin-right: .4rem }
.key { vertical-align: middle }
dl.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1rem 0 }
dl.facts div { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .5rem .75rem }
dl.facts dt { color: var(--soft); font-size: .85rem }
dl.facts dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums }
dl.facts small { display: block; font-size: .8rem; color: var(--soft) }
.beside, .split { display: grid; gap: 1.25rem; align-items: start; margin-bottom: 1rem }
.beside { grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)) }
.split { grid-template-columns: 2fr 3fr }
.split th, .split td { padding: .35rem .4rem }
.split tbody th { white-space: normal }
.beside > *, .split > * { min-width: 0 }
@media (max-width: 60rem) {
  .split { grid-template-columns: 1fr }
  th, td { padding: .35rem .4rem }
}
section > figure { max-width: 44rem; margin-bottom: 1rem }
td.words { text-align: left; white-space: normal; min-width: 14rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .35rem }
.example { border-left: 3px solid var(--rule); padding: .1rem 0 .1rem .75rem; margin: .6rem 0 1rem }
.example .line { display: grid; grid-template-columns: 5.5rem 1fr; gap: .5rem; align-items: baseline }
.example .who { color: var(--soft); font-size: .85rem }
.entities { line-height: 2.1 }
.line > div { grid-column: 2 }
mark { background: var(--mark); color: var(--ink); border-radius: .3rem; padding: .15rem .35rem }
mark { -webkit-box-decoration-break: clone; box-decoration-break: clone }
mark mark { background: color-mix(in srgb, var(--c1) 24%, var(--mark)) }
mark.about { outline: 2px solid var(--c1) }
mark small { white-space: nowrap; font-size: .75rem; font-weight: 600; margin-left: .3rem }
td.share { background: color-mix(in srgb, var(--c1) calc(var(--share) * 35%), transparent) }
@media print {
  :root { font-size: 11px }
  body { max-width: none; padding: 0 }
  .scroll { overflow: visible }
  figure, .example, tr { break-inside: avoid }
  h2, h3, caption { break-after: avoid }
}
"""


def write_html(path: Path, title: str, parts: Iterable[str]) -> Path:
    """Write a page.

    path (Path): The file; its folder is made if need be.
    title (str): What it is about.
    parts (Iterable[str]): Its markup, in order.
    RETURNS (Path): The same path.
    """
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head = f"{meta}<title>{escape(title)}</title><style>{STYLE}</style>"
    body = ["<main>", f"<h1>{escape(title)}</h1>", *parts, "</main>"]
    whole = ["<!doctype html>", f'<html lang="en"><head>{head}</head>', "<body>", *body, "</body></html>", ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(whole), encoding="utf8")
    return path


def section(title: str, *parts: str) -> str:
    """A heading and what follows; nothing where nothing follows."""
    found = "".join(parts)
    return f"<section><h2>{escape(title)}</h2>{found}</section>" if found else ""


def text(words: str, soft: bool = False) -> str:
    """A paragraph; the words are escaped."""
    return f"<p{' class=soft' if soft else ''}>{escape(words)}</p>"


def figure(svg: str, told: str, keys: str = "") -> str:
    """A chart with what it shows.

    svg (str): The chart.
    told (str): Its caption.
    keys (str): A legend, as markup.
    RETURNS (str): A `figure` element.
    """
    return f"<figure>{svg}<figcaption>{keys}{escape(told)}</figcaption></figure>"


def beside(*parts: str) -> str:
    """Parts of like width next to each other where there is room."""
    return f'<div class="beside">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def split(chart: str, table: str) -> str:
    """A chart and the wider table of its numbers next to each other where there is room."""
    return f'<div class="split"><div>{chart}</div><div>{table}</div></div>'


def facts(found: Mapping[str, str]) -> str:
    """A few numbers, each under its name; the numbers are markup made here."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in found.items())
    return f'<dl class="facts">{rows}</dl>'


def legend(lines: Sequence[Line]) -> str:
    """The names of lines with their colours."""
    keys = "".join(
        f'<span><span class="key" style="background:{line.colour}"></span>{escape(line.name)}</span>' for line in lines
    )
    return f'<div class="legend">{keys}</div>'


def ranged(found: Interval, digits: int = 3) -> str:
    """A number and its interval below, where it has one."""
    interval = f"<small>{found.low:.{digits}f} to {found.high:.{digits}f}</small>" if found.low < found.high else ""
    return f"{found.value:.{digits}f}{interval}"


def shaded(value: str, share: float) -> str:
    """A cell of a table, the darker the larger its share is, in [0, 1]."""
    return f'<td class="share" style="--share:{share:.2f}">{value}</td>'


def words(told: str) -> str:
    """A cell of a table with words in it, which are escaped."""
    return f'<td class="words">{escape(told)}</td>'
