from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation import NothingMatched, evaluate
from qamro.evaluation.evaluate import evaluate_groups, group_columns
from qamro.evaluation.worst_cases import largest_disagreements, most_divided, rank_inversions
from qamro.studies import Study


def make(seed=0):
    rng = np.random.default_rng(seed)
    clips = pd.DataFrame([(f"s{s}c{c}", f"s{s}", ["jazz", "rock"][c % 2]) for s in range(6) for c in range(8)])
    clips.columns = ["clip", "system", "genre"]
    rows = [(clip, r, "MI", rng.integers(1, 6)) for clip in clips["clip"] for r in ("a", "b", "c")]
    study = Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]))
    return study, pd.DataFrame({"clip": clips["clip"], "MI": rng.normal(300, 50, len(clips))})


def test_disagreements_are_of_ranks():
    study, table = make()
    evaluation = evaluate(study, table, draws=0)
    found = largest_disagreements(evaluation, "MI", n=48)
    assert len(found) == 48
    assert (found["disagreement"].abs().diff().dropna() <= 1e-12).all()
    merged = evaluation.clips.set_index("clip")
    for row in found.to_dict("records"):
        for side in ("human", "predicted"):
            below = (merged[side] < row[side]).sum()
            ties = (merged[side] == row[side]).sum()
            assert row[f"{side}_rank"] == pytest.approx((below + (ties - 1) / 2) / 47)
    assert len(largest_disagreements(evaluation, "MI", n=3)) == 3


def test_inversions_are_pairs_in_the_wrong_order():
    study, table = make(1)
    evaluation = evaluate(study, table, draws=0)
    found = rank_inversions(evaluation, "MI")
    systems = evaluation.systems.set_index("system")
    expected = {
        (a, b)
        for a, b in itertools.permutations(systems.index, 2)
        if systems.loc[a, "human"] > systems.loc[b, "human"]
        and systems.loc[a, "predicted"] < systems.loc[b, "predicted"]
    }
    assert set(zip(found["better"], found["worse"], strict=True)) == expected
    assert found["human_gap"].is_monotonic_decreasing
    perfect = study.clip_means()[["clip", "mean"]].rename(columns={"mean": "MI"})
    assert rank_inversions(evaluate(study, perfect, draws=0), "MI").empty


def test_divided_clips():
    study, _ = make()
    found = most_divided(study, "MI", n=5)
    spread = study.ratings.groupby("clip")["score"].std()
    assert found["sd"].tolist() == pytest.approx(spread.sort_values(ascending=False).head(5).tolist())
    one = Study(study.clips, study.ratings.drop_duplicates("clip"))
    assert most_divided(one, "MI").empty


def test_groups():
    study, table = make()
    assert group_columns(study) == ["genre"]
    found = evaluate_groups(study, table, "genre", draws=10)
    assert found.columns[0] == "group"
    assert found.groupby("group")["clips"].first().to_dict() == {"jazz": 24, "rock": 24}
    jazz = study.clips["genre"] == "jazz"
    part = Study(study.clips[jazz], study.ratings[study.ratings["clip"].isin(study.clips.loc[jazz, "clip"])])
    expected = evaluate(part, table, draws=10).table
    pd.testing.assert_frame_equal(
        found[found["group"] == "jazz"].drop(columns="group").reset_index(drop=True), expected
    )


def test_groups_without_clips_are_left_out():
    study, table = make()
    rock = study.clips.loc[study.clips["genre"] == "rock", "clip"]
    found = evaluate_groups(study, table[table["clip"].isin(rock)], "genre", draws=0)
    assert found["group"].unique().tolist() == ["rock"]
    with pytest.raises(KeyError, match="no column 'mood'"):
        evaluate_groups(study, table, "mood")
    with pytest.raises(NothingMatched):
        evaluate_groups(study, table.assign(clip="x" + table["clip"]), "genre")
