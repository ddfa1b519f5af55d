"""Preferences: A/B, arenas and best-worst become votes of a study, and come back from its folder."""

# ruff: noqa: E501 - a row of a table is a case
from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from qamro.studies import Study, StudyError
from qamro.studies.importers import Options, guess_and_read

RAW = {
    "uuid": "u", "prompt_user": {"salted_ip": "zz"}, "a_metadata": {"system_key": {"system_tag": "S"}},
    "b_metadata": {"system_key": {"system_tag": "T"}}, "a_audio_url": "https://x/a.mp3", "b_audio_url": "https://x/b.mp3",
    "vote": {"preference": "TIE", "preference_time": 1},
}  # fmt: skip
RECORD = {
    "user_pseudonym": "p",
    "audio_a": "a.mp3",
    "system_a": "S",
    "audio_b": "b.mp3",
    "system_b": "T",
    "duration_a": 3,
}
FORMS: dict[str, tuple[object, list[list[str]]]] = {
    "systems and a shared item": (
        "session_id,system_a,system_b,item,winner\ns1,A,B,u1,a\ns1,B,A,u1,a\ns1,A,C,u2,=\n",
        [["A/u1", "B/u1", "A", "B", "s1", "a"], ["B/u1", "A/u1", "B", "A", "s1", "a"], ["A/u2", "C/u2", "A", "C", "s1", "tie"]],
    ),
    "winners by name, in both orders": (
        "prompt,model_a,model_b,winner\np1,X,Y,X\np1,Y,X,X\np2,X,Y,model_b\n",
        [["X/p1", "Y/p1", "X", "Y", "", "a"], ["Y/p1", "X/p1", "Y", "X", "", "b"], ["X/p2", "Y/p2", "X", "Y", "", "b"]],
    ),
    "clips by number": (
        "listener,sample_1,sample_2,preferred\nl,a.wav,b.wav,b.wav\nl,a.wav,c.wav,1\nl,b.wav,c.wav,neither\n",
        [["a.wav", "b.wav", "", "", "l", "b"], ["a.wav", "c.wav", "", "", "l", "a"], ["b.wav", "c.wav", "", "", "l", "both_bad"]],
    ),
    "Music Arena, published": (
        [RECORD | {"preference": "A"}, RECORD | {"preference": "BOTH_BAD"}],
        [["a.mp3", "b.mp3", "S", "T", "p", "a"], ["a.mp3", "b.mp3", "S", "T", "p", "both_bad"]],
    ),
    "Music Arena, a log": (RAW, [["https://x/a.mp3", "https://x/b.mp3", "S", "T", "zz", "tie"]]),
    "best and worst": (
        "listener,clip_1,clip_2,clip_3,best,worst\nl,a.wav,b.wav,c.wav,b.wav,c.wav\n",
        [["a.wav", "b.wav", "", "", "l", "b"], ["a.wav", "c.wav", "", "", "l", "a"], ["b.wav", "c.wav", "", "", "l", "a"]],
    ),
}  # fmt: skip


def write(tmp_path, content, name="votes"):
    path = tmp_path / (f"{name}.csv" if isinstance(content, str) else f"{name}.json")
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FORMS)
def test_votes_are_read_and_come_back(tmp_path, name):
    content, expected = FORMS[name]
    study, layout, problem = guess_and_read(write(tmp_path, content))
    assert study is not None, problem
    assert layout.form == "preferences"
    columns = ["clip_a", "clip_b", "system_a", "system_b", "rater", "winner"]
    assert study.votes[columns].to_numpy().tolist() == expected
    assert study.ratings.empty
    assert not study.has_raters
    study.save(tmp_path / "saved")
    again = Study.load(tmp_path / "saved")
    pd.testing.assert_frame_equal(again.votes, study.votes)
    assert guess_and_read(tmp_path / "saved")[0].votes.equals(study.votes)


NUMBERS = {
    "CMOS": ("item,system_a,system_b,rating\nu1,A,B,2\nu2,A,B,-1\nu3,A,B,0\n", ["+"]),
    "0 and 1": ("item,system_a,system_b,winner\nu1,A,B,0\nu2,A,B,1\nu3,B,A,1\n", ["0", "1"]),
    "0, 1 and 2": ("item,algo1,algo2,chosen_algo\nu1,A,B,0\nu2,A,B,1\nu3,B,A,2\n", ["0", "1", "2"]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_that_may_be_for_either_side_are_asked_about(tmp_path, kind):
    """P.800's comparisons count for the second sound, others for the first; 0 may be a place, a no or a tie."""
    content, words = NUMBERS[kind]
    path = write(tmp_path, content)
    study, _, problem = guess_and_read(path)
    assert study is None
    assert "Two readings are possible" in problem
    found = []
    for way in problem.split("which is right: ")[1].split("; or "):
        said = re.findall(r"--answer '?([^ ']+)'?", way)
        assert {answer.split("=")[0] for answer in said} == set(words)
        study, _, problem = guess_and_read(path, Options.parse(answer=said))
        assert study is not None, problem
        found.append(study.votes["winner"].tolist())
    assert found[0] != found[1]


def test_logs_one_a_file_are_one_study(tmp_path):
    for number in range(3):
        write(tmp_path, RAW | {"uuid": str(number)}, f"battle{number}")
    study, _, problem = guess_and_read(tmp_path)
    assert study is not None, problem
    assert len(study.votes) == 3


def test_a_vote_for_nobody_is_named(tmp_path):
    study, _, problem = guess_and_read(write(tmp_path, "system_a,system_b,item,winner\nA,B,u,a\nA,B,v,Z\n"))
    assert study is None
    assert "row 2, column 'winner': 'Z' is none of a, b, tie, both_bad, A, B" in problem
    assert "--rows 'winner!=Z'" in problem


@pytest.mark.parametrize("winner", ["c", "", "A"])
def test_a_study_knows_only_four_winners(winner):
    clips, ratings = pd.DataFrame({"clip": ["a", "b"]}), pd.DataFrame({"clip": [], "axis": [], "score": []})
    votes = pd.DataFrame({"clip_a": ["a"], "clip_b": ["b"], "winner": [winner]})
    with pytest.raises(StudyError, match="votes row 1, column 'winner'"):
        Study(clips, ratings, votes=votes)
    with pytest.raises(StudyError, match="column 'clip_b'"):
        Study(clips, ratings, votes=votes.assign(clip_b="z", winner="a"))


def test_ratings_of_several_clips_are_no_votes(tmp_path):
    study, _, problem = guess_and_read(write(tmp_path, "clip,rater,score,answer_a\na.wav,r,3,x\nb.wav,r,4,y\n"))
    assert study is not None, problem
    assert study.votes is None
