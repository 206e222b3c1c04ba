"""Rank a pool of texts by how unsure a trained pipeline is about them."""

from bioactive.cli.entry import run_one
from bioactive.cli.rank import rank_cli

if __name__ == "__main__":
    run_one(rank_cli)
