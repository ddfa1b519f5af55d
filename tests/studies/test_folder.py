"""A study's folder: what is saved is loaded again, and what cannot be loaded is named."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from qamro.studies import Study, StudyError

from .made import random_study


def test_save_and_load_round_trip(tmp_path):
    study = random_study()
    study.about = {"licence": "CC BY 4.0", "note": "Größe, 音"}
    study.kind = "simulated"
    back = Study.load(study.save(tmp_path / "a" / "b"))
    pd.testing.assert_frame_equal(back.clips, study.clips)
    pd.testing.assert_frame_equal(back.ratings, study.ratings)
    assert (back.name, back.kind, back.about) == ("random", "simulated", study.about)
    assert back.root == tmp_path / "a" / "b"


def test_awkward_text_survives_a_round_trip(tmp_path):
    names = [
        '=cmd|"x"!A1',
        "-T4GeTHKtJQ.wav",
        "a,b\nc.wav",
        "NA",
        "007",
        "[red]x[/red]",
        "été.wav",
        "tab\tand\rreturn",
        " blanks ",
    ]
    clips = pd.DataFrame({"clip": names, "prompt": 'say "hi", twice', "year": "2020"})
    ratings = pd.DataFrame({"clip": names, "rater": "01", "axis": "MI", "score": 0.1 + 0.2, "listened_ms": 12})
    back = Study.load(Study(clips, ratings).save(tmp_path))
    assert back.clips["clip"].tolist() == names
    assert set(back.clips["prompt"]) == {'say "hi", twice'}
    assert back.ratings["score"].tolist() == [0.1 + 0.2] * len(names)
    assert set(back.ratings["rater"]) == {"01"}
    assert back.ratings["listened_ms"].tolist() == [12] * len(names)


def test_saved_paths_still_find_their_files(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "audio").mkdir(parents=True)
    (home / "audio" / "a.wav").write_bytes(b"x")
    clips = pd.DataFrame({"clip": ["a", "b"], "path": ["audio/a.wav", ""]})
    ratings = pd.DataFrame({"clip": ["a"], "axis": ["MI"], "score": [1]})
    study = Study(clips, ratings, root=home)

    elsewhere = Study.load(study.save(tmp_path / "elsewhere"))
    assert elsewhere.missing_audio() == ["b"]
    same = Study.load(study.save(home))
    assert same.clips["path"].tolist() == ["audio/a.wav", ""]

    monkeypatch.chdir(home)
    without_root = Study.load(Study(clips, ratings).save(tmp_path / "third"))
    assert without_root.missing_audio() == ["b"]
    inside = Study.load(Study(clips, ratings).save(home))
    assert inside.clips["path"].tolist() == ["audio/a.wav", ""]


def test_load_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no clips\.csv"):
        Study.load(tmp_path)
    (tmp_path / "clips.csv").write_text("clip\na\n")
    with pytest.raises(FileNotFoundError, match=r"holds no ratings\.csv"):
        Study.load(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("ratings.csv", "clip,axis\na,MI\n", r"ratings\.csv has no column 'score'; it has clip, axis"),
        ("ratings.csv", "clip,axis,score\na,MI,\n", r"row 1 \(clip 'a'\): score '' is not a finite number"),
        ("ratings.csv", "clip,axis,score\na,MI,3\nz,MI,3\n", r"row 2: clip 'z' is not in the clips table"),
        ("ratings.csv", "clip,axis,score\na,MI,3,4\n", r"ratings\.csv, row 1: 4 cells where 3"),
        ("ratings.csv", "", r"ratings\.csv is empty"),
        ("clips.csv", "clip\na\na\n", "clips row 2: clip 'a' stands twice"),
        ("clips.csv", "clip;path\na;b\n", "no column 'clip'.*separate columns by commas"),
        ("clips.csv", "clip,path,path\na,b,c\n", "two columns named 'path'"),
        ("study.json", "{", r"study\.json is not valid"),
        ("study.json", "[]", r"study\.json is not valid"),
        ("study.json", '{"kind": "robot"}', "'human' or 'simulated'"),
    ],
)
def test_load_names_the_file_and_the_fault(tmp_path, file, text, message):
    (tmp_path / "clips.csv").write_text("clip\na\n")
    (tmp_path / "ratings.csv").write_text("clip,axis,score\na,MI,3\n")
    (tmp_path / file).write_text(text)
    with pytest.raises(StudyError, match=message) as caught:
        Study.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_tables_that_are_not_text_are_refused(tmp_path):
    (tmp_path / "clips.csv").write_bytes(b"RIFF\x00\xff\xfe\x81")
    (tmp_path / "ratings.csv").write_text("clip,axis,score\na,MI,3\n")
    with pytest.raises(StudyError, match=r"clips\.csv is not a table of text"):
        Study.load(tmp_path)


def test_a_byte_order_mark_and_blank_lines_are_no_obstacle(tmp_path):
    (tmp_path / "clips.csv").write_bytes("\ufeffclip,path\r\n\r\na,\r\n".encode())
    (tmp_path / "ratings.csv").write_text("\n clip , axis,score,,\na, MI , 3,,\n")
    study = Study.load(tmp_path)
    assert study.clips["clip"].tolist() == ["a"]
    assert study.ratings[["axis", "score"]].to_numpy().tolist() == [["MI", 3.0]]


def test_the_two_real_studies(shared: Path):
    for name, clips, systems, ratings, raters in (
        ("codec_mushra", 128, 8, 1216, 19),
        ("lstm_music", 104, 4, 2930, 293),
    ):
        study = Study.load(shared / "data" / "studies" / name)
        assert (study.name, len(study.clips), len(study.systems)) == (name, clips, systems)
        assert (len(study.ratings), study.ratings["rater"].nunique()) == (ratings, raters)
        assert study.axes == ["quality"]
        assert study.missing_audio() == []
        assert study.clip_means()["count"].sum() == ratings


def test_json_of_odd_notes(tmp_path):
    study = random_study()
    study.about = {"where": Path("x"), "when": pd.Timestamp("2024-01-01")}
    study.save(tmp_path)
    assert json.loads((tmp_path / "study.json").read_text())["about"]["where"] == "x"
