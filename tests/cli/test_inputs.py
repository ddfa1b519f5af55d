"""Manifests, folders and files become one list of clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from qamro.audio import AUDIO_ENDINGS
from qamro.cli.inputs import Clip, gather, open_ratings, read_manifest
from qamro.studies import StudyError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def manifest(folder: Path, text: str, name: str = "m.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_folder_is_searched_in_the_order_that_people_expect(tmp_path):
    touch(tmp_path, "10.mp3", "2.mp3", "a/b/1.WAV", "notes.txt", ".hidden/3.wav", "a/.x.wav", "m.csv")
    names = [clip.path.relative_to(tmp_path).as_posix() for clip in gather([tmp_path])]
    assert names == ["2.mp3", "10.mp3", "a/b/1.WAV"]


def test_a_manifest_gives_prompt_system_and_name(tmp_path):
    text = "system,path,prompt,clip,other\ns1,a.wav,a waltz,first,1\n,sub/b.wav,,,2\n"
    assert gather([manifest(tmp_path, text)], prompt="for all") == [
        Clip(tmp_path / "a.wav", "a waltz", "s1", "first"),
        Clip(tmp_path / "sub" / "b.wav", "for all", "", ""),
    ]


@pytest.mark.parametrize("column", ["path", "File", "filename", "clip", "name"])
def test_the_column_of_files_has_the_names_that_it_has_in_the_app(tmp_path, column):
    assert gather([manifest(tmp_path, f"{column},prompt\na.wav,a waltz\n")]) == [Clip(tmp_path / "a.wav", "a waltz")]


def test_absolute_paths_of_a_manifest_stay(tmp_path):
    assert read_manifest(manifest(tmp_path, f"path\n{tmp_path / 'x' / 'a.wav'}\n"))[0].path == tmp_path / "x" / "a.wav"


def test_inputs_mix_and_a_file_named_twice_counts_once(tmp_path):
    touch(tmp_path, "a.wav", "sub/b.wav", "odd.bin")
    file = manifest(tmp_path, "path,system\na.wav,s\n")
    clips = gather([file, tmp_path / "a.wav", tmp_path / "sub", tmp_path / "odd.bin"])
    assert [(clip.path.name, clip.system) for clip in clips] == [("a.wav", "s"), ("b.wav", ""), ("odd.bin", "")]


def test_a_missing_file_among_others_is_left_to_fail_by_itself(tmp_path):
    touch(tmp_path, "a.wav")
    assert len(gather([tmp_path / "gone.wav", tmp_path / "a.wav"])) == 2
    with pytest.raises(FileNotFoundError, match=r"gone\.wav; name a manifest"):
        gather([tmp_path / "gone.wav"])
    with pytest.raises(FileNotFoundError, match=r"m\.csv"):
        gather([tmp_path / "m.csv", tmp_path / "a.wav"])


def test_a_folder_without_audio_is_refused(tmp_path):
    touch(tmp_path, "a.txt")
    with pytest.raises(ValueError, match=r"holds no audio files \(\.wav, "):
        gather([tmp_path])


def test_every_ending_of_a_sound_file_is_taken_from_a_folder(tmp_path):
    touch(tmp_path, *(f"a{ending}" for ending in AUDIO_ENDINGS))
    assert {clip.path.suffix for clip in gather([tmp_path])} == set(AUDIO_ENDINGS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sound,prompt\na.wav,x\n", r"is no column of clip names \(path, .*; it has sound, prompt"),
        ("path,prompt\na.wav,x\n,y\n", "row 2, column 'path' is empty"),
        ("path,prompt\na.wav,x\nb.wav,x\na.wav,y\n", "row 3: a.wav stands in row 1 already"),
        ("path,prompt\na.wav,one, two\n", "row 1: 3 cells where 2 are expected"),
        ("", "is empty"),
    ],
)
def test_faults_of_a_manifest_are_named(tmp_path, text, message):
    with pytest.raises(StudyError, match=message):
        read_manifest(manifest(tmp_path, text))


def test_ratings_whose_columns_were_guessed_say_how_they_were_read(tmp_path, capsys):
    path = tmp_path / "panel.csv"
    path.write_text("file;r1;r2\na.wav;1,5;2\n")
    assert open_ratings(str(path)).ratings["score"].tolist() == [1.5, 2]
    assert "read as a table with a row a clip" in capsys.readouterr().err.replace("\n", " ")
    path.write_text("clip,rater,axis,score\na,r1,MI,2\n")
    open_ratings(str(path))
    assert "1 clips, 0 systems, 1 raters, 1 ratings" in capsys.readouterr().err
