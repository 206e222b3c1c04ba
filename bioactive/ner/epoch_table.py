"""The logger "bioactive.epoch_table.v1": a row an evaluation with epoch, loss, precision, recall, F1 and accuracy."""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import srsly
from spacy.language import Language

Info = dict[str, Any]
COLUMNS = ("epoch", "loss", "P", "R", "F1", "accuracy")
SCORES = {"P": "ents_p", "R": "ents_r", "F1": "ents_f", "accuracy": "ents_acc"}


def create_epoch_table(
    updates: int, output: Path | None = None
) -> Callable[[Language, IO[str], IO[str]], tuple[Callable[[Info | None], None], Callable[[], None]]]:
    """A logger for `spacy train`, registered as "bioactive.epoch_table.v1".

    updates (int): Updates an epoch, by which epochs are counted. Where it is `${training.eval_frequency}`, there is one
        row an epoch.
    output (Path | None): Write the rows to this .jsonl file too.
    RETURNS (Callable): What `spacy train` calls with the pipeline.
    """

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[Callable[[Info | None], None], Callable[[], None]]:
        table = EpochTable(updates, stdout)

        def finish() -> None:
            if output is not None:
                path = Path(output)  # a config gives text
                path.parent.mkdir(parents=True, exist_ok=True)
                srsly.write_jsonl(path, table.rows)

        return table.step, finish

    return setup


class EpochTable:
    """Prints rows as they come.

    updates (int): Updates an epoch.
    stdout (IO): Where to.
    """

    def __init__(self, updates: int, stdout: IO[str]) -> None:
        self.updates = updates
        self.stdout = stdout
        self.rows: list[dict[str, float | None]] = []
        self.since = 0  # updates since the last evaluation

    def step(self, info: Info | None) -> None:
        """Take note of one update.

        info (dict | None): What `spacy train` tells where it has evaluated.
        """
        self.since += 1
        if info is None:
            return
        loss = sum(info["losses"].values()) / self.since
        self.since = 0
        if info["step"] == 0:  # the evaluation after the first update says nothing of an epoch
            self._print([f"{name:>8}" for name in COLUMNS])
            return
        row: dict[str, float | None] = {"epoch": info["step"] / self.updates, "loss": loss}
        row |= {name: info["other_scores"].get(key) for name, key in SCORES.items()}
        self.rows.append(row)
        self._print([f"{row['epoch']:8.2f}", *(_cell(row[name]) for name in COLUMNS[1:])])

    def _print(self, cells: list[str]) -> None:
        self.stdout.write(" ".join(cells) + "\n")
        self.stdout.flush()


def _cell(value: float | None) -> str:
    return f"{'':8}" if value is None else f"{value:8.4f}"
