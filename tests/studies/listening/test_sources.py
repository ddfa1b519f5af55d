"""Clips for a listening study from uploads: what a zip and its tables say, and what is refused by name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from qamro.studies.listening import ListeningError
from qamro.studies.listening.sources import from_files

TABLE = "file,system,prompt,source\na.wav,S1,a horn,p1\nB.WAV,S2,a flute,p2\n"


def packed(path: Path, members: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_gives_its_clips_with_what_its_table_says(tmp_path):
    members = {
        "study/b/B.WAV": b"second",
        "study/a/a.wav": b"first",
        "study/c.au": b"third",
        "study/ratings.csv": "clip,axis,score\na.wav,MI,3\n",
        "study/about.csv": TABLE,
        "study/cover.png": b"no sound",
        "__MACOSX/study/a/._a.wav": b"rubbish",
    }
    found = {sound.name: sound for sound in from_files([(packed(tmp_path / "x", members), "My.ZIP")], tmp_path / "w")}
    assert {name: (s.system, s.prompt, s.source, s.path.read_bytes()) for name, s in found.items()} == {
        "a/a.wav": ("S1", "a horn", "p1", b"first"),
        "b/B.WAV": ("S2", "a flute", "p2", b"second"),
        "c.au": ("", "", "", b"third"),
    }


def test_zips_and_single_files_go_together(tmp_path):
    one, two = (packed(tmp_path / name, {"a.wav": name}) for name in ("one.zip", "two.zip"))
    (tmp_path / "up.csv").write_text("clip,system\nc.wav,S3\n")
    (tmp_path / "up.wav").write_bytes(b"up")
    files = [(one, "one.zip"), (two, "two.zip"), (tmp_path / "up.csv", "t.csv"), (tmp_path / "up.wav", "c.wav")]
    found = from_files(files, tmp_path / "work")
    assert [(s.name, s.system, s.path.read_bytes()) for s in found] == [
        ("a.wav", "", b"one.zip"),
        ("a.wav", "", b"two.zip"),
        ("c.wav", "S3", b"up"),
    ]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (
            {"a.wav": b"1", "../b.wav": b"2"},
            r"mine\.zip: 1 left in the zip \(the name leads out.*'../b\.wav'.*Rename",
        ),
        ({"a.wav": b"1", "A.wav": b"2"}, r"mine\.zip: 1 left in the zip \(the name stands twice\)"),
        ({"notes.pdf": b"1", "../evil.pdf": b"2"}, "no audio among these files"),
        ({}, "no audio among these files"),
    ],
)
def test_no_clip_is_lost_in_silence(tmp_path, members, said):
    path = packed(tmp_path / "up", members)
    with pytest.raises(ListeningError, match=said):
        from_files([(path, "mine.zip")], tmp_path / "work")
    assert not list(tmp_path.rglob("b.wav"))


def test_what_is_no_zip_or_a_bomb_is_refused_by_the_name_its_owner_knows(tmp_path, monkeypatch):
    (tmp_path / "up").write_bytes(b"no zip")
    with pytest.raises(ListeningError, match=r"^mine\.zip cannot be unpacked: .*zip it again"):
        from_files([(tmp_path / "up", "mine.zip")], tmp_path / "one")
    monkeypatch.setattr("qamro.studies.listening.sources.MOST_BYTES", 1000)
    with pytest.raises(ListeningError, match=r"^mine\.zip unpacks to more than is taken in \(at 'a\.wav'\)"):
        from_files([(packed(tmp_path / "big", {"a.wav": bytes(2000)}), "mine.zip")], tmp_path / "two")
    assert not list((tmp_path / "two").rglob("*.wav"))
