"""Predictors as the app offers them: what there is, what is ready, what kind of numbers it gives."""

from __future__ import annotations

import importlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from qamro.checkpoints import readable_size
from qamro.ui.texts import Choices as T

if TYPE_CHECKING:
    from qamro.predictors import Predictor, PredictorState
    from qamro.studies import Study

DEFAULT, BEST = "offline", "full"

CHECKED_A_SECOND = 70e6
"""Bytes of weights that a small machine reads, checks and opens in a second, roughly: for what the page says."""

_log = logging.getLogger(__name__)
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
        calibrated: Whose ratings set its scores right; empty where they are as its heads gave them.
    """

    kind: str
    meaning: str
    axes: tuple[str, ...]
    calibrated: str = ""


def state(name: str) -> PredictorState:
    """Returns what is known of a predictor without loading it.

    Raises:
        ValueError: There is no such predictor.
    """
    from qamro.predictors import catalogue
    from qamro.predictors.saved_card import PREFIX

    owner = name.removeprefix(PREFIX).rpartition("/")[0] if name.startswith(PREFIX) else ""
    for entry in catalogue(owner):
        if entry.name == name:
            return entry
    raise ValueError(f"there is no predictor {name!r}")


def best_ready() -> str:
    """Names the predictor that is chosen at first: the best one if its weights are here, else the one that ships."""
    return BEST if state(BEST).state == "ready" else DEFAULT


def is_loaded(name: str) -> bool:
    """Whether a predictor was loaded and, with it, its weights were checked."""
    return name in _loaded


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
    from qamro.predictors.saved import encoder_key, find, shared_encoder
    from qamro.predictors.saved_card import PREFIX
    from qamro.ui.space import is_zerogpu, lend_gpu

    options: dict[str, Any] = {"device": "cuda"} if is_zerogpu() else {}
    if name.startswith(PREFIX) and (encoder := encoder_key(find(name))):  # many heads, one encoder
        with _loading[f"encoder:{encoder}"]:
            if encoder not in _encoders:
                _encoders[encoder] = shared_encoder(find(name), **options)
        options = {"encoder": _encoders[encoder]}
    return lend_gpu(load(name, **options))


def loaded() -> list[str]:
    """Returns the names of the predictors that are in memory, without visitors' own."""
    return [name for name in list(_loaded) if not name.startswith("saved:")]


def forget(name: str) -> None:
    """Drops a predictor that was loaded: its heads were replaced or deleted."""
    with _loading[name]:
        _loaded.pop(name, None)


def forget_owner(whose: str) -> None:
    """Drops the predictors that were loaded from a visitor's own heads."""
    for name in [name for name in _loaded if name.startswith(f"saved:{whose}/")]:
        forget(name)


def kinds(predictor: Any, axes: Sequence[str] | None = None) -> list[Kind]:
    """Groups axes by the kind of their scores and what they were tested on.

    Args:
        predictor: The predictor.
        axes: Those of its axes that matter; all by default.
    """
    from qamro.predictors.provenance import KINDS

    groups: dict[tuple[str, str, str], list[str]] = {}
    for axis in predictor.axes if axes is None else axes:
        origin = predictor.provenance[axis]
        groups.setdefault((origin.kind, origin.held_out, origin.calibrated), []).append(axis)
    return [
        Kind(kind, KINDS[kind] + (f"; tested on {held_out}" if held_out else ""), tuple(axes), calibrated)
        for (kind, held_out, calibrated), axes in groups.items()
    ]


def predictor_options(request: Any = None) -> list[tuple[str, str]]:
    """Returns the predictors that a visitor may choose from, with whether they are ready."""
    from qamro.predictors import catalogue
    from qamro.ui.space import owner

    return [(option(entry), entry.name) for entry in catalogue(owner(request))]


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
    # A second of the first comparison; and what Gradio imports at the first event, where it is installed.
    for heavy in ("scipy.stats", "plotly.graph_objects", "matplotlib.pyplot"):
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


def option(entry: PredictorState) -> str:
    """One line about a predictor for the list of predictors: its name, and whether it is ready."""
    return f"{entry.title} · {T.STATES[entry.state].format(size=readable_size(entry.bytes))}"


def needs(entry: PredictorState) -> str:
    """Says what a predictor that is not ready gives and what it needs."""
    text = T.NEEDS.format(size=readable_size(entry.bytes), licence=entry.licence)
    axes = f"<b>{escape(' '.join(entry.axes))}</b>"
    return f'<div class="q-badges"><p class="q-hint"><span>{axes} {escape(entry.note)} {escape(text)}</span></p></div>'


def badges(kinds: Sequence[Kind], note: str = "", domains: Iterable[str] = ()) -> str:
    """Says what kind of numbers a predictor gives, axis by axis, and what else there is to know of it.

    Args:
        kinds: The kinds of its axes.
        note: What else there is to know.
        domains: What each scored clip is to the training clips; where one is outside, the badge warns.
    """
    from qamro.domains import OUTSIDE, in_words

    domains = list(domains)
    doubt = " q-outside" if OUTSIDE in domains else ""
    parts = [
        f'<span class="q-badge q-{escape(kind.kind)}{doubt}">{escape(kind.calibrated or kind.kind)}</span>'
        f'<span class="q-hint"><b>{escape(" ".join(kind.axes))}</b> {escape(kind.meaning)}</span>'
        for kind in kinds
    ]
    if doubt:
        told = in_words(domains)
        parts.append(
            f'<span class="q-hint q-failed">{escape(f"{told[0].upper()}{told[1:]}, without an interval.")}</span>'
        )
    if note:
        parts.append(f'<span class="q-hint">{escape(note)}</span>')
    return f'<div class="q-badges">{"".join(f"<p>{part}</p>" for part in parts)}</div>'


def checking(name: str) -> str:
    """Says that a predictor's weights are being read and checked; empty where it is loaded, or there are none."""
    from qamro.predictors.loading import weights_of
    from qamro.ui.progress import status

    try:
        size = sum(weights.size for weights in weights_of(name))
        ready = state(name).state == "ready"
    except ValueError:
        return ""
    if is_loaded(name) or not size or not ready:
        return ""
    seconds = max(5, round(size / CHECKED_A_SECOND, -1))
    return status(T.CHECKING.format(size=readable_size(size), seconds=f"{seconds:.0f}"))


def described(name: str) -> tuple[str, str]:
    """Says what kind of numbers a predictor gives, or why it gives none.

    Returns:
        HTML, and the label of a button that downloads what it needs; empty where nothing is needed.
    """
    from qamro.predictors.loading import DAMAGED, MISSING
    from qamro.ui import making
    from qamro.ui.progress import status

    try:
        entry = state(name)
        if entry.state in (DAMAGED, MISSING):
            return status(entry.note, calm=False), ""
        if entry.state != "ready":
            return needs(entry), T.DOWNLOAD.format(size=readable_size(entry.bytes))
        predictor = get(name)
        return badges(kinds(predictor), predictor.note) + making.told(), ""
    except Exception as problem:
        _log.warning("predictor %s: %s", name, problem)
        return status(T.NO_PREDICTOR.format(problem=problem), calm=False), ""


def encoder_options() -> list[tuple[str, str]]:
    """Returns the encoders with whether they are ready."""
    from qamro.predictors.loading import ENCODER, encoder_states

    return [(option(entry), entry.name.removeprefix(ENCODER)) for entry in encoder_states()]


def encoder_state(name: str) -> PredictorState:
    """Returns what is known of an encoder without loading it."""
    from qamro.predictors.loading import ENCODER, encoder_states

    return next(entry for entry in encoder_states() if entry.name == f"{ENCODER}{name}")


def trainable_axes(study: Study, encoder: str) -> tuple[list[str], str]:
    """Returns the axes of a study that heads can be trained for.

    Returns:
        The axes; and why others are left out, which need a prompt: empty where none is.
    """
    from qamro.axes import NEEDS_PROMPT
    from qamro.encoders.registry import encoder_entry

    without = [axis for axis in study.axes if axis not in NEEDS_PROMPT]
    if len(without) == len(study.axes):
        return without, ""
    why = "" if encoder_entry(encoder).reads_prompts else T.NO_PROMPTS_ENCODER
    if not (study.clips["prompt"] != "").any():
        why = T.NO_PROMPTS_STUDY
    if not why:
        return study.axes, ""
    return without, T.LEFT_OUT.format(axes=", ".join(axis for axis in study.axes if axis in NEEDS_PROMPT), why=why)
