"""The application against its own OpenAPI description: no request that fits it, or nearly does, breaks the server."""

from __future__ import annotations

import warnings
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from bioactive.annotate.controller import Controller
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from bioactive.serving.server import Options
from tests.app.support import numbered_tasks
from tests.app.test_predict_server import served

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
EXAMPLES = 15


def test_no_request_is_a_server_error(tmp_path: Path) -> None:
    with Store(str(tmp_path / "a.db")) as store, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of schemathesis itself
        recipe = {"dataset": "ds", "view_id": "ner_manual", "stream": numbered_tasks(2000)}
        app = create_app(Controller(recipe, store))
        schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "localhost"})
        called, seen = _call_all(schema, {"host": "localhost"})
    assert called >= 10
    assert 200 in seen and 422 in seen


def test_no_request_to_a_served_pipeline_is_a_server_error() -> None:
    with served(Options(max_texts=50, max_bytes=20_000)) as url, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        called, seen = _call_all(schemathesis.openapi.from_url(f"{url}/openapi.json"), {})
    assert called == 3
    assert 200 in seen and 422 in seen


def _call_all(schema: Any, headers: dict[str, str]) -> tuple[int, set[int]]:
    """Send requests to every operation: how many operations there are, and the statuses that came back."""
    operations, seen = [found.ok() for found in schema.get_all_operations()], set[int]()
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            _call(operation, mode, seen, headers)
    return len(operations), seen


def _call(operation: object, mode: object, seen: set[int], headers: dict[str, str]) -> None:
    """Send one operation's requests, of the kind that fits the description or of the one that does not."""

    def send(case: object) -> None:
        response = case.call(headers=headers)  # type: ignore[attr-defined]
        assert response.status_code < 500, (case.as_curl_command(), response.text)  # type: ignore[attr-defined]
        seen.add(response.status_code)

    cases = operation.as_strategy(generation_mode=mode)  # type: ignore[attr-defined]
    quiet = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    # A request without parameters or a body cannot be made wrong.
    with suppress(Unsatisfiable) if mode is schemathesis.GenerationMode.NEGATIVE else nullcontext():
        quiet(given(cases)(send))()
