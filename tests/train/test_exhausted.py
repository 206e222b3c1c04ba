"""Memory and disk run out in the midst of real work: a message with a code, nothing lost, and it goes on."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import srsly

from bioactive.annotate.learning import LOG, Worker
from bioactive.annotate.store import Store
from bioactive.models.revisions import Revisions
from bioactive.simulation.experiment import read_experiment
from bioactive.simulation.simulate import Options, read_rows, simulate
from tests.disk import mounted

from .test_simulate import config  # noqa: F401  a fixture

pytestmark = pytest.mark.slow
LIMITED = Path(__file__).parent / "limited"
ROOT = Path(__file__).resolve().parents[2]


def limited(at: str, size: int = 4 << 20) -> dict[str, str]:
    """The environment of a process whose memory runs out when it opens a file whose name ends so."""
    own = {"PYTHONPATH": f"{LIMITED}:{ROOT}", "LIMIT_AT": at, "LIMIT_BYTES": str(size), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own}


def command(environment: dict[str, str] | None, *words: object) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    line = [sys.executable, "-m", "bioactive", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Texts whose layers need much more than is left."""
    texts = [f"{number} " + "aspirin relieved gout in two weeks . " * 1500 for number in range(12)]
    srsly.write_jsonl(tmp_path / "pool.jsonl", [{"text": text} for text in texts])
    return tmp_path / "pool.jsonl"


# --- memory


def test_ranking_out_of_memory_says_so_and_goes_on(model: Path, pool: Path, tmp_path: Path) -> None:
    words = ("rank", model, pool, tmp_path / "out.jsonl", "-bs", "1")
    done = command(limited(".part"), *words)
    assert done.returncode == 1 and "[B967]" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    assert command(None, *words).returncode == 0
    assert len(list(srsly.read_jsonl(tmp_path / "out.jsonl"))) == 12


@pytest.fixture
def long_texts(config: Path, pool: Path) -> Path:  # noqa: F811
    """The simulation's pool made long."""
    import spacy
    from spacy.tokens import Doc, DocBin

    nlp = spacy.blank("en")
    docs = DocBin().from_disk(config.parent / "pool.spacy").get_docs(nlp.vocab)
    longer = [Doc.from_docs([doc] * 100) for doc in docs]
    DocBin(docs=longer).to_disk(config.parent / "pool.spacy")
    return config


def test_simulation_out_of_memory_in_a_process_says_so(long_texts: Path, tmp_path: Path) -> None:
    words = ("simulate", long_texts, tmp_path / "out", "--experiment.seeds", "[0]", "--rounds.count", "1")
    done = command(limited(".part", 1 << 20), *words, "--jobs", "2")
    # Some compiled parts do not look whether they got the memory, and take the process with them.
    assert done.returncode == 1 and ("[B967]" in done.stderr or "[B968]" in done.stderr), done.stderr
    assert "Traceback" not in done.stderr


def test_process_of_a_simulation_that_the_system_kills_is_told_and_nothing_is_lost(
    config: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    line = [sys.executable, "-m", "bioactive", "simulate", str(config), str(tmp_path / "out"), "--jobs", "2"]
    running = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    victim = None
    while running.poll() is None and victim is None:
        time.sleep(0.05)
        if list((tmp_path / "out").glob("runs/*.part")):
            victim = next(iter(spawned(running.pid)), None)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    told = running.communicate(timeout=120)[1]
    assert running.returncode == 1 and "[B968]" in told and "Traceback" not in told
    found = simulate(read_experiment(config, {}), tmp_path / "out", Options())
    whole = simulate(read_experiment(config, {}), tmp_path / "whole", Options())
    assert [rows_of(path) for path in found] == [rows_of(path) for path in whole]


def test_workers_end_with_a_command_that_is_killed(
    config: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    line = [sys.executable, "-m", "bioactive", "simulate", str(config), str(tmp_path / "out"), "--jobs", "2"]
    running = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    workers: list[int] = []
    while running.poll() is None and not workers:
        time.sleep(0.05)
        if list((tmp_path / "out").glob("runs/*.part")):
            workers = spawned(running.pid)
    assert workers
    running.kill()
    running.wait()
    # Nobody reaps them here, so that one that has ended may be there still, without a command line.
    for _ in range(600):
        if not any(command_line(worker) for worker in workers):
            break
        time.sleep(0.05)
    assert not any(command_line(worker) for worker in workers)
    found = simulate(read_experiment(config, {}), tmp_path / "out", Options())
    whole = simulate(read_experiment(config, {}), tmp_path / "whole", Options())
    assert [rows_of(path) for path in found] == [rows_of(path) for path in whole]
    assert not list((tmp_path / "out").glob("runs/*.part*"))


def command_line(process: int) -> bytes:
    """What a process was started with; nothing when it has ended."""
    try:
        return (Path("/proc") / str(process) / "cmdline").read_bytes()
    except OSError:
        return b""


def spawned(parent: int) -> list[int]:
    """The processes of a pool whose parent it is: those that multiprocessing has spawned for work."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes()
            above = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            files = [str(each.readlink()) for each in (path / "fd").iterdir()]
        except OSError:  # it has ended meanwhile
            continue
        if above == parent and b"spawn_main" in words and any(name.endswith(".part") for name in files):
            found.append(int(path.name))
    return found


def rows_of(path: Path) -> list[dict[str, object]]:
    """What a run chose and scored, without the seconds that it took."""
    return [{**row, "seconds": 0, "trained": 0} for row in read_rows(path)]


def test_learning_worker_out_of_memory_is_told_and_the_answers_stay(
    model: Path, pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in limited(pool.name).items():
        monkeypatch.setenv(name, value)
    answers = [{"text": f"text {number}", "spans": [], "answer": "accept"} for number in range(5)]
    with Store(str(tmp_path / "a.db")) as store:
        store.add_dataset("notes")
        store.add_examples(answers, ["notes"])
        words = ["learn", "notes", str(model), str(pool), "--folder", str(tmp_path / "learning")]
        worker = Worker(words, tmp_path / "learning", str(tmp_path / "a.db"))
        with caplog.at_level(logging.ERROR, "bioactive"):
            worker.start()
            assert worker.process is not None and worker.process.wait(120) == 1
            time.sleep(0.5)  # the thread that notices
        assert worker.state.doing == "stopped"
        assert "The learning worker ended with code 1" in caplog.text
        assert "[B967]" in (tmp_path / "learning" / LOG).read_text()
        assert len(list(store.iter_examples("notes"))) == 5


# --- disk


def test_disk_full_in_a_training_leaves_the_revisions_and_the_next_one_succeeds(
    model: Path, corpus: dict[str, Path], tmp_path: Path
) -> None:
    answers = [{"text": "aspirin relieved gout .", "spans": [], "answer": "accept", "_view_id": "ner_manual"}]
    srsly.write_jsonl(tmp_path / "answers.jsonl", answers)
    with mounted(tmp_path / "disk", "1m") as disk:
        words = ["retrain", tmp_path / "answers.jsonl", model, "--train", corpus["train"], "--dev", corpus["dev"]]
        words += ["--models", disk / "models", "--max-epochs", "1"]
        done = command(None, *words)
        assert done.returncode == 1 and "[B915]" in done.stderr, done.stderr
        assert Revisions(disk / "models").names() == [] and list((disk / "models").iterdir()) == []
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert command(None, *words).returncode == 0
        (name,) = Revisions(disk / "models").names()
        assert Revisions(disk / "models").sound(name).is_dir()
