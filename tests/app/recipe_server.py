"""A recipe as it is typed, served by the real server on a real socket, in a thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from bioactive.annotate.controller import Controller
from bioactive.annotate.listening import bind
from bioactive.annotate.recipe_files import load_file
from bioactive.annotate.running import named
from bioactive.annotate.server import extra_routes, make_server
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from bioactive.annotate.typed import parse, read_shared
from bioactive.compat import install, uninstall


class Annotator:
    """A client that answers what it is asked.

    controller (Controller): The controller behind the server.
    client (httpx.Client): Knows the server's address.
    session (str | None): Its name.
    """

    def __init__(self, controller: Controller, client: httpx.Client, session: str | None = None) -> None:
        self.controller, self.client, self.name = controller, client, session

    @cached_property
    def project(self) -> Any:
        return self.get(f"/project/{self.name}" if self.name else "/project")

    @property
    def session(self) -> str:
        return str(self.project["session_id"])

    def get(self, path: str) -> Any:
        return self._told(self.client.get(path))

    def post(self, path: str, body: Any) -> Any:
        return self._told(self.client.post(path, json=body))

    def _told(self, response: httpx.Response) -> Any:
        assert response.status_code == 200, response.text
        return response.json()

    def questions(self) -> list[Task]:
        tasks: list[Task] = self.post("/get_session_questions", {"session_id": self.session})["tasks"]
        return tasks

    def answer(self, tasks: Sequence[Task], kind: str = "accept", **more: Any) -> Any:
        answers = [{**task, **more, "answer": kind} for task in tasks]
        return self.post("/give_answers", {"session_id": self.session, "answers": answers})

    def named(self, session: str) -> Annotator:
        return Annotator(self.controller, self.client, session)


@contextlib.contextmanager
def recipes_of(*files: Path) -> Iterator[None]:
    """With the recipes of files, which import `prodigy`."""
    install()
    for path in files:
        load_file(path)
    yield
    uninstall()


@contextlib.contextmanager
def served(made: Any, store: Store | None = None, **config: Any) -> Iterator[Annotator]:
    """Serve a recipe's dict, or a Controller."""
    controller = made if isinstance(made, Controller) else Controller.from_components("test", made, store, config)
    listener = bind("localhost", 0)
    server = make_server(controller, None, list(extra_routes))
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    try:
        with httpx.Client(base_url=f"http://localhost:{listener.getsockname()[1]}", timeout=60) as client:
            yield Annotator(controller, client)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


@contextlib.contextmanager
def typed(words: str, db: str, **config: Any) -> Iterator[Annotator]:
    """Serve a recipe as it is typed."""
    name, *rest = words.split()
    recipe = named(name)
    arguments, shared = parse(recipe, rest)
    _, settings = read_shared(shared)
    with Store(db) as store, served(recipe.function(**arguments), store, **{**settings, **config}) as annotator:
        yield annotator
