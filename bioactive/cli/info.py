"""`bioactive info`: versions of what is installed, or what a packaged pipeline says about itself."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path
from typing import Any

import typer

from bioactive.errors import error


def info_cli(
    model: str | None = typer.Argument(None, help="Folder of a trained pipeline, or name of an installed one"),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead"),
) -> None:
    """Print the versions in use, or a pipeline's labels, scores and requirements."""
    from bioactive.models.environment import versions

    rows = versions() if model is None else pipeline_rows(read_meta(model))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    width = max(map(len, rows))
    for name, value in rows.items():
        typer.echo(f"{name:{width}}  {value}")


def read_meta(model: str) -> dict[str, Any]:
    """The meta.json of a pipeline, without loading it.

    model (str): A folder, or the name of an installed package.
    RETURNS (dict[str, Any]): Its meta.
    RAISES (BioactiveError): B301 when there is no such pipeline.
    """
    import srsly

    folder = Path(model)
    if not folder.is_dir():
        spec = util.find_spec(model) if model.isidentifier() else None
        if spec is None or spec.origin is None:
            raise error("B301", path=model)
        folder = Path(spec.origin).parent
    path = folder / "meta.json"
    if not path.is_file():
        raise error("B301", path=model)
    meta: dict[str, Any] = srsly.read_json(path)
    return meta


def pipeline_rows(meta: dict[str, Any]) -> dict[str, str]:
    """The parts of a pipeline's meta that a user asks for.

    meta (dict[str, Any]): Contents of meta.json.
    RETURNS (dict[str, str]): Text by name.
    """
    rows = {
        "name": f"{meta['lang']}_{meta['name']} {meta['version']}",
        "spacy": meta.get("spacy_version", ""),
        "pipeline": ", ".join(meta.get("pipeline", [])),
        "requirements": ", ".join(meta.get("requirements", [])),
    }
    for component, labels in meta.get("labels", {}).items():
        rows[f"labels of {component}"] = ", ".join(labels)
    for name, value in meta.get("performance", {}).items():
        if isinstance(value, float):
            rows[name] = f"{value:.4f}"
    rows |= {
        f"data, {name}": f"{file['file']}, SHA-256 {file['sha256']}" for name, file in meta.get("data", {}).items()
    }
    return rows
