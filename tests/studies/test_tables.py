"""Checks of the two tables: what is accepted, and that each complaint names the row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qamro.studies import StudyError
from qamro.studies.tables import check_clips, check_ratings

CLIPS = pd.DataFrame({"clip": ["a", "b"]})


def ratings(**columns) -> pd.DataFrame:
    return pd.DataFrame({"clip": ["a", "b"], "axis": "MI", "score": [1.0, 2.0]} | columns)


def test_clips_get_their_columns_in_order_and_further_ones_stay():
    clean = check_clips(pd.DataFrame({"year": [1999], "clip": [7], "prompt": [None]}, index=[42]))
    assert list(clean.columns) == ["clip", "path", "system", "prompt", "year"]
    assert clean.loc[0].tolist() == ["7", "", "", "", 1999]


def test_every_kind_of_missing_is_empty_text():
    frame = pd.DataFrame({"clip": ["a", "b", "c", "d"], "system": [None, np.nan, pd.NA, "s"], "path": np.nan})
    clean = check_clips(frame.assign(prompt=pd.Categorical(["p", None, "p", None])))
    assert clean["system"].tolist() == ["", "", "", "s"]
    assert clean["path"].tolist() == [""] * 4
    assert clean["prompt"].tolist() == ["p", "", "p", ""]


@pytest.mark.filterwarnings("error")
def test_missing_text_raises_no_warning_of_pandas():
    check_clips(pd.DataFrame({"clip": ["a"], "path": [np.nan]}))


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"file": ["a"]}), "clips table lacks the column 'clip'; it has file"),
        (pd.DataFrame(), "lacks the column 'clip'; it has none"),
        (pd.DataFrame({"clip": ["a", " "]}), "clips row 2: the column 'clip' is empty"),
        (pd.DataFrame({"clip": ["a", "b", "a"]}), "clips row 3: clip 'a' stands twice"),
        (pd.DataFrame({"clip": [1, 1]}), "clips row 2: clip '1' stands twice"),
    ],
)
def test_bad_clips(frame, message):
    with pytest.raises(StudyError, match=message):
        check_clips(frame)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (ratings().drop(columns="axis"), "ratings table lacks the column 'axis'; it has clip, score"),
        (ratings(axis=["MI", ""]), "ratings row 2: the column 'axis' is empty"),
        (ratings(clip=["a", None]), "ratings row 2: the column 'clip' is empty"),
        (ratings(score=["1", "four"]), r"ratings row 2 \(clip 'b'\): score 'four' is not a finite number"),
        (ratings(score=[1, np.nan]), "ratings row 2 .*score 'nan' is not a finite number"),
        (ratings(score=[np.inf, 1]), "ratings row 1 .*score 'inf'"),
        (ratings(clip=["a", "c"]), r"ratings row 2: clip 'c' is not in the clips table \(1 such rows\)"),
        (ratings(mean_of=[5, 0]), "ratings row 2: mean_of is 0"),
        (ratings(mean_of=[5, 2.5]), "ratings row 2: mean_of is 2.5"),
        (ratings(mean_of=[None, 5]), "ratings row 1 .*mean_of 'nan' is not a finite number"),
    ],
)
def test_bad_ratings(frame, message):
    with pytest.raises(StudyError, match=message):
        check_ratings(frame, CLIPS)


def test_scores_become_floats_and_further_columns_stay():
    clean = check_ratings(ratings(score=["1", " 2.5 "], rater=[3, None], seconds=[1, 2]), CLIPS)
    assert clean["score"].tolist() == [1.0, 2.5]
    assert clean["rater"].tolist() == ["3", ""]
    assert list(clean.columns) == ["clip", "rater", "axis", "score", "seconds"]
