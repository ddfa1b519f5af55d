"""Section: do people agree, and does anybody stray?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qamro.evaluation.agreement import MEANING, agreement
from qamro.report.section import Section, Table

if TYPE_CHECKING:
    from qamro.report.comparison import Comparison


def raters(comparison: Comparison) -> Section:
    """Makes the section over all axes."""
    options = comparison.options
    axes = list(dict.fromkeys(comparison.numbers(axis).pair.human for axis in comparison.axes))
    section = Section("raters", "Raters")
    table = agreement(comparison.study, axes, draws=options.draws, seed=options.seed, level=options.level)
    table["meaning"] = table["statistic"].map(MEANING)
    section.tables.append(Table("raters-agreement", "Agreement", "", table))
    return section
