"""Loaded at the start of every Python process that has this folder on its path: memory runs out in its midst.

From the moment at which a file is opened whose name ends as LIMIT_AT says, the process may have LIMIT_BYTES more.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any


def limit(event: str, args: tuple[Any, ...]) -> None:
    """Lower the limit of the address space, once."""
    global done
    if done or event != "open" or not str(args[0]).endswith(os.environ["LIMIT_AT"]):
        return
    done = True
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + int(os.environ["LIMIT_BYTES"])
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


done = False
sys.addaudithook(limit)
