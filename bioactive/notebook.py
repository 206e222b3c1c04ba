"""The functions for a notebook: `bioactive.load`, `rank`, `evaluate`, `simulate` and `show`.

They take files as well as objects, and what they give shows itself. `import bioactive` alone loads none of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.pool import read_pool
from bioactive.active.rank import rank_pool
from bioactive.active.ranking import Ranking
from bioactive.annotate.tasks import Task
from bioactive.evaluation import evaluate as scoring
from bioactive.evaluation.evaluate import Evaluation
from bioactive.evaluation.load import load_pipeline, stream_docs
from bioactive.evaluation.pairs import CharSpan, confidences
from bioactive.simulation import simulate as simulating
from bioactive.simulation.curves import Report, report_on, write_report
from bioactive.simulation.experiment import read_experiment
from bioactive.simulation.page import write_page

TEMPLATE = (
    '<mark style="background: {bg}; color: #111; padding: .15em .35em; border-radius: .3em; line-height: 2">{text}'
    '<small style="font-weight: 600; margin-left: .4em; white-space: nowrap">{label}{confidence}</small></mark>'
)
HEIGHT = 720
HUES = 12  # and 5 steps lead through all of them


def load(model: str | Path, *, code: str | Path | None = None, gpu_id: int = -1) -> Language:
    """Load a trained pipeline.

    model (str | Path): A pipeline's folder, or the name of an installed package.
    code (str | Path | None): A Python file to run first, which registers components of one's own.
    gpu_id (int): Number of the GPU; -1 for the CPU.
    RETURNS (Language): The pipeline.
    RAISES (BioactiveError): B301 when there is none, B302 when it does not load.
    """
    return load_pipeline(model, None if code is None else Path(code), gpu_id)


def rank(
    nlp: Language, pool: str | Path | Iterable[Task | str], measure: str = "mnlp", n: int | None = None, **options: Any
) -> Ranking:
    """The texts that a pipeline is least sure of.

    nlp (Language): The pipeline.
    pool (str | Path | Iterable[Task | str]): A .jsonl, .txt or .spacy file, or texts, or dicts with a text.
    measure (str): A name such as "mnlp" or "entropy".
    n (int | None): How many to keep; all by default.
    options (Any): As in `active.ranking.RankOptions`: `unit="stretch"`, `seed`, `diversity`, ...
    RETURNS (Ranking): Its `tasks` are the least certain first.
    RAISES (BioactiveError): As `active.rank.rank_pool` and `active.pool.read_pool`.
    """
    items = read_pool(Path(pool), nlp.vocab, options.get("text_key", "text")) if isinstance(pool, str | Path) else pool
    return rank_pool(nlp, items, measure, n, **options)


def evaluate(nlp: Language, data: str | Path | Iterable[Doc], **options: Any) -> Evaluation:
    """Score a pipeline.

    nlp (Language): The pipeline.
    data (str | Path | Iterable[Doc]): A labelled .spacy file, or gold Docs.
    options (Any): As in `evaluation.evaluate.evaluate`: `raw`, `spans_key`, `resamples`, ...
    RETURNS (Evaluation): The scores, with intervals over documents.
    RAISES (BioactiveError): B101 and B120 for the file, B305 when nothing is annotated, B307 without entities.
    """
    docs = stream_docs(Path(data), nlp.vocab)[1] if isinstance(data, str | Path) else data
    return scoring.evaluate(nlp, docs, **options)


@dataclass(frozen=True)
class Simulated:
    """A finished simulation.

    report (Report): What it came to.
    output (Path): Its folder.
    page (Path): Its page, which a notebook shows in a frame.
    """

    report: Report
    output: Path
    page: Path

    def _repr_html_(self) -> str:
        inside = escape(self.page.read_text(encoding="utf8"))
        return f'<iframe title="Simulation" sandbox="" width="100%" height="{HEIGHT}" srcdoc="{inside}"></iframe>'


def simulate(
    config: str | Path,
    output: str | Path,
    overrides: dict[str, Any] | None = None,
    *,
    axis: str = "words",
    jobs: int = 1,
    restart: bool = False,
) -> Simulated:
    """Simulate annotation with a gold corpus as the annotator; a run that was stopped goes on.

    config (str | Path): Config of the simulation, such as configs/simulate.cfg.
    output (str | Path): Folder for the rounds and the results.
    overrides (dict[str, Any] | None): Settings by dotted name: {"rounds.count": 3}.
    axis (str): What costs are counted in.
    jobs (int): Processes.
    restart (bool): Throw away what an earlier run left.
    RETURNS (Simulated): The comparison of the strategies.
    RAISES (BioactiveError): As `simulation.experiment.read_experiment` and `simulation.simulate.simulate`.
    """
    experiment, folder = read_experiment(Path(config), overrides), Path(output)
    simulating.simulate(experiment, folder, simulating.Options(jobs, restart))
    write_report(experiment, folder)
    return Simulated(report_on(experiment, folder, axis), folder, write_page(experiment, folder, axis))


@dataclass(frozen=True)
class Shown:
    """Docs with their entities, as markup; a notebook shows it."""

    markup: str

    def _repr_html_(self) -> str:
        return self.markup


def show(docs: Doc | Iterable[Doc]) -> Shown:
    """Draw the entities of Docs with displaCy, each with its confidence.

    docs (Doc | Iterable[Doc]): One Doc or several.
    RETURNS (Shown): Texts and labels are escaped.
    """
    several = [docs] if isinstance(docs, Doc) else list(docs)
    painted = colours(ent.label_ for doc in several for ent in doc.ents)
    drawn = [_drawn(doc, painted) for doc in several]
    markup: str = displacy.render(drawn, style="ent", manual=True, jupyter=False, options={"template": TEMPLATE})
    return Shown(markup)


def _drawn(doc: Doc, painted: Mapping[str, str]) -> dict[str, Any]:
    sure = dict(confidences(doc, doc.ents))
    ents = []
    for ent in doc.ents:
        place = CharSpan(ent.start_char, ent.end_char, ent.label_)
        confidence = f" {sure[place]:.2f}" if place in sure else ""
        # displaCy escapes the text and leaves the label as it is; its colours are for the labels of spaCy's own models.
        params = {"label": escape(ent.label_), "confidence": confidence, "bg": painted[ent.label_]}
        ents.append({"start": ent.start_char, "end": ent.end_char, "label": ent.label_, "params": params})
    return {"text": doc.text, "ents": ents}


def colours(labels: Iterable[str]) -> dict[str, str]:
    """A light colour for each label: its own wherever it is shown, or the next one that is free beside others.

    labels (Iterable[str]): What is shown together; from 13 on, colours come again.
    RETURNS (dict[str, str]): Colours of CSS.
    """
    found: dict[str, int] = {}
    for label in sorted(set(labels)):
        places = [(crc32(label.encode()) + 5 * step) % HUES for step in range(HUES)]
        found[label] = next((place for place in places if place not in found.values()), places[0])
    return {label: f"hsl({360 // HUES * place}, 75%, 84%)" for label, place in found.items()}
