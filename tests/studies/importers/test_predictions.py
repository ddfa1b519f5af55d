"""read_predictions: our score tables, any CSV with a column clip, answer files without a header."""

from __future__ import annotations

import math

import pytest

from qamro.studies import StudyError
from qamro.studies.importers import read_predictions
from qamro.studies.importers.predictions import score_columns
from tests.studies.extracts import write_musiceval


def write(tmp_path, text):
    path = tmp_path / "scores.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_score_table_of_ours(tmp_path):
    text = (
        "clip,path,system,prompt,MI,TA,MI_low,MI_high,TA_low,TA_high,source_MI,source_TA,seconds,error\n"
        "a.wav,/x/a.wav,s,a waltz,3.5,,3,4,,,simulated: x,not scored,10.0,\n"
        "007,/x/007,s,,,,,,,,,,,no such file\n"
    )
    table = read_predictions(write(tmp_path, text))
    assert table["clip"].tolist() == ["a.wav", "007"]
    assert table["MI"].iloc[0] == 3.5
    assert math.isnan(table["MI"].iloc[1])
    assert table["TA"].isna().all()
    assert table["error"].tolist() == ["", "no such file"]
    assert score_columns(table) == ["MI", "TA"]


def test_any_csv_with_clips_and_axes_of_its_own(tmp_path):
    table = read_predictions(write(tmp_path, "comment,clip,beauty\ngood,a,1\n,b,-2.5\n"))
    assert score_columns(table) == ["beauty"]
    assert table["comment"].tolist() == ["good", ""]


def test_an_axis_called_low_is_an_axis(tmp_path):
    table = read_predictions(write(tmp_path, "clip,how_low\na,1\n"))
    assert score_columns(table) == ["how_low"]


def test_the_answer_form_without_a_header(tmp_path):
    table = read_predictions(write(tmp_path, "x-S001_P007,3.65,4.06\nx-S001_P012,3.4,4.0"))
    assert list(table.columns) == ["clip", "MI", "TA"]
    assert table["TA"].tolist() == [4.06, 4.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("what,MI\na,1\n", "has no column 'clip'; it has what, MI"),
        ("clip,MI\na,1\nb,high\n", "row 2, column 'MI': 'high' is not a finite number"),
        ("clip,MI\na,inf\n", "row 1, column 'MI': 'inf' is not a finite number"),
        ("clip,MI\na,1\na,2\n", "row 2: clip 'a' stands twice"),
        ("clip,MI\na,1\n,2\n", "row 2, column 'clip' is empty"),
        ("clip,comment\na,good\n", "has no column of scores; it has clip, comment"),
        ("a,1,2\nb,1\n", "row 2: 2 cells where 3"),
        ("a,1,2\nb,1,x\n", "row 2, column 'TA': 'x'"),
        ("a,1,2,3,4\n", "has no column 'clip'"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(StudyError, match=message) as caught:
        read_predictions(path)
    assert str(path) in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_predictions(tmp_path / "none.csv")


def test_an_answer_file_without_a_header(tmp_path):
    _, answer = write_musiceval(tmp_path)
    table = read_predictions(answer)
    rows = [line.split(",") for line in answer.read_text().split()]
    assert table[["clip", "MI", "TA"]].to_numpy().tolist() == [[clip, float(a), float(b)] for clip, a, b in rows]


def test_tables_of_other_peoples_models(tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text("wav_name;MOS\na.wav;3,25\nb.wav;4\n")
    table = read_predictions(path)
    assert table.to_dict("records") == [{"clip": "a.wav", "MOS": 3.25}, {"clip": "b.wav", "MOS": 4.0}]
    path.write_text("file,track,MOS\na,b,3\n")
    with pytest.raises(StudyError, match="no column 'clip'"):
        read_predictions(path)
