"""Statistics, splits and leakage of .spacy files."""

from bioactive.cli.corpus import corpus_app
from bioactive.cli.entry import run

if __name__ == "__main__":
    run(corpus_app)
