"""Write the answers of a dataset as JSONL."""

from bioactive.cli.db import db_out_cli
from bioactive.cli.entry import run_one

if __name__ == "__main__":
    run_one(db_out_cli)
