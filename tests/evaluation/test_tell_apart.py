"""Systems told apart: the error rate over whole studies, intervals by an explicit loop, and what has no answer."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation import tell_apart
from qamro.evaluation.significance.tell_apart import PRIOR, compare_systems
from qamro.studies import Study


def study_of(scores, systems, axis="MI"):
    clips = [f"c{i}" for i in range(len(scores))]
    ratings = pd.DataFrame({"clip": clips, "axis": axis, "score": scores})
    return Study(pd.DataFrame({"clip": clips, "system": systems}), ratings, name="made up")


def world(rng, levels, clips, step=0.0):
    """Scores of ``clips`` clips a system about ``levels``; with a step, MOS of a few raters."""
    systems = np.repeat([f"s{k:02}" for k in range(len(levels))], clips)
    scores = np.repeat(levels, clips) + rng.normal(size=systems.size)
    return (np.round((3 + 0.5 * scores) / step) * step if step else scores), systems


@pytest.mark.parametrize("step", [0.0, 0.2])
@pytest.mark.parametrize(("systems", "clips"), [(8, 16), (20, 12)])
def test_equal_systems_are_set_apart_in_no_more_than_one_study_of_twenty(systems, clips, step):
    """``benchmarks.coverage`` does it for more sizes and studies; one error for all draws gave 9 to 30 % here."""
    rng = np.random.default_rng(systems)
    studies = 200
    wrong = 0
    for seed in range(studies):
        scores, names = world(rng, np.zeros(systems), clips, step)
        wrong += compare_systems(scores, names, draws=300, seed=seed).differ.any()
    assert wrong / studies <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / studies)


def test_every_interval_holds_its_true_difference_in_nineteen_studies_of_twenty():
    rng = np.random.default_rng(3)
    levels, studies, held = np.linspace(0, 2, 8), 150, 0
    for seed in range(studies):
        table = compare_systems(*world(rng, levels, 16), draws=300, seed=seed).table()
        true = dict(zip([f"s{k:02}" for k in range(8)], levels, strict=True))
        gaps = table["first"].map(true) - table["second"].map(true)
        held += ((table["low"] <= gaps) & (gaps <= table["high"])).all()
    assert held / studies >= 0.95 - 2.6 * math.sqrt(0.05 * 0.95 / studies)


@pytest.mark.parametrize("counts", [(6, 6, 6), (3, 9, 14, 2)])
def test_limit_and_intervals_are_those_of_a_loop(counts):
    rng = np.random.default_rng(5)
    systems = np.repeat([f"s{k}" for k in range(len(counts))], counts)
    scores = np.round(rng.normal(3, 1, systems.size) * 5) / 5
    found = compare_systems(scores, systems, draws=99, seed=7)

    def errors(parts):
        freedom = [len(part) - 1 for part in parts]
        own = [part.var(ddof=1) for part in parts]
        pooled = sum(f * v for f, v in zip(freedom, own, strict=True)) / sum(freedom)
        return [(PRIOR * pooled + f * v) / (PRIOR + f) / (f + 1) for f, v in zip(freedom, own, strict=True)]

    parts = [scores[systems == name] for name in found.systems]
    random = np.random.default_rng(7)
    picks = [random.integers(part.size, size=(99, part.size)) for part in parts]
    largest = []
    for draw in range(99):
        drawn = [part[pick[draw]] for part, pick in zip(parts, picks, strict=True)]
        error = errors(drawn)
        away = [d.mean() - part.mean() for d, part in zip(drawn, parts, strict=True)]
        pairs = itertools.combinations(range(len(parts)), 2)
        largest.append(max(abs(away[i] - away[j]) / math.sqrt(error[i] + error[j]) for i, j in pairs))
    # 95 of a hundred places between 99 draws.
    assert found.limit == pytest.approx(sorted(largest)[94])
    table, error = found.table(), errors(parts)
    for row in table.itertuples():
        i, j = found.systems.index(row.first), found.systems.index(row.second)
        gap = parts[i].mean() - parts[j].mean()
        width = found.limit * math.sqrt(error[i] + error[j])
        np.testing.assert_allclose([row.difference, row.low, row.high], [gap, gap - width, gap + width], atol=1e-9)
        assert row.differ == (abs(gap) > width)


def test_pairs_stand_best_first_and_verdict_and_interval_agree():
    rng = np.random.default_rng(11)
    table = tell_apart(study_of(*world(rng, np.array([0.0, 0.1, 5.0, 5.1, 9.0]), 40)), "MI")
    assert len(table) == 10
    assert (table["difference"] >= 0).all()
    assert (table["differ"] == (table["low"] > 0)).all()
    apart = {frozenset(pair) for pair in zip(table["first"], table["second"], strict=True)}
    same = {frozenset(row) for row in table.loc[~table["differ"], ["first", "second"]].to_numpy().tolist()}
    assert same == {frozenset(("s00", "s01")), frozenset(("s02", "s03"))}
    assert len(apart) == 10
    assert table.columns.tolist() == ["first", "second", "difference", "low", "high", "differ"]
    again = tell_apart(study_of(*world(np.random.default_rng(11), np.array([0.0, 0.1, 5.0, 5.1, 9.0]), 40)), "MI")
    pd.testing.assert_frame_equal(table, again)


def test_neither_scale_nor_order_of_rows_decides():
    rng = np.random.default_rng(2)
    scores, systems = world(rng, np.linspace(0, 2, 6), 20)
    one, other = compare_systems(scores, systems), compare_systems(1e3 + 1e-3 * scores, systems)
    np.testing.assert_array_equal(one.differ, other.differ)
    np.testing.assert_allclose(other.error, 1e-3 * one.error, rtol=1e-4)


def test_a_system_of_one_clip_has_no_interval_and_takes_nothing_from_the_others():
    rng = np.random.default_rng(4)
    scores, systems = world(rng, np.array([0.0, 4.0]), 12)
    two = compare_systems(scores, systems, seed=1)
    three = compare_systems(np.append(scores, 99.0), np.append(systems, "zz"), seed=1)
    assert three.limit == two.limit
    table = three.table()
    alone = (table["first"] == "zz") | (table["second"] == "zz")
    assert table.loc[alone, ["low", "high"]].isna().all(axis=None)
    assert not table.loc[alone, "differ"].any()
    assert table.loc[~alone, "differ"].all()


def test_systems_whose_clips_never_vary():
    systems = np.repeat(["low", "high", "loose"], 16)
    loose = np.random.default_rng(0).normal(3, 0.5, 16)
    table = compare_systems(np.concatenate([np.full(16, 1.0), np.full(16, 5.0), loose]), systems).table()
    # The variance of all systems together speaks for the two that show none.
    assert table["differ"].all()
    assert np.isfinite(table[["low", "high"]].to_numpy()).all()
    silent = compare_systems(np.repeat([0.1 + 0.2, 5.0], 16), np.repeat(["low", "high"], 16)).table()
    assert not silent["differ"].any()
    assert silent["low"].isna().all()
    tied = compare_systems(np.tile([3.0, 4.0], 8), np.repeat(["a", "b"], 8)).table().iloc[0]
    assert (tied["first"], tied["difference"], tied["differ"]) == ("a", 0.0, False)


def test_a_few_equal_clips_do_not_silence_a_whole_study():
    """Of two clips every second draw has no variance: that must not make the limit of all pairs endless."""
    rng = np.random.default_rng(8)
    scores, systems = world(rng, np.linspace(0, 6, 10), 20)
    few = np.repeat([f"t{k}" for k in range(6)], 2)
    found = compare_systems(np.append(scores, rng.normal(size=12)), np.append(systems, few))
    alone = compare_systems(scores, systems)
    large = [found.systems.index(name) for name in alone.systems]
    assert found.limit < 1.6 * alone.limit
    assert found.differ[np.ix_(large, large)].sum() > 0.7 * alone.differ.sum()


def test_what_cannot_be_compared():
    rng = np.random.default_rng(0)
    scores, systems = world(rng, np.array([0.0, 9.0]), 5)
    few = compare_systems(scores, systems, draws=10).table()
    assert np.isinf(few["high"]).all()
    assert not few["differ"].any()
    assert tell_apart(study_of(scores, ["one"] * 10), "MI").empty
    assert tell_apart(study_of(scores, [""] * 10), "MI").empty
    with pytest.raises(KeyError, match="nobody rated 'TA'"):
        tell_apart(study_of(scores, systems), "TA")
    for wrong in ({"level": 1.0}, {"draws": 0}):
        with pytest.raises(ValueError, match="level is a share"):
            tell_apart(study_of(scores, systems), "MI", **wrong)
