"""The pages: whole, self-contained, with each chart's numbers in a table, and with all text as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import DocBin
from typer.testing import CliRunner

from bioactive.annotate.agreement import span_agreement
from bioactive.cli.app import app
from bioactive.evaluation.bootstrap import Interval
from bioactive.evaluation.calibration import reliability_table
from bioactive.models.promotions import promote
from bioactive.models.revisions import Manifest, Revisions
from bioactive.report.charts import bars, reliability
from bioactive.report.pipeline import Subject, write_pipeline_report
from bioactive.report.store import write_store_report

VOID = {"meta", "line", "path", "rect", "circle", "br", "polygon", "img"}
EVIL = "<img/src=x>"


class Balanced(HTMLParser):
    """Notes elements, attributes and text; fails where they do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(path: Path) -> Balanced:
    """Parse a page, and make sure of what holds for each."""
    source = path.read_text(encoding="utf8")
    page = Balanced()
    page.feed(source)
    assert page.open == []
    tags = [tag for tag, _ in page.seen]
    assert tags.count("h1") == 1 and "main" in tags and "script" not in tags and "link" not in tags
    assert not [attrs for _, attrs in page.seen if {"src", "href"} & set(attrs)]
    assert "url(" not in source and "@import" not in source
    for tag, attrs in page.seen:
        assert tag != "svg" or (attrs["role"] == "img" and attrs["aria-label"])
    assert tags.count("table") == tags.count("caption")
    assert tags.count("svg") <= tags.count("table")
    return page


@pytest.fixture
def docs(gold):
    told = [
        [(3, 4, "DRUG", 0.9), (6, 7, "ILL", 0.4)],
        [(3, 4, "ILL", 0.6)],
        [(0, 1, "DRUG", 0.3), (5, 7, "ILL", 0.8)],
    ]
    ents = [(3, 4, "DRUG"), (5, 7, "ILL")]
    return [gold(f"case {n} : {EVIL} for severe gout", ents, told[n % 3], doc_id=f"d{n % 7}") for n in range(21)]


def test_page_of_a_pipeline_has_every_part(nlp: Language, docs, tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    found = write_pipeline_report(nlp, docs, path, Subject("a pipeline", "dev", 10**6), docs[:2], agreement_of_two())
    page = read(path)
    text = " ".join(page.text)
    assert "1 texts with several answers, 1 answers that cannot be read left out" in text
    headings = [page.text[i] for i, word in enumerate(page.text) if word in HEADINGS]
    assert headings == HEADINGS
    assert f"{found.totals['micro'].f1.value:.3f}" in text
    for number in (found.calibration.ece, found.types["ILL"].recall.low, found.totals["boundary"].f1.high):
        assert f"{number:.3f}" in text
    assert EVIL in text and "<img" not in path.read_text(encoding="utf8")
    assert {attrs.get("class") for tag, attrs in page.seen if tag == "mark"} == {"about", "other"}
    assert re.search(r"ILL\s+0\.60", text)


HEADINGS = ["By type", "Confidence", "Errors", "Examples", "Seen and new", "By length", "Time and cost", "Data"]
HEADINGS += ["Annotators", "How to read it"]


def agreement_of_two():
    task = {
        "text": "a b",
        "tokens": [{"id": n, "text": "ab"[n], "start": 2 * n, "end": 2 * n + 1} for n in range(2)],
        "answer": "accept",
    }
    spans = [{"start": 0, "end": 1, "label": "DRUG"}]
    rows = [{**task, "spans": spans, "_session_id": who, "_input_hash": 1, "_task_hash": 1} for who in ("anna", "ben")]
    return span_agreement([*rows, {**rows[0], "_session_id": "carl", "spans": [{"start": 0}]}])


def test_page_without_training_data_says_what_is_left_out(nlp, docs, tmp_path) -> None:
    write_pipeline_report(nlp, docs, tmp_path / "r.html", Subject("p", "dev", examples=0))
    text = " ".join(read(tmp_path / "r.html").text)
    assert "without the training data nobody knows" in text and "Annotators" not in text and "Examples" not in text


def test_page_of_a_store_names_what_is_in_use(tmp_path: Path) -> None:
    revisions = Revisions(tmp_path / "models")
    for answers, f1 in ((0, 0.5), (50, 0.6), (120, 0.65)):
        folder = tmp_path / "made"
        folder.mkdir()
        (folder / "config.cfg").write_text("x", encoding="utf8")
        name = revisions.next_name(answers)
        metrics = {"dev_after": [f1, f1 - 0.05, f1 + 0.05], "dev_types": {"ILL": [f1, f1 - 0.1, f1 + 0.1]}}
        revisions.publish(folder, Manifest(name, "p", {"accept": answers}, {}, metrics, "yes"))
    promote(revisions, name, f"better {EVIL}", who="anna")
    page = read(write_store_report(revisions, tmp_path / "store.html"))
    text = " ".join(page.text)
    assert f"{name} (in use)" in text and f"better {EVIL}" in text
    (line,) = (attrs["points"] for tag, attrs in page.seen if tag == "polyline")
    heights = [float(point.split(",")[1]) for point in line.split()]
    assert len(heights) == 3 and heights == sorted(heights, reverse=True)  # rises


def test_command_tells_the_kinds_of_folders_apart(nlp, docs, tmp_path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "dev.spacy")
    words = ["report", str(tmp_path / "pipeline"), "--data", str(tmp_path / "dev.spacy"), "--examples", "1"]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "pipeline on dev" in read(tmp_path / "pipeline" / "report.html").text
    assert CliRunner().invoke(app, [*words, "--exampels", "1"]).exit_code == 2
    (tmp_path / "simulated" / "runs").mkdir(parents=True)
    for folder, code in (("pipeline", "B811"), ("simulated", "B811"), (".", "B810")):
        failed = CliRunner().invoke(app, ["report", str(tmp_path / folder)])
        assert code in str(failed.exception)


def test_bars_lie_where_the_scores_are() -> None:
    svg = bars({"half": Interval(0.5, 0.25, 0.75), "none": Interval(0, 0, 0), "all": Interval(1, 1, 1)}, "told")
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', svg)]
    assert widths[1] == 0 and widths[0] == pytest.approx(widths[2] / 2, abs=0.1)
    start, end = map(float, re.search(r"M([\d.]+) [\d.]+v10m0-5H([\d.]+)", svg).groups())
    assert end - start == pytest.approx(widths[2] / 2, abs=0.2)


def test_reliability_dots_lie_on_the_diagonal_where_confidence_is_honest() -> None:
    svg = reliability(reliability_table([0.5, 0.5, 0.95] * 2, [True, False, True] * 2), "told")
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    # The corner is at (56, 344), one unit is 330 wide and high.
    assert float(dots[0][0]) - 56 == pytest.approx(344 - float(dots[0][1]), abs=0.2)
    assert len(dots) == 2
