"""The page's arithmetic, in Node: stored vectors are those that Python computes now, and JavaScript meets them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from . import reference, write_vectors

HERE = Path(__file__).resolve().parent
SETTINGS: list[dict[str, Any]] = [
    {"clips": 24, "model": "linear", "seed": 16, "huber": False, "rate": 0.05, "margin": 0.1, "alpha": 0.2, "beta": 7},
    {"clips": 24, "model": "linear", "seed": 16, "huber": True, "rate": 0.05, "margin": 0.1, "alpha": 0.2, "beta": 7},
    {"clips": 10, "model": "free", "seed": 3, "huber": False, "rate": 0.05, "margin": 0.1, "alpha": 0.2, "beta": 7},
    {"clips": 40, "model": "free", "seed": 4, "huber": True, "rate": 0.1, "margin": 0.4, "alpha": 0.5, "beta": 15},
    {"clips": 33, "model": "linear", "seed": 999, "huber": False, "rate": 0.02, "margin": 0, "alpha": 1, "beta": 1},
]


@pytest.fixture(scope="module")
def node() -> str:
    """Node from the path, or the one that playwright brings along."""
    found = shutil.which("node")
    if found:
        return found
    playwright = pytest.importorskip("playwright._impl._driver")
    return str(playwright.compute_driver_executable()[0])


def test_stored_vectors_are_what_python_computes_now() -> None:
    stored = json.loads(write_vectors.FILE.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(write_vectors.make()))
    assert stored.keys() == now.keys()
    for kind, cases in now.items():
        assert len(stored[kind]) == len(cases), _stale(kind)
        assert all(_same(old, new) for old, new in zip(stored[kind], cases, strict=True)), _stale(kind)


def _stale(kind: str) -> str:
    return f"vectors.json is stale ({kind}); write it again: python -m tests.margin.write_vectors"


def _same(old: Any, new: Any) -> bool:
    if isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in new)
    if isinstance(new, list):
        return len(old) == len(new) and all(_same(a, b) for a, b in zip(old, new, strict=True))
    if isinstance(new, float) and isinstance(old, int | float):
        return bool(old == pytest.approx(new, rel=1e-12, abs=1e-12))
    return bool(old == new)


def test_node_meets_the_vectors(node: str) -> None:
    suites = sorted(str(path) for path in HERE.glob("*.test.js"))
    done = subprocess.run([node, "--test", *suites], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "# fail 0" in done.stdout or "ℹ fail 0" in done.stdout


@pytest.fixture(scope="module")
def trained(node: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [node, str(HERE / "trajectories.mjs")],
        input=json.dumps(SETTINGS),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("index", range(len(SETTINGS)))
def test_the_made_up_clips_are_the_very_same(trained: list[dict[str, Any]], index: int) -> None:
    settings = SETTINGS[index]
    assert trained[index]["task"] == reference.make_task(settings["clips"], settings["model"], settings["seed"])


@pytest.mark.parametrize("index", range(len(SETTINGS)))
@pytest.mark.parametrize("name", reference.LOSSES)
def test_every_step_of_a_training_is_torchs(trained: list[dict[str, Any]], index: int, name: str) -> None:
    settings = SETTINGS[index]
    task = reference.make_task(settings["clips"], settings["model"], settings["seed"])
    loss = reference.objective(name, **settings)
    expected = reference.train(task, loss, settings["rate"])
    run = trained[index]["runs"][name]
    np.testing.assert_allclose(run["predictions"], expected, rtol=0, atol=1e-9)
    y = torch.tensor(task["y"], dtype=torch.float64)
    for step in (0, 1, 17, reference.STEPS):
        p = expected[step]
        assert run["values"][step] == pytest.approx(float(loss(torch.from_numpy(p), y)), abs=1e-9)
        ours = reference.metrics(p.tolist(), task["y"])
        assert run["srcc"][step] == pytest.approx(ours["srcc"], abs=1e-9)
        assert run["mse"][step] == pytest.approx(ours["mse"], abs=1e-9)
        assert run["top1"][step] == ours["top1"]
    end = trained[index]["ends"][name]
    assert {key: end[key] for key in ("wrong", "wrongTop", "pairsTop", "top1")} == {
        key: ours[key] for key in ("wrong", "wrongTop", "pairsTop", "top1")
    }


def test_a_ranking_loss_never_moves_the_average(trained: list[dict[str, Any]]) -> None:
    predictions = np.array(trained[2]["runs"]["mr"]["predictions"])
    np.testing.assert_allclose(predictions.mean(axis=1), predictions[0].mean(), atol=1e-12)
