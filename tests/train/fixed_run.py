"""Train twice the same: a program that trains one config and prints the SHA-256 of each file of the pipeline.

python tests/train/fixed_run.py CONFIG OUTPUT THREADS NAME=VALUE ...
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# Before torch is imported: libraries read it once.
os.environ["OMP_NUM_THREADS"] = sys.argv[3] if len(sys.argv) > 3 else "1"

from bioactive.fingerprint import sha256_of


def fixed_run(config: Path, output: Path, threads: int, overrides: dict[str, object]) -> dict[str, str]:
    """Train a config and take the fingerprints of what comes of it.

    config (Path): A training config.
    output (Path): Folder to train in.
    threads (int): Threads of torch.
    overrides (dict[str, object]): Config settings by dotted name.
    RETURNS (dict[str, str]): SHA-256 by path in model-best.
    """
    import torch
    from spacy.cli.train import train

    torch.set_num_threads(threads)
    train(config, output, overrides=overrides)
    best = output / "model-best"
    return {str(path.relative_to(best)): sha256_of(path) for path in sorted(best.rglob("*")) if path.is_file()}


if __name__ == "__main__":
    pairs = dict(word.split("=", 1) for word in sys.argv[4:])
    found = fixed_run(
        Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), {k: json.loads(v) for k, v in pairs.items()}
    )
    print(json.dumps(found))
