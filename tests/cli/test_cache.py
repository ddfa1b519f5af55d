"""cache: what is kept, and clearing it."""

from __future__ import annotations

import numpy as np
import pytest

from qamro.encoders.embedding_store import EmbeddingStore
from qamro.paths import cache_dir


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))


def test_info_of_an_empty_cache(run, tmp_path):
    result = run("cache", "info")
    assert result.exit_code == 0
    assert f"Cache: {tmp_path / 'cache'}" in result.stdout
    assert "Embeddings: 0 B of at most 1.0 GB" in result.stdout


def test_info_and_clear(run):
    EmbeddingStore().put("Clap r123 float32", {str(i): np.zeros(512, np.float32) for i in range(1000)})
    (cache_dir("converted") / "clap.safetensors").write_bytes(bytes(3_000_000))
    (cache_dir("studies") / "ratings.csv").write_text("kept")
    shown = run("cache", "info").stdout
    assert "Embeddings: 2 MB of at most 1.0 GB" in shown
    assert "Clap r123 float32: 1,000 (2 MB)" in shown
    assert "Converted checkpoints: 3 MB" in shown
    result = run("cache", "clear")
    assert result.exit_code == 0
    assert "Removed 1,000 embeddings and 3 MB of converted checkpoints" in result.stdout
    assert EmbeddingStore().info().bytes == 0
    assert "Converted checkpoints: 0 B" in run("cache", "info").stdout
    assert (cache_dir("studies") / "ratings.csv").exists()
