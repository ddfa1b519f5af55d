"""One HTML page for a sweep: what was done, the lines in words, and the figures; it opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.figures import page
from qamro.figures.page import figure_place, slug
from qamro.training.sweeps.figure import LEVELS_SHOWN, QAMRO_OVER_BETA, beta_curves, heat_map, title_of
from qamro.training.sweeps.marks import Naming
from qamro.training.sweeps.seeds import best_in_words, ridge_in_words, summarise

if TYPE_CHECKING:
    import pandas as pd


def write_page(
    path: Path, runs: pd.DataFrame, title: str, notes: Sequence[str], *, naming: Naming = QAMRO_OVER_BETA
) -> None:
    """Writes the page; plotly's script is in it, so that nothing is fetched.

    Args:
        path: The HTML file.
        runs: ``Sweep.runs``.
        title: Headline.
        notes: Paragraphs under it: the study, the split, the encoder, who rated.
        naming: What things are called, where it is not beta and alpha.
    """
    summary = summarise(runs)
    body = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(note)}</p>" for note in notes)]
    for axis in summary["axis"].unique():
        body.append(f"<h2>{escape(axis)}</h2>")
        words = [
            best_in_words(runs, axis, level, "SRCC", name=naming.over, reference=naming.reference)
            for level in LEVELS_SHOWN
        ]
        words += filter(None, (ridge_in_words(runs, axis, level, "SRCC") for level in LEVELS_SHOWN))
        body.append("<ul>" + "".join(f"<li>{escape(line)}</li>" for line in words) + "</ul>")
        figures = [beta_curves(summary, axis, naming=naming)]
        if summary.loc[~summary["baseline"], "curve"].nunique() > 1:
            for level in LEVELS_SHOWN:
                figure = heat_map(summary, axis, level, "SRCC", naming=naming)
                figures.append(
                    figure.update_layout(
                        title={"text": title_of(summary[summary["axis"] == axis], level, "SRCC")}, margin={"t": 56}
                    )
                )
        for figure, kind in zip(figures, ("curves", *LEVELS_SHOWN), strict=False):
            alt = f"{axis}: {'metrics over ' + naming.over if kind == 'curves' else kind + ' SRCC as a map'}."
            place = figure_place(f"{slug(axis)}-{kind}", figure, alt, wide=True)
            body.append(f"<figure>{place}</figure>")
    page.write_page(path, title, "".join(body))


INTERVALS = (
    "Bars and bands are 95 % intervals of the mean over seeds (initial weights and dropout): what chance in training "
    "does on these clips. Other clips and other listeners would move the numbers further."
)
"""What the intervals of a sweep are; stands on its page and in the terminal."""
