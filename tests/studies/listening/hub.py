"""A stand-in for the Hugging Face Hub on this machine: just what making, filling and reading a data set needs."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40
DATE = "2026-01-01T00:00:00.000Z"


class Hub(ThreadingHTTPServer):
    """Holds the files of one data set. ``broken`` makes every answer an error."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.made: list[dict[str, Any]] = []
        self.commits = 0
        self.tokens: set[str] = set()
        self.broken = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def _send(self, status: int, body: bytes | dict[str, Any] | list[Any] = b"", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        usual = {"Content_Length": str(len(content)), "Content_Type": "application/json"}
        for name, value in (usual | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _open(self) -> bytes | None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.tokens.add(self.headers.get("Authorization", ""))
        if self.server.broken:
            self._send(500, {"error": "down"})
            return None
        return body

    def do_POST(self) -> None:
        body, hub, path = self._open(), self.server, urlsplit(self.path).path
        if body is None:
            return
        if path.endswith("/repos/create"):
            hub.made.append(json.loads(body))
            self._send(200, {"url": f"{hub.url}/datasets/me/ratings", "id": "me/ratings", "name": "me/ratings"})
        elif "/preupload/" in path:
            files = [file | {"uploadMode": "regular", "shouldIgnore": False} for file in json.loads(body)["files"]]
            self._send(200, {"files": files})
        elif "/commit/" in path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    hub.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            hub.commits += 1
            self._send(200, {"commitUrl": f"{hub.url}/datasets/me/ratings/commit/{COMMIT}", "commitOid": COMMIT})
        else:
            self._send(200, {})

    def do_GET(self) -> None:
        if self._open() is None:
            return
        hub, path = self.server, unquote(urlsplit(self.path).path)
        if "/resolve/" in path:
            content = hub.files.get(path.split("/resolve/")[1].split("/", 1)[1])
            if content is None:
                self._send(404)
                return
            etag = hashlib.sha1(content).hexdigest()
            self._send(200, content, ETag=f'"{etag}"', X_Repo_Commit=COMMIT, Content_Type="application/octet-stream")
        elif not hub.made:
            self._send(404, {"error": "not found"}, X_Error_Code="RepoNotFound")
        elif "/tree/" in path:
            sizes = {name: (len(content), hashlib.sha1(content).hexdigest()) for name, content in hub.files.items()}
            tree = [{"type": "file", "path": name, "size": size, "oid": oid} for name, (size, oid) in sizes.items()]
            self._send(200, tree)
        else:
            siblings = [{"rfilename": name} for name in sorted(hub.files)]
            info = {"id": "me/ratings", "sha": COMMIT, "private": True, "siblings": siblings, "lastModified": DATE}
            self._send(200, info | {"createdAt": DATE, "tags": [], "downloads": 0, "likes": 0, "disabled": False})

    do_HEAD = do_GET  # noqa: N815
