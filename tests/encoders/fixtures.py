"""Small and full-size checkpoints, each made once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qamro.encoders.transformers_folder import hide_broken_packages
from tests.encoders.small import WAVLM, clap_model, laion_state, save_audiobox, save_laion, save_tokenizer


@contextmanager
def small_networks() -> Iterator[None]:
    """Makes the original package build a small WavLM."""
    hide_broken_packages()
    from audiobox_aesthetics.model import aes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aes, "DEFAULT_AUDIO_CFG", aes.WavLMConfig(vars(aes.DEFAULT_AUDIO_CFG) | WAVLM))
        yield


@pytest.fixture
def small_wavlm() -> Iterator[None]:
    """To be used by tests that load ``small_audiobox``."""
    with small_networks():
        yield


@pytest.fixture(scope="session")
def small_clap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small-clap")
    return save_laion(laion_state(clap_model(), masks=True), folder / "clap.pt")


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tokenizer(tmp_path_factory.mktemp("small-tokenizer"))


@pytest.fixture(scope="session")
def small_audiobox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with small_networks():
        return save_audiobox(tmp_path_factory.mktemp("small-audiobox"))


@contextmanager
def _seeded(shared: Path, folder: Path, kind: str, name: str) -> Iterator[Path]:
    """Makes a full-size checkpoint and a cache beside it, and removes both: they are a gigabyte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QAMRO_CACHE", str(folder / "cache"))
        subprocess.run([sys.executable, shared / "tools" / "seeded_checkpoint.py", kind, folder / name], check=True)
        yield folder / name
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def seeded_clap(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The full-size checkpoint that laion-clap answered on."""
    with _seeded(shared, tmp_path_factory.mktemp("seeded-clap"), "clap", "clap.pt") as path:
        yield path


@pytest.fixture(scope="module")
def seeded_audiobox(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The full-size checkpoint that Audiobox-Aesthetics answered on."""
    with _seeded(shared, tmp_path_factory.mktemp("seeded-audiobox"), "aes", "aes") as path:
        yield path
