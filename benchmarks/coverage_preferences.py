"""How often rankings by votes say something wrong, in simulated arenas whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qamro.evaluation.preferences import rank

SIDE, DRAWS = 0.2, 500
ARENAS = (
    # systems, votes, log-odds of a tie (None: no ties), raters (0: unknown), share of raters who vote at random, equal
    (5, 300, None, 0, 0.0, False),
    (5, 300, -0.3, 30, 0.0, False),
    (5, 300, -0.3, 30, 0.0, True),
    (5, 300, -0.3, 30, 0.2, True),
    (5, 300, -0.3, 100, 0.0, True),
    (20, 3000, -0.3, 0, 0.0, False),
    (20, 3000, -0.3, 60, 0.0, True),
    (50, 10_000, -0.3, 0, 0.0, True),
)

HEAD = (
    "| systems | votes | ties | raters | at random | truly | a false pair | intervals hold |\n"
    "|--:|--:|---|--:|--:|---|--:|--:|"
)


def arena(rng: np.random.Generator, theta: np.ndarray, row: tuple) -> pd.DataFrame:
    """Votes by Davidson's model on random pairs."""
    k, votes, tie, raters, random, _ = row
    a = rng.integers(k, size=votes)
    b = (a + rng.integers(1, k, size=votes)) % k
    options = [theta[a] + SIDE, theta[b]] + ([(theta[a] + theta[b]) / 2 + tie] if tie is not None else [])
    utility = np.stack(options, 1)
    who = rng.integers(max(raters, 1), size=votes)
    utility[who < random * raters] = 0
    winner = np.array(["a", "b", "tie"])[(utility + rng.gumbel(size=utility.shape)).argmax(1)]
    table = pd.DataFrame({"system_a": [f"s{i:02}" for i in a], "system_b": [f"s{i:02}" for i in b], "winner": winner})
    return table.assign(rater=[f"r{i}" for i in who]) if raters else table


def line(row: tuple, runs: int) -> str:
    """One row of the table."""
    k, votes, tie, raters, random, equal = row
    held, wrong = [], []
    for seed in range(runs):
        rng = np.random.default_rng([seed, k, votes])
        theta = np.zeros(k) if equal else rng.normal(0, 0.6, k)
        theta[: k // 2] = theta[0]
        ranking = rank(arena(rng, theta, row), draws=DRAWS, reference="s00")
        table, truth = ranking.table.set_index("system").sort_index(), theta - theta[0]
        held.append(((table["low"] <= truth) & (truth <= table["high"]))[1:].mean())
        pairs = ranking.pairs
        gap = truth[pairs["first"].str[1:].astype(int)] - truth[pairs["second"].str[1:].astype(int)]
        wrong.append(bool((pairs["differ"] & (pairs["difference"] * gap <= 0)).any()))
    told = [k, f"{votes:,}", "no" if tie is None else "yes", raters or "unknown", f"{100 * random:.0f} %"]
    told += ["all equal" if equal else "half equal", f"{100 * np.mean(wrong):.1f} %", f"{100 * np.mean(held):.1f} %"]
    return f"| {' | '.join(map(str, told))} |"


def about(runs: int) -> str:
    """What the table shows."""
    return (
        f"`python -m benchmarks.coverage --part votes --arenas {runs} --write` makes this table: {runs} simulated "
        f"arenas a row, votes on random pairs with a side effect of {SIDE}, {DRAWS} draws. "
        '"A false pair": arenas in which `rank` tells any two equal systems apart, or two others the wrong way round, '
        'at 95 %. "Intervals hold": of the scores beside one system at 0.'
    )
