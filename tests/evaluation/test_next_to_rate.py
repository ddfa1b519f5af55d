"""Next to rate: where the intervals shrink most, spread over doubt, and no mean led astray."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation.next_to_rate import next_to_rate
from qamro.evaluation.prediction_powered import prediction_powered
from qamro.studies import Study


def made(rng, *, rated=10, clips=100, spreads=(0.3, 1.2, 0.6), r=0.6):
    """Systems whose clips differ by their spread, their true scores, and predictions that follow them by r."""
    rows, truth = [], {}
    for k, spread in enumerate(spreads):
        y = 3 + k / 2 + rng.normal(0, spread, clips)
        guess = r * (y - y.mean()) + np.sqrt(1 - r**2) * rng.normal(0, spread, clips)
        for i in range(clips):
            clip = f"s{k}-{i}"
            truth[clip] = y[i]
            rows.append(
                {
                    "clip": clip,
                    "system": f"s{k}",
                    "path": f"{clip}.wav",
                    "prompt": "",
                    "MI": guess[i],
                    "domain": "inside",
                }
            )
    table = pd.DataFrame(rows)
    table["MI_low"], table["MI_high"] = table["MI"] - rng.uniform(0.2, 1, len(table)), table["MI"] + 0.3
    first = [f"s{k}-{i}" for k in range(len(spreads)) for i in range(rated)]
    return study_of(table, truth, first), table, truth


def study_of(table, truth, clips):
    ratings = pd.DataFrame({"clip": clips, "rater": "r", "axis": "MI", "score": [truth[clip] for clip in clips]})
    return Study(table[["clip", "path", "system", "prompt"]], ratings, name="some")


def width(study, table):
    rows = prediction_powered(study, table, "MI")
    return float((rows["high"] - rows["low"]).mean() / 2)


def test_the_systems_that_vary_get_most_and_the_promise_is_kept():
    chosen, even, promised, counts = [], [], [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        study, table, truth = made(rng)
        rows = next_to_rate(study, table, "MI", n=50, seed=seed)
        assert len(rows) == rows["clip"].nunique() == 50
        assert not set(rows["clip"]) & set(study.ratings["clip"])
        counts.append(rows["system"].value_counts())
        rated = study.ratings["clip"].tolist()
        free = [clip for clip in table["clip"] if clip not in set(rated)]
        others = list(rng.choice(free, 50, replace=False))
        chosen.append(width(study_of(table, truth, rated + rows["clip"].tolist()), table))
        even.append(width(study_of(table, truth, rated + others), table))
        promised.append(rows.attrs["half_width_after"])
        assert rows.attrs["half_width"] == pytest.approx(width(study, table), rel=0.2)
    mean = pd.DataFrame(counts).fillna(0).mean()
    # Half-widths add up to least where n goes as the deviation to the 2/3; ten clips borrow from the common one.
    variance = np.array([0.3, 1.2, 0.6]) ** 2
    best = ((9 * variance + 5 * variance.mean()) / 14) ** (1 / 3)
    assert mean[["s0", "s1", "s2"]].to_numpy() == pytest.approx(80 * best / best.sum() - 10, abs=3)
    assert np.mean(chosen) < 0.97 * np.mean(even)
    assert np.mean(promised) == pytest.approx(np.mean(chosen), rel=0.12)


def test_clips_are_spread_over_doubt_and_every_one_has_its_chance():
    study, table, _ = made(np.random.default_rng(0), spreads=(1.0, 1.0), clips=60, rated=20)
    drawn = []
    for seed in range(80):
        rows = next_to_rate(study, table, "MI", n=40, seed=seed)
        drawn += rows["clip"].tolist()
        doubt = (table["MI_high"] - table["MI_low"])[table["clip"].isin(rows["clip"])]
        if seed < 10:
            free = table[~table["clip"].isin(study.ratings["clip"])]
            median = (free["MI_high"] - free["MI_low"]).median()
            assert 0.35 <= (doubt > median).mean() <= 0.65, "neither only the sure nor only the doubtful"
    counts = pd.Series(drawn).value_counts()
    assert len(counts) == 80, "every unrated clip"
    for _, own in counts.groupby(counts.index.str[:2]):
        assert own.min() > own.mean() - 20, "as often as its system's others"
        assert own.max() < own.mean() + 20


def test_means_stay_true_with_the_clips_that_it_names():
    held = []
    for seed in range(24):
        study, table, truth = made(np.random.default_rng(seed), spreads=(0.6, 0.9, 0.7), clips=60, rated=8)
        rows = next_to_rate(study, table, "MI", n=30, seed=seed)
        more = study_of(table, truth, study.ratings["clip"].tolist() + rows["clip"].tolist())
        found = prediction_powered(more, table, "MI").set_index("system")
        held += [found.loc[f"s{k}", "low"] <= 3 + k / 2 <= found.loc[f"s{k}", "high"] for k in range(3)]
    assert np.mean(held) >= 0.9


def test_few_data_and_wrong_use():
    study, table, truth = made(np.random.default_rng(0), clips=6, rated=4)
    assert len(next_to_rate(study, table, "MI", n=50)) == 6, "all that nobody rated"
    whole = study_of(table, truth, table["clip"].tolist())
    assert next_to_rate(whole, table, "MI").empty
    lonely = study_of(table, truth, ["s0-0", "s0-1", "s1-0"])
    first = next_to_rate(lonely, table.drop(columns=["MI_low", "MI_high", "domain"]), "MI", n=3)
    assert sorted(first["system"]) == ["s1", "s2", "s2"], "systems without an interval come first"
    assert first["doubt"].isna().all()
    for wrong, error in (({"n": 0}, ValueError), ({"level": 1.0}, ValueError)):
        with pytest.raises(error):
            next_to_rate(study, table, "MI", **wrong)
    with pytest.raises(KeyError, match="nobody rated 'PQ'"):
        next_to_rate(study, table, "PQ")
