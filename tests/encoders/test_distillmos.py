"""Distill-MOS against its package's own network, on the same windows."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
import torch
from audio_files import speech

from qamro.checkpoints import WeightsError
from qamro.encoders import load_encoder
from qamro.encoders.distillmos import WINDOW, DistillMos, starts
from qamro.encoders.packaged import DISTILLMOS

pytestmark = pytest.mark.skipif(not DISTILLMOS.is_here, reason="the package distillmos is not installed")

LENGTHS = {"a second": 16_000, "two windows": WINDOW + 10_000}


def packages_network() -> torch.nn.Module:
    """The package's network; its module imports torchaudio and uses it on the command line only."""
    had = sys.modules.get("torchaudio")
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    try:
        from distillmos import ConvTransformerSQAModel
    finally:
        sys.modules.pop("torchaudio")
        if had is not None:
            sys.modules["torchaudio"] = had
    return ConvTransformerSQAModel().eval()


@pytest.fixture(scope="module")
def theirs():
    return packages_network()


@pytest.fixture(scope="module")
def ours():
    return DistillMos()


def sounds() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    made = {}
    for name, length in LENGTHS.items():
        time = np.arange(length) / 16_000
        pulse = np.sin(2 * np.pi * 120 * time) ** 15 * (0.3 + 0.2 * np.sin(2 * np.pi * 3 * time))
        made[name] = (pulse + 0.01 * rng.standard_normal(length)).astype(np.float32)
    return made


def test_scores_and_embeddings_are_the_packages(ours, theirs, monkeypatch):
    given = sounds()
    read = []
    theirs.transformer_pool_attn.pool.linear3.register_forward_hook(lambda _, inputs, __: read.append(inputs[0]))
    with torch.no_grad():
        expected = [theirs(torch.from_numpy(wave)[None]).item() for wave in given.values()]
    scores, embedded = ours.scores_and_embeddings([(wave, 16_000) for wave in given.values()])
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose(scores[:, 0].numpy(), expected, atol=1e-4)
    for row, windows in zip(embedded, read, strict=True):
        torch.testing.assert_close(row, windows.mean(0), atol=1e-3, rtol=1e-3)
    monkeypatch.setattr("qamro.encoders.distillmos._AT_ONCE", {"cpu": 2})  # windows of two clips in one batch
    together = ours.scores_and_embeddings([(wave, 16_000) for wave in given.values()])
    torch.testing.assert_close(together, (scores, embedded), atol=1e-5, rtol=1e-4)


def test_speech_scores_as_the_package_says(ours, theirs):
    wave = speech(9)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(wave)[None]).item()
    assert [row["SQ"] for row in ours.score([(wave, 16_000)])] == pytest.approx([expected], abs=1e-4)


@pytest.mark.parametrize("length", [1, WINDOW, WINDOW + 1, WINDOW + 16_000, WINDOW + 16_001, 1_000_000])
def test_windows_cover_a_clip_as_the_package_cuts_it(length):
    over = max(0, length - WINDOW)  # what their forward computes
    hops = int(np.ceil(over / 16_000)) + 1
    assert starts(length) == [int(c * over) for c in list(np.linspace(0, 1, hops))]
    assert starts(length)[-1] + WINDOW >= length


def test_what_it_says_of_itself(ours):
    assert ours.published
    assert ours.revision == DISTILLMOS.sha256[:12]
    assert ours.audio_dim == 200
    assert ours.embed_audio([]).shape == (0, 200)
    assert not any(p.requires_grad for p in ours._network.parameters())


def test_a_foreign_file_is_named(tmp_path):
    torch.save({"model": {"cnn.cnn.0.weight": torch.zeros(3)}}, tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("no weights")
    for name in ("other.pt", "text.pt"):
        with pytest.raises(WeightsError, match="the weights of Distill-MOS"):
            DistillMos(tmp_path / name)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("qamro.encoders.packaged.find_spec", lambda _: None)
    with pytest.raises(
        WeightsError, match=r"distillmos \(MIT\), which is not installed.*pip install 'qamro\[speech\]'"
    ):
        load_encoder("distillmos")
