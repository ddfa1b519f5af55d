"""What stands around every request: an id, headers, where it comes from, quotas, a count and a line in the log."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from qamro.ui import monitoring
from qamro.ui.bounds import PRESENCE, Daily, TooMuchError, bound, is_counted
from qamro.ui.space import on_space
from qamro.ui.texts import Bounds

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is being answered, for logs."""

access = logging.getLogger("qamro.access")
"""A line a request."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FILES = re.compile(r"(file=|listen/|shared/|upload_progress|stream/).*")
_SCRIPTS = "/assets/"
"""Where Gradio's scripts are; their names change with what is in them."""

_FOR_EVER = [(b"cache-control", b"public, max-age=31536000, immutable")]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


def security_headers(*, space: bool) -> dict[str, str]:
    """Returns the headers of every answer. Gradio's page needs scripts in the page and functions made from text.

    Args:
        space: Whether this is a Hugging Face Space, whose page shows the app in a frame.
    """
    frames = "'self'" + (" https://huggingface.co https://*.hf.space" if space else "")
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:" + (" https://cdnjs.cloudflare.com" if space else ""),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": frames,
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin-allow-popups",
    }
    return headers if space else headers | {"x-frame-options": "SAMEORIGIN"}


class TooManyTriesError(Exception):
    """Somebody tried something too often; the message says how long to wait."""


class Tries:
    """Counts tries by address: so many a minute, then a wait that doubles with each minute of more, up to an hour."""

    _MOST = 10_000

    def __init__(self, a_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Sets how many tries a minute are free."""
        self._a_minute, self._clock, self._lock = a_minute, clock, threading.Lock()
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._barred: dict[str, tuple[float, float]] = {}  # until when, and for how long it was

    def check(self, who: str) -> None:
        """Lets somebody try.

        Raises:
            TooManyTriesError: Not yet.
        """
        with self._lock:
            left = self._barred.get(who, (0.0, 0.0))[0] - self._clock()
        if left > 0:
            raise TooManyTriesError(f"Too many tries from your network. Try again in {left:.0f} s.")

    def count(self, who: str) -> None:
        """Counts a try; not where nobody knows who."""
        if not who:
            return
        now = self._clock()
        with self._lock:
            tries = self._tries.setdefault(who, deque())
            self._tries.move_to_end(who)
            tries.append(now)
            while tries[0] <= now - 60:
                tries.popleft()
            if len(tries) > self._a_minute:
                tries.clear()
                until, wait = self._barred.get(who, (0.0, 0.0))
                wait = min(3600.0, 2 * wait) if wait and now - until < 3600 else 60.0
                self._barred[who] = now + wait, wait
            if len(self._tries) > self._MOST:
                old, _ = self._tries.popitem(last=False)
                self._barred.pop(old, None)


client: ContextVar[str] = ContextVar("client", default="")
"""Address that the request being answered came from."""


def behind_proxy() -> bool:
    """Whether a proxy in front says where requests come from: on a Space, or where ``QAMRO_PROXY`` is 1."""
    return on_space() or os.environ.get("QAMRO_PROXY", "").strip() == "1"


def client_of(request: Any) -> str:
    """Returns the address that a Gradio request came from; behind a proxy, what that says."""
    if request is None:
        return client.get()
    headers = dict(getattr(request, "headers", None) or {})
    return _client(getattr(getattr(request, "client", None), "host", "") or "", headers.get("x-forwarded-for", ""))


def _client(host: str, forwarded: str) -> str:
    """The last address of the header is the one that the proxy in front has seen; the others anybody can write."""
    return forwarded.rpartition(",")[2].strip() or host if behind_proxy() else host


UPLOADS = Daily("QAMRO_UPLOAD_MB_ADDRESS", Bounds.UPLOADS, unit=1_000_000)
"""Bytes that were uploaded, by address."""

_LISTENING = re.compile(r"/(?:heartbeat/([^/]+)|queue/data)$")


class Around:
    """What stands around every request: an id, headers, quotas, a count, a line in the log, and no at the end."""

    def __init__(self, app: Any, blocks: Any = None) -> None:
        """Stands around an app.

        Args:
            app: The application.
            blocks: The app as Gradio knows it, for its queue.
        """
        self._app, self._blocks, self._kept = app, blocks, _Kept(app)
        self._headers = [(name.encode(), value.encode()) for name, value in security_headers(space=on_space()).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 0
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        host = (scope.get("client") or ("", 0))[0]
        who = _client(host, headers.get(b"x-forwarded-for", b"").decode("latin-1"))
        where = client.set(who)
        own = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        token = request_id.set(own)
        ours = [*self._headers, (b"x-request-id", own.encode())]
        names = {name for name, _ in ours}
        lasts = scope["path"].startswith(_SCRIPTS)

        async def answer(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
                message = message | {"headers": kept + ours + (_FOR_EVER if lasts and status == 200 else [])}
            await send(message)

        try:
            code, why = self._refusal(scope, headers, who)
            if code:
                await _refuse(answer, code, why)
            else:
                with PRESENCE.here(listener) if (listener := _listener(scope)) else contextlib.nullcontext():
                    await (self._kept if _Kept.has(scope) else self._app)(scope, receive, answer)
        finally:
            request_id.reset(token)
            client.reset(where)
            seconds = time.perf_counter() - start
            route = route_of(scope["path"])
            monitoring.metrics.count("qamro_requests_total", method=scope["method"], status=f"{status // 100}xx")
            if "heartbeat" not in route and "queue/data" not in route:  # open as long as the page is
                monitoring.metrics.took("qamro_request_seconds", seconds)
            access.info(
                "request",
                extra={"method": scope["method"], "route": route, "status": status, "ms": round(1000 * seconds)},
            )

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes], who: str) -> tuple[int, str]:
        """Says why a request is not let through; nothing where it is."""
        path = scope["path"]
        if scope["method"] != "POST":
            return 0, ""
        if path.endswith("/queue/join") or "/gradio_api/call/" in path:
            if monitoring.draining.is_set():
                return 503, "The server is being restarted. Try again in a minute."
            most = bound("QAMRO_QUEUE_ADDRESS")
            if is_counted(who) and _waiting_of(self._blocks, who) >= most:
                return 429, Bounds.QUEUE.format(most=most)
        if path.endswith("/upload"):
            size = headers.get(b"content-length", b"").decode("latin-1")
            if not size.isdecimal():
                return 411, Bounds.NO_LENGTH
            if monitoring.free_bytes(monitoring.uploads_folder()) - int(size) < monitoring.LOW_DISK // 2:
                return 507, Bounds.DISK_FULL
            try:
                UPLOADS.take(who, int(size))
            except TooMuchError as problem:
                return 429, str(problem)
        return 0, ""


class _Kept:
    """Answers for the page, its settings and Gradio's scripts: compressed, and made once for all visitors.

    Gradio leaves the page uncompressed and packs each script anew, a third of a second of processor for a visit. The
    page depends on nothing but the address that it is seen at, a script on its name alone. Whatever else is asked for
    is made anew.
    """

    _MOST = 8 * 2**20
    _ADDRESS = (b"host", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-prefix")
    _IN_PART = frozenset({b"range", b"if-none-match", b"if-modified-since"})

    def __init__(self, app: Any) -> None:
        from starlette.middleware.gzip import GZipMiddleware

        self._app = GZipMiddleware(app, 1000, 6)
        self._kept: OrderedDict[tuple[Any, ...], list[Any]] = OrderedDict()
        self._bytes = 0

    @classmethod
    def has(cls, scope: Scope) -> bool:
        """Whether a request is one for them."""
        if scope["method"] != "GET":
            return False
        if scope["path"].startswith(_SCRIPTS):
            return cls._IN_PART.isdisjoint(name for name, _ in scope["headers"])
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        return scope["path"] in ("/", "/config") and not {"page", "deep_link"} & asked.keys()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        headers = dict(scope["headers"])
        script = scope["path"].startswith(_SCRIPTS)
        seen_at = () if script else (scope.get("scheme"), *(headers.get(name, b"") for name in self._ADDRESS))
        key = scope["path"], scope.get("root_path"), b"gzip" in headers.get(b"accept-encoding", b""), *seen_at
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            for message in kept:
                await send(dict(message))
            return
        messages: list[Any] = []

        async def both(message: Any) -> None:
            messages.append(dict(message))  # what stands around may pack it in place
            await send(message)

        await self._app(scope, receive, both)
        if messages and messages[0].get("status") == 200:
            self._bytes += _size(messages) - _size(self._kept.pop(key, []))
            self._kept[key] = messages
            while self._bytes > self._MOST:
                self._bytes -= _size(self._kept.popitem(last=False)[1])


def _size(messages: list[Any]) -> int:
    return sum(len(message.get("body", b"")) for message in messages)


def _listener(scope: Scope) -> str:
    """The session whose page listens by a request; empty where none does."""
    found = _LISTENING.search(scope["path"])
    if found is None:
        return ""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    return found[1] or query.get("session_hash", [""])[0]


def _waiting_of(blocks: Any, who: str) -> int:
    """How many events of an address wait."""
    queue = getattr(blocks, "_queue", None)
    lanes = list(queue.event_queue_per_concurrency_id.values()) if queue is not None else []
    return sum(client_of(event.request) == who for lane in lanes for event in list(lane.queue))


def route_of(path: str) -> str:
    """Returns a path without what it tells of a visitor: names of files and random names."""
    return _FILES.sub(r"\1…", path)[:80]


async def _refuse(send: Send, status: int, why: str) -> None:
    body = json.dumps({"detail": why}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"60")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
