"""The HTTP endpoint over a pipeline: thin routes over a batcher."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from spacy.language import Language

from bioactive import __version__
from bioactive.annotate.access import Access, make_access
from bioactive.annotate.guard import Guard, is_loopback
from bioactive.annotate.listening import address, bind, web_server
from bioactive.errors import BioactiveError, error
from bioactive.evaluation.blocks import uncached
from bioactive.strict_json import is_text

from .batching import Batcher
from .entities import Entity, Finder
from .messages import About, Found, Health, Problem, Texts

STATUS = {"B832": 503, "B833": 500}


@dataclass(frozen=True)
class Options:
    """Where and how a pipeline is served.

    host, port (str, int): The address; port 0 takes any that is free.
    spans_key (str | None): Serve `doc.spans[spans_key]`, which may nest, in place of `doc.ents`.
    batch_size (int): Texts that the pipeline takes at a time, of one request or of several.
    max_texts (int): Texts of one request.
    max_chars (int): Characters of one text.
    max_bytes (int): Bytes of one request.
    max_waiting (int): Texts of all requests together that may wait; more are refused until there is room.
    """

    host: str = "localhost"
    port: int = 8090
    spans_key: str | None = None
    batch_size: int = 64
    max_texts: int = 1000
    max_chars: int = 100_000
    max_bytes: int = 8 * 1024 * 1024
    max_waiting: int = 10_000


def serve(
    load: Callable[[], Language], options: Options, on_ready: Callable[[str, Access | None], None] | None = None
) -> None:
    """Serve a pipeline until the process is told to stop. For a network a password or a token is needed.

    load (Callable): Gives the pipeline. Called in the thread that will use it: a GPU is chosen for a thread.
    options (Options): Where and how.
    on_ready (Callable | None): Told the address and what a request has to bring, when the server can be asked.
    RAISES (BioactiveError): B405 or B406 when one cannot listen there, B415 for an unusable password, B307 for
        a pipeline that predicts no entities; whatever `load` raises.
    """
    access = make_access(is_loopback(options.host))
    listener = bind(options.host, options.port)
    with contextlib.closing(listener), ThreadPoolExecutor(1, "pipeline") as thread, ExitStack() as stack:
        finder = thread.submit(lambda: Finder(load(), options.spans_key, options.batch_size)).result()
        # The texts are the clients': no vectors of theirs are kept, neither in memory nor on disk.
        stack.enter_context(uncached(finder.nlp, folder=True))
        app = create_app(finder, thread, options, access)
        if on_ready is not None:
            on_ready(address(listener, options.host), access)
        web_server(app).run(sockets=[listener])


def create_app(finder: Finder, thread: ThreadPoolExecutor, options: Options, access: Access | None = None) -> FastAPI:
    """Make the web application.

    finder (Finder): Finds the entities.
    thread (ThreadPoolExecutor): The one thread that the pipeline is used in.
    options (Options): Limits.
    access (Access | None): What a request has to bring; None lets everybody in.
    RETURNS (FastAPI): The application; its OpenAPI description is at /openapi.json.
    """
    batcher: Batcher[list[Entity]] = Batcher(finder.find, thread, options.batch_size, options.max_waiting)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        work = asyncio.create_task(batcher.run())
        yield
        work.cancel()

    # The interactive documentation would load scripts from elsewhere.
    app = FastAPI(title="bioactive serve", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, host=options.host, limit=options.max_bytes, access=access)
    app.add_exception_handler(BioactiveError, _explain)
    app.add_exception_handler(RequestValidationError, _misshapen)
    refusals: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (401, 413, 422, 500, 503)}

    @app.post("/predict", responses=refusals)
    async def predict(body: Texts) -> Found:
        """Entities of one text (`text`) or of many (`texts`), in order."""
        found = await batcher.ask(_checked(body, options))
        return Found.model_validate({"docs": [{"entities": entities} for entities in found]})

    @app.get("/info")
    async def info() -> About:
        """The pipeline, its labels and the limits of a request."""
        meta = finder.nlp.meta
        limits = {"max_texts": options.max_texts, "max_chars": options.max_chars, "max_bytes": options.max_bytes}
        name = f"{meta['lang']}_{meta['name']} {meta['version']}"
        return About(pipeline=name, bioactive=__version__, labels=finder.labels, **limits)

    @app.get("/health")
    async def health() -> Health:
        """Whether the server answers; needs no password."""
        return Health(status="ok")

    return app


def _checked(body: Texts, options: Options) -> list[str]:
    """The texts of a request.

    RAISES (BioactiveError): B830 when it holds too many texts, none or both kinds, B831 when one is too long, B834 when
        one is not Unicode: JSON can spell half a surrogate pair.
    """
    if (body.text is None) == (body.texts is None):
        raise error("B830", found="neither or both of 'text' and 'texts'", most=options.max_texts)
    texts = [body.text] if body.text is not None else body.texts or []
    if len(texts) > options.max_texts:
        raise error("B830", found=f"{len(texts)} texts", most=options.max_texts)
    for number, text in enumerate(texts):
        if len(text) > options.max_chars:
            raise error("B831", number=number, length=len(text), most=options.max_chars)
        if not is_text(text):
            raise error("B834", problems=f"text {number} holds half a surrogate pair")
    return texts


async def _explain(_request: Request, problem: Exception) -> JSONResponse:
    code = problem.code if isinstance(problem, BioactiveError) else ""
    status = STATUS.get(code, 422)
    headers = {"Retry-After": "1"} if status == 503 else None
    return JSONResponse({"detail": str(problem), "code": code}, status, headers)


async def _misshapen(_request: Request, problem: Exception) -> JSONResponse:
    """What is wrong with a body, without the body: it may be long, or hold what no JSON can."""
    assert isinstance(problem, RequestValidationError)
    found = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problem.errors()[:5]]
    told = error("B834", problems="; ".join(found).encode("ascii", "backslashreplace").decode("ascii"))
    return JSONResponse({"detail": str(told), "code": told.code}, 422)
