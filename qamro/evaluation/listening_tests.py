"""What listening tests say: MUSHRA and DMOS by system, CMOS by pair, ABX by rater and in all.

What is computed for a kind of test stands in its file of rules (``qamro.studies.listening.methods``): whether means of
systems, means of pairs against 0, or shares of right answers against chance, and who is left out first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from qamro.evaluation.crossed import Crossed, joint_width, pair_differences, runs
from qamro.studies.listening.methods import METHODS, Method

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

_REFERENCE = re.compile(r"(hidden[ _-]*)?(ref|reference)([ _-]*hidden)?", re.IGNORECASE)
_ANCHOR = re.compile(r"(low|mid|high)?[ _-]*anchor[ _-]*\w*", re.IGNORECASE)
_MUSHRA_TOP = 20
"""Scores above this are of no scale but 0 to 100."""


@dataclass(frozen=True)
class Test:
    """Which test a study holds.

    Attributes:
        method: The rules of its kind.
        axes: Its questions, ratings or votes.
        reference: The system that is the reference; empty without one.
        anchors: Systems that are anchors.
        why: How that is known.
    """

    __test__ = False  # not one of pytest's

    method: Method
    axes: list[str]
    reference: str = ""
    anchors: list[str] = field(default_factory=list)
    why: str = ""


def find_test(study: Study, method: str = "", reference: str = "", anchors: Sequence[str] = ()) -> Test | None:
    """Finds which test a study holds: by what is said, by what its design says, or by what its systems are called.

    Args:
        study: The study.
        method: A key of ``METHODS`` that is analysed; empty to find out.
        reference: The system that is the reference; empty to find out.
        anchors: Systems that are anchors; empty to find out.

    Returns:
        The test; None where the study is a plain set of ratings or votes.

    Raises:
        ValueError: There is no such kind of test, or no such system, or the study has no such answers.
    """
    about = study.about.get("test")
    told = about if isinstance(about, dict) else {}
    known = {key: rules for key, rules in METHODS.items() if rules.analysis is not None}
    if method and method not in known:
        raise ValueError(f"there is no test {method!r}; there are {', '.join(known)}")
    names = study.systems
    why = "as said" if method else "by its design" if told else ""
    key = method or str(told.get("method", ""))
    reference = reference or str(told.get("reference", "")) or next(filter(_REFERENCE.fullmatch, names), "")
    anchors = [*(anchors or told.get("anchors") or [name for name in names if _ANCHOR.fullmatch(name)])]
    for name in filter(None, (reference, *anchors)):
        if name not in names:
            raise ValueError(f"{study.name} has no system {name!r}; the systems are {', '.join(names) or 'not named'}")
    if not key:
        scores = study.ratings["score"]
        if reference and len(scores) and scores.min() >= 0 and _MUSHRA_TOP < scores.max() <= 100:
            key, why = "mushra", f"scores up to {scores.max():g} and a system called {reference!r}"
        elif study.votes is not None and "score" in study.votes.columns:
            key, why = "cmos", "votes with a score"
    if key not in known:
        return None
    rules = known[key]
    axes = list(study.axes)
    if rules.analysis is not None and rules.analysis.statistic == "comparison":
        axes = [] if study.votes is None else sorted(map(str, study.votes["axis"].unique()))
        if axes and study.votes is not None and "score" not in study.votes.columns:
            raise ValueError(f"{study.name} has votes without a column score, from -3 to 3; rank them: qamro rank")
    if not axes:
        raise ValueError(f"{study.name} has no answers of a {rules.title} test")
    return Test(rules, axes, reference, anchors, why)


@dataclass(frozen=True)
class Screened:
    """Who is left out by a rule about the hidden reference.

    Attributes:
        table: A row a rater: ``rater``, ``references`` (ratings of the hidden reference), ``below`` (how many lie below
            the limit), ``share``, ``left_out``.
        left_out: The raters who are.
    """

    table: pd.DataFrame
    left_out: list[str]


def screened(test: Test, study: Study, axis: str) -> Screened | None:
    """Applies a test's post-screening; None where it has none, no reference is known, or raters are not named."""
    rule = test.method.analysis.screening if test.method.analysis is not None else None
    if rule is None or not test.reference or not study.has_raters:
        return None
    clips = study.clips.loc[study.clips["system"] == test.reference, "clip"]
    rows = study.counted[(study.counted["axis"] == axis) & study.counted["clip"].isin(clips)]
    if rows.empty:
        return None
    table = (
        rows.assign(below=rows["score"] < rule.limit)
        .groupby("rater", sort=True)["below"]
        .agg(["size", "sum"])
        .set_axis(["references", "below"], axis=1)
        .reset_index()
    )
    table["share"] = table["below"] / table["references"]
    table["left_out"] = table["share"] > rule.share
    return Screened(table, table.loc[table["left_out"], "rater"].tolist())


@dataclass(frozen=True)
class Means:
    """Mean scores of systems.

    Attributes:
        table: A row a system, best first: ``system``, ``role`` (reference, anchor or empty), ``mean``, ``low``,
            ``high`` (over raters and items), ``median``, ``q1``, ``q3``, ``ratings``.
        pairs: As ``pair_differences`` gives them.
        groups: Systems beside each other of which no two are told apart.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    groups: list[list[str]]


def system_means(
    test: Test,
    study: Study,
    axis: str,
    *,
    left_out: Sequence[str] = (),
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> Means:
    """Means of systems with intervals over raters and items, both drawn anew.

    Raises:
        ValueError: No system is named, or nobody is left.
    """
    import pandas as pd

    rows = _of_systems(study, study.counted[study.counted["axis"] == axis])
    rows = rows[~rows["rater"].isin(list(left_out))].reset_index(drop=True)
    if rows.empty:
        raise ValueError("no rating of a named system is left")
    names, code = np.unique(rows["system"].to_numpy(str), return_inverse=True)
    scores = rows["score"].to_numpy(float)
    crossed = Crossed.of(rows, ("rater", "item"))
    means = np.bincount(code, scores) / np.bincount(code)
    drawn = np.stack([
        _ratio(np.bincount(code, weight * scores, len(names)), np.bincount(code, weight, len(names)), means)
        for weight in crossed.weights(draws, np.random.default_rng(seed))
    ])  # fmt: skip
    half = crossed.tail(level) * drawn.std(axis=0, ddof=1)
    half[half == 0] = np.nan  # what does not vary in the draws is not known better for it
    pairs = pair_differences([str(name) for name in names], means, drawn, level, crossed)
    quartiles = np.array([np.quantile(scores[code == k], [0.25, 0.5, 0.75]) for k in range(len(names))])
    roles = ["reference" if n == test.reference else "anchor" if n in test.anchors else "" for n in names]
    table = pd.DataFrame(
        {
            "system": names,
            "role": roles,
            "mean": means,
            "low": means - half,
            "high": means + half,
            "median": quartiles[:, 1],
            "q1": quartiles[:, 0],
            "q3": quartiles[:, 2],
            "ratings": np.bincount(code),
        }
    ).sort_values("mean", ascending=False, kind="stable", ignore_index=True)
    return Means(table, pairs, _groups(table["system"].tolist(), pairs))


def _groups(order: list[str], pairs: pd.DataFrame) -> list[list[str]]:
    place = {name: k for k, name in enumerate(order)}
    differ = np.zeros((len(order), len(order)), dtype=bool)
    for row in pairs[pairs["differ"]].itertuples():
        differ[place[row.first], place[row.second]] = differ[place[row.second], place[row.first]] = True
    return [order[first : last + 1] for first, last in runs(differ)]


def _ratio(total: np.ndarray, weight: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Weighted means; of a system that no draw holds, its own mean."""
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1), otherwise)


def _of_systems(study: Study, ratings: pd.DataFrame) -> pd.DataFrame:
    """Ratings of named systems with the columns ``system`` and ``item`` (source, or prompt)."""
    clips = study.clips.set_index("clip")
    item = clips["source"].astype(str) if "source" in clips.columns else clips["prompt"] * 0
    item = item.where(item != "", clips["prompt"])
    rows = ratings.assign(system=ratings["clip"].map(clips["system"]), item=ratings["clip"].map(item))
    return rows[rows["system"] != ""]


def comparisons(
    test: Test, study: Study, axis: str, *, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Mean comparison score of each pair of systems, with an interval over raters and items.

    Returns:
        A row a pair, the reference second where there is one: ``first``, ``second``, ``mean`` (positive: the first is
        better), ``low``, ``high`` (that hold at once for all pairs), ``differ`` (the interval leaves 0 out),
        ``answers``, ``better``, ``worse``, ``equal`` (counts).

    Raises:
        ValueError: There are no votes with a score.
    """
    import pandas as pd

    votes = study.votes
    if votes is None or "score" not in votes.columns:
        raise ValueError(f"{study.name} has no votes with a score")
    votes = votes[(votes["axis"] == axis) & (votes["system_a"] != votes["system_b"])].reset_index(drop=True)
    one, two = votes["system_a"].to_numpy(str), votes["system_b"].to_numpy(str)
    turned = np.where(two == test.reference, False, (one == test.reference) | (one > two))
    first, second = np.where(turned, two, one), np.where(turned, one, two)
    scores = pd.to_numeric(votes["score"]).to_numpy(float) * np.where(turned, -1, 1)
    keys = [f"{a}\n{b}" for a, b in zip(first, second, strict=True)]
    names, code = np.unique(keys, return_inverse=True)
    clips = study.clips.set_index("clip")
    item = clips["source"].astype(str) if "source" in clips.columns else clips["prompt"]
    crossed = Crossed.of(votes.assign(item=votes["clip_a"].map(item)), ("rater", "item"))
    counts = np.bincount(code)
    means = np.bincount(code, scores) / counts
    drawn = np.stack([
        _ratio(np.bincount(code, weight * scores, len(names)), np.bincount(code, weight, len(names)), means)
        for weight in crossed.weights(draws, np.random.default_rng(seed))
    ])  # fmt: skip
    spread = drawn.std(axis=0, ddof=1)
    half = joint_width(drawn, spread, level, crossed) * spread
    half[half == 0] = np.nan
    table = pd.DataFrame([name.split("\n") for name in names.tolist()], columns=["first", "second"])
    return table.assign(
        mean=means,
        low=means - half,
        high=means + half,
        differ=np.abs(means) > half,
        answers=counts,
        better=np.bincount(code, scores > 0).astype(int),
        worse=np.bincount(code, scores < 0).astype(int),
        equal=np.bincount(code, scores == 0).astype(int),
    ).sort_values("mean", ascending=False, kind="stable", ignore_index=True)


def right_answers(test: Test, study: Study, axis: str, by: Sequence[str] = (), *, level: float = 0.95) -> pd.DataFrame:
    """Right answers against chance, by the exact binomial test: how likely so many are by guessing.

    Answers of one rater depend on each other once something is heard; where nothing is, every answer is a guess and the
    test of all together holds.

    Args:
        test: The test; its rules say what chance is.
        study: The study; a rating is 1 for a right answer and 0 for a wrong one.
        axis: What was asked.
        by: Columns that make groups: ``rater``, ``pair``; none for all answers together.
        level: Coverage of the exact interval of Clopper and Pearson.

    Returns:
        A row a group: the columns of ``by``, ``answers``, ``right``, ``share``, ``low``, ``high``, ``p`` (one-sided),
        and ``p_holm`` (corrected over the rows).

    Raises:
        ValueError: A score is neither 0 nor 1.
    """
    import pandas as pd
    from scipy.stats import binomtest

    chance = test.method.analysis.chance if test.method.analysis is not None else 0.5
    rows = study.ratings[study.ratings["axis"] == axis]
    if not rows["score"].isin([0, 1]).all():
        raise ValueError(f"{axis}: the answers of a test for differences are 1 (right) or 0 (wrong)")
    systems = study.clips.set_index("clip")["system"]
    names = [rows["clip"].map(systems), rows["against"].map(systems) if "against" in rows else rows["clip"] * 0]
    pair = [" / ".join(filter(None, both)) for both in zip(*names, strict=True)]
    rows = rows.assign(pair=pair)
    found = []
    for key, part in rows.groupby(list(by), sort=True) if by else [((), rows)]:
        right, n = int(part["score"].sum()), len(part)
        verdict = binomtest(right, n, chance, alternative="greater")
        ends = binomtest(right, n, chance).proportion_ci(level)
        named = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
        numbers = {"answers": n, "right": right, "share": right / n, "low": ends.low, "high": ends.high}
        found.append(named | numbers | {"p": verdict.pvalue})
    table = pd.DataFrame(found)
    order = np.argsort(table["p"].to_numpy(), kind="stable")
    steps = np.maximum.accumulate(table["p"].to_numpy()[order] * np.arange(len(order), 0, -1))
    table.loc[order, "p_holm"] = np.minimum(steps, 1)
    return table
