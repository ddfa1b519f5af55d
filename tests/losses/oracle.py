"""The losses as their equations say, one pair after the other, in float64: slow and plain on purpose."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor


def pairs_of(targets: Tensor, groups: Tensor | None = None) -> list[tuple[int, int]]:
    """Unordered pairs of one group with different targets."""
    return [
        (i, j)
        for i, j in itertools.combinations(range(len(targets)), 2)
        if targets[i] != targets[j] and (groups is None or groups[i] == groups[j])
    ]


def qualities(targets: Tensor, scale: tuple[float, float] | None = None, groups: Tensor | None = None) -> list[float]:
    """ỹ of every clip."""
    answer = []
    for i in range(len(targets)):
        if scale is None:
            peers = [float(targets[j]) for j in range(len(targets)) if groups is None or groups[i] == groups[j]]
            low, high = min(peers), max(peers)
        else:
            low, high = scale
        share = (float(targets[i]) - low) / (high - low) if high > low else 0.0
        answer.append(min(max(share, 0.0), 1.0))
    return answer


def margin_ranking(predictions: Tensor, targets: Tensor, margin: float, groups: Tensor | None = None) -> Tensor:
    p, y = predictions.double(), targets.double()
    terms = [torch.relu(-torch.sign(y[i] - y[j]) * (p[i] - p[j]) + margin) for i, j in pairs_of(targets, groups)]
    return torch.stack(terms).mean() if terms else p.sum() * 0


def qamro(
    predictions: Tensor,
    targets: Tensor,
    alpha: float | Tensor = 0.2,
    beta: float | Tensor = 7.0,
    scale: tuple[float, float] | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    p, y = predictions.double(), targets.double()
    quality = qualities(targets, scale, groups)
    terms = []
    for i, j in pairs_of(targets, groups):
        hinge = torch.relu(-torch.sign(y[i] - y[j]) * (p[i] - p[j]) + alpha * (y[i] - y[j]).abs())
        terms.append((1 + (beta - 1) * max(quality[i], quality[j])) * hinge)
    return torch.stack(terms).mean() if terms else p.sum() * 0


def nearest_kink(predictions: Tensor, targets: Tensor, alpha: float = 0.0, margin: float = 0.0) -> float:
    """Smallest distance of a pair from the point where its hinge has no derivative."""
    p, y = predictions.double(), targets.double()
    distances = [
        abs(float(-torch.sign(y[i] - y[j]) * (p[i] - p[j]) + alpha * (y[i] - y[j]).abs() + margin))
        for i, j in pairs_of(targets)
    ]
    return min(distances, default=1.0)


def value_and_gradient(loss: Callable[[Tensor], Tensor], predictions: Tensor) -> tuple[Tensor, Tensor]:
    """A loss and its derivative at predictions."""
    at = predictions.clone().requires_grad_()
    value = loss(at)
    (gradient,) = torch.autograd.grad(value.sum(), at)
    return value.detach(), gradient
