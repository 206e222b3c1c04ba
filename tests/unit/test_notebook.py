"""The functions for a notebook: files as well as objects go in, and what comes out shows itself, escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup

import bioactive
from bioactive.active.rank import rank_pool
from bioactive.errors import BioactiveError
from bioactive.evaluation.bootstrap import Interval
from bioactive.notebook import Simulated, colours
from bioactive.simulation.curves import Report, Result
from bioactive.tokenizer import blank

EVIL = "<script>alert(1)</script>"


class Read(HTMLParser):
    """The elements of a piece of markup, and its words."""

    def __init__(self, shown: Any) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(shown._repr_html_())
        self.text = " ".join(self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def nlp() -> Language:
    """Finds IL-2, whose label is markup, in the first place."""
    nlp = blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": EVIL, "pattern": "IL-2"}, {"label": "CELL", "pattern": "T cells"}])
    return nlp


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    doc = Doc(blank("en").vocab, words=["IL-2", "and", "T", "cells", "and", "CD28"])
    doc.set_ents([Span(doc, 0, 1, EVIL), Span(doc, 2, 4, "CELL"), Span(doc, 5, 6, "CELL")])
    DocBin(docs=[doc]).to_disk(tmp_path / "gold.spacy")
    return tmp_path / "gold.spacy"


def test_functions_are_those_of_the_notebook_module() -> None:
    from bioactive import notebook

    for name in ("evaluate", "load", "rank", "show", "simulate"):
        assert getattr(bioactive, name) is getattr(notebook, name)
        assert name in dir(bioactive)
    with pytest.raises(AttributeError, match="'nothing'"):
        _ = bioactive.nothing  # type: ignore[attr-defined]


def test_load_takes_a_folder_and_explains_a_wrong_one(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "model")
    assert bioactive.load(tmp_path / "model").pipe_names == ["entity_ruler"]
    with pytest.raises(BioactiveError, match="B301"):
        bioactive.load(tmp_path / "nothing")


def test_evaluation_shows_types_and_totals(nlp: Language, gold: Path) -> None:
    result = bioactive.evaluate(nlp, gold, resamples=10)
    shown = Read(result)
    # CELL: one of two found, nothing else predicted.
    cells = shown.words[shown.words.index("CELL") :][:8]
    assert cells[:4] == ["CELL", "100.0", "50.0", "66.7"] and cells[5:] == ["2", "1", "1"]
    assert EVIL in shown.words and "script" not in shown.tags
    assert (
        bioactive.evaluate(nlp, list(DocBin().from_disk(gold).get_docs(nlp.vocab)), resamples=10).types == result.types
    )


def test_ranking_shows_the_first_tasks(nlp: Language, tmp_path: Path) -> None:
    texts = [f"{EVIL} IL-2 number {number}" for number in range(30)]
    (tmp_path / "pool.txt").write_text("\n".join(texts), encoding="utf8")
    ranking = bioactive.rank(nlp, tmp_path / "pool.txt", "length", n=20, suggest=False)
    ranking.tasks[0]["spans"] = [{"start": 0, "end": len(EVIL), "label": EVIL}]
    shown = Read(ranking)
    assert shown.tags.count("tr") == 11 and "script" not in shown.tags
    assert "20 of 30 texts by length" in shown.text and f"{EVIL} ({EVIL})" in shown.text
    assert ranking.tasks[1:] == rank_pool(nlp, texts, "length", 20, suggest=False).tasks[1:]
    assert Read(rank_pool(nlp, [], "random")).tags.count("tr") == 1


def test_docs_are_drawn_with_confidences(nlp: Language) -> None:
    doc = nlp("<b>IL-2</b> in T cells")
    doc.spans["crf_ner"] = SpanGroup(doc, name="crf_ner", attrs={"scores": [0.875, 0.5]}, spans=list(doc.ents))
    assert [ent.text for ent in doc.ents] == ["IL-2", "T cells"]
    shown = Read(bioactive.show(doc))
    assert shown.tags.count("mark") == 2 and not {"script", "b"} & set(shown.tags)
    assert f"{EVIL} 0.88" in shown.words and "CELL 0.50" in shown.words
    assert Read(bioactive.show([doc, doc])).tags.count("mark") == 4
    assert Read(bioactive.show(nlp("nothing"))).tags.count("mark") == 0


def test_simulation_shows_needs_and_its_page(tmp_path: Path) -> None:
    whole, needed = Interval(0.7, 0.6, 0.8), {"0.95": Interval(1234.0, 1000.0, 2000.0)}
    never = {"0.95": Interval(float("inf"), 1000.0, float("inf"))}
    nan = float("nan")
    rows = [Result(EVIL, [0], whole, needed, None, 0.0, 0.0, nan), Result("r", [0], whole, never, None, 0.0, 0.0, nan)]
    report = Report("words", 0.8, [0], 5000.0, rows)
    shown = Read(report)
    assert "script" not in shown.tags and {EVIL, "1,234", "not reached"} <= set(shown.words)
    page = tmp_path / "report.html"
    page.write_text('<p title="a">curves &amp; bands</p>', encoding="utf8")
    frame = Simulated(report, tmp_path, page)._repr_html_()
    assert 'srcdoc="&lt;p title=&quot;a&quot;&gt;curves &amp;amp; bands' in frame


def test_jupyter_takes_markup_and_keeps_words_for_a_terminal(nlp: Language, gold: Path, tmp_path: Path) -> None:
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    page = tmp_path / "report.html"
    page.write_text("<p>curves</p>", encoding="utf8")
    whole = Interval(0.7, 0.6, 0.8)
    report = Report("words", 0.8, [0], 5000.0, [Result("mnlp", [0], whole, {}, None, 0.0, 0.0, float("nan"))])
    drawn = {
        "mark": bioactive.show(nlp("IL-2 in T cells")),
        "table": bioactive.rank(nlp, ["IL-2", "T cells"], "length", suggest=False),
        "tr": bioactive.evaluate(nlp, gold, resamples=10),
        "td": report,
        "iframe": Simulated(report, tmp_path, page),
    }
    for tag, shown in drawn.items():
        data, _ = formatters.DisplayFormatter().format(shown)
        assert set(data) == {"text/html", "text/plain"}
        assert data["text/html"] == shown._repr_html_() and f"<{tag}" in data["text/html"]
    loaded, _ = formatters.DisplayFormatter().format(nlp)  # a pipeline has no markup, and needs none
    assert set(loaded) == {"text/plain"}


def test_a_label_has_its_colour_and_labels_side_by_side_have_several(nlp: Language) -> None:
    alone, beside = colours(["DNA"]), colours(["DNA", "RNA", "protein", "Белок", "Disease", "Chemical"])
    assert len(set(beside.values())) == 6
    assert set(alone.values()) <= set(beside.values())
    assert len(set(colours(map(str, range(40))).values())) == 12
    shown = bioactive.show(nlp("IL-2 in T cells")).markup
    assert len(set(re.findall(r"background: (hsl[^;]+)", shown))) == 2
