"""Listwise, alignment and distribution losses as their equations say, number by number, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def mean_over_lists(
    loss: Callable[[Tensor, Tensor], Tensor | None], p: Tensor, y: Tensor, groups: Tensor | None
) -> Tensor:
    """The loss of each group of at least two clips, averaged."""
    p, y = p.double(), y.double()
    of_groups = []
    for group in [None] if groups is None else sorted({int(g) for g in groups}):
        places = [i for i in range(len(y)) if group is None or int(groups[i]) == group]
        if len(places) > 1:
            of_groups.append(loss(p[places], y[places]))
    counted = [value for value in of_groups if value is not None]
    return sum(counted) / len(counted) if counted else p.sum() * 0


def balr(p: Tensor, y: Tensor, temperature: float) -> Tensor:
    total_p, total_y = sum((q / temperature).exp() for q in p), sum((q / temperature).exp() for q in y)
    total = torch.zeros(()).double()
    for i in range(len(y)):
        wanted = (y[i] / temperature).exp() / total_y
        predicted = (p[i] / temperature).exp() / total_p
        total = total - wanted * predicted.log()
    return total


def listmle(p: Tensor, y: Tensor, temperature: float) -> Tensor:
    total = torch.zeros(()).double()
    for i in range(len(y)):
        rest = sum((p[j] / temperature).exp() for j in range(len(y)) if y[j] <= y[i])
        total = total + rest.log() - p[i] / temperature
    return total / len(y)


def ranks(y: Tensor) -> list[float]:
    """One more than the number of smaller ones, and half of the others that are equal."""
    return [1 + sum(float(o < v) for o in y) + (sum(float(o == v) for o in y) - 1) / 2 for v in y]


def soft_ranks(p: Tensor, temperature: float) -> Tensor:
    """Projection onto the permutahedron by the minimax formula of isotonic regression."""
    n = len(p)
    order = sorted(range(n), key=lambda i: -p[i].item())
    scaled = [p[i] * n / temperature for i in order]
    excess = [scaled[k] - (n - k) for k in range(n)]
    answer: list[Tensor] = [torch.zeros(())] * n
    for k in range(n):
        # The best falling fit at k: the least, over starts, of the largest, over ends, mean of a run that holds k.
        largest = []
        for a in range(k + 1):
            means = [sum(excess[a : b + 1]) / (b + 1 - a) for b in range(k, n)]
            largest.append(max(means, key=Tensor.item))
        answer[order[k]] = scaled[k] - min(largest, key=Tensor.item)
    return torch.stack(answer)


def soft_spearman(p: Tensor, y: Tensor, temperature: float) -> Tensor | None:
    if len(set(y.tolist())) == 1:
        return None
    if len(set(p.tolist())) == 1:
        return 1 + p.sum() * 0
    r, wanted = soft_ranks(p, temperature), torch.tensor(ranks(y)).double()
    r, wanted = r - r.mean(), wanted - wanted.mean()
    return 1 - (r * wanted).sum() / ((r**2).sum() * (wanted**2).sum()).sqrt()


def mean_over_groups(values: list[Tensor], groups: Tensor | None) -> Tensor:
    """The mean over groups of the means over their clips."""
    if groups is None:
        return sum(values) / len(values)
    means = []
    for group in sorted({int(g) for g in groups}):
        own = [v for v, g in zip(values, groups, strict=True) if int(g) == group]
        means.append(sum(own) / len(own))
    return sum(means) / len(means)


def sama(audio: Tensor, text: Tensor, y: Tensor, scale: tuple[float, float]) -> list[Tensor]:
    """The squared error of each clip."""
    errors = []
    for a, t, score in zip(audio.double(), text.double(), y.double(), strict=True):
        dot, length = sum(a[d] * t[d] for d in range(len(a))), (a**2).sum().sqrt() * (t**2).sum().sqrt()
        wanted = min(max((float(score) - scale[0]) / (scale[1] - scale[0]), 0.0), 1.0)
        errors.append(((dot / length + 1) / 2 - wanted) ** 2)
    return errors


def gaussian_cross_entropy(logits: Tensor, y: Tensor, scale: tuple[float, float], sigma: float) -> list[Tensor]:
    """The cross-entropy of each clip."""
    low, high = scale
    bins = logits.shape[-1]
    centres = [low + (high - low) * k / (bins - 1) for k in range(bins)]
    answer = []
    for row, score in zip(logits.double(), y.double(), strict=True):
        clipped = min(max(float(score), low), high)
        weights = [math.exp(-((clipped - c) ** 2) / (2 * sigma**2)) for c in centres]
        normaliser = sum(value.exp() for value in row)
        answer.append(-sum(w / sum(weights) * (v.exp() / normaliser).log() for w, v in zip(weights, row, strict=True)))
    return answer


def coral(logits: Tensor, y: Tensor, scale: tuple[float, float]) -> list[Tensor]:
    """The summed binary cross-entropy of each clip."""
    low, high = scale
    count = logits.shape[-1]
    answer = []
    for row, score in zip(logits.double(), y.double(), strict=True):
        total = torch.zeros(()).double()
        for k in range(count):
            threshold = low + (high - low) * (k + 0.5) / count
            above = 1 / (1 + (-row[k]).exp())
            total = total - (above if score > threshold else 1 - above).log()
        answer.append(total)
    return answer
