"""Small random encoders, and a study of tones that is really read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch

from qamro.encoders.transformers_folder import hide_broken_packages
from qamro.studies import Study
from qamro.training.end_to_end.towers import AudioboxTower, ClapTower, WavlmTower
from tests.encoders.fixtures import small_audiobox, small_clap, small_tokenizer, small_wavlm  # noqa: F401

PROMPTS = ("calm piano with soft strings", "fast drums and a loud guitar", "")


@pytest.fixture(scope="session")
def wavlm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    hide_broken_packages()
    from transformers import WavLMConfig, WavLMModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    sizes |= {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    folder = tmp_path_factory.mktemp("wavlm")
    WavLMModel(WavLMConfig(**sizes)).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True}))
    return folder


@pytest.fixture
def clap_tower(small_clap: Path, small_tokenizer: Path) -> ClapTower:  # noqa: F811
    return ClapTower.from_checkpoint(small_clap, small_tokenizer)


@pytest.fixture
def wavlm_tower(wavlm_folder: Path) -> WavlmTower:
    return WavlmTower.from_checkpoint(wavlm_folder)


@pytest.fixture
def audiobox_tower(small_audiobox: Path, small_wavlm: None) -> AudioboxTower:  # noqa: F811
    return AudioboxTower.from_checkpoint(small_audiobox)


@pytest.fixture(params=["clap", "audiobox", "wavlm"])
def tower(request: pytest.FixtureRequest) -> ClapTower | AudioboxTower | WavlmTower:
    return request.getfixturevalue(f"{request.param}_tower")


def waves(count: int, rate: int, seconds: float = 1.0) -> list[np.ndarray]:
    """Tones in noise, of different lengths."""
    rng = np.random.default_rng(0)
    found = []
    for k in range(count):
        time = np.arange(int(rate * (seconds + 0.1 * (k % 3)))) / rate
        tone = 0.3 * np.sin(2 * np.pi * 220 * (1 + k) * time)
        found.append((tone + 0.03 * k * rng.normal(size=time.size)).astype(np.float32))
    return found


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """24 clips of 4 systems with two prompts; the more noise, the lower MI; one is not a sound file."""
    root, rng, rows = tmp_path_factory.mktemp("tones"), np.random.default_rng(0), []
    for k in range(24):
        time = np.arange(8000 + 800 * (k % 2)) / 16_000
        wave = 0.3 * np.sin(2 * np.pi * 330 * time) + 0.01 * k * rng.normal(size=time.size)
        soundfile.write(root / f"c{k}.wav", wave, 16_000)
        rows.append({"clip": f"c{k}", "path": f"c{k}.wav", "system": f"s{k % 4}", "prompt": PROMPTS[k % 2]})
    (root / "c5.wav").write_text("no sound")
    names = [row["clip"] for row in rows]
    ta = {"clip": names[:20], "axis": "TA", "score": np.where(np.arange(20) % 2, 4.0, 2.0) + np.linspace(0, 0.5, 20)}
    scores = [pd.DataFrame({"clip": names, "axis": "MI", "score": np.linspace(5, 1, 24)}), pd.DataFrame(ta)]
    Study(pd.DataFrame(rows), pd.concat(scores), name="tones", kind="simulated", root=root).save(root)
    return Study.load(root)
