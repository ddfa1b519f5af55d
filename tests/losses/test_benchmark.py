"""The benchmark's row and what it says of its own table."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import loss


def _sizes(ratios: dict[int, float]) -> dict[int, loss.Measured]:
    return {size: {"dense": (ratio, 0, 1), loss.OURS: (1.0, 0, 1)} for size, ratio in ratios.items()}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is read from /proc, which Linux has")
def test_every_way_is_measured_and_agrees() -> None:
    found = {way: loss.measure(way, 24, budget=0) for way in loss.WAYS}
    cells = loss.row(24, found).strip("| ").split(" | ")
    assert len(cells) == 1 + len(loss.WAYS) + len(loss.BASELINES) + 1
    assert all(cells)
    seconds, memory, value = found["dense"]
    found["dense"] = (seconds, memory, value * 1.01)
    with pytest.raises(AssertionError, match="do not agree at B = 24"):
        loss.row(24, found)


def test_the_sentence_follows_the_table() -> None:
    said = loss.verdict(_sizes({512: 1.8, 256: 0.5, 16_384: 240.0}), "dense")
    assert said.startswith("At 256 clips, *dense* takes 0.50x the time of ours. From 512 clips on,")
    assert said.endswith("ours is faster than *dense*: 1.8x at 512, 240x at 16,384.")
    said = loss.verdict(_sizes({256: 1.2, 512: 0.9}), "dense")  # nowhere does ours win from there on
    assert said == "At 512 clips, *dense* takes 0.90x the time of ours."
    assert "At" not in loss.verdict(_sizes({256: 1.2}), "dense")
    assert loss.verdict({10**6: {loss.OURS: (1.0, 0, 1)}}, "dense") == ""
