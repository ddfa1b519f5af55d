"""Whether two runs differ beyond noise: paired on the clips that both held out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from qamro.ui.train.runs import LEVELS, seed_range
from qamro.ui.train.session import TrainedRun
from qamro.ui.train.texts import TrainTab as T


def sentences(runs: Sequence[TrainedRun], axis: str) -> list[str]:
    """Says what can be claimed of the runs' differences on an axis, in words.

    Runs on the same study with the same test part are tested together: SRCC, paired bootstrap over systems and clips,
    Holm's correction over all pairs and axes. Then what seeds alone do to each run.

    Args:
        runs: Those that are to be compared.
        axis: Which axis.
    """
    runs = [run for run in runs if axis in run.axes]
    if len(runs) < 2:
        return [T.VERDICT_ONE.format(axis=axis)]
    groups: dict[tuple[str, frozenset[str]], list[TrainedRun]] = {}
    for run in runs:
        groups.setdefault((run.card["study"]["hash"], frozenset(run.predictions["clip"])), []).append(run)
    said = [sentence for group in groups.values() if len(group) > 1 for sentence in _tested(group, axis)]
    for (one, first), (other, second) in combinations(groups.items(), 2):
        reason = T.VERDICT_NO_CLIPS if one[0] == other[0] else T.VERDICT_STUDIES
        said.append(reason.format(first=_named(first), second=_named(second)))
    return said + [sentence for run in runs for sentence in _seeds(run, axis)]


def _tested(runs: Sequence[TrainedRun], axis: str) -> list[str]:
    from qamro.evaluation.significance import compare

    try:
        found = compare(runs[0].study, {run.short: run.predictions for run in runs})
    except ValueError as problem:
        return [T.VERDICT_FAILED.format(first=_named(runs[:1]), second=_named(runs[1:]), problem=problem)]
    return [sentence for sentence in found.sentences("SRCC") if sentence.startswith(f"{axis}: ")]


def _seeds(run: TrainedRun, axis: str) -> list[str]:
    said = []
    for level in reversed(LEVELS):
        values = seed_range(run, axis, level)
        if values:
            ends = {"low": min(values), "high": max(values), "n": len(values)}
            said.append(T.VERDICT_SEEDS.format(level=level, run=run.short, **ends))
    return said


def _named(runs: Sequence[TrainedRun]) -> str:
    names = [run.short for run in runs]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
