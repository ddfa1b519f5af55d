"""What can be claimed from a comparison, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qamro.listeners import listeners

FEW_SYSTEMS = 8
"""With fewer systems than this a claim about systems rests on too little, and the sentence says so."""


def claim(row: Mapping[str, Any], kind: str = "human", level: float = 0.95) -> str:
    """Says what a row of a comparison allows one to claim.

    Args:
        row: A row of ``Comparison.table``.
        kind: ``"human"`` or ``"simulated"`` ratings.
        level: Coverage of the interval.

    Returns:
        One sentence or two, without a claim where the data allow none.
    """
    first, second, metric = row["first"], row["second"], row["metric"]
    over = f"{row['systems']:,} systems" if row["level"] == "system" else f"{row['clips']:,} clips"
    if math.isnan(row["difference"]):
        return f"{row['axis']}: {first} and {second} cannot be compared over {over}: {row['note']}."
    numbers = (
        f"{_score(row['first_value'])} against {_score(row['second_value'])}, difference {_score(row['difference'])}"
    )
    if math.isnan(row["p"]):
        return f"{row['axis']}: {metric} over {over}: {first} and {second}: {numbers}; not tested."
    doubt = f"{100 * level:.0f} % interval {_score(row['low'])} to {_score(row['high'])}, {_p(row)}"
    if not row["better"]:
        return (
            f"{row['axis']}: no difference between {first} and {second} can be claimed over "
            f"{over}: {metric} {numbers} ({doubt}). That does not show that they are equal."
        )
    loser = second if row["better"] == first else first
    text = (
        f"{row['axis']}: {row['better']} agrees better with {listeners(kind)} than {loser} over {over}: "
        f"{metric} {numbers} ({doubt})."
    )
    if row["level"] == "system" and row["systems"] < FEW_SYSTEMS:
        text += f" With {row['systems']} systems this is a hint, not a finding."
    elif row["p_williams"] >= 1 - level:
        text += f" Williams' test does not confirm it (p = {row['p_williams']:.2g})."
    return text


def _p(row: Mapping[str, Any]) -> str:
    several = f" after Holm's correction for {row['tests']:.0f} tests" if row["tests"] > 1 else ""
    return f"p = {row['p_holm']:.2g}{several}"


def _score(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")
