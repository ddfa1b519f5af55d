"""A small server that answers like the hub: metadata by HEAD, content by GET, ranges, and faults on request."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qamro.checkpoints import WeightFile, Weights

REVISION = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """Serves files by ``repo/path``.

    Attributes:
        files: Content by ``repo/path``.
        break_after: Drop the connection after this many bytes of a body, for this many requests.
        requests: (method, path, Range header) of every request.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.break_after: int | None = None
        self.breaks_left = 0
        self.requests: list[tuple[str, str, str | None]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                return

            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, body: bool) -> None:
                asked = self.headers.get("Range")
                hub.requests.append((self.command, self.path, asked))
                repo, _, rest = self.path.lstrip("/").partition("/resolve/")
                revision, _, path = rest.partition("/")
                content = hub.files.get(f"{repo}/{path}")
                if content is None or revision != REVISION:
                    self.send_response(404)
                    self.send_header("X-Error-Code", "EntryNotFound")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
                part = content[start:]
                self.send_response(206 if asked else 200)
                self.send_header("X-Repo-Commit", REVISION)
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("Content-Length", str(len(part)))
                if asked:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.end_headers()
                if not body:
                    return
                if hub.break_after is not None and hub.breaks_left > 0 and len(part) > hub.break_after:
                    hub.breaks_left -= 1
                    self.wfile.write(part[: hub.break_after])
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.close()
                    return
                self.wfile.write(part)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def fetched(self) -> list[tuple[str, str | None]]:
        """(path, Range) of every GET."""
        return [(path, asked) for method, path, asked in self.requests if method == "GET"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def publish(hub: HubServer, name: str, files: dict[str, bytes]) -> Weights:
    """Puts files on the hub and writes their manifest."""
    repo = f"someone/{name}"
    hub.files |= {f"{repo}/{path}": content for path, content in files.items()}
    entries = tuple(WeightFile(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items())
    return Weights(name, f"Test weights {name}", repo, REVISION, "CC0-1.0", entries)
