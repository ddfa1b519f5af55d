"""What a comparison allows to say: means with two intervals, and paired tests against the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.bootstrap import DRAWS, interval
from qamro.evaluation.levels import LEVELS
from qamro.evaluation.metrics import METRICS
from qamro.evaluation.significance import bootstrap_p, holm
from qamro.training.compare_objectives.contest import Contest
from qamro.training.sweeps.other_clips import bootstrap_variants
from qamro.training.sweeps.seeds import by_seed, paired, summarise, with_hints

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("SRCC", "LCC", "KTAU", "MSE")
"""The metrics of the tables."""

Drawn = dict[tuple[str, str, str], np.ndarray]
"""For each variant, level and metric its mean over seeds in every bootstrap draw, shape (draws,)."""


def draw(contest: Contest, *, draws: int = DRAWS, seed: int = 0) -> Drawn:
    """Draws systems and clips, the same for all objectives; both tables rest on it."""
    return bootstrap_variants(contest.sweep.predictions, contest.axis, metrics=SHOWN, draws=draws, seed=seed)


def standings(contest: Contest, drawn: Drawn) -> pd.DataFrame:
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


def paired_tests(contest: Contest, drawn: Drawn, *, level: float = 0.95) -> pd.DataFrame:
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
