"""fetch: a study from a real server into its folder, resumed, noted down; and from local copies."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile

import pytest

from qamro.studies import Study
from qamro.studies.fetch import RECORD, FetchError, fetch
from qamro.studies.registry import DATASETS, RemoteFile, open_study
from tests.studies.extracts import write_aes_natural, write_pam

from .file_server import serving


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    with serving(folder) as state:
        yield state


def put(server, path, content):
    content = content.encode() if isinstance(content, str) else content
    file = server.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return RemoteFile(
        path, server.address + path, len(content), hashlib.sha256(content).hexdigest(), path.endswith((".mp3", ".zip"))
    )


@pytest.fixture
def survey(server):
    """lstm_music with three answers, served from this machine."""
    rows = ["USER_ID,SONG_ID,GUESS,RATING,TIME", "7,1,0,5,900", "7,60,1,2,900"]
    files = [put(server, "answers.csv", "\n".join(rows))]
    files += [put(server, f"Samples/{n}.mp3", b"sound" * 100 * n) for n in (1, 60)]
    return dataclasses.replace(DATASETS["lstm_music"], files=tuple(files))


def test_a_study_arrives_complete(survey):
    seen = []
    study = fetch(survey, on_progress=seen.append)
    assert study.missing_audio() == []
    assert (study.name, study.about["licence"]) == ("lstm_music", "GPL-3.0 (the repository)")
    assert (seen[-1].file, seen[-1].files) == (3, 3)
    assert seen[-1].bytes == seen[-1].of_bytes == sum(file.bytes for file in survey.files)
    assert [step.bytes for step in seen] == sorted(step.bytes for step in seen)
    assert survey.is_here
    assert open_study("lstm_music").audio_path("60.mp3").read_bytes() == b"sound" * 6000
    note = json.loads((survey.folder / RECORD).read_text())
    assert note["revision"] == survey.revision
    assert {path: entry["sha256"] for path, entry in note["files"].items()} == {f.path: f.sha256 for f in survey.files}


def test_fetching_again_asks_for_nothing_and_repairs_what_is_lost(survey, server):
    fetch(survey)
    server.asked.clear()
    fetch(survey)
    assert server.asked == []
    (survey.folder / "published" / "Samples" / "1.mp3").unlink()
    fetch(survey)
    assert server.asked == [("Samples/1.mp3", "")]


def test_an_interrupted_fetch_goes_on(survey, server):
    def stop(step):
        if step.file == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(survey, on_progress=stop)
    assert not survey.is_here
    server.asked.clear()
    fetch(survey)
    assert {path for path, _ in server.asked} <= {"Samples/60.mp3"}


def test_what_does_not_fit_is_refused_before_the_download(survey, server):
    huge = dataclasses.replace(survey, megabytes=10**12)
    with pytest.raises(FetchError, match=r"1,000,000,000\.0 GB are needed.* GB free.*--no-audio.*QAMRO_CACHE"):
        fetch(huge)
    assert server.asked == []
    assert len(fetch(huge, audio=False).missing_audio()) == 2


def test_without_audio(survey, server):
    study = fetch(survey, audio=False)
    assert {path for path, _ in server.asked} == {"answers.csv"}
    assert study.missing_audio() == ["1.mp3", "60.mp3"]


def test_a_changed_file_is_refused(survey, server):
    (server.folder / "Samples" / "1.mp3").write_bytes(b"other")
    with pytest.raises(FetchError, match="not the file that was published"):
        fetch(survey)
    assert not survey.is_here


def test_clips_that_only_the_ratings_name_are_fetched_too(server):
    table = 'signal,condition,ratings,participant_ids,file\ns,c,"[50.0]","[2]",stim_01/a.wav\ns,Anchor,"[1.0]","[2]",\n'
    files = (put(server, "ratings_formated_filtered.csv", table),)
    put(server, "audio/stim_01/a.wav", b"x")
    data = dataclasses.replace(DATASETS["codec_mushra"], files=files, audio_base=server.address)
    study = fetch(data)
    assert study.missing_audio() == []
    assert study.audio_path("stim_01/a.wav").read_bytes() == b"x"


def test_a_zip_is_unpacked_once_and_cannot_write_elsewhere(server, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("human_eval/music/musicldm/x.wav", b"x")
        archive.writestr("../../escaped.wav", b"x")
    line = {"data_path": "/your_path/PAM/human_eval/music/musicldm/x.wav"}
    line |= {key: [1] for key in ("Production_Quality", "Production_Complexity", "Content_Enjoyment")}
    ratings = put(server, "evaluation_data/AES_PAM.jsonl", json.dumps(line | {"Content_Usefulness": [2]}))
    archive = dataclasses.replace(put(server, "human_eval.zip", packed.getvalue()), unpack=True)
    data = dataclasses.replace(DATASETS["aes_pam"], files=(ratings, archive))
    study = fetch(data)
    assert study.missing_audio() == []
    assert not (data.folder / "published" / "human_eval.zip").exists()
    assert [path for path in tmp_path.rglob("escaped.wav") if "published" not in path.parts] == []
    server.asked.clear()
    fetch(data)
    assert server.asked == []


def test_a_zip_that_is_none_is_refused(server):
    archive = dataclasses.replace(put(server, "human_eval.zip", b"<html>"), unpack=True)
    with pytest.raises(FetchError, match="not a zip archive"):
        fetch(dataclasses.replace(DATASETS["aes_pam"], files=(archive,)))


def test_what_cannot_be_downloaded_says_how_to_get_it():
    told = dataclasses.replace(
        DATASETS["musiceval"], files=(), obtain="Ask for it, and fetch again with --from FOLDER."
    )
    with pytest.raises(FetchError, match=r"Ask for it.*--from FOLDER.*https://huggingface"):
        fetch(told)


def test_a_copy_of_musiceval(tmp_path):
    sets = tmp_path / "copy" / "MusicEval-full" / "sets"
    sets.mkdir(parents=True)
    (sets / "test_mos_list.txt").write_text("x-S001_P001.wav,2.4,3.4\n")
    study = fetch(DATASETS["musiceval"], source=tmp_path / "copy")
    assert study.clips["split"].tolist() == ["test"]
    assert Study.load(DATASETS["musiceval"].folder).holds_means
    assert json.loads((DATASETS["musiceval"].folder / RECORD).read_text())["from"].endswith("copy")


def test_recordings_of_aes_natural_beside_downloaded_ratings(server, tmp_path):
    """The ratings come from the net and the recordings from a folder."""
    folder = write_aes_natural(tmp_path / "ratings")
    known = DATASETS["aes_natural"]
    files = []
    for file in known.files:
        name = file.path.rsplit("/", 1)[-1]
        served = put(server, name, (folder / name).read_bytes())
        files.append(dataclasses.replace(file, url=served.url, bytes=served.bytes, sha256=served.sha256))
    ears = tmp_path / "disk" / "EARS" / "p001"
    ears.mkdir(parents=True)
    (ears / "emo_contentment_sentences.wav").write_bytes(b"x")
    study = fetch(dataclasses.replace(known, files=tuple(files)), source=tmp_path / "disk")
    assert len(study.missing_audio()) == 5
    assert study.clips["split"].value_counts().to_dict() == {"train": 5, "dev": 1}


def test_a_copy_that_is_not_as_published_is_read_and_noted(tmp_path):
    published = write_pam(tmp_path / "copy")
    content = published.read_bytes()
    known = DATASETS["aes_pam"]
    first = dataclasses.replace(known.files[0], bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    known = dataclasses.replace(known, files=(first, *known.files[1:]))
    assert "notes" not in fetch(known, source=published.parent).about
    lines = published.read_text().splitlines(keepends=True)
    published.write_text("".join(lines[:6]))  # cut short at the end of a line
    study = fetch(known, source=published.parent)
    assert len(study.clips) == 6
    assert study.about["notes"] == [
        "AES_PAM.jsonl: not the file that was published (its SHA-256 differs); it was read all the same"
    ]


def test_an_empty_folder_for_aes_natural_is_named_when_the_ratings_cannot_be_downloaded(server, tmp_path):
    files = tuple(dataclasses.replace(file, url=server.address + "gone") for file in DATASETS["aes_natural"].files)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        FetchError, match=r"empty holds no AES_natural.*nor can its ratings be downloaded.*404 Not Found"
    ):
        fetch(dataclasses.replace(DATASETS["aes_natural"], files=files), source=tmp_path / "empty")


def test_asking_whether_a_study_is_here_writes_nothing(tmp_path):
    assert not DATASETS["lstm_music"].is_here
    assert not (tmp_path / "cache").exists()
