"""A study that goes to the Hub and comes back is the same study; the Hub's client is replaced by folders."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile

from qamro.studies import Study, StudyError


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Keeps each data set as a folder, and writes down how it was made."""
    huggingface_hub = pytest.importorskip("huggingface_hub")
    made = {}

    class Api:
        def create_repo(self, repo_id, *, repo_type, private, exist_ok):
            made[repo_id] = (repo_type, private, exist_ok)

        def upload_folder(self, *, repo_id, repo_type, folder_path, commit_message):
            assert made[repo_id][0] == repo_type == "dataset"
            shutil.copytree(folder_path, tmp_path / "hub" / repo_id / "0f3c")

        def snapshot_download(self, repo_id, *, repo_type, revision):
            return str(tmp_path / "hub" / repo_id / "0f3c")

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    return made


@pytest.fixture
def study(tmp_path):
    root = tmp_path / "rated"
    (root / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    paths = [f"deep/{k}.wav" for k in range(3)]
    for path in paths:
        soundfile.write(root / path, 0.1 * rng.standard_normal(800), 8000)
    clips = pd.DataFrame({"clip": list("abcd"), "path": [*paths, "lost.wav"], "system": list("sstt"), "prompt": "x"})
    ratings = pd.DataFrame(
        {"clip": list("abcdabcd"), "rater": list("rrrrqqqq"), "axis": "MI", "score": [1.0, 2, 3, 4] * 2}
    )
    return Study(clips, ratings, name="small", kind="human", root=root)


@pytest.mark.parametrize("audio", [True, False])
def test_a_study_comes_back_as_it_went(hub, study, audio):
    assert study.push_to_hub("somebody/small", audio=audio) == "https://huggingface.co/datasets/somebody/small"
    assert hub == {"somebody/small": ("dataset", True, True)}
    back = Study.from_hub("somebody/small")
    assert (back.name, back.kind) == ("small", "human")
    pd.testing.assert_frame_equal(
        back.ratings[["clip", "rater", "axis", "score"]], study.ratings[["clip", "rater", "axis", "score"]]
    )
    assert back.clips["system"].tolist() == study.clips["system"].tolist()
    assert len(back.missing_audio()) == (1 if audio else 4)
    if audio:
        assert back.audio_path("b").read_bytes() == study.audio_path("b").read_bytes()
    assert back.about["from"].endswith("somebody/small")


def test_any_form_of_ratings_is_read_and_named_after_its_data_set(hub, tmp_path):
    folder = tmp_path / "hub" / "lab" / "speech-test" / "0f3c"
    folder.mkdir(parents=True)
    rows = "\n".join(f"c{k},s{k % 2},r{r},{1 + (k + r) % 5}" for k in range(6) for r in range(3))
    (folder / "results.csv").write_text(f"clip,system,rater,quality\n{rows}\n")
    back = Study.from_hub("lab/speech-test")
    assert len(back.ratings) == 18
    assert back.axes == ["quality"]


def test_strangers_paths_lead_nowhere(hub, tmp_path):
    folder = tmp_path / "hub" / "lab" / "bad" / "0f3c"
    folder.mkdir(parents=True)
    (folder / "clips.csv").write_text("clip,path,system\na,/etc/passwd,s\nb,../../../../etc/passwd,s\n")
    (folder / "ratings.csv").write_text("clip,axis,score\na,MI,1\nb,MI,2\n")
    back = Study.from_hub("lab/bad")
    assert set(back.missing_audio()) == {"a", "b"}


def test_a_data_set_without_ratings_is_refused(hub, tmp_path):
    folder = tmp_path / "hub" / "lab" / "none" / "0f3c"
    folder.mkdir(parents=True)
    (folder / "readme.md").write_text("nothing")
    with pytest.raises((StudyError, FileNotFoundError)):
        Study.from_hub("lab/none")
