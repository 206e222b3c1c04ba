"""Loading a transformer without torch's compiler and scikit-learn, which transformers imports for generating text.

Both take as long to import as torch itself, and a tagger uses neither. Within `lean_imports` stand-ins take their
places; what was taken from a stand-in imports the real thing when it is used, so that nothing is lost but the wait.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from types import ModuleType
from typing import Any

COMPILER = "torch._dynamo"
# What transformers takes from each module while it is imported.
TAKEN = {"sklearn.metrics": "roc_curve", f"{COMPILER}._trace_wrapped_higher_order_op": "TransformGetItemToIndex"}


class StandIn(ModuleType):
    """A module that gives way to the real one when something is asked of it that it does not have."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(real(self.__name__), name)


@contextmanager
def lean_imports() -> Iterator[None]:
    """Within the block transformers is imported without what a tagger does not use. Once it is imported: nothing."""
    if "transformers" in sys.modules:
        yield
        return
    for name in ("sklearn", COMPILER):
        if name not in sys.modules:
            _put(name)
    compiler = sys.modules[COMPILER]
    if isinstance(compiler, StandIn):
        compiler.disable = _disable  # type: ignore[attr-defined]
    try:
        yield
    finally:
        _clear()


def real(name: str) -> ModuleType:
    """The module itself; the stand-ins are gone from then on."""
    _clear()
    return importlib.import_module(name)


def _put(package: str) -> None:
    module = StandIn(package)
    module.__path__ = []
    # Whether a package is installed is read off its spec; that of a module within one would import the package.
    module.__spec__ = None if "." in package else find_spec(package)
    sys.modules[package] = module
    for name, taken in TAKEN.items():
        if name.startswith(f"{package}."):
            part = sys.modules[name] = StandIn(name)
            setattr(part, taken, _later(name, taken))


def _clear() -> None:
    for name in [name for name, module in sys.modules.items() if isinstance(module, StandIn)]:
        del sys.modules[name]


def _later(module: str, name: str) -> Callable[..., Any]:
    """Calls a function, or makes an object of a class, of a module that is imported then."""

    def call(*args: Any, **options: Any) -> Any:
        return getattr(real(module), name)(*args, **options)

    return call


def _disable(function: Callable[..., Any] | None = None, *args: Any, **options: Any) -> Callable[..., Any]:
    """As `torch._dynamo.disable`, a decorator with and without arguments; the first call imports the compiler."""
    if function is None:
        return lambda given: _disable(given, *args, **options)

    @wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        return real(COMPILER).disable(function, *args, **options)(*values, **named)

    return call
