"""A model hub on this machine: the endpoints that pushing and pulling a revision need, and connections that break.

Large files go up by the LFS protocol (batch, PUT, verify), small ones inside of the commit; files come
down with ranges.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 4096  # bytes from which on a file goes by LFS
PIECE = 16 * 1024


@dataclass
class Hub:
    """What the server holds, and what it was asked.

    token (str): The one that may write, and read what is private.
    branches (dict[str, dict[str, bytes]]): Files by path, by branch, of the one repository "team/ner".
    objects (dict[str, bytes]): Large files by SHA-256.
    cut (dict[str, int]): How many more transfers of "PUT" or "GET" to break after half of the bytes.
    requests (list[str]): "METHOD path" of each request, with its range.
    sent (int): Bytes of files that went out.
    part (int): Bytes of a part, for large files that are to come in parts; 0 for whole ones.
    parts (dict[str, dict[int, bytes]]): Parts by number, by SHA-256 of the file.
    offered (list[list[str]]): The ways to transfer files that each request offered.
    """

    token: str = "secret"
    branches: dict[str, dict[str, bytes]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=lambda: {"PUT": 0, "GET": 0})
    requests: list[str] = field(default_factory=list)
    private: bool | None = None
    sent: int = 0
    part: int = 0
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    offered: list[list[str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def commit_of(self, branch: str) -> str:
        """A hash of what a branch holds."""
        files = {path: hashlib.sha1(content).hexdigest() for path, content in sorted(self.branches[branch].items())}
        return hashlib.sha1(json.dumps(files).encode()).hexdigest()

    def files_of(self, revision: str) -> dict[str, bytes] | None:
        """The files of a branch, named by itself or by its commit."""
        named = {self.commit_of(branch): branch for branch in self.branches}
        return self.branches.get(named.get(revision, revision))


class Handler(BaseHTTPRequestHandler):
    """One connection to the hub."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        hub, path, body = self.hub, urlsplit(self.path).path, self._body()
        if path == "/api/validate-yaml":
            return self._json({"errors": [], "warnings": []})
        if path.startswith("/complete/"):  # an address that is signed itself
            return self._complete(path.removeprefix("/complete/"), json.loads(body))
        if not self._authorised():
            return self._json({"error": "Invalid token"}, 401)
        if path == "/api/repos/create":
            asked = json.loads(body)
            if hub.private is not None:
                return self._json({"error": "You already created this model repo"}, 409)
            hub.private = bool(asked.get("private"))
            hub.branches["main"] = {".gitattributes": b"* text\n"}
            return self._json({"url": f"{self.server.url}/team/ner", "name": "team/ner", "id": "1"})
        if match := re.fullmatch(r"/api/models/team/ner/branch/(.+)", path):
            branch = unquote(match[1])
            if branch in hub.branches:
                return self._json({"error": "Reference already exists"}, 409)
            hub.branches[branch] = dict(hub.branches["main"])
            return self._json({}, 201)
        if path.startswith("/api/models/team/ner/preupload/"):
            return self._json({"files": [self._mode(each) for each in json.loads(body)["files"]]})
        if path == "/team/ner.git/info/lfs/objects/batch":
            asked = json.loads(body)
            hub.offered.append(asked["transfers"])
            # As the public hub does, which takes Xet where it is offered.
            chosen = "xet" if "xet" in asked["transfers"] else "multipart" if hub.part else "basic"
            return self._json({"transfer": chosen, "objects": list(map(self._batch, asked["objects"]))})
        if path == "/verify":
            found = json.loads(body)
            return self._json({}, 200 if len(hub.objects.get(found["oid"], b"")) == found["size"] else 404)
        if match := re.fullmatch(r"/api/models/team/ner/commit/(.+)", path):
            return self._commit(unquote(match[1]), body)
        return self._json({"error": f"no such endpoint: {path}"}, 404)

    def do_PUT(self) -> None:
        path = urlsplit(self.path).path
        oid = path.removeprefix("/upload/")
        length = int(self.headers["Content-Length"])
        if self._breaks("PUT"):
            self.rfile.read(length // 2)
            return self._break()
        content = self.rfile.read(length)
        if match := re.fullmatch("/part/(.+)/(.+)", path):
            self.hub.parts.setdefault(match[1], {})[int(match[2])] = content
            return self._json({}, headers={"ETag": _blob(content)})
        assert hashlib.sha256(content).hexdigest() == oid
        self.hub.objects[oid] = content
        return self._json({})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub, path = self.hub, urlsplit(self.path).path
        hub.requests.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        if hub.private and not self._authorised():
            return self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        if match := re.fullmatch(r"/api/models/team/ner/(revision|tree)/([^/]+)", path):
            files = hub.files_of(unquote(match[2]))
            if files is None:
                return self._json({"error": "Invalid rev id"}, 404, {"X-Error-Code": "RevisionNotFound"})
            if match[1] == "tree":
                return self._json(
                    [{"type": "file", "path": p, "size": len(c), "oid": _blob(c)} for p, c in files.items()]
                )
            commit = hub.commit_of(unquote(match[2])) if unquote(match[2]) in hub.branches else unquote(match[2])
            return self._json({"id": "team/ner", "sha": commit, "siblings": [{"rfilename": p} for p in files]})
        if match := re.fullmatch(r"/team/ner/resolve/([^/]+)/(.+)", path):
            return self._file(unquote(match[1]), unquote(match[2]))
        return self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})

    @property
    def hub(self) -> Hub:
        return self.server.hub

    def _file(self, commit: str, path: str) -> None:
        content = (self.hub.files_of(commit) or {}).get(path)
        if content is None:
            return self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        etag = hashlib.sha256(content).hexdigest() if len(content) >= LARGE else _blob(content)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        first = int(match[1]) if (match := re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))) else 0
        part = content[first:]
        if first:
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        self._head(206 if first else 200, len(part), headers)
        if self.command == "HEAD":
            return
        broken = len(part) >= LARGE and self._breaks("GET")
        for start in range(0, len(part) // 2 if broken else len(part), PIECE):
            self.wfile.write(part[start : start + PIECE])
            self.hub.sent += len(part[start : start + PIECE])
        if broken:
            self._break()

    def _mode(self, found: dict[str, Any]) -> dict[str, Any]:
        mode = "lfs" if found["size"] >= LARGE else "regular"
        return {"path": found["path"], "uploadMode": mode, "shouldIgnore": False, "oid": None}

    def _batch(self, found: dict[str, Any]) -> dict[str, Any]:
        if found["oid"] in self.hub.objects:
            return found
        links = {"upload": f"{self.server.url}/upload/{found['oid']}", "verify": f"{self.server.url}/verify"}
        actions: dict[str, dict[str, Any]] = {name: {"href": link} for name, link in links.items()}
        if self.hub.part:
            numbers = range(1, -(-found["size"] // self.hub.part) + 1)
            places = {str(n): f"{self.server.url}/part/{found['oid']}/{n}" for n in numbers}
            header = {"chunk_size": str(self.hub.part), **places}
            actions["upload"] = {"href": f"{self.server.url}/complete/{found['oid']}", "header": header}
        return {**found, "actions": actions}

    def _complete(self, oid: str, asked: dict[str, Any]) -> None:
        found = self.hub.parts[oid]
        told = {each["partNumber"]: each["etag"] for each in asked["parts"]}
        content = b"".join(found[number] for number in sorted(found))
        if told != {n: _blob(part) for n, part in found.items()} or hashlib.sha256(content).hexdigest() != oid:
            return self._json({"error": "the parts are other ones"}, 400)
        self.hub.objects[oid] = content
        self._json({})

    def _commit(self, branch: str, body: bytes) -> None:
        files = dict(self.hub.branches[branch])
        for line in body.splitlines():
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif key == "deletedFile":
                del files[value["path"]]
        self.hub.branches[branch] = files
        commit = self.hub.commit_of(branch)
        self._json({"commitUrl": f"{self.server.url}/team/ner/commit/{commit}", "commitOid": commit})

    def _authorised(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.hub.token}"

    def _breaks(self, method: str) -> bool:
        with self.hub.lock:
            if self.hub.cut[method] > 0:
                self.hub.cut[method] -= 1
                return True
            return False

    def _break(self) -> None:
        self.wfile.flush()
        self.connection.shutdown(2)
        self.close_connection = True

    def _body(self) -> bytes:
        self.hub.requests.append(f"POST {urlsplit(self.path).path}")
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(value).encode()
        self._head(status, len(content), {"Content-Type": "application/json", **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """The hub, listening on a free port of the loopback address."""

    daemon_threads = True

    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = hub
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


def _blob(content: bytes) -> str:
    """The name that git gives to a file's contents."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
