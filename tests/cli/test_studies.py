"""studies: list, fetch from a local copy, show."""

from __future__ import annotations

import pandas as pd
import pytest

from qamro.studies import Study
from qamro.studies.registry import DATASETS, open_study
from tests.studies.extracts import write_aes_natural


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def survey(tmp_path):
    """The survey as published, in small: three songs, one of them with its recording."""
    folder = tmp_path / "Survey"
    (folder / "Samples").mkdir(parents=True)
    (folder / "Samples" / "1.mp3").write_bytes(b"x")
    rows = ["USER_ID,SONG_ID,GUESS,RATING,TIME", "7,1,0,5,900", "7,60,1,2,900", "8,1,2,-1,900", "8,104,1,3,900"]
    (folder / "answers.csv").write_text("\n".join(rows))
    return tmp_path


def test_list_names_every_study_with_its_licence(run):
    result = run("studies", "list")
    assert result.exit_code == 0
    for name, data in DATASETS.items():
        assert name in result.stdout
        assert data.licence in result.stdout
        assert f"to pass on: {data.to_pass_on}" in result.stdout
    assert "simulated listeners; no evidence about people" in result.stdout
    assert "on this machine\n" not in result.stdout.replace("made on this machine", "")


def test_fetch_from_a_local_copy_then_show(run, survey):
    fetched = run("studies", "fetch", "lstm_music", "--from", survey)
    assert fetched.exit_code == 0, fetched.output
    assert "no audio for 2 of 3 clips, for example 60.mp3" in fetched.stderr
    assert "3 clips, 3 systems, 3 ratings; each rating has a rater" in fetched.stdout
    assert "1 answers without a rating (-1) are left out" in fetched.stdout
    assert "lstm_music on this machine" in run("studies", "list").stdout
    shown = run("studies", "show", "lstm_music")
    assert shown.exit_code == 0
    assert "licence: GPL-3.0" in shown.stdout
    assert DATASETS["lstm_music"].revision in shown.stdout
    study = open_study("lstm_music")
    assert study.audio_path("1.mp3").read_bytes() == b"x"
    assert study.name == "lstm_music"


def test_fetching_again_from_another_copy_replaces_the_study(run, survey, tmp_path):
    run("studies", "fetch", "lstm_music", "--from", survey)
    clips = pd.DataFrame({"clip": ["1.mp3"]})
    Study(clips, pd.DataFrame({"clip": ["1.mp3"], "axis": ["quality"], "score": [4]})).save(tmp_path / "saved")
    assert run("studies", "fetch", "lstm_music", "--from", tmp_path / "saved").exit_code == 0
    assert len(open_study("lstm_music").ratings) == 1


def test_show_reports_what_is_off_the_scale(run, tmp_path):
    (tmp_path / "r.csv").write_text("clip,axis,score\na,PQ,0\na,PQ,7\nb,[red]own[/x],99\n")
    result = run("studies", "show", tmp_path / "r.csv")
    assert result.exit_code == 0, result.output
    assert "off the scale of PQ and kept as found: 0 (1 time)" in result.stdout
    assert "[red]own[/x]" in result.stdout
    assert "anonymous ratings" in result.stdout


def test_show_says_that_means_are_means(run, tmp_path):
    (tmp_path / "list.txt").write_text("x-S001_P001.wav,2.4,3.4\n")
    assert "means only, no single ratings" in run("studies", "show", tmp_path / "list.txt").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["fetch", "nope"], 2, "there is no study 'nope'; choose one of aes_natural"),
        (["fetch", "lstm_music", "--from", "/no/such/folder"], 2, "there is no folder"),
        (["fetch", "lstm_music", "--from", "."], 2, "holds no answers.csv"),
        (["fetch", "lstm_music", "--from", ".", "--map", "EARS=x"], 2, "lstm_music has no path map"),
        (["fetch", "aes_natural", "--map", "EARS"], 2, "'EARS' is not a pair"),
        (["show", "lstm_music"], 2, "python -m qamro studies fetch lstm_music"),
        (["show", "nope"], 2, "no file, folder or study nope"),
        (["nope"], 2, "No such command"),
    ],
)
def test_what_cannot_be_done_is_said(run, tmp_path, monkeypatch, arguments, code, message):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = run("studies", *arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr


def test_aes_natural_with_a_path_map(run, tmp_path):
    ears = tmp_path / "ears" / "p001"
    ears.mkdir(parents=True)
    (ears / "emo_contentment_sentences.wav").write_bytes(b"x")
    folder = write_aes_natural(tmp_path / "ratings")
    result = run("studies", "fetch", "aes_natural", "--from", folder, "--map", f"EARS={tmp_path / 'ears'}")
    assert result.exit_code == 0, result.output
    assert "no audio for 5 of 6 clips" in result.stderr
    assert "EARS: 1 of 2 missing" in result.stdout
    assert "LibriTTS: 1 of 1 missing  https://openslr.org/60/" in result.stdout


def test_missing_audio_that_can_be_downloaded_says_how(run, survey):
    fetched = run("studies", "fetch", "lstm_music", "--from", survey)
    assert "Its audio is downloaded by: python -m qamro studies fetch lstm_music" in fetched.stdout
    assert "python -m qamro studies fetch lstm_music" in run("studies", "show", "lstm_music").stdout
