"""The selected clip and the systems: what their figures show."""

from __future__ import annotations

import logging
from pathlib import PurePath
from typing import Any

import gradio as gr

from qamro.axes import get_axis
from qamro.ui import choices, figures
from qamro.ui.results import scored_axes, system_means
from qamro.ui.session import Clip, Run, Session
from qamro.ui.static import own_folder, url
from qamro.ui.texts import Predict as T
from qamro.ui.widgets import chart_value

SHORTEST_WINDOW, MOST_WINDOWS = 3.0, 60

_log = logging.getLogger(__name__)


def select(session: Session, event: gr.EventData) -> tuple[Any, ...]:
    """Shows the player and the axes of a clip; its windows follow."""
    run = session.run
    if run is not None and event.id in run.rows:
        session.selected = str(event.id)
    return detail(session)


def playable(session: Session) -> Any:
    """Gives the player a WAV copy of a file that the browser does not play, or says that there is none."""
    from qamro.audio import AudioError, load

    run, key = session.run, session.selected
    if run is None or key is None or key not in run.rows:
        return None
    try:
        import soundfile

        wave = load(run.clips[key].path)
        copy = session.folder(own_folder()) / f"{key}.wav"
        soundfile.write(copy, wave.samples, wave.sample_rate, subtype="PCM_16")
    except AudioError:
        return _player(run, key) | {"url": ""}
    return _player(run, key) | {"url": url(copy)}


def windows(session: Session) -> Any:
    """Scores the selected clip's windows and draws them."""
    run, key = session.run, session.selected
    if run is None or key is None or key not in run.good:
        return None
    clip = run.clips[key]
    try:
        if key not in run.windows:
            width = max(SHORTEST_WINDOW, run.rows[key]["seconds"] / MOST_WINDOWS)
            run.windows[key] = choices.get(run.predictor).windows(clip.path, clip.prompt, seconds=width)
        if session.selected != key:
            return gr.skip()  # somebody was quicker than the scoring
        figure = figures.timeline(run.windows[key], run.rows[key]["seconds"])
    except Exception as problem:
        _log.warning("windows of %s: %s", clip.name, problem)
        return None
    alt = f"{T.DETAIL_WINDOWS}: {', '.join(scored_axes(run, key))}, {clip.name}"
    return chart_value(figure, name=_file_name(clip, "over-time"), alt=alt, audio="#player audio")


def bars(session: Session, axis: str) -> Any:
    """Draws the systems' means on one axis."""
    run = session.run
    means = system_means(run, axis) if run is not None and axis in run.axes else []
    if not means:
        return None
    alt = f"{T.SYSTEMS}, {axis}: " + ", ".join(f"{entry.system} {entry.mean:.2f}" for entry in means)
    return chart_value(figures.systems(means), name=f"systems-{axis}", alt=alt)


def detail(session: Session) -> tuple[Any, ...]:
    """Returns the panel, the player, the radar and an empty timeline of the selected clip."""
    run, key = session.run, session.selected
    if run is None or key is None or key not in run.rows:
        return gr.Column(visible=False), None, None, None
    clip, row = run.clips[key], run.rows[key]
    player = _player(run, key)
    axes = scored_axes(run, key)
    if not axes:
        return gr.Column(visible=True), player, None, None
    alt = f"{T.DETAIL_AXES}, {clip.name}: " + ", ".join(f"{axis} {row[axis]:.2f}" for axis in axes)
    drawable = any(get_axis(axis).has_range for axis in axes)
    picture = chart_value(figures.radar(row, axes), name=_file_name(clip, "axes"), alt=alt) if drawable else None
    waiting = gr.skip() if key in run.windows else {"waiting": T.DETAIL_WINDOWS_WAITING}
    return gr.Column(visible=True), player, picture, waiting


def _player(run: Run, key: str) -> dict[str, str]:
    clip = run.clips[key]
    error = run.rows[key]["error"].removeprefix(f"{clip.name}: ")
    return {"name": clip.name, "prompt": clip.prompt, "system": clip.system, "url": url(clip.path), "error": error}


def _file_name(clip: Clip, what: str) -> str:
    return f"{PurePath(clip.name).stem}-{what}"
