"""Every pair of systems: can it be told apart, and does the predictor put it in the same order?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from qamro.figures.style import ACCENT, INK, PREDICTORS, layout, line_axis, shorten

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from qamro.report.standings import Ranking

SAME, OPEN, OTHER = 0, 1, 2
"""Codes of the cells: told apart and in the same order, not told apart, told apart and in the other order."""

_WORDS = ("told apart, same order", "not told apart", "told apart, other order")
_COLOURS = (ACCENT, "rgba(128,128,128,0.16)", PREDICTORS[0])


def pair_codes(people: Ranking, predicted: Ranking | None) -> np.ndarray:
    """Codes each pair of systems, best first in both directions.

    Args:
        people: The systems as people rank them.
        predicted: The same systems as a predictor ranks them; None codes people alone.

    Returns:
        ``SAME``, ``OPEN`` or ``OTHER``, shape (K, K); NaN on the diagonal. A predictor's tie is another order.
    """
    order = people.best_first
    judge = people if predicted is None else predicted
    gaps = [np.sign(each.means[:, None] - each.means) for each in (people, judge)]
    codes = np.where(people.differ, np.where(gaps[0] == gaps[1], SAME, OTHER), OPEN).astype(float)
    np.fill_diagonal(codes, np.nan)
    return codes[np.ix_(order, order)]


def pairs_figure(people: Ranking, predicted: Mapping[str, Ranking]) -> go.Figure:
    """Draws one square a predictor, or one for people alone.

    Args:
        people: The systems as people rank them.
        predicted: The same systems as each predictor ranks them.
    """
    from plotly.subplots import make_subplots

    judges: dict[str, Ranking | None] = dict(predicted) or {"": None}
    total, names = len(people.systems), [shorten(name, 20) for name in people.order]
    size = min(22, max(11, 420 // total))
    gap = 30 / ((size * total + 30) * len(judges))  # a line of text, however few systems there are
    figure = make_subplots(len(judges), 1, subplot_titles=[shorten(name) for name in judges], vertical_spacing=gap)
    steps = [(end, colour) for k, colour in enumerate(_COLOURS) for end in (k / 3, (k + 1) / 3)]
    for k, each in enumerate(judges.values(), 1):
        codes = pair_codes(people, each)
        words = _WORDS if each is not None else ("told apart", "not told apart", "")
        told = [["" if np.isnan(code) else words[int(code)] for code in row] for row in codes]
        figure.add_heatmap(
            z=codes, x=list(range(total)), y=list(range(total)), zmin=-0.5, zmax=2.5, colorscale=steps, showscale=False,
            xgap=1, ygap=1, text=told, customdata=[[[row, column] for column in names] for row in names],
            hovertemplate="%{customdata[0]} and %{customdata[1]}<br>%{text}<extra></extra>", hoverongaps=False,
            row=k, col=1,
        )  # fmt: skip
    ticks = {"tickvals": list(range(total)), "showgrid": False, "showline": False, "automargin": True}
    figure.update_xaxes(**line_axis() | ticks | {"showticklabels": False})
    figure.update_yaxes(
        **line_axis() | ticks | {"ticktext": names, "autorange": "reversed", "tickfont": {"size": min(11, size - 1)}}
    )
    for code, colour in enumerate(_COLOURS[: 3 if predicted else 2]):
        figure.add_scatter(
            x=[None], y=[None], mode="markers", marker={"symbol": "square", "size": 12, "color": colour},
            name=_WORDS[code] if predicted else _WORDS[code].removesuffix(", same order"),
        )  # fmt: skip
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure.update_layout(
        layout(height=110 + (size * total + 30) * len(judges), margin={"l": 12, "r": 16, "t": 70, "b": 16}),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1 + 30 / (size * total * len(judges)), "yanchor": "bottom"},
    )
