"""Self-contained HTML pages: text, tables and interactive figures in one file that fetches nothing."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.figures.style import INK
from qamro.paths import assets

if TYPE_CHECKING:
    import plotly.graph_objects as go

_HERE = Path(__file__).parent


def slug(*parts: str) -> str:
    """Makes an identifier of names: letters and digits stay, everything else becomes a hyphen.

    Example:
        >>> slug("systems", "MI~quality")
        'systems-MI-quality'
    """
    return "-".join(filter(None, (re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in parts)))


def figure_place(key: str, figure: go.Figure, alt: str, *, wide: bool = False) -> str:
    """Returns the place of a figure, which the page's script fills when it comes into view.

    Args:
        key: Unique in the page; letters, digits and hyphens.
        figure: The figure.
        alt: What a reader who does not see it is told.
        wide: Whether a narrow screen should scroll it rather than squeeze it.
    """
    height = figure.layout.height or 360
    # Nothing in the data may end the script element.
    data = figure.to_json().replace("</", "<\\/").replace("<!--", "<\\u0021--")
    looks = f'data-figure="{key}-data" data-grey="{INK}" style="height:{height:g}px"'
    return (
        f'<div class="{"wide" if wide else "fits"}"><div class="plot plotly-graph-div" id="{key}" role="img" '
        f'aria-label="{escape(alt)}" {looks}></div></div>'
        f'<script type="application/json" id="{key}-data">{data}</script>'
    )


def html_page(title: str, body: str) -> str:
    """Returns a page with the project's style and nothing that has to be fetched; plotly's script where it has figures.

    Args:
        title: Plain text for the window.
        body: HTML; figures in it come from ``figure_place``.
    """
    style, scripts = (_HERE / "page.css").read_text(encoding="utf-8"), ""
    if 'data-figure="' in body:
        plotly = (assets() / "plotly" / "plotly.min.js").read_text(encoding="utf-8")
        own = (_HERE / "page.js").read_text(encoding="utf-8")
        scripts = '<noscript><p class="note">The figures need JavaScript; everything else does not.</p></noscript>'
        scripts += f'<script>{plotly}</script><script type="module">{own}</script>'
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f"{body}{scripts}</body></html>\n"
    )


def write_page(path: Path, title: str, body: str) -> None:
    """Writes ``html_page`` to a file and makes its folder.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A file name may hold bytes that are no text; they must not cost the page.
    path.write_text(html_page(title, body), encoding="utf-8", errors="backslashreplace")
