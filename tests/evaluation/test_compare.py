from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation import NoCommonAxis, NothingMatched, evaluate
from qamro.evaluation.bootstrap import Bootstrap
from qamro.evaluation.significance import bootstrap_p, claim, compare, holm, williams
from qamro.studies import Study

from . import oracles


def world(seed, systems=12, clips=10, noise=(0.5, 2.0), axes=("MI",), bias=0.0):
    """A study and a predictor for each noise: the smaller, the better."""
    rng = np.random.default_rng(seed)
    names = [f"s{s}c{c}" for s in range(systems) for c in range(clips)]
    table = pd.DataFrame({"clip": names, "system": [name.split("c")[0] for name in names]})
    ratings, predicted = [], {f"p{i}": {"clip": names} for i in range(len(noise))}
    for axis in axes:
        true = np.repeat(rng.normal(size=systems), clips) + 0.5 * rng.normal(size=len(names))
        ratings.append(pd.DataFrame({"clip": names, "axis": axis, "score": np.round(3 + true, 1)}))
        for i, each in enumerate(noise):
            fault = np.repeat(each * rng.normal(size=systems), clips) + 0.5 * rng.normal(size=len(names))
            predicted[f"p{i}"][axis] = 3 + true + fault + bias * i
    return Study(table, pd.concat(ratings), name="made up"), {key: pd.DataFrame(v) for key, v in predicted.items()}


def row_of(comparison, metric, level="system", **where):
    table = comparison.table
    for key, value in {"metric": metric, "level": level, **where}.items():
        table = table[table[key] == value]
    return table.iloc[0]


def test_differences_are_those_of_the_values():
    study, tables = world(0)
    found = compare(study, tables, draws=50)
    for name, table in tables.items():
        alone = evaluate(study, table, draws=0).table
        for row in found.table.to_dict("records"):
            side = "first" if row["first"] == name else "second"
            value = alone[(alone["metric"] == row["metric"]) & (alone["level"] == row["level"])]["value"].item()
            assert row[f"{side}_value"] == pytest.approx(value, abs=1e-12)
    np.testing.assert_allclose(found.table["difference"], found.table["first_value"] - found.table["second_value"])


def test_draws_are_paired():
    """The interval of a difference by hand: the same drawn clips for both predictors."""
    study, tables = world(1)
    found = row_of(compare(study, tables, draws=60, seed=4), "LCC", "utterance")
    clips = study.clip_means().sort_values("clip")
    one, other = (table.set_index("clip").loc[clips["clip"], "MI"].to_numpy() for table in tables.values())
    (drawn,) = Bootstrap(clips["system"].to_numpy(str), draws=60, seed=4)
    gaps = []
    for weights in drawn.weights.astype(int):
        human = np.repeat(clips["mean"].to_numpy(), weights).tolist()
        gaps.append(
            oracles.lcc(np.repeat(one, weights).tolist(), human)
            - oracles.lcc(np.repeat(other, weights).tolist(), human)
        )
    np.testing.assert_allclose([found["low"], found["high"]], np.quantile(gaps, [0.025, 0.975]), atol=1e-9)
    assert found["p"] == bootstrap_p(np.array(gaps))


def test_williams_of_both_levels():
    study, tables = world(2)
    found = compare(study, tables, draws=5)
    clips = study.clip_means().set_index("clip")
    scores = np.array(
        [clips["mean"].to_numpy(), *(table.set_index("clip").loc[clips.index, "MI"] for table in tables.values())]
    )
    by_system = pd.DataFrame(scores.T).groupby(clips["system"].to_numpy()).mean().to_numpy().T
    for level, values in (("utterance", scores), ("system", by_system)):
        for metric, r in (("LCC", np.corrcoef(values)), ("SRCC", stats.spearmanr(values.T).statistic)):
            expected = williams(r[0, 1], r[0, 2], r[1, 2], values.shape[1]).p
            assert row_of(found, metric, level)["p_williams"] == pytest.approx(expected, rel=1e-6)
    assert math.isnan(row_of(found, "KTAU")["p_williams"])


def test_holm_counts_the_tests_of_one_metric_and_level():
    study, tables = world(3, axes=("MI", "TA"), noise=(0.5, 1.0, 2.0))
    table = compare(study, tables, draws=100).table
    for _, family in table.groupby(["level", "metric"]):
        tested = family["p"].notna().sum()
        assert (family["tests"] == tested).all()
        np.testing.assert_allclose(family["p_holm"], holm(family["p"]))
    assert table.loc[table["metric"] == "SRCC", "tests"].unique().tolist() == [6]
    assert table.loc[table["metric"] == "TOP1", "p"].isna().all()


def test_the_better_one_is_named_and_less_error_is_better():
    study, tables = world(5, systems=30, noise=(0.2, 3.0))
    found = compare(study, tables, draws=200)
    for metric in ("MSE", "LCC", "SRCC", "KTAU", "ACC"):
        assert row_of(found, metric)["better"] == "p0", metric
    assert row_of(found, "MSE")["difference"] < 0 < row_of(found, "SRCC")["difference"]
    exchanged = compare(study, dict(reversed(tables.items())), draws=200)
    assert row_of(exchanged, "SRCC")["better"] == "p0"


def test_equal_predictors_are_rarely_claimed_to_differ():
    wrong = 0
    for seed in range(40):
        study, tables = world(seed, systems=20, clips=6, noise=(1.0, 1.0))
        found = compare(study, tables, draws=99)
        wrong += row_of(found, "LCC")["p"] < 0.1
    assert wrong / 40 < 0.1 + 3 * math.sqrt(0.09 / 40)


def test_only_common_clips_count():
    study, tables = world(6)
    tables["p0"] = tables["p0"].iloc[5:]
    tables["p1"].loc[[50, 60], "MI"] = np.nan
    found = compare(study, tables, draws=5)
    assert (found.table["clips"] == 120 - 5 - 2).all()


def test_axes_that_only_one_predictor_scores_are_left_out():
    study, tables = world(7, axes=("MI", "TA"))
    found = compare(study, {"p0": tables["p0"], "p1": tables["p1"].drop(columns="TA")}, draws=5)
    assert found.table["axis"].unique().tolist() == ["MI"]
    with pytest.raises(NoCommonAxis, match="no two of p0, p1"):
        compare(study, {"p0": tables["p0"].drop(columns="MI"), "p1": tables["p1"].drop(columns="TA")}, draws=5)
    with pytest.raises(NoCommonAxis, match="nobody rated 'PQ'"):
        compare(study, tables, axes=["PQ"], draws=5)


def test_what_cannot_be_compared_is_refused():
    study, tables = world(8)
    with pytest.raises(ValueError, match="two predictors or more, not 1"):
        compare(study, {"p0": tables["p0"]})
    with pytest.raises(NothingMatched):
        compare(study, tables | {"p1": tables["p1"].assign(clip="x" + tables["p1"]["clip"])})


def test_scales_that_differ_have_no_squared_error():
    study, tables = world(9)
    study = Study(study.clips, study.ratings.assign(axis="quality"))
    found = compare(study, tables, axis_map={"MI": "quality"}, draws=20)
    row = row_of(found, "MSE")
    assert math.isnan(row["difference"])
    assert math.isnan(row["p"])
    assert "unknown" in row["note"]
    assert row["axis"] == "quality"


def test_bootstrap_p():
    assert bootstrap_p(np.ones(999)) == pytest.approx(0.002)
    assert bootstrap_p(np.array([-1.0] * 50 + [1.0] * 949)) == pytest.approx(2 * 51 / 1000)
    assert bootstrap_p(np.zeros(10)) == 1
    assert bootstrap_p(np.array([np.nan, 1.0, 1.0, 1.0])) == 0.5
    assert math.isnan(bootstrap_p(np.empty(0)))


# In words


def row(**changes):
    base = {"axis": "PQ", "level": "system", "metric": "SRCC", "first": "ours", "second": "theirs", "first_value": 0.97}
    base |= {"second_value": 0.85, "difference": 0.12, "low": 0.03, "high": 0.2, "p": 0.004, "p_holm": 0.012}
    base |= {"tests": 3, "p_williams": 0.001, "better": "ours", "clips": 300, "systems": 30, "note": ""}
    return base | changes


def test_a_claim_names_winner_numbers_and_correction():
    assert claim(row()) == (
        "PQ: ours agrees better with people than theirs over 30 systems: SRCC 0.970 against 0.850, "
        "difference 0.120 (95 % interval 0.030 to 0.200, p = 0.012 after Holm's correction for 3 tests)."
    )


def test_a_claim_is_held_back():
    assert "no difference between ours and theirs can be claimed" in claim(row(better="", p_holm=0.3, low=-0.03))
    assert "−0.030" in claim(row(better="", p_holm=0.3, low=-0.03))
    assert "does not show that they are equal" in claim(row(better="", p_holm=0.3))
    assert claim(row(systems=4)).endswith("With 4 systems this is a hint, not a finding.")
    assert claim(row(p_williams=0.2)).endswith("Williams' test does not confirm it (p = 0.2).")
    assert "Holm" not in claim(row(tests=1))
    assert "simulated listeners" in claim(row(), kind="simulated")
    assert claim(row(difference=math.nan, note="constant predictions: no order to compare")) == (
        "PQ: ours and theirs cannot be compared over 30 systems: constant predictions: no order to compare."
    )
    assert claim(row(metric="TOP1", p=math.nan)).endswith("not tested.")
    assert "300 clips" in claim(row(level="utterance"))


def test_sentences_begin_with_systems():
    study, tables = world(5, systems=30, noise=(0.2, 3.0))
    system, utterance = compare(study, tables, draws=100).sentences()
    assert "p0 agrees better with people than p1 over 30 systems" in system
    assert "300 clips" in utterance
