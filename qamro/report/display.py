"""A score table in a notebook or as a page: bars with intervals, players, and badges that say what kind of numbers."""

from __future__ import annotations

import base64
import math
import mimetypes
from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.domains import OUTSIDE

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 2 * 2**20
"""Of a file that is put into the notebook with its player; larger ones are named."""

_BARS = "A bar is a predicted score on the scale of its axis; the line and the brackets are its 90 % interval."

_STYLE = (
    ".qamro{border-collapse:collapse}.qamro th,.qamro td{padding:4px 8px;text-align:left;vertical-align:middle}"
    ".qamro th:first-child,.qamro td:first-child{min-width:11em}.qamro audio{width:190px;height:34px}"
    ".qamro small{opacity:.75;white-space:nowrap}.qamro td:first-child small{white-space:normal}"
    ".qamro .bar{position:relative;width:110px;height:14px;background:rgba(128,128,128,.18);border-radius:3px}"
    ".qamro .bar i{position:absolute;inset:0 auto 0 0;border-radius:3px;opacity:.75}"
    ".qamro .bar b{position:absolute;top:6px;height:2px;background:currentColor}"
    ".qamro .badge{border:1px solid;border-radius:8px;padding:0 6px;font-size:85%}"
)


@dataclass(frozen=True)
class Shown:
    """A score table that a notebook draws; ``str`` of it is the table in letters.

    Attributes:
        table: The score table.
        players: How many clips get a player, from the top.
    """

    table: pd.DataFrame
    players: int

    def __str__(self) -> str:
        return str(self.table)

    def _repr_html_(self) -> str:
        from qamro.predictors.provenance import KINDS, kinds_of
        from qamro.studies.importers.predictions import score_columns

        axes = score_columns(self.table)
        kinds = {axis: kinds_of(self.table, axis) for axis in axes}
        badges = []
        for kind in dict.fromkeys(kind for found in kinds.values() for kind in found):
            named = " ".join(axis for axis in axes if kind in kinds[axis])
            meaning = KINDS.get(kind, "the table does not say what made these scores")
            badges.append(f'<p><span class="badge">{escape(kind)}</span> <b>{escape(named)}</b> {escape(meaning)}</p>')
        head = "".join(f"<th>{escape(name)}</th>" for name in ("clip", *axes, ""))
        rows = [self._row(row, axes, number) for number, row in enumerate(self.table.to_dict("records"))]
        body = "".join(rows)
        return f'<style>{_STYLE}</style>{"".join(badges)}<table class="qamro"><tr>{head}</tr>{body}</table>'

    def _row(self, row: dict[Any, Any], axes: list[str], number: int) -> str:
        error = row.get("error")
        made = " · ".join(text for key in ("system", "prompt") if isinstance(text := row.get(key), str) and text)
        name = f"<td>{escape(str(row.get('clip', '')))}{f'<br><small>{escape(made)}</small>' if made else ''}</td>"
        if isinstance(error, str) and error:
            return f'<tr>{name}<td colspan="{len(axes) + 1}">{escape(error)}</td></tr>'
        cells = "".join(f"<td>{bar(row, axis)}</td>" for axis in axes)
        doubt = ' <span class="badge">outside</span>' if row.get("domain") == OUTSIDE else ""
        sound = player(row.get("path")) if number < self.players else ""
        return f"<tr>{name}{cells}<td>{sound}{doubt}</td></tr>"


def show(table: pd.DataFrame, *, players: int = 12) -> Shown:
    """Draws a score table in a notebook: bars with intervals, players, and badges.

    Args:
        table: What ``Predictor.predict`` returned, or any table of scores with a column ``clip``.
        players: How many clips get a player, from the top; their files (up to 2 MB each) go into the notebook.

    Returns:
        What a notebook draws as the value of a cell.
    """
    return Shown(table, players)


def write_scores(table: pd.DataFrame, path: Path | str, title: str, *, players: int = 12) -> Path:
    """Writes a score table as one page that fetches nothing: verdict, kinds, bars with intervals, players, sources.

    Args:
        table: What a predictor answered; its paths are read for the players and not written.
        path: The file; its folder is made.
        title: Of the page.
        players: How many clips get a player, from the top; their files (up to 2 MB each) go into the page.

    Returns:
        The path.

    Raises:
        OSError: The file cannot be written.
    """
    from qamro import __version__
    from qamro.domains import in_words
    from qamro.figures.page import write_page
    from qamro.predictors.provenance import shown_axes
    from qamro.report.verdict import verdicts
    from qamro.studies.importers.predictions import score_columns

    rows = table.to_dict("records")
    every = score_columns(table)
    axes = shown_axes(every, rows)
    good = [row for row in rows if not row["error"]]
    counts = Counter((axis, str(row[f"source_{axis}"])) for axis in axes for row in good)
    sources = "".join(
        f"<dt>{escape(axis)}</dt><dd>{escape(source)} ({n} of {len(good)})</dd>" for (axis, source), n in counts.items()
    )
    domains = in_words(row["domain"] for row in rows)
    told = [*verdicts(rows, axes), *([f"{domains[0].upper()}{domains[1:]}."] if domains else []), _BARS]
    hidden = {f"{axis}{end}" for axis in every if axis not in axes for end in ("", "_low", "_high")}
    shown = Shown(table[[name for name in table.columns if name not in hidden]], players)
    sentences = "".join(f"<li>{escape(text)}</li>" for text in told)
    body = [
        f"<header><h1>{escape(title)}</h1></header><main><ul>{sentences}</ul>",
        f'<div class="table" style="overflow-x:auto">{shown._repr_html_()}</div>',
        f'<section id="sources"><h2>Where the scores come from</h2><dl>{sources}</dl>',
        f'<p class="note">Made by qamro {__version__}.</p></section></main>',
    ]
    write_page(Path(path), title, "\n".join(body))
    return Path(path)


def bar(row: dict[Any, Any], axis: str) -> str:
    """A score as a number and, where its axis has a scale, a bar with the interval on it."""
    value, low, high = (_number(row.get(key)) for key in (axis, f"{axis}_low", f"{axis}_high"))
    if math.isnan(value):
        return "–"
    ends = "" if math.isnan(low) or math.isnan(high) else f" [{low:.2f}, {high:.2f}]"
    scale = get_axis(axis)
    if not scale.has_range:
        return f"{value:.2f}{ends}"

    def share(at: float) -> float:
        return 100 * min(max((at - scale.low) / (scale.high - scale.low), 0), 1)

    whisker = f'<b style="left:{share(low):.1f}%;width:{share(high) - share(low):.1f}%"></b>' if ends else ""
    drawn = f'<i style="width:{share(value):.1f}%;background:{escape(scale.colour)}"></i>{whisker}'
    return f'<div title="{value:.2f}{ends}">{value:.2f}<small>{ends}</small><div class="bar">{drawn}</div></div>'


def player(path: Any) -> str:
    """A player that holds the file; empty where it is not here or too large."""
    file = Path(path) if isinstance(path, str) and path else None
    try:
        if file is None or not file.is_file() or file.stat().st_size > MOST_BYTES:
            return ""
        content = base64.b64encode(file.read_bytes()).decode()
    except OSError:
        return ""
    kind = mimetypes.guess_type(file.name)[0] or "audio/wav"
    return f'<audio controls preload="none" src="data:{escape(kind)};base64,{content}"></audio>'


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
