"""Predictors as the app offers them: what there is, what is ready, what kind of numbers it gives."""

from __future__ import annotations

import importlib
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qamro.predictors import Predictor, PredictorState

DEFAULT, BEST = "offline", "full"

_loaded: dict[str, Predictor] = {}
_encoders: dict[str, Any] = {}
_loading: dict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Kind:
    """What kind of numbers some axes of a predictor are.

    Attributes:
        kind: ``"human"``, ``"zero-shot"`` or ``"simulated"``.
        meaning: One line that says what this means.
        axes: The axes that it holds for.
    """

    kind: str
    meaning: str
    axes: tuple[str, ...]


def state(name: str) -> PredictorState:
    """Returns what is known of a predictor without loading it.

    Raises:
        ValueError: There is no such predictor.
    """
    from qamro.predictors import catalogue
    from qamro.predictors.saved_names import PREFIX

    owner = name.removeprefix(PREFIX).rpartition("/")[0] if name.startswith(PREFIX) else ""
    for entry in catalogue(owner):
        if entry.name == name:
            return entry
    raise ValueError(f"there is no predictor {name!r}")


def best_ready() -> str:
    """Names the predictor that is chosen at first: the best one if its weights are here, else the one that ships."""
    return BEST if state(BEST).state == "ready" else DEFAULT


def get(name: str) -> Predictor:
    """Loads a predictor once and keeps it; a second caller waits for the first.

    Raises:
        ValueError: There is no such predictor.
        WeightsError: Its weights are not on this machine.
    """
    with _loading[name]:
        if name not in _loaded:
            _loaded[name] = _load(name)
        return _loaded[name]


def _load(name: str) -> Predictor:
    from qamro.predictors import load
    from qamro.predictors.saved import find
    from qamro.predictors.saved_loading import encoder_key, shared_encoder
    from qamro.predictors.saved_names import PREFIX
    from qamro.ui.zerogpu import is_zerogpu, lend_gpu

    options: dict[str, Any] = {"device": "cuda"} if is_zerogpu() else {}
    if name.startswith(PREFIX) and (encoder := encoder_key(find(name))):  # many heads, one encoder
        with _loading[f"encoder:{encoder}"]:
            if encoder not in _encoders:
                _encoders[encoder] = shared_encoder(find(name), **options)
        options = {"encoder": _encoders[encoder]}
    return lend_gpu(load(name, **options))


def forget(name: str) -> None:
    """Drops a predictor that was loaded: its heads were replaced or deleted."""
    with _loading[name]:
        _loaded.pop(name, None)


def forget_owner(whose: str) -> None:
    """Drops the predictors that were loaded from a visitor's own heads."""
    for name in [name for name in _loaded if name.startswith(f"saved:{whose}/")]:
        forget(name)


def owner(request: Any) -> str:
    """Returns whose kept heads a visitor sees besides everybody's: on a Space their own, elsewhere nobody's.

    Args:
        request: Gradio's request; its session is the open page.
    """
    import hashlib
    import os

    session = getattr(request, "session_hash", None)
    if not os.environ.get("SPACE_ID") or not session:
        return ""
    return hashlib.sha256(session.encode()).hexdigest()[:32]


def kinds(predictor: Any) -> list[Kind]:
    """Groups a predictor's axes by the kind of their scores and what they were tested on, in the order of the axes."""
    from qamro.predictors.provenance import KINDS

    groups: dict[tuple[str, str], list[str]] = {}
    for axis in predictor.axes:
        origin = predictor.provenance[axis]
        groups.setdefault((origin.kind, origin.held_out), []).append(axis)
    return [
        Kind(kind, KINDS[kind] + (f"; tested on {held_out}" if held_out else ""), tuple(axes))
        for (kind, held_out), axes in groups.items()
    ]


def warm() -> None:
    """Loads the first choice, scores half a second of hiss, imports what comparisons need: nobody waits for it later.

    Failures are left for the moment when somebody asks for the predictor; then they are shown.
    """
    import contextlib

    import numpy as np

    with contextlib.suppress(Exception):
        from qamro.audio import Waveform

        predictor = get(best_ready())
        rate = predictor.sample_rate or 48_000
        hiss = 0.1 * np.random.default_rng(0).standard_normal(rate // 2)
        predictor.score([Waveform(hiss.astype(np.float32), rate)], ["hiss"])
    for heavy in ("scipy.stats", "plotly.graph_objects"):  # a second of the first comparison
        with contextlib.suppress(ImportError):
            importlib.import_module(heavy)


def fetching(name: str, stop: Callable[[], bool], *, every: float = 0.25) -> Generator[tuple[int, int]]:
    """Downloads what a predictor needs and yields (bytes done, bytes in all) now and then.

    Args:
        name: The predictor.
        stop: Asked often; True stops the download, which can go on later.
        every: Seconds between two reports.

    Raises:
        FetchCancelledError: ``stop`` said so.
        WeightsError: The download failed; the message says what to do.
    """
    from qamro.predictors import download

    at, abandoned, problems = (0, 0), threading.Event(), list[Exception]()

    def report(done: int, total: int) -> bool:
        nonlocal at
        at = done, total
        return abandoned.is_set() or stop()

    def work() -> None:
        try:
            download(name, on_progress=report)
        except Exception as problem:
            problems.append(problem)

    worker = threading.Thread(target=work, name=f"fetch {name}", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(every)
            yield at
    finally:
        abandoned.set()  # whoever watched has gone
    if problems:
        raise problems[0]
