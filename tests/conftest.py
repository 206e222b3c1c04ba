"""What every test may use: an offline hub, a cache of its own, tiny random encoders of each tokenizer family."""

from __future__ import annotations

import os
from pathlib import Path

# Before transformers is imported anywhere: no test may ask a hub for anything.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# As `make test` has it: processes that are compared bit by bit need equal threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# A busy machine makes a test slow, not wrong.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

# tests.encoders is imported by the fixtures that use it: torch and transformers take seconds.
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def vector_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that BIOACTIVE_CACHE names, for processes of a test too: no test writes to the user's own."""
    folder = tmp_path_factory.mktemp("vectors")
    os.environ["BIOACTIVE_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT with a cased WordPiece tokenizer: 2 layers of 32 units."""
    from tests.encoders import build_bert

    return build_bert(tmp_path_factory.mktemp("encoders") / "bert")


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random RoBERTa with a byte-level BPE tokenizer and `add_prefix_space`: 2 layers of 32 units."""
    from tests.encoders import build_roberta

    return build_roberta(tmp_path_factory.mktemp("encoders") / "roberta")


@pytest.fixture(scope="session")
def tiny_xlmr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random XLM-R with a SentencePiece (Unigram) tokenizer: 2 layers of 32 units."""
    from tests.encoders import build_xlmr

    return build_xlmr(tmp_path_factory.mktemp("encoders") / "xlmr")


@pytest.fixture(scope="session", params=["bert", "roberta", "xlmr"])
def tiny_encoder(request: pytest.FixtureRequest) -> Path:
    """Each of the three tiny encoders in turn."""
    return request.getfixturevalue(f"tiny_{request.param}")


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora, named by BIOACTIVE_CORPORA; skips the test where there is none."""
    return _folder("BIOACTIVE_CORPORA", ROOT.parent / "shared" / "corpora")


@pytest.fixture(scope="session")
def encoders() -> Path:
    """The folder of real encoders, named by BIOACTIVE_ENCODERS; skips the test where there is none."""
    return _folder("BIOACTIVE_ENCODERS", ROOT.parent / "shared" / "encoders")


def _folder(variable: str, default: Path) -> Path:
    path = Path(os.environ.get(variable, default))
    if not path.is_dir():
        pytest.skip(f"{path} is not here; {variable} names the folder")
    return path
