"""Pieces of HTML of the Sensitivity tab; whatever comes from a study or a visitor is escaped here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from qamro.axes import get_axis
from qamro.listeners import listeners
from qamro.training.sweeps.figure import METRICS_SHOWN
from qamro.training.sweeps.marks import BANDS, DASHES, dash_of
from qamro.ui.sensitivity.texts import OPTIMISERS
from qamro.ui.sensitivity.texts import Sensitivity as T

if TYPE_CHECKING:
    import pandas as pd

    from qamro.ui.sensitivity.session import Shown, View

_STROKES = {"solid": "", "dash": "7 4", "dot": "2 3", "dashdot": "7 3 2 3", "longdash": "11 4"}


def headline(text: str, shown: Shown) -> str:
    """Says what is shown, what kind of ratings it rests on, and how it was made."""
    record = shown.kept.record
    study, kind = record["study"], record["study"]["kind"]
    source = T.SOURCE.format(
        who=listeners(kind),
        clips=study["clips"],
        systems=study["systems"],
        encoder=record["encoder"]["name"],
        revision=record["encoder"]["revision"],
        split=record["split"],
        seeds=record["setup"]["seeds"],
        optimiser=OPTIMISERS[record["setup"]["optimiser"]],
        made=record["made"][:10],
        version=record["qamro"],
        torch=record["torch"],
    )
    warning = f"<p>{escape(T.SIMULATED)}</p>" if kind == "simulated" else ""
    unread = record["unreadable clips"]
    lost = f"<p>{escape(T.UNREAD.format(n=len(unread), first=next(iter(unread))))}</p>" if unread else ""
    badge = f'<span class="q-badge q-{escape(kind)}">{escape(kind)}</span>'
    return f'<h2>{escape(text)} {badge}</h2><div class="q-hint">{warning}<p>{escape(source)}</p>{lost}</div>'


def words(first: str, others: Sequence[str]) -> str:
    """The line under the plot, and the other metrics' lines folded away."""
    rest = "".join(f"<li>{escape(line)}</li>" for line in others)
    folded = f"<details><summary>{escape(T.MORE_WORDS)}</summary><ul>{rest}</ul></details>"
    return f'<div class="q-verdict"><p role="status">{escape(first)}</p>{folded}</div>'


def legend(shown: Shown, axis: str) -> str:
    """Names the lines and bands of all panels."""
    rows = shown.summary[shown.summary["axis"] == axis].drop_duplicates("variant")
    curves = list(rows.loc[~rows["baseline"], "curve"].unique())
    colour = get_axis(axis).colour
    items = []
    for value in curves:
        style = 0 if len(curves) == 1 else dash_of(curves, value)
        items.append((_line(colour, _STROKES[DASHES[style]], 2.4), shown.naming.curve(float(value))))
    items += [
        (_line(f"rgb({BANDS[name]})", "5 3", 2, ground=f"rgba({BANDS[name]},0.25)"), str(name))
        for name in rows.loc[rows["baseline"], "variant"]
    ]
    return f'<ul class="q-legend">{"".join(f"<li>{mark}{escape(name)}</li>" for mark, name in items)}</ul>'


def table(shown: Shown, view: View) -> str:
    """Every model's means with their intervals, at one level of one axis."""
    part = shown.summary[(shown.summary["axis"] == view.axis) & (shown.summary["level"] == view.level)]
    head = "".join(f'<th scope="col">{name}</th>' for name in (escape(T.MODEL_COLUMN), *METRICS_SHOWN))
    body = "".join(_row(part, label, view.model) for label in shown.models(view.axis))
    return _numbers(T.TABLE_CAPTION, head, body)


def places(table: pd.DataFrame, model: str, reference: str) -> str:
    """The places of the systems as a table."""
    titles = ("", "", model, reference, "", "")
    head = "".join(
        f'<th scope="col" title="{escape(title)}">{escape(column)}</th>'
        for column, title in zip(T.PLACES, titles, strict=True)
    )
    body = ""
    for row in table.itertuples():
        moved = "" if math.isnan(row.place_reference) or row.place == row.place_reference else ' class="q-moved"'
        spread = "" if math.isnan(row.low) else f' <span class="q-interval">{row.low:.2f}–{row.high:.2f}</span>'
        before = "–" if math.isnan(row.place_reference) else f"{row.place_reference:g}"
        cells = (f"{row.place_human:g}", f"{row.place:g}", before, f"{row.human:.2f}", f"{row.predicted:.2f}{spread}")
        body += f'<tr{moved}><th scope="row">{escape(str(row.system))}</th>{_cells(cells)}</tr>'
    return _numbers(T.PLACES_CAPTION, head, body)


def sentences(said: Sequence[str]) -> str:
    """Sentences, the first one first."""
    rest = "".join(f"<li>{escape(line)}</li>" for line in said[1:])
    return f'<div class="q-verdict"><p>{escape(said[0])}</p>{f"<ul>{rest}</ul>" if rest else ""}</div>'


def _numbers(caption: str, head: str, body: str) -> str:
    said = f'<caption class="q-hidden">{escape(caption)}</caption>'
    return (
        f'<div class="q-scroll" tabindex="0"><table class="q-numbers">{said}'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(part: pd.DataFrame, label: str, chosen: str) -> str:
    mine = part[part["variant"] == label].set_index("metric")
    mark = ' class="q-chosen"' if label == chosen else ""
    means = _cells(_mean(mine.loc[metric]) for metric in METRICS_SHOWN)
    return f'<tr{mark}><th scope="row">{escape(label)}</th>{means}</tr>'


def _mean(row: pd.Series) -> str:
    if math.isnan(row["mean"]):
        return "–"
    spread = "" if math.isnan(row["low"]) else f"{row['low']:.3f}–{row['high']:.3f}"
    return f'{row["mean"]:.3f} <span class="q-interval">{spread}</span>'


def _cells(cells: Iterable[str]) -> str:
    return "".join(f"<td>{cell}</td>" for cell in cells)


def _line(colour: str, dashes: str, width: float, ground: str = "") -> str:
    under = f'<rect width="30" height="14" fill="{ground}"/>' if ground else ""
    return (
        f'<svg width="30" height="14" aria-hidden="true">{under}<path d="M0 7h30" stroke="{colour}" '
        f'stroke-width="{width}" stroke-dasharray="{dashes}" fill="none"/></svg>'
    )
