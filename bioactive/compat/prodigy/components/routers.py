"""`prodigy.components.routers`."""

from bioactive.annotate.routing import full_overlap, log_router, no_overlap, route_average_per_task

__all__ = ["full_overlap", "log_router", "no_overlap", "route_average_per_task"]
