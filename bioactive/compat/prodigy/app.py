"""`prodigy.app`: an application to add routes to, and serving a controller."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from bioactive.annotate.config import make_config
from bioactive.annotate.controller import Controller
from bioactive.annotate.running import serve_controller
from bioactive.annotate.server import extra_routes

__all__ = ["app", "server"]

app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
# What a recipe adds to this application is served with its page.
app.router.routes = extra_routes


def server(controller: Controller, config: dict[str, Any] | None = None, **_options: Any) -> None:
    """Serve a controller until the process is told to stop.

    controller (Controller): What is served.
    config (dict | None): Settings that win over its own.
    """
    if config is not None and config is not controller.config:
        controller.config = make_config(controller.config, config)
    serve_controller(controller)
