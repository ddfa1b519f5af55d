"""``predict - --jsonl``: clips from standard input, scores to standard output, a line of JSON each."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamro.predictors import Predictor


def score_lines(model: Predictor, source: IO[str], target: IO[str], prompt: str = "") -> int:
    """Scores lines as they come; answers in their order, as soon as each is ready.

    A line is ``{"path": …}`` with ``prompt`` and ``system`` where they are known; whatever else it holds comes back
    with the scores. One that is no such line gets an answer whose ``error`` says so.

    Args:
        model: Who scores.
        source: The lines.
        target: Where the answers go.
        prompt: For lines without one.

    Returns:
        How many could not be scored.
    """
    from qamro.evaluation.evaluate import finite

    failed = 0
    for lines in _as_they_come(source, model.batch_size):
        asked = [_read(line) for line in lines]
        good = [one for one in asked if "error" not in one]
        paths, texts = [Path(one["path"]) for one in good], [one.get("prompt") or prompt for one in good]
        rows = iter(list(model.stream(paths, texts, [one.get("system") for one in good])))
        for one in asked:
            answer = one if "error" in one else one | finite(next(rows))
            failed += bool(answer["error"])
            target.write(json.dumps(answer, ensure_ascii=False) + "\n")
        target.flush()
    return failed


def _read(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as problem:
        return {"line": line.strip()[:200], "error": f"no JSON ({problem})"}
    if not isinstance(found, dict) or not isinstance(found.get("path"), str) or not found["path"]:
        return {"line": line.strip()[:200], "error": 'no clip: write {"path": "a.wav", "prompt": "…"}'}
    return {name: value for name, value in found.items() if name != "error"}


def _as_they_come(source: IO[str], most: int) -> Iterator[list[str]]:
    """Lines in groups: those that are here already, up to ``most``; a slow writer gets its answers one by one."""
    waiting: queue.Queue[str | None] = queue.Queue(4 * most)

    def read() -> None:
        for line in source:
            if line.strip():
                waiting.put(line)
        waiting.put(None)

    threading.Thread(target=read, name="lines", daemon=True).start()
    while (line := waiting.get()) is not None:
        group: list[str] = [line]
        while len(group) < most:
            try:
                more = waiting.get_nowait()
            except queue.Empty:
                break
            if more is None:
                waiting.put(None)
                break
            group.append(more)
        yield group
