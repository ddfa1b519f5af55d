"""Splits of a study that hold out content, or whole systems."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qamro.studies import Study

PARTS = ("train", "validation", "calibration", "test")
"""For fitting, for stopping, for the interval, and for the figures on the card."""


def split(
    study: Study,
    *,
    hold_out: str = "auto",
    shares: Sequence[float] = (0.55, 0.15, 0.15, 0.15),
    seed: int = 0,
) -> dict[str, list[str]]:
    """Splits clips so that no group stands on two sides.

    Args:
        study: What to split.
        hold_out: ``"system"`` keeps each system's clips together, ``"content"`` keeps clips of the same source
            sentence, song or prompt together (column ``source``, else ``prompt``, else the clip itself); ``"auto"``
            takes systems when there are at least 16 of them, content otherwise.
        shares: Shares of the groups for ``PARTS``, in order.
        seed: Decides which group goes where.

    Returns:
        For each part, its clips in the study's order.

    Raises:
        ValueError: There are fewer groups than parts, so that a part would be empty.
    """
    if hold_out not in ("auto", "system", "content"):
        raise ValueError(f"hold_out is 'auto', 'system' or 'content', not {hold_out!r}")
    groups = group_of_clip(study, hold_out)
    names = sorted(set(groups.values()))
    if len(names) < len(PARTS):
        raise ValueError(
            f"study {study.name!r} has {len(names)} groups to hold out and needs at least {len(PARTS)}; "
            "choose another hold_out or bring more clips"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    ends = np.round(np.cumsum(shares) / np.sum(shares) * len(names)).astype(int)
    for i in range(len(PARTS)):  # no part stays empty in a small study
        ends[i] = min(max(ends[i], i + 1), len(names) - (len(PARTS) - 1 - i))
    part_of = {names[k]: int(np.searchsorted(ends, place, side="right")) for place, k in enumerate(order)}
    result: dict[str, list[str]] = {part: [] for part in PARTS}
    for clip, group in groups.items():
        result[PARTS[part_of[group]]].append(clip)
    return result


def group_of_clip(study: Study, hold_out: str) -> dict[str, str]:
    """Returns the group that each clip must stay with (see ``split``)."""
    table = study.clips
    if hold_out == "auto":
        hold_out = "system" if len(study.systems) >= 16 else "content"
    if hold_out == "system":
        groups = table["system"].where(table["system"] != "", table["clip"])
    else:
        groups = table["clip"]
        for column in ("prompt", "source"):
            if column in table and (table[column] != "").any():
                groups = table[column].where(table[column] != "", groups)
    return dict(zip(table["clip"], groups, strict=True))


def subset(study: Study, clips: Sequence[str]) -> Study:
    """Returns the study of some of its clips."""
    kept = set(clips)
    return Study(
        study.clips[study.clips["clip"].isin(kept)],
        study.ratings[study.ratings["clip"].isin(kept)],
        name=study.name,
        kind=study.kind,
        root=study.root,
        about=study.about,
    )
