"""Sensitivity of an objective: the variants over one of its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from qamro.training.objective import Objective
from qamro.training.objective.objective import hyperparameters
from qamro.training.objective.table import HYPERPARAMETERS
from qamro.training.sweeps.setup import Variant


def variants_over(objective: Objective, name: str, values: Sequence[float] | None = None) -> list[Variant]:
    """Returns an objective with one of its numbers at several values, in rising order.

    Args:
        objective: What the others of its numbers are taken from.
        name: Key of ``HYPERPARAMETERS``.
        values: What to try; None for the parameter's own.

    Returns:
        One variant a value, labelled ``"temperature 0.5"``; equal values count once.

    Raises:
        ValueError: There is no such number, the objective does not depend on it, a value is out of its range, or
            there is none.
    """
    if name not in HYPERPARAMETERS:
        raise ValueError(f"a hyperparameter is one of {', '.join(HYPERPARAMETERS)}, not {name!r}")
    parameter, usable = HYPERPARAMETERS[name], [other.name for other in hyperparameters(objective)]
    if name not in usable:
        raise ValueError(f"{objective} does not depend on {name}; it depends on {', '.join(usable) or 'nothing else'}")
    tried = sorted(set(parameter.values if values is None else values))
    if not tried:
        raise ValueError(f"name at least one value of {name}")
    return [Variant(point_of(name, value), objective.having({name: value}), at=value) for value in map(float, tried)]


def point_of(name: str, value: float) -> str:
    """Returns what a variant at a value is called, for example ``"weight of SAMA 0.3"``."""
    return f"{HYPERPARAMETERS[name].label} {value:g}"
