"""The two ways to count active pairs against a loop, and against each other where a loop would take too long."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qamro.losses import _pairs

from .batches import batches


def _loop(v: torch.Tensor, gap: float, y: torch.Tensor, mass: torch.Tensor, groups: torch.Tensor | None) -> tuple:
    pairs, better, worse, better_mass = torch.zeros(()).double(), *(torch.zeros_like(v) for _ in range(3))
    for i in range(len(y)):
        for j in range(len(y)):
            if y[i] > y[j] and (groups is None or groups[i] == groups[j]):
                pairs += 1
                for model in range(len(v)):
                    if v[model, i] + gap > v[model, j]:
                        better[model, i] += 1
                        worse[model, j] += 1
                        better_mass[model, j] += mass[i]
    return pairs, better, worse, better_mass


def _mass(y: torch.Tensor) -> torch.Tensor:
    return (y - y.min()) / (y.max() - y.min()).clamp(min=1e-3)


@settings(max_examples=80, deadline=None)
@given(batches(most=12), st.sampled_from([0.0, 0.25, 0.1, -0.5]))
def test_both_ways_count_what_a_loop_counts(batch: dict, gap: float) -> None:
    y, groups = batch["targets"], batch["groups"]
    v = torch.stack((batch["predictions"], -batch["predictions"], y - batch["predictions"]))
    expected = _loop(v, gap, y, _mass(y), groups)
    for count in (_pairs.by_comparing, _pairs.by_order):
        found = count(v, gap, y, _mass(y), groups)
        for ours, theirs in zip(found[:3], expected[:3], strict=True):
            assert torch.equal(ours, theirs)
        torch.testing.assert_close(found[3], expected[3], atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("size", [2, 255, 256, 257, 1000])
@pytest.mark.parametrize("steps", [1, 2, 21, 10**6])
@pytest.mark.parametrize("grouped", [False, True])
def test_both_ways_agree_on_larger_batches(size: int, steps: int, grouped: bool) -> None:
    torch.manual_seed(size + steps)
    y = torch.randint(0, steps, (size,)).double()
    v = (torch.randn(2, size).double() * 50).round() / 50
    groups = torch.randint(0, 5, (size,)) ** 2 if grouped else None
    for gap in (0.0, 0.1):
        dense = _pairs.by_comparing(v, gap, y, _mass(y), groups)
        ordered = _pairs.by_order(v, gap, y, _mass(y), groups)
        for ours, theirs in zip(ordered, dense, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-12)
        assert not _pairs.by_order(v, gap, y, None, groups)[3].any()


def test_a_hundred_thousand_clips_in_order_and_reversed() -> None:
    """All pairs of a reversed order are active, none of an ordered one: the counts are known without counting."""
    size = 100_000
    y = torch.arange(size).double()
    v = torch.stack((y, -y))
    pairs, better, worse, mass = _pairs.active_pairs(v, 0.0, y, mass=y / size)
    assert pairs == size * (size - 1) / 2
    assert torch.equal(better[0], y)
    assert torch.equal(worse[0], size - 1 - y)
    torch.testing.assert_close(mass[0], (y.sum() - y.cumsum(0)) / size, atol=1e-6, rtol=1e-12)
    assert not better[1].any()
    assert not worse[1].any()
    assert not mass[1].any()


def test_the_choice_of_way_is_seen_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(8)
    v, y = torch.randn(2, 3, 50).double(), torch.randint(1, 6, (50,)).double()
    chosen = _pairs.active_pairs(v, 0.0, y, mass=_mass(y))
    monkeypatch.setattr(_pairs, "DENSE_BATCH", 0)
    other = _pairs.active_pairs(v, 0.0, y, mass=_mass(y))
    for ours, theirs in zip(chosen, other, strict=True):
        torch.testing.assert_close(ours, theirs)
        assert ours.shape == theirs.shape
