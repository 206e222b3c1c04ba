"""A pipeline that asks about what it is least sure of, and learns beside the page."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import DocBin
from typer.testing import CliRunner

from bioactive.active.rank import RankOptions, rank
from bioactive.annotate.controller import Controller
from bioactive.annotate.learning import Learning, Worker, spare_threads
from bioactive.annotate.recipes import ner_active
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task, add_tokens, hash_of_asked
from bioactive.cli.app import app
from bioactive.corpus.jsonl import doc_to_task
from bioactive.errors import BioactiveError
from bioactive.models.learner import Course, Learner
from bioactive.models.revisions import Manifest, Revisions
from bioactive.models.rounds import Plan


@pytest.fixture
def gold(corpus: dict[str, Path]) -> dict[str, list[Task]]:
    """The spans of each text of the pool."""
    docs = DocBin(store_user_data=True).from_disk(corpus["pool"]).get_docs(spacy.blank("en").vocab)
    return {doc.text: doc_to_task(doc)["spans"] for doc in docs}


@pytest.fixture
def pool(gold: dict[str, list[Task]], tmp_path: Path) -> Path:
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in gold), encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "answers.db")) as opened:
        yield opened


def answered(tasks: list[Task], gold: dict[str, list[Task]]) -> list[Task]:
    return [{**task, "spans": gold[task["text"]], "answer": "accept"} for task in tasks]


def asked(task: Task) -> list[str]:
    return [token["text"] for token in task["tokens"] if not token.get("disabled")]


class FakeWorker:
    """A worker whose rankings are written here."""

    def __init__(self) -> None:
        self.rankings: list[list[tuple[str, int]]] = []
        self.words: tuple[str, ...] | None = None

    def start(self, *words: str) -> None:
        self.words = words

    def stop(self) -> None:
        self.words = None

    @property
    def state(self) -> Learning:
        return Learning(ranking=str(len(self.rankings)) if self.rankings else "")

    def open_ranking(self, name: str) -> Iterator[tuple[Task, int]]:
        for text, times in self.rankings[int(name) - 1]:
            (task,) = add_tokens(spacy.blank("en"), [{"text": text, "spans": []}])
            task["tokens"][1 - times]["disabled"] = True  # the words asked about are others each time
            yield hash_of_asked(task), times


def test_active_asks_about_the_least_certain_first(model: Path, pool: Path) -> None:
    nlp = spacy.load(model)
    tasks = list(ner_active("ds", nlp, pool, window=100)["stream"])
    scores = [task["score"] for task in tasks]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) > 5
    assert {task["meta"]["measure"] for task in tasks} == {"mnlp"}
    windowed = [task["score"] for task in ner_active("ds", nlp, pool, window=4)["stream"]]
    assert sorted(windowed) == sorted(scores) and windowed[:4] == sorted(windowed[:4], reverse=True)


def test_active_asks_about_stretches_with_the_labels_wanted(model: Path, pool: Path) -> None:
    recipe = ner_active("ds", spacy.load(model), pool, ["Disease"], unit="stretch", window=100, stretch_words=2)
    tasks = list(recipe["stream"])
    assert {task["meta"]["measure"] for task in tasks} == {"entropy"}
    assert all(1 <= len(asked(task)) < len(task["tokens"]) for task in tasks if len(task["tokens"]) > 6)
    assert {span["label"] for task in tasks for span in task["spans"]} <= {"Disease"}
    assert recipe["config"]["ask_nothing"]


@pytest.mark.parametrize("how", ["recipe", "worker"])
def test_adaptive_stretches_are_those_that_rank_finds(
    how: str, model: Path, pool: Path, store: Store, tmp_path: Path
) -> None:
    shape: dict[str, Any] = {"stretch_words": 1, "longest": 5, "share": 0.2}
    nlp = spacy.load(model)
    wanted = {t["text"]: asked(t) for t in rank(nlp, texts_of(pool), "entropy", unit="stretch", **shape)}
    if how == "recipe":
        found = list(ner_active("ds", nlp, pool, unit="stretch", window=4, **shape)["stream"])
    else:
        command = ["learn", "ds", str(model), str(pool), "--folder", str(tmp_path / "desk"), "--unit", "stretch"]
        options = ["--stretch-words", "1", "--stretch-longest", "5", "--stretch-share", "0.2"]
        found = ranked_by_worker([*command, "--models", str(tmp_path / "none"), *options], store, tmp_path / "desk")
    assert {task["text"]: asked(task) for task in found} == wanted
    # Some grow and some do not; of one length they would all have as many words.
    assert len({len(words) for words in wanted.values()}) > 1


def test_command_hands_the_shape_of_stretches_to_recipe_and_worker(
    model: Path, pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Controller] = []
    monkeypatch.setattr("bioactive.annotate.opening.serve_early", lambda make, config, on_open: make(None))
    monkeypatch.setattr("bioactive.annotate.server.create_app", lambda controller, access: made.append(controller))
    monkeypatch.setattr("bioactive.annotate.learning.Worker.start", lambda worker, *more: words.extend(worker.command))
    monkeypatch.chdir(tmp_path)
    words: list[str] = []
    shape = ["--stretch-words", "1", "--stretch-longest", "5", "--stretch-share", "0.2"]
    args = ["ner.active", "ds", str(model), str(pool), "--unit", "stretch", *shape, "--db", str(tmp_path / "a.db")]
    found = CliRunner().invoke(app, [*args, "--window", "100"])
    assert found.exit_code == 0, found.output
    for name, value in zip(shape[::2], shape[1::2], strict=True):
        assert words[words.index(name) + 1] == value
    task = next(made[0].stream)
    plan = {"stretch_words": 1, "longest": 5, "share": 0.2}
    first = rank(spacy.load(model), texts_of(pool), "entropy", unit="stretch", **plan)[0]
    assert (task["text"], asked(task)) == (first["text"], asked(first))


def test_cold_start_says_what_chose_its_texts(model: Path, pool: Path, store: Store, tmp_path: Path) -> None:
    nlp = spacy.load(model)
    shown = list(ner_active("ds", nlp, pool, ["Disease"], window=100, cold=True)["stream"])
    assert {task["meta"]["measure"] for task in shown} == {"random"} and not any(task["spans"] for task in shown)
    command = ["learn", "ds", str(model), str(pool), "--folder", str(tmp_path / "desk"), "--cold", "-n", "3"]
    chosen = ranked_by_worker([*command, "--models", str(tmp_path / "none")], store, tmp_path / "desk")
    assert [task["meta"] for task in chosen] == [{"measure": "k_means"}] * 3
    assert not any("score" in task for task in chosen)


def test_cold_start_does_not_learn(corpus: dict[str, Path], tmp_path: Path) -> None:
    both = ["--train", str(corpus["train"]), "--dev", str(corpus["dev"])]
    for command in ("ner.active", "learn"):
        found = CliRunner().invoke(app, [command, "ds", "model", "pool.jsonl", "--cold", *both])
        assert isinstance(found.exception, BioactiveError) and found.exception.code == "B425"


def texts_of(pool: Path) -> list[str]:
    return [json.loads(line)["text"] for line in pool.read_text(encoding="utf-8").splitlines()]


def ranked_by_worker(command: list[str], store: Store, folder: Path) -> list[Task]:
    """The tasks of the first ranking of a worker."""
    worker = Worker(command, folder, store.database.name)
    worker.start()
    try:
        until(lambda: worker.state.ranking or worker.state.doing == "stopped")
        return [task for task, _ in worker.open_ranking(worker.state.ranking)]
    finally:
        worker.stop()


def test_active_asks_about_other_words_of_a_text_after_a_restart(model: Path, pool: Path, store: Store) -> None:
    nlp = spacy.load(model)

    def make() -> Controller:
        recipe = ner_active("ds", nlp, pool, unit="stretch", window=100, stretch_words=2)
        return Controller(recipe, store, {"batch_size": 100})

    first = {task["text"]: asked(task) for task in make().get_questions("ds-anna")}
    controller = make()
    controller.receive_answers([{**t, "answer": "accept"} for t in controller.get_questions("ds-anna")], "ds-anna")
    second = {
        task["text"]: [t["id"] for t in task["tokens"] if not t.get("disabled")]
        for task in make().get_questions("ds-anna")
    }
    answers = {e["text"]: [t["id"] for t in e["tokens"] if not t.get("disabled")] for e in store.iter_examples("ds")}
    assert second and all(not set(words) & set(answers[text]) for text, words in second.items())
    assert set(first) == set(answers)


def test_active_follows_the_newest_ranking_and_gives_no_text_twice(model: Path, store: Store) -> None:
    nlp, worker = spacy.load(model), FakeWorker()
    texts = [{"text": f"text {name}"} for name in "abcdef"]
    recipe = ner_active("ds", nlp, texts, window=2, worker=worker)  # type: ignore[arg-type]
    controller = Controller(recipe, store, {"batch_size": 1})
    assert worker.words == ()
    first = controller.get_questions("ds-anna")[0]["text"]
    worker.rankings.append([("text f", 0), (first, 0), ("text e", 0)])
    seen = [controller.get_questions(f"ds-{n}")[0]["text"] for n in range(2)]
    assert seen == ["text f", "text e"]
    worker.rankings.append([("text d", 0), ("text f", 0), (first, 1)])
    seen += [controller.get_questions(f"ds-{n}")[0]["text"] for n in range(2, 4)]
    assert seen[2:] == ["text d", first]  # it was answered meanwhile: other words of it may be asked
    rest = [task["text"] for n in range(4, 8) for task in controller.get_questions(f"ds-{n}")]
    assert len(rest) == 2 and not set(rest) & {*seen, first}  # the ranking is over: the source goes on
    controller.close()
    assert worker.words is None


def test_active_lets_the_worker_rank_again_where_tasks_get_several_answers(model: Path, store: Store) -> None:
    worker = FakeWorker()
    recipe = ner_active("ds", spacy.load(model), [{"text": "a"}], worker=worker)  # type: ignore[arg-type]
    Controller(recipe, store, {"feed_overlap": True})
    assert worker.words == ("--again",)


def test_active_refuses_before_anything_is_opened(model: Path) -> None:
    nlp = spacy.load(model)
    for code, options in (
        ("B321", {"measure": "nonsense"}),
        ("B536", {"unit": "page"}),
        ("B530", {"measure": "mnlp", "unit": "stretch"}),
    ):
        with pytest.raises(BioactiveError, match=code):
            ner_active("ds", nlp, [], **options)


def test_learner_ranks_trains_and_ranks_what_is_left(
    corpus: dict[str, Path], model: Path, pool: Path, gold: dict[str, list[Task]], store: Store, tmp_path: Path
) -> None:
    plan = Plan(corpus["train"], corpus["dev"], max_epochs=6, dataset="ds")
    course = Course("ds", str(model), pool, tmp_path / "desk", tmp_path / "models", RankOptions(n=100), plan, every=5)
    store.add_dataset("ds")
    learner, worker = Learner(store, course), Worker([], tmp_path / "desk", "")
    assert learner.step() and worker.state == learner.state
    before = [task["text"] for task, _ in worker.open_ranking(worker.state.ranking)]
    assert sorted(before) == sorted(gold) and worker.state.revision == 0
    assert not learner.step() and worker.state.doing == "waiting"
    controller = Controller(ner_active("ds", spacy.load(model), pool), store, {"batch_size": 6})
    tasks = controller.get_questions("ds-anna")
    controller.receive_answers(answered(tasks, gold), "ds-anna")
    assert learner.step()  # trains
    assert learner.revisions.names() == ["active_iter_1_added_6"]
    if learner.revisions.current() is None:  # it was worse, so nothing changes but the count
        assert worker.state.refused == 1 and not learner.step()
        return
    assert worker.state.revision == 0  # the tasks are still in the old order
    assert learner.step()  # ranks
    assert (worker.state.revision, worker.state.answers) == (1, 6)
    after = [task for task, _ in worker.open_ranking(worker.state.ranking)]
    assert {task["text"] for task in after} == set(gold) - {task["text"] for task in tasks}
    assert {task["model"] for task in after} == {"active_iter_1_added_6"}
    assert not learner.step()
    again = Learner(store, course)  # after a restart it goes on from the revision
    assert (again.learnt, again.state.revision, again.model) == (6, 1, str(learner.revisions.current()))


@pytest.mark.parametrize(("dataset", "pipeline"), [("other", "model"), ("ds", "another")])
def test_learner_begins_with_its_own_pipeline_where_the_revision_in_use_is_of_another_course(
    store: Store, tmp_path: Path, dataset: str, pipeline: str
) -> None:
    revisions, made = Revisions(tmp_path / "models"), tmp_path / "made"
    made.mkdir()
    (made / "config.cfg").write_text("[nlp]\n")
    manifest = Manifest("active_iter_1_added_5", pipeline, {"accept": 5}, {}, {}, "yes", {"dataset": dataset})
    revisions.publish(made, manifest)
    revisions.point_to(manifest.name)
    store.add_dataset("ds")
    learner = Learner(store, Course("ds", "model", tmp_path / "pool", tmp_path, tmp_path / "models", RankOptions()))
    assert (learner.model, learner.learnt, learner.state.revision) == ("model", 0, 0)


def test_learner_survives_answers_that_say_nothing(
    corpus: dict[str, Path], model: Path, pool: Path, store: Store, tmp_path: Path
) -> None:
    plan = Plan(corpus["train"], corpus["dev"], dataset="ds")
    course = Course("ds", str(model), pool, tmp_path / "desk", tmp_path / "models", RankOptions(n=9), plan, every=1)
    store.add_examples([{"text": "a", "answer": "ignore"}], ["ds"])
    learner = Learner(store, course)
    assert learner.step() and learner.step()
    assert not learner.step() and learner.revisions.names() == []


def test_killed_worker_changes_nothing_but_the_order(
    model: Path, pool: Path, gold: dict[str, list[Task]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = str(tmp_path / "answers.db")
    command = ["learn", "ds", str(model), str(pool), "--folder", str(tmp_path / "desk")]
    with Store(database) as store:
        worker = Worker([*command, "--models", str(tmp_path / "models")], tmp_path / "desk", database)
        controller = Controller(ner_active("ds", spacy.load(model), pool, worker=worker), store, {"batch_size": 2})
        try:
            first = controller.get_questions("ds-anna")
            until(lambda: controller.standing("ds-anna").learning["ranking"])
            assert worker.process is not None
            worker.process.send_signal(signal.SIGKILL)
            until(lambda: controller.standing("ds-anna").learning["doing"] == "stopped")
            assert controller.receive_answers(answered(first, gold), "ds-anna").stored == 2
            seen = [task["text"] for task in first]
            while tasks := controller.get_questions("ds-anna"):
                controller.receive_answers(answered(tasks, gold), "ds-anna")
                seen += [task["text"] for task in tasks]
        finally:
            controller.close()
    assert sorted(seen) == sorted(gold)
    until(lambda: "ended with code -9" in caplog.text)


def until(done: Any, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def test_worker_leaves_a_core_to_the_server_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for cores, threads in ((1, "1"), (2, "1"), (16, "15")):
        monkeypatch.setattr("os.sched_getaffinity", lambda process, cores=cores: set(range(cores)), raising=False)
        assert spare_threads() == {"OMP_NUM_THREADS": threads}
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert spare_threads() == {"OMP_NUM_THREADS": "3"}
