"""MuQ is optional: without its package, what is tested is what the user is told."""

import json

import numpy as np
import pytest
import torch

from qamro.checkpoints import WeightsError
from qamro.encoders import MuQ, frame_encoder


def folder_with_files(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    return tmp_path


def test_without_the_package_the_message_says_how_to_get_it_and_names_the_licence(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "muq", None)
    with pytest.raises(WeightsError, match=r"pip install muq.*CC BY-NC 4\.0"):
        MuQ.from_checkpoint(folder_with_files(tmp_path))


def test_without_weights_the_message_says_how_to_fetch_them(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="weights fetch muq"):
        MuQ.from_checkpoint(tmp_path)
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(WeightsError, match=r"1\.3 GB, CC-BY-NC-4\.0"):
        frame_encoder("muq")


def small(depth):
    """A small random MuQ by the published package; skips where it is not installed or its torchaudio cannot run."""
    why = "the package muq is not installed, or its torchaudio does not run here"
    package = pytest.importorskip("muq", reason=why, exc_type=Exception)
    config = {"encoder_dim": 32, "encoder_depth": depth, "conv_dim": 16, "is_flash": False}
    config["stat"] = {"melspec_2048_mean": 6.768444971712967, "melspec_2048_std": 18.417922652295623}
    config["w2v2_config"] = json.loads(
        '{"hidden_act": "swish", "feat_extract_activation": "gelu", "num_attention_heads": 2, '
        '"intermediate_size": 48, "hidden_dropout": 0, '
        '"attention_dropout": 0, "activation_dropout": 0, "layerdrop": 0, "layer_norm_eps": 1e-5, '
        '"conformer_conv_dropout": 0, "conv_depthwise_kernel_size": 31, "position_embeddings_type": "rotary", '
        '"rotary_embedding_base": 10000, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}'
    )
    torch.manual_seed(0)
    return package.MuQ(config).eval()


def test_a_layer_of_the_real_package_is_that_of_a_network_that_ends_there():
    network = small(depth=3)
    samples = np.random.default_rng(0).normal(0, 0.1, 24_000 * 2).astype(np.float32)
    muq = MuQ(network, "0" * 64)
    found = muq.embed_layer((samples, 24_000), 2)
    network.model.conformer.layers = network.model.conformer.layers[:2]
    network.model.conformer.layer_norm = torch.nn.Identity()
    (expected,) = muq._states([(samples, 24_000)])
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_frames_of_the_real_package(tmp_path):
    network = small(depth=1)
    muq = MuQ(network, "0" * 64)
    samples = np.random.default_rng(0).normal(0, 0.1, 24_000 * 2).astype(np.float32)
    (frames,) = muq.embed_frames([(samples, 24_000)])
    with torch.inference_mode():
        mel = network.model.normalize(network.model.preprocessing(torch.from_numpy(samples)[None], ["melspec_2048"]))
        expected = network.model.conformer(network.model.conv(mel["melspec_2048"])).last_hidden_state[0]
    torch.testing.assert_close(frames[0], expected[:3].mean(0), atol=1e-5, rtol=1e-5)
    assert len(frames) == -(-len(expected) // 3)
    assert muq.frame_rate == pytest.approx(25 / 3)
