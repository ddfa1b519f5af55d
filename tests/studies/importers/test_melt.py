"""The long CSV: what belongs to the clip and what to the rating, and errors that name row and column."""

from __future__ import annotations

import pytest

from qamro.studies import StudyError
from qamro.studies.importers import read_ratings as read


def write(tmp_path, text, name="listening test.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_find_their_table(tmp_path):
    text = (
        "rater,clip,axis,score,system,path,ms\nr1,a,MI,4,s1,a.wav,10\nr2,a,MI,3,s1,a.wav,20\nr1,b,beauty,-7.5,s2,,5\n"
    )
    study = read(write(tmp_path, text))
    assert study.name == "listening test"
    assert study.clips.to_dict("records") == [
        {"clip": "a", "path": "a.wav", "system": "s1", "prompt": ""},
        {"clip": "b", "path": "", "system": "s2", "prompt": ""},
    ]
    assert list(study.ratings.columns) == ["clip", "rater", "axis", "score", "ms"]
    assert study.ratings["score"].tolist() == [4, 3, -7.5]
    assert study.audio_path("a") == tmp_path / "a.wav"
    assert study.has_raters


def test_rater_may_be_missing(tmp_path):
    study = read(write(tmp_path, "clip,axis,score\na,MI,4\n"))
    assert study.ratings["rater"].tolist() == [""]


def test_a_mean_says_of_how_many(tmp_path):
    study = read(write(tmp_path, "clip,axis,score,mean_of\na,MI,4.2,5\n"))
    assert study.clip_means()["count"].tolist() == [5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip,axis,rater\na,MI,r\n", "has no column of ratings, such as 'score'; it has clip, axis, rater"),
        ("clip,axis,score\na,MI,inf\n", "row 1, column 'score': 'inf'"),
        ("clip,axis,score\na,,4\nb,MI,4\n", "row 1: the column 'axis' is empty"),
        ("clip,axis,score\na b, c,MI,4\n", "row 1: 4 cells where 3 are expected .*double quotes"),
        ("clip,axis,score\na,MI\n", "row 1: 2 cells where 3"),
        ("clip,axis,score,mean_of\na,MI,4,0\n", "mean_of is 0"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    with pytest.raises(StudyError, match=message):
        read(write(tmp_path, text))


def test_text_with_commas_quotes_and_line_breaks(tmp_path):
    study = read(write(tmp_path, 'clip,axis,score,prompt\n"a,b",MI,4,"say ""hi""\nagain"\n'))
    assert study.clips.loc[0, ["clip", "prompt"]].tolist() == ["a,b", 'say "hi"\nagain']


def test_a_cell_without_an_answer_is_left_out_and_counted(tmp_path):
    study = read(write(tmp_path, "clip,axis,score\na,MI,4\n\nb,MI,\n"))
    assert study.ratings["clip"].tolist() == ["a"]
    assert study.about["notes"] == ["1 empty cells were left out as not rated"]


def test_one_name_under_two_systems_is_two_clips(tmp_path):
    study = read(write(tmp_path, "clip,axis,score,system\na,MI,4,s\na,TA,3,t\n"))
    assert study.clips[["clip", "system"]].to_numpy().tolist() == [["s/a", "s"], ["t/a", "t"]]
    assert study.ratings["clip"].tolist() == ["s/a", "t/a"]


def test_what_varies_within_a_clip_is_a_note_about_the_rating(tmp_path):
    text = "clip,rater,score,prompt,genre\na,r1,4,x,jazz\na,r2,3,y,jazz\nb,r1,2,z,rock\n"
    study = read(write(tmp_path, text))
    assert study.ratings["prompt (as found)"].tolist() == ["x", "y", "z"]
    assert study.clips["genre"].tolist() == ["jazz", "rock"]
