"""Zips: studies come out of them, whatever a hostile one tries."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from audio_files import tone, write_wav

from qamro.studies import Study, StudyError
from qamro.studies.importers import guess_and_read, read_ratings
from qamro.studies.importers.archive import Limits, gather, unpack
from qamro.studies.importers.guessing import guess
from qamro.studies.importers.reading import read
from tests.studies.extracts import write_musiceval, write_pam

RATINGS = "clip,rater,axis,score\na.wav,r1,MI,3\nb.wav,r1,MI,4\n"


def packed(path: Path, members: dict[str, str | bytes], **options) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def sound(tmp_path) -> bytes:
    return write_wav(tmp_path / "tone.wav", tone(0.2)).read_bytes()


def test_ratings_with_sound_in_a_nested_folder(tmp_path, sound):
    members = {
        "test/ratings.csv": RATINGS,
        "test/sound/a.wav": sound,
        "test/sound/b.wav": sound,
        "test/names.csv": "file,system,prompt\na.wav,S1,a horn\nb.wav,S2,a flute\n",
        "__MACOSX/test/._a.wav": b"rubbish",
        "test/.DS_Store": b"rubbish",
        "test/notes.pdf": b"%PDF",
    }
    path = packed(tmp_path / "all.zip", members)
    study = read_ratings(path)
    assert study.missing_audio() == []
    assert study.audio_path("a.wav").read_bytes() == sound
    assert study.clips[["clip", "system", "prompt"]].to_numpy().tolist() == [
        ["a.wav", "S1", "a horn"],
        ["b.wav", "S2", "a flute"],
    ]
    assert study.about["notes"] == ["1 left in the zip (neither table nor sound), for example 'test/notes.pdf'"]
    assert study.name == "all"


def test_names_that_are_empty_or_no_text(tmp_path):
    path = packed(tmp_path / "empty.zip", {zipfile.ZipInfo(""): "nothing", "ratings.csv": RATINGS})
    assert len(read_ratings(path).ratings) == 2
    path = packed(tmp_path / "bent.zip", {"ratings.csv": RATINGS, "\u00e9.csv": "x"})
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xfb\xff"))
    with pytest.raises(StudyError, match="cannot be unpacked"):
        read_ratings(path)


@pytest.mark.parametrize("table", ["clip,p,pclip,syp,p,p,", "clip,p,q,p,p\n", "clip,score,score\n", "clip,,\n,,\n"])
def test_tables_that_hold_no_ratings_say_so(table, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(table)
    with pytest.raises(StudyError):
        read_ratings(path)


def test_a_saved_study_comes_back(tmp_path, sound):
    (tmp_path / "made" / "audio").mkdir(parents=True)
    (tmp_path / "made" / "audio" / "a.wav").write_bytes(sound)
    import pandas as pd

    clips = pd.DataFrame({"clip": ["a"], "path": ["audio/a.wav"], "system": ["s"]})
    ratings = pd.DataFrame({"clip": ["a"], "rater": ["r"], "axis": ["MI"], "score": [3]})
    Study(clips, ratings, name="kept", kind="simulated", root=tmp_path / "made").save(tmp_path / "made")
    files = {f"deep/er/{path.name}": path.read_bytes() for path in (tmp_path / "made").glob("*.*")}
    flat = {name.removeprefix("deep/er/"): content for name, content in files.items() if "json" not in name}
    assert read_ratings(packed(tmp_path / "no name.zip", flat)).name == "no name"
    study = read_ratings(packed(tmp_path / "study.zip", files | {"deep/er/audio/a.wav": sound}))
    assert (study.name, study.kind, study.systems, study.missing_audio()) == ("kept", "simulated", ["s"], [])


def test_jsonl_and_lists_in_a_zip(tmp_path):
    for path, ratings in ((write_pam(tmp_path / "one"), 12 * 40), (write_musiceval(tmp_path / "two")[0], 24 * 2)):
        study = read_ratings(packed(tmp_path / f"{path.name}.zip", {f"x/{path.name}": path.read_bytes()}))
        assert len(study.ratings) == len(read_ratings(path).ratings) == ratings


HOSTILE = [
    "../out.csv",
    "/etc/out.csv",
    "a/../../out.csv",
    "..\\out.csv",
    "C:\\out.csv",
    "a/" * 20 + "x.csv",
    "n" * 300 + ".csv",
    "bell\x07.csv",
]


def test_names_cannot_lead_out_of_the_folder(tmp_path):
    path = packed(tmp_path / "evil.zip", dict.fromkeys(HOSTILE, "clip\nx\n") | {"good.csv": RATINGS})
    inner = tmp_path / "a" / "b" / "inner"
    found = unpack(path, inner)
    assert [p.relative_to(inner).as_posix() for p in inner.rglob("*")] == ["good.csv"]
    assert not list(tmp_path.rglob("out.csv"))
    assert found.files == 1
    assert sum(int(note.split()[0]) for note in found.notes) == len(HOSTILE)


def test_links_stay_in_the_zip(tmp_path):
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("passwd.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("ratings.csv", RATINGS)
    assert unpack(path, tmp_path / "x").notes == ("1 left in the zip (a link), for example 'passwd.csv'",)
    assert not (tmp_path / "x" / "passwd.csv").exists()


def test_more_tables_than_are_read_in_time_are_refused_before_they_are(tmp_path):
    names = {f"{place}.csv": "clip,system,score\na.wav,s,3\n" for place in range(10_001)}
    many = packed(tmp_path / "tables.zip", names | {"a.wav": "x"})
    said = "holds 10,001 tables; at most 10,000 are read: put their rows into one table"
    study, _, message = guess_and_read(many)
    assert (study, said in message) == (None, True)
    (folder := tmp_path / "tables").mkdir()
    for name, text in names.items():
        (folder / name).write_text(text)
    assert said in guess_and_read(folder)[2]


def test_a_bomb_does_not_go_off(tmp_path):
    zeros = packed(tmp_path / "zeros.zip", {"a.wav": b"\0" * 3_000_000})
    with pytest.raises(StudyError, match=r"zeros\.zip unpacks to more than is taken in \(at 'a\.wav'\)"):
        unpack(zeros, tmp_path / "x", Limits(bytes=1_000_000))
    assert not (tmp_path / "x").exists()
    with pytest.raises(StudyError, match="unpacks to more"):
        unpack(packed(tmp_path / "t.zip", {"a.csv": "1," * 100_000}), tmp_path / "x", Limits(table_bytes=1000))
    many = packed(tmp_path / "many.zip", {f"{i}.csv": "x" for i in range(30)})
    with pytest.raises(StudyError, match="more than 20 files"):
        unpack(many, tmp_path / "x", Limits(files=20))
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.csv", RATINGS)
    nested = packed(tmp_path / "nested.zip", {"inner.zip": inner.getvalue(), "ratings.csv": RATINGS})
    assert unpack(nested, tmp_path / "n").files == 1, "a zip within a zip is not opened"


def test_what_a_header_claims_is_not_believed(tmp_path):
    """A size that is written smaller than it is must not get past the limit, nor write more than the limit."""
    path = packed(tmp_path / "liar.zip", {"a.wav": b"\0" * 2_000_000})
    data = path.read_bytes().replace((2_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(StudyError):
        unpack(path, tmp_path / "x", Limits(bytes=1000))


@pytest.mark.parametrize("content", [b"PK\x03\x04 and nothing", b"PK\x05\x06", b"PK\x03\x04" + bytes(200)])
def test_what_is_no_zip_is_said(tmp_path, content):
    path = tmp_path / "broken.zip"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"broken\.zip"):
        read_ratings(path)


def test_paths_of_a_stranger_lead_nowhere_else(tmp_path, sound):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(sound)
    text = f"clip,path,axis,score\na,{secret},MI,3\nb,../../../secret.wav,MI,4\nc,own.wav,MI,5\n"
    study = read_ratings(packed(tmp_path / "sly.zip", {"r/ratings_x.csv": text, "r/own.wav": sound}))
    assert study.missing_audio() == ["a", "b"]
    assert study.about["notes"] == ["2 paths lead out of what was brought along and were emptied"]
    folder = tmp_path / "brought"
    (folder / "r").mkdir(parents=True)
    (folder / "r" / "x.csv").write_text(text)
    assert read(folder, guess(folder), strangers=True).missing_audio() == ["a", "b", "c"]
    assert read(folder, guess(folder)).missing_audio() == ["b", "c"], "one's own files may lie anywhere"


def test_errors_name_the_zip_and_never_where_it_was_unpacked(tmp_path):
    path = packed(tmp_path / "bad.zip", {"x/ratings.csv": "clip,rater,axis,score\na,r,MI,3\nb,r,MI,four\nc,r,MI,4\n"})
    with pytest.raises(StudyError, match=r"bad\.zip/x/ratings\.csv, row 2, column 'score': 'four'"):
        read_ratings(path)


def test_files_that_come_one_by_one(tmp_path, sound):
    ratings = tmp_path / "up1.csv"
    ratings.write_text(RATINGS)
    clip = tmp_path / "up2.wav"
    clip.write_bytes(sound)
    extra = packed(tmp_path / "up3.zip", {"b.wav": sound})
    files = [
        (ratings, "my ratings.csv"),
        (clip, "../../a.wav"),
        (clip, "clips/a.wav"),
        (extra, "more.zip"),
        (ratings, "my ratings.csv"),
    ]
    notes = gather(files, tmp_path / "all")
    assert notes == ["my ratings.csv was given twice; the first is used"]
    study = read(tmp_path / "all", guess(tmp_path / "all"), strangers=True)
    assert study.missing_audio() == []
    assert not list(tmp_path.parent.glob("a.wav"))


def test_the_table_that_holds_the_ratings_can_be_chosen(tmp_path):
    (tmp_path / "first.csv").write_text("clip,r1,r2\na,1,2\n")
    (tmp_path / "second.csv").write_text("clip,rater,axis,score\na,r1,MI,3\n")
    layout = guess(tmp_path)
    assert (layout.files, layout.others) == (("second.csv",), ("first.csv",))
    assert "first.csv" in read(tmp_path, layout).about["notes"][0]
    other = guess(tmp_path, file="first.csv")
    assert other.files == ("first.csv",)
    assert len(read(tmp_path, other).ratings) == 2


def test_a_letter_among_the_files_keeps_nothing_out(tmp_path):
    (tmp_path / "README.txt").write_text("Dear all, these are ratings,\nmade by us.\n")
    (tmp_path / "clips.csv").write_text("clip,system\na,b\nbroken row\n")
    (tmp_path / "mine.csv").write_text(RATINGS)
    study = read_ratings(tmp_path)
    assert len(study.ratings) == 2
    assert any("README.txt, row 1: 1 cells where 2 are expected" in note for note in study.about["notes"])
    assert str(tmp_path) not in str(study.about["notes"])
    (tmp_path / "mine.csv").unlink()
    with pytest.raises(StudyError, match=r"README\.txt, row 1"):
        read_ratings(tmp_path)


def test_clips_and_ratings_with_columns_of_other_names(tmp_path):
    (tmp_path / "clips.csv").write_text("clip,system\na.wav,S1\nb.wav,S2\n")
    (tmp_path / "ratings.csv").write_text("clip,listener,axis,score\na.wav,ann,MI,3\nb.wav,ben,MI,4\n")
    study = read_ratings(tmp_path)
    assert study.ratings["rater"].tolist() == ["ann", "ben"]
    assert study.systems == ["S1", "S2"]


def test_a_table_about_the_clips_goes_with_any_form(tmp_path):
    (tmp_path / "mi.txt").write_text("x-S001_P001.wav,3,4\ny.wav,2.4,1\n")
    (tmp_path / "about.csv").write_text("file,prompt,genre\nx-S001_P001.wav,a horn,jazz\ny.wav,a flute,rock\n")
    study = read_ratings(tmp_path)
    assert study.clips[["prompt", "genre", "system"]].to_numpy().tolist() == [
        ["a horn", "jazz", "S001"],
        ["a flute", "rock", ""],
    ]
    assert study.holds_means
