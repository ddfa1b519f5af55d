"""How many votes the next pair by information saves, in simulated arenas whose truth is known.

    python -m benchmarks.next_pair [--arenas 100] [--votes 300] [--write]

Each arena has systems of random strength; votes follow Davidson's model with ties. Three ways to choose the pair of the
next vote: at random, every pair in turn in random order, and by information (``next_pair``). After every vote strengths
are estimated the same way for all three, and Kendall's tau with the true order is taken.
"""

from __future__ import annotations

import argparse
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from benchmarks.report import write_section
from qamro.evaluation.preferences import next_pair, strengths

WAYS = ("random", "in turn", "information")
SPREADS, TIE = (1.0, 2.0), -0.5
EVERY = 5


def curve(way: str, systems: int, spread: float, votes: int, seed: int) -> np.ndarray:
    """Kendall's tau with the truth after every ``EVERY`` votes of one arena."""
    rng = np.random.default_rng([seed, systems])
    theta = rng.normal(0, spread, systems)
    names = [f"s{k:02}" for k in range(systems)]
    pairs = list(combinations(range(systems), 2))
    turn: list[tuple[int, int]] = []
    rows: list[tuple[str, str, str]] = []
    taus = []
    for n in range(1, votes + 1):
        if way == "random":
            a, b = pairs[rng.integers(len(pairs))]
        elif way == "in turn":
            turn = turn or [pairs[k] for k in rng.permutation(len(pairs))]
            a, b = turn.pop()
        else:
            table = pd.DataFrame(rows, columns=["system_a", "system_b", "winner"])
            a, b = map(names.index, next_pair(table, names))
        a, b = (a, b) if rng.random() < 0.5 else (b, a)
        utility = np.array([theta[a], theta[b], (theta[a] + theta[b]) / 2 + TIE])
        rows.append((names[a], names[b], ("a", "b", "tie")[(utility + rng.gumbel(size=3)).argmax()]))
        if n % EVERY == 0:
            table = pd.DataFrame(rows, columns=["system_a", "system_b", "winner"])
            taus.append(kendalltau(strengths(table, names), theta).statistic)
    return np.array(taus)


def needed(taus: np.ndarray, level: float) -> float:
    """Votes at which a mean curve first stays at a level; NaN where it does not."""
    reached = np.minimum.accumulate(taus[::-1])[::-1] >= level
    return float((np.argmax(reached) + 1) * EVERY) if reached.any() else float("nan")


def lines(systems: int, spread: float, votes: int, arenas: int) -> list[str]:
    """Rows of the table: what random pairs reach after so many votes, and how many the others need for it."""
    means = {way: np.mean([curve(way, systems, spread, votes, seed) for seed in range(arenas)], axis=0) for way in WAYS}
    told = []
    for n in (votes // 3, 2 * votes // 3, votes):
        level = means["random"][n // EVERY - 1]
        need = [needed(means[way], level) for way in WAYS[1:]]
        cells = [systems, f"{spread:g}", n, f"{level:.3f}", *(f"{m:.0f} ({100 * m / n:.0f} %)" for m in need)]
        told.append(f"| {' | '.join(map(str, cells))} |")
    return told


def main() -> None:
    """Prints the table, and writes it into RESULTS.md if wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arenas", type=int, default=100)
    parser.add_argument("--votes", type=int, default=300)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    table = ["| systems | spread | votes on random pairs | their tau | in turn | by information |"]
    table.append("|--:|--:|--:|--:|--:|--:|")
    for spread in SPREADS:
        for systems in (6, 10, 16):
            for line in lines(systems, spread, options.votes, options.arenas):
                table.append(line)
                print(line, flush=True)
    text = (
        f"`python -m benchmarks.next_pair --arenas {options.arenas} --write` makes this table: {options.arenas} "
        "simulated arenas with ties, strengths normal with a standard deviation of so many log-odds (spread). Mean "
        "Kendall tau with the true order after so many votes on random pairs, and how many votes the other two ways "
        "need for the same tau. " + "\n\n" + "\n".join(table)
    )
    if options.write:
        write_section("The next pair by information", text)


if __name__ == "__main__":
    main()
