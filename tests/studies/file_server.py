"""A real web server on this machine that serves a folder, with byte ranges, and can misbehave on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class FileServer:
    """What the server does and what it was asked.

    Attributes:
        folder: What it serves.
        address: Where it is, with a slash at the end.
        asked: Path and ``Range`` of every request.
        cut_after: Break the connection after that many bytes, once; None to behave.
        ranges: Whether it knows byte ranges.
    """

    folder: Path
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    cut_after: int | None = None
    ranges: bool = True


@contextmanager
def serving(folder: Path) -> Iterator[FileServer]:
    """Serves a folder on a free port of 127.0.0.1."""
    state = FileServer(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return None

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path).lstrip("/")
            asked = self.headers.get("Range", "")
            state.asked.append((path, asked))
            file = folder / path
            if not file.is_file():
                self.send_error(404)
                return
            content, start = file.read_bytes(), 0
            if asked and state.ranges:
                start = int(asked.removeprefix("bytes=").split("-")[0])
                if start >= len(content):
                    self.send_error(416)
                    return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            body = content[start:]
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if state.cut_after is not None and len(body) > state.cut_after:
                body, state.cut_after = body[: state.cut_after], None
                self.close_connection = True
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_address[1]}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
