"""Yes/no questions about passages: convert, generate, evaluate."""

from bioactive.cli.entry import run
from bioactive.cli.questions import questions_app

if __name__ == "__main__":
    run(questions_app)
