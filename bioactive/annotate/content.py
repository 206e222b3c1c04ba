"""What a recipe brings for its page: scripts, style sheets, and what the page's policy lets through for them.

A recipe's code and templates are trusted, the tasks are not. The policy stays strict: scripts come from this server as
a file, a handler in a template runs only because its hash is named, and other sites are reached only where a recipe
says so.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import error
from .config import names_of

KINDS = {"javascript": ("javascript", "javascript_dir", ".js"), "css": ("global_css", "global_css_dir", ".css")}
# What old recipes call their JavaScript.
OLD_SCRIPT = "html_script"
# Settings that the page gets as files of their own, or not at all.
PRIVATE = ("javascript", OLD_SCRIPT, "global_css", "javascript_dir", "global_css_dir", "db", "db_settings")


def script(config: Mapping[str, Any]) -> str:
    """The recipe's JavaScript; "" without one."""
    return _joined(config, "javascript")


def style_sheet(config: Mapping[str, Any]) -> str:
    """The recipe's CSS; "" without any."""
    return _joined(config, "css")


def addresses(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The scripts and style sheets that the page loads for a recipe, its own file last."""
    own = ["recipe.js"] if script(config) else []
    sheets = ["recipe.css"] if style_sheet(config) else []
    return [*names_of(config.get("javascript_urls")), *own], [*names_of(config.get("global_css_urls")), *sheets]


def policy(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is let through besides what the page needs itself, by directive of the Content-Security-Policy.

    config (Mapping): The settings of the recipe. `content_origins` names sites that scripts, styles, pictures and
        requests may go to; the sites of `javascript_urls` and `global_css_urls` are let through for these.
    RETURNS (dict[str, list[str]]): Sources by directive.
    RAISES (BioactiveError): B415 for a site that is no address.
    """
    sites = [_origin(name) for name in names_of(config.get("content_origins"))]
    scripts = [_origin(url) for url in names_of(config.get("javascript_urls")) if "//" in url]
    sheets = [_origin(url) for url in names_of(config.get("global_css_urls")) if "//" in url]
    hashes = sorted({_hash(code) for markup in templates(config) for code in handlers(markup)})
    allowed = ["'unsafe-hashes'", *hashes] if hashes else []
    found = {
        "script-src": [*scripts, *sites, *allowed],
        "style-src": [*sheets, *sites],
        "img-src": sites,
        "media-src": sites,
        "font-src": [*sheets, *sites],
        "connect-src": sites,
    }
    return {directive: list(dict.fromkeys(sources)) for directive, sources in found.items() if sources}


def templates(config: Mapping[str, Any]) -> Iterator[str]:
    """The markup that a recipe gives in its settings."""
    blocks = [block for block in config.get("blocks") or [] if isinstance(block, dict)]
    for place in (config, *blocks):
        for key in ("html_template", "html"):
            if isinstance(place.get(key), str):
                yield place[key]


def handlers(markup: str) -> list[str]:
    """The code of the event handlers in markup. Where a task's value would stand in the code, it is left out."""
    reader = _Handlers()
    reader.feed(markup)
    reader.close()
    return [code for code in reader.found if "{{" not in code]


class _Handlers(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name.startswith("on") and value]


def _hash(code: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode('utf-8')).digest()).decode('ascii')}'"


def _origin(address: str) -> str:
    """The site of an address.

    RAISES (BioactiveError): B415 when it names none: what reaches the header must be a site and nothing else.
    """
    parts = urlsplit(address)
    host = parts.netloc
    if parts.scheme not in ("http", "https") or not host or not all(sign.isalnum() or sign in ".-:*" for sign in host):
        remedy = "Name sites as in https://example.org."
        raise error("B415", key="content_origins", value=address, remedy=remedy)
    return f"{parts.scheme}://{host}"


def _joined(config: Mapping[str, Any], kind: str) -> str:
    name, folder_name, ending = KINDS[kind]
    given = config.get(name) or (config.get(OLD_SCRIPT) if kind == "javascript" else None)
    parts = [str(given)] if given else []
    if config.get(folder_name):
        folder = Path(str(config[folder_name])).expanduser()
        if not folder.is_dir():
            raise error("B415", key=folder_name, value=str(folder), remedy="Name a folder that exists.")
        parts += [path.read_text(encoding="utf-8") for path in sorted(folder.glob(f"*{ending}"))]
    return "\n".join(parts)
