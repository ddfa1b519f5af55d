"""MusicEval: means of five experts, systems and prompts from names, demo prompts kept apart, releases."""

from __future__ import annotations

import pytest

from qamro.studies import StudyError
from qamro.studies.importers.forms.musiceval import is_release, read, read_release
from tests.studies.extracts import write_musiceval

PRE = "audiomos2025-track1-"


@pytest.fixture
def release(tmp_path):
    """A release in small: two splits, an ordinary system and one from a demo page, one audio file of three."""
    for folder in ("sets", "wav", "system_mos"):
        (tmp_path / folder).mkdir()
    (tmp_path / "sets" / "train_mos_list.txt").write_text(
        f"{PRE}S002_P001.wav,2.4,3.4\n{PRE}S001_P001.wav,4.8,1.0\n{PRE}S003_P009.wav,1.0,5.0\n"
    )
    (tmp_path / "sets" / "dev_mos_list.txt").write_text(f"{PRE}S002_P002.wav,3.2,3.6")
    (tmp_path / "prompt_info.txt").write_text("id\ttext\nP001\tA slow waltz\nP002\tDrums, loud\tand fast\n")
    (tmp_path / "demo_prompt_info.txt").write_text(f"id\ttext\n{PRE}S001_P001.wav\tA demo's own prompt\n")
    (tmp_path / "system_mos" / "system_mos_all.csv").write_text("S001,4.8,1.0\nS002,2.8,3.5\n")
    (tmp_path / "wav" / f"{PRE}S002_P001.wav").write_bytes(b"x")
    return tmp_path


def test_release(release):
    study = read_release(release)
    clips = study.clips.set_index("clip")
    assert clips["split"].tolist() == ["train", "train", "train", "dev"]
    assert clips["system"].tolist() == ["S002", "S001", "S003", "S002"]
    assert clips["prompt"].tolist() == ["A slow waltz", "A demo's own prompt", "", "Drums, loud\tand fast"]
    assert clips["source"].tolist() == ["P001", "S001_P001", "P009", "P002"]
    assert study.about["notes"] == ["1 of 4 clips have no prompt in prompt_info.txt or demo_prompt_info.txt"]
    assert study.about["system_mos"]["system_mos_all"]["S002"] == {"MI": 2.8, "TA": 3.5}
    assert len(study.missing_audio()) == 3
    assert study.audio_path(f"{PRE}S002_P001.wav").read_bytes() == b"x"


def test_means_count_as_five_ratings_without_a_spread(release):
    study = read_release(release)
    means = study.clip_means()
    assert study.holds_means
    assert not study.has_raters
    assert set(means["count"]) == {5}
    assert means["sem"].isna().all()
    assert sorted(means["mean"]) == [1.0, 1.0, 2.4, 3.2, 3.4, 3.6, 4.8, 5.0]


def test_a_demo_clip_never_gets_the_prompt_that_shares_its_id(release):
    (release / "demo_prompt_info.txt").unlink()
    study = read_release(release)
    assert study.clips["prompt"].tolist() == ["A slow waltz", "", "", "Drums, loud\tand fast"]


def test_one_list_of_a_release_finds_prompts_and_audio(release):
    study = read(release / "sets" / "train_mos_list.txt")
    assert study.clips["prompt"].tolist()[0] == "A slow waltz"
    assert study.audio_path(f"{PRE}S002_P001.wav").is_file()


def test_a_total_list_does_where_there_are_no_splits(release):
    (release / "sets" / "dev_mos_list.txt").unlink()
    (release / "sets" / "train_mos_list.txt").rename(release / "sets" / "total_mos_list.txt")
    assert is_release(release)
    assert set(read_release(release).clips["split"]) == {""}


def test_a_lone_list_has_no_audio_and_any_name_will_do(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("odd name.wav,2.4,3.4\n")
    study = read(file)
    assert study.clips[["clip", "path", "system", "prompt"]].to_numpy().tolist() == [["odd name.wav", "", "", ""]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.wav,2.4,3.4\na.wav,2.4,3.4\n", "row 2: 'a.wav' stands twice"),
        ("a.wav,2.4,3.4\nb.wav,2.4,x\n", "row 2, column 'TA': 'x' is not a finite number"),
        ("a.wav,2.4,3.4\nb.wav,2.4\n", "row 2: 2 cells where 3"),
        ("a,2.4,3.6580997\n", "row 1: TA 3.6581 is no mean of 5 whole ratings; if these are predictions"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    file = tmp_path / "list.txt"
    file.write_text(text)
    with pytest.raises(StudyError, match=message):
        read(file)


def test_faults_of_a_release_are_named(release):
    (release / "prompt_info.txt").write_text("P001 without a tab\n")
    with pytest.raises(StudyError, match=r"prompt_info\.txt, line 1: expected an id, a tab"):
        read_release(release)
    with pytest.raises(FileNotFoundError, match=r"holds no sets/train_mos_list\.txt"):
        read_release(release / "wav")


def test_one_clip_in_two_splits_is_refused(release):
    (release / "sets" / "dev_mos_list.txt").write_text(f"{PRE}S002_P001.wav,3.2,3.6\n")
    with pytest.raises(StudyError, match="S002_P001.wav' stands twice"):
        read_release(release)


def test_means_of_a_list_are_what_stands_in_it(tmp_path):
    file, _ = write_musiceval(tmp_path)
    study = read(file)
    assert study.systems == [f"S{k:03d}" for k in range(1, 7)]
    rows = dict(line.split(",", 1) for line in file.read_text().split())
    means = study.clip_means().pivot(index="clip", columns="axis", values="mean")
    assert {clip: f"{row.MI},{row.TA}" for clip, row in means.iterrows()} == rows


def test_the_published_lists_share_systems_and_no_clip(shared):
    folder = shared / "data" / "annotations"
    train, dev = (read(folder / f"musiceval_{split}_mos_list.txt") for split in ("train", "dev"))
    assert not set(train.clips["clip"]) & set(dev.clips["clip"])
    assert train.systems == dev.systems
    assert len(train.systems) == 31
