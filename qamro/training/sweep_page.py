"""One HTML page for a sweep: what was done, the lines in words, and the figures; it opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.training.seeds import best_in_words, summarise
from qamro.training.sweep_figure import LEVELS_SHOWN, QAMRO_OVER_BETA, beta_curves, heat_map
from qamro.training.sweep_marks import Naming

if TYPE_CHECKING:
    import pandas as pd

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; max-width: 1200px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } li { margin: .3rem 0; }
"""


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
    from plotly.io import to_html

    summary = summarise(runs)
    script: bool = True
    body = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(note)}</p>" for note in notes)]
    for axis in summary["axis"].unique():
        body.append(f"<h2>{escape(axis)}</h2>")
        said = {"name": naming.over, "reference": naming.reference}
        words = [best_in_words(runs, axis, level, "SRCC", **said) for level in LEVELS_SHOWN]
        body.append("<ul>" + "".join(f"<li>{escape(line)}</li>" for line in words) + "</ul>")
        figures = [beta_curves(summary, axis, naming=naming)]
        if summary.loc[~summary["baseline"], "curve"].nunique() > 1:
            for level in LEVELS_SHOWN:
                figure = heat_map(summary, axis, level, "SRCC", naming=naming)
                figures.append(figure.update_layout(title={"text": f"{level} SRCC"}, margin={"t": 56}))
        for figure in figures:
            config = {"displayModeBar": False, "responsive": True}
            body.append(to_html(figure, full_html=False, include_plotlyjs=script, config=config))
            script = False
    page = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
    page += f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


INTERVALS = (
    "Bars and bands are 95 % intervals of the mean over seeds (initial weights and dropout): what chance in training "
    "does on these clips. Other clips and other listeners would move the numbers further."
)
"""What the intervals of a sweep are; stands on its page and in the terminal."""
