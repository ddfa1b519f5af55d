"""Heads that were trained on votes between two clips: what their rewards mean, and what they are worth.

A reward has no unit. It is put into log-odds, zero at the median of the clips that were voted on, so that the chance
that people prefer a clip to that median is the logistic function of it, as with TuneJury's head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.evaluation.votes_and_scores import vote_agreement, vote_ceiling
from qamro.heads.fold_heads import FoldHeads
from qamro.training.splits import PARTS

if TYPE_CHECKING:
    import pandas as pd

    from qamro.heads.bundle import AnyHead, Head
    from qamro.training.embedded_study import EmbeddedStudy

INTERVAL = "the chance to be preferred to the median of the clips that were voted on; no interval"
"""What cards and score tables say of a reward's interval."""

_SCALES = np.logspace(-2, 1, 61)
"""What a reward is multiplied by at most and at least, in units of the differences' root mean square."""

FEW_VOTES = 100
"""Of fewer decided votes an accuracy is a hint, not a finding: its interval is 20 points wide."""


def put_into_units(prepared: EmbeddedStudy, axis: str, head: AnyHead) -> None:
    """Scales a head's rewards so that chances fit votes that its training did not see, and moves their median to zero.

    The votes are those of the calibration part, those of validation where that has none; in folds, each fold's own.
    """
    votes = next((found for part in ("calibration", "validation") if len(found := _judged(prepared, part))), None)
    scale = 1.0
    if votes is not None:
        gap = difference(prepared, axis, head, votes)
        scale = best_scale(gap, votes["share"].to_numpy(float))
    voted = sorted({*prepared.votes["clip_a"], *prepared.votes["clip_b"]})
    median = float(prepared.answers(voted, axis, head).median())
    heads: list[Head] = [one for fold in head.each for one in fold] if isinstance(head, FoldHeads) else [head]
    for one in heads:
        one.out_mean.sub_(median).mul_(scale)
        one.out_std.mul_(scale)


def difference(prepared: EmbeddedStudy, axis: str, head: AnyHead, votes: pd.DataFrame) -> np.ndarray:
    """Returns for each vote the reward of its first clip less that of its second, shape (n,)."""
    first, second = (prepared.answers(votes[f"clip_{side}"].tolist(), axis, head) for side in "ab")
    return (first - second).double().numpy()


def best_scale(gap: np.ndarray, shares: np.ndarray) -> float:
    """Returns the factor with which differences of rewards are the log-odds that fit votes best.

    Args:
        gap: Differences, shape (n,).
        shares: Shares of the votes for the first clip of each, shape (n,).
    """
    size = float(np.sqrt(np.mean(gap**2)))
    if not size > 0:
        return 1.0
    odds = _SCALES[:, None] * (gap / size)
    loss = (np.logaddexp(0, odds) - shares * odds).mean(axis=1)
    return float(_SCALES[loss.argmin()] / size)


def metrics(prepared: EmbeddedStudy, axis: str, head: AnyHead, draws: int = 1000) -> list[dict[str, Any]]:
    """Returns the rows for the card: how often the clip that a vote prefers has the higher reward, and the ceiling."""
    import pandas as pd

    votes = _judged(prepared, "test")
    clips = sorted({*votes["clip_a"], *votes["clip_b"]})
    if not clips:
        return []
    scores = pd.Series(prepared.answers(clips, axis, head).double().numpy(), index=clips)
    found = vote_agreement(votes, scores, pd.Series(dtype=float), draws=draws)
    table = prepared.study.clips
    systems = int(table.loc[table["clip"].isin(clips) & (table["system"] != ""), "system"].nunique())
    row = {"axis": axis, "level": "vote", "metric": "ACC", "value": found.accuracy, "low": found.low}
    row |= {"high": found.high, "clips": len(clips), "systems": systems, "hint": found.decided < FEW_VOTES}
    row["note"] = f"{found.decided} decided votes; {ceiling_in_words(prepared.votes)}"
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
    return [{key: None if isinstance(value, float) and np.isnan(value) else value for key, value in rounded.items()}]


def ceiling_in_words(votes: pd.DataFrame) -> str:
    """Says what a perfect predictor could reach."""
    top = vote_ceiling(votes)
    if not top.pairs:
        return "what a perfect predictor could reach is not known: no pair of clips was voted on twice"
    low, high = f"{100 * top.low:.0f}", f"{100 * top.high:.0f}"
    ends = f"{low} %" if low == high else f"{low} to {high} %"
    pairs = "1 pair" if top.pairs == 1 else f"{top.pairs:,} pairs"
    return f"a perfect predictor could reach {ends}, by {pairs} of clips that were voted on again"


def about(prepared: EmbeddedStudy) -> dict[str, Any]:
    """Returns what the card says of the votes: how many, and which of them taught nothing."""
    from qamro.evaluation.preferences import asked

    every, used = asked(prepared.study, prepared.question), prepared.votes
    inside = sum(len(prepared.voted(part)) for part in (("test",) if prepared.folds else PARTS))
    return {
        "question": prepared.question,
        "used": len(used) if prepared.folds else inside,
        "between two folds, not tested" if prepared.folds else "between two parts, left out": len(used) - inside,
        "both bad, left out": int((every["winner"] == "both_bad").sum()),
        "ties, half a win each": int((used["winner"] == "tie").sum()),
    }


def _judged(prepared: EmbeddedStudy, part: str) -> pd.DataFrame:
    """The votes that judge: those of a part, or, in folds, those within the clips that one fold tests."""
    return prepared.voted("test" if prepared.folds else part)
