"""How a server is kept in order from its start to its end: what was left behind, sessions, logs, and an orderly end.

docs/operate.md lists every variable that is read here, in ``bounds``, ``middleware`` and ``monitoring``.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from qamro.ui.bounds import DAY, bound
from qamro.ui.middleware import access, request_id
from qamro.ui.monitoring import draining, queue_of


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


def forget_sessions(blocks: Any) -> int:
    """Drops what Gradio keeps of visitors who are gone: ten thousand of them would stay otherwise.

    Args:
        blocks: The app, launched.

    Returns:
        How many went: whose page was closed and whose states have expired, and those that were not heard of for a day.
    """
    holder, gone, now = blocks.state_holder, 0, datetime.now()
    for key, session in list(holder.session_data.items()):
        # Gradio lets no state expire that no event has returned: a program may fire a page's events and not its load.
        kept = (0 if not session.state_data else session.STATE_TTL_WHEN_CLOSED) if session.is_closed else DAY
        if now - holder.time_last_used.get(key, datetime.min) >= timedelta(seconds=kept):
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
    access.setLevel("INFO")


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
