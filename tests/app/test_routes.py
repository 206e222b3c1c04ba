"""The routes over ASGI: shapes, refusals and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bioactive.annotate.controller import Controller
from bioactive.annotate.guard import Guard
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from tests.app.support import AppClient, numbered_tasks


def serve(store: Store, **config: Any) -> Controller:
    recipe = {"dataset": "ds", "view_id": "ner_manual", "stream": numbered_tasks(5)}
    return Controller(recipe, store, {"labels": ["PROTEIN"], "batch_size": 2, **config})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "a.db")) as opened:
        yield opened


@pytest.fixture
def client(store: Store) -> AppClient:
    return AppClient(create_app(serve(store)))


def test_project_names_dataset_view_and_session(client: AppClient) -> None:
    project = client.get("/project/anna").json()
    assert (project["dataset"], project["view_id"], project["session_id"]) == ("ds", "ner_manual", "ds-anna")
    assert project["config"]["labels"] == ["PROTEIN"]
    unnamed = client.get("/project").json()["session_id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-[0-9a-f]{6}", unnamed), unnamed


def test_session_may_have_any_sign_in_its_name(client: AppClient) -> None:
    assert client.get("/project/a%2Fb%3C%3F").json()["session_id"] == "ds-a/b<?"


def test_questions_and_answers(client: AppClient, store: Store) -> None:
    asked = client.post("/get_session_questions", json={"session_id": "ds-anna"}).json()
    assert (asked["total"], asked["expected"], asked["progress"], asked["session_id"]) == (0, 5, 0.0, "ds-anna")
    answers = [{**task, "answer": "accept"} for task in asked["tasks"]]
    given = client.post("/give_answers", json={"answers": answers, "session_id": "ds-anna"}).json()
    assert (given["stored"], given["known"], given["total"], given["progress"]) == (2, 0, 2, 0.4)
    assert client.post("/give_answers", json={"answers": answers, "session_id": "ds-anna"}).json()["known"] == 2
    assert store.count_dataset("ds") == store.count_dataset("ds-anna") == 2


def test_end_session_returns_tasks(client: AppClient) -> None:
    client.post("/get_session_questions", json={"session_id": "ds-anna"})
    assert client.post("/end_session", json={"session_id": "ds-anna"}).json() == {"returned": 2}


def test_history_has_the_answers_of_the_session(client: AppClient) -> None:
    tasks = client.post("/get_session_questions", json={"session_id": "ds-anna"}).json()["tasks"]
    answers = [{**task, "answer": "accept", "_answer_id": task["text"]} for task in tasks]
    client.post("/give_answers", json={"answers": answers, "session_id": "ds-anna"})
    found = client.post("/get_history", json={"session_id": "ds-anna", "limit": 5}).json()["answers"]
    assert [answer["_answer_id"] for answer in found] == [task["text"] for task in reversed(tasks)]
    assert client.post("/get_history", json={"session_id": "ds-ben"}).json() == {"answers": []}
    assert client.post("/get_history", json={"limit": -1}).status_code == 422


def test_open_page_keeps_its_tasks(client: AppClient) -> None:
    client.post("/get_session_questions", json={"session_id": "ds-anna"})
    alive = client.post("/keep_alive", json={"session_id": "ds-anna"}).json()
    assert (alive["out"], alive["done"], alive["mine"], alive["expected"]) == (2, 0, 0, 5)


def test_session_that_is_not_allowed_gets_nothing(store: Store) -> None:
    client = AppClient(create_app(serve(store, allowed_sessions=["anna"])))
    assert client.get("/project/anna").status_code == 200
    for response in (
        client.get("/project/eve"),
        client.get("/project"),
        client.post("/get_session_questions", json={"session_id": "ds-eve"}),
    ):
        assert (response.status_code, response.json()["code"]) == (422, "B417")


def test_answers_that_are_none_are_refused_with_a_code(client: AppClient) -> None:
    response = client.post("/give_answers", json={"answers": [{"text": "a"}]})
    assert (response.status_code, response.json()["code"]) == (422, "B413")
    assert client.post("/give_answers", json={"answers": "x"}).status_code == 422
    assert client.post("/give_answers", content=b"{", headers={"Content-Type": "application/json"}).status_code == 422


def test_validate_answer_without_a_recipes_check_is_silent(client: AppClient) -> None:
    assert client.post("/validate_answer", json={"answer": {"text": "a"}}).json() == {"message": None}


def test_health_version_and_openapi(client: AppClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert set(client.get("/version").json()) == {"version"}
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/project", "/get_session_questions", "/give_answers", "/validate_answer", "/end_session"} <= set(paths)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8080", "", "[::1", "169.254.1.1"])
def test_other_hosts_are_refused(host: str, client: AppClient) -> None:
    assert client.get("/project", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:9", "[::1]:8080", "LOCALHOST"])
def test_own_hosts_are_answered(host: str, client: AppClient) -> None:
    assert client.get("/health", headers={"Host": host}).status_code == 200


def test_network_host_answers_to_any_name(store: Store) -> None:
    client = AppClient(create_app(serve(store, host="0.0.0.0")), "http://box.lan:8080")
    assert client.get("/health").status_code == 200


def test_other_origins_are_refused(client: AppClient) -> None:
    body = {"answers": []}
    assert client.post("/give_answers", json=body, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/give_answers", json=body, headers={"Origin": "null"}).status_code == 403
    assert client.post("/give_answers", json=body, headers={"Origin": "http://localhost:8080"}).status_code == 200
    # What a form on another site could send without asking first.
    plain = client.post("/give_answers", content=b'{"answers": []}', headers={"Content-Type": "text/plain"})
    assert plain.status_code == 422


def test_large_bodies_are_refused(client: AppClient, store: Store) -> None:
    refused = client.post("/give_answers", content=b"x", headers={"Content-Length": str(10**9)})
    assert refused.status_code == 413
    small = AppClient(Guard(create_app(serve(store)), "localhost", limit=1000))
    assert small.post("/give_answers", json={"answers": [{"text": "x" * 2000}]}).status_code == 413


def test_page_and_scripts_are_served_with_a_policy(client: AppClient) -> None:
    page = client.get("/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert client.get("/static/js/app.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/static/../server.py").status_code == 404


def test_page_loads_nothing_from_elsewhere() -> None:
    folder = Path(create_app.__globals__["STATIC"])
    for path in folder.rglob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, path
        assert "innerHTML" not in text, path
