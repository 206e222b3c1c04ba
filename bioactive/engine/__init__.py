"""Where the same function is applied to many blocks: in this process, or on the actors of a Ray cluster."""

from __future__ import annotations

from bioactive.errors import error

from .local import Engine

ENGINES = LOCAL, RAY = ("local", "ray")


def engine_named(name: str, workers: int = 0, timeout: float = 600.0) -> Engine | None:
    """An engine by its name.

    name (str): "local" or "ray".
    workers, timeout: As in `RayEngine`.
    RETURNS (Engine | None): None for the local one, which each command sets up for itself.
    RAISES (BioactiveError): B963 for another name. ModuleNotFoundError when Ray is not installed.
    """
    if name not in ENGINES:
        raise error("B963", name=name)
    if name == LOCAL:
        return None
    import ray.data  # noqa: F401  before a model is loaded for nothing

    from .ray_data import RayEngine

    return RayEngine(workers, timeout)
