"""What several seeds allow to say: means with intervals, paired differences, and one line in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.counts import count

if TYPE_CHECKING:
    import pandas as pd

VARIANT = ["axis", "variant", "baseline", "ranking", "alpha", "beta", "at", "curve"]


def summarise(runs: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Averages the runs over seeds.

    Args:
        runs: ``Sweep.runs``.
        level: Coverage of the interval.

    Returns:
        One row for each axis, variant, level and metric: ``mean`` over seeds, ``low``, ``high`` (t-interval of the
        mean over seeds, held to the values that the metric can have; NaN with one seed), ``seeds``, ``hint`` (whether
        it rests on too few systems, or clips, for a finding), and the variant's columns. The interval says how much
        seeds move the mean on these very clips; not how much other clips or listeners would.
    """
    from scipy.stats import t

    from qamro.evaluation import METRICS

    keys = [*(key for key in VARIANT if key in runs), "clips", "systems", "level", "metric"]
    table = (
        runs.groupby(keys, sort=False, dropna=False)["value"]
        .agg(mean="mean", deviation="std", seeds="count")
        .reset_index()
    )
    free = (table["seeds"] - 1).where(table["seeds"] > 1)
    half = t.ppf(0.5 + level / 2, free) * table["deviation"] / np.sqrt(table["seeds"])
    least = [METRICS[metric].low for metric in table["metric"]]
    most = [METRICS[metric].high for metric in table["metric"]]
    low, high = (table["mean"] - half).clip(lower=least), (table["mean"] + half).clip(upper=most)
    return with_hints(table.assign(low=low, high=high).drop(columns="deviation"))


def with_hints(table: pd.DataFrame) -> pd.DataFrame:
    """Adds a column ``hint``: whether a row rests on too few systems (or clips) for a finding (``sample.FEW``).

    Args:
        table: Columns ``level``, ``clips`` and ``systems``.
    """
    from qamro.evaluation.levels import FEW

    sizes = table["systems"].where(table["level"] == "system", table["clips"])
    return table.assign(hint=sizes.between(1, FEW - 1))


def what_of(runs: pd.DataFrame, axis: str, level: str, metric: str) -> str:
    """What a sentence is about, with what has to be said beside it where it rests on too few systems or clips.

    Args:
        runs: Columns ``axis``, ``level``, ``clips`` and ``systems``.
        axis: Which axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.

    Returns:
        For example ``"MI, system SRCC (5 systems: a hint)"``.
    """
    from qamro.evaluation.levels import FEW, rests_on

    of_axis = runs.loc[runs["axis"] == axis, "systems" if level == "system" else "clips"]
    few = len(of_axis) and of_axis.iloc[0] < FEW
    return f"{axis}, {level} {metric}{f' ({rests_on(level, int(of_axis.iloc[0]), metric)})' if few else ''}"


def hints_of(runs: pd.DataFrame) -> dict[str, str]:
    """Which levels of a sweep are a hint at most, and why, for its record: ``{"system": "5 systems: a hint"}``."""
    from qamro.evaluation.levels import rests_on

    few = with_hints(runs).query("hint").drop_duplicates("level")
    sizes = few["systems"].where(few["level"] == "system", few["clips"])
    return {str(level): rests_on(str(level), int(n)) for level, n in zip(few["level"], sizes, strict=True)}


@dataclass(frozen=True)
class Difference:
    """How far one variant is from another, paired over seeds.

    Attributes:
        mean: Mean over seeds of value minus reference.
        low: Lower end of the t-interval; NaN with fewer than two seeds.
        high: Upper end.
        p: Of the paired t-test, two-sided; 1 where all differences are zero, NaN with fewer than two seeds.
        seeds: How many seeds have both.
    """

    mean: float
    low: float
    high: float
    p: float
    seeds: int


def paired(value: np.ndarray, reference: np.ndarray, level: float = 0.95) -> Difference:
    """Compares two variants seed by seed; pairs with a NaN are left out.

    Args:
        value: (S,) one value a seed.
        reference: (S,) values of the other variant with the same seeds.
        level: Coverage of the interval.
    """
    from scipy.stats import t

    differences = np.asarray(value, float) - np.asarray(reference, float)
    differences = differences[np.isfinite(differences)]
    n = differences.size
    mean = float(differences.mean()) if n else float("nan")
    if n < 2:
        return Difference(mean, float("nan"), float("nan"), float("nan"), n)
    error = float(differences.std(ddof=1) / np.sqrt(n))
    half = float(t.ppf(0.5 + level / 2, n - 1)) * error
    p = float(2 * t.sf(abs(mean) / error, n - 1)) if error > 0 else float(mean == 0)
    return Difference(mean, mean - half, mean + half, p, n)


def by_seed(runs: pd.DataFrame, axis: str, level: str, metric: str) -> pd.DataFrame:
    """Returns a table of one row a seed and one column a variant."""
    part = runs[(runs["axis"] == axis) & (runs["level"] == level) & (runs["metric"] == metric)]
    return part.pivot(index="seed", columns="variant", values="value")


def best_in_words(
    runs: pd.DataFrame,
    axis: str,
    level: str,
    metric: str,
    *,
    name: str = "beta",
    reference: float = 1.0,
    curve: float | None = None,
    where: str = "",
    coverage: float = 0.95,
) -> str:
    """Says how much of the difference between the best point of a curve and its reference is more than noise.

    The best of several points looks better than it is; the interval is widened for having had the choice (Bonferroni
    over the points other than the reference).

    Args:
        runs: ``Sweep.runs``.
        axis: Which axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.
        name: What is turned, for the words.
        reference: Its value at the point against which the others are held.
        curve: Which curve; None for the first of the sweep.
        where: What the curve is called, for the words.
        coverage: Of the interval.
    """
    from qamro.evaluation import METRICS

    points = runs[(runs["axis"] == axis) & ~runs["baseline"]]
    what = f"{what_of(runs, axis, level, metric)}{', ' if where else ''}{where}"
    if points.empty:
        return f"{what}: the sweep holds no {name}."
    chosen = points["curve"].iloc[0] if curve is None else curve
    points = points[(points["curve"] == chosen) | (points["curve"].isna() & np.isnan(chosen))]
    label_of = {float(at): label for at, label in zip(points["at"], points["variant"], strict=True)}
    table = by_seed(points, axis, level, metric)
    others: Sequence[float] = [at for at in label_of if at != reference]
    if reference not in label_of or not others:
        return f"{what}: without {name} = {reference:g} and another one there is nothing to compare."
    means = table.mean()
    if means.isna().all():
        return f"{what}: not defined on these clips."
    sign = 1 if METRICS[metric].higher_is_better else -1
    best = max(others, key=lambda at: np.nan_to_num(sign * means[label_of[at]], nan=-np.inf))
    one = label_of[reference]
    found = paired(table[label_of[best]].to_numpy(), table[one].to_numpy(), 1 - (1 - coverage) / len(others))
    kind = f"{name} above {reference:g}" if reference < min(others) else f"other {name}"
    start = f"{what}: {name} = {best:g} is the best {kind} with {means[label_of[best]]:.3f}"
    start += f", {name} = {reference:g} has {means[one]:.3f}"
    if found.seeds < 2:
        return f"{start}. One seed cannot tell a difference from noise."
    choice = f", widened for the choice among {len(others)} values of {name}" if len(others) > 1 else ""
    if name == "beta":
        choice = choice.replace("values of beta", "betas")
    numbers = f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]".replace("-", "−")
    paired_by = f"{numbers} paired over {count(found.seeds, 'seed')}{choice}"
    gain, sure = sign * found.mean, sign * (found.low if sign > 0 else found.high)
    if gain <= 0:
        verdict = f"No {name} does better than {name} = {reference:g}"
    elif sure > 0:
        verdict = f"Of the difference, {sure:.3f} is more than noise between seeds"
    else:
        verdict = "None of the difference is more than noise between seeds"
    return f"{start}. {verdict}: {paired_by}."


def ridge_in_words(runs: pd.DataFrame, axis: str, level: str, metric: str) -> str:
    """Says how the best trained objective of a sweep stands beside ridge regression on the same features.

    Args:
        runs: ``Sweep.runs``.
        axis: Which axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.

    Returns:
        A sentence; empty where the sweep has no ridge regression, or the metric is undefined.
    """
    from qamro.evaluation import METRICS
    from qamro.training.sweeps.setup import RIDGE

    means = by_seed(runs, axis, level, metric).mean()
    if RIDGE not in means or np.isnan(means[RIDGE]) or means.drop(RIDGE).isna().all():
        return ""
    ridge, others = means[RIDGE], means.drop(RIDGE)
    higher = METRICS[metric].higher_is_better
    best = str(others.idxmax() if higher else others.idxmin())
    wins = ridge > others[best] if higher else ridge < others[best]
    what = f"{what_of(runs, axis, level, metric)}: ridge regression on the same features has {ridge:.3f}"
    if wins:
        return f"{what}, better than every head that was trained; the best of them, {best}, has {others[best]:.3f}."
    beyond = int((others > ridge).sum() if higher else (others < ridge).sum())
    return f"{what}; {beyond} of {len(others)} trained objectives do better, the best, {best}, with {others[best]:.3f}."
