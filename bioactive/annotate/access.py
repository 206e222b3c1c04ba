"""Who may use a server that a network reaches: a name and password, or a token in the address."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from ..errors import error

COOKIE = "bioactive_token"
PARAMETER = "token"
# The second names are those of Prodigy.
USER = ("BIOACTIVE_BASIC_AUTH_USER", "PRODIGY_BASIC_AUTH_USER")
PASSWORD = ("BIOACTIVE_BASIC_AUTH_PASS", "PRODIGY_BASIC_AUTH_PASS")
TOKEN = ("BIOACTIVE_TOKEN",)


@dataclass(frozen=True)
class Access:
    """What a request has to bring; either is enough where both are set.

    user, password (str): For HTTP basic authentication; "" for none.
    token (str): In the cookie, in a bearer header, or once in the address; "" for none.
    """

    user: str = ""
    password: str = ""
    token: str = ""

    def allows(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers (names in lower case) may pass."""
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic" and self.user and _same(_decoded(value), f"{self.user}:{self.password}"):
            return True
        if kind.lower() == "bearer" and self.token and _same(value.strip(), self.token):
            return True
        return bool(self.token) and _same(_cookie(headers.get("cookie", "")), self.token)

    def entry(self, query: str) -> str | None:
        """Where to send a browser that opened the page with the right token in its address.

        query (str): The query of the address.
        RETURNS (str | None): The query without the token; None when there is none, or a wrong one.
        """
        pairs = parse_qsl(query, keep_blank_values=True)
        given = dict(pairs).get(PARAMETER, "")
        if not self.token or not _same(given, self.token):
            return None
        return urlencode([pair for pair in pairs if pair[0] != PARAMETER])

    def shown(self, headers: Mapping[str, str], query: str) -> str:
        """What a request tried to get in by; "" when it brought nothing."""
        given = dict(parse_qsl(query)).get(PARAMETER, "")
        return " ".join((headers.get("authorization", ""), _cookie(headers.get("cookie", "")), given)).strip()

    def cookie(self) -> str:
        """The header that lets a browser in from now on."""
        return f"{COOKIE}={self.token}; Path=/; HttpOnly; SameSite=Strict"

    def refusal(self) -> tuple[str, dict[str, str]]:
        """What to tell somebody who may not pass: a message, and headers."""
        if self.user:
            return "A name and a password are needed.", {"WWW-Authenticate": 'Basic realm="bioactive", charset="UTF-8"'}
        return "Open the whole address that the server printed, with its token.", {}


def make_access(loopback: bool, environment: Mapping[str, str] = os.environ) -> Access | None:
    """What to ask of requests.

    loopback (bool): Whether only this machine reaches the server.
    environment (Mapping): Where BIOACTIVE_BASIC_AUTH_USER and _PASS, or BIOACTIVE_TOKEN, may be set.
    RETURNS (Access | None): None when nothing is set and the server is on loopback. For a network there always is
        something: a token is made up when nothing is set.
    RAISES (BioactiveError): B415 for a name without a password, or a token that fits into no header.
    """
    user, password, token = (_first(environment, names) for names in (USER, PASSWORD, TOKEN))
    if bool(user) != bool(password):
        raise error("B415", key=USER[0], value=user, remedy=f"Set both {USER[0]} and {PASSWORD[0]}, or neither.")
    if (token and not token.replace("-", "").replace("_", "").isalnum()) or not token.isascii():
        raise error("B415", key=TOKEN[0], value="(hidden)", remedy="Use ASCII letters, digits, '-' and '_' only.")
    if user or token:
        return Access(user, password, token)
    return None if loopback else Access(token=secrets.token_urlsafe(24))


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8"))


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
