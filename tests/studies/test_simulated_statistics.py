"""What is printed about the study, against explicit loops and scipy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from qamro.axes import AXES
from qamro.studies.simulated import SimulatedStudy, build
from qamro.studies.simulated.statistics import split_half, true_system_means


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    folder: Path = tmp_path_factory.mktemp("statistics")
    return build(systems=4, prompts=3, listeners=3, seed=2, folder=folder / "study")


def test_true_system_means(sim: SimulatedStudy) -> None:
    means = true_system_means(sim)
    truth = sim.truth.set_index(["clip", "axis"])["score"]
    for system in sim.study.systems:
        for axis in AXES:
            expected = np.mean([truth[f"{system}_P{k:02d}", axis] for k in (1, 2, 3)])
            assert means.loc[system, axis] == pytest.approx(expected)


def test_split_half_is_the_rank_correlation_of_two_halves(sim: SimulatedStudy) -> None:
    """Three listeners split into two and one; the mean over many splits is the mean over the three ways to do so."""
    ratings = sim.study.ratings
    found = split_half(sim, splits=600, seed=1)
    for axis in ("MI", "PC"):
        expected = []
        for alone in ("L01", "L02", "L03"):
            of_axis = ratings[ratings["axis"] == axis]
            one = of_axis[of_axis["rater"] == alone].groupby("clip")["score"].mean()
            two = of_axis[of_axis["rater"] != alone].groupby("clip")["score"].mean()
            both = sorted(set(one.index) & set(two.index))
            by_clip = spearmanr(one[both], two[both]).statistic
            system = [clip.split("_")[0] for clip in both]
            halves = [
                [
                    np.mean([h[c] for c, s in zip(both, system, strict=True) if s == name])
                    for name in sorted(set(system))
                ]
                for h in (one, two)
            ]
            expected.append((by_clip, spearmanr(*halves).statistic))
        np.testing.assert_allclose(found.loc[axis], np.mean(expected, axis=0), atol=0.05)
