"""Studies of the hub, each as a small archive in the published layout, through a server that stands in for the hub."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

from qamro.studies import StudyError
from qamro.studies.fetch import FetchError, Part, fetch
from qamro.studies.importers.forms.text_audio import read_audioeval
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


def test_systems_that_share_file_names_are_told_apart(hub, monkeypatch):
    """PAM: human_eval/music/SYSTEM/NAME.wav, the same names in every folder."""
    from qamro.studies.registry import RemoteFile

    packed, rows = io.BytesIO(), []
    with zipfile.ZipFile(packed, "w") as archive:
        for system in ("musicldm", "real"):
            archive.writestr(f"human_eval/music/{system}/x.wav", system)
            row = {"data_path": f"/your_path/PAM/human_eval/music/{system}/x.wav"}
            axes = ("Production_Quality", "Production_Complexity", "Content_Enjoyment", "Content_Usefulness")
            rows.append(json.dumps(row | {axis: [5] for axis in axes}))
    put(hub, "x/pam", "human_eval.zip", packed.getvalue())
    put(hub, "x/pam", "evaluation_data/AES_PAM.jsonl", "\n".join(rows))
    base = "https://huggingface.co/datasets/x/pam/resolve/main/"
    files = (
        RemoteFile("evaluation_data/AES_PAM.jsonl", base + "evaluation_data/AES_PAM.jsonl"),
        RemoteFile("human_eval.zip", base + "human_eval.zip", audio=True, unpack=True),
    )
    data = replace(DATASETS["aes_pam"], files=files)
    study = fetch(data, part=Part(systems=("real",)))
    lost = study.missing_audio()
    assert len(lost) == 1
    assert "musicldm" in lost[0]


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


def parquet(**columns):
    """A Parquet file with these columns, as bytes."""
    pytest.importorskip("pyarrow")
    import pandas as pd

    table = io.BytesIO()
    pd.DataFrame(columns).to_parquet(table)
    return table.getvalue()


def sound(path, content=b"sound"):
    """A cell of a column of sound, as the hub keeps it."""
    return {"bytes": content, "path": path}


@pytest.fixture
def aime(hub, monkeypatch):
    """Votes of AIME on three descriptions by two systems, and the clips' sound in three files, not 210."""
    survey = parquet(**{
        "question-type": ["Music Quality"] * 3,
        "description": ["a waltz", "a march", "a hymn"],
        "model-1": ["Udio"] * 3,
        "model-2": ["MTG-Jamendo"] * 3,
        "track-1-id": [4501, 4502, 4503],
        "track-2-id": [6003, 6001, 6002],
        "answer": [1, 2, 1],
    })  # fmt: skip
    put(hub, "disco-eth/AIME-survey", "data/train-00000-of-00001.parquet", survey)
    data = DATASETS["aime"]
    shards = [file for file in data.files if file.sounds]
    assert len(shards) == 210
    assert "/disco-eth/AIME/resolve/b84d4be5eda830b6eb714998569dba73530f2601/data/" in shards[-1].url
    assert shards[-1].path == "data/train-00209-of-00210.parquet"
    for shard, ids in zip(shards, (["04501", "04502"], ["04503", "06001"], ["06002", "06003"]), strict=False):
        rows = {"id": ids, "model": ["?", "?"], "description": ["", ""]}
        sounds = [sound(f"some words {each}.wav", each.encode() * 100) for each in ids]
        file = hub.folder / shard.url.removeprefix("https://huggingface.co/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(parquet(**rows, audio=sounds))
    return replace(data, files=(data.files[0], *shards[:3]))


def test_sound_comes_out_of_parquet_files_and_none_of_them_stays(hub, aime):
    study = fetch(aime)
    assert study.missing_audio() == []
    assert study.audio_path("06001").read_bytes() == b"06001" * 100
    assert study.audio_path("06001").suffix == ".wav"
    assert [path.name for path in aime.folder.rglob("*.parquet")] == ["train-00000-of-00001.parquet"]
    hub.asked.clear()
    assert fetch(aime).missing_audio() == []
    assert hub.asked == []


def test_parquet_files_that_do_not_fit_are_refused_before_the_first(hub, aime):
    """Their sizes are unknown one by one; the study's is known."""
    with pytest.raises(FetchError, match="GB are needed"):
        fetch(replace(aime, megabytes=10**12))
    assert hub.asked == []


def test_part_of_votes_is_clips_of_whole_votes(hub, aime):
    assert fetch(aime, audio=False).missing_audio() == ["04501", "04502", "04503", "06003", "06001", "06002"]
    study = fetch(aime, part=Part(clips=2))
    lost = set(study.missing_audio())
    assert lost == {"04502", "06001", "04503", "06002"}, "both clips of the first vote are here"
    hub.asked.clear()
    assert fetch(aime, part=Part(systems=("MTG-Jamendo",))).missing_audio() == ["04502", "04503"]
    assert len(hub.asked) == 2, "the first file is known to hold none of them"
    assert fetch(aime).missing_audio() == []


def test_a_parquet_of_something_else_says_so(hub, aime):
    file = hub.folder / aime.files[1].url.removeprefix("https://huggingface.co/")
    file.write_bytes(parquet(id=["04501"]))
    with pytest.raises(FetchError, match="no Parquet with the columns id and audio"):
        fetch(aime)


def test_musicprefs_is_votes_on_two_questions(hub):
    rows = [
        "text,system_a,system_b,audio_a,audio_b,fidelity,musicality",
        "a waltz,one,two,1a.wav,1b.wav,a_wins,b_wins",
        "a march,two,three,2a.wav,2b.wav,tie,a_wins",
    ]
    put(hub, "i-need-sleep/musicprefs", "human_preference.csv", "\n".join(rows))
    for k in range(12):
        clips = [sound("1a.wav"), sound("2b.wav")] if k == 0 else [sound(f"{k}x.wav")]
        clips = [sound("1b.wav"), sound("2a.wav")] if k == 11 else clips
        put(hub, "i-need-sleep/musicprefs", f"data/train-{k:05}-of-00012.parquet", parquet(audio=clips))
    study = fetch(DATASETS["musicprefs"])
    columns = ["clip_a", "clip_b", "system_a", "system_b", "axis", "winner"]
    assert study.votes[columns].to_numpy().tolist() == [
        ["1a.wav", "1b.wav", "one", "two", "musicality", "b"],
        ["2a.wav", "2b.wav", "two", "three", "musicality", "a"],
        ["1a.wav", "1b.wav", "one", "two", "fidelity", "a"],
        ["2a.wav", "2b.wav", "two", "three", "fidelity", "tie"],
    ]
    assert study.missing_audio() == []
    assert study.clips.set_index("clip")["prompt"]["2b.wav"] == "a march"


@pytest.fixture
def relate(hub, monkeypatch):
    """RELATE's three files of ratings and its archive, in which systems share folders' and files' names."""
    head = "wavname,text,score,listener_id,audio type,anchor label"
    mine = ["/tango/train/7.wav,a dog", "/audioldm/train/7.wav,a dog", "/audiocaps/test/9.wav,rain"]
    rel = [f"{mine[0]},10,0000,tango,False,train,train", f"{mine[0]},0,0001,tango,False,excluded,train",
           f"{mine[1]},5,0000,audioldm,False,validation,train", f"{mine[2]},0,0002,natural,False,test,test",
           "/audiocaps/test/9.wav,a band,9,0002,natural,True,excluded,"]  # fmt: skip
    event = [f"{one},3,10000,x,False,train" for one in mine] + ["/tango/train/8.wav,wind,7,10000,tango,True,"]
    files = {
        "scores/REL.csv": "\n".join([head + ",in RELATE dataset,in AudioCaps", *rel]).encode(),
        "scores/IS.csv": "\n".join([head + ",in AudioCaps", *event]).encode(),
        "scores/OS.csv": "\n".join([head + ",in AudioCaps", *event]).encode(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("tango/train/7", "audioldm/train/7", "audiocaps/test/9"):
            archive.writestr(f"RELATE_wave/{name}.wav", name)
    files["RELATE_wave.zip"] = packed.getvalue()
    for name, content in files.items():
        put(hub, "x/relate", name, content)
    data = DATASETS["relate"]
    base = "https://huggingface.co/datasets/x/relate/resolve/main/"
    return replace(data, files=tuple(replace(f, url=base + f.path, bytes=0, sha256="") for f in data.files))


def test_relate_is_screened_and_put_on_the_scale_of_its_axis(relate):
    study = fetch(relate)
    scores = study.ratings.set_index(["axis", "clip", "rater"])["score"]
    assert scores["TA"].to_dict() == {
        ("tango/train/7.wav", "0000"): 5, ("audioldm/train/7.wav", "0000"): 3, ("audiocaps/test/9.wav", "0002"): 1,
    }  # fmt: skip
    assert (len(scores["IS"]), len(scores["OS"]), set(scores["IS"])) == (3, 3, {3})
    clips = study.clips.set_index("clip")
    assert clips["split"].to_dict() == {
        "tango/train/7.wav": "train", "audioldm/train/7.wav": "dev", "audiocaps/test/9.wav": "test",
    }  # fmt: skip
    assert clips["prompt"]["audiocaps/test/9.wav"] == "rain"
    assert [study.audio_path(clip).read_text() + ".wav" for clip in clips.index] == list(clips.index)
    assert any("mapped in a straight line" in note for note in study.about["notes"])


def test_systems_that_share_folders_are_told_apart(relate):
    lost = fetch(relate, part=Part(systems=("tango",))).missing_audio()
    assert lost == ["audioldm/train/7.wav", "audiocaps/test/9.wav"]


def test_relate_off_its_scale_names_the_row(relate, tmp_path):
    (tmp_path / "REL.csv").write_text(
        "wavname,text,score,listener_id,audio type,anchor label,in RELATE dataset\n"
        "/a/train/1.wav,x,11,0,a,False,train\n"
    )
    with pytest.raises(StudyError, match=r"REL.csv, row 1, column 'score': 11 lies off the scale of 0 to 10"):
        fetch(relate, source=tmp_path)


@pytest.mark.parametrize("head", ["wave_file_name,text,score,listener_id", "wav_file_name,text,rated,who"])
def test_xacle_comes_from_a_folder(hub, tmp_path, head):
    """As its README lays it out; its columns by their places."""
    data = DATASETS["xacle"]
    with pytest.raises(FetchError, match=r"cannot be downloaded.*dataset@xacle\.org"):
        fetch(data)
    for split, name in (("train", "00000"), ("validation", "07500")):
        (tmp_path / "wav" / split).mkdir(parents=True)
        (tmp_path / "wav" / split / f"{name}.wav").write_bytes(b"x")
        (tmp_path / "meta_data").mkdir(exist_ok=True)
        rows = [f"{name}.wav,a dog,10,0001", f"{name}.wav,a dog,5,0002"]
        (tmp_path / "meta_data" / f"{split}.csv").write_text("\n".join([head, *rows]))
        means = f"wav_file_name,text,average_score\n{name}.wav,a dog,7.5"
        (tmp_path / "meta_data" / f"{split}_average.csv").write_text(means)
    study = fetch(data, source=tmp_path)
    assert study.missing_audio() == []
    assert study.clips[["clip", "prompt", "split"]].to_numpy().tolist() == [
        ["train/00000.wav", "a dog", "train"], ["validation/07500.wav", "a dog", "dev"],
    ]  # fmt: skip
    assert study.clip_means()["mean"].tolist() == [4, 4]
    assert study.has_raters
    (tmp_path / "meta_data" / "train.csv").write_text("text,score\na,1\n")
    with pytest.raises(StudyError, match="expected four"):
        fetch(data, source=tmp_path)


@pytest.mark.parametrize(
    "head",
    [
        "wav_name,rater_id,rater_type,enjoyment,usefulness,complexity,quality,text_alignment",
        "file_name,rater,rater_type,CE_content_enjoyment,content_usefulness,production_complexity,production_quality,alignment",
    ],
)
def test_audioeval_comes_with_clips_as_its_card_describes_them(hub, head):
    """The columns of the ratings are two guesses at what the card does not tell."""
    names = [f"s{system:02}_p{prompt}" for system in (1, 2) for prompt in (1, 2)]
    rows = [
        f"{name}.wav,r{rater},expert,{rater},{rater + 1},{rater + 2},{rater + 3},10"
        for name in names
        for rater in (1, 2)
    ]
    clips = [
        {"file_name": f"{n}.wav", "wav_name": n, "prompt_id": n[-2:], "prompt_text": f"rain {n[-1]}", "system": n[:3]}
        for n in names
    ]
    put(hub, "Hui519/AudioEval", "annotations/ratings.csv", "\n".join([head, *rows]))
    put(hub, "Hui519/AudioEval", "data/metadata.jsonl", "\n".join(map(json.dumps, clips)))
    for name in names:
        put(hub, "Hui519/AudioEval", f"data/{name}.wav", b"sound")
    study = fetch(DATASETS["audioeval"], part=Part(systems=("s02",)))
    assert study.axes == ["TA", "PQ", "PC", "CE", "CU"]
    assert (study.systems, study.has_raters) == (["s01", "s02"], True)
    assert len(study.missing_audio()) == 2
    means = study.clip_means().groupby("axis")["mean"].first()
    assert means.to_dict() == {"TA": 5, "CE": 1.5, "CU": 2.5, "PC": 3.5, "PQ": 4.5}
    assert set(study.clips["prompt"]) == {"rain 1", "rain 2"}
    assert set(study.ratings.loc[study.ratings["axis"] == "TA", "score_found"]) == {10}, "what was given is kept"
    assert "from 1 to 10" in study.about["notes"][0]
    ratings = DATASETS["audioeval"].folder / "published/annotations/ratings.csv"
    ratings.write_text("\n".join([head, *rows]).replace(",10", ",11"))
    with pytest.raises(StudyError, match="11 for 's01_p1.wav' lies off the scale of 1 to 10"):
        read_audioeval(ratings)
    put(hub, "Hui519/AudioEval", "annotations/ratings.csv", "clip,rater,quality\na.wav,r1,3\nb.wav,r1,4\n")
    (DATASETS["audioeval"].folder / "published/annotations/ratings.csv").unlink()
    with pytest.raises(StudyError, match="was read as ratings on quality; expected CE, CU"):
        fetch(DATASETS["audioeval"])


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
    study = fetch(DATASETS["aime"], audio=False)
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
