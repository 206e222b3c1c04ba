"""Transformers without what a tagger does not use, until it is used."""

from __future__ import annotations

import subprocess
import sys

HEAVY = "[name for name in ('sklearn', 'sklearn.metrics', 'torch._dynamo') if name in sys.modules]"
IMPORTS = """
import sys
import torch
from bioactive.lean import StandIn, lean_imports

with lean_imports():
    from transformers import masking_utils
    from transformers.generation import candidate_generator
    from transformers.integrations import flex_attention
"""


def told(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", IMPORTS + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_neither_the_compiler_nor_scikit_learn_is_imported_until_it_is_used() -> None:
    used = f"""
print({HEAVY})
print([list(map(float, part)) for part in candidate_generator.roc_curve([0, 1], [0.1, 0.9])][:2])
with masking_utils.TransformGetItemToIndex():
    pass
print(torch.compiler.disable(lambda: 7)(), {HEAVY}, any(isinstance(m, StandIn) for m in sys.modules.values()))
"""
    expected = "[]\n[[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]]\n7 ['sklearn', 'sklearn.metrics', 'torch._dynamo'] False"
    assert told(used) == expected


def test_stand_in_gives_way_to_whoever_asks_for_more() -> None:
    code = """
for name in [name for name in sys.modules if name.startswith("transformers")]:
    del sys.modules[name]
with lean_imports():
    import torch._dynamo
    print(sys.modules["torch._dynamo"].config.__name__, isinstance(sys.modules["torch._dynamo"], StandIn))
"""
    assert told(code) == "torch._dynamo.config False"
