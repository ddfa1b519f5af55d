"""Predictor against predictor: paired differences of every metric, tested, corrected, and what can be claimed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.align import AxisPair, NoCommonAxis
from qamro.evaluation.bootstrap import DRAWS, interval
from qamro.evaluation.levels import LEVELS, Draws, Sample, hint, resample
from qamro.evaluation.metrics import METRICS
from qamro.evaluation.side_by_side import samples_of, side_by_side
from qamro.evaluation.significance.hypothesis_tests import between, bootstrap_p, holm
from qamro.listeners import listeners

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


@dataclass(frozen=True)
class Comparison:
    """Differences between predictors on the clips that all of them scored.

    Attributes:
        study: The study's name.
        kind: ``"human"`` or ``"simulated"`` ratings.
        table: One row for each axis, level, metric and pair of predictors: ``axis``, ``level``, ``metric``, ``first``,
            ``second``, ``first_value``, ``second_value``, ``difference`` (first minus second), ``low``, ``high``,
            ``p`` (paired bootstrap), ``p_holm`` (corrected over the ``tests`` of this metric and level), ``tests``,
            ``p_williams`` (LCC and SRCC only), ``better`` (who is better if ``p_holm`` allows a claim and the interval
            lies on the difference's side of zero, else empty), ``clips``, ``systems``, ``hint`` (whether it rests on
            too few systems or clips to be a finding), ``note``.
        level: Coverage of the intervals; a claim needs p below 1 - level.
    """

    study: str
    kind: str
    table: pd.DataFrame
    level: float

    def sentences(self, metric: str = "SRCC") -> list[str]:
        """Says in words what can be claimed by one metric, the system level first."""
        rows = self.table[self.table["metric"] == metric]
        ordered = [row for level in reversed(LEVELS) for row in rows[rows["level"] == level].to_dict("records")]
        return [claim({str(key): cell for key, cell in row.items()}, self.kind, self.level) for row in ordered]


def compare(
    study: Study,
    predictions: Mapping[str, pd.DataFrame],
    *,
    axes: Sequence[str] | None = None,
    axis_map: Mapping[str, str] | None = None,
    own_maps: Mapping[str, Mapping[str, str]] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
    raters: bool = False,
) -> Comparison:
    """Compares several predictors on one study.

    All are measured on the clips that every one of them scored, and see the same bootstrap draws (systems, then clips
    within), so a difference is paired.

    Args:
        study: The ratings.
        predictions: A score table for each predictor, by its name.
        axes: Rated axes; None takes what at least two predictors score.
        axis_map: From predicted to rated axis where the names differ.
        own_maps: The same for single predictors, by their names (see ``side_by_side``).
        draws: Bootstrap draws.
        seed: Their seed.
        level: Coverage of the intervals.
        raters: Whether draws also hold raters, the same panel for all predictors (see ``resample``).

    Raises:
        ValueError: Fewer than two predictors are given.
        NothingMatched: A predictor scored no rated clip.
        NoCommonAxis: No two predictors score an axis that was rated.
    """
    if len(predictions) < 2:
        raise ValueError(f"a comparison needs two predictors or more, not {len(predictions)}")
    rows: list[dict[str, Any]] = []
    joined = side_by_side(study, predictions, axes=axes, axis_map=axis_map, own_maps=own_maps)
    shared = {axis: tables for axis, tables in joined.tables.items() if len(tables) > 1}
    if not shared:
        raise NoCommonAxis(f"no two of {', '.join(predictions)} score the same rated axis")
    for axis, tables in shared.items():
        samples = samples_of(study, axis, tables, raters=raters)
        drawn = dict(zip(samples, resample(list(samples.values()), draws=draws, seed=seed), strict=True))
        rows += differences(axis, joined.pairs[axis], samples, drawn, level)
    return Comparison(study.name, study.kind, corrected(rows, level), level)


def corrected(rows: Sequence[Mapping[str, Any]], level: float = 0.95) -> pd.DataFrame:
    """Corrects the tests of one metric and level for their number, and says who is better.

    Args:
        rows: From ``differences``, of one axis or several: the correction is over all of them.
        level: A claim needs p below 1 - level.

    Returns:
        The table of ``Comparison``.
    """
    import pandas as pd

    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby(["level", "metric"])["p"].transform(holm)
    table["tests"] = table.groupby(["level", "metric"])["p"].transform("count")
    higher = table["metric"].map({key: metric.higher_is_better for key, metric in METRICS.items()})
    first_wins = (table["difference"] > 0) == higher
    # A winner needs value and draws on one side of zero: a tie, or draws that lean the other way, has none.
    sided = (np.sign(table["difference"]) == np.sign(table["low"])) & (np.sign(table["low"]) == np.sign(table["high"]))
    sure = (table["p_holm"] < 1 - level) & sided & (table["difference"] != 0)
    table["better"] = np.where(sure, np.where(first_wins, table["first"], table["second"]), "")
    columns = ["axis", "level", "metric", "first", "second", "first_value", "second_value", "difference", "low", "high"]
    columns += ["p", "p_holm", "tests", "p_williams", "better", "clips", "systems", "hint", "note"]
    return table[columns]


def differences(
    axis: str,
    pairs: Mapping[str, AxisPair],
    samples: Mapping[str, Sample],
    drawn: Mapping[str, Draws],
    level: float = 0.95,
) -> list[dict[str, Any]]:
    """Takes the difference of every metric between every two predictors on one axis.

    Args:
        axis: The rated axis.
        pairs: What each predictor holds against it, by name.
        samples: The predictors' scores of the same clips, by name.
        drawn: What ``resample`` answered for each.
        level: Coverage of the intervals.

    Returns:
        Rows of ``Comparison.table`` without the columns that ``corrected`` adds.
    """
    rows = []
    for where in LEVELS:
        values = {name: sample.measure(where) for name, sample in samples.items()}
        one = next(iter(samples.values()))
        about: dict[str, Any] = {"clips": one.at(where).targets.size, "systems": len(one.at("system").system_means[0])}
        about["hint"] = bool(one.doubts(where))
        for first, second in combinations(samples, 2):
            for key in METRICS:
                gaps = drawn[first][where][key] - drawn[second][where][key]
                gap = values[first][key] - values[second][key]
                note = one.doubts(where) if not math.isnan(gap) else _why(key, (samples[first], samples[second]), where)
                if key == "MSE" and (far := pairs[first].why_no_distance or pairs[second].why_no_distance):
                    gap, note = math.nan, far
                # Without a value there is nothing that an interval could be of; one event, found or not, has none.
                gaps = np.empty(0) if math.isnan(gap) or key == "TOP1" else gaps
                ends = interval(gaps, level)
                p = bootstrap_p(gaps)
                rows.append(
                    {"axis": axis, "level": where, "metric": key, "first": first, "second": second}
                    | {"first_value": values[first][key], "second_value": values[second][key], "difference": gap}
                    | {"low": ends.low, "high": ends.high, "p": p}
                    | {"p_williams": between(samples[first], samples[second], where, key).p, "note": note}
                    | about
                )
    return rows


def _why(key: str, samples: tuple[Sample, Sample], where: str) -> str:
    reasons = [sample.why_undefined(where) for sample in samples]
    return next((reason for reason in reasons if reason), f"{key} is undefined")


# What can be claimed from a comparison, in words.


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
