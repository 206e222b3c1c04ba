"""Train again with the answers of a dataset."""

from bioactive.cli.entry import run_one
from bioactive.cli.retrain import retrain_cli

if __name__ == "__main__":
    run_one(retrain_cli)
