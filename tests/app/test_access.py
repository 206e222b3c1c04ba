"""Access over a network: by name and password, or by a token; nothing passes without."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioactive.annotate.access import Access, make_access
from bioactive.annotate.attempts import ALLOWED, WINDOW, Attempts
from bioactive.annotate.controller import Controller
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from bioactive.errors import BioactiveError
from tests.app.support import AppClient, numbered_tasks


@pytest.fixture
def controller(tmp_path: Path) -> Iterator[Controller]:
    with Store(str(tmp_path / "a.db")) as store:
        recipe = {"dataset": "ds", "view_id": "ner_manual", "stream": numbered_tasks(3)}
        yield Controller(recipe, store, {"host": "0.0.0.0"})


def client(controller: Controller, access: Access) -> AppClient:
    return AppClient(create_app(controller, access), "http://box.lan:8080")


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_password_is_asked_for_and_taken(controller: Controller) -> None:
    box = client(controller, Access("anna", "pässword"))
    for headers in ({}, basic("anna:wrong"), basic("ben:pässword"), {"Authorization": "Basic %%%"}, basic("")):
        refused = box.get("/project", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic")
    assert box.get("/project", headers=basic("anna:pässword")).status_code == 200
    assert box.get("/static/js/app.js").status_code == 401


def test_token_in_the_address_becomes_a_cookie(controller: Controller) -> None:
    box = client(controller, Access(token="secret-1"))
    opened = box.get("/?session=anna&token=secret-1")
    assert (opened.status_code, opened.headers["location"]) == (303, "./?session=anna")
    assert "HttpOnly" in opened.headers["set-cookie"] and "SameSite=Strict" in opened.headers["set-cookie"]
    cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
    assert box.get("/project", headers=cookie).status_code == 200
    assert box.get("/project", headers={"Authorization": "Bearer secret-1"}).status_code == 200


@pytest.mark.parametrize("address", ["/", "/?token=", "/?token=secret", "/project?token=secret-1"])
def test_other_tokens_are_refused(address: str, controller: Controller) -> None:
    assert client(controller, Access(token="secret-1")).get(address).status_code == 401


def test_health_needs_nothing(controller: Controller) -> None:
    assert client(controller, Access(token="secret-1")).get("/health").status_code == 200


def test_network_gets_a_token_when_nothing_is_set() -> None:
    one, other = make_access(False, {}), make_access(False, {})
    assert one is not None and other is not None
    assert len(one.token) >= 32 and one.token != other.token
    assert make_access(True, {}) is None


def test_environment_sets_password_and_token() -> None:
    names = {"PRODIGY_BASIC_AUTH_USER": "anna", "PRODIGY_BASIC_AUTH_PASS": "p", "BIOACTIVE_TOKEN": "t-1"}
    assert make_access(True, names) == Access("anna", "p", "t-1")


@pytest.mark.parametrize("names", [{"BIOACTIVE_BASIC_AUTH_USER": "anna"}, {"BIOACTIVE_TOKEN": "a; b"}])
def test_half_a_setting_is_an_error(names: dict[str, str]) -> None:
    with pytest.raises(BioactiveError, match="B415"):
        make_access(True, names)


def test_guessing_is_slowed_down_and_one_wrong_cookie_is_no_guessing(controller: Controller) -> None:
    box = client(controller, Access("anna", "right"))
    for _ in range(2 * ALLOWED):
        assert box.get("/project", headers=basic("anna:old")).status_code == 401
    guesses = [box.get("/project", headers=basic(f"anna:{number}")) for number in range(ALLOWED)]
    assert [found.status_code for found in guesses] == [401] * (ALLOWED - 1) + [429]
    assert 0 < int(guesses[-1].headers["retry-after"]) <= 60
    assert box.get("/project", headers=basic("anna:right")).status_code == 429
    assert box.get("/health").status_code == 200


def test_waiting_ends_and_addresses_count_apart() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for number in range(ALLOWED):
        attempts.failed("10.0.0.1", f"wrong {number}")
        attempts.failed("10.0.0.2", "wrong")
        attempts.failed("10.0.0.3", "")
        now[0] += 1
    assert [attempts.wait(f"10.0.0.{last}") for last in (1, 2, 3)] == [50, 0, 0]
    now[0] = WINDOW
    assert attempts.wait("10.0.0.1") == 0


def test_credentials_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: bool(compared.append((one, other))) or one == other)
    access = Access("anna", "pw", "t-1")
    assert access.allows({"authorization": basic("anna:pw")["Authorization"]}) and access.allows(
        {"authorization": "Bearer t-1"}
    )
    assert access.allows({"cookie": "bioactive_token=t-1"}) and access.entry("token=t-1") == ""
    assert len(compared) == 4
