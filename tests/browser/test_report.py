"""The report in a browser: readable at two widths, in both colour schemes, and on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from bioactive.report.pipeline import Subject, write_pipeline_report
from tests.browser.test_accessibility import violations

Open = Callable[..., Any]


@Language.component("first_word_is_an_entity", assigns=["doc.ents"])
def first_word_is_an_entity(doc: Doc) -> Doc:
    """Calls the first word a chemical, with a confidence that follows from the length of the text."""
    doc.set_ents([Span(doc, 0, 1, label="Chemical")], default="outside")
    doc.spans["found"] = SpanGroup(doc, spans=list(doc.ents), attrs={"scores": [1 / len(doc)]})
    return doc


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with every chart and each way of being wrong on its first words."""
    nlp = spacy.blank("en")
    nlp.add_pipe("first_word_is_an_entity")
    docs = []
    for number, (start, end, label) in enumerate(
        [(0, 1, "Chemical"), (0, 2, "Chemical"), (0, 1, "Disease"), (2, 3, "X")] * 5
    ):
        doc = Doc(nlp.vocab, words=f"aspirin number {number} helped".split()[: 3 + number % 2])
        doc.set_ents([Span(doc, start, end, label=label)], default="outside")
        docs.append(doc)
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_pipeline_report(nlp, docs, path, Subject("demo", "dev", 10**6), docs[:4])
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_report_passes_axe_and_fits_the_window(report: Path, new_page: Open, width: int, scheme: str) -> None:
    page = new_page(report.as_uri(), viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("mark").count() > 4


def test_nothing_is_cut_off_on_paper(report: Path, new_page: Open) -> None:
    page = new_page(report.as_uri(), viewport={"width": 1000, "height": 900})
    page.emulate_media(media="print")
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')].every(e => getComputedStyle(e).overflowX == 'visible')"
    )
