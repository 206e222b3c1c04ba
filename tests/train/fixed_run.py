"""Train the same again: a program that trains configs and prints the SHA-256 of each file of the pipelines.

python tests/train/fixed_run.py OUTPUT THREADS '{"configs/crf_cnn.cfg": {"paths.train": "train.spacy", ...}, ...}'
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# Before torch is imported: libraries read it once.
os.environ["OMP_NUM_THREADS"] = sys.argv[2]

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
    output, threads = Path(sys.argv[1]), int(sys.argv[2])
    found = {}
    for config, overrides in json.loads(sys.argv[3]).items():
        name = Path(config).stem
        found[name] = fixed_run(Path(config), output / name, threads, overrides)
    print(json.dumps(found))
