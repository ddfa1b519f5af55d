from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation import METRICS, NoCommonAxis, NothingMatched, PredictionsError, evaluate
from qamro.evaluation.align import sample_of
from qamro.studies import Study
from tests.studies.extracts import track2_clips, write_aesthetics, write_musiceval
from tests.studies.made import random_study

from . import oracles
from .data import AXES, TRACK2, study_of, track2


def make_study(seed=0, systems=9, clips=6, raters=4, axes=("MI", "quality")):
    rng = np.random.default_rng(seed)
    names = [f"s{s}_{c}.wav" for s in range(systems) for c in range(clips)]
    table = pd.DataFrame({"clip": names, "system": [f"sys{s}" for s in range(systems) for _ in range(clips)]})
    rows = []
    for i, name in enumerate(names):
        for axis in axes:
            true = 1 + 3 * (i // clips) / systems + rng.normal(0, 0.5)
            rows += [(name, f"r{r}", axis, round(true + rng.normal(0, 0.5))) for r in range(raters)]
    return Study(table, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]), name="made up")


def predictions_for(study, axis, seed=1, column=None):
    rng = np.random.default_rng(seed)
    means = study.clip_means()
    means = means[means["axis"] == axis].reset_index(drop=True)
    return pd.DataFrame(
        {"clip": means["clip"].to_numpy(), column or axis: means["mean"] + rng.normal(0, 0.4, len(means))}
    )


def cell(result, metric, level="system", column="value"):
    table = result.table
    return table.loc[(table["metric"] == metric) & (table["level"] == level), column].item()


def test_values_are_the_oracles_on_clips_and_on_system_means():
    study = make_study()
    result = evaluate(study, predictions_for(study, "MI"), draws=50)
    assert result.table.columns.tolist() == [
        "axis",
        "level",
        "metric",
        "value",
        "low",
        "high",
        "clips",
        "systems",
        "hint",
        "note",
    ]
    assert result.table["metric"].tolist() == list(METRICS) * 2
    clips = result.clips
    by_system = clips.groupby("system")[["predicted", "human"]].mean()
    for key in METRICS:
        expected = oracles.ALL[key](clips["predicted"].tolist(), clips["human"].tolist())
        assert cell(result, key, "utterance") == pytest.approx(expected, abs=1e-12)
        expected = oracles.ALL[key](by_system["predicted"].tolist(), by_system["human"].tolist())
        assert cell(result, key, "system") == pytest.approx(expected, abs=1e-12)
    assert (result.table["clips"] == 54).all()
    assert (result.table["systems"] == 9).all()
    event = result.table["metric"] == "TOP1"
    assert (result.table["low"] <= result.table["high"])[~event].all()
    assert result.table.loc[event, ["low", "high"]].isna().all(axis=None)
    assert result.table["axis"].unique().tolist() == ["MI"]


def test_tables_of_clips_and_systems():
    study = make_study()
    result = evaluate(study, predictions_for(study, "MI"), draws=200)
    assert result.clips.columns.tolist() == ["clip", "system", "axis", "human", "human_sem", "count", "predicted"]
    assert (result.clips["count"] == 4).all()
    means = study.clip_means().query("axis == 'MI'").set_index("clip")
    assert result.clips["human"].tolist() == means["mean"].loc[result.clips["clip"]].tolist()
    assert result.clips["human_sem"].tolist() == means["sem"].loc[result.clips["clip"]].tolist()
    systems = result.systems.set_index("system")
    assert systems["clips"].tolist() == [6] * 9
    expected = study.system_means().query("axis == 'MI'").set_index("system")["mean"]
    np.testing.assert_allclose(systems["human"], expected.loc[systems.index])
    for side in ("human", "predicted"):
        assert ((systems[f"{side}_low"] <= systems[side]) & (systems[side] <= systems[f"{side}_high"])).all()


def test_the_same_seed_gives_the_same_table_and_draws_may_be_left_out():
    study = make_study()
    table = predictions_for(study, "MI")
    once, again = (evaluate(study, table, draws=60, seed=5).table for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    none = evaluate(study, table, draws=0)
    assert none.table["low"].isna().all()
    pd.testing.assert_series_equal(none.table["value"], once["value"])


def test_everything_in_common_by_default_and_only_what_was_asked():
    study = make_study()
    table = predictions_for(study, "MI").merge(predictions_for(study, "quality"), on="clip").assign(other=1.0)
    assert evaluate(study, table, draws=0).table["axis"].unique().tolist() == ["MI", "quality"]
    assert evaluate(study, table, axes=["quality"], draws=0).table["axis"].unique().tolist() == ["quality"]
    with pytest.raises(NoCommonAxis, match="no column 'PQ': the predictions' columns are clip, MI, quality, other"):
        evaluate(study, table, axes=["PQ"], draws=0)
    with pytest.raises(NoCommonAxis, match="nobody rated 'other'"):
        evaluate(study, table, axes=["other"], draws=0)
    with pytest.raises(NoCommonAxis, match="share no axis; name a pair"):
        evaluate(study, table[["clip", "other"]], draws=0)


def test_axes_of_different_names():
    study = make_study()
    table = predictions_for(study, "quality", column="MI")
    result = evaluate(study, table, axis_map={"MI": "quality"}, draws=30)
    assert result.table["axis"].unique().tolist() == ["MI~quality"]
    assert cell(result, "SRCC") > 0.5
    assert math.isnan(cell(result, "MSE"))
    assert math.isnan(cell(result, "MSE", column="low"))
    assert "the scale of quality is unknown" in cell(result, "MSE", column="note")
    assert result.clips["axis"].unique().tolist() == ["MI~quality"]


def test_no_distance_between_known_scales_that_differ():
    study = make_study(axes=("PQ", "TA"))
    table = predictions_for(study, "PQ", column="MI")
    result = evaluate(study, table, axis_map={"MI": "PQ"}, draws=0)
    assert "MI is on 1 to 5, PQ on 1 to 10" in cell(result, "MSE", column="note")
    same = evaluate(study, table, axis_map={"MI": "TA"}, draws=0)
    assert cell(same, "MSE") > 0


def test_what_could_not_be_matched_is_counted():
    study = make_study()
    table = predictions_for(study, "MI").iloc[3:]
    table = pd.concat([table, pd.DataFrame({"clip": ["stranger"], "MI": [3.0]})])
    result = evaluate(study, table, draws=0)
    assert result.matched == 51
    assert result.unmatched_predictions == ["stranger"]
    assert result.unmatched_ratings == ["s0_0.wav", "s0_1.wav", "s0_2.wav"]
    assert (result.table["clips"] == 51).all()


def test_nothing_matched_names_both_sides():
    study = make_study()
    with pytest.raises(NothingMatched, match=r"2 predictions, for example 'x', 'y'; 54 rated clips, .*'s0_0.wav'"):
        evaluate(study, pd.DataFrame({"clip": ["x", "y"], "MI": [1.0, 2.0]}))


def test_missing_predictions_and_ratings_are_left_out_and_counted():
    study = make_study()
    ratings = study.ratings[~((study.ratings["clip"] == "s1_1.wav") & (study.ratings["axis"] == "MI"))]
    study = Study(study.clips, ratings)
    table = predictions_for(make_study(), "MI")
    table.loc[[0, 5], "MI"] = [np.nan, np.nan]
    result = evaluate(study, table, draws=20)
    assert cell(result, "LCC", column="clips") == 51
    assert result.table["note"].str.contains("clips left out: 2 without a prediction, 1 not rated").all()
    assert len(result.clips) == 51


def test_a_score_that_is_no_number_is_named():
    study = make_study()
    table = predictions_for(study, "MI").astype(object)
    table.loc[2, "MI"] = "good"
    with pytest.raises(PredictionsError, match="row 3, column 'MI': 'good' is not a number"):
        evaluate(study, table)
    table.loc[2, "MI"] = ""
    assert evaluate(study, table, draws=0).table["clips"].iloc[0] == 53


def test_constant_predictions_are_nan_with_the_reason():
    study = make_study()
    table = predictions_for(study, "MI").assign(MI=3.0)
    result = evaluate(study, table, draws=20)
    for key in ("LCC", "SRCC", "KTAU", "ACC", "ACC_EQ", "TOP1"):
        for level in ("utterance", "system"):
            assert math.isnan(cell(result, key, level))
            assert cell(result, key, level, "note") == "constant predictions: no order to compare"
    assert cell(result, "MSE") > 0


def test_without_systems_the_clips_are_still_compared():
    study = make_study()
    study = Study(study.clips.assign(system=""), study.ratings)
    table = predictions_for(study, "MI")
    result = evaluate(study, table, draws=40)
    assert not math.isnan(cell(result, "SRCC", "utterance", "low"))
    assert math.isnan(cell(result, "SRCC", "system"))
    assert cell(result, "SRCC", "system", "note") == "no systems are named"
    assert result.systems.empty
    named = evaluate(study, table.assign(system=[name[:2] for name in table["clip"]]), draws=0)
    assert cell(named, "SRCC", "system", "systems") == 9


def test_clips_without_a_system_stay_out_of_the_system_level():
    study = make_study()
    study = Study(study.clips.assign(system=study.clips["system"].replace("sys0", "")), study.ratings)
    result = evaluate(study, predictions_for(study, "MI"), draws=20)
    assert cell(result, "SRCC", "utterance", "clips") == 54
    assert cell(result, "SRCC", "system", "clips") == 48
    assert "6 clips without a system left out" in cell(result, "SRCC", "system", "note")


def test_few_systems_are_called_few():
    study = make_study(systems=4)
    result = evaluate(study, predictions_for(study, "MI"), draws=40)
    assert "4 systems: the interval is rough" in cell(result, "LCC", "utterance", "note")
    one = evaluate(make_study(systems=1), predictions_for(make_study(systems=1), "MI"), draws=40)
    assert cell(one, "SRCC", "system", "note") == "1 system is too few for an order"


def test_a_value_outside_its_interval_is_said_to_be():
    """A good predictor of many systems: at system level, drawing clips again is most of the noise."""
    rng = np.random.default_rng(0)
    clips = pd.DataFrame({"clip": [f"c{i}" for i in range(1080)], "system": [f"s{i // 30}" for i in range(1080)]})
    system, clip = np.repeat(rng.normal(size=36), 30), rng.normal(size=1080)
    study = Study(clips, clips[["clip"]].assign(axis="MI", score=system + clip + 0.6 * rng.normal(size=1080)))
    predicted = system + 0.9 * clip + 0.4 * rng.normal(size=1080)
    table = evaluate(study, clips[["clip"]].assign(MI=predicted), draws=100).table
    outside = (table["value"] < table["low"] - 1e-9) | (table["value"] > table["high"] + 1e-9)
    assert outside[table["level"] == "system"].any()
    assert (table["note"].str.contains("outside its interval") == outside).all()


def test_a_single_clip_of_a_system_has_no_interval():
    study = make_study(clips=1)
    result = evaluate(study, predictions_for(study, "MI"), draws=30)
    assert result.systems["human_low"].isna().all()
    assert result.systems["human"].notna().all()


def test_json_round_trip():
    study = make_study(systems=1)
    result = evaluate(study, predictions_for(study, "MI"), draws=20)
    told = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert told["matched"] == 6
    assert told["matched_by"] == {"clip name": 6}
    row = next(row for row in told["metrics"] if row["metric"] == "SRCC" and row["level"] == "system")
    assert row["value"] is None
    assert row["note"]
    assert {"metric", "low", "high", "clips", "systems"} <= row.keys()
    assert told["interval"] == {
        "method": "cluster bootstrap, percentile",
        "level": 0.95,
        "draws": 20,
        "drawn": ["systems", "clips"],
    }


def test_published_lists_of_different_splits_do_not_match(tmp_path):
    mos, table = (pd.read_csv(p, header=None, names=["clip", "MI", "TA"]) for p in write_musiceval(tmp_path))
    long = mos.melt("clip", var_name="axis", value_name="score")
    with pytest.raises(NothingMatched, match="20 predictions, .*S001_P9000.*; .* rated clips"):
        evaluate(Study(mos[["clip"]], long), table)


def test_ratings_with_an_axis_of_their_own():
    study = random_study()
    means = study.clip_means()
    means = means[means["axis"] == "quality"]
    half = means.assign(clip=[name.removesuffix(".wav") + ".mp3" for name in means["clip"]], quality=means["mean"])
    result = evaluate(study, half[["clip", "quality"]], draws=20)
    assert result.match.how == {"stem": len(means)}
    assert cell(result, "SRCC", "utterance") == 1.0
    assert sample_of(result.clips).targets.size == len(means) > 20


def halves_in_turn(clips, scores, axis, splits):
    """Random halves of ten anonymous ratings; one predicts the other, the whole way from ratings to table."""
    rng = np.random.default_rng(0)
    for _ in range(splits):
        shuffled = rng.permuted(scores[axis], axis=1)
        study = study_of(clips, {axis: shuffled[:, :5]})
        table = pd.DataFrame({"clip": clips["clip"], axis: shuffled[:, 5:].mean(axis=1)})
        result = evaluate(study, table, draws=0)
        yield shuffled, (cell(result, "SRCC", "utterance"), cell(result, "SRCC", "system"))


def test_half_of_the_raters_as_the_predictor_is_a_loop_over_halves(tmp_path):
    clips, scores = track2(write_aesthetics(tmp_path / "r.jsonl", track2_clips(systems=9, clips=12)))
    for axis in AXES.values():
        for shuffled, found in halves_in_turn(clips, scores, axis, 3):
            halves = pd.DataFrame({"one": shuffled[:, :5].mean(axis=1), "other": shuffled[:, 5:].mean(axis=1)})
            systems = halves.groupby(clips["system"]).mean()
            expected = [stats.spearmanr(table["one"], table["other"])[0] for table in (halves, systems)]
            assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("axis", "utterance", "system"),
    [("PQ", 0.775, 0.987), ("PC", 0.852, 0.974), ("CE", 0.816, 0.989), ("CU", 0.807, 0.993)],
)
def test_half_of_the_raters_as_the_predictor_reaches_the_published_ceiling(shared, axis, utterance, system):
    clips, scores = track2(shared / TRACK2)
    found = [srcc for _, srcc in halves_in_turn(clips, scores, axis, 4)]
    assert np.mean(found, axis=0) == pytest.approx([utterance, system], abs=0.01)


@pytest.mark.parametrize(("shift", "scale", "apart"), [(0, 1, False), (0, 20, True), (-9, 1, True), (5, 1, False)])
def test_predictions_wholly_beyond_the_ratings_ask_for_the_scale(shift, scale, apart):
    clips = pd.DataFrame({"clip": list("abcdefgh"), "path": "", "system": list("ssttuuvv"), "prompt": ""})
    mos = np.array([1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5])
    study = Study(clips, pd.DataFrame({"clip": clips["clip"], "rater": "r", "axis": "quality", "score": mos}))
    predictions = pd.DataFrame({"clip": clips["clip"], "quality": mos * scale + shift + (5 if scale > 1 else 0)})
    table = evaluate(study, predictions, draws=5).table
    mse = table[table["metric"] == "MSE"]
    assert mse["note"].str.contains("on one scale?", regex=False).eq(apart).all()
    assert not table.loc[table["metric"] != "MSE", "note"].str.contains("one scale").any()
