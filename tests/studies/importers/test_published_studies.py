"""codec_mushra and lstm_music as published, against the same studies in long form."""

from __future__ import annotations

import pandas as pd
import pytest

from qamro.studies import Study, StudyError
from qamro.studies.importers.forms import codec_mushra, lstm_music
from tests.studies.extracts import write_codec, write_survey


def test_codec_mushra_equals_its_long_form(tmp_path):
    folder = write_codec(tmp_path)
    ours = codec_mushra.read(folder / "published" / codec_mushra.FILE)
    long = Study.load(folder)
    as_long = ours.ratings["clip"].str.replace("/", "_").str.replace(".wav", ".flac", regex=False)
    key = ["clip", "rater", "axis", "score"]
    pd.testing.assert_frame_equal(
        ours.ratings.assign(clip=as_long)[key].sort_values(key, ignore_index=True),
        long.ratings[key].sort_values(key, ignore_index=True),
    )
    assert ours.clips["system"].tolist() == long.clips["system"].tolist()
    assert ours.clips["source"].tolist() == long.clips["source"].tolist()
    assert len(ours.missing_audio()) == 128
    assert ours.about["notes"] == ["16 rated stimuli (the anchor) have no published audio and are left out"]


def test_lstm_music_equals_its_long_form_but_for_answers_without_a_rating(tmp_path):
    folder = write_survey(tmp_path)
    ours = lstm_music.read(folder / "published" / lstm_music.FILE)
    long = Study.load(folder)
    rated = long.ratings[long.ratings["score"] != -1]
    key = ["clip", "rater", "axis", "score", "guess", "listened_ms"]
    pd.testing.assert_frame_equal(
        ours.ratings[key].sort_values(key, ignore_index=True),
        rated[key].astype({"listened_ms": float}).sort_values(key, ignore_index=True),
    )
    assert ours.about["notes"] == ["26 answers without a rating (-1) are left out"]
    systems = long.clips.set_index("clip")["system"]
    assert ours.clips.set_index("clip")["system"].to_dict() == systems.to_dict()
    assert ours.clip_means()["mean"].between(0, 5).all()


HEADER = "signal,condition,ratings,participant_ids,file\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('s,c,"[1.0, 2.0]","[3]",x.wav', "row 2: 2 ratings by 1 participants"),
        ('s,c,oops,"[3]",x.wav', "row 2, column 'ratings': 'oops' is not a list of numbers"),
        ('s,c,"[NaN]","[3]",x.wav', "row 2, column 'ratings'"),
        ('s,c,"[1]",{},x.wav', "row 2, column 'participant_ids'"),
        ('s,c,"[1]","[3]",ok.wav', "stands twice"),
    ],
)
def test_codec_faults_are_named(tmp_path, row, message):
    file = tmp_path / "r.csv"
    file.write_text(HEADER + 's,c,"[1]","[2]",ok.wav\n' + row + "\n")
    with pytest.raises(StudyError, match=message):
        codec_mushra.read(file)


def test_survey_systems_at_their_borders(tmp_path):
    file = tmp_path / "answers.csv"
    songs = (1, 24, 25, 52, 53, 76, 77, 104)
    file.write_text("USER_ID,SONG_ID,GUESS,RATING,TIME\n" + "\n".join(f"9,{n},0,5,1" for n in songs))
    study = lstm_music.read(file)
    assert study.clips["system"].tolist() == [
        "human-multi", "human-multi", "human-single", "human-single",
        "lstm-multi", "lstm-multi", "lstm-single", "lstm-single",
    ]  # fmt: skip
    assert study.clips["path"].tolist()[-1] == "Samples/104.mp3"


@pytest.mark.parametrize(
    ("row", "message"), [("1,105,0,3,9", "row 1: there is no song 105"), ("1,1,0,good,9", "row 1, column 'RATING'")]
)
def test_survey_faults_are_named(tmp_path, row, message):
    file = tmp_path / "answers.csv"
    file.write_text("USER_ID,SONG_ID,GUESS,RATING,TIME\n" + row)
    with pytest.raises(StudyError, match=message):
        lstm_music.read(file)
