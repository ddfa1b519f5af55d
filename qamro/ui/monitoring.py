"""What the server says of itself: ``/healthz`` as JSON, and ``/metrics`` in Prometheus' text form.

Neither tells of clips, prompts or visitors.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from qamro import __version__

LOW_DISK = 200_000_000
"""Free bytes below which the app counts as not ready: uploads would fail."""

draining = threading.Event()
"""Set as soon as the server was told to end."""

_STARTED = time.time()
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LABEL = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


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

    free = min(free_bytes(folder) for folder in {Path(tempfile.gettempdir()), uploads_folder(), cache_path()})
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


def uploads_folder() -> Path:
    """Where Gradio keeps uploads."""
    return Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())


def free_bytes(folder: Path) -> int:
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
