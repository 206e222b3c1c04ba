"""The `bioactive` command line: one module a command, put together in `app`."""

from .entry import main

__all__ = ["main"]
