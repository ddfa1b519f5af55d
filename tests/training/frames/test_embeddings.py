import numpy as np
import pytest
import soundfile
import torch

from qamro.encoders import LogMel, frame_encoder
from qamro.encoders.cached_frames import CachedFrames
from qamro.encoders.embedding_store import EmbeddingStore
from qamro.encoders.frames import FrameEncoder
from qamro.studies import Study
from qamro.training.frames.embeddings import frame_study, middle


@pytest.fixture
def study(tmp_path):
    import pandas as pd

    for i, seconds in enumerate((0.5, 1.2, 2.0)):
        samples = np.random.default_rng(i).normal(0, 0.1, round(seconds * 32_000))
        soundfile.write(tmp_path / f"{i}.wav", samples, 32_000)
    (tmp_path / "bad.wav").write_text("no sound")
    clips = pd.DataFrame(
        {
            "clip": ["a", "b", "bad", "c"],
            "path": ["0.wav", "1.wav", "bad.wav", "2.wav"],
            "system": ["s", "s", "t", "t"],
            "prompt": ["calm piano", "", "loud", "calm piano"],
        }
    )
    ratings = pd.DataFrame({"clip": list(clips["clip"]), "rater": "r", "axis": "MI", "score": [1.0, 2.0, 3.0, 4.0]})
    return Study(clips, ratings, name="files", kind="human", root=tmp_path)


def test_clips_become_sequences_and_a_bad_file_is_named(study):
    seen = []
    encoder = frame_encoder("logmel", cache=False)
    found = frame_study(study, encoder, on_clip=lambda done, total: seen.append((done, total)))
    assert found.clips == ["a", "b", "c"]
    assert [found.length(row) for row in range(3)] == [5, 12, 20]
    assert list(found.failed) == ["bad"]
    assert seen[-1] == (4, 4)
    assert set(found.text) == {"calm piano"}
    frames, mask, tokens, token_mask = found.batch([2, 1], with_text=True)
    assert frames.shape == (2, 20, 96)
    assert mask.sum(1).tolist() == [20, 12]
    assert token_mask.sum(1).tolist() == [2, 0], "a clip without a prompt has no tokens"
    torch.testing.assert_close(tokens[0], encoder.embed_text_frames(["calm piano"])[0])
    assert found.batch([0], with_text=False)[2:] == (None, None)
    assert found.rows(["c", "bad", "a"]).tolist() == [2, 0]


def test_after_an_interruption_only_the_rest_is_embedded(study, tmp_path, monkeypatch):
    from qamro.training.frames import embeddings

    class Counting(LogMel):
        embedded = 0

        def embed_frames(self, clips):
            self.embedded += len(clips)
            return super().embed_frames(clips)

    monkeypatch.setattr(embeddings, "_BATCH", 2)
    store = EmbeddingStore(tmp_path / "store.sqlite")
    first, again, third = Counting(), Counting(), LogMel()
    with pytest.raises(InterruptedError, match="2 of 4"):
        frame_study(study, FrameEncoder("logmel", CachedFrames(first, store), first), on_clip=lambda *_: True)
    found = frame_study(study, FrameEncoder("logmel", CachedFrames(again, store), again))
    assert (first.embedded, again.embedded) == (2, 1)
    for ours, fresh in zip(found.frames, frame_study(study, FrameEncoder("logmel", third, third)).frames, strict=True):
        torch.testing.assert_close(ours, fresh)


def test_of_a_long_clip_the_middle_is_kept():
    samples = np.arange(24.0, dtype="f4")
    assert middle(samples, 1).tolist() == list(range(7, 17))  # 10 of 24 s
    assert middle(samples, 2).tolist() == list(range(2, 22))
    assert middle(samples, 100).tolist() == samples.tolist()


def test_stopping_and_hopeless_studies(study):
    encoder = frame_encoder("logmel", cache=False)
    with pytest.raises(InterruptedError, match="stopped after 4 of 4"):
        frame_study(study, encoder, on_clip=lambda *_: True)
    for file in study.root.glob("*.wav"):
        file.write_text("no sound")
    with pytest.raises(ValueError, match="no clip of study 'files' could be read"):
        frame_study(study, encoder)


def test_prompts_that_are_not_there_are_asked_for_in_vain(study):
    study.clips["prompt"] = ""
    found = frame_study(study, frame_encoder("logmel", cache=False))
    assert found.text is None
    with pytest.raises(ValueError, match="no text"):
        found.batch([0], with_text=True)
