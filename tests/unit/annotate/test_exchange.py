"""Answers between datasets and databases, and what is told about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bioactive.annotate.exchange import db_merge, throughput, written
from bioactive.annotate.leases import Terms
from bioactive.annotate.migrate import copy_database
from bioactive.annotate.rows import Answer
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import set_hashes
from bioactive.errors import BioactiveError


def given(text: str, session: str = "ds-anna", shown: float | None = None, answered: float | None = None) -> Answer:
    content = {**set_hashes({"text": text}), "answer": "accept", "_session_id": session}
    return Answer(content, session, "", shown, answered)


def test_merge_adds_each_answer_once(store: Store) -> None:
    store.append("one", [given("a"), given("b")])
    store.append("two", [given("b"), given("c")])
    assert db_merge(store, ["one", "two"], "all") == 3
    assert db_merge(store, ["one", "two"], "all") == 0
    with pytest.raises(BioactiveError, match="B407"):
        db_merge(store, ["one", "nothing"], "none of it")
    assert store.datasets == ["all", "one", "two"]
    assert sorted(example["text"] for example in store.iter_examples("all")) == ["a", "b", "c"]


def test_throughput_is_the_median_time_of_an_answer(store: Store) -> None:
    store.append("ds", [given("a", shown=10, answered=12), given("b", shown=20, answered=26), given("c")])
    store.append("ds", [given("d", "ds-ben", 1, 2)])
    anna, ben = throughput(store, "ds")
    assert (anna.session, anna.answers, anna.seconds, anna.first) == ("ds-anna", 3, 4, 12)
    assert (ben.session, ben.answers, ben.seconds, ben.last) == ("ds-ben", 1, 1, 2)
    with pytest.raises(BioactiveError, match="B407"):
        throughput(store, "missing")


def test_written_puts_spans_in_brackets() -> None:
    spans = [{"start": 0, "end": 4, "label": "GENE"}, {"start": 5, "end": 6, "label": "T"}]
    assert written({"text": "IL-2 T\ncells", "spans": spans, "answer": "accept"}) == "accept  [IL-2|GENE] [T|T] cells"
    assert written({"text": "a", "accept": ["x"], "answer": "reject"}) == "reject  a (x)"


def test_copy_takes_everything_along(store: Store, tmp_path: Path) -> None:
    source = str(tmp_path / "source.db")
    with Store(source) as old:
        old.append("ds", [given("a"), given("b", "ds-ben")])
        old.leases.take(Terms("ds", 60), "ds-anna", [(1, 2)], 1)
        expected = old.get_dataset_examples("ds")
    target = str(tmp_path / "target.db")
    copied = copy_database(source, target)
    assert copied == {"dataset": 3, "example": 2, "lease": 1, "link": 4, "receipt": 2}
    with Store(target) as new:
        assert new.get_dataset_examples("ds") == expected
        assert new.append("ds", [given("a")]) == 0
        assert new.append("ds", [given("c")]) == 1
    with pytest.raises(BioactiveError, match="B419"):
        copy_database(source, target)


@pytest.mark.postgres
def test_copy_to_postgresql_counts_on(postgres: str, tmp_path: Path) -> None:
    source = str(tmp_path / "source.db")
    with Store(source) as old:
        old.append("ds", [given("a"), given("b")])
    with Store(postgres) as new:
        for name in new.datasets:
            new.drop_dataset(name)
    copy_database(source, postgres)
    with Store(postgres) as new:
        assert new.append("ds", [given("a"), given("c")]) == 1
        assert new.count_dataset("ds") == 3
        new.drop_dataset("ds")
