"""Which predictors there are and what each still needs; looked up without the network and in no time."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from qamro.axes import AESTHETIC
from qamro.checkpoints import (
    AUDIOBOX,
    CLAP,
    TOKENIZER,
    FileState,
    HubUnreachableError,
    Weights,
    fetch,
    look,
)
from qamro.checkpoints.fetch import OnProgress
from qamro.predictors.saved import SavedHeads, damaged, find, saved
from qamro.predictors.saved_names import PREFIX
from qamro.predictors.trainable import TRAINABLE

NEEDS: dict[str, tuple[Weights, ...]] = {
    "offline": (),
    "clap": (CLAP, TOKENIZER),
    "audiobox": (AUDIOBOX,),
    "full": (AUDIOBOX, CLAP, TOKENIZER),
    "deramos": (),
}
"""For each predictor, the published weights that it needs."""

ENCODER = "encoder:"
"""How the name begins of an encoder among what can be fetched."""

DAMAGED = "damaged"
"""The state of a kept folder that cannot be opened."""

_TITLES = {
    "offline": ("Offline", ("MI", "TA", *AESTHETIC), "Nothing to fetch; trained on simulated listeners."),
    "clap": ("CLAP", ("MI", "TA"), "Musical impression and textual alignment."),
    "audiobox": ("Audiobox-Aesthetics", AESTHETIC, "The four aesthetic axes as published by Meta."),
    "full": ("Full", ("MI", "TA", *AESTHETIC), "CLAP and Audiobox-Aesthetics together: all six axes."),
    "deramos": ("DeRA-MOS", ("MI", "TA"), "Dual branch on frames; nothing to fetch; trained on simulated listeners."),
}

_PATIENCE = 600.0
"""Seconds for which a hub that could not be reached counts as not reachable."""

_unreachable_since: float | None = None


@dataclass(frozen=True)
class PredictorState:
    """A predictor as a user chooses it.

    Attributes:
        name: What ``load`` calls it.
        title: What people read.
        axes: The axes it scores.
        state: ``"ready"``, ``"download"`` (its weights can be fetched), ``"unreachable"`` (they would have to be
            fetched, and the hub could not be reached a moment ago or is switched off) or ``"damaged"`` (a kept folder
            that cannot be opened; ``note`` says why and what to do).
        bytes: What is still to be fetched; 0 when ready.
        licence: Licences of its weights, empty when it needs none.
        note: One line about it.
    """

    name: str
    title: str
    axes: tuple[str, ...]
    state: str
    bytes: int
    licence: str
    note: str


def catalogue(owner: str = "") -> list[PredictorState]:
    """Lists the predictors, kept heads last; compares sizes of files and asks no server.

    Args:
        owner: Whose kept heads to list besides everybody's (see ``saved_folder``).
    """
    broken = [
        PredictorState(key, key.removeprefix(PREFIX).rpartition("/")[2], (), DAMAGED, 0, "", problem)
        for key, problem in sorted(damaged(owner).items())
    ]
    return [*map(_state, NEEDS), *map(_saved_state, saved(owner)), *broken]


def encoders() -> list[PredictorState]:
    """Lists the encoders that heads can be trained on, as ``encoder:<name>``; ``download`` takes these, too."""
    return [
        PredictorState(f"{ENCODER}{name}", entry.title, (), *_here(entry.weights), "")
        for name, entry in TRAINABLE.items()
    ]


def weights_of(name: str) -> tuple[Weights, ...]:
    """Returns the published weights that a predictor or an encoder needs; kept heads need their encoder's.

    Raises:
        ValueError: There is none of that name.
    """
    if name.startswith(PREFIX):
        return find(name).weights
    if name.startswith(ENCODER):
        entry = TRAINABLE.get(name.removeprefix(ENCODER))
        return entry.weights if entry is not None else ()
    if name not in NEEDS:
        raise ValueError(f"there is no predictor {name!r} to fetch; choose one of {', '.join(NEEDS)}")
    return NEEDS[name]


def download(name: str, *, on_progress: OnProgress | None = None) -> None:
    """Fetches what a predictor still needs and checks it; a stopped download goes on where it ended.

    Args:
        name: A name of the catalogue.
        on_progress: Called with bytes done and bytes in all, over all its files; returning True stops.

    Raises:
        ValueError: There is no such predictor.
        FetchCancelledError: ``on_progress`` returned True.
        HubUnreachableError: The hub cannot be reached; for ten minutes the catalogue says so.
        WeightsError: The hub has something else than was published, or the disk is full.
    """
    global _unreachable_since  # noqa: PLW0603
    needed = weights_of(name)
    total, before = sum(weights.size for weights in needed), 0
    for weights in needed:
        start = before

        def report(done: int, _: int, start: int = start) -> bool | None:
            return on_progress(start + done, total) if on_progress is not None else None

        try:
            fetch(weights, on_progress=report)
        except HubUnreachableError:
            _unreachable_since = time.monotonic()
            raise
        before += weights.size
    _unreachable_since = None


def _state(name: str) -> PredictorState:
    title, axes, note = _TITLES[name]
    return PredictorState(name, title, tuple(axes), *_here(NEEDS[name]), note)


def _saved_state(heads: SavedHeads) -> PredictorState:
    title = f"{heads.name} ({', '.join(heads.axes)})"
    return PredictorState(heads.key, title, heads.axes, *_here(heads.weights), heads.about)


def _here(needed: tuple[Weights, ...]) -> tuple[str, int, str]:
    """State, bytes still to fetch, and licences of weights."""
    states = [state for weights in needed for state in look(weights)]
    missing = sum(_missing(state) for state in states)
    complete = not any(state.problem for state in states)
    state = "ready" if complete else "unreachable" if _is_unreachable() else "download"
    return state, missing, ", ".join(dict.fromkeys(weights.licence for weights in needed))


def _missing(state: FileState) -> int:
    """Bytes of a file that are still to be fetched."""
    if state.problem == "partial":
        return max(0, state.file.size - state.present)
    return state.file.size if state.problem else 0


def _is_unreachable() -> bool:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return True
    return _unreachable_since is not None and time.monotonic() - _unreachable_since < _PATIENCE
