"""How `import prodigy` finds our modules: a finder that yields to a package of that name which is installed.

It stands first, as the modules below `prodigy` would be found a second time, as files in the folder of ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from ..errors import BioactiveError, error

NAME = "prodigy"
FACE = "bioactive.compat.prodigy"


class UnknownNameError(BioactiveError, ImportError):
    """An import of a name that the face does not have."""

    def __init__(self, module: str, name: str, known: Sequence[str]) -> None:
        told = error("B600", module=module, name=name, known=", ".join(known) or "nothing")
        super().__init__(told.code, told.message)
        self.asked = (module, name, tuple(known))

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...]]]:  # type: ignore[override]
        return type(self), self.asked


class Face(Loader):
    """Gives the module of ours that stands for one of Prodigy's."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Import ours."""
        return importlib.import_module(_ours(spec.name))

    def exec_module(self, module: ModuleType) -> None:
        """Ours has run already. Its own spec is put back, so that its relative imports stay right.

        An empty path makes the import of an unknown name ask the finder, which says what there is.
        """
        module.__spec__ = _own_spec(module)
        if not hasattr(module, "__path__"):
            module.__path__ = []


class Finder(MetaPathFinder):
    """Finds `prodigy` and what is below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of one of our modules; None for other packages.

        RAISES (UnknownNameError): For a module or a name that is not there.
        """
        if fullname == NAME:
            return None if _installed() else ModuleSpec(NAME, Face(), is_package=True)
        if fullname.startswith(f"{FACE}."):
            _must_exist(fullname, path)
        elif fullname.startswith(f"{NAME}.") and _is_ours(sys.modules.get(NAME)):
            return ModuleSpec(fullname, Face(), is_package=True)
        return None


def install() -> None:
    """Let `import prodigy` find our modules, unless a package of that name is installed."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


def uninstall() -> None:
    """Take back what `install` did; modules that were imported stay where they are bound."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    faces = [name for name, module in sys.modules.items() if name.partition(".")[0] == NAME and _is_ours(module)]
    for name in faces:
        del sys.modules[name]


def names_in(module_name: str) -> list[str]:
    """The names that can be imported from one of our modules: what it exports, and the modules below it."""
    import pkgutil

    module = importlib.import_module(module_name)
    below = [info.name for info in pkgutil.iter_modules(getattr(module, "__path__", []))]
    return sorted({*getattr(module, "__all__", ()), *below})


def missing(module_name: str, name: str) -> AttributeError:
    """What a module's `__getattr__` raises for a name that is not there."""
    told = error("B600", module=_theirs(module_name), name=name, known=", ".join(names_in(module_name)))
    return AttributeError(str(told), name=name)


def _ours(name: str) -> str:
    return FACE + name.removeprefix(NAME)


def _theirs(name: str) -> str:
    return NAME + name.removeprefix(FACE)


def _installed() -> bool:
    """Whether a real package or module of that name is there; a mere folder is none."""
    found = PathFinder.find_spec(NAME)
    return found is not None and found.loader is not None


def _must_exist(name: str, path: Sequence[str] | None) -> None:
    """Refuse what is neither a module of ours nor one that is still to be found."""
    if PathFinder.find_spec(name, path) is None:
        parent, _, last = name.rpartition(".")
        raise UnknownNameError(_theirs(parent), last, names_in(parent))


def _is_ours(module: ModuleType | None) -> bool:
    return getattr(module, "__name__", "").startswith(FACE)


def _own_spec(module: ModuleType) -> ModuleSpec | None:
    spec = module.__spec__
    if spec is None or spec.name == module.__name__:
        return spec
    loader = module.__loader__
    return importlib.util.spec_from_file_location(
        module.__name__,
        module.__file__,
        loader=loader if isinstance(loader, Loader) else None,
        submodule_search_locations=getattr(module, "__path__", None) or None,
    )
