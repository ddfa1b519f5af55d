"""Sensitivity of an objective: which of its numbers can be turned, and the variants over one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qamro.training.objective import Objective
from qamro.training.sweeps.setup import Variant

_TEMPERED = ("balr", "listmle", "soft-spearman")
_ADAPTIVE = ("qamro", "qamro-unweighted")


@dataclass(frozen=True)
class Hyperparameter:
    """A number of an objective that can be turned.

    Attributes:
        name: The attribute of ``Objective``.
        label: What it is called on axes and in tables.
        values: What to try unless told otherwise; the default of the paper is among them.
        used: Whether an objective's loss depends on it.
    """

    name: str
    label: str
    values: tuple[float, ...]
    used: Callable[[Objective], bool]


HYPERPARAMETERS: dict[str, Hyperparameter] = {
    parameter.name: parameter
    for parameter in (
        Hyperparameter(
            "ranking_weight",
            "weight of the ranking term",
            (0, 0.1, 0.2, 0.5, 1, 2),
            lambda objective: objective.ranking != "none" and objective.regression != "none",
        ),
        Hyperparameter(
            "alignment_weight",
            "weight of SAMA",
            (0, 0.1, 0.3, 0.5, 1, 2),
            lambda objective: objective.alignment_weight > 0,
        ),
        Hyperparameter(
            "temperature",
            "temperature",
            (0.1, 0.25, 0.5, 1, 2, 4),
            lambda objective: objective.ranking in _TEMPERED,
        ),
        Hyperparameter(
            "sigma", "sigma, share of the scale", (1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4), lambda o: o.needs_logits
        ),
        Hyperparameter("alpha", "alpha", (0, 0.1, 0.2, 0.5, 1), lambda objective: objective.ranking in _ADAPTIVE),
        Hyperparameter(
            "beta",
            "beta",
            (1, 3, 5, 7, 9, 11),
            lambda objective: objective.ranking in ("qamro", "qamro-fixed-margin"),
        ),
        Hyperparameter(
            "margin",
            "margin",
            (0, 0.05, 0.1, 0.2, 0.5),
            lambda objective: objective.ranking in ("mr", "qamro-fixed-margin"),
        ),
    )
}
"""What can be turned, by its attribute. DeRA-MOS's alpha is the ``ranking_weight`` of BALR, its beta the
``alignment_weight``."""


def hyperparameters(objective: Objective) -> list[Hyperparameter]:
    """Returns what an objective depends on."""
    return [parameter for parameter in HYPERPARAMETERS.values() if parameter.used(objective)]


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
    parameter = HYPERPARAMETERS[name]
    if not parameter.used(objective):
        usable = ", ".join(other.name for other in hyperparameters(objective)) or "nothing else"
        raise ValueError(f"{objective} does not depend on {name}; it depends on {usable}")
    tried = sorted(set(parameter.values if values is None else values))
    if not tried:
        raise ValueError(f"name at least one value of {name}")
    made = []
    for value in map(float, tried):
        change: dict[str, Any] = {name: value}
        made.append(Variant(point_of(name, value), replace(objective, **change), at=value))
    return made


def point_of(name: str, value: float) -> str:
    """Returns what a variant at a value is called, for example ``"weight of SAMA 0.3"``."""
    return f"{HYPERPARAMETERS[name].label} {value:g}"
