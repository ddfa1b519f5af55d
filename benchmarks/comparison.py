"""Times a comparison of two predictors on a study of the size of AudioMOS 2025 track 2, section by section.

    python -m benchmarks.comparison [--draws 1000] [--ratings FILE] [--write]

36 systems, 85 clips each, ten anonymous ratings of four axes; scores are made up unless a file of ratings is named, and
the predictors are the MOS with noise. Every section is timed on a comparison that knows nothing yet, so the first
figure of an axis pays for its bootstrap. Times are the shortest of several runs: other work on the machine can only
make a run longer.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.evaluation import made_up
from benchmarks.report import write_section
from benchmarks.timing import table, timed
from qamro.evaluation import evaluate
from qamro.report import Comparison, Options, compare, write_html, write_zip
from qamro.report.overview import versus
from qamro.studies import Study
from qamro.studies.importers import read_ratings


def noisy(study: Study, noise: float, seed: int) -> pd.DataFrame:
    """A predictor: every MOS with noise of a share of its spread."""
    rng = np.random.default_rng(seed)
    means = study.clip_means().pivot(index="clip", columns="axis", values="mean")
    return (means + noise * rng.normal(size=means.shape) * means.std().to_numpy()).reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--ratings", type=Path, help="a file of ratings instead of made-up ones")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    study = read_ratings(options.ratings) if options.ratings else made_up()[0]
    one, other = noisy(study, 0.8, 1), noisy(study, 1.2, 2)
    axis = study.axes[0]

    def fresh(axes: list[str] | None = None) -> Comparison:
        return compare(study, {"one": one, "other": other}, Options(axes=axes, draws=options.draws))

    warm = fresh()
    warm.systems(axis)
    runs: list[tuple[str, Callable[[], Any]]] = [
        (
            "bootstrap of one predictor, four axes, raters drawn",
            lambda: evaluate(study, one, draws=options.draws, raters=True),
        ),
        ("join two predictors (`compare`)", fresh),
        ("systems of one axis, two predictors: all figures and tables", lambda: fresh([axis]).systems(axis)),
        ("predictor against predictor, after the systems", lambda: versus(warm, axis)),
        ("clips to look at", lambda: fresh([axis]).inspect(axis)),
        ("raters, one axis", lambda: fresh([axis]).raters()),
        ("one clip", lambda: warm.clip(str(study.clips["clip"].iloc[0]))),
    ]
    rows = [timed(name, run) for name, run in runs]
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (("whole report as HTML, nothing known yet", write_html), ("zip of its tables", write_zip)):
            rows.append(timed(name, lambda write=write: write(fresh(), Path(folder) / "out"), 1))
    sizes = f"{len(study.systems)} systems, {len(study.clips):,} clips, {len(study.ratings):,} ratings"
    text = "`python -m benchmarks.comparison --write` makes this table: the shortest of three runs, or one.\n\n"
    text += table(f"{options.draws:,} draws; {sizes}", rows)
    print(text)
    if options.write:
        write_section("Comparison", text)


if __name__ == "__main__":
    main()
