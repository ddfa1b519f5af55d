"""Checkpoints for the tests of predictors."""

import pytest

from tests.encoders.fixtures import (  # noqa: F401
    small_audiobox,
    small_clap,
    small_tokenizer,
    small_wavlm,
)


@pytest.fixture
def no_weights(tmp_path, monkeypatch):
    """A machine without published weights, and with a cache of its own."""
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("qamro.predictors.loading._unreachable_since", None)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "weights"
