"""Where to look: clips that predictor and people disagree about, systems in the wrong order, divided raters."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.evaluate import Evaluation
    from qamro.studies import Study


def largest_disagreements(evaluation: Evaluation, axis: str, *, n: int = 20) -> pd.DataFrame:
    """Lists the clips that predictor and people place furthest apart.

    The distance is one of ranks, as shares of the clips: it needs no common scale, and a predictor that is too high
    everywhere does not fill the list.

    Args:
        evaluation: What ``evaluate`` answered.
        axis: The axis.
        n: How many clips.

    Returns:
        The rows of ``evaluation.clips`` with ``human_rank`` and ``predicted_rank`` (0 lowest, 1 highest) and
        ``disagreement`` (predicted minus human), the largest first.
    """
    return clip_distances(evaluation.clips[evaluation.clips["axis"] == axis], n=n)


def clip_distances(clips: pd.DataFrame, *, n: int = 20) -> pd.DataFrame:
    """Lists the clips of one axis that predictor and people place furthest apart (see ``largest_disagreements``).

    Args:
        clips: Columns ``human`` and ``predicted``, one row a clip.
        n: How many clips.
    """
    clips = clips.copy()
    for side in ("human", "predicted"):
        clips[f"{side}_rank"] = (clips[side].rank() - 1) / max(len(clips) - 1, 1)
    clips["disagreement"] = clips["predicted_rank"] - clips["human_rank"]
    order = clips["disagreement"].abs().sort_values(ascending=False, kind="stable").index
    return clips.loc[order].head(n).reset_index(drop=True)


def rank_inversions(evaluation: Evaluation, axis: str) -> pd.DataFrame:
    """Lists the pairs of systems that the predictor puts in the wrong order.

    Returns:
        Columns ``better``, ``worse`` (as people say), ``human_gap`` and ``predicted_gap`` (better minus worse, the
        second one below zero), the largest human gap first.
    """
    return inverted_systems(evaluation.systems[evaluation.systems["axis"] == axis])


def inverted_systems(systems: pd.DataFrame) -> pd.DataFrame:
    """Lists the pairs of systems of one axis that the predictor puts in the wrong order (see ``rank_inversions``).

    Args:
        systems: Columns ``system``, ``human`` and ``predicted`` (means), one row a system.
    """
    import pandas as pd

    rows = []
    for one, other in combinations(systems.to_dict("records"), 2):
        better, worse = (one, other) if one["human"] > other["human"] else (other, one)
        human, predicted = better["human"] - worse["human"], better["predicted"] - worse["predicted"]
        if human > 0 > predicted:
            rows.append((better["system"], worse["system"], human, predicted))
    table = pd.DataFrame(rows, columns=["better", "worse", "human_gap", "predicted_gap"])
    return table.sort_values("human_gap", ascending=False, kind="stable", ignore_index=True)


def most_divided(study: Study, axis: str, *, n: int = 20) -> pd.DataFrame:
    """Lists the clips whose raters disagree most.

    Args:
        study: The ratings.
        axis: The axis.
        n: How many clips at most.

    Returns:
        Columns ``clip``, ``system``, ``mean``, ``count``, ``sd`` (of the ratings), the largest first; clips with a
        single rating are left out.
    """
    clips = study.clip_means()
    clips = clips[(clips["axis"] == axis) & (clips["count"] > 1)].copy()
    clips["sd"] = clips["sem"] * np.sqrt(clips["count"])
    clips = clips.sort_values("sd", ascending=False, kind="stable", ignore_index=True)
    return clips[["clip", "system", "mean", "count", "sd"]].head(n)
