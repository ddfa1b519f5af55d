"""CLAP at full size against the stored answers of laion_clap 1.1.7."""

import numpy as np
import pytest
import torch

from qamro.encoders import Clap
from qamro.encoders.clap import round_to_16_bits


@pytest.fixture(scope="module")
def clap(seeded_clap):
    return Clap.from_checkpoint(seeded_clap)


@pytest.fixture(scope="module")
def answers(shared):
    return np.load(shared / "reference" / "clap_reference.npz")


def close(found, expected):
    found = found.numpy()
    cosine = (found * expected).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosine.min() > 0.99999
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_audio_text_and_log_mel_equal_laion_clap(clap, answers):
    close(
        clap.embed_audio([(audio, int(answers["audio_sr"])) for audio in answers["audio"]]), answers["audio_embedding"]
    )
    close(clap.embed_tokens(answers["input_ids"], answers["attention_mask"]), answers["text_embedding"])
    first = torch.from_numpy(round_to_16_bits(answers["audio"][0]))[None]
    mel = clap.log_mel(first)[0, : len(answers["logmel_first"])]
    np.testing.assert_allclose(mel.numpy(), answers["logmel_first"], atol=1e-4)


def test_a_second_load_takes_the_converted_file(clap, seeded_clap, answers, monkeypatch):
    monkeypatch.setattr("qamro.encoders.clap_network.read_laion", None)
    again = Clap.from_checkpoint(seeded_clap)
    close(again.embed_tokens(answers["input_ids"], answers["attention_mask"]), answers["text_embedding"])
