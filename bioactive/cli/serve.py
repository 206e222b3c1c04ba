"""`bioactive serve`: a trained pipeline behind HTTP."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from spacy.language import Language

    from bioactive.annotate.access import Access

MEBIBYTE = 1024 * 1024


def serve_cli(
    model: str = typer.Argument(..., help="Folder of a trained pipeline, or name of an installed one"),
    host: str = typer.Option("localhost", "--host", help="Address to listen on"),
    port: int = typer.Option(8090, "--port", "-p", min=0, max=65535, help="Port; 0 for any that is free"),
    spans_key: str | None = typer.Option(
        None, "--spans-key", "-sc", help="Serve doc.spans[KEY], which may nest, not doc.ents"
    ),
    batch_size: int = typer.Option(64, "--batch-size", "-bs", min=1, help="Texts a batch, of one request or several"),
    max_texts: int = typer.Option(1000, "--max-texts", min=1, help="Texts of one request"),
    max_chars: int = typer.Option(100_000, "--max-chars", min=1, help="Characters of one text"),
    max_body: int = typer.Option(8, "--max-body", min=1, help="MiB of one request"),
    max_waiting: int = typer.Option(10_000, "--max-waiting", min=1, help="Texts that may wait; more are refused"),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="Number of the GPU; -1 for the CPU"),
    code: Path | None = typer.Option(None, "--code", "-c", help="Python file that registers components of your own"),
) -> None:
    """Serve a pipeline over HTTP: POST /predict with texts gives their entities, with offsets and confidences."""
    from bioactive.serving.server import Options, serve

    def load() -> Language:
        from bioactive.evaluation.load import load_pipeline

        return load_pipeline(model, code, gpu_id)

    limits = (max_texts, max_chars, max_body * MEBIBYTE, max_waiting)
    with contextlib.suppress(KeyboardInterrupt):
        serve(load, Options(host, port, spans_key, batch_size, *limits), say_where)


def say_where(url: str, access: Access | None) -> None:
    """Print where to ask, and what a request has to bring."""
    typer.echo(f"POST {url}predict takes texts; {url}openapi.json describes it. Ctrl+C ends.")
    if access is not None and access.token:
        typer.echo(f"Each request needs the header  Authorization: Bearer {access.token}")
    if access is not None and access.user:
        typer.echo(f"Each request needs the password of {access.user} (HTTP basic authentication)")
