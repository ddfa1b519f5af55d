from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation import METRICS, NoCommonAxis, NothingMatched, evaluate
from qamro.evaluation.bootstrap import Bootstrap
from qamro.evaluation.significance import bootstrap_p, claim, compare, holm, williams
from qamro.evaluation.significance.compare import corrected
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
    assert "p = 0.0498 after" in claim(row(p_holm=0.0498)), "0.05 would be no claim"
    assert "p = 0.05 after" in claim(row(better="", p_holm=0.05))
    assert "300 clips" in claim(row(level="utterance"))
    assert "rough" not in claim(row(level="utterance"))
    assert claim(row(level="utterance", systems=4)).endswith("is rough: it draws systems, and there are 4.")


def claimed(sentence):
    """Who stands first and second in a claim or in its denial, and the numbers in their order."""
    names = re.search(r": (?:no difference between )?(\S+) (?:agrees better with people than|and) (\S+) ", sentence)
    found = re.search(r"(−?[\d.]+) against (−?[\d.]+), difference (−?[\d.]+)", sentence)
    ends = re.search(r"interval (−?[\d.]+) to (−?[\d.]+)", sentence)
    numbers = [float(text.replace("−", "-")) for text in (*found.groups(), *(ends.groups() if ends else ()))]
    return names.groups(), numbers


@pytest.mark.parametrize("metric", METRICS)
def test_numbers_difference_and_interval_stand_in_the_order_of_the_names(metric):
    """Random rows of both orders, ties among them: a sentence is held against the table's own row."""
    rng = np.random.default_rng(list(METRICS).index(metric))
    better_is_higher, seen, rows = METRICS[metric].higher_is_better, set(), []
    for _ in range(200):
        first, second = rng.permutation(["ours", "theirs"])
        one, other = np.round(rng.uniform(-1, 1, 2), 1 if rng.random() < 0.3 else 3)
        gap = one - other
        given = {"axis": "MI", "level": "utterance", "metric": metric, "first": first, "second": second}
        given |= {"first_value": one, "second_value": other, "difference": gap, "low": gap - rng.uniform(0, 0.4)}
        given |= {"high": gap + rng.uniform(0, 0.4), "p": float(rng.choice([1e-6, 0.2])), "p_williams": math.nan}
        rows.append(given | {"clips": 90, "systems": 9, "hint": False, "note": ""})
    for record in corrected(rows).to_dict("records"):
        first, winner = record["first"], record["better"]
        values = {first: record["first_value"], record["second"]: record["second_value"]}
        names, (one, other, difference, bottom, top) = claimed(claim(record))
        seen.add((winner == first, winner == record["second"]))
        np.testing.assert_allclose([one, other], [values[names[0]], values[names[1]]], atol=6e-4)
        assert abs(difference - (one - other)) < 1.1e-3
        low, high = record["low"], record["high"]
        np.testing.assert_allclose([bottom, top], (low, high) if names[0] == first else (-high, -low), atol=6e-4)
        if winner:
            assert names[0] == winner
            assert (values[winner] > values[names[1]]) == better_is_higher
            assert not low <= 0 <= high
    assert seen == {(True, False), (False, True), (False, False)}


@pytest.mark.parametrize("metric", ["MSE", "SRCC"])
@pytest.mark.parametrize("turned", [False, True])
def test_sentence_of_real_data_has_each_predictors_own_number(metric, turned):
    study, tables = world(5, systems=30, noise=(0.2, 3.0))
    tables = dict(reversed(tables.items())) if turned else tables
    found = compare(study, tables, draws=100)
    alone = {name: evaluate(study, table, draws=0).table for name, table in tables.items()}
    for sentence, level in zip(found.sentences(metric), ("system", "utterance"), strict=True):
        names, numbers = claimed(sentence)
        assert names == ("p0", "p1")
        for name, number in zip(names, numbers, strict=False):
            rows = alone[name][(alone[name]["metric"] == metric) & (alone[name]["level"] == level)]
            assert number == pytest.approx(rows["value"].item(), abs=6e-4)
        assert numbers[3] < numbers[2] < numbers[4]


def test_a_tie_and_draws_that_lean_the_other_way_have_no_winner():
    sure = row(p=0.001, difference=0.0, first_value=0.9, second_value=0.9)
    leaning = row(p=0.001, difference=0.02, low=-0.3, high=-0.1)
    unknown = row(p=0.001, difference=0.02, low=math.nan, high=math.nan)
    added = ("better", "p_holm", "tests")
    rows = [{key: cell for key, cell in each.items() if key not in added} for each in (sure, leaning, unknown)]
    for metric in METRICS:
        assert (corrected([each | {"metric": metric, "hint": False} for each in rows])["better"] == "").all()


@pytest.mark.parametrize("systems", [1, 2])
def test_of_two_systems_nothing_is_said_about_their_order(systems):
    study, tables = world(4, systems=systems, clips=12)
    found = compare(study, tables, draws=60)
    table = found.table[(found.table["level"] == "system") & (found.table["metric"] != "MSE")]
    assert table[["first_value", "second_value", "difference", "low", "high", "p"]].isna().all(axis=None)
    assert table["note"].str.contains("too few for an order").all()
    assert table["hint"].all()
    assert f"cannot be compared over {systems} system{'s' * (systems > 1)}" in found.sentences()[0]


@pytest.mark.parametrize(("systems", "few"), [(3, True), (7, True), (8, False)])
def test_three_to_seven_systems_are_a_hint_in_tables_and_sentences(systems, few):
    study, tables = world(4, systems=systems, clips=12, noise=(0.05, 5.0))
    found = compare(study, tables, draws=200)
    rows = found.table[found.table["level"] == "system"]
    assert (rows["hint"] == few).all()
    assert rows["note"].str.contains("a hint").eq(few).all()
    for sentence in found.sentences():
        if "agrees better" in sentence and "systems:" in sentence:
            assert ("a hint, not a finding" in sentence) == few
    alone = evaluate(study, tables["p0"], draws=60)
    system = alone.table[alone.table["level"] == "system"]
    assert (system["hint"] == few).all()
    assert system["note"].str.contains("a hint").eq(few).all()
    assert [entry["hint"] for entry in alone.as_dict()["metrics"] if entry["level"] == "system"] == [few] * len(METRICS)


def test_one_found_or_not_has_no_interval():
    study, tables = world(5, systems=5)
    found = compare(study, tables, draws=60).table
    assert found.loc[found["metric"] == "TOP1", ["low", "high", "p"]].isna().all(axis=None)


def test_predictors_pair_their_axes_one_by_one():
    study, tables = world(6)
    study = Study(study.clips, study.ratings.assign(axis="quality"))
    named = {"a": tables["p0"].rename(columns={"MI": "quality"}), "b": tables["p1"]}
    with pytest.raises(NoCommonAxis, match="b: it has no column 'quality'; it scores MI; .* pair them.* b:MI=quality"):
        compare(study, named, draws=5)
    plain = compare(study, {"a": named["a"], "b": tables["p1"].rename(columns={"MI": "quality"})}, draws=20).table
    for maps in ({"own_maps": {"b": {"MI": "quality"}}}, {"axis_map": {"MI": "quality"}}):
        found = compare(study, named, draws=20, **maps).table
        rest = found["metric"] != "MSE"  # the scale of MI is not known to be that of quality
        pd.testing.assert_frame_equal(found[rest], plain[rest])
    with pytest.raises(NoCommonAxis, match="there is no predictor 'c'"):
        compare(study, named, own_maps={"c": {"MI": "quality"}})
    with pytest.raises(NoCommonAxis, match="b: it has no column 'TA'"):
        compare(study, named, own_maps={"b": {"TA": "quality"}})
    both = {"a": named["a"], "b": tables["p1"].assign(TA=1.0)}
    with pytest.raises(NoCommonAxis, match="MI and TA both stand for quality"):
        compare(study, both, axis_map={"MI": "quality", "TA": "quality"})


def test_sentences_begin_with_systems():
    study, tables = world(5, systems=30, noise=(0.2, 3.0))
    system, utterance = compare(study, tables, draws=100).sentences()
    assert "p0 agrees better with people than p1 over 30 systems" in system
    assert "300 clips" in utterance
