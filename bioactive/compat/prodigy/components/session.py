"""`prodigy.components.session`."""

from bioactive.annotate.sessions import Session

__all__ = ["Session"]
