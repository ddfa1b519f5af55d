"""read_ratings: every form is recognised by itself, and what is not one is refused with the known forms."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from qamro.studies import Study, StudyError
from qamro.studies.importers import read_ratings

JSONL = {
    "data_path": "/your_path/PAM/human_eval/audio/real/x.wav",
    "Production_Quality": [1, 2],
    "Production_Complexity": [3, 4],
    "Content_Enjoyment": [0, 0],
    "Content_Usefulness": [5, 6],
}


def test_each_form_is_recognised(tmp_path):
    files = {
        "long.csv": "clip,rater,axis,score\na,r,MI,3\n",
        "reordered.csv": "score,axis,clip\n3,MI,a\n",
        "list.txt": "a-S001_P001.wav,2.4,3.4\n",
        "ratings.jsonl": json.dumps(JSONL),
        "bom.jsonl": "\ufeff\n" + json.dumps(JSONL) + "\n\n",
        "codec.csv": 'signal,condition,ratings,participant_ids,file\ns,c,"[1.0]","[2]",stim/x.wav\n',
        "answers.csv": "USER_ID,SONG_ID,GUESS,RATING,TIME\n1,1,0,3,1000\n",
        "means.csv": "sample_id,data_path,Production_Quality,Production_Complexity,Content_Enjoyment,"
        "Content_Usefulness\nx,/your_path/EARS/p001/a.wav,1,2,3,4\n",
    }
    axes = {}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        axes[name] = read_ratings(tmp_path / name).axes
    four = ["PQ", "PC", "CE", "CU"]
    assert axes == {
        "long.csv": ["MI"],
        "reordered.csv": ["MI"],
        "list.txt": ["MI", "TA"],
        "ratings.jsonl": four,
        "bom.jsonl": four,
        "codec.csv": ["quality"],
        "answers.csv": ["quality"],
        "means.csv": four,
    }


def test_a_folder_is_a_study(tmp_path):
    clips = pd.DataFrame({"clip": ["a"], "system": ["s"]})
    Study(clips, pd.DataFrame({"clip": ["a"], "axis": ["beauty"], "score": [7]}), name="own").save(tmp_path)
    for path in (tmp_path, str(tmp_path), tmp_path / "ratings.csv"):
        study = read_ratings(path)
        assert (study.name, study.axes, study.systems) == ("own", ["beauty"], ["s"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is empty\. Known forms: a folder or zip of clips\.csv"),
        (b"\n \n", "is empty"),
        (b"hello world\n", r"no ratings in a known form; its first line is 'hello world'\. Known forms"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x81\xff", "is not a table of text"),
        (b"clip,rater,axis\na,b,MI\n", "has no column of ratings, such as 'score'; it has clip, rater, axis"),
        (b"clip,rater,axis,score\na,b,MI,four\n", "row 1, column 'score': 'four' is not a finite number"),
        (b'{"data_path": \n', "line 1: not JSON"),
    ],
)
def test_what_is_no_ratings_file_is_refused(tmp_path, content, message):
    file = tmp_path / "f.csv"
    file.write_bytes(content)
    with pytest.raises(StudyError, match=message) as caught:
        read_ratings(file)
    assert str(file) in str(caught.value)


def test_nothing_there_and_a_folder_of_something_else(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        read_ratings(tmp_path / "none.csv")
    with pytest.raises(StudyError, match="holds no ratings in a known form"):
        read_ratings(tmp_path)


def test_the_published_files_have_their_published_counts(shared):
    expected = {
        "AES_PAM.jsonl": (1000, 9, 40_000),
        "AES_natural_speech.jsonl": (950, 0, 38_000),
        "AES_natural_music.jsonl": (1000, 0, 40_000),
        "AES_natural_sound.jsonl": (1000, 0, 40_000),
        "audiomos2025_track2_human_annotations.jsonl": (3060, 36, 122_400),
        "musiceval_train_mos_list.txt": (1634, 31, 3268),
        "musiceval_dev_mos_list.txt": (289, 31, 578),
        "audiomos2025-track2-train_list.csv": (2700, 0, 10_800),
        "audiomos2025-track2-dev_list.csv": (250, 0, 1000),
    }
    for name, counts in expected.items():
        study = read_ratings(shared / "data" / "annotations" / name)
        assert (len(study.clips), len(study.systems), len(study.ratings)) == counts
        assert not study.has_raters
