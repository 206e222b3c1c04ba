"""`prodigy.protocols`."""

from collections.abc import Callable
from typing import Any

from .types import ControllerComponentsDict

__all__ = ["ControllerComponentsDict", "RecipeEventHookProtocol", "TaskRouterProtocol"]

RecipeEventHookProtocol = Callable[..., Any]
TaskRouterProtocol = Callable[..., Any]
