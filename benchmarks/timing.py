"""Times what is run, and lays the times out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

Row = tuple[str, float, float]
"""What was run, its wall time and its processor time in seconds."""


def shortest(run: Callable[[], Any], times: int = 3) -> tuple[float, float]:
    """Wall time and processor time of the fastest run, in seconds."""
    found = []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        found.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in found), min(cpu for _, cpu in found)


def timed(name: str, run: Callable[[], Any], times: int = 3) -> Row:
    """Times the fastest run and says so."""
    wall, cpu = shortest(run, times)
    print(f"{name}: {wall:.2f} s, processor {cpu:.2f} s", flush=True)
    return name, wall, cpu


def table(title: str, rows: Iterable[Row], digits: int = 2) -> str:
    """Lays out times as a table in Markdown."""
    lines = [f"| {title} | wall time | processor time |", "|---|--:|--:|"]
    lines += [f"| {name} | {wall:.{digits}f} s | {cpu:.{digits}f} s |" for name, wall, cpu in rows]
    return "\n".join(lines)
