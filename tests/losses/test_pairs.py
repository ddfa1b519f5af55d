"""The two ways to count active pairs against a loop, and against each other where a loop would take too long."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qamro.losses import _blocks, _columns, _dense, _pairs, _wavelet

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
    for count in (_dense.count_pairs, _wavelet.count_pairs):
        found = count(v, gap, y, _mass(y), groups)
        for ours, theirs in zip(found[:3], expected[:3], strict=True):
            assert torch.equal(ours, theirs)
        torch.testing.assert_close(found[3], expected[3], atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("size", [255, 256, 257, 1000])
@pytest.mark.parametrize("steps", [1, 2, 21, 10**6])
@pytest.mark.parametrize("grouped", [False, True])
def test_both_ways_agree_on_larger_batches(size: int, steps: int, grouped: bool) -> None:
    torch.manual_seed(size + steps)
    y = torch.randint(0, steps, (size,)).double()
    v = (torch.randn(2, size).double() * 50).round() / 50
    groups = torch.randint(0, 5, (size,)) ** 2 if grouped else None
    for gap in (0.0, 0.1):
        dense = _dense.count_pairs(v, gap, y, _mass(y), groups)
        wavelet = _wavelet.count_pairs(v, gap, y, _mass(y), groups)
        for ours, theirs in zip(wavelet, dense, strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-12)
        assert not _wavelet.count_pairs(v, gap, y, None, groups)[3].any()


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


@settings(max_examples=80, deadline=None)
@given(batches(most=60))
def test_blocks_count_what_levels_count(batch: dict) -> None:
    y = batch["targets"]
    v = torch.stack((batch["predictions"], -batch["predictions"], y - batch["predictions"])).double()
    for mass in (_mass(y), None):
        for ours, theirs in zip(
            _blocks.count_pairs(v, y, mass), _wavelet.count_pairs(v, 0.0, y, mass, None), strict=True
        ):
            torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-12)


@pytest.mark.parametrize("size", [257, 1000, 1499, 1500, 2748, 4096])
@pytest.mark.parametrize("steps", [1, 2, 21, 700, 10**9])
def test_blocks_and_levels_give_the_same_bits(size: int, steps: int) -> None:
    """So that a model trained alone and the same trained among many stay the same."""
    torch.manual_seed(size)
    y = torch.randint(0, steps, (size,)).double() / 5
    v = torch.randn(5, size).double()
    v[1] = (v[1] * 3).round()  # ties
    v[2], v[3], v[4] = y, -y, 0
    many = _pairs.active_pairs(v, 0.0, y, mass=_mass(y))
    for model in range(5):
        one = _pairs.active_pairs(v[model], 0.0, y, mass=_mass(y))
        assert torch.equal(one.pairs, many.pairs)
        for ours, theirs in zip(one[1:], many[1:], strict=True):
            assert torch.equal(ours, theirs[model])


def test_blocks_of_other_targets_are_not_taken_for_these() -> None:
    torch.manual_seed(0)
    first, second = torch.rand(300).double(), torch.rand(300).double()
    changed = first.clone()
    kept = _columns.blocks_of(changed)
    assert _columns.blocks_of(first) is kept
    changed[7] += 1
    assert _columns.blocks_of(changed) is not kept
    assert _columns.blocks_of(first) is kept
    assert _columns.blocks_of(first.float()) is not kept
    for _ in range(5):
        second = second + 1
        _columns.blocks_of(second)
    assert _columns.blocks_of(first) is not kept


@pytest.mark.parametrize("size", [129, 256, 1001])
@pytest.mark.parametrize("steps", [1, 2, 21, 64, 65, 130, 10**9])
def test_blocks_count_what_comparing_every_pair_counts(size: int, steps: int) -> None:
    torch.manual_seed(size)
    y = torch.randint(0, steps, (size,)).double() / 5
    v = torch.randn(3, size).double()
    v[1] = (v[1] * 3).round()  # ties
    expected = _dense.count_pairs(v, 0.0, y, _mass(y), None)
    found = _blocks.count_pairs(v, y, _mass(y))
    for ours, theirs in zip(found[:3], expected[:3], strict=True):
        assert torch.equal(ours, theirs)
    torch.testing.assert_close(found[3], expected[3], atol=1e-9, rtol=1e-12)


def test_the_largest_batch_by_blocks() -> None:
    size = _blocks.MOST
    y = torch.arange(size).double()
    for targets in (y, (y / 500).floor()):
        _, better, worse, mass = _blocks.count_pairs(
            torch.stack((targets, -targets)), targets, torch.ones(size).double()
        )
        lower = torch.searchsorted(targets, targets)
        higher = size - torch.searchsorted(targets, targets, right=True)
        assert torch.equal(better[0], lower.double())
        assert torch.equal(worse[0], higher.double())
        assert torch.equal(mass[0], higher.double())
        assert not torch.stack((better[1], worse[1], mass[1])).any()
