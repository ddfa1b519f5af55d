"""What an operator of the app needs: health, metrics, logs with request ids, headers, and an orderly end.

``/healthz`` says as JSON whether the app is ready, ``/metrics`` counts in Prometheus' text form. Neither tells of
clips, prompts or visitors. docs/operate.md lists every variable that is read here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from qamro import __version__
from qamro.ui.bounds import DAY, PRESENCE, Daily, TooMuchError, bound, is_counted
from qamro.ui.space import on_space
from qamro.ui.texts import Bounds

LOW_DISK = 200_000_000
"""Free bytes below which the app counts as not ready: uploads would fail."""

_STARTED = time.time()
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FILES = re.compile(r"(file=|listen/|shared/|upload_progress|stream/).*")
_LABEL = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is being answered, for logs."""

draining = threading.Event()
"""Set as soon as the server was told to end."""

_FOR_EVER = [(b"cache-control", b"public, max-age=31536000, immutable")]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


# ------------------------------------------------------------------------------------------------------- metrics


class Metrics:
    """Counts what happens, for one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], float] = {}
        self._times: dict[tuple[str, str], list[float]] = {}

    def count(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Adds to a counter."""
        with self._lock:
            key = name, _labels(labels)
            self._counts[key] = self._counts.get(key, 0.0) + amount

    def took(self, name: str, seconds: float, /, **labels: str) -> None:
        """Adds a time to a histogram."""
        with self._lock:
            slots = self._times.setdefault((name, _labels(labels)), [0.0] * (len(_BUCKETS) + 2))
            slots[-2] += 1
            slots[-1] += seconds
            for i, edge in enumerate(_BUCKETS):
                slots[i] += seconds <= edge

    def lines(self) -> list[str]:
        """Returns them in Prometheus' text form."""
        with self._lock:
            counts, times = dict(self._counts), {key: list(slots) for key, slots in self._times.items()}
        lines, known = [], set[str]()
        for (name, labels), value in sorted(counts.items()):
            lines += [] if name in known else [f"# TYPE {name} counter"]
            known.add(name)
            lines.append(f"{name}{_braced(labels)} {value:.15g}")
        for (name, labels), slots in sorted(times.items()):
            lines += [] if name in known else [f"# TYPE {name} histogram"]
            known.add(name)
            for edge, below in zip((*map(str, _BUCKETS), "+Inf"), [*slots[:-2], slots[-2]], strict=True):
                lines.append(f"{name}_bucket{_braced(labels, edge)} {below:g}")
            lines += [f"{name}_count{_braced(labels)} {slots[-2]:g}", f"{name}_sum{_braced(labels)} {slots[-1]:.15g}"]
        return lines


def _labels(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{str(value).translate(_LABEL)}"' for name, value in sorted(labels.items()))


def _braced(labels: str, edge: str = "") -> str:
    parts = [part for part in (labels, f'le="{edge}"' if edge else "") if part]
    return f"{{{','.join(parts)}}}" if parts else ""


metrics = Metrics()
"""Of this process."""


def count_row(row: dict[str, Any]) -> None:
    """Counts a row of the score table: scored, or what kept it from being scored, in a word."""
    error = str(row.get("error") or "")
    metrics.count("qamro_clips_total", outcome=_kind_of(error) if error else "scored")
    if not error:
        metrics.count("qamro_sound_seconds_total", float(row.get("seconds") or 0))


def _kind_of(error: str) -> str:
    kinds = {"takes more than": "slow", "too large": "large", "breaks its decoder": "crash", "cut off": "damaged"}
    return next((kind for words, kind in kinds.items() if words in error), "unreadable")


def metrics_text(blocks: Any = None) -> str:
    """Returns all metrics in Prometheus' text form.

    Args:
        blocks: The app, for its queue.
    """
    told = health(blocks)
    gauges = {
        "qamro_ready": float(told["ready"]),
        "qamro_uptime_seconds": told["uptime_seconds"],
        "qamro_queue_waiting": told["queue"]["waiting"],
        "qamro_queue_running": told["queue"]["running"],
        "qamro_disk_free_bytes": told["disk_free_bytes"],
        "qamro_memory_bytes": told["memory_bytes"],
    }
    lines = [f'# TYPE qamro_info gauge\nqamro_info{{version="{__version__}"}} 1']
    for name, value in gauges.items():
        lines += [f"# TYPE {name} gauge", f"{name} {value:.10g}"]
    return "\n".join([*lines, *metrics.lines()]) + "\n"


def health(blocks: Any = None) -> dict[str, Any]:
    """Returns how the app is: ready or not and why, models, queue, disk, memory.

    Args:
        blocks: The app, for its queue.
    """
    from qamro.paths import cache_path
    from qamro.ui import choices, making

    free = min(_free(folder) for folder in {Path(tempfile.gettempdir()), _uploads(), cache_path()})
    loaded = sorted(choices.loaded())
    problems = ["the server is ending"] if draining.is_set() else []
    problems += ["the first predictor is being loaded"] if not loaded and time.time() - _STARTED < 60 else []
    problems += ["the disk is nearly full"] if free < LOW_DISK else []
    return {
        "ready": not problems,
        "problems": problems,
        "version": __version__,
        "predictors": loaded,
        "making": making.state(),
        "queue": queue_of(blocks),
        "disk_free_bytes": free,
        "memory_bytes": _memory(),
        "uptime_seconds": round(time.time() - _STARTED, 1),
    }


def queue_of(blocks: Any) -> dict[str, int]:
    """Returns how many events wait and how many are being answered."""
    queue = getattr(blocks, "_queue", None)
    if queue is None:
        return {"waiting": 0, "running": 0}
    lanes = list(queue.event_queue_per_concurrency_id.values())
    running = sum(len(job) for job in queue.active_jobs if job)
    return {"waiting": sum(len(lane.queue) for lane in lanes), "running": running}


def _uploads() -> Path:
    return Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())


def _free(folder: Path) -> int:
    """Free bytes where a folder is or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _memory() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


# -------------------------------------------------------------------------------------------------------- headers


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
        self._app, self._blocks, self._pages = app, blocks, _Pages(app)
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
        lasts = scope["path"].startswith("/assets/")  # Gradio's scripts, whose names change with what is in them

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
                    await (self._pages if _Pages.has(scope) else self._app)(scope, receive, answer)
        finally:
            request_id.reset(token)
            client.reset(where)
            seconds = time.perf_counter() - start
            route = route_of(scope["path"])
            metrics.count("qamro_requests_total", method=scope["method"], status=f"{status // 100}xx")
            if "heartbeat" not in route and "queue/data" not in route:  # open as long as the page is
                metrics.took("qamro_request_seconds", seconds)
            _access.info(
                "request",
                extra={"method": scope["method"], "route": route, "status": status, "ms": round(1000 * seconds)},
            )

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes], who: str) -> tuple[int, str]:
        """Says why a request is not let through; nothing where it is."""
        path = scope["path"]
        if scope["method"] != "POST":
            return 0, ""
        if path.endswith("/queue/join") or "/gradio_api/call/" in path:
            if draining.is_set():
                return 503, "The server is being restarted. Try again in a minute."
            most = bound("QAMRO_QUEUE_ADDRESS")
            if is_counted(who) and _waiting_of(self._blocks, who) >= most:
                return 429, Bounds.QUEUE.format(most=most)
        if path.endswith("/upload"):
            size = headers.get(b"content-length", b"").decode("latin-1")
            if not size.isdecimal():
                return 411, Bounds.NO_LENGTH
            if _free(_uploads()) - int(size) < LOW_DISK // 2:
                return 507, Bounds.DISK_FULL
            try:
                UPLOADS.take(who, int(size))
            except TooMuchError as problem:
                return 429, str(problem)
        return 0, ""


class _Pages:
    """Answers for the page and its settings: compressed, which Gradio leaves out, and made once for all visitors.

    They depend on nothing but the address that the page is seen at. Whatever else is asked for is made anew.
    """

    _MOST = 16
    _ADDRESS = (b"host", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-prefix")

    def __init__(self, app: Any) -> None:
        from starlette.middleware.gzip import GZipMiddleware

        self._app = GZipMiddleware(app, 1000, 6)
        self._kept: OrderedDict[tuple[Any, ...], list[Any]] = OrderedDict()

    @staticmethod
    def has(scope: Scope) -> bool:
        """Whether a request is one for them."""
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        plain = not {"page", "deep_link"} & asked.keys()
        return scope["method"] == "GET" and scope["path"] in ("/", "/config") and plain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        headers = dict(scope["headers"])
        packed = b"gzip" in headers.get(b"accept-encoding", b"")
        address = tuple(headers.get(name, b"") for name in self._ADDRESS)
        key = scope["path"], scope.get("scheme"), scope.get("root_path"), packed, *address
        kept = self._kept.get(key)
        if kept is not None:
            for message in kept:
                await send(message)
            return
        messages: list[Any] = []

        async def both(message: Any) -> None:
            messages.append(message)
            await send(message)

        await self._app(scope, receive, both)
        if messages and messages[0].get("status") == 200:
            self._kept[key] = messages
            if len(self._kept) > self._MOST:
                self._kept.popitem(last=False)


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


def routes(blocks: Any) -> list[Any]:
    """Returns the routes ``/healthz`` and ``/metrics``."""
    from starlette.responses import JSONResponse, PlainTextResponse
    from starlette.routing import Route

    def healthz(_: Any) -> Any:
        told = health(blocks)
        return JSONResponse(told, 200 if told["ready"] else 503, headers={"Cache-Control": "no-store"})

    def prometheus(_: Any) -> Any:
        return PlainTextResponse(metrics_text(blocks), media_type="text/plain; version=0.0.4")

    return [Route("/healthz", healthz), Route("/metrics", prometheus)]


# ----------------------------------------------------------------------------------------------------------- disk


def sweep(seconds: float) -> int:
    """Removes what a server that was killed has left: uploads and temporary folders that nobody touched for so long.

    Uploads only where ``GRADIO_TEMP_DIR`` gives them a folder of their own; elsewhere they may be another program's.

    Returns:
        How many entries went.
    """
    now, gone = time.time(), 0
    own = os.environ.get("GRADIO_TEMP_DIR")
    left = [*Path(tempfile.gettempdir()).glob("qamro-*"), *(Path(own).glob("*") if own and Path(own).is_dir() else ())]
    for entry in left:
        with contextlib.suppress(OSError):
            if now - _touched(entry) < seconds:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
            gone += 1
    return gone


def _touched(entry: Path) -> float:
    """When anything in a folder was last changed."""
    inside = entry.rglob("*") if entry.is_dir() and not entry.is_symlink() else ()
    return max(path.lstat().st_mtime for path in (entry, *inside))


# --------------------------------------------------------------------------------------------------------- sessions


def forget_sessions(blocks: Any) -> int:
    """Drops what Gradio keeps of visitors who are gone: ten thousand of them would stay otherwise.

    Args:
        blocks: The app, launched.

    Returns:
        How many went: whose page was closed and whose states have expired, and those that were not heard of for a day.
    """
    holder, gone = blocks.state_holder, 0
    long_ago = datetime.now() - timedelta(seconds=DAY)
    for key, session in list(holder.session_data.items()):
        if (session.is_closed and not session.state_data) or holder.time_last_used.get(key, long_ago) < long_ago:
            holder.delete_state(key)
            holder.session_data.pop(key, None)
            holder.time_last_used.pop(key, None)
            gone += 1
    return gone


def tidy(blocks: Any, every: float = 60.0) -> None:
    """Forgets sessions now and then, as long as the server runs.

    Args:
        blocks: The app, launched.
        every: Seconds.
    """
    while blocks.is_running:
        time.sleep(every)
        try:
            forget_sessions(blocks)
        except Exception:
            logging.getLogger(__name__).exception("forgetting sessions")


# ----------------------------------------------------------------------------------------------------------- logs

_access = logging.getLogger("qamro.access")
_FIELDS = ("method", "route", "status", "ms")


class JsonLines(logging.Formatter):
    """A line of JSON a record: time, level, logger, message, request id, and what a request was."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if own := request_id.get():
            line["request_id"] = own
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logs() -> None:
    """Writes logs as lines of JSON where ``QAMRO_LOG=json`` asks for it, requests included; else as Python does."""
    if os.environ.get("QAMRO_LOG", "").lower() != "json":
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(os.environ.get("QAMRO_LOG_LEVEL", "WARNING").upper())
    _access.setLevel("INFO")


# ------------------------------------------------------------------------------------------------------------ end


def serve_until_told(blocks: Any) -> None:
    """Serves until Ctrl-C, or until SIGTERM: then nothing new is begun, and what goes on has 20 seconds to end.

    Args:
        blocks: The app, launched.
    """
    told = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        while blocks.is_running and not told.wait(0.1):
            pass
    except (KeyboardInterrupt, OSError):
        print("interrupted; closing the server", flush=True)
        blocks.close(verbose=False)
        return
    if told.is_set():
        drain(blocks)


def drain(blocks: Any, seconds: float | None = None) -> None:
    """Ends the server in order: refuses new work, waits for what goes on, closes.

    Args:
        blocks: The app.
        seconds: How long to wait at most; ``QAMRO_DRAIN_SECONDS`` where nothing is said.
    """
    seconds = bound("QAMRO_DRAIN_SECONDS") if seconds is None else seconds
    draining.set()
    until = time.monotonic() + max(0.0, seconds - 2)
    while time.monotonic() < until and any(queue_of(blocks).values()):
        time.sleep(0.1)
    left = queue_of(blocks)
    logging.getLogger(__name__).info("ending with %d waiting and %d running", left["waiting"], left["running"])
    end = threading.Timer(2.0, os._exit, (0,))  # whatever hangs must not keep the process
    end.daemon = True
    end.start()
    blocks.close(verbose=False)
