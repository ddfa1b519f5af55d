"""The metrics as anyone would write them: explicit double loops, nothing vectorised, no weights."""

from __future__ import annotations

import math


def mse(x, y):
    return sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) / len(x)


def lcc(x, y):
    if len(set(x)) < 2 or len(set(y)) < 2:
        return math.nan
    mx, my = math.fsum(x) / len(x), math.fsum(y) / len(y)
    cov = math.fsum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return cov / math.sqrt(math.fsum((a - mx) ** 2 for a in x) * math.fsum((b - my) ** 2 for b in y))


def ranks(x):
    return [sum(b < a for b in x) + (sum(b == a for b in x) + 1) / 2 for a in x]


def srcc(x, y):
    return lcc(ranks(x), ranks(y))


def _count(x, y):
    concordant = discordant = tied_x = tied_y = 0
    for i in range(len(x)):
        for j in range(i):
            product = (x[i] - x[j]) * (y[i] - y[j])
            concordant += product > 0
            discordant += product < 0
            tied_x += x[i] == x[j]
            tied_y += y[i] == y[j]
    return concordant, discordant, tied_x, tied_y, len(x) * (len(x) - 1) // 2


def ktau(x, y):
    concordant, discordant, tied_x, tied_y, every = _count(x, y)
    if every in (tied_x, tied_y):
        return math.nan
    return (concordant - discordant) / math.sqrt((every - tied_x) * (every - tied_y))


def pairwise_accuracy(x, y):
    if len(set(x)) < 2 or len(set(y)) < 2:
        return math.nan
    right = pairs = 0.0
    for i in range(len(x)):
        for j in range(i):
            if y[i] != y[j]:
                pairs += 1
                right += 0.5 if x[i] == x[j] else (x[i] > x[j]) == (y[i] > y[j])
    return right / pairs


def top1(x, y, labels=None):
    if len(set(x)) < 2 or len(set(y)) < 2:
        return math.nan
    labels = list(range(len(x))) if labels is None else list(labels)
    best = {labels[i] for i in range(len(y)) if y[i] == max(y)}
    chosen = [labels[i] for i in range(len(x)) if x[i] == max(x)]
    return sum(name in best for name in chosen) / len(chosen)


def tie_accuracy(x, y, epsilon):
    right = pairs = 0
    for i in range(len(x)):
        for j in range(i):
            called = 0 if abs(x[i] - x[j]) <= epsilon else (1 if x[i] > x[j] else -1)
            right += called == int(y[i] > y[j]) - int(y[i] < y[j])
            pairs += 1
    return right / pairs if pairs else math.nan


def best_tie_accuracy(x, y):
    """Every difference that occurs is tried; returns the best accuracy and the smallest threshold that has it."""
    if len(set(x)) < 2 or len(set(y)) < 2:
        return math.nan, math.nan
    tries = sorted({0.0, *(abs(a - b) for a in x for b in x)})
    return max(((tie_accuracy(x, y, epsilon), -epsilon) for epsilon in tries), key=lambda pair: pair)


ALL = {"MSE": mse, "LCC": lcc, "SRCC": srcc, "KTAU": ktau, "ACC": pairwise_accuracy}
ALL |= {"ACC_EQ": lambda x, y: best_tie_accuracy(x, y)[0], "TOP1": top1}
