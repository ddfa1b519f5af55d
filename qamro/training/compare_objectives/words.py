"""What a comparison found, in sentences that claim no more than survives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qamro.training.sweeps.seeds import what_of

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.significance import CriticalDifference

INTERVALS = (
    "Two intervals of 95 %. Over seeds (thick): what chance in training does to the mean on these very clips. "
    "Over clips (thin): what other systems, and other clips of them, would do to it, by bootstrap. "
    "A difference survives when Holm's correction over all objectives leaves both its paired tests below .05."
)
"""What the intervals and tests of a comparison are; stands on its page and in the terminal."""


def verdict(table: pd.DataFrame, level: str, metric: str = "SRCC", noun: str = "objective") -> str:
    """Says which objectives differ from the reference.

    Args:
        table: From ``paired_tests``, of one axis.
        level: ``"utterance"`` or ``"system"``.
        metric: Key of ``METRICS``.
        noun: What is compared.
    """
    part = table[(table["level"] == level) & (table["metric"] == metric)]
    reference, axis = part["reference"].iloc[0], part["axis"].iloc[0]
    what = what_of(part, axis, level, metric)
    if part["difference"].isna().all():
        return f"{what}: not defined on these clips."
    sure = part[part["survives"] == "both"]
    better, worse = (sure[sure["better"] == sure["variant"]], sure[sure["better"] == reference])
    said = [_named(better, f"better than {reference}"), _named(worse, f"worse than {reference}")]
    halves = part[part["survives"].isin(["seeds only", "clips only"])]
    if not len(sure):
        said = [f"no {noun} differs from {reference} by both tests"]
    if len(halves):
        names = ", ".join(f"{row.variant} {_signed(row.difference)} ({row.survives})" for row in halves.itertuples())
        said.append(f"only half survives for {names}")
    return f"{what}: {'; '.join(part for part in said if part)}."


def order_in_words(found: CriticalDifference | None, blocks: str) -> str:
    """Says what the average ranks allow.

    Args:
        found: From ``average_ranks``.
        blocks: What a block is, for example ``"folds"``.
    """
    if found is None:
        return f"With fewer than two {blocks} there are no ranks to average."
    first = f"Average ranks over {found.blocks} {blocks}, best first: " + ", ".join(
        f"{name} {rank:.2f}" for name, rank in zip(found.systems, found.ranks, strict=True)
    )
    p = "undefined" if np.isnan(found.p) else f"{found.p:.2g}"
    last = len(found.systems) - 1
    alike = "no two differ" if found.groups and found.groups[0] == (0, last) else "some differ"
    return f"{first}. Critical difference {found.difference:.2f} (Nemenyi): {alike}; Friedman p = {p}."


def _named(rows: pd.DataFrame, words: str) -> str:
    if not len(rows):
        return ""
    return f"{words}: " + ", ".join(f"{row.variant} ({_signed(row.difference)})" for row in rows.itertuples())


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
