"""Score a trained pipeline on a labelled .spacy file."""

from bioactive.cli.entry import run_one
from bioactive.cli.evaluate import evaluate_cli

if __name__ == "__main__":
    run_one(evaluate_cli)
