"""`prodigy.recipes.commands`: answers into and out of the database."""

from __future__ import annotations

from pathlib import Path

from bioactive.annotate import exchange

from ..components.db import connect

__all__ = ["db_in", "db_merge", "db_out", "drop"]


def db_in(set_id: str, in_file: str | Path, rehash: bool = False, **_options: object) -> int:
    """Read answers from a JSONL file into a dataset; returns how many were new."""
    return exchange.db_in(connect(), set_id, Path(in_file), rehash).added


def db_out(set_id: str, out_dir: str | Path | None = None, **_options: object) -> int:
    """Write the answers of a dataset to the terminal, or into a folder as DATASET.jsonl; returns how many."""
    lines = list(exchange.db_out(connect(), set_id))
    if out_dir is None:
        print("\n".join(lines))
    else:
        Path(out_dir).mkdir(parents=True, exist_ok=True)
        (Path(out_dir) / f"{set_id}.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return len(lines)


def db_merge(in_sets: str | list[str], out_set: str, **_options: object) -> int:
    """Add the answers of several datasets to another; returns how many were new."""
    names = in_sets.split(",") if isinstance(in_sets, str) else in_sets
    return exchange.db_merge(connect(), [name.strip() for name in names], out_set)


def drop(set_id: str, **_options: object) -> int:
    """Delete a dataset; returns how many answers went with it."""
    return connect().drop_dataset(set_id)
