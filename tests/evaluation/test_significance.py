from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from qamro.evaluation.significance import (
    NoBlocks,
    blocks_of,
    critical_difference,
    holm,
    williams,
)
from qamro.studies import Study
from tests.studies.extracts import write_codec

# Holm


@pytest.mark.parametrize("seed", range(5))
def test_holm_equals_statsmodels(seed):
    p = np.round(np.random.default_rng(seed).random(12) ** 3, 2)
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_holm_leaves_out_tests_that_were_not_made():
    found = holm([0.01, np.nan, 0.04])
    np.testing.assert_allclose(found, [0.02, np.nan, 0.04])
    assert holm([]).size == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.2])


# Williams


def test_williams_published_example():
    """Silver, Hittner & May 2006 (their program's example): r = .3, .4, between .5, n = 100."""
    found = williams(0.3, 0.4, 0.5, 100)
    assert found.t == pytest.approx(-1.0767, abs=5e-5)
    assert found.p == pytest.approx(0.2843, abs=5e-5)
    assert found.freedom == 97


def test_williams_is_antisymmetric_and_undefined_where_it_must_be():
    one, other = williams(0.6, 0.3, 0.2, 40), williams(0.3, 0.6, 0.2, 40)
    assert one.t == -other.t
    assert one.p == other.p < 0.1
    for broken in (williams(0.5, 0.5, 1.0, 40), williams(0.5, math.nan, 0.2, 40), williams(0.5, 0.4, 0.2, 3)):
        assert math.isnan(broken.p)


def test_williams_is_wrong_as_often_as_it_says():
    """Two predictors of equal worth: p below .1 in 10 % of samples."""
    rng = np.random.default_rng(0)
    hits, studies = 0, 1500
    for _ in range(studies):
        y = rng.normal(size=30)
        x, z = y + rng.normal(size=30), y + rng.normal(size=30)
        r = np.corrcoef([y, x, z])
        hits += williams(r[0, 1], r[0, 2], r[1, 2], 30).p < 0.1
    assert abs(hits / studies - 0.1) < 4 * math.sqrt(0.09 / studies)


# Critical difference


@pytest.mark.parametrize("tied", [False, True])
def test_friedman_equals_scipy(tied):
    scores = np.random.default_rng(1).normal(size=(12, 5)) + np.arange(5) / 3
    scores = np.round(scores) if tied else scores
    found = critical_difference(scores, list("abcde"))
    expected = stats.friedmanchisquare(*scores.T)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    ranks = dict(zip(found.systems, found.ranks, strict=True))
    for i, name in enumerate("abcde"):
        by_hand = np.mean([1 + (row > row[i]).sum() + ((row == row[i]).sum() - 1) / 2 for row in scores])
        assert ranks[name] == pytest.approx(by_hand)
    assert (np.diff(found.ranks) >= 0).all()


def test_nemenyi_of_demsar():
    """Demšar 2006, section 3.2.2: four classifiers, 14 data sets, alpha .05: critical difference 1.25."""
    found = critical_difference(np.random.default_rng(0).random((14, 4)), list("abcd"))
    assert found.difference == pytest.approx(1.25, abs=6e-3)
    found = critical_difference(np.random.default_rng(0).random((14, 4)), list("abcd"), alpha=0.1)
    assert found.difference == pytest.approx(1.12, abs=6e-3)


def test_groups_hold_what_does_not_differ():
    rng = np.random.default_rng(3)
    scores = rng.normal([0, 0, 0, 2, 2, 4], size=(40, 6))
    found = critical_difference(scores, list("abcdef"))
    inside = {
        frozenset((i, j)) for first, last in found.groups for i in range(first, last + 1) for j in range(i, last + 1)
    }
    for i in range(6):
        for j in range(i + 1, 6):
            near = found.ranks[j] - found.ranks[i] <= found.difference
            assert (frozenset((i, j)) in inside) == near
    assert found.systems[0] == "f"
    assert found.p < 1e-6


def test_systems_that_every_block_ties():
    found = critical_difference(np.ones((4, 3)), list("abc"))
    assert math.isnan(found.statistic)
    assert math.isnan(found.p)
    assert found.groups == [(0, 2)]


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="two or more"):
        critical_difference(np.ones((1, 3)), list("abc"))
    with pytest.raises(ValueError, match="every system needs a score"):
        critical_difference(np.array([[1, np.nan], [1, 2]]), list("ab"))


def study_with(columns, raters=("r0", "r1")):
    clips = pd.DataFrame(
        [(f"{s}{p}", s, f"p{p}") for s in "abc" for p in range(4)], columns=["clip", "system", "prompt"]
    )
    clips = clips.assign(**columns)
    rows = [(clip, rater, "MI", len(clip) + i) for i, clip in enumerate(clips["clip"]) for rater in raters]
    return Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]))


def test_blocks_are_content_or_else_raters():
    scores, systems, what = blocks_of(study_with({}), "MI")
    assert (scores.shape, systems, what) == ((4, 3), ["a", "b", "c"], "prompt")
    np.testing.assert_allclose(scores, 2 + np.arange(12).reshape(3, 4).T)
    scores, _, what = blocks_of(study_with({"prompt": ""}), "MI")
    assert (scores.shape, what) == ((2, 3), "rater")
    scores, _, what = blocks_of(study_with({"source": ["x", "y", "x", "y"] * 3}), "MI")
    assert (scores.shape, what) == ((2, 3), "source")
    assert blocks_of(study_with({}), "MI", by="rater")[2] == "rater"


def test_blocks_that_are_not_complete_are_left_out():
    study = study_with({})
    fewer = Study(study.clips, study.ratings[study.ratings["clip"] != "a0"])
    assert blocks_of(fewer, "MI")[0].shape == (3, 3)
    with pytest.raises(NoBlocks, match="no two contents were heard from all 3 systems"):
        blocks_of(study_with({"prompt": ""}, raters=("",)), "MI")
    with pytest.raises(NoBlocks, match="no column 'genre'"):
        blocks_of(study, "MI", by="genre")


def test_blocks_of_a_listening_test(tmp_path):
    study = Study.load(write_codec(tmp_path))
    scores, systems, what = blocks_of(study, "quality")
    assert (scores.shape, what) == ((16, 8), "source")
    found = critical_difference(scores, systems)
    assert found.systems[0] == "Reference"
    assert found.p < 1e-9
