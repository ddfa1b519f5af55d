"""Times the bootstrap of every metric, and the other statistics, on a study of the size of AudioMOS 2025 track 2.

    python -m benchmarks.evaluation [--draws 1000] [--write]

36 systems, 85 clips each, ten anonymous ratings of four axes; scores are made up. The loop takes the same draws one by
one through scipy, on a few of them, and is scaled up. Times are the shortest of several runs: other work on the
machine can only make a run longer.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.report import write_section
from benchmarks.timing import shortest, table, timed
from qamro.evaluation import evaluate
from qamro.evaluation.agreement import agreement
from qamro.evaluation.bootstrap import Bootstrap
from qamro.evaluation.significance import compare
from qamro.studies import Study

AXES = ("PQ", "PC", "CE", "CU")
SYSTEMS, CLIPS, RATINGS = 36, 85, 10
LOOPED = 8


def made_up() -> tuple[Study, pd.DataFrame]:
    """A study, and predictions that correlate with it."""
    rng = np.random.default_rng(0)
    n = SYSTEMS * CLIPS
    clips = pd.DataFrame({"clip": [f"clip{i:04d}" for i in range(n)]})
    clips["system"] = [f"system{i // CLIPS:02d}" for i in range(n)]
    parts, predictions = [], clips[["clip"]].copy()
    for axis in AXES:
        true = 5.5 + np.repeat(rng.normal(0, 1.2, SYSTEMS), CLIPS) + rng.normal(0, 1, n)
        scores = np.clip(np.round(true[:, None] + rng.normal(0, 1.7, (n, RATINGS))), 1, 10)
        columns = {"clip": np.repeat(clips["clip"].to_numpy(), RATINGS), "axis": axis, "score": scores.ravel()}
        parts.append(pd.DataFrame(columns))
        predictions[axis] = true + rng.normal(0, 1, n)
    return Study(clips, pd.concat(parts, ignore_index=True), name="made up"), predictions


def loop(study: Study, predictions: pd.DataFrame) -> None:
    """A few draws, one by one, utterance level, by scipy."""
    means = study.clip_means()
    for axis in AXES:
        rated = means[means["axis"] == axis].set_index("clip").loc[predictions["clip"]]
        x, y = predictions[axis].to_numpy(), rated["mean"].to_numpy()
        (drawn,) = Bootstrap(rated["system"].to_numpy(str), draws=LOOPED)
        for weights in drawn.weights.astype(int):
            a, b = np.repeat(x, weights), np.repeat(y, weights)
            stats.pearsonr(a, b), stats.spearmanr(a, b), stats.kendalltau(a, b), ((a - b) ** 2).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    study, predictions = made_up()
    other = predictions.assign(**{axis: predictions[axis] + 1 for axis in AXES})
    d = options.draws
    wall, cpu = (figure * d / LOOPED for figure in shortest(lambda: loop(study, predictions), 1))
    rows = [("three correlations and the error, utterance level, a loop over scipy (scaled up)", wall, cpu)]
    for name, run in (
        ("all metrics, both levels, four axes (`evaluate`)", lambda: evaluate(study, predictions, draws=d)),
        ("the same, raters drawn too", lambda: evaluate(study, predictions, draws=d, raters=True)),
        ("one axis", lambda: evaluate(study, predictions, axes=["PQ"], draws=d)),
        ("two predictors, four axes (`compare`)", lambda: compare(study, {"a": predictions, "b": other}, draws=d)),
        ("agreement of raters, four axes", lambda: agreement(study, draws=d)),
    ):
        rows.append(timed(name, run))
    text = "`python -m benchmarks.evaluation --write` makes this table; the shortest of three runs.\n\n"
    text += table(f"{d:,} draws of {SYSTEMS} systems x {CLIPS} clips", rows, digits=1)
    print(text)
    if options.write:
        write_section("Evaluation", text)


if __name__ == "__main__":
    main()
