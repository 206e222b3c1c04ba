"""The model card of a revision: what its manifest and its pipeline's meta say, as the README.md of its folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly

if TYPE_CHECKING:
    from .revisions import Manifest

SETS = {"dev": "dev, which chose the best epoch", "test": "test, which decided nothing"}


def card(manifest: Manifest, folder: Path) -> str:
    """Write a model card, in Markdown with the header that a hub reads.

    manifest (Manifest): What is recorded of the revision.
    folder (Path): Its pipeline's folder.
    RETURNS (str): The card.
    """
    path = folder / "meta.json"
    meta: dict[str, Any] = srsly.read_json(path) if path.is_file() else {}
    parts = [
        _header(manifest, meta),
        f"# {manifest.name}",
        _summary(manifest, meta),
        _use(manifest),
        _scores(manifest, folder),
        _types(manifest),
        _origin(manifest, meta),
        _environment(manifest),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _header(manifest: Manifest, meta: Mapping[str, Any]) -> str:
    found: dict[str, Any] = {
        "library_name": "spacy",
        "pipeline_tag": "token-classification",
        "tags": ["spacy", "token-classification", "biomedical", "bioactive"],
    }
    if meta.get("lang"):
        found["language"] = [meta["lang"]]
    if meta.get("license"):
        found["license"] = meta["license"]
    scores = [(name, manifest.metrics[f"{name}_after"]) for name in SETS if f"{name}_after" in manifest.metrics]
    if scores:
        task = {"type": "token-classification", "name": "NER"}
        results = [
            {
                "task": task,
                "dataset": {"type": "private", "name": name},
                "metrics": [{"type": "f1", "name": "strict entity F1", "value": round(f1[0], 4)}],
            }
            for name, f1 in scores
        ]
        found["model-index"] = [{"name": manifest.name, "results": results}]
    return f"---\n{srsly.yaml_dumps(found).strip()}\n---"


def _summary(manifest: Manifest, meta: Mapping[str, Any]) -> str:
    labels = sorted({label for names in meta.get("labels", {}).values() for label in names})
    told = f"A spaCy pipeline ({', '.join(meta.get('pipeline', [])) or 'unknown components'}) that marks "
    told += f"{', '.join(f'`{label}`' for label in labels) or 'entities'}. Made by bioactive on {manifest.created[:10]}."
    return told


def _use(manifest: Manifest) -> str:
    code = f'import spacy\n\nfrom bioactive import models\n\nnlp = spacy.load(models.get("{manifest.name}"))'
    return f"```python\n{code}\n```"


def _scores(manifest: Manifest, folder: Path) -> str:
    rows = []
    for name, told in SETS.items():
        after, before = (manifest.metrics.get(f"{name}_{when}") for when in ("after", "before"))
        if after is not None:
            rows.append([told, ranged(after), "" if before is None else ranged(before)])
    if not rows:
        return ""
    lines = ["## Scores", _table(["set", "F1", "its parent"], rows)]
    lines.append("F1 of exact entities, micro; 95 % intervals over documents.")
    difference = manifest.metrics.get("dev_difference")
    if difference is not None:
        lines.append(f"Against its parent on dev, by the paired bootstrap: {ranged(difference, '+')}.")
    if "words_per_second" in manifest.metrics:
        # Without the card itself, so that writing it again changes nothing.
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.parent != folder)
        speed = manifest.metrics["words_per_second"]
        lines.append(f"It reads {speed:,.0f} words a second where it was made; its weights are {size / 1e6:,.1f} MB.")
    return "\n\n".join(lines)


def _types(manifest: Manifest) -> str:
    rows = [[f"`{label}`", ranged(f1)] for label, f1 in manifest.metrics.get("dev_types", {}).items()]
    return f"## By type, on dev\n\n{_table(['type', 'F1'], rows)}" if rows else ""


def _origin(manifest: Manifest, meta: Mapping[str, Any]) -> str:
    answers = ", ".join(f"{count:,} {kind}" for kind, count in sorted(manifest.answers.items())) or "none"
    answers += f", {manifest.words:,} words" if manifest.words else ""
    rows = [["parent", manifest.parent or "none"], ["answers", answers], ["in use", manifest.promoted]]
    rows += [[name, str(value)] for name, value in manifest.settings.items() if value not in (None, "")]
    rows += [[f"SHA-256 of {name}", f"`{digest}`"] for name, digest in manifest.data.items()]
    rows += [["SHA-256 of config.cfg", f"`{manifest.config}`"]] if manifest.config else []
    if meta.get("int8"):
        before, after = meta["int8"]["f1_before"], meta["int8"]["f1_after"]
        rows.append(["8-bit encoder", f"F1 {before:.3f} before, {after:.3f} after"])
    return f"## Where it comes from\n\n{_table(['', ''], rows)}"


def _environment(manifest: Manifest) -> str:
    rows = [[name, version] for name, version in manifest.environment.items() if version != "not installed"]
    return f"## Made with\n\n{_table(['', ''], rows)}" if rows else ""


def ranged(found: Sequence[float], sign: str = "") -> str:
    """A score and its interval: "0.704 (0.690 to 0.718)"; with "+" as its sign, a difference."""
    value, low, high = (f"{number:{sign}.3f}" for number in found)
    return f"{value} ({low} to {high})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
