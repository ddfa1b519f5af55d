"""What a comparison shows: sections of sentences, figures and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qamro.figures.page import slug

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Figure:
    """A plotly figure with a transparent ground, and what stands around it.

    Attributes:
        id: Unique in a comparison; letters, digits and hyphens.
        title: Headline, plain text.
        alt: What a reader who does not see the figure is told.
        note: What the figure rests on: intervals, numbers of systems, draws.
        figure: The figure.
    """

    id: str
    title: str
    alt: str
    note: str
    figure: go.Figure


@dataclass(frozen=True)
class Table:
    """A table, and what stands around it.

    Attributes:
        id: Unique in a comparison; letters, digits and hyphens.
        title: Headline, plain text.
        note: What the columns are and what they rest on.
        frame: The rows; numbers as numbers, NaN where there is none.
    """

    id: str
    title: str
    note: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Section:
    """A part of a comparison.

    Attributes:
        id: Unique in a comparison; letters, digits and hyphens.
        title: Headline, plain text.
        sentences: What can be said, in words.
        figures: Figures in reading order.
        tables: Tables in reading order.
    """

    id: str
    title: str
    sentences: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    def __iter__(self) -> Iterator[Figure | Table]:
        """Yields the figures, then the tables."""
        yield from self.figures
        yield from self.tables


__all__ = ["Figure", "Section", "Table", "slug"]
