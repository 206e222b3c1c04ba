"""Recipes written for Prodigy run here.

`install()` lets `import prodigy` find the modules of `bioactive.compat.prodigy`, which are thin faces over
`bioactive.annotate`. A really installed Prodigy always wins, and nothing is put into site-packages.
"""

from .finder import install, uninstall

__all__ = ["install", "uninstall"]
