"""Find the entities in texts with a trained pipeline."""

from bioactive.cli.entry import run_one
from bioactive.cli.predict import predict_cli

if __name__ == "__main__":
    run_one(predict_cli)
