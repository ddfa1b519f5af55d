"""A hub, a place for weights, and a small set of published files."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from qamro.checkpoints import Weights
from tests.checkpoints.hub_server import HubServer, publish


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    server = HubServer()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    yield server
    server.close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights and receipts of this test alone."""
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "weights"


@pytest.fixture
def published(hub: HubServer) -> Weights:
    noise = random.Random(7)
    return publish(hub, "tiny", {"config.json": b'{"a": 1}', "model.bin": noise.randbytes(300_000)})
