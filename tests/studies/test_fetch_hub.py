"""Studies of the hub, each as a small archive in the published layout, through a server that stands in for the hub."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from qamro.studies import StudyError
from qamro.studies.fetch import FetchError, Part, fetch
from qamro.studies.registry import DATASETS, open_study

from .file_server import serving

NAMES = [f"audiomos2025-track1-S{s:03}_P{p:03}.wav" for s in (2, 3) for p in (1, 2, 3)]
SPLITS = {"train": NAMES[:3], "dev": NAMES[3:5], "test": NAMES[5:]}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "served").mkdir()
    with serving(tmp_path / "served") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def put(hub, repo, path, content):
    file = hub.folder / "datasets" / repo / "resolve" / "main" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def musiceval(hub):
    """MusicEval-full.zip with its folders and both forms of ratings."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:

        def add(name, text):
            archive.writestr(f"MusicEval-full/{name}", text)

        for split, names in SPLITS.items():
            add(f"sets/{split}_mos_list.txt", "".join(f"{name},3.0,2.6\n" for name in names))
            single = [
                f"{n},{mi},{ta}\n" for n in names for mi, ta in zip((2, 3, 3, 3, 4), (2, 3, 3, 3, 2), strict=True)
            ]
            add(f"person_mos/{split}_person_mos.txt", "".join(single))
        add("sets/total_mos_list.txt", "".join(f"{name},3.0,2.6\n" for name in NAMES))
        add("prompt_info.txt", "id\ttext\n" + "".join(f"P{p:03}\ta tune, number {p}\n" for p in (1, 2, 3)))
        add("demo_prompt_info.txt", "id\ttext\n")
        for name in NAMES:
            add(f"wav/{name}", name.encode() * 4000)
    put(hub, "BAAI/MusicEval", "MusicEval-full.zip", packed.getvalue())
    return DATASETS["musiceval"]


def test_musiceval_comes_whole_with_its_splits_and_single_ratings(hub, musiceval):
    study = fetch(musiceval)
    assert study.missing_audio() == []
    assert study.clips.set_index("clip")["split"].to_dict() == {n: s for s, names in SPLITS.items() for n in names}
    assert (len(study.ratings), study.holds_means) == (6 * 5 * 2, False)
    assert set(study.clips["prompt"]) == {f"a tune, number {p}" for p in (1, 2, 3)}
    assert not list(musiceval.folder.rglob("*.zip")), "it lies there unpacked, not twice"
    hub.asked.clear()
    assert len(fetch(musiceval).clips) == 6
    assert hub.asked == []
    assert open_study("musiceval").audio_path(NAMES[0]).read_bytes() == NAMES[0].encode() * 4000


def test_a_break_costs_nothing_that_has_arrived(hub, musiceval):
    hub.cut_after = 600_000
    assert fetch(musiceval).missing_audio() == []
    first, second = (asked for _, asked in hub.asked)
    assert first == ""
    assert int(second.removeprefix("bytes=").removesuffix("-")) >= 500_000


def test_part_of_the_sound_with_all_ratings(hub, musiceval):
    study = fetch(musiceval, part=Part(systems=("S003",)))
    assert len(study.clips) == 6
    assert study.missing_audio() == NAMES[:3]
    hub.asked.clear()
    fetch(musiceval, part=Part(clips=2))
    assert fetch(musiceval, part=Part(clips=2)).missing_audio() == NAMES[1:3], "one clip of each system, and S003's"
    assert fetch(musiceval).missing_audio() == []
    assert hub.asked == [], "all of it is in the archive, which stayed"
    assert not list(musiceval.folder.rglob("*.zip"))


def test_ratings_only_and_systems_that_are_not_there(hub, musiceval):
    assert len(fetch(musiceval, audio=False).missing_audio()) == 6
    with pytest.raises(ValueError, match="has no system 'S099'; it has S002, S003"):
        fetch(musiceval, part=Part(systems=("S099",)))


def test_songeval_is_read_line_by_line(hub):
    axes = ("Coherence", "Musicality", "Memorability", "Clarity", "Naturalness")
    songs = [
        {
            "file_name": f"mp3/{i:04}.mp3",
            "gender": "f",
            "annotation": [dict(zip(axes, range(i, i + 5), strict=True))] * 2,
        }
        for i in (1, 2, 3)
    ]
    put(hub, "ASLP-lab/SongEval", "metadata.jsonl", "\n".join(map(json.dumps, songs)) + "\n")
    for i in (1, 2, 3):
        put(hub, "ASLP-lab/SongEval", f"mp3/{i:04}.mp3", b"song" * i)
    study = fetch(DATASETS["songeval"], part=Part(clips=2))
    assert study.missing_audio() == ["0003"]
    assert set(study.axes) == set(axes)
    assert len(study.ratings) == 3 * 2 * 5
    mean = study.clip_means().set_index(["clip", "axis"])["mean"]
    assert (mean["0001", "Coherence"], mean["0003", "Naturalness"]) == (1, 7)
    assert fetch(DATASETS["songeval"]).missing_audio() == []
    put(hub, "ASLP-lab/SongEval", "metadata.jsonl", '{"file_name": "a.mp3", "annotation": [{"Coherence": 1}]}\n')
    (DATASETS["songeval"].folder / "published" / "metadata.jsonl").unlink()
    with pytest.raises(StudyError, match=r"line 1: 'Musicality' is missing"):
        fetch(DATASETS["songeval"])


def test_singmos_pro_has_systems_and_single_ratings(hub):
    entries = [
        {"id": f"sys{s:04}-utt{u:04}", "judge_score": [3, 4, 5], "language": "zh"} for s in (1, 2) for u in (1, 2)
    ]
    put(hub, "TangRain/SingMOS-Pro", "metadata.json", json.dumps(entries))
    for entry in entries:
        put(hub, "TangRain/SingMOS-Pro", f"wav/{entry['id']}.wav", b"sung")
    study = fetch(DATASETS["singmos_pro"], part=Part(systems=("sys0002",)))
    assert (study.systems, len(study.ratings), study.axes) == (["sys0001", "sys0002"], 12, ["MOS"])
    assert study.missing_audio() == ["sys0001-utt0001", "sys0001-utt0002"]
    put(hub, "TangRain/SingMOS-Pro", "metadata.json", '[{"id": "x"}]')
    (DATASETS["singmos_pro"].folder / "published" / "metadata.json").unlink()
    with pytest.raises(StudyError, match="entry 1: expected id and judge_score"):
        fetch(DATASETS["singmos_pro"])


def test_aime_is_votes(hub, tmp_path):
    pytest.importorskip("pyarrow")
    import pandas as pd

    rows = {
        "question-type": ["Music Quality", "Text-Audio Alignment"],
        "description": ["a waltz", "a march"],
        "model-1": ["suno", "riffusion"],
        "model-2": ["musicgen", "suno"],
        "track-1-id": [4501, 7],
        "track-2-id": [12, 4502],
        "answer": [1, 2],
    }
    table = io.BytesIO()
    pd.DataFrame(rows).to_parquet(table)
    put(hub, "disco-eth/AIME-survey", "data/train-00000-of-00001.parquet", table.getvalue())
    study = fetch(DATASETS["aime"])
    columns = ["clip_a", "clip_b", "system_a", "system_b", "axis", "winner"]
    assert study.votes[columns].to_numpy().tolist() == [
        ["04501", "00012", "suno", "musicgen", "Music Quality", "a"],
        ["00007", "04502", "riffusion", "suno", "Text-Audio Alignment", "b"],
    ]
    assert study.clips.set_index("clip")["prompt"]["00012"] == "a waltz"
    pd.DataFrame(rows | {"answer": [1, 3]}).to_parquet(tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(StudyError, match="row 2, column 'answer': '3' is neither"):
        fetch(DATASETS["aime"], source=tmp_path)


def test_votes_of_music_arena(hub, tmp_path):
    head = "battle_id,preference,system_a,system_b,tj_a,tj_b,tj_pred,agree\n"
    (tmp_path / "ma_postcut_scored.csv").write_text(
        head + "x,B,one,two,0.1,0.2,B,True\ny,A,one,three,0.1,0.2,B,False\n"
    )
    study = fetch(DATASETS["music_arena_2026"], source=tmp_path)
    assert study.votes[["system_a", "system_b", "winner"]].to_numpy().tolist() == [
        ["one", "two", "b"],
        ["one", "three", "a"],
    ]


def test_a_hub_without_the_file_says_so(hub):
    with pytest.raises(FetchError, match="the server answers 404"):
        fetch(DATASETS["songeval"])
