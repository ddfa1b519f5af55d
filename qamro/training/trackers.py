"""Where a training's curves and results go besides the terminal: trackio, wandb or tensorboard.

Each is known by its interface and imported when it is chosen. What a tracker refuses while a training runs is told once
and ends the tracking, not the training.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.figures.page import figure_place, html_page, slug
from qamro.listeners import listeners

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.heads import HeadBundle
    from qamro.studies import Study
    from qamro.training.compare_objectives.sections import Finding
    from qamro.training.embedded_study import EmbeddedStudy
    from qamro.training.sweeps.plotting import Naming
    from qamro.training.sweeps.sweep import Sweep

WORST = 3
"""Clips of an axis that can be heard: those that heads and people place furthest apart."""


class Tracker:
    """Takes curves, text, figures and sound of one run; this one takes nothing, for runs that are not tracked.

    A kind of tracker overrides the methods whose names begin with an underscore.
    """

    name = ""

    def __init__(self) -> None:
        self.on = bool(self.name)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Takes numbers of a step; those that are not finite are left out."""
        numbers = {name: float(value) for name, value in values.items() if math.isfinite(value)}
        if numbers:
            self._safely(self._log, numbers, step)

    def text(self, name: str, markdown: str) -> None:
        """Takes a text in Markdown."""
        self._safely(self._text, name, markdown)

    def figure(self, name: str, figure: go.Figure) -> None:
        """Takes a figure."""
        self._safely(self._figure, name, figure)

    def audio(self, name: str, path: Path, caption: str) -> None:
        """Takes a clip; one that cannot be decoded is left out."""
        self._safely(self._audio, name, path, caption)

    def finish(self) -> None:
        """Ends the run."""
        self._safely(self._finish)
        self.on = False

    def __enter__(self) -> Tracker:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def _safely(self, call: Callable[..., None], *args: Any) -> None:
        if not self.on:
            return
        try:
            call(*args)
        except Exception as problem:
            self.on = False
            warnings.warn(f"--track {self.name} failed and is off, the run goes on: {problem}", stacklevel=3)

    def _log(self, values: dict[str, float], step: int) -> None: ...

    def _text(self, name: str, markdown: str) -> None: ...

    def _figure(self, name: str, figure: go.Figure) -> None: ...

    def _audio(self, name: str, path: Path, caption: str) -> None: ...

    def _finish(self) -> None: ...


def _rows_as_items(markdown: str) -> str:
    """Writes the rows of tables as list items, "column: cell, …", for pages that know no tables."""
    lines: list[str] = []
    header: list[str] = []
    for line in markdown.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|"):
            header = []
            lines.append(line)
        elif not header:
            header = cells
        elif set("".join(cells)) - set("-: "):
            lines.append("- " + ", ".join(f"{name}: {cell}" for name, cell in zip(header, cells, strict=False) if cell))
    return "\n".join(lines)


class _Trackio(Tracker):
    name = "trackio"

    def __init__(self, project: str, run: str, config: dict[str, Any]) -> None:
        super().__init__()
        import trackio

        self._trackio = trackio
        self._run = trackio.init(project=project, name=run, config=config, embed=False)

    def _log(self, values: dict[str, float], step: int) -> None:
        self._run.log(values, step=step)

    def _text(self, name: str, markdown: str) -> None:
        self._run.log({name: self._trackio.Markdown(_rows_as_items(markdown))})

    def _figure(self, name: str, figure: go.Figure) -> None:
        # Its own page of a plotly figure fetches plotly from elsewhere and stays white without a network.
        page = html_page(name, figure_place(slug(name), figure, name))
        self._run.log({name: self._trackio.Html(page)})

    def _audio(self, name: str, path: Path, caption: str) -> None:
        import numpy as np

        from qamro.audio import load

        wave = load(path)
        samples = (wave.samples.clip(-1, 1) * np.iinfo(np.int16).max).astype(np.int16)
        sound = self._trackio.Audio(samples, caption=caption, sample_rate=wave.sample_rate)
        self._run.log({f"{name}: {caption}": sound})  # its page shows names, and no captions

    def _finish(self) -> None:
        self._trackio.finish()


class _Wandb(Tracker):
    name = "wandb"

    def __init__(self, project: str, run: str, config: dict[str, Any]) -> None:
        super().__init__()
        import wandb

        self._wandb = wandb
        self._run = wandb.init(project=project, name=run, config=config)
        self._steps: set[str] = set()

    def _log(self, values: dict[str, float], step: int) -> None:
        # wandb wants steps that never fall, and axes begin anew: each group of curves counts by a step of its own.
        for group in {name.partition("/")[0] for name in values} - self._steps:
            self._run.define_metric(f"{group}/step")
            self._run.define_metric(f"{group}/*", step_metric=f"{group}/step")
            self._steps.add(group)
        self._run.log(values | {f"{name.partition('/')[0]}/step": step for name in values})

    def _text(self, name: str, markdown: str) -> None:
        from html import escape

        self._run.log({name: self._wandb.Html(f"<pre>{escape(markdown)}</pre>")})

    def _figure(self, name: str, figure: go.Figure) -> None:
        self._run.log({name: self._wandb.Plotly(figure)})

    def _audio(self, name: str, path: Path, caption: str) -> None:
        from qamro.audio import load

        wave = load(path)
        self._run.log({name: self._wandb.Audio(wave.samples, sample_rate=wave.sample_rate, caption=caption)})

    def _finish(self) -> None:
        self._run.finish()


class _TensorBoard(Tracker):
    """TensorBoard draws no plotly figures: they are written as pages beside its events."""

    name = "tensorboard"

    def __init__(self, project: str, run: str, config: dict[str, Any]) -> None:
        super().__init__()
        from torch.utils.tensorboard import SummaryWriter

        self.folder = Path(project) / run
        self._writer = SummaryWriter(str(self.folder))
        self._writer.add_text("config", "\n".join(f"- {name}: {value}" for name, value in config.items()))

    def _log(self, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def _text(self, name: str, markdown: str) -> None:
        self._writer.add_text(name, markdown)

    def _figure(self, name: str, figure: go.Figure) -> None:
        page = self.folder / f"{name.replace('/', '-')}.html"
        figure.write_html(page, include_plotlyjs=True)
        self._writer.add_text(name, f"See {page.name} in the folder of this run.")

    def _audio(self, name: str, path: Path, caption: str) -> None:
        from qamro.audio import load

        wave = load(path)
        self._writer.add_audio(name, wave.samples[None], sample_rate=wave.sample_rate)
        self._writer.add_text(name, caption)

    def _finish(self) -> None:
        self._writer.close()


TRACKERS: dict[str, Callable[[str, str, dict[str, Any]], Tracker]] = {
    "trackio": _Trackio,
    "wandb": _Wandb,
    "tensorboard": _TensorBoard,
}
"""What ``--track`` takes."""


def open_tracker(name: str, run: str, config: Mapping[str, Any], project: str = "qamro") -> Tracker:
    """Opens a tracker before anything is trained.

    Args:
        name: A key of ``TRACKERS``; empty for one that takes nothing.
        run: What the run is called.
        config: Its settings; what is no number, truth value or text is written as text.
        project: What runs of it are kept under.

    Raises:
        ValueError: There is no such tracker, or its package is not installed.
    """
    if not name:
        return Tracker()
    if name not in TRACKERS:
        raise ValueError(f"there is no tracker {name!r}; --track takes {', '.join(TRACKERS)}")
    plain = {key: value if isinstance(value, bool | int | float | str) else str(value) for key, value in config.items()}
    try:
        return TRACKERS[name](project, run, plain)
    except ImportError as problem:
        raise ValueError(f"--track {name} needs its package ({problem}): pip install {name}") from problem


# What each verb hands over; all of it is about clips that training never saw.


def track_heads(tracker: Tracker, prepared: EmbeddedStudy, bundle: HeadBundle) -> None:
    """Hands over trained heads: the card, predictions against ratings, and the sound of the worst clips."""
    if not tracker.on:
        return
    import pandas as pd

    from qamro.heads.card import render

    tracker.text("card", render(bundle.card))
    for axis, head in bundle.heads.items():
        clips, _, targets = prepared.test(axis)
        table = prepared.predict(clips, {axis: head}).rename(columns={axis: "predicted"})
        track_clips(tracker, prepared.study, axis, table.assign(human=pd.Series(targets.double().numpy())))


def track_sweep(tracker: Tracker, study: Study, found: Sweep, naming: Naming) -> None:
    """Hands over a sweep: each run's correlations by seed, the curves over what is swept, and the worst clips."""
    if not tracker.on:
        return
    from qamro.training.sweeps.figure import beta_curves
    from qamro.training.sweeps.seeds import summarise

    track_runs(tracker, found.runs)
    summary = summarise(found.runs)
    for axis in found.runs["axis"].unique():
        tracker.figure(f"{axis}/over {naming.over}", beta_curves(summary, str(axis), naming=naming))
        track_clips(tracker, study, str(axis), _mean_of_best(found, str(axis)))


def track_findings(tracker: Tracker, study: Study, findings: list[Finding]) -> None:
    """Hands over a comparison of objectives: correlations by seed, standings with their figure, what can be said."""
    if not tracker.on:
        return
    from qamro.training.compare_objectives.sections import standings_figure

    for finding in findings:
        axis = finding.contest.axis
        track_runs(tracker, finding.contest.sweep.runs)
        tracker.text(f"{axis}/findings", "\n".join(f"- {sentence}" for sentence in finding.sentences))
        tracker.figure(f"{axis}/standings", standings_figure(finding.standings))
        track_clips(tracker, study, axis, _mean_of_best(finding.contest.sweep, axis))


def track_runs(tracker: Tracker, runs: pd.DataFrame) -> None:
    """Hands over the SRCC of every fit, one curve a variant, its seeds as steps."""
    for row in runs[runs["metric"] == "SRCC"].to_dict("records"):
        name = f"{row['axis']}/{row['level']} SRCC, {row['variant']}"
        tracker.log({name: row["value"]}, int(row["seed"]))


def track_clips(tracker: Tracker, study: Study, axis: str, table: pd.DataFrame) -> None:
    """Hands over predictions against ratings, and the sound of the clips that lie furthest apart by rank.

    Args:
        tracker: Where to.
        study: Has the sound.
        axis: The axis.
        table: Columns ``clip``, ``human``, ``predicted``, one row a clip.
    """
    import plotly.graph_objects as go

    from qamro.evaluation.worst_cases import clip_distances

    points = {"x": table["human"], "y": table["predicted"], "text": table["clip"]}
    figure = go.Figure(go.Scatter(mode="markers", **points))
    title = f"{axis}: held-out clips, ratings by {listeners(study.kind)}"
    figure.update_layout(title=title, xaxis_title="mean rating", yaxis_title="predicted")
    tracker.figure(f"{axis}/predicted against rated", figure)
    silent = set(study.missing_audio())
    worst = clip_distances(table, n=WORST + len(silent))
    for number, row in enumerate(worst[~worst["clip"].isin(silent)].head(WORST).itertuples(), 1):
        caption = f"{row.clip}: rated {row.human:.2f}, predicted {row.predicted:.2f}"
        tracker.audio(f"{axis}/worst {number}", study.audio_path(str(row.clip)), caption)


def _mean_of_best(found: Sweep, axis: str) -> pd.DataFrame:
    """Predictions of the variant with the best mean SRCC of clips, averaged over its seeds."""
    runs = found.runs
    own = runs[(runs["axis"] == axis) & (runs["metric"] == "SRCC") & (runs["level"] == "utterance")]
    best = own.groupby("variant")["value"].mean().fillna(-2).idxmax()
    table = found.predictions
    table = table[(table["axis"] == axis) & (table["variant"] == best)]
    return table.groupby("clip", as_index=False)[["human", "predicted"]].mean()
