"""How often a race says something wrong, in made-up studies that are looked at after every rating."""

from __future__ import annotations

from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from scipy.special import ndtr, stdtrit

from qamro.evaluation.anytime import Means
from qamro.evaluation.racing import Goal, Race

SCALE = (1, 7)
CLIP_SD, RATER_SD, NOISE_SD = 0.5, 0.6, 0.8
CLIPS, RATERS, MOST = 30, 8, 320
ALPHA = 0.05
GOALS = ("best", "order", "top:2")
STUDIES = {
    "all equal": (4.0, 4.0, 4.0, 4.0),
    "two tied for the place": (5.0, 5.0, 4.0, 3.0),
    "none tied": (5.4, 4.4, 3.6, 2.6),
    "two tied at the end of the scale": (6.6, 6.6, 5.4, 4.2),
}
"""Levels of the systems; for a top 2 the tie stands between the second and the third."""

WITHIN = 1.0
EQUAL = {
    "all equal": (4.0, 4.0, 4.0, 4.0),
    "apart by a little more than that": (5.6, 4.5, 3.4, 2.3),
    "apart by half of that": (5.0, 4.5, 4.0, 3.5),
}
"""Levels of systems that may be called equal within ``WITHIN``; in the second row any two called equal are an error."""

HEAD = (
    "| systems | goal | races | ratings | decided | a wrong verdict | loser wrong | all means held at the end | "
    "at every look |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass
class Seen:
    """What one race showed: a wrong verdict on any pair, one that put out a system that belongs in, and intervals."""

    ratings: int
    decided: bool
    wrong: bool
    lost: bool
    held: bool
    always: bool


def rated(level: np.ndarray, spread: float) -> np.ndarray:
    """Mean of a rating about a level, rounded to a whole number of the scale."""
    steps = np.arange(SCALE[0], SCALE[1]) + 0.5
    return SCALE[0] + (1 - ndtr((steps - np.asarray(level)[..., None]) / spread)).sum(axis=-1)


def one(levels: tuple[float, ...], goal: str, rng: np.random.Generator, within: float = 0.0) -> Seen:
    """Runs a race as Annotate does: raters come in any order, ask for a clip and rate it.

    Where systems are called equal within a margin, there are three times the clips and ratings: that takes more.
    """
    more = 3 if within else 1
    own = {f"s{k}": [f"s{k}-{i}" for i in range(more * CLIPS)] for k in range(len(levels))}
    quality = {clip: levels[k] + rng.normal(0, CLIP_SD) for k, name in enumerate(own) for clip in own[name]}
    bias = rng.normal(0, RATER_SD, RATERS)
    # The truth: other clips like these, rated by this panel. Biases are the same for all systems.
    truth = rated(np.array(levels)[:, None] + bias, float(np.hypot(CLIP_SD, NOISE_SD))).mean(axis=1)
    truth = np.round(truth, 9)
    race = Race(own, Goal.parse(goal), SCALE, ALPHA, equal_within=within)
    standing, held, always = race.look(), True, True
    for _ in range(more * MOST):
        rater = int(rng.integers(RATERS))
        clip = race.next_clip(f"r{rater}", rng)
        if clip is None:
            continue
        race.add(
            clip, f"r{rater}", float(np.clip(round(quality[clip] + bias[rater] + rng.normal(0, NOISE_SD)), *SCALE))
        )
        standing = race.look()
        held = not bool(((standing.low > truth) | (standing.high < truth)).any())
        always = always and held
        if standing.decided:
            break
    gap = truth[:, None] - truth
    better = standing.verdicts == 1
    equal = (standing.verdicts == 0) & ~np.eye(len(levels), dtype=bool)
    wrong = (better & (gap <= 0)) | (equal & (np.abs(gap) > within))
    # Who belongs in: the best one (all that share its level), or the top 2.
    place = 2 if goal == "top:2" else 1
    inside = truth >= np.sort(truth)[-place]
    lost = wrong if goal == "order" else better.T[inside]
    if goal == "top:2":  # out only once two have beaten it
        lost = better.sum(axis=0)[inside] >= place
    return Seen(int(standing.ratings.sum()), standing.decided, bool(wrong.any()), bool(lost.any()), held, always)


def races(name: str, goal: str, runs: int) -> list[Seen]:
    """Runs the races of one row."""
    levels = STUDIES[name]
    if goal == "top:2" and levels[0] == levels[1] and levels[1] != levels[2]:
        levels = (levels[0], levels[2], levels[2], levels[3])
    seed = [list(STUDIES).index(name), GOALS.index(goal)]
    return [one(levels, goal, np.random.default_rng([*seed, run])) for run in range(runs)]


def equal(name: str, goal: str, runs: int) -> str:
    """Races in which systems may be called equal within ``WITHIN``; a pair called so that is not is a wrong verdict."""
    seed = [100 + list(EQUAL).index(name), GOALS.index(goal)]
    seen = [one(EQUAL[name], goal, np.random.default_rng([*seed, run]), WITHIN) for run in range(runs)]
    return row(f"{name}, equal within {WITHIN:g}", goal, seen)


def plain(runs: int) -> str:
    """Races of equal systems with Student's intervals in place of the sequences: what looking after every rating does.

    Each pair has its share of alpha, as in a race; nothing else is changed. Without it nobody could tell whether the
    other rows can find an error at all.
    """

    def student(first: Means, second: Means, alpha: float) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(invalid="ignore"):
            variances = [(each.below + each.above) / 2 for each in (first, second)]
            width = stdtrit(np.maximum(first.clips + second.clips - 2, 1), 1 - alpha / 2) * np.sqrt(sum(variances))
        width = np.where(np.isfinite(width), width, np.inf)
        return first.mean - second.mean - width, first.mean - second.mean + width

    with patch("qamro.evaluation.racing.difference", student):
        return row("all equal, Student's intervals", "order", races("all equal", "order", runs))


def row(name: str, goal: str, seen: list[Seen]) -> str:
    """One row of the table."""

    def share(field: str) -> str:
        return f"{100 * np.mean([getattr(each, field) for each in seen]):.1f} %"

    ratings = f"{np.mean([each.ratings for each in seen]):.0f}"
    shares = " | ".join(share(field) for field in ("decided", "wrong", "lost", "held", "always"))
    return f"| {name} | {goal} | {len(seen)} | {ratings} | {shares} |"


def about(runs: int) -> str:
    """What the table shows."""
    return (
        f"`python -m benchmarks.coverage --part racing --races {runs} --write` makes this table: {runs} made-up "
        f"studies a row, {runs * (len(GOALS) * len(STUDIES) + len(EQUAL)):,} races in all, looked at after every "
        "rating. Four systems "
        f"of {CLIPS} clips, {RATERS} raters in any order who get the clip that the race wants rated next, at most "
        f"{MOST} ratings; whole numbers from {SCALE[0]} to {SCALE[1]}, deviations of {CLIP_SD} (clips), {RATER_SD} "
        f'(raters) and {NOISE_SD} (noise). alpha is {ALPHA}. "A wrong verdict": any pair called better the wrong '
        'way round, or though it is tied, at any look. "Loser wrong": for best and top, a system that belongs in was '
        'put out. "All means held": the intervals of all four systems hold what this panel gives other clips, when the '
        "race ends and at every look. Rows with 'equal within' may call systems equal whose difference lies within "
        f"± {WITHIN:g}; to call a pair equal that is further apart is a wrong verdict there, and there are three times "
        "the clips and ratings. The last row has Student's intervals in place of the sequences."
    )
