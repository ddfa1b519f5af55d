"""Votes beside scores of the same clips: do the scores put the preferred clip first?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.crossed import Crossed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class VoteAgreement:
    """How often scores order two clips as votes do.

    Attributes:
        votes: Votes whose two clips both have a score.
        decided: Those that prefer one of the two.
        accuracy: Share of the decided ones whose preferred clip has the higher score; equal scores count half. NaN
            without any. Chance is one half.
        low: Lower end of its interval over raters and prompts; NaN below two of both.
        high: Upper end.
        equal: Decided votes whose clips have the same score.
        tied: Votes that prefer neither: ties and "both bad".
        gap: Mean distance of the two scores in decided votes; NaN without any.
        gap_tied: The same in votes that prefer neither: smaller, where ties are between clips of like scores.
        tau: Kendall's tau-b between the systems' strengths by votes and their mean scores; NaN below two systems.
        systems: Number of systems that it rests on.
    """

    votes: int
    decided: int
    accuracy: float
    low: float
    high: float
    equal: int
    tied: int
    gap: float
    gap_tied: float
    tau: float
    systems: int


def vote_agreement(
    votes: pd.DataFrame,
    scores: pd.Series,
    strengths: pd.Series,
    *,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> VoteAgreement:
    """Holds scores against votes on the same clips.

    Args:
        votes: As ``votes_of`` gives them.
        scores: A score by clip.
        strengths: The score by votes of each system (``Ranking.table``), by its name.
        level: Coverage of the interval.
        draws: Bootstrap draws of raters and prompts.
        seed: Their seed.
    """
    from scipy.stats import kendalltau

    first, second = (votes[f"clip_{side}"].map(scores).to_numpy(float) for side in "ab")
    both = np.isfinite(first) & np.isfinite(second)
    decided = both & votes["winner"].isin(["a", "b"]).to_numpy()
    gap = first - second
    right = np.where(gap == 0, 0.5, (gap > 0) == (votes["winner"] == "a").to_numpy())[decided]
    low = high = float("nan")
    crossed = Crossed.of(votes[decided].reset_index(drop=True))
    if right.size and crossed.clusters > 1:
        drawn = np.array([
            (weight @ right) / weight.sum() if weight.any() else np.nan
            for weight in crossed.weights(draws, np.random.default_rng(seed))
        ])  # fmt: skip
        half = crossed.tail(level) * float(np.nanstd(drawn, ddof=1))
        low, high = max(0.0, right.mean() - half), min(1.0, right.mean() + half)
    tied = both & ~decided
    systems = _system_means(votes, scores)
    shared = [name for name in systems.index if name in strengths.index]
    several = len(shared) > 1
    return VoteAgreement(
        int(both.sum()),
        int(decided.sum()),
        float(right.mean()) if right.size else float("nan"),
        float(low),
        float(high),
        int((gap[decided] == 0).sum()),
        int(tied.sum()),
        float(np.abs(gap[decided]).mean()) if decided.any() else float("nan"),
        float(np.abs(gap[tied]).mean()) if tied.any() else float("nan"),
        float(kendalltau(systems[shared], strengths[shared]).statistic) if several else float("nan"),
        len(shared),
    )


@dataclass(frozen=True)
class VoteCeiling:
    """How often a perfect predictor could prefer the clip that a voter prefers.

    It knows how people would vote on each pair, and not how this one did: with a share p for the one clip it is right
    in max(p, 1 - p) of the votes. Two votes on a pair agree in p² + (1 - p)² of cases, which is known from pairs that
    were voted on again, and bounds that from below, and by Jensen's inequality from above.

    Attributes:
        low: Lower bound, at least one half; NaN where no pair has two decided votes.
        high: Upper bound, likewise.
        pairs: How many pairs have two decided votes or more.
    """

    low: float
    high: float
    pairs: int


def vote_ceiling(votes: pd.DataFrame) -> VoteCeiling:
    """Bounds what a perfect predictor could reach, from the pairs of clips that were voted on more than once.

    Args:
        votes: With ``clip_a``, ``clip_b``, ``winner``; either clip may stand first. Votes that prefer neither do not
            count, as in ``VoteAgreement.accuracy``. Each pair weighs as many votes as it has.
    """
    decided = votes[votes["winner"].isin(["a", "b"])]
    first = np.where(decided["winner"] == "a", decided["clip_a"], decided["clip_b"])
    pair = decided[["clip_a", "clip_b"]].min(axis=1), decided[["clip_a", "clip_b"]].max(axis=1)
    won = decided.assign(won=first == pair[0]).groupby([pair[0].rename("one"), pair[1].rename("other")])["won"]
    wins, total = won.sum().to_numpy(float), won.size().to_numpy(float)
    wins, total = wins[total > 1], total[total > 1]
    if not total.size:
        return VoteCeiling(float("nan"), float("nan"), 0)
    lost = total - wins
    agree = (wins * (wins - 1) + lost * (lost - 1)) / (total * (total - 1))
    agreement = max(0.5, float(np.average(agree, weights=total)))
    return VoteCeiling(agreement, 0.5 + float(np.sqrt((agreement - 0.5) / 2)), total.size)


def _system_means(votes: pd.DataFrame, scores: pd.Series) -> pd.Series:
    """Mean score of each system over its clips that were voted on."""
    import pandas as pd

    sides = [votes[[f"clip_{s}", f"system_{s}"]].set_axis(["clip", "system"], axis=1) for s in "ab"]
    clips = pd.concat(sides, ignore_index=True).drop_duplicates("clip")
    return clips["clip"].map(scores).groupby(clips["system"]).mean().dropna()
