"""Training on studies that lack something: each is told what, and what to do; the rest is trained on."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.cli.rated_tones import save_noisy_tones
from tests.studies.extracts import write_pam

QUICK = ("--epochs", 1, "--seeds", 1)
TRAIN = ("train", "--out", "heads", *QUICK)
SWEEP = ("sweep", "--betas", "1,7", "--folds", 3, "--out", "swept", *QUICK)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tones").mkdir()
    return save_noisy_tones(tmp_path / "tones", clips=24)


@pytest.mark.parametrize("verb", [TRAIN, SWEEP, ("reproduce", "table1", "--out", "made", *QUICK)])
def test_a_study_without_any_audio_says_where_it_belongs(run, folder, verb):
    for clip in folder.glob("*.wav"):
        clip.unlink()
    result = run(*verb, "--study", folder)
    assert result.exit_code == 2, result.output
    assert "is here without its audio (0 of 24 clips; looked for" in result.stderr
    assert str(folder / "c0.wav") in result.stderr
    assert "the column path of the clips table" in result.stderr


@pytest.mark.parametrize("verb", [TRAIN, SWEEP])
def test_a_published_study_without_audio_says_how_to_get_it(run, folder, tmp_path, verb):
    source = write_pam(tmp_path / "copy", clips=24).parent
    assert run("studies", "fetch", "aes_pam", "--from", source).exit_code == 0
    result = run(*verb, "--study", "aes_pam")
    assert result.exit_code == 2, result.output
    assert "aes_pam is here without its audio (0 of 24 clips" in result.stderr
    assert "python -m qamro studies fetch aes_pam" in result.stderr


@pytest.mark.parametrize("verb", [TRAIN, SWEEP])
def test_clips_that_cannot_be_read_are_counted_and_the_first_named(run, folder, verb):
    for number in range(13):
        (folder / f"c{number}.wav").write_text("no sound")
    result = run(*verb, "--study", folder)
    assert result.exit_code == 0, result.output
    assert "13 of 24 clips cannot be read and are left out:" in result.stdout
    assert result.stdout.count("is not sound that can be read") == 10
    assert "  and 3 more" in result.stdout


@pytest.mark.parametrize("verb", [TRAIN, SWEEP])
def test_a_study_without_ratings_says_so(run, folder, verb):
    ratings = pd.read_csv(folder / "ratings.csv")
    ratings.iloc[:0].to_csv(folder / "ratings.csv", index=False)
    result = run(*verb, "--study", folder)
    assert result.exit_code == 2, result.output
    assert "holds no ratings; there is nothing to train on" in result.stderr


@pytest.mark.parametrize("verb", [TRAIN, SWEEP])
def test_textual_alignment_without_prompts_says_what_is_missing(run, folder, verb):
    ratings = pd.read_csv(folder / "ratings.csv")
    ratings.assign(axis="TA").to_csv(folder / "ratings.csv", index=False)
    result = run(*verb, "--study", folder)
    assert result.exit_code == 2, result.output
    assert "rates TA, which needs the clips' prompts" in result.stderr


def test_what_is_undefined_on_one_system_is_said(run, folder):
    clips = pd.read_csv(folder / "clips.csv")
    clips.assign(system="S1").to_csv(folder / "clips.csv", index=False)
    result = run(*TRAIN, "--study", folder)
    assert result.exit_code == 0, result.output
    assert "MI: system SRCC undefined on 1 held-out system," in result.stdout
