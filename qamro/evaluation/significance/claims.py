"""What can be claimed from a comparison, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qamro.counts import count
from qamro.evaluation.sample import hint
from qamro.listeners import listeners


def claim(row: Mapping[str, Any], kind: str = "human", level: float = 0.95) -> str:
    """Says what a row of a comparison allows one to claim.

    Numbers, difference and interval stand in the order of the two names: the better one first where one is better.

    Args:
        row: A row of ``Comparison.table``.
        kind: ``"human"`` or ``"simulated"`` ratings.
        level: Coverage of the interval.

    Returns:
        One sentence or two, without a claim where the data allow none.
    """
    row = better_first(row)
    first, second, metric = row["first"], row["second"], row["metric"]
    over = count(row["systems"], "system") if row["level"] == "system" else count(row["clips"], "clip")
    if math.isnan(row["difference"]):
        return f"{row['axis']}: {first} and {second} cannot be compared over {over}: {row['note']}."
    numbers = (
        f"{_score(row['first_value'])} against {_score(row['second_value'])}, difference {_score(row['difference'])}"
    )
    if math.isnan(row["p"]):
        return f"{row['axis']}: {metric} over {over}: {first} and {second}: {numbers}; not tested."
    doubt = _p(row, level)
    if not math.isnan(row["low"]):
        doubt = f"{100 * level:.3g} % interval {_score(row['low'])} to {_score(row['high'])}, {doubt}"
    if not row["better"]:
        return (
            f"{row['axis']}: no difference between {first} and {second} can be claimed over "
            f"{over}: {metric} {numbers} ({doubt}). That does not show that they are equal."
        )
    text = f"{row['axis']}: {first} agrees better with {listeners(kind)} than {second} over {over}: "
    text += f"{metric} {numbers} ({doubt})."
    few = hint(row["systems"], "system")
    if few and row["level"] == "system":
        return f"{text} With {count(row['systems'], 'system')} this is a hint, not a finding."
    if row["p_williams"] >= 1 - level:
        text += f" Williams' test does not confirm it (p = {row['p_williams']:.2g})."
    if few and row["systems"]:
        there = "there are" if row["systems"] > 1 else "there is"
        text += f" The interval is rough: it draws systems, and {there} {row['systems']}."
    return text


def better_first(row: Mapping[str, Any]) -> dict[str, Any]:
    """Turns a row of a comparison so that the better predictor is the first; one without a winner stays as it is.

    Args:
        row: A row of ``Comparison.table``.

    Returns:
        The row with names, values, difference (first minus second) and both ends of its interval in the new order.
    """
    turned = dict(row)
    if row["better"] != row["second"]:
        return turned
    turned |= {"first": row["second"], "second": row["first"]}
    turned |= {"first_value": row["second_value"], "second_value": row["first_value"]}
    return turned | {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}


def _p(row: Mapping[str, Any], level: float) -> str:
    several = f" after Holm's correction for {row['tests']:.0f} tests" if row["tests"] > 1 else ""
    text, alpha = f"{row['p_holm']:.2g}", round(1 - level, 12)
    if (float(text) < alpha) != (row["p_holm"] < alpha):  # 0.0498 is a claim, and 0.05 would be none
        text = f"{row['p_holm']:.4g}"
    return f"p = {text}{several}"


def _score(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")
