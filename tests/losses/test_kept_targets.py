"""The order of the last targets is kept: whatever came before, the loss is what it would be without."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Iterator

import pytest
import torch

from qamro.losses import _pairs, margin_ranking_loss, qamro_loss

from .oracle import value_and_gradient

Found = tuple[torch.Tensor, torch.Tensor]


@pytest.fixture(autouse=True)
def _sorted_and_nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pairs, "DENSE_BATCH", 0)
    monkeypatch.setattr(_pairs, "_last", [])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches of which an order was made, not found."""
    sizes: list[int] = []
    runs = _pairs._runs

    def counted(values: torch.Tensor, group: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        sizes.append(len(values))
        return runs(values, group)

    monkeypatch.setattr(_pairs, "_runs", counted)
    return sizes


def _predictions(size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _targets(size: int, seed: int) -> torch.Tensor:
    return torch.randint(0, 9, (size,), generator=torch.Generator().manual_seed(seed)).double() / 2


def _afresh(y: torch.Tensor, groups: torch.Tensor | None = None, p: torch.Tensor | None = None) -> Found:
    """Value and gradient by comparing all pairs, which keeps nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pairs, "DENSE_BATCH", 10**6)
        return _now(y, groups, p)


def _now(y: torch.Tensor, groups: torch.Tensor | None = None, p: torch.Tensor | None = None) -> Found:
    at = _predictions(len(y)) if p is None else p
    return value_and_gradient(lambda p: qamro_loss(p, y, groups=groups), at)


def _same_targets_in_a_copy(y: torch.Tensor) -> Iterator[torch.Tensor]:
    yield from (y, y.clone(), y.flip(0).flip(0), torch.stack((y, y), 1)[:, 0])


def _changed_in_place(y: torch.Tensor) -> Iterator[torch.Tensor]:
    yield y
    y[3] += 1.0
    yield y
    y.copy_(y.flip(0))
    yield y
    y.data[:] = y.data.roll(1)  # unseen by autograd's count of versions
    yield y
    y.numpy()[:2] = [0.0, 4.0]  # unseen by torch
    yield y


def _other_order(y: torch.Tensor) -> Iterator[torch.Tensor]:
    yield from (y, y.flip(0), -y, y.roll(1), y)


def _prefixes(y: torch.Tensor) -> Iterator[torch.Tensor]:
    yield from (y, y[:-1], y[:5], y, y[1:])


def _dtypes(y: torch.Tensor) -> Iterator[torch.Tensor]:
    whole = (y * 2).round()
    yield from (whole, whole.float(), whole.long(), whole.half(), whole.int(), whole > 3, whole)
    near = 1 + y * 2**-40  # different in float64, all the same in float32
    yield from (near, near.float(), near)
    large = 2**24 + (y * 2).long()  # torch.equal finds them equal to their own float32, where some of them are tied
    yield from (large, large.float(), large)


def _zeros_of_both_signs(y: torch.Tensor) -> Iterator[torch.Tensor]:
    yield from (y * 0, -(y * 0), torch.where(y > 2, y, -0.0), torch.where(y > 2, y, 0.0))


def _with_gradient(y: torch.Tensor) -> Iterator[torch.Tensor]:
    yield from (y.clone().requires_grad_(), y, y.clone().requires_grad_() * 1)


SEQUENCES: tuple[Callable[[torch.Tensor], Iterator[torch.Tensor]], ...] = (
    _same_targets_in_a_copy,
    _changed_in_place,
    _other_order,
    _prefixes,
    _dtypes,
    _zeros_of_both_signs,
    _with_gradient,
)


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("grouped", [False, True])
def test_every_batch_of_a_sequence_gets_its_own_loss(sequence: Callable, grouped: bool) -> None:
    for step, y in enumerate(sequence(_targets(40, 1))):
        groups = torch.arange(len(y)) % 3 if grouped and step % 2 else None  # in turn with none
        torch.testing.assert_close(_now(y, groups), _afresh(y, groups), atol=1e-12, rtol=1e-12)


def test_the_order_is_made_once_for_the_same_targets_and_anew_for_others(made: list[int]) -> None:
    y = _targets(40, 1)
    for seed in range(3):
        _now(y.clone(), p=_predictions(40, seed))
        margin_ranking_loss(_predictions(40, seed), y)  # another loss of the same targets
    assert made == [40]
    _now(y[:-1])
    _now(y[:-1])
    _now(y)
    assert made == [40, 39, 40]  # the last batch only
    y[0] += 1
    _now(y)
    assert made == [40, 39, 40, 40]


@pytest.mark.parametrize("case", ["groups", "large", "vmap"])
def test_what_is_never_kept(case: str, made: list[int]) -> None:
    y = _targets(_pairs._KEPT + 1 if case == "large" else 40, 1)
    for _ in range(2):
        before = len(made)
        if case == "vmap":
            torch.func.vmap(lambda p: qamro_loss(p, y))(_predictions(40)[None])
        else:
            _now(y, torch.zeros(40) if case == "groups" else None)
        assert len(made) > before
    assert _pairs._last == []


def test_vmap_over_targets_neither_finds_nor_leaves_an_order() -> None:
    y = torch.stack([_targets(40, seed) for seed in range(3)])
    p, expected = _predictions(40), torch.stack([_afresh(row)[0] for row in y])
    for row in (y[0], y[2]):
        _now(row)
        found = torch.func.vmap(lambda row: qamro_loss(p, row))(y)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(_now(row), _afresh(row))


def test_an_order_made_in_inference_mode_serves_training() -> None:
    y = _targets(40, 1)
    for mode in (torch.inference_mode, torch.no_grad, torch.enable_grad):
        with mode():
            qamro_loss(_predictions(40), y.clone())
        beta = torch.tensor(7.0, dtype=torch.float64, requires_grad=True)
        at = _predictions(40).requires_grad_()
        qamro_loss(at, y, beta=beta).backward()
        torch.testing.assert_close(at.grad, _afresh(y)[1])
        assert beta.grad is not None


def test_who_changes_the_answer_does_not_change_what_is_kept() -> None:
    y = _targets(40, 1)
    for mass in (None, y / 4):
        found = _pairs.active_pairs(_predictions(40), 0.0, y, mass=mass)
        for counts in found:
            counts.add_(17)
    torch.testing.assert_close(_now(y), _afresh(y))


def test_targets_of_another_device_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    y = _targets(40, 1)
    monkeypatch.setattr(_pairs, "_last", [(y.to("meta"), None)])
    torch.testing.assert_close(_now(y), _afresh(y))


def test_threads_with_other_targets_at_once() -> None:
    ys = [_targets(40, seed) for seed in range(4)]
    expected = [_afresh(y) for y in ys]

    def work(seed: int) -> list[tuple[int, Found]]:
        drawn = torch.randint(0, 4, (150,), generator=torch.Generator().manual_seed(seed)).tolist()
        return [(at, _now(ys[at])) for at in drawn]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for answers in pool.map(work, range(4)):
            for at, found in answers:
                torch.testing.assert_close(found, expected[at], atol=1e-12, rtol=1e-12)
