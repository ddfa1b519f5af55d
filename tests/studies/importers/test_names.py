"""Column names by words: what each says a column is."""

# ruff: noqa: E501 - a row of a table is a case
from __future__ import annotations

import pytest

from qamro.studies.importers.names import (
    is_quality,
    is_rater,
    role_of,
    sound_in,
    split_headers,
)
from qamro.studies.importers.words import words_of

ROLES = {
    "clip": "clip|Filename|sample_id|filename_deg|wav_name|utteranceId|stimFile|Input.audio_url|Datei|nom_fichier|archivo|文件名",
    "rater": "listener_name|listener_pseudonym|IDListener|WorkerId|ResponseId|session_uuid|USER_ID|Hörer|oyente|auditeur|评分者",
    "system": "systemId|ConditionID|model|Methode|sistema|模型",
    "rating": "score|MOS|Answer.naturalness|slider.response|user_rating|choice|Bewertung|puntuación|评分|rating_score",
    "private": "participant_email|Email Address|E-Mail-Adresse|genderListener|listener_age|IPAddress|first name|Alter|edad|年龄|name",
    "never": "rating_time|slider.rt|StartDate|Progress|Finished|WorkTimeInSeconds|score_std|95% CI|Rank|trials.thisN|frameRate|"
    "sample_rate|Duration (in seconds)|Timestamp|Zeitstempel|time_elapsed|lastpage",
    "mean_of": "n|# Votes|votes|num_ratings|mean_of|Anzahl votes",
    "prediction": "mos_pred|UTMOS|predicted_mos|noi_pred",
    "source": "sentenceId|trial_id|content",
}


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in ROLES.items() for name in names.split("|")])
def test_a_name_says_what_a_column_is(role, name):
    assert role_of(name) == role


@pytest.mark.parametrize("name", ["foo", "thing", "MI", "naturalness", "Overall Coherence", "anna", "", "1"])
def test_a_name_that_says_nothing_or_names_an_axis_or_rater(name):
    assert role_of(name) == ""


def test_names_are_cut_into_words():
    assert words_of("IDListener") == ("id", "listener")
    assert words_of("filename_deg") == ("file", "name", "deg")
    assert words_of("Höreralter") == ("horer", "alter")
    assert words_of("listenerid") == ("listener", "id")


def test_qualities_and_raters_are_told_apart():
    assert all(map(is_quality, ["SIG", "warmth", "Noisiness", "Musical impression", "自然度", "Verständlichkeit"]))
    assert not any(map(is_quality, ["anna", "r1", "foo", "playcount", "file"]))
    assert all(map(is_rater, ["r1", "listener_07", "3", "anna", "Hörer 2", "vote_1", "subject 12"]))
    assert not any(map(is_rater, ["warmth", "MI", "foo", "score"]))


def test_headers_of_axis_and_rater():
    assert split_headers(["MI_r1", "MI_r2"]) == {"MI_r1": ("MI", "r1"), "MI_r2": ("MI", "r2")}
    assert split_headers(["ann.warmth", "ben.warmth"]) == {
        "ann.warmth": ("warmth", "ann"),
        "ben.warmth": ("warmth", "ben"),
    }
    assert split_headers(["MI.p_7", "TA.p_7"]) == {"MI.p_7": ("MI", "p_7"), "TA.p_7": ("TA", "p_7")}
    assert split_headers(["Overall Coherence", "Overall Musicality"]) == {}


@pytest.mark.parametrize(
    ("text", "clip"),
    [("How is clip01.wav?", "clip01.wav"), ("Rate: - snd/a-b_c.mp3 please", "snd/a-b_c.mp3"), ("no sound. Really", "")],
)
def test_the_sound_file_in_a_question(text, clip):
    assert sound_in(text) == clip
