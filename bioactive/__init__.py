"""bioactive: biomedical NER pipelines for spaCy with exact confidences and an annotation loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .notebook import evaluate, load, rank, show, simulate

__version__ = "0.1.0"
__all__ = ["__version__", "evaluate", "load", "rank", "show", "simulate"]


def __getattr__(name: str) -> Any:
    """The functions of `bioactive.notebook`, imported when they are first asked for: spaCy takes seconds (PEP 562)."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.notebook"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
