"""Writes vectors.json, which the Node tests read: ``python -m tests.margin.write_vectors`` at the project's root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from . import reference

FILE = Path(__file__).with_name("vectors.json")


def make() -> dict[str, Any]:
    """Computes all vectors, always from the same seed."""
    rng = np.random.default_rng(20250811)
    return {
        "losses": [_loss_case(*case) for case in _loss_inputs(rng)],
        "metrics": [_metric_case(p, y) for p, y in _metric_inputs(rng)],
        "shares": [_share_case(*case) for case in _share_inputs(rng)],
        "random": [_random_case(seed) for seed in (0, 1, 7, 999, 2**31, 2**32 - 1)],
    }


def _loss_inputs(rng: np.random.Generator) -> list[tuple[str, list[float], list[float], dict[str, Any]]]:
    batches: list[tuple[list[float], list[float]]] = []
    for size in (2, 3, 12, 31):
        y = rng.uniform(1, 5, size)
        batches.append((rng.normal(3, 1, size).tolist(), y.tolist()))
        batches.append((rng.normal(3, 1, size).tolist(), (np.round(y * 5) / 5).tolist()))  # MOS of five raters
    batches += [
        ([2.5], [3.0]),  # one clip
        ([1.0, 2.0, 3.0], [4.0, 4.0, 4.0]),  # all tied
        ([2.0, 2.0, 2.0, 2.0], [1.0, 2.0, 3.0, 5.0]),  # constant predictions
        ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]),  # right by more than any margin
        ([4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]),  # upside down
        ([3.5, 3.0, 1.0], [4.0, 2.0, 2.0]),  # exactly on the corner of the hinge: margins 0.5
        ([0.0, 9.0, -4.0], [0.5, 6.0, 3.0]),  # scores outside the scale 1 to 5
    ]
    forms: list[tuple[str, dict[str, Any]]] = [
        ("mr", {"margin": 0.1}),
        ("mr", {"margin": 0.5}),
        ("mr", {"margin": 0.0}),
        ("qamro", {"alpha": 0.2, "beta": 7.0}),
        ("qamro", {"alpha": 0.2, "beta": 1.0}),
        ("qamro", {"alpha": 0.25, "beta": 15.0, "scale": [1.0, 5.0]}),
        ("qamro", {"alpha": 0.0, "beta": 3.5}),
        ("huber", {}),
    ]
    return [(name, p, y, options) for p, y in batches for name, options in forms]


def _loss_case(name: str, p: list[float], y: list[float], options: dict[str, Any]) -> dict[str, Any]:
    def loss(predictions: Any, targets: Any) -> Any:
        if name == "qamro" and "scale" in options:
            return reference.qamro_loss(
                predictions,
                targets,
                alpha=options["alpha"],
                beta=options["beta"],
                normalize="scale",
                scale=tuple(options["scale"]),
            )
        return reference.objective(name, **options)(predictions, targets)

    value, gradient = reference.value_and_gradient(loss, p, y)
    return {"loss": name, "p": p, "y": y, "options": options, "value": value, "gradient": gradient}


def _metric_inputs(rng: np.random.Generator) -> list[tuple[list[float], list[float]]]:
    inputs = []
    for size in (4, 10, 37):
        y = rng.uniform(1, 5, size)
        inputs.append((rng.normal(3, 1, size).tolist(), y.tolist()))
        inputs.append((np.round(rng.normal(3, 1, size)).tolist(), np.round(y).tolist()))
    inputs.append(([3.0, 3.0, 3.0], [1.0, 2.0, 3.0]))
    inputs.append(([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]))
    return inputs


def _metric_case(p: list[float], y: list[float]) -> dict[str, Any]:
    return {"p": p, "y": y, **reference.metrics(p, y)}


def _share_inputs(rng: np.random.Generator) -> list[tuple[list[float], float, tuple[float, float] | None]]:
    studies = [rng.uniform(1, 5, 18).tolist(), (np.round(rng.uniform(1, 5, 41) * 4) / 4).tolist(), [3.0, 3.0, 4.0]]
    inputs: list[tuple[list[float], float, tuple[float, float] | None]] = []
    for y in studies:
        inputs += [(y, beta, scale) for beta in (1.0, 7.0, 15.0) for scale in (None, (1.0, 5.0))]
    return [*inputs, ([2.0, 2.0, 2.0], 7.0, None), ([0.0, 4.0, 5.5, 2.0], 7.0, (1.0, 5.0))]


def _share_case(y: list[float], beta: float, scale: tuple[float, float] | None) -> dict[str, Any]:
    return {"y": y, "beta": beta, "scale": scale, **reference.share_of_top(y, beta, scale)}


def _random_case(seed: int) -> dict[str, Any]:
    uniform = reference.mulberry32(seed)
    draws = [uniform() for _ in range(8)]
    return {"seed": seed, "uniform": draws, "normal": [reference.normal(uniform) for _ in range(3)]}


if __name__ == "__main__":
    vectors = make()
    lines = [f'"{key}": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]" for key, cases in vectors.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(FILE)
