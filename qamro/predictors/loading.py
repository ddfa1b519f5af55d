"""Which predictors there are, what each still needs, and how one is loaded by its name."""

from __future__ import annotations

import inspect
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qamro import plugins
from qamro.axes import AESTHETIC
from qamro.checkpoints import (
    AUDIOBOX,
    CLAP,
    MUQ,
    NISQA,
    SONGEVAL,
    TOKENIZER,
    FileState,
    HubUnreachableError,
    Weights,
    WeightsError,
    fetch,
    look,
)
from qamro.checkpoints.fetch import OnProgress
from qamro.encoders.packaged import DISTILLMOS, SILERO, Packaged
from qamro.encoders.registry import encoder_entry, encoders
from qamro.plugins import Where
from qamro.predictors.audiobox import AudioboxScores
from qamro.predictors.base import Combined, Predictor
from qamro.predictors.clap import clap_parts
from qamro.predictors.command import COMMAND, CommandScores
from qamro.predictors.head_predictor import is_tuned, load_tuned
from qamro.predictors.hub_heads import HUB as HUB_HEADS
from qamro.predictors.hub_heads import resolved
from qamro.predictors.saved import SavedHeads, damaged, find, saved
from qamro.predictors.saved_card import PREFIX


@dataclass(frozen=True)
class PredictorEntry:
    """A predictor as far as it can be known without loading it.

    Attributes:
        name: What ``load`` and ``--predictor`` call it.
        title: What people read.
        axes: The axes that it scores.
        note: One line about it.
        loader: Makes it, a ``Predictor``; takes of ``heads``, ``device``, ``precision``, ``cache`` what it can use.
        weights: The published weights that it needs.
        packaged: What else it needs, which comes with packages.
        offered: Whether the app and ``catalogue`` list it.
    """

    name: str
    title: str
    axes: tuple[str, ...]
    note: str
    loader: Where
    weights: tuple[Weights, ...] = ()
    packaged: tuple[Packaged, ...] = ()
    offered: bool = True


PREDICTORS: dict[str, PredictorEntry] = {
    entry.name: entry
    for entry in (
        PredictorEntry(
            "offline",
            "Offline",
            ("MI", "TA", *AESTHETIC, "SQ"),
            "Nothing to fetch; speech by people-trained weights, all else by heads trained on simulated listeners.",
            "qamro.predictors.loading:load_offline",
        ),
        PredictorEntry(
            "clap",
            "CLAP",
            ("MI", "TA"),
            "Musical impression and textual alignment.",
            "qamro.predictors.clap:load_clap",
            weights=(CLAP, TOKENIZER),
        ),
        PredictorEntry(
            "audiobox",
            "Audiobox-Aesthetics",
            AESTHETIC,
            "The four aesthetic axes as published by Meta.",
            "qamro.predictors.audiobox:load_audiobox",
            weights=(AUDIOBOX,),
        ),
        PredictorEntry(
            "full",
            "Full",
            ("MI", "TA", *AESTHETIC),
            "CLAP and Audiobox-Aesthetics together: all six axes.",
            "qamro.predictors.loading:load_full",
            weights=(AUDIOBOX, CLAP, TOKENIZER),
        ),
        PredictorEntry(
            "deramos",
            "DeRA-MOS",
            ("MI", "TA"),
            "Dual branch on frames; nothing to fetch; trained on simulated listeners.",
            "qamro.predictors.deramos:load_deramos",
        ),
        PredictorEntry(
            "speech",
            "Speech",
            ("SQ",),
            "Quality of speech, trained on people's ratings; clips without speech get no score.",
            "qamro.predictors.speech:load_speech",
            packaged=(DISTILLMOS, SILERO),
        ),
        PredictorEntry(
            "nisqa",
            "NISQA",
            ("SQ", "noisiness", "discontinuity", "coloration", "loudness"),
            "NISQA v2.0 for speech, by others; extra nisqa, weights of 1 MB, CC BY-NC-SA 4.0.",
            "qamro.predictors.others:load_nisqa",
            weights=(NISQA,),
            offered=False,
        ),
        PredictorEntry(
            "utmosv2",
            "UTMOSv2",
            ("SQ",),
            "UTMOSv2 for synthetic speech, by others; their package, weights 819 MB, MIT, fetched by hand.",
            "qamro.predictors.others:load_utmosv2",
            offered=False,
        ),
        PredictorEntry(
            "songeval",
            "SongEval",
            ("Coherence", "Musicality", "Memorability", "Clarity", "Naturalness"),
            "SongEval for whole songs, by others; package muq, weights 1.4 GB, not for commercial use.",
            "qamro.predictors.songs:load_songeval",
            weights=(MUQ, SONGEVAL),
            offered=False,
        ),
        PredictorEntry(
            "muqeval",
            "MuQ-Eval",
            ("MI",),
            "MuQ-Eval A1 for music, by others; their repository, weights 1.3 GB, MIT, fetched by hand.",
            "qamro.predictors.others:load_muqeval",
            offered=False,
        ),
        PredictorEntry(
            "auto",
            "Auto",
            ("MI", "TA", *AESTHETIC),
            "Full where its weights are on this machine, else offline.",
            "qamro.predictors.loading:load_auto",
            offered=False,
        ),
    )
}
"""Our own, by name, in the order in which the app offers them. A new one is a file of its own and a row here, or an
entry point of another package (``qamro.plugins``)."""


def predictors() -> dict[str, PredictorEntry]:
    """Returns every predictor by name, those of other packages last; kept heads are listed by ``saved``."""
    return plugins.table(plugins.PREDICTORS, PREDICTORS, PredictorEntry)


def predictor_entry(name: str) -> PredictorEntry:
    """Returns a row of the table.

    Raises:
        ValueError: There is no such predictor.
    """
    if name in PREDICTORS:
        return PREDICTORS[name]
    if name not in predictors():
        raise plugins.unknown(plugins.PREDICTORS, "predictor", name, predictors())
    return predictors()[name]


def load(name: str = "offline", **options: Any) -> Predictor:
    """Loads a predictor.

    Args:
        name: ``"offline"``: LogMel features and small heads that ship with the project, and ``"speech"`` for clips
            that are speech. ``"clap"``: MI and TA on
            LAION-CLAP. ``"audiobox"``: PQ, PC, CE and CU of Audiobox-Aesthetics. ``"full"``: all six on both.
            ``"deramos"``: MI and TA by a dual-branch model on frames; one on LogMel ships with the project.
            ``"speech"``: SQ of clips that are speech, by weights that a package brings.
            ``"auto"``: full where its weights are on this machine, else offline; ``note`` says which.
            ``"saved:NAME"``: what was kept under a name (see ``qamro.predictors.saved``): heads, heads with their
            encoder, a dual-branch model. ``"command:CMD {path}"``: what a program prints (``timeout`` in seconds). Any
            other name: what an installed package adds (see ``qamro.plugins``).
        **options: Passed on, for example ``device="cuda"`` or ``heads="folder"`` (heads of your own;
            those that were trained together with their encoder bring it, whatever the name).

    Raises:
        ValueError: There is no such predictor.
        WeightsError: Its weights are not on this machine; the message says how to fetch them.
    """
    if name.startswith(PREFIX):
        from qamro.predictors.saved import load_saved

        return load_saved(name, **options)
    if name.startswith(COMMAND):
        return CommandScores(name.removeprefix(COMMAND), **{k: v for k, v in options.items() if k == "timeout"})
    entry = predictor_entry(name)
    if str(options.get("heads") or "").startswith(HUB_HEADS):
        options["heads"] = resolved(options["heads"])
    if is_tuned(options.get("heads")):
        return load_tuned(**options)
    loader = plugins.opened(entry.loader)
    takes = inspect.signature(loader)
    others = any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.parameters.values())
    if not others and "cache" not in takes.parameters:
        options.pop("cache", None)  # what keeps nothing need not be told to
    try:
        takes.bind(**options)
    except TypeError as problem:
        raise ValueError(f"the predictor {name!r} cannot be loaded so: {problem}") from problem
    return loader(**options)


def load_offline(
    *, heads: Path | str | None = None, device: str | None = None, precision: str = "float32", cache: bool = True
) -> Predictor:
    """Loads the predictor ``"offline"``, which needs no weights to be fetched.

    Args:
        heads: Folder of heads of your own, trained on LogMel; a dual-branch model says on its card what it needs.
        device: Any torch device; ``"cpu"`` without it.
        precision: LogMel is fixed features, always in float32 whatever this says.
        cache: Keep embeddings on disk and use those that are there.
    """
    from qamro.encoders import LogMel
    from qamro.encoders.embedding_store import CachedEncoder
    from qamro.heads.bundle import is_frame_bundle
    from qamro.paths import bundled_weights
    from qamro.predictors.head_predictor import HeadPredictor
    from qamro.predictors.speech import with_speech

    if heads is not None and is_frame_bundle(heads):
        return load("deramos", heads=heads, device=device, precision=precision, cache=cache)
    encoder = LogMel(device or "cpu")
    folder = heads or bundled_weights() / "offline"
    predictor = HeadPredictor("offline", CachedEncoder(encoder) if cache else encoder, folder)
    return predictor if heads is not None else with_speech(predictor, device=device or "cpu", cache=cache)


# Which predictors there are and what each still needs; looked up without the network and in no time.

ENCODER = "encoder:"
"""How the name begins of an encoder among what can be fetched."""

DAMAGED = "damaged"
"""The state of a kept folder that cannot be opened."""

MISSING = "missing"
"""The state of what comes with a package that is not installed."""

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
            fetched, and the hub could not be reached a moment ago or is switched off), ``"damaged"`` (a kept folder
            that cannot be opened) or ``"missing"`` (a package is not installed); of both ``note`` says what to do.
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
    own = [_state(entry) for entry in predictors().values() if entry.offered]
    return [*own, *map(_saved_state, saved(owner)), *broken]


def encoder_states() -> list[PredictorState]:
    """Lists the encoders that heads can be trained on, as ``encoder:<name>``; ``download`` takes these, too."""
    states = {
        name: PredictorState(f"{ENCODER}{name}", entry.title, (), *_here(entry.weights), entry.note)
        for name, entry in encoders().items()
    }
    return [_packaged(state, encoders()[name].packaged) for name, state in states.items()]


def weights_of(name: str) -> tuple[Weights, ...]:
    """Returns the published weights that a predictor or an encoder needs; kept heads need their encoder's.

    Raises:
        ValueError: There is none of that name.
    """
    if name.startswith(PREFIX):
        return find(name).weights
    if name.startswith(ENCODER):
        return encoder_entry(name.removeprefix(ENCODER)).weights
    return predictor_entry(name).weights


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


def _state(entry: PredictorEntry) -> PredictorState:
    state = PredictorState(entry.name, entry.title, entry.axes, *_here(entry.weights), entry.note)
    return _packaged(state, entry.packaged)


def _packaged(state: PredictorState, needed: tuple[Packaged, ...]) -> PredictorState:
    """The same, or what to install first."""
    for file in needed:
        try:
            file.path()
        except WeightsError as problem:
            return replace(state, state=MISSING, note=str(problem))
    return replace(state, licence=", ".join(dict.fromkeys(file.licence for file in needed))) if needed else state


def _saved_state(heads: SavedHeads) -> PredictorState:
    title = f"{heads.name} ({', '.join(heads.axes)})"
    state = PredictorState(heads.key, title, heads.axes, *_here(heads.weights), heads.about)
    base = predictors().get(heads.calibrates)
    return _packaged(state, base.packaged if base is not None else ())


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


# The predictor of all six axes, and the choice of the best that this machine can run.


def load_full(
    *,
    heads: Path | str | None = None,
    clap_checkpoint: Path | str | None = None,
    tokenizer: Path | str | None = None,
    audiobox_checkpoint: Path | str | None = None,
    **options: Any,
) -> Predictor:
    """Loads the predictor ``"full"``: MI and TA as ``"clap"``, PQ, PC, CE and CU as ``"audiobox"``.

    Args:
        heads: As for ``load_clap``.
        clap_checkpoint: A CLAP checkpoint file of your own.
        tokenizer: Folder of roberta-base's tokenizer.
        audiobox_checkpoint: A folder with Audiobox-Aesthetics of your own.
        **options: What both encoders take: ``device``, ``precision``, ``cache``.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file or folder that was named is missing.
        ValueError: The heads belong to another encoder.
    """
    from qamro.encoders.loading import audiobox, clap

    scores = AudioboxScores(audiobox(checkpoint=audiobox_checkpoint, **options))
    encoder = clap(checkpoint=clap_checkpoint, tokenizer=tokenizer, **options)
    return Combined("full", [*clap_parts(encoder, heads), scores])


def load_auto(**options: Any) -> Predictor:
    """Loads ``"full"`` where its weights are on this machine, else ``"offline"``; ``note`` says which, and why.

    Args:
        **options: What all predictors take: ``heads``, ``device``, ``precision``, ``cache``.
    """
    from qamro.checkpoints import is_ready, readable_size

    missing = [weights for weights in PREDICTORS["full"].weights if not is_ready(weights)]
    if not missing:
        try:
            return _noted(load("full", **options), "auto: full, since its weights are on this machine")
        except WeightsError as problem:
            return _noted(load("offline", **options), f"auto: offline, since full cannot be loaded ({problem})")
    names = ", ".join(f"{weights.name} ({readable_size(weights.size)})" for weights in missing)
    fetch = " ".join(weights.name for weights in missing)
    return _noted(
        load("offline", **options),
        f"auto: offline, since {names} is not on this machine; fetch with `python -m qamro weights fetch {fetch}`",
    )


def _noted(predictor: Predictor, note: str) -> Predictor:
    predictor.note = note
    return predictor
