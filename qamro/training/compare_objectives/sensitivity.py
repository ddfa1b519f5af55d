"""How much an objective's numbers matter: one of them turned at a time, the others as published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qamro.training.objective import OBJECTIVES
from qamro.training.sweeps.objective_variants import HYPERPARAMETERS, variants_over
from qamro.training.sweeps.variants import Variant

if TYPE_CHECKING:
    import pandas as pd

TURNED = ("ranking_weight", "alignment_weight", "temperature")
"""DeRA-MOS's alpha, beta, and the temperature of BALR, as in its Figure 2."""

PUBLISHED = "the published values"
"""What the objective with its own numbers is called; it is a point of every curve."""


def sensitivity_entries(axis: str, name: str = "ce-gauss+balr+sama") -> tuple[list[Variant], pd.DataFrame]:
    """Returns the variants of a sensitivity analysis, each once, the published objective first.

    Args:
        axis: What they are trained for; without a prompt there is no SAMA whose weight could be turned.
        name: Key of ``OBJECTIVES``.

    Returns:
        The variants, and where they stand: one row a point of a curve: ``parameter``, ``label`` (of the parameter),
        ``value``, ``variant``, ``default``.
    """
    import pandas as pd

    published = OBJECTIVES[name](axis)
    variants, points = [Variant(PUBLISHED, published, baseline=True)], []
    for parameter in (HYPERPARAMETERS[key] for key in TURNED):
        if not parameter.used(published):
            continue
        own = float(getattr(published, parameter.name))
        for variant in variants_over(published, parameter.name, (*parameter.values, own)):
            value = float(getattr(variant.objective, parameter.name))
            points.append(
                {"parameter": parameter.name, "label": parameter.label, "value": value, "default": value == own}
                | {"variant": PUBLISHED if value == own else variant.label}
            )
            if value != own:
                variants.append(variant)
    return variants, pd.DataFrame(points)


def curves(standings: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Joins what a sensitivity analysis found to where its variants stand.

    Args:
        standings: See ``tables.standings``.
        points: From ``sensitivity_entries``.

    Returns:
        The standings' rows with ``parameter``, ``label``, ``value`` and ``default``; the published objective once for
        each parameter.
    """
    return points.merge(standings, on="variant", how="inner")
