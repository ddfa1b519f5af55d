import sys
import types

import numpy as np
import pytest
import torch

from qamro.checkpoints import WeightsError
from qamro.encoders import Audiobox
from qamro.encoders.audiobox_network import load_original
from tests.encoders.small import AES_CONFIG, save_audiobox

RATE = 16_000
AXES = ("CE", "CU", "PC", "PQ")


def sound(samples, seed=0):
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / RATE
    tone = np.sin(2 * np.pi * rng.uniform(100, 2000) * time)
    return (0.3 * tone * np.exp(-time % 1) + 0.1 * rng.standard_normal(samples)).astype(np.float32)


@pytest.fixture
def original(small_audiobox, small_wavlm):
    """The original package's own predictor; of torchaudio it needs only a resampler, which has nothing to do here."""
    module = types.ModuleType("torchaudio")
    module.functional = types.SimpleNamespace(resample=lambda wave, orig_freq, new_freq: wave)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torchaudio", module)
        patch.delitem(sys.modules, "audiobox_aesthetics.infer", raising=False)
        from audiobox_aesthetics.infer import AesPredictor, Normalize

        predictor = AesPredictor.__new__(AesPredictor)
        predictor.data_col, predictor.sample_rate, predictor.device = "wave", RATE, torch.device("cpu")
        predictor.model = load_original(small_audiobox)
        scales = AES_CONFIG["target_transform"]
        predictor.target_transform = {axis: Normalize(**scale) for axis, scale in scales.items()}
        yield lambda clips: predictor.forward(
            [{"wave": torch.from_numpy(clip)[None], "sample_rate": RATE} for clip in clips]
        )
        patch.delitem(sys.modules, "audiobox_aesthetics.infer", raising=False)


@pytest.fixture
def audiobox(small_audiobox, small_wavlm):
    return Audiobox.from_checkpoint(small_audiobox)


LENGTHS = (1, 319, 320, 321, 399, 400, 5_000, 64_000, 159_680, 159_681, 160_000, 160_001, 250_000, 376_000)


def test_scores_equal_the_original_predictor(original, audiobox):
    clips = [sound(length, i) for i, length in enumerate(LENGTHS)]
    expected = original(clips)
    found = audiobox.score([(clip, RATE) for clip in clips])
    for ours, theirs, length in zip(found, expected, LENGTHS, strict=True):
        assert set(ours) == set(theirs) == set(AXES)
        for axis in AXES:
            assert ours[axis] == pytest.approx(theirs[axis], abs=2e-5), (length, axis)
    spread = np.ptp([list(row.values()) for row in expected], axis=0)
    assert (spread > 1e-2).all(), "the oracle tells the clips apart"


@pytest.mark.parametrize("windows_at_once", [1, 3, 100])
def test_a_score_depends_on_its_clip_alone(audiobox, monkeypatch, windows_at_once):
    clips = [(sound(length, i), RATE) for i, length in enumerate((64_000, 160_000, 376_000, 900, 30_000, 31_000))]
    alone = [audiobox.score([clip])[0] for clip in clips]
    monkeypatch.setitem(sys.modules["qamro.encoders.audiobox"]._AT_ONCE, "cpu", windows_at_once * 160_000)
    together = audiobox.score(clips)
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=2e-5)


def test_memory_is_bounded_by_the_samples_computed_together(audiobox, monkeypatch):
    seen = []
    network = audiobox._network
    monkeypatch.setattr(audiobox, "_network", Recorder(network, seen))
    audiobox.score([(sound(376_000, i), RATE) for i in range(3)] + [(sound(16_000, i), RATE) for i in range(12)])
    assert max(seen) <= 160_000
    assert sum(seen) < 6 * 160_000 + 3 * 57_000 + 12 * 17_000


class Recorder:
    """Counts the samples of every batch on its way to the network."""

    def __init__(self, network, seen):
        self.network, self.seen = network, seen

    def __getattr__(self, name):
        return getattr(self.network, name)

    def __call__(self, windows, lengths):
        self.seen.append(windows.numel())
        return self.network(windows, lengths)


def test_embeddings_are_what_the_heads_read(audiobox, small_audiobox):
    clip = sound(90_000)
    scores, embedded = audiobox.scores_and_embeddings([(clip, RATE)])
    torch.testing.assert_close(embedded, audiobox.embed_audio([(clip, RATE)]))
    assert embedded.shape == (1, audiobox.audio_dim) == (1, 4 * 64)
    network = load_original(small_audiobox)
    for axis, part, score in zip(AXES, embedded.view(4, 64), scores[0], strict=True):
        torch.testing.assert_close(part.norm(), torch.tensor(1.0))
        scale = AES_CONFIG["target_transform"][axis]
        with torch.inference_mode():
            raw = network.proj_layer[axis](part)
        assert float(raw * scale["std"] + scale["mean"]) == pytest.approx(float(score), abs=2e-5)


def test_a_long_clips_embedding_is_the_weighted_mean(audiobox):
    clip = sound(250_000)
    parts = [audiobox.embed_audio([(part, RATE)]).view(4, 64) for part in (clip[:160_000], clip[160_000:])]
    mean = parts[0] + parts[1] * 90_000 / 160_000
    expected = torch.nn.functional.normalize(mean, dim=1).flatten()
    torch.testing.assert_close(audiobox.embed_audio([(clip, RATE)])[0], expected, atol=1e-5, rtol=0)


def test_other_rates_are_resampled(audiobox):
    import soxr

    clip = sound(100_000)
    expected = audiobox.score([(soxr.resample(clip, 44_100, RATE), RATE)])[0]
    assert audiobox.score([(clip, 44_100)])[0] == pytest.approx(expected)


def test_nothing_gives_nothing(audiobox):
    assert audiobox.score([]) == []
    assert audiobox.embed_audio([]).shape == (0, 256)


def test_bfloat16_really_switches_on_and_stays_close(small_audiobox, small_wavlm):
    clips = [(sound(length, i), RATE) for i, length in enumerate((20_000, 200_000))]
    exact, rough = (
        Audiobox.from_checkpoint(small_audiobox),
        Audiobox.from_checkpoint(small_audiobox, precision="bfloat16"),
    )
    assert rough._network.layers[0].fc1.weight.dtype == torch.bfloat16
    difference = exact.scores_and_embeddings(clips)[0] - rough.scores_and_embeddings(clips)[0]
    assert 0 < difference.abs().max() < 0.2
    assert rough.settings == "bfloat16"


def test_revision_is_the_contents_hash_and_unknown_weights_are_not_published(audiobox, small_audiobox):
    import hashlib

    digest = hashlib.sha256((small_audiobox / "model.safetensors").read_bytes()).hexdigest()
    assert audiobox.revision == digest[:12]
    assert audiobox.published is False
    assert not hasattr(audiobox, "embed_text")


def test_a_missing_file_is_named(small_audiobox, small_wavlm, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no config\.json"):
        Audiobox.from_checkpoint(tmp_path)


def test_damaged_and_foreign_files_are_refused(small_wavlm, tmp_path):
    folder = save_audiobox(tmp_path / "aes")
    model, config = folder / "model.safetensors", folder / "config.json"
    whole = model.read_bytes()
    model.write_bytes(whole[:-100])
    with pytest.raises(WeightsError, match=r"model\.safetensors is damaged"):
        Audiobox.from_checkpoint(folder)
    model.write_bytes(whole)
    config.write_text(config.read_text().replace('"proj_num_layer": 2', '"proj_num_layer": 3'))
    with pytest.raises(WeightsError, match="does not fit the network"):
        Audiobox.from_checkpoint(folder)
    for content in ("{", "[]", "{}", '{"target_transform": {}}', '{"surprise": 1}'):
        config.write_text(content)
        with pytest.raises(WeightsError, match=r"config\.json is not of Audiobox-Aesthetics"):
            Audiobox.from_checkpoint(folder)


@pytest.mark.cuda
def test_a_gpu_gives_the_same(audiobox, small_audiobox):
    clips = [(sound(length, i), RATE) for i, length in enumerate((5_000, 64_000, 376_000))]
    found = Audiobox.from_checkpoint(small_audiobox, device="cuda").score(clips)
    for ours, theirs in zip(found, audiobox.score(clips), strict=True):
        assert ours == pytest.approx(theirs, abs=1e-3)
