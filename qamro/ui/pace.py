"""How long work takes, by what ran before: on this machine, or, until something has, where what ships was made."""

from __future__ import annotations

import contextlib
import json
import math
import os
import statistics
import threading
from pathlib import Path

from qamro.paths import bundled_weights, cache_path

NEAREST, KEPT = 3, 12
"""So many runs of about the same size make an estimate, of so many that are remembered for each kind of work."""

_turn = threading.Lock()


def remember(kind: str, fits: int, clips: int, seconds: float) -> None:
    """Remembers how long some work took; a full disk only costs the memory.

    Args:
        kind: What was done: ``"sweep adamw"``, ``"train sgd"``, ``"embed logmel"``.
        fits: How many heads were fitted; 1 where that is not the work.
        clips: How many clips there were.
        seconds: How long it took.
    """
    with _turn, contextlib.suppress(OSError):
        runs = _read()
        runs[kind] = [[fits, clips, round(seconds, 3)], *runs.get(kind, [])][:KEPT]  # the newest first
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(json.dumps(runs), encoding="utf-8")
        new.replace(path)


def estimate(kind: str, fits: int, clips: int) -> tuple[float, bool] | None:
    """Returns the seconds that work will take, and whether that was measured on this machine; None where unknown.

    The middle one of the runs that are closest in their number of clips, the newest first, in proportion to fits, and
    to the root of clips: small studies spend their time on steps, however few clips are in one, large ones on clips.
    Of embedding, which is in proportion to clips, the slowest: what is remembered takes no time.

    Args:
        kind: As in ``remember``.
        fits: How many heads are to be fitted.
        clips: How many clips there are.
    """
    here = _read().get(kind, [])
    runs = here or _shipped(kind)
    if not runs or not clips:
        return None
    near = sorted(runs, key=lambda run: abs(math.log(run[1] / clips)))[:NEAREST]
    embedding = kind.startswith("embed")
    took = [seconds * fits / of * (clips / many) ** (1 if embedding else 0.5) for of, many, seconds in near]
    return max(took) if embedding else statistics.median(took), bool(here)


def in_words(seconds: float) -> str:
    """Returns a duration to two digits: ``"25 s"``, ``"3.5 min"``."""
    if seconds < 90:
        return f"{max(1, float(f'{seconds:.2g}')):.0f} s"
    return f"{float(f'{seconds / 60:.2g}'):g} min"


def _file() -> Path:
    return cache_path("pace.json")


def _read() -> dict[str, list[list[float]]]:
    """What is remembered; anything else in the file is as good as nothing."""
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
        return {
            str(kind): [[int(fits), int(clips), float(seconds)] for fits, clips, seconds in runs if fits > 0 < clips]
            for kind, runs in found.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _shipped(kind: str) -> list[list[float]]:
    """What the sweep and the heads that ship took, where they were made."""
    from qamro.training.sweeps.store import bundled_folder

    try:
        if kind.startswith("sweep"):
            record = json.loads((bundled_folder() / "record.json").read_text(encoding="utf-8"))
            same = kind == f"sweep {record['setup']['optimiser']}"
            fits, clips, seconds = record["fits"], record["study"]["clips"], record["seconds"]["training"]
        else:
            card = json.loads((bundled_weights() / "offline" / "card.json").read_text(encoding="utf-8"))
            same = kind == f"train {card['training']['optimizer']}"
            fits, clips = len(card["objective"]) * len(card["training"]["seeds"]), card["study"]["clips"]
            seconds = card["training"]["seconds"]
    except (OSError, ValueError, KeyError):
        return []
    return [[fits, clips, seconds]] if same else []
