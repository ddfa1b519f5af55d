"""What the page's numbers are held against: qamro.losses, torch, scipy, and plain loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from qamro.losses import margin_ranking_loss, qamro_loss

FEATURES, NOISE, STEPS, MOMENTUM = 5, 1.5, 240, 0.9
LOSSES = ("huber", "mr", "plain", "qamro")

Objective = Callable[[Tensor, Tensor], Tensor]


def mulberry32(seed: int) -> Callable[[], float]:
    """The page's random numbers, in Python."""
    state = seed & 0xFFFFFFFF

    def draw() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = state
        t = ((t ^ (t >> 15)) * (t | 1)) & 0xFFFFFFFF
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & 0xFFFFFFFF
        t &= 0xFFFFFFFF
        return (t ^ (t >> 14)) / 2**32

    return draw


def normal(uniform: Callable[[], float]) -> float:
    total = -6.0
    for _ in range(12):
        total += uniform()
    return total


def make_task(clips: int, model: str, seed: int) -> dict[str, Any]:
    """The made-up clips of the page: human scores, first parameters, features."""
    uniform = mulberry32(seed)
    y = []
    while len(y) < clips:
        score = 3.1 + 0.85 * normal(uniform)
        if 1 <= score <= 5:
            y.append(score)
    if model == "free":
        return {"y": y, "start": [3 + 0.5 * normal(uniform) for _ in y], "features": None}
    features = [[(score - 3 + NOISE * normal(uniform)) / 2 for _ in range(FEATURES)] for score in y]
    return {"y": y, "start": [*(0.4 * normal(uniform) for _ in range(FEATURES)), 3.0], "features": features}


def objective(
    name: str, *, margin: float = 0.1, alpha: float = 0.2, beta: float = 7.0, huber: bool = False, **_: Any
) -> Objective:
    def regress(p: Tensor, y: Tensor) -> Tensor:
        return torch.nn.functional.huber_loss(p, y)

    def rank(p: Tensor, y: Tensor) -> Tensor:
        if name == "mr":
            return margin_ranking_loss(p, y, margin=margin)
        return qamro_loss(p, y, alpha=alpha, beta=beta if name == "qamro" else 1.0)

    if name == "huber":
        return regress
    return (lambda p, y: rank(p, y) + regress(p, y)) if huber else rank


def train(task: dict[str, Any], loss: Objective, rate: float) -> np.ndarray:
    """Predictions at step 0 … STEPS, shape (STEPS + 1, clips), by autograd and torch's own SGD."""
    y = torch.tensor(task["y"], dtype=torch.float64)
    parameters = torch.tensor(task["start"], dtype=torch.float64, requires_grad=True)
    features = None if task["features"] is None else torch.tensor(task["features"], dtype=torch.float64)
    optimiser = torch.optim.SGD([parameters], lr=rate, momentum=MOMENTUM)
    history = []
    for step in range(STEPS + 1):
        p = parameters if features is None else features @ parameters[:-1] + parameters[-1]
        history.append(p.detach().numpy().copy())
        if step == STEPS:
            break
        optimiser.zero_grad()
        loss(p, y).backward()
        optimiser.step()
    return np.stack(history)


def value_and_gradient(loss: Objective, p: list[float], y: list[float]) -> tuple[float, list[float]]:
    predictions = torch.tensor(p, dtype=torch.float64, requires_grad=True)
    value = loss(predictions, torch.tensor(y, dtype=torch.float64))
    (gradient,) = torch.autograd.grad(value, predictions)
    return value.item(), gradient.tolist()


def wrong_pairs(p: list[float], y: list[float]) -> tuple[int, int, int]:
    """Pairs out of order, the same at the top, and pairs at the top, by a double loop over ordered pairs."""
    bar = sorted(y, reverse=True)[-(-len(y) // 4) - 1]
    wrong = top = pairs = 0
    for p_i, y_i in zip(p, y, strict=True):
        for p_j, y_j in zip(p, y, strict=True):
            if y_i > y_j:
                missed = p_i <= p_j
                wrong += missed
                if y_i >= bar:
                    top += missed
                    pairs += 1
    return wrong, top, pairs


def metrics(p: list[float], y: list[float]) -> dict[str, Any]:
    constant = len(set(p)) == 1 or len(set(y)) == 1
    wrong, wrong_top, pairs_top = wrong_pairs(p, y)
    return {
        "srcc": None if constant else float(stats.spearmanr(p, y).statistic),
        "mse": float(np.mean((np.array(p) - np.array(y)) ** 2)),
        "top1": bool(y[int(np.argmax(p))] == max(y)),
        "wrong": wrong,
        "wrongTop": wrong_top,
        "pairsTop": pairs_top,
    }


def share_of_top(
    y: list[float], beta: float, scale: tuple[float, float] | None, part: float = 0.25
) -> dict[str, float | None]:
    """Each pair's q counted to its better clip, pair by pair; the boundary clip counts in part."""
    low, high = scale or (min(y), max(y))
    weights = [0.0] * len(y)
    pairs = 0
    for i, y_i in enumerate(y):
        for y_j in y:
            if y_i > y_j:
                unit = min(1.0, max(0.0, (y_i - low) / (high - low)))
                weights[i] += 1 + (beta - 1) * unit
                pairs += 1
    order = sorted(range(len(y)), key=lambda i: -y[i])
    left, held = part * len(y), 0.0
    for i in order:
        held += min(1.0, max(0.0, left)) * weights[i]
        left -= 1
    total = sum(weights)
    return {"share": held / total if total else None, "meanWeight": total / pairs if pairs else None}
