"""What the tests of the command line share: a runner, and real heads with weights that were never trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from qamro.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs the command line in this process: ``run("studies", "list").exit_code``."""
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of heads for the real LogMel encoder; their scores mean nothing."""
    import torch

    from qamro.encoders import LogMel
    from qamro.heads import Card, HeadBundle, ScoreHead

    torch.manual_seed(0)
    encoder = LogMel()
    dims = {"MI": encoder.audio_dim, "TA": encoder.audio_dim + encoder.text_dim, "PQ": encoder.audio_dim}
    card = Card(
        name="untrained",
        kind="simulated",
        encoder={"name": encoder.name, "revision": encoder.revision},
        study={"name": "no study", "clips": 0, "systems": 0, "hash": "0123"},
        objective=dict.fromkeys(dims, "none"),
        training={"seeds": [0]},
        metrics=[],
        half_width={"MI": 0.4},
        interval="no interval",
    )
    bundle = HeadBundle({axis: ScoreHead(dim) for axis, dim in dims.items()}, card, {})
    return bundle.save(tmp_path_factory.mktemp("heads"))


@pytest.fixture
def saved_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for saved predictors, and a cache of its own."""
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("QAMRO_HEADS", str(tmp_path / "saved"))
    return tmp_path / "saved"
