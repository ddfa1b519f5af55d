"""The registry: every study is described in full, and opens by name."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from qamro.axes import axis_order
from qamro.studies import Study
from qamro.studies.importers.published import read_published
from qamro.studies.registry import DATASETS, get_dataset, open_study
from tests.studies.extracts import write_codec, write_survey


def test_the_studies():
    assert list(DATASETS) == [
        "aes_natural", "aes_pam", "aime", "audioeval", "audiomos2025_track2", "codec_mushra", "lstm_music",
        "music_arena_2026",        "musiceval", "musicprefs", "relate", "singmos_pro", "songeval", "xacle",
    ]  # fmt: skip


@pytest.mark.parametrize("data", DATASETS.values(), ids=lambda data: data.name)
def test_every_description_is_whole(data):
    assert all((data.title, data.licence, data.citation, data.holds, data.to_pass_on))
    assert data.page.startswith("https://")
    assert list(data.axes) == axis_order(list(data.axes))
    assert data.files or data.obtain
    assert data.counts
    assert data.axes or data.pairs
    for file in data.files:
        assert file.url.startswith("https://")
        assert not file.sha256 or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        if "github" in file.url:
            assert data.revision in file.url
            assert re.fullmatch(r"[0-9a-f]{40}", data.revision)
            assert file.sha256
            assert file.bytes
    assert len({file.path for file in data.files}) == len(data.files)


def test_checksums_are_those_of_the_published_files(shared):
    known = {file.path.rsplit("/", 1)[-1]: file for data in DATASETS.values() for file in data.files}
    found = 0
    for path in [*shared.glob("data/annotations/*"), *shared.glob("data/studies/*/published/*")]:
        if path.name in known:
            content = path.read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (
                known[path.name].bytes,
                known[path.name].sha256,
            )
            found += 1
    assert found == 9


def test_each_study_has_a_reader(tmp_path):
    for name in DATASETS:
        with pytest.raises(FileNotFoundError, match="holds no"):
            read_published(name, tmp_path)
    with pytest.raises(ValueError, match="no reader for a study 'x'"):
        read_published("x", tmp_path)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="no study 'x'; choose one of aes_natural, aes_pam"):
        get_dataset("x")


def test_open_study(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="python -m qamro studies fetch lstm_music"):
        open_study("lstm_music")
    with pytest.raises(FileNotFoundError, match="no file, folder or study lstm; known studies"):
        open_study("lstm")
    (tmp_path / "r.csv").write_text("clip,axis,score\na,MI,3\n")
    assert open_study("r.csv").axes == ["MI"]
    assert open_study(tmp_path / "r.csv").axes == ["MI"]
    open_study("r.csv").save(tmp_path / "lstm_music")
    assert open_study("lstm_music").name == "r"
    assert not (tmp_path / "cache" / "studies" / "lstm_music").exists()


@pytest.mark.parametrize(("name", "write"), [("codec_mushra", write_codec), ("lstm_music", write_survey)])
def test_a_folder_with_long_form_and_audio_is_the_study(tmp_path, name, write):
    study = read_published(name, write(tmp_path))
    assert isinstance(study, Study)
    assert study.missing_audio() == []


def test_audio_is_found_beside_the_published_ratings(tmp_path):
    """The survey's songs lie in another folder than published, and are found by their names."""
    from qamro.studies.importers.forms import lstm_music
    from qamro.studies.importers.published import attach_audio

    (tmp_path / "audio").mkdir()
    for song in (1, 52, 104):
        (tmp_path / "audio" / f"{song}.mp3").write_bytes(b"x")
    answers = tmp_path / lstm_music.FILE
    answers.write_text("USER_ID,SONG_ID,GUESS,RATING,TIME\n" + "".join(f"9,{n},0,5,1\n" for n in (1, 52, 104)))
    study = attach_audio(lstm_music.read(answers), tmp_path)
    assert study.missing_audio() == []
    assert Path(study.audio_path("104.mp3")).parent.name == "audio"


def test_audio_that_could_be_two_clips_is_nobodys(tmp_path):
    import pandas as pd

    from qamro.studies.importers.published import attach_audio

    for path in ("a/x.wav", "b/x.wav", "deep/er/sys/y.flac", "z.mp3"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    clips = pd.DataFrame({"clip": ["x.wav", "a/x.wav", "sys/y.wav", "z", "none"]})
    ratings = pd.DataFrame({"clip": ["x.wav"], "axis": ["MI"], "score": [1]})
    study = attach_audio(Study(clips, ratings), tmp_path)
    found = [Path(path).relative_to(tmp_path.resolve()).as_posix() if path else "" for path in study.clips["path"]]
    assert found == ["", "a/x.wav", "deep/er/sys/y.flac", "z.mp3", ""]
