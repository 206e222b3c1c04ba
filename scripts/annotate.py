"""Serve the entities that a pipeline suggests for correction in the browser."""

from bioactive.cli.annotate import ner_correct_cli
from bioactive.cli.entry import run_one

if __name__ == "__main__":
    run_one(ner_correct_cli)
