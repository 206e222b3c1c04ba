"""The whole job with the network cut: nothing tries to reach another machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.app.support import ROOT

HERE = Path(__file__).parent / "watched"
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Processes watched, and not told by any variable to stay away from a hub."""
    kept = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    return {**kept, "PYTHONPATH": f"{HERE}:{ROOT}", "BIOACTIVE_NETWORK_LOG": str(tmp_path / "network.log")}


def run(environment: dict[str, str], *words: object) -> None:
    """Run a module, which has to end well."""
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_watch_refuses_and_records_other_machines(environment: dict[str, str], tmp_path: Path) -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    lookup = "import urllib.request; urllib.request.urlopen('http://example.invalid/')"
    for tried in (code, lookup):
        done = subprocess.run([sys.executable, "-c", tried], env=environment, capture_output=True, text=True)
        assert done.returncode and "the network is cut" in done.stderr
    log = (tmp_path / "network.log").read_text(encoding="utf-8")
    assert "192.0.2.1" in log and "example.invalid" in log


@pytest.mark.slow
def test_nothing_leaves_the_machine(environment: dict[str, str], tmp_path: Path) -> None:
    corpus, trained, ranked, db = (tmp_path / name for name in ("corpus", "trained", "ranked.jsonl", "a.db"))
    model, splits = trained / "model-last", {name: corpus / f"{name}.spacy" for name in ("train", "dev", "test")}
    run(environment, "bioactive", "convert", "assets/demo/en", corpus, "--format", "columns")
    words = ["--output", trained, "--paths.train", splits["train"], "--paths.dev", splits["dev"]]
    run(environment, "spacy", "train", "configs/crf_cnn.cfg", *words, "--training.max_steps", 4)
    run(environment, "bioactive", "evaluate", model, splits["test"])
    run(environment, "bioactive", "rank", model, "assets/demo/en/pool.jsonl", ranked)
    answer(environment, model, ranked, db)
    words = ["--train", splits["train"], "--dev", splits["dev"], "--models", tmp_path / "models", "--db", db]
    run(environment, "bioactive", "retrain", "notes", model, *words)
    log = tmp_path / "network.log"
    assert not log.exists(), log.read_text(encoding="utf-8")


def answer(environment: dict[str, str], model: Path, ranked: Path, db: Path) -> None:
    """Serve tasks with the pipeline's suggestions, and accept some."""
    words = ["ner.correct", "notes", model, ranked, "--db", db, "--port", 0]
    command = [sys.executable, "-u", "-m", "bioactive", *map(str, words)]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = next(word for line in server.stdout for word in line.split() if word.startswith("http://"))
        asked = httpx.post(f"{url}get_session_questions", json={}, timeout=120)
        answers = [{**task, "answer": "accept"} for task in asked.json()["tasks"]]
        given = httpx.post(f"{url}give_answers", json={"answers": answers, "session_id": "anna"}, timeout=120)
        assert given.json()["stored"] == len(answers) > 0
    finally:
        server.terminate()
        server.wait(60)
        if server.stdout is not None:
            server.stdout.close()
