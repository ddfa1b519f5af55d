"""Audiobox-Aesthetics JSON lines: four axes, anonymous ratings, systems from the paths, zeros kept."""

from __future__ import annotations

import json

import numpy as np
import pytest

from qamro.studies import StudyError
from qamro.studies.importers.forms.audiobox import AXIS_OF, describe, read
from tests.studies.extracts import pam_clips, track2_clips, write_aesthetics


def line(path="a.wav", **change):
    return json.dumps({"data_path": path} | {name: [1.0, 2.0, 3.0] for name in AXIS_OF} | change)


def test_every_rating_is_a_row_without_a_rater(tmp_path):
    file = tmp_path / "r.jsonl"
    file.write_text(line("x/a.wav", Content_Enjoyment=[0, 10, 0]) + "\n" + line("x/b.wav") + "\n")
    study = read(file)
    assert len(study.ratings) == 2 * 4 * 3
    assert set(study.ratings["rater"]) == {""}
    mine = study.ratings.query("clip == 'x/a.wav' and axis == 'CE'")
    assert mine["score"].tolist() == [0, 10, 0]
    assert study.out_of_range().to_dict("list") == {"axis": ["CE"], "score": [0], "count": [2]}


@pytest.mark.parametrize(
    ("path", "clip", "system", "source"),
    [
        ("/your_path/PAM/human_eval/audio/audiogen_m/i_1.wav", "audiogen_m/i_1.wav", "audiogen_m", "i_1.wav"),
        ("/your_path/PAM/human_eval/music/real/-T4G.wav", "real/-T4G.wav", "real", "-T4G.wav"),
        ("audiomos2025-track2-sys0v1wm-utt0dJodp", "audiomos2025-track2-sys0v1wm-utt0dJodp", "sys0v1wm", ""),
        ("/your_path/unbalanced_train_segments/audio/-6F.flac", "unbalanced_train_segments/audio/-6F.flac", "", ""),
        ("/your_path/MUSDB18/test/A - B/bass.wav", "MUSDB18/test/A - B/bass.wav", "", ""),
        ("/home/me/song.wav", "/home/me/song.wav", "", ""),
    ],
)
def test_clip_and_system_from_the_path(path, clip, system, source):
    found = describe(path)
    assert (found["clip"], found["system"], found["source"]) == (clip, system, source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ('{"data_path": "a"}\n', "line 1: 'Production_Quality' is missing or is not a list"),
        (line(Content_Usefulness=3.5), "line 1: 'Content_Usefulness' is missing or is not a list"),
        (line(Content_Usefulness=[]), "'Content_Usefulness' is missing or is not a list"),
        (line() + "\n" + line("b", Production_Quality=[1, "x"]), "line 2: 'Production_Quality' holds 'x'"),
        (line(Production_Quality=[True]), "holds True"),
        (line(Production_Quality=[float("nan")]), "holds nan"),
        (line() + "\n\nnot json", "line 3: not JSON"),
        ('["data_path"]', "line 1: there is no 'data_path'"),
        ('{"data_path": 3}', "line 1: there is no 'data_path'"),
        (line() + "\n" + line(), "stands twice"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    file = tmp_path / "r.jsonl"
    file.write_text(text)
    with pytest.raises(StudyError, match=message):
        read(file)


@pytest.mark.parametrize("clips", [pam_clips(), track2_clips(systems=6, clips=5)])
def test_counts_and_means_are_those_of_the_json(tmp_path, clips):
    """Straight from the JSON, by another route."""
    file = write_aesthetics(tmp_path / "r.jsonl", clips)
    raw = [json.loads(row) for row in file.read_text().splitlines()]
    study = read(file)
    zeros = sum(score == 0 for row in raw for key in AXIS_OF for score in row[key])
    assert study.out_of_range()["count"].sum() == zeros > 0
    assert set(study.out_of_range()["score"]) == {0.0}
    means = study.clip_means().pivot(index="clip", columns="axis", values="mean").loc[study.clips["clip"]]
    for key, axis in AXIS_OF.items():
        assert means[axis].to_numpy() == pytest.approx(np.array([row[key] for row in raw]).mean(axis=1))
    assert set(study.clip_means()["count"]) == {10}


def test_pam_has_nine_systems_one_of_them_real(tmp_path):
    study = read(write_aesthetics(tmp_path / "r.jsonl", pam_clips(contents=5)))
    sizes = study.clips["system"].value_counts()
    assert len(sizes) == 9
    assert sizes["real"] == 10
    assert set(sizes.drop("real")) == {5}
    assert study.clips["source"].nunique() == 10


def test_systems_of_track_two_stand_in_its_names(tmp_path):
    study = read(write_aesthetics(tmp_path / "r.jsonl", track2_clips(systems=6, clips=5)))
    assert study.clips["system"].value_counts().tolist() == [5] * 6
    assert study.clips["system"].tolist() == [system for _, system in track2_clips(systems=6, clips=5)]
