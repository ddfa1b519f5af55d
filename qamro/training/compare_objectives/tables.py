"""What a comparison allows to say: means with two intervals, paired tests, average ranks, sensitivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.bootstrap import DRAWS, interval
from qamro.evaluation.levels import LEVELS
from qamro.evaluation.metrics import METRICS
from qamro.evaluation.significance import CriticalDifference, bootstrap_p, critical_difference, holm
from qamro.training.compare_objectives.comparison import ObjectiveComparison
from qamro.training.objective import OBJECTIVES
from qamro.training.objective.objective import hyperparameters
from qamro.training.objective.table import HYPERPARAMETERS
from qamro.training.sweeps.objective_variants import variants_over
from qamro.training.sweeps.runs import sample_of_fit
from qamro.training.sweeps.seeds import by_seed, paired, summarise, with_hints
from qamro.training.sweeps.setup import Variant
from qamro.training.sweeps.system_places import bootstrap_variants

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("SRCC", "LCC", "KTAU", "MSE")
"""The metrics of the tables."""

Drawn = dict[tuple[str, str, str], np.ndarray]
"""For each variant, level and metric its mean over seeds in every bootstrap draw, shape (draws,)."""


def draw(contest: ObjectiveComparison, *, draws: int = DRAWS, seed: int = 0) -> Drawn:
    """Draws systems and clips, the same for all objectives; both tables rest on it."""
    return bootstrap_variants(contest.sweep.predictions, contest.axis, metrics=SHOWN, draws=draws, seed=seed)


def standings(contest: ObjectiveComparison, drawn: Drawn) -> pd.DataFrame:
    """Lays out every objective's metrics.

    Args:
        contest: What was run.
        drawn: From ``draw``.

    Returns:
        One row a variant, level and metric: ``axis``, ``variant``, ``objective`` (in words), ``level``, ``metric``,
        ``mean`` over seeds, ``seeds_low``, ``seeds_high`` (95 % t-interval of that mean: chance in training),
        ``clips_low``, ``clips_high`` (95 % bootstrap over systems, and clips within them, of that mean: other clips),
        ``seeds``, ``clips``, ``systems``, ``hint`` (whether these are too few for a finding).
    """
    table = summarise(contest.sweep.runs)
    table = table[table["metric"].isin(SHOWN)].rename(columns={"low": "seeds_low", "high": "seeds_high"})
    # Objectives side by side: what is compared stands in neighbouring rows.
    place = table["level"].map(LEVELS.index) * len(SHOWN) + table["metric"].map(SHOWN.index)
    table = table.iloc[place.argsort(kind="stable")]
    ends = [
        interval(drawn.get(key, np.empty(0)))
        for key in zip(table["variant"], table["level"], table["metric"], strict=True)
    ]
    words = {variant.label: str(variant.objective) for variant in contest.variants}
    correlation = table["metric"] != "MSE"  # a t-interval may reach beyond what a metric can be
    table = table.assign(
        objective=table["variant"].map(words),
        seeds_low=table["seeds_low"].clip(lower=table["metric"].map({"MSE": 0.0}).fillna(-1)),
        seeds_high=table["seeds_high"].where(~correlation, table["seeds_high"].clip(upper=1)),
        clips_low=[end.low for end in ends],
        clips_high=[end.high for end in ends],
    )
    columns = ["axis", "variant", "objective", "level", "metric", "mean", "seeds_low", "seeds_high"]
    return table[[*columns, "clips_low", "clips_high", "seeds", "clips", "systems", "hint"]].reset_index(drop=True)


def paired_tests(contest: ObjectiveComparison, drawn: Drawn, *, level: float = 0.95) -> pd.DataFrame:
    """Tests every objective against the reference, paired over seeds and paired over clips.

    Two questions, two tests. Over seeds, a paired t-test: would training again on these very clips say the same? Over
    clips, a paired bootstrap of systems and clips within them: would other clips? A claim about objectives needs both.
    Holm's correction is over the objectives, for each level, metric and question.

    Args:
        contest: What was run; its first variant is the reference.
        drawn: From ``draw``.
        level: Coverage of the intervals (uncorrected); a difference survives with a corrected p below 1 - level.

    Returns:
        One row a variant, level and metric: ``axis``, ``variant``, ``reference``, ``level``, ``metric``,
        ``difference`` (variant minus reference, mean over seeds), ``seeds_low``, ``seeds_high``, ``p_seeds``,
        ``p_seeds_holm``, ``clips_low``, ``clips_high``, ``p_clips``, ``p_clips_holm``, ``tests``, ``survives``
        (``"both"``, ``"seeds only"``, ``"clips only"`` or ``"neither"``), ``better`` (who is, where both survive),
        ``clips``, ``systems`` and ``hint`` (whether these are too few for a finding).
    """
    import pandas as pd

    reference, *others = [variant.label for variant in contest.variants]
    rows = []
    for where in LEVELS:
        for metric in SHOWN:
            values = by_seed(contest.sweep.runs, contest.axis, where, metric)
            for label in others:
                over_seeds = paired(values[label].to_numpy(), values[reference].to_numpy(), level)
                nothing = np.empty(0)
                gaps = drawn.get((label, where, metric), nothing) - drawn.get((reference, where, metric), nothing)
                ends = interval(gaps, level)
                rows.append(
                    {"axis": contest.axis, "variant": label, "reference": reference, "level": where, "metric": metric}
                    | {"difference": over_seeds.mean, "seeds_low": over_seeds.low, "seeds_high": over_seeds.high}
                    | {"p_seeds": over_seeds.p, "clips_low": ends.low, "clips_high": ends.high}
                    | {"p_clips": bootstrap_p(gaps)}
                )
    table = pd.DataFrame(rows)
    for over in ("seeds", "clips"):
        table[f"p_{over}_holm"] = table.groupby(["level", "metric"])[f"p_{over}"].transform(holm)
    table["tests"] = len(others)
    sure = {over: table[f"p_{over}_holm"] < 1 - level for over in ("seeds", "clips")}
    table["survives"] = np.select(
        [sure["seeds"] & sure["clips"], sure["seeds"], sure["clips"]], ["both", "seeds only", "clips only"], "neither"
    )
    higher = table["metric"].map({key: METRICS[key].higher_is_better for key in SHOWN})
    winner = np.where((table["difference"] > 0) == higher, table["variant"], reference)
    table["better"] = np.where(table["survives"] == "both", winner, "")
    sizes = {size: int(contest.sweep.runs[size].iloc[0]) for size in ("clips", "systems")}
    return with_hints(table.assign(**sizes))


# Average ranks of objectives over folds, and how far apart they must be to differ.


def scores_in_blocks(contest: ObjectiveComparison) -> pd.DataFrame:
    """Returns each objective's utterance SRCC within each fold, mean over seeds; rows are folds, columns objectives.

    A head that predicts one value has no correlation and counts as 0.
    """
    import pandas as pd

    rows = {}
    for key, table in contest.sweep.predictions.groupby(["fold", "variant", "seed"], sort=False):
        rows[key] = sample_of_fit(table).measure("utterance", ("SRCC",))["SRCC"]
    index = pd.MultiIndex.from_tuples(rows, names=["fold", "variant", "seed"])
    values = pd.Series(np.nan_to_num(list(rows.values())), index=index)
    means = values.groupby(["fold", "variant"]).mean().unstack("variant")
    return means[[variant.label for variant in contest.variants]]


def average_ranks(blocks: pd.DataFrame, *, alpha: float = 0.05) -> CriticalDifference | None:
    """Ranks objectives in every block and compares their average ranks (Friedman, Nemenyi).

    Folds share most of their training clips, so that their ranks agree more than those of separate studies would: what
    differs here need not differ on the next study.

    Args:
        blocks: From ``scores_in_blocks``, of one study and axis or of several, one above the other.
        alpha: Chance of a false difference that is accepted.

    Returns:
        None with fewer than two blocks.
    """
    if len(blocks) < 2:
        return None
    return critical_difference(blocks.to_numpy(float), [str(name) for name in blocks.columns], alpha=alpha)


# How much an objective's numbers matter: one of them turned at a time, the others as published.

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
        if parameter not in hyperparameters(published):
            continue
        own = float(published.value(parameter.name))
        for variant in variants_over(published, parameter.name, (*parameter.values, own)):
            value = float(variant.objective.value(parameter.name))
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
