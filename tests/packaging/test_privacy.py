"""The whole job with the network cut, once by a watch and once by the kernel; and no secret stays anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.support import ROOT

HERE = Path(__file__).parent
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
# What nobody may find again, by the variables that a user sets.
SECRETS = {
    "BIOACTIVE_BASIC_AUTH_PASS": "s3cret-of-anna",
    "BIOACTIVE_TOKEN": "t0ken-of-the-page",
    "HF_TOKEN": "hf_t0ken-of-the-hub",
    "OPENAI_API_KEY": "sk-k3y-of-the-model",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Processes watched, and not told by any variable to stay away from a hub."""
    kept = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    watched = {"PYTHONPATH": f"{HERE / 'watched'}:{ROOT}", "BIOACTIVE_NETWORK_LOG": str(tmp_path / "network.log")}
    return {**kept, **watched}


def job(environment: dict[str, str], folder: Path, before: tuple[str, ...] = ()) -> None:
    """Do the whole job in a folder, as a process that other words may begin."""
    folder.mkdir()
    command = [*before, sys.executable, str(HERE / "main_job.py"), str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500)
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
def test_nothing_leaves_the_machine_and_no_secret_stays_on_it(environment: dict[str, str], tmp_path: Path) -> None:
    job({**environment, **SECRETS, "BIOACTIVE_BASIC_AUTH_USER": "anna"}, tmp_path / "job")
    log = tmp_path / "network.log"
    assert not log.exists(), log.read_text(encoding="utf-8")
    files = [path for path in (tmp_path / "job").rglob("*") if path.is_file()]
    # A job that left its traces elsewhere would prove nothing.
    assert {"revision.json", "meta.json", "notes.jsonl", "a.db", "server.log", "printed.log"} <= {p.name for p in files}
    assert "Traceback" in (tmp_path / "job" / "printed.log").read_text(encoding="utf8")
    found = {(path.name, name) for path in files for name in secrets_in(path.read_bytes())}
    # The address that is printed for the annotator is the one place of the token.
    assert found <= {("server.log", "BIOACTIVE_TOKEN")}
    lines = (tmp_path / "job" / "server.log").read_text(encoding="utf8").splitlines()
    assert all("http://" in line for line in lines if SECRETS["BIOACTIVE_TOKEN"] in line)


def secrets_in(data: bytes) -> list[str]:
    """The variables whose values stand in some bytes."""
    return [name for name, value in SECRETS.items() if value.encode() in data]


@pytest.mark.slow
def test_whole_job_is_done_where_the_kernel_has_no_network(tmp_path: Path) -> None:
    loopback = ("unshare", "--net", "--map-root-user", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
    if (
        not all(map(shutil.which, ("unshare", "ip")))
        or subprocess.run([*loopback, "true"], capture_output=True).returncode
    ):
        pytest.skip("no network namespace may be made here")
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"
    cut = subprocess.run([*loopback, sys.executable, "-c", code], capture_output=True, text=True)
    assert "unreachable" in cut.stderr
    kept = {name: value for name, value in os.environ.items() if name not in OFFLINE}
    job({**kept, "PYTHONPATH": str(ROOT)}, tmp_path / "job", loopback)
