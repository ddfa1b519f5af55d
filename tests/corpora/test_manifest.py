"""Manifests of every form say the same, and clips are dealt out once each, wherever they stand."""

from __future__ import annotations

import gzip
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from audio_files import tone, wav_bytes

from qamro.corpora.shards import count_entries, deal_out, fingerprint, shard_entries, shard_of
from qamro.studies.manifest import IN_PARQUET, Entry, ManifestError, read_entries, read_manifest

ROWS = [
    {"clip": "a", "path": "x/a.wav", "prompt": "slow, calm", "system": "s1"},
    {"clip": "b", "path": "/abs/b.wav", "prompt": "", "system": ""},
    {"clip": "ü 音", "path": "s3://bucket/c.flac", "prompt": "fast", "system": "s2"},
]


def write(form, path):
    if form == "csv":
        lines = ["clip,path,prompt,system"]
        lines += [",".join(f'"{row[key]}"' for key in ("clip", "path", "prompt", "system")) for row in ROWS]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    else:
        text = "".join(json.dumps(row) + "\n" for row in ROWS)
        path.write_bytes(gzip.compress(text.encode()) if form.endswith("gz") else text.encode())
    return path


@pytest.mark.parametrize("form", ["csv", "jsonl", "jsonl.gz", "parquet"])
def test_every_form_says_the_same(form, tmp_path):
    path = write(form, tmp_path / f"m.{form}")
    found = list(read_entries(path))
    assert [(e.clip, e.prompt, e.system, e.row) for e in found] == [
        ("a", "slow, calm", "s1", 1),
        ("b", "", "", 2),
        ("ü 音", "fast", "s2", 3),
    ]
    assert [e.path for e in found] == [str(tmp_path / "x/a.wav"), "/abs/b.wav", "s3://bucket/c.flac"]
    assert count_entries(path) == 3


def test_a_path_names_its_clip_where_nothing_else_does(tmp_path):
    (tmp_path / "m.csv").write_text("audio,caption\nx/a.wav,slow\n")
    (entry,) = read_entries(tmp_path / "m.csv")
    assert entry == Entry("x/a.wav", str(tmp_path / "x/a.wav"), "slow", row=1)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_metadata_of_an_audiofolder(form, tmp_path):
    """Columns as ``datasets`` wants them: file_name, relative to the file, and whatever else the data set has."""
    rows = [
        {"file_name": "train/a.wav", "text": "a bell", "rating": 4.5},
        {"file_name": "b.wav", "text": "", "rating": 1},
    ]
    path = tmp_path / f"metadata.{form}"
    if form == "csv":
        path.write_text("file_name,text,rating\ntrain/a.wav,a bell,4.5\nb.wav,,1\n")
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    assert read_manifest(path) == [
        Entry("train/a.wav", str(tmp_path / "train/a.wav"), "a bell", row=1),
        Entry("b.wav", str(tmp_path / "b.wav"), row=2),
    ]


def test_the_same_sound_twice_is_refused_unless_it_is_another_part(tmp_path):
    path = tmp_path / "m.jsonl"
    part = {"path": "a.wav", "start": 0, "seconds": 2}
    path.write_text(json.dumps(part) + "\n" + json.dumps(part | {"start": 2}) + "\n")
    assert [entry.start for entry in read_manifest(path)] == [0, 2]
    path.write_text(json.dumps(part) + "\n" + json.dumps(part) + "\n")
    with pytest.raises(ManifestError, match="row 2: a.wav stands in row 1 already"):
        read_manifest(path)


def test_cuts_of_lhotse(tmp_path):
    recording = {"id": "r", "sources": [{"type": "file", "channels": [0], "source": "r.wav"}], "duration": 9.0}
    cuts = [
        {"id": "r-1", "start": 2.0, "duration": 3.5, "recording": recording, "supervisions": [{"text": "a bell"}]},
        {"id": "r-2", "start": 0, "duration": 9.0, "recording": recording, "custom": {"system": "s", "prompt": "p"}},
    ]
    with gzip.open(tmp_path / "cuts.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(cut) + "\n" for cut in cuts))
    first, second = read_entries(tmp_path / "cuts.jsonl.gz")
    where = str(tmp_path / "r.wav")
    assert first == Entry("r-1", where, "a bell", "", 2.0, 3.5, 1)
    assert second == Entry("r-2", where, "p", "s", 0.0, 0.0, 2)


def test_sound_inside_parquet_is_named_by_its_row(tmp_path):
    sound = [{"bytes": wav_bytes(tone(0.2)), "path": f"{i}.wav"} for i in range(3)]
    path = tmp_path / "m.parquet"
    pq.write_table(pa.table({"audio": sound, "id": ["a", "b", "c"], "text": ["p", "q", "r"]}), path)
    found = list(read_entries(path))
    assert [e.path for e in found] == [f"{IN_PARQUET}{i}::{path}" for i in range(3)]
    assert [(e.clip, e.prompt) for e in found] == [("a", "p"), ("b", "q"), ("c", "r")]


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        (
            "m.csv",
            "sound,prompt\na,b\n",
            r"m.csv, row 1: there is no column of clip names \(path, .*; it has sou",
        ),
        ("m.csv", "clip,path\na,b.wav\nb,\n", "m.csv, row 2, column 'path' is empty"),
        ("m.csv", "path,prompt\na.wav,one, two\n", "m.csv, row 1: 3 cells where 2 are expected"),
        ("m.csv", "path,prompt,prompt\na.wav,1,2\n", "m.csv has two columns named 'prompt'"),
        ("m.csv", "", "m.csv is empty"),
        ("m.csv", "path,start\na.wav,soon\n", "m.csv, row 1: could not convert string to float: 'soon'"),
        ("m.jsonl", '{"path": "a.wav"}\n[1]\n', "m.jsonl, line 2 cannot be read as JSON: it is no object"),
        ("m.jsonl", '{"path": "a.wav"}\n{"path"\n', "m.jsonl, line 2 cannot be read as JSON"),
        ("m.jsonl", "[" * 100_000, "m.jsonl, line 1 cannot be read as JSON"),
        ("m.jsonl", '{"id": "x", "recording": {"sources": []}}\n', "m.jsonl, row 1"),
        ("m.jsonl.gz", "no gzip", "cannot be read as JSON"),
        ("m.parquet", "no parquet", "cannot be read as Parquet"),
    ],
)
def test_errors_name_the_place(name, text, complaint, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(ManifestError, match=complaint):
        list(read_entries(tmp_path / name))


def test_every_clip_is_dealt_out_once_and_alike(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps({"path": f"{i}.wav"}) + "\n" for i in range(500)))
    deal_out(path, tmp_path / "plan", 7)
    dealt = {index: [entry.clip for entry in shard_entries(tmp_path / "plan", index)] for index in range(7)}
    assert Counter(clip for clips in dealt.values() for clip in clips) == Counter(f"{i}.wav" for i in range(500))
    assert all(shard_of(clip, 7) == index for index, clips in dealt.items() for clip in clips)
    assert min(map(len, dealt.values())) > 40
    backwards = tmp_path / "other.jsonl"
    backwards.write_text("\n".join(reversed(path.read_text().splitlines())))
    deal_out(backwards, tmp_path / "other", 7)
    assert {index: {e.clip for e in shard_entries(tmp_path / "other", index)} for index in range(7)} == {
        index: set(clips) for index, clips in dealt.items()
    }
    assert fingerprint(path) != fingerprint(backwards)


def test_an_id_that_stands_twice_is_refused_with_both_rows(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text("".join(json.dumps({"path": f"{i}.wav", "clip": str(i % 40)}) + "\n" for i in range(41)))
    with pytest.raises(ManifestError, match="row 41: clip '0' stands in row 1 already"):
        deal_out(path, tmp_path / "plan", 5)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.jsonl"]
