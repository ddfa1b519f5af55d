"""Packs intervals into lanes, so that bars beside each other do not overlap."""

from __future__ import annotations

from collections.abc import Sequence


def lanes(intervals: Sequence[tuple[float, float]], gap: float = 0.5) -> list[int]:
    """Gives each interval the first lane that is free where it lies.

    Args:
        intervals: First and last place of each.
        gap: Least distance between two intervals of one lane.

    Returns:
        The lane of each, from 0.

    Example:
        >>> lanes([(1, 3), (2, 5), (4, 6)])
        [0, 1, 0]
    """
    ends: list[float] = []
    found = [0] * len(intervals)
    for i in sorted(range(len(intervals)), key=lambda i: intervals[i]):
        low, high = intervals[i]
        lane = next((k for k, end in enumerate(ends) if end + gap <= low), len(ends))
        ends[lane : lane + 1] = [high]
        found[i] = lane
    return found
