import json

import numpy as np
import pytest
import torch

from qamro.checkpoints import WeightsError, sha256_of
from qamro.encoders import WavLM, load_encoder
from tests.encoders.small import save_wavlm

RATE = 16_000


def sound(seconds, seed=0, rate=RATE):
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * rng.uniform(100, 2000) * time) + 0.1 * rng.normal(size=len(time))).astype("f4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("wavlm")


@pytest.fixture(scope="module")
def model(folder):
    return save_wavlm(folder)


@pytest.fixture(scope="module")
def wavlm(folder, model):
    return WavLM.from_checkpoint(folder)


def states(model, samples):
    with torch.inference_mode():
        return model(torch.from_numpy(samples)[None], output_hidden_states=True).hidden_states


def test_frames_are_the_mean_of_all_layers_averaged_to_ten_a_second(wavlm, model):
    samples = sound(3.07)
    layers = [layer[0] for layer in states(model, samples)]
    mean = sum(layers) / 4
    expected = torch.stack([mean[i : i + 5].mean(0) for i in range(0, len(mean), 5)])
    (found,) = wavlm.embed_frames([(samples, RATE)])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert (wavlm.frame_rate, wavlm.frame_dim, wavlm.audio_dim) == (10, 32, 32)
    torch.testing.assert_close(wavlm.embed_audio([(samples, RATE)])[0], mean.mean(0), atol=1e-5, rtol=1e-5)


def test_layers_can_be_chosen(folder, model):
    samples = sound(1)
    chosen = WavLM.from_checkpoint(folder, layers=(1, 3), every=1)
    expected = (states(model, samples)[1][0] + states(model, samples)[3][0]) / 2
    torch.testing.assert_close(chosen.embed_frames([(samples, RATE)])[0], expected, atol=1e-5, rtol=1e-5)
    assert chosen.frame_rate == 50
    assert chosen.settings != WavLM.from_checkpoint(folder).settings
    with pytest.raises(ValueError, match="layers 0 to 3"):
        WavLM.from_checkpoint(folder, layers=[4])


def test_frames_depend_on_their_clip_alone(wavlm):
    clips = [(sound(seconds, i), RATE) for i, seconds in enumerate((2, 0.5, 2, 0.01, 23))]
    together = wavlm.embed_frames(clips)
    for clip, frames in zip(clips, together, strict=True):
        torch.testing.assert_close(wavlm.embed_frames([clip])[0], frames, atol=1e-6, rtol=1e-5)
    assert [len(frames) for frames in together[:4]] == [20, 5, 20, 1]


def test_a_long_clip_is_cut_into_windows_of_ten_seconds(wavlm):
    samples = sound(23)
    parts = wavlm.embed_frames([(samples[i : i + 160_000], RATE) for i in (0, 160_000, 320_000)])
    unaveraged = WavLM.embed_audio(wavlm, [(samples, RATE)])
    (found,) = wavlm.embed_frames([(samples, RATE)])
    assert abs(len(found) - sum(map(len, parts))) <= 2  # each window has one network frame less than 50 a second
    torch.testing.assert_close(found[:99], parts[0][:99], atol=1e-5, rtol=1e-5)
    assert unaveraged.shape == (1, 32)


def test_normalised_as_the_checkpoint_says(tmp_path, model):
    save_wavlm(tmp_path, normalize=True)
    samples = sound(1)
    scaled = ((samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)).astype(np.float32)
    expected = torch.stack(states(model, scaled)).mean(0)[0].mean(0)
    torch.testing.assert_close(
        WavLM.from_checkpoint(tmp_path).embed_audio([(samples, RATE)])[0], expected, atol=1e-4, rtol=1e-4
    )


def test_it_says_what_it_is(wavlm, folder):
    assert wavlm.revision == sha256_of(folder / "pytorch_model.bin")[:12]
    assert not wavlm.published
    assert wavlm.embed_audio([]).shape == (0, 32)
    assert wavlm.embed_frames([]) == []


def test_as_an_encoder_of_heads_it_remembers(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    clips = [(sound(1), RATE)]
    first = load_encoder("wavlm", checkpoint=folder).embed_audio(clips)
    again = load_encoder("wavlm", checkpoint=folder)
    monkeypatch.setattr(type(again.encoder), "_forward", None)
    torch.testing.assert_close(again.embed_audio(clips), first, rtol=0, atol=0)
    assert not hasattr(again, "embed_text")


def test_missing_and_damaged_files_are_named(folder, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="weights fetch wavlm"):
        WavLM.from_checkpoint(tmp_path)
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"no pickle")
    with pytest.raises(WeightsError, match="cannot be opened as WavLMModel"):
        WavLM.from_checkpoint(tmp_path)
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    del state["encoder.layers.1.attention.k_proj.weight"]
    torch.save(state, tmp_path / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"lacks encoder\.layers\.1\.attention\.k_proj\.weight"):
        WavLM.from_checkpoint(tmp_path)
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(WeightsError, match=r"378 MB, CC-BY-SA-3\.0"):
        load_encoder("wavlm")


def test_a_file_that_runs_code_is_refused(folder, tmp_path):
    class Evil:
        def __reduce__(self):
            return (json.loads, ('{"ran": 1}',))

    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    torch.save({"evil": Evil()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(WeightsError):
        WavLM.from_checkpoint(tmp_path)
