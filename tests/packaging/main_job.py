"""The whole job in one folder, each command a process of its own: python tests/packaging/main_job.py FOLDER

Converts the demo corpus, trains, evaluates, ranks, serves, answers, exports, retrains and packages. What the commands
print lies in FOLDER/printed.log, with --debug where a command fails on purpose.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
AUTH = ("BIOACTIVE_BASIC_AUTH_USER", "BIOACTIVE_BASIC_AUTH_PASS")


def run(folder: Path, *words: object, fails: bool = False) -> None:
    """Run a module, which has to end well, or has to fail."""
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    with (folder / "printed.log").open("a", encoding="utf8") as log:
        log.write(done.stdout + done.stderr)
    if bool(done.returncode) != fails:
        sys.exit(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def main_job(folder: Path) -> None:
    """All of it; the names of passwords are those of the environment."""
    corpus, trained, ranked, db = (folder / name for name in ("corpus", "trained", "ranked.jsonl", "a.db"))
    model, splits = trained / "model-last", {name: corpus / f"{name}.spacy" for name in ("train", "dev", "test")}
    run(folder, "bioactive", "convert", "assets/demo/en", corpus, "--format", "columns")
    words = ["--output", trained, "--paths.train", splits["train"], "--paths.dev", splits["dev"]]
    run(folder, "spacy", "train", "configs/crf_cnn.cfg", *words, "--training.max_steps", 4)
    run(folder, "bioactive", "evaluate", model, splits["test"])
    run(folder, "bioactive", "rank", model, "assets/demo/en/pool.jsonl", ranked)
    answer(folder, model, ranked, db)
    run(folder, "bioactive", "db-out", "notes", "--output", folder / "notes.jsonl", "--db", db)
    words = ["--train", splits["train"], "--dev", splits["dev"], "--models", folder / "models", "--db", db]
    run(folder, "bioactive", "retrain", "notes", model, *words)
    (folder / "packages").mkdir()
    run(folder, "spacy", "package", model, folder / "packages", "--build", "none", "--name", "job")
    run(folder, "bioactive", "--debug", "evaluate", folder / "absent", splits["test"], fails=True)


def answer(folder: Path, model: Path, ranked: Path, db: Path) -> None:
    """Serve tasks with the pipeline's suggestions, be refused once, and accept some."""
    words = ["ner.correct", "notes", model, ranked, "--db", db, "--port", 0]
    command = [sys.executable, "-u", "-m", "bioactive", *map(str, words)]
    log = (folder / "server.log").open("w", encoding="utf8")
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    user, password = (os.environ.get(name, "") for name in AUTH)
    try:
        assert server.stdout is not None
        for line in server.stdout:
            log.write(line)
            if address := next((word for word in line.split() if word.startswith("http://")), ""):
                break
        url = address.partition("?")[0]
        with httpx.Client(auth=(user, password) if user else None, timeout=120) as client:
            if user:
                assert httpx.get(f"{url}project", auth=(user, "wrong")).status_code == 401
            asked = client.post(f"{url}get_session_questions", json={})
            answers = [{**task, "answer": "accept"} for task in asked.json()["tasks"]]
            given = client.post(f"{url}give_answers", json={"answers": answers, "session_id": "anna"})
            assert given.json()["stored"] == len(answers) > 0
    finally:
        server.terminate()
        server.wait(60)
        if server.stdout is not None:
            log.write(server.stdout.read())
            server.stdout.close()
        log.close()


if __name__ == "__main__":
    main_job(Path(sys.argv[1]))
