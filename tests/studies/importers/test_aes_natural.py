"""AES-Natural: ratings joined with the official split, content that hangs together, recordings found on a disk."""

from __future__ import annotations

import json
import shutil

import pytest

from qamro.studies import StudyError
from qamro.studies.importers.aes_corpora import CORPORA, corpus_of, locate, missing_report, source_of
from qamro.studies.importers.forms import aes_natural
from qamro.studies.importers.forms.audiobox import AXIS_OF

PATHS = [
    "/your_path/MUSDB18/test/A - B/bass.wav",
    "/your_path/MUSDB18/test/A - B/mixture.wav",
    "/your_path/EARS/p001/emo_joy_sentences.wav",
    "/your_path/EARS/p002/emo_joy_sentences.wav",
    "/your_path/unbalanced_train_segments/audio/-6F_1_2.flac",
    "/your_path/musiccaps/-0Gj8.wav",
    "/your_path/LibriTTS/train-clean-100/1/2/1_2_3.wav",
    "/your_path/cv-corpus-13.0-2023-03-09/en/clips/c_1.mp3",
]


@pytest.fixture
def files(tmp_path):
    """The files in small: eight clips, one of each kind, the last two in dev."""
    rows = [{"data_path": path} | {key: [i + 1, i + 2] for key in AXIS_OF} for i, path in enumerate(PATHS)]
    ratings = tmp_path / "AES_natural_speech.jsonl"
    ratings.write_text("\n".join(map(json.dumps, rows)))
    lists = {}
    for split, part in (("train", range(6)), ("dev", range(6, 8))):
        lists[split] = tmp_path / f"{split}.csv"
        body = [f"id{i},{PATHS[i]}," + ",".join([str(i + 1.5)] * 4) for i in part]
        lists[split].write_text("\n".join(["sample_id,data_path," + ",".join(AXIS_OF), *body]))
    return [ratings], lists


def test_split_corpus_and_source(files):
    study = aes_natural.read(*files)
    assert study.clips["split"].tolist() == ["train"] * 6 + ["dev"] * 2
    assert set(study.clips["corpus"]) == set(CORPORA)
    assert study.clips["source"].tolist() == [
        "MUSDB18/test/A - B",
        "MUSDB18/test/A - B",
        "EARS/emo_joy_sentences",
        "EARS/emo_joy_sentences",
        "unbalanced_train_segments/audio/-6F_1_2.flac",
        "musiccaps/-0Gj8.wav",
        "LibriTTS/train-clean-100/1/2/1_2_3.wav",
        "cv-corpus-13.0-2023-03-09/en/clips/c_1.mp3",
    ]
    assert len(study.ratings) == 8 * 4 * 2


def test_without_lists_there_is_no_split(files):
    assert set(aes_natural.read(files[0], {}).clips["split"]) == {""}


def test_a_list_that_disagrees_with_the_ratings_is_refused(files):
    ratings, lists = files
    lists["dev"].write_text(lists["dev"].read_text().replace("7.5", "7.6", 1))
    message = r"dev\.csv, row 1, column 'Production_Quality': 7\.6 is not the mean of the ratings \(7\.5\)"
    with pytest.raises(StudyError, match=message):
        aes_natural.read(ratings, lists)


def test_a_listed_clip_without_ratings_is_refused(files):
    ratings, lists = files
    lists["dev"].write_text(lists["dev"].read_text().replace("c_1.mp3", "c_2.mp3"))
    with pytest.raises(StudyError, match=r"dev\.csv, row 2: '.*c_2\.mp3' has no ratings; give all three"):
        aes_natural.read(ratings, lists)


def test_recordings_are_found_by_the_path_map_whatever_their_extension(files, tmp_path):
    study = aes_natural.read(*files)
    hq, base = tmp_path / "hq", tmp_path / "base"
    for file in (
        hq / "test" / "A - B" / "bass.wav",
        base / "unbalanced_train_segments" / "audio" / "-6F_1_2.wav",
        base / "LibriTTS" / "train-clean-100" / "1" / "2" / "1_2_3.wav",
    ):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
    found = locate(study, {"MUSDB18-HQ": hq}, base=base)
    there = set(found.clips["clip"]) - set(found.missing_audio())
    assert there == {
        "MUSDB18/test/A - B/bass.wav",
        "unbalanced_train_segments/audio/-6F_1_2.flac",
        "LibriTTS/train-clean-100/1/2/1_2_3.wav",
    }
    report = missing_report(found).set_index("corpus")
    assert report["missing"].to_dict() == {
        "MUSDB18-HQ": 1, "EARS": 2, "AudioSet": 0, "MusicCaps": 1, "LibriTTS": 0, "CommonVoice": 1,
    }  # fmt: skip
    assert report["clips"].sum() == 8
    assert report["home"].str.startswith("https://").all()
    assert found.clips["split"].tolist() == study.clips["split"].tolist()
    shutil.rmtree(base)
    assert missing_report(found)["missing"].sum() == 7
    assert missing_report(locate(found, {}, base=tmp_path / "elsewhere"))["missing"].sum() == 8


def test_a_wrong_name_in_the_path_map_is_refused(files, tmp_path):
    with pytest.raises(ValueError, match="no data set 'Libri' in AES-Natural; they are LibriTTS, EARS"):
        locate(aes_natural.read(*files), {"Libri": tmp_path})


def test_paths_of_no_corpus():
    assert corpus_of("") == ""
    assert corpus_of("elsewhere/x.wav") == ""
    assert source_of("elsewhere/x.wav") == "elsewhere/x.wav"


def test_the_published_files_join_to_their_published_counts(shared):
    folder = shared / "data" / "annotations"
    study = aes_natural.read(
        [folder / name for name in aes_natural.RATINGS], {s: folder / f for s, f in aes_natural.LISTS.items()}
    )
    assert study.clips["split"].value_counts().to_dict() == {"train": 2700, "dev": 250}
    assert len(study.ratings) == 2950 * 40
    assert missing_report(study).set_index("corpus")["clips"].to_dict() == {
        "EARS": 150, "LibriTTS": 300, "CommonVoice": 500, "MUSDB18-HQ": 451, "MusicCaps": 549, "AudioSet": 1000,
    }  # fmt: skip
    assert missing_report(study)["missing"].sum() == 2950
