"""Whether runs differ beyond noise: paired on the clips that all of them held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from qamro.ui.train.runs import LEVELS, seed_range
from qamro.ui.train.session import TrainedRun
from qamro.ui.train.texts import TrainTab as T

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Verdict:
    """What can be said of several runs.

    Attributes:
        said: Sentences, the most important first.
        details: One sentence for each pair and level, where ``said`` only sums them up.
    """

    said: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


def verdict(runs: Sequence[TrainedRun], axis: str) -> Verdict:
    """Says what can be claimed of the runs' differences on an axis, in words.

    Runs on the same study with the same test part are tested together: SRCC, paired bootstrap over systems and clips,
    Holm's correction over all pairs and axes. Then what seeds alone do to each run.

    Args:
        runs: Those that are to be compared.
        axis: Which axis.
    """
    runs = [run for run in runs if axis in run.axes]
    if len(runs) < 2:
        return Verdict([T.VERDICT_ONE.format(axis=axis)])
    groups: dict[tuple[str, frozenset[str]], list[TrainedRun]] = {}
    for run in runs:
        groups.setdefault((run.card["study"]["hash"], frozenset(run.predictions["clip"])), []).append(run)
    found = Verdict()
    for group in groups.values():
        if len(group) > 1:
            _test(group, axis, found)
    for (one, first), (other, second) in combinations(groups.items(), 2):
        reason = T.VERDICT_NO_CLIPS if one[0] == other[0] else T.VERDICT_STUDIES
        found.said.append(reason.format(first=_named(first), second=_named(second)))
    found.said += _seeds(runs, axis)
    return found


def _test(runs: Sequence[TrainedRun], axis: str, found: Verdict) -> None:
    from qamro.evaluation.significance import compare
    from qamro.evaluation.significance.claims import claim

    try:
        compared = compare(runs[0].study, {run.short: run.predictions for run in runs})
    except ValueError as problem:
        found.said.append(T.VERDICT_FAILED.format(first=_named(runs[:1]), second=_named(runs[1:]), problem=problem))
        return
    table = compared.table[(compared.table["axis"] == axis) & (compared.table["metric"] == "SRCC")]
    for level in reversed(LEVELS):
        rows = table[table["level"] == level]
        claims = [claim(_plain(row), compared.kind, compared.level) for row in rows.to_dict("records")]
        if len(rows) == 1:
            found.said += claims
            continue
        found.details += claims
        better = [text for text, winner in zip(claims, rows["better"], strict=True) if winner]
        found.said += better or [_none(rows, len(runs), axis, level)]


def _none(rows: pd.DataFrame, runs: int, axis: str, level: str) -> str:
    row = rows.iloc[0]
    over = f"{row['systems']} systems" if level == "system" else f"{row['clips']} clips"
    return T.VERDICT_NONE.format(axis=axis, n=runs, over=over, p=rows["p_holm"].min(), tests=int(row["tests"]))


def _seeds(runs: Sequence[TrainedRun], axis: str) -> list[str]:
    said = []
    for level in reversed(LEVELS):
        values = [(run.short, seed_range(run, axis, level)) for run in runs]
        parts = [
            T.VERDICT_SEED.format(run=name, low=min(found), high=max(found), n=len(found))
            for name, found in values
            if found
        ]
        if parts:
            said.append(T.VERDICT_SEEDS.format(level=level, what=", ".join(parts)))
    return said


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in row.items()}


def _named(runs: Sequence[TrainedRun]) -> str:
    names = [run.short for run in runs]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
