from __future__ import annotations

import json
from pathlib import Path

import pytest

from qamro.ui.session import Clip, apply_manifest, read_manifest


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "manifest.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("column", ["clip", "Path", "FILE", "filename"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_names_prompts_and_systems_by_file_name(tmp_path: Path, column: str, encoding: str) -> None:
    path = write(tmp_path, f'{column},prompt,system\nsome\\folder/a.wav,"one, two",s1\nb.wav,,\n', encoding)
    assert read_manifest(path) == {"a.wav": ("one, two", "s1"), "b.wav": ("", "")}


def test_a_study_s_table_of_clips_is_one(tmp_path: Path) -> None:
    assert read_manifest(write(tmp_path, "clip,path,prompt\nc0,sub/a.wav,x\n")) == {"a.wav": ("x", "")}


def test_one_of_prompt_and_system_is_enough(tmp_path: Path) -> None:
    assert read_manifest(write(tmp_path, "clip,system\na.wav,s\n")) == {"a.wav": ("", "s")}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prompt,system\nx,y\n", "no column of clip names"),
        ("clip,score\na,1\n", "gives no clip a prompt"),
        ("", "it is empty"),
        ("path,start,prompt\na.wav,2,x\n", "parts of files"),
    ],
)
def test_says_which_column_is_missing(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_manifest(write(tmp_path, text))


@pytest.mark.parametrize("name", ["m.jsonl.gz", "m.parquet"])
def test_what_is_packed_is_not_unpacked_for_strangers(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8b")
    with pytest.raises(ValueError, match="it is packed"):
        read_manifest(tmp_path / name)


def test_lines_of_json_are_one(tmp_path: Path) -> None:
    path = tmp_path / "cuts.jsonl"
    sources = [{"type": "file", "source": "sub/a.wav"}]
    path.write_text(json.dumps({"id": "c", "recording": {"sources": sources}, "custom": {"prompt": "p"}}))
    assert read_manifest(path) == {"a.wav": ("p", "")}


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"clip,prompt\n\xff\xfe\x00")
    with pytest.raises(ValueError, match="it is not a table of text"):
        read_manifest(path)


def test_empty_entries_leave_what_was_typed() -> None:
    clips = [Clip("1", "folder/a.wav", Path("a"), "typed", ""), Clip("2", "b.wav", Path("b"))]
    assert apply_manifest(clips, {"a.wav": ("", "s1"), "c.wav": ("x", "y")}) == (1, ["c.wav"])
    assert (clips[0].prompt, clips[0].system) == ("typed", "s1")
    assert clips[1].prompt == ""
