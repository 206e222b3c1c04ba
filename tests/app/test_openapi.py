"""The application against its own OpenAPI description: no request that fits it, or nearly fits it, breaks the server."""

from __future__ import annotations

import warnings
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from bioactive.annotate.controller import Controller
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from tests.app.support import numbered_tasks

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
EXAMPLES = 15


def test_no_request_is_a_server_error(tmp_path: Path) -> None:
    with Store(str(tmp_path / "a.db")) as store, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of schemathesis itself
        recipe = {"dataset": "ds", "view_id": "ner_manual", "stream": numbered_tasks(2000)}
        app = create_app(Controller(recipe, store))
        schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "localhost"})
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) >= 10
        seen: set[int] = set()
        for operation in operations:
            for mode in schemathesis.GenerationMode:
                _call(operation, mode, seen)
    assert 200 in seen and 422 in seen


def _call(operation: object, mode: object, seen: set[int]) -> None:
    """Send one operation's requests, of the kind that fits the description or of the one that does not."""

    def send(case: object) -> None:
        response = case.call(headers={"host": "localhost"})  # type: ignore[attr-defined]
        assert response.status_code < 500, (case.as_curl_command(), response.text)  # type: ignore[attr-defined]
        seen.add(response.status_code)

    cases = operation.as_strategy(generation_mode=mode)  # type: ignore[attr-defined]
    quiet = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    # A request without parameters or a body cannot be made wrong.
    with suppress(Unsatisfiable) if mode is schemathesis.GenerationMode.NEGATIVE else nullcontext():
        quiet(given(cases)(send))()
