"""Comparison of predictors with people as sections of sentences, figures and tables; pages and zips made of them.

The app's Compare tab, the command line and the HTML report draw from these and nothing else.
"""

from qamro.report.archive import write_zip
from qamro.report.comparison import Comparison, compare
from qamro.report.display import show, write_scores
from qamro.report.html import write_html, write_view
from qamro.report.numbers import Figure, Options, Section, Table

__all__ = [
    "Comparison", "Figure", "Options", "Section", "Table", "compare", "show", "write_html", "write_scores",
    "write_view", "write_zip",
]  # fmt: skip
