"""How often intervals of calibrated predictors hold, and what calibrating is worth: published predictors, human MOS."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qamro.training.calibrate import fit_map, out_of_fold
from qamro.training.cards import half_width

PREDICTORS = {"tunejury": "MI", "muqeval_MI": "MI", "muqeval_TA": "TA"}
"""Columns of predictions in ``pam_music.csv``, with the human axis that each is mapped onto."""

SIZES = ((10, 3), (10, 5), (20, 5), (40, 5))
"""Prompts that are calibrated on, and clips of each."""

HEAD = (
    "| predictor | rated | clips of prompts | held | ± | mean error | of their mean for all |\n"
    "|---|---|---|--:|--:|--:|--:|"
)


def rows(file: str, draws: int) -> list[str]:
    """Rows of the table.

    Args:
        file: ``pam_music.csv``: columns ``prompt``, the human axes and predictions.
        draws: How often prompts are drawn.
    """
    table = pd.read_csv(file)
    prompts = table["prompt"].unique()
    lines = []
    for column, axis in PREDICTORS.items():
        for some, each in SIZES:
            held, widths, errors, plain = [], [], [], []
            for draw in range(draws):
                rng = np.random.default_rng([some, each, draw])
                chosen = rng.choice(prompts, some, replace=False)
                own = table[table["prompt"].isin(chosen)]
                own = own.groupby("prompt").sample(each, random_state=int(rng.integers(2**31)))
                others = table[~table["prompt"].isin(chosen)]
                x, y = own[column].to_numpy(float), own[axis].to_numpy(float)
                groups = own["prompt"].to_numpy(str)
                half = half_width(y, out_of_fold(x, y, groups), groups.tolist(), 0.9)
                truth = others[axis].to_numpy(float)
                wrong = np.abs(fit_map(x, y)(others[column].to_numpy(float)) - truth)
                held.append((wrong <= half).mean())
                widths.append(half)
                errors.append(wrong.mean())
                plain.append(np.abs(truth - y.mean()).mean())
            numbers = f"{np.mean(widths):.2f} | {np.mean(errors):.2f} | {np.mean(plain):.2f}"
            lines.append(f"| {column} | {axis} | {some * each} of {some} | {100 * np.mean(held):.1f} % | {numbers} |")
    return lines


def about(draws: int) -> str:
    """What the table shows."""
    return (
        f"`python -m benchmarks.coverage --part calibrated --published CSV --hidings {draws} --write` makes this "
        "table: scores of two published predictors mapped onto the MOS of some clips of PAM's music (5 systems, 100 "
        "prompts), "
        f'{draws} draws of prompts a row. "Held": how often the 90 % interval holds the MOS of clips of other prompts; '
        '"±": its half-width in points of 1 to 5; "mean error": of the mapped scores there, and of giving every clip '
        "the mean of the rated ones."
    )
