"""How one model of a sweep ranks the systems, beside people, another model, and other clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qamro.counts import count
from qamro.evaluation.bootstrap import DRAWS
from qamro.evaluation.levels import LEVELS, Sample, resample

if TYPE_CHECKING:
    import pandas as pd


def system_places(
    predictions: pd.DataFrame, axis: str, variant: str, reference: str | None = None, *, coverage: float = 0.95
) -> pd.DataFrame:
    """Ranks systems by their ratings, by a model and by the model it is held against.

    Args:
        predictions: ``Sweep.predictions``.
        axis: Which axis.
        variant: Label of the model.
        reference: Label of the other model; None for none.
        coverage: Of the interval over seeds.

    Returns:
        One row a system, the best by ratings first: ``system``, ``clips``, ``human`` (mean MOS), ``predicted`` (mean
        over clips, then over seeds), ``low``, ``high`` (t-interval of that over seeds; NaN with one), ``place_human``,
        ``place`` and ``place_reference`` (1 is the best; systems with the same mean share a place, x.5; NaN without a
        reference). Clips without a system are left out.

    Raises:
        ValueError: The sweep has no such axis or model.
    """
    from scipy.stats import t

    means = _by_seed(predictions, axis, variant)
    part = predictions[(predictions["axis"] == axis) & (predictions["variant"] == variant)]
    one = part[(part["seed"] == part["seed"].iloc[0]) & (part["system"] != "")].groupby("system")
    table = one["human"].agg(clips="size", human="mean")
    seeds = means.shape[1]
    table["predicted"] = means.mean(axis=1)
    half = t.ppf(0.5 + coverage / 2, seeds - 1) * means.std(axis=1, ddof=1) / np.sqrt(seeds) if seeds > 1 else np.nan
    table["low"], table["high"] = table["predicted"] - half, table["predicted"] + half
    table["place_human"], table["place"] = _places(table["human"]), _places(table["predicted"])
    table["place_reference"] = (
        np.nan if reference is None else _places(_by_seed(predictions, axis, reference).mean(axis=1))
    )
    return table.sort_values(["place_human", "predicted"], ascending=[True, False]).reset_index()


def swaps(predictions: pd.DataFrame, axis: str, variant: str, reference: str) -> pd.DataFrame:
    """Lists the pairs of systems that a model and its reference put in another order.

    Args:
        predictions: ``Sweep.predictions``.
        axis: Which axis.
        variant: Label of the model.
        reference: Label of the model that it is held against.

    Returns:
        One row a pair: ``ahead`` (the model has it ahead), ``behind``, ``seeds`` (in how many the two models, with
        the same seed, differ about the pair), ``of`` (how many both have), ``right`` (whether the ratings agree with
        the model; False for a tie).
    """
    import pandas as pd

    model, other = _by_seed(predictions, axis, variant), _by_seed(predictions, axis, reference)
    human = predictions[(predictions["axis"] == axis) & (predictions["system"] != "")].groupby("system")["human"].mean()
    shared = [seed for seed in model.columns if seed in other.columns]
    names, rows = list(model.index), []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            now = np.sign(model.loc[first].mean() - model.loc[second].mean())
            before = np.sign(other.loc[first].mean() - other.loc[second].mean())
            if now in (0, before):
                continue
            ahead, behind = (first, second) if now > 0 else (second, first)
            differs = np.sign(model.loc[ahead, shared] - model.loc[behind, shared]) != np.sign(
                other.loc[ahead, shared] - other.loc[behind, shared]
            )
            rows.append((ahead, behind, int(differs.sum()), len(shared), bool(human[ahead] > human[behind])))
    return pd.DataFrame(rows, columns=["ahead", "behind", "seeds", "of", "right"])


def swaps_in_words(found: pd.DataFrame, model: str, reference: str, *, who: str, most: int = 6) -> list[str]:
    """Says which systems changed places.

    Args:
        found: From ``swaps``.
        model: What the model is called.
        reference: What the model that it is held against is called.
        who: Who rated, from ``qamro.listeners``.
        most: Pairs that are named; the others are counted.
    """
    if found.empty:
        return [f"Averaged over seeds, {model} and {reference} put all systems in the same order."]
    right = int(found["right"].sum())
    said = [f"{count(len(found), 'pair')} of systems changed places against {reference}, averaged over seeds: "
            f"{right} towards the order of {who}, {len(found) - right} not."]  # fmt: skip
    for row in found.head(most).itertuples():
        agrees = f"as {who} have it" if row.right else f"against {who}"
        said.append(f"{row.ahead} now stands ahead of {row.behind}, {agrees}; "
                    f"so in {row.seeds} of {count(row.of, 'seed')}.")  # fmt: skip
    if len(found) > most:
        said.append(f"And {len(found) - most} more.")
    return said


def _by_seed(predictions: pd.DataFrame, axis: str, variant: str) -> pd.DataFrame:
    """One row a system, one column a seed: the mean prediction."""
    chosen = (predictions["axis"] == axis) & (predictions["variant"] == variant)
    if not chosen.any():
        raise ValueError(f"the sweep holds no {variant!r} on {axis}")
    part = predictions[chosen & (predictions["system"] != "")]
    return part.groupby(["system", "seed"])["predicted"].mean().unstack("seed")


def _places(values: pd.Series) -> pd.Series:
    return values.rank(ascending=False)


# What other clips would have said: bootstrap draws of each variant's metric, averaged over its seeds.


def bootstrap_variants(
    predictions: pd.DataFrame,
    axis: str,
    *,
    metrics: Sequence[str] = ("SRCC",),
    levels: Sequence[str] = LEVELS,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[tuple[str, str, str], np.ndarray]:
    """Draws systems, then clips within them, and averages each variant's metric over its seeds.

    All variants see the same draws, so that the difference of two entries is paired.

    Args:
        predictions: ``Sweep.predictions``.
        axis: Which axis.
        metrics: Keys of ``METRICS``.
        levels: ``"utterance"``, ``"system"`` or both.
        draws: Number of draws.
        seed: Seed of the draws.

    Returns:
        For each (variant, level, metric) its value in every draw, shape (draws,); NaN where a draw has none.
    """
    tables = list(predictions[predictions["axis"] == axis].groupby(["variant", "seed"], sort=False))
    samples = [
        Sample(table["predicted"].to_numpy(), table["human"].to_numpy(), table["system"].to_numpy(str))
        for _, table in tables
    ]
    found = resample(samples, metrics, levels=levels, draws=draws, seed=seed)
    collected: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for ((variant, _), _), answer in zip(tables, found, strict=True):
        for level in levels:
            for metric in metrics:
                if answer[level][metric].size:
                    collected.setdefault((str(variant), level, metric), []).append(answer[level][metric])
    return {key: np.mean(values, axis=0) for key, values in collected.items()}
