from functools import partial

import numpy as np
import pytest
import soundfile
import torch

from qamro.encoders import LogMel, frame_encoder
from qamro.encoders.embedding_store import CachedFrames, EmbeddingStore
from qamro.encoders.frames import FrameEncoder
from qamro.studies import Study
from qamro.studies.simulated import SAMPLE_RATE, draw_prompt, draw_system, stream
from qamro.training.frames.embedded_frames import bucketed, frame_study, in_order_of_length, middle, simulated_frames
from qamro.training.simulated_corpus import Corpus, is_catch


@pytest.mark.parametrize("count", [1, 7, 64, 1000])
def test_every_place_comes_once(count):
    lengths = np.random.default_rng(count).integers(1, 500, count).tolist()
    batches = bucketed(lengths, 16, torch.Generator().manual_seed(0))
    assert sorted(place for batch in batches for place in batch) == list(range(count))
    assert all(len(batch) <= 16 for batch in batches)
    ordered = in_order_of_length(lengths, 16)
    assert sorted(place for batch in ordered for place in batch) == list(range(count))


def test_little_of_a_batch_is_padding_and_no_two_epochs_are_alike():
    lengths = np.random.default_rng(0).integers(10, 600, 2000).tolist()

    def padding(batches):
        return sum(max(lengths[i] for i in b) * len(b) for b in batches) / sum(lengths) - 1

    generator = torch.Generator().manual_seed(0)
    first, second = bucketed(lengths, 32, generator), bucketed(lengths, 32, generator)
    assert padding(first) < 0.1
    shuffled = torch.randperm(2000).tolist()
    assert padding([shuffled[i : i + 32] for i in range(0, 2000, 32)]) > 0.5
    assert {frozenset(batch) for batch in first}.isdisjoint({frozenset(batch) for batch in second})
    assert bucketed(lengths, 32, torch.Generator().manual_seed(0)) == first


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
    from qamro.training.frames import embedded_frames

    class Counting(LogMel):
        embedded = 0

        def embed_frames(self, clips):
            self.embedded += len(clips)
            return super().embed_frames(clips)

    monkeypatch.setattr(embedded_frames, "_BATCH", 2)
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


def test_frames_are_those_of_the_rendered_sound_and_catches_share_them():
    corpus = Corpus(systems=2, prompts=3, listeners=2, catches=2, seed=5)
    study, found = simulated_frames(corpus, partial(frame_encoder, "logmel", cache=False), workers=0)
    assert len(found.clips) == len(study.clips) == 2 * 3 * 3
    assert len(found.frames) == 6
    clip = next(stream([draw_system(1, 5)], [draw_prompt(4, 5)], 5))
    expected = frame_encoder("logmel", cache=False).embed_frames([(clip.samples, SAMPLE_RATE)])[0]
    row = found.clips.index(clip.clip)
    torch.testing.assert_close(found.frames[found.sound[row]].float(), expected.half().float(), atol=0.1, rtol=1e-2)
    of = dict(zip(study.clips["clip"], study.clips["catch_of"], strict=True))
    for name, sound in zip(found.clips, found.sound, strict=True):
        if is_catch(name):
            assert sound == found.sound[found.clips.index(of[name])]
    assert set(found.text) == set(found.prompts) == set(study.clips["prompt"])
