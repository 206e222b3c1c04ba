"""Package a pipeline: the same pipeline becomes the same bytes, whenever and wherever it is packaged."""

import os
import shutil
from pathlib import Path

import srsly
import typer
from spacy.cli.package import package


def main(
    model: Path = typer.Argument(..., help="Folder of the pipeline"),
    output: Path = typer.Argument(..., help="Folder for the package's own folder"),
    name: str = typer.Option(..., "--name", help="Its name, without the language"),
    version: str = typer.Option(..., "--version", help="Its version"),
) -> None:
    """Build a wheel with spaCy, in an empty folder and with one date for all files."""
    # spaCy keeps the README of an earlier package in the folder, and setuptools the files that it built then.
    shutil.rmtree(output / f"{srsly.read_json(model / 'meta.json')['lang']}_{name}-{version}", ignore_errors=True)
    output.mkdir(parents=True, exist_ok=True)
    # The earliest date that the format knows.
    os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")
    package(model, output, name=name, version=version, create_sdist=False, create_wheel=True, silent=False)


if __name__ == "__main__":
    typer.run(main)
