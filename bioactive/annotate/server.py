"""The annotation server: thin routes over a controller, and the page."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio.to_thread
import uvicorn
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.routing import BaseRoute

from .. import __version__
from ..errors import BioactiveError
from . import content
from .access import Access, make_access
from .controller import Controller
from .database import PASSING
from .guard import Guard, is_loopback, make_policy
from .hooks import call_hook
from .listening import address, bind, web_server
from .messages import (
    AliasesBody,
    Alive,
    AnswerBody,
    AnswersBody,
    History,
    HistoryBody,
    Project,
    Questions,
    QuestionsBody,
    Receipt,
    SessionBody,
    Verdict,
)
from .receiving import is_json
from .recipe_files import RecipeFailure, failure

logger = logging.getLogger("bioactive")
STATIC = Path(__file__).parent / "static"
# Requests at a time; the others wait in line.
THREADS = 200


# Routes that a recipe adds to the application, before it is served.
extra_routes: list[BaseRoute] = []


def create_app(controller: Controller, access: Access | None = None, routes: Sequence[BaseRoute] = ()) -> FastAPI:
    """Make the web application.

    controller (Controller): Gives the tasks and takes the answers.
    access (Access | None): What a request has to bring; None lets everybody in.
    routes (Sequence[BaseRoute]): Routes of the recipe's own; they win over those of the application.
    RETURNS (FastAPI): The application; its OpenAPI description is at /openapi.json.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Requests wait for the disk in threads: those that ask for tasks are not to keep out those that give answers.
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        controller.close()

    # The interactive documentation would load scripts from elsewhere.
    app = FastAPI(title="bioactive", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    page_policy = make_policy(content.policy(controller.config))
    app.add_middleware(Guard, host=controller.config["host"], access=access, policy=page_policy)
    app.add_exception_handler(BioactiveError, _explain)
    app.router.routes.extend(routes)
    _add_page_routes(app, controller)
    _add_task_routes(app, controller)
    _add_answer_routes(app, controller)
    _add_recipe_routes(app, controller)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _add_page_routes(app: FastAPI, controller: Controller) -> None:
    """The page, and what it needs to know before the first task."""

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.get("/project")
    @app.get("/project/{session:path}")
    def project(session: str | None = None) -> Project:
        return Project(
            dataset=controller.dataset,
            view_id=controller.view_id,
            session_id=controller.session_name(session),
            config=_public(controller.config),
            validates=controller.components.get("validate_answer") is not None,
            scripts=content.addresses(controller.config)[0],
            styles=content.addresses(controller.config)[1],
            hooks=sorted(controller.components.get("event_hooks") or {}),
            version=__version__,
        )

    @app.get("/version")
    def version() -> dict[str, str]:
        return {"version": __version__}

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}


def _add_task_routes(app: FastAPI, controller: Controller) -> None:
    """Tasks out, and back when nobody answered them."""

    @app.post("/get_session_questions")
    def get_session_questions(body: QuestionsBody) -> Questions:
        session = body.session_id or controller.session_id
        controller.check_session(session)
        tasks = controller.get_questions(session, frozenset(body.have))
        return Questions(
            tasks=tasks,
            **asdict(controller.standing(session)),
            session_id=session,
            out=controller.db.leases.count(controller.dataset),
            left_out={reason: times for reason, times in controller.stream.source.tally.counts.items() if times},
            passed_over=controller.stream.passed_over,
        )

    @app.post("/second_pass")
    def second_pass(body: SessionBody) -> dict[str, int]:
        controller.check_session(body.session_id or controller.session_id)
        return {"tasks": controller.second_pass()}

    @app.post("/keep_alive")
    def keep_alive(body: SessionBody) -> Alive:
        session = body.session_id or controller.session_id
        return Alive(out=controller.keep_alive(session), **asdict(controller.standing(session)))

    @app.post("/end_session")
    def end_session(body: SessionBody) -> dict[str, int]:
        return {"returned": controller.end_session(body.session_id or controller.session_id)}


def _add_answer_routes(app: FastAPI, controller: Controller) -> None:
    """Answers in, and looked at again."""

    @app.post("/give_answers")
    def give_answers(body: AnswersBody) -> Receipt:
        received = controller.receive_answers(body.answers, body.session_id)
        return Receipt(**asdict(received), **asdict(controller.standing(body.session_id, body.answers)))

    @app.post("/get_history")
    def get_history(body: HistoryBody) -> History:
        return History(answers=controller.history(body.session_id or controller.session_id, body.limit))

    @app.post("/validate_answer")
    def validate_answer(body: AnswerBody) -> Verdict:
        return Verdict(message=controller.validate_answer(body.answer))


def _add_recipe_routes(app: FastAPI, controller: Controller) -> None:
    """What a recipe brings: its script and styles, and the hooks that its page calls."""

    @app.get("/recipe.js", include_in_schema=False)
    def recipe_js() -> Response:
        return Response(content.script(controller.config), media_type="text/javascript")

    @app.get("/recipe.css", include_in_schema=False)
    def recipe_css() -> Response:
        return Response(content.style_sheet(controller.config), media_type="text/css")

    @app.post("/event/{name}")
    def event(name: str, payload: dict[str, Any] | None = None) -> Any:
        try:
            return call_hook(controller, name, payload or {})
        except (BioactiveError, HTTPException):
            raise
        except Exception as problem:
            raise failure(problem, f"The event hook {name!r}") from problem

    @app.post("/set_session_aliases")
    def set_session_aliases(body: AliasesBody) -> dict[str, str]:
        return {"status": "ok"}


def make_server(
    controller: Controller, access: Access | None = None, routes: Sequence[BaseRoute] = ()
) -> uvicorn.Server:
    """The web server of a controller; `run(sockets=[...])` starts it, `should_exit = True` ends it."""
    return web_server(create_app(controller, access, routes))


def serve(
    controller: Controller, on_ready: Callable[[str], None] | None = None, routes: Sequence[BaseRoute] = ()
) -> None:
    """Serve the page until the process is told to stop. For a network a password or a token is needed.

    controller (Controller): Its settings `host` and `port` say where.
    on_ready (Callable | None): Told the page's address, when it can be opened; a token is part of it.
    routes (Sequence[BaseRoute]): Routes of the recipe's own.
    RAISES (BioactiveError): B405 or B406 when one cannot listen there, B415 for a password that cannot be used.
    """
    access = make_access(is_loopback(controller.config["host"]))
    listener = bind(controller.config["host"], controller.config["port"])
    try:
        if on_ready is not None:
            on_ready(address(listener, controller.config["host"], access))
        make_server(controller, access, routes).run(sockets=[listener])
    finally:
        listener.close()


async def _explain(_request: object, problem: Exception) -> JSONResponse:
    code = problem.code if isinstance(problem, BioactiveError) else ""
    if isinstance(problem, RecipeFailure):
        logger.error("%s", problem.trace)
    if code in PASSING:
        # The page keeps its answers and sends them again, as after any failure of the server.
        logger.error("%s", problem)
    return JSONResponse({"detail": str(problem), "code": code}, status_code=503 if code in PASSING else 422)


def _public(config: dict[str, Any]) -> dict[str, Any]:
    """The settings that the page may know: those that are plain JSON."""
    return {key: value for key, value in config.items() if key not in content.PRIVATE and is_json(value)}
