"""What a sweep is set to: data, objective, which of its numbers is swept; and what it trains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qamro.training.objective.table import HYPERPARAMETERS, TABLE, families

if TYPE_CHECKING:
    from qamro.training.objective import Objective
    from qamro.training.trainer import FitConfig

SMALL = (32, 16)
"""Widths of the heads: the studies at hand have some hundred clips."""

OPTIMISERS: dict[str, dict[str, Any]] = {
    "adamw": {"lr": 1e-3, "batch_size": 0, "max_epochs": 300},
    "sgd": {"lr": 5e-4, "batch_size": 256, "max_epochs": 500},
}
"""How heads are fitted, by name: all clips in every step, or as the paper does it."""

ALONE = "regression alone"


@dataclass(frozen=True)
class Experiment:
    """Objectives that are trained on the folds of a study and judged on clips that training never saw.

    Attributes:
        variants: Gives the objectives of an axis.
        seeds: One fit of every objective each.
        config: How to fit.
        axes: Which axes; None for all that can be trained.
        folds: Folds where no split was published; 1 splits once.
        hold_out: ``"auto"``, ``"content"`` or ``"system"`` (see ``hold_out_parts``).
    """

    variants: Callable[[str], Sequence[Variant]]
    seeds: Sequence[int]
    config: FitConfig
    axes: Sequence[str] | None = None
    folds: int = 5
    hold_out: str = "auto"


@dataclass(frozen=True)
class Setup:
    """What a sweep is set to.

    Attributes:
        study: Name of the study; ``"simulated"`` is the bundled one.
        encoder: What embeds the clips (see ``qamro.encoders.load_encoder``).
        axes: Which axes.
        family: A key of ``families()``.
        over: The number that is turned; a key of ``HYPERPARAMETERS``.
        values: Its values.
        beside: Values of the number beside it, one curve each; empty for the objective's own.
        seeds: Fits of every objective.
        folds: Folds where no split was published; 1 splits once.
        hold_out: ``"auto"``, ``"content"`` or ``"system"`` (see ``hold_out_parts``).
        optimiser: A key of ``OPTIMISERS``.
    """

    study: str = "simulated"
    encoder: str = "logmel"
    axes: tuple[str, ...] = ("MI", "TA")
    family: str = "qamro"
    over: str = "beta"
    values: tuple[float, ...] = (1.0, 3.0, 5.0, 7.0, 9.0, 11.0)
    beside: tuple[float, ...] = (0.1, 0.2, 0.5)
    seeds: int = 10
    folds: int = 5
    hold_out: str = "auto"
    optimiser: str = "adamw"

    def __post_init__(self) -> None:
        """Checks the choices and sorts the values.

        Raises:
            ValueError: A name is unknown, or a number is out of its range; the message says which.
        """
        for name, given, known in (
            ("objective", self.family, tuple(families())),
            ("optimiser", self.optimiser, tuple(OPTIMISERS)),
            ("hold_out", self.hold_out, ("auto", "content", "system")),
        ):
            if given not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}, not {given!r}")
        if self.over not in HYPERPARAMETERS:
            raise ValueError(f"what is turned is one of {', '.join(HYPERPARAMETERS)}, not {self.over!r}")
        if not self.values or not self.axes:
            raise ValueError("a sweep needs at least one value and one axis")
        if self.seeds < 1 or self.folds < 1:
            raise ValueError("a sweep needs at least one seed and one fold")
        object.__setattr__(self, "values", tuple(sorted({float(value) for value in self.values})))
        object.__setattr__(self, "beside", tuple(sorted({float(value) for value in self.beside})))
        for name, numbers in ((self.over, self.values), (self.second, self.beside)):
            for number in numbers if name else ():
                least, most = HYPERPARAMETERS[name].least, HYPERPARAMETERS[name].high
                if not least <= number <= most:
                    raise ValueError(f"{name} goes from {least:g} to {most:g}, not {number:g}")
        for axis in self.axes:
            self.variants(axis)

    @property
    def config(self) -> FitConfig:
        """How heads are fitted."""
        from qamro.training.trainer import FitConfig

        return FitConfig(self.optimiser, hidden=SMALL, **OPTIMISERS[self.optimiser])

    @property
    def second(self) -> str:
        """The number that may be turned beside; empty when this objective has none."""
        from qamro.training.objective.objective import used_by

        name = HYPERPARAMETERS[self.over].beside
        return name if name in used_by(self._objective("TA")) else ""

    @property
    def reference(self) -> float:
        """The value that the others are held against."""
        return HYPERPARAMETERS[self.over].reference

    @property
    def experiment(self) -> Experiment:
        """What is trained."""
        return Experiment(self.variants, range(self.seeds), self.config, self.axes, self.folds, self.hold_out)

    def variants(self, axis: str) -> list[Variant]:
        """Returns the objectives for an axis: what the curves are held against, then every point.

        Raises:
            ValueError: The objective does not depend on the number, or a value is out of range.
        """
        from qamro.training.sweeps.objective_variants import variants_over

        objective = self._objective(axis)
        if self.over == "alignment_weight" and not objective.needs_similarity:
            raise ValueError(f"{axis} is judged without the prompt, and SAMA acts only where there is one; sweep TA")
        points: list[Variant] = []
        label = HYPERPARAMETERS[self.over].label
        for value in self._curves(objective):
            first = objective.having({self.second: value} if self.second else {})
            start = f"{HYPERPARAMETERS[self.second].label} {value:g}, {label}" if self.second else label
            points += [
                replace(point, label=f"{start} {at:g}", at=at, curve=value)
                for at, point in zip(self.values, variants_over(first, self.over, self.values), strict=True)
            ]
        if self.family == "qamro" and self.over == "beta":
            return [variant for variant in Plan(self.values).variants(axis) if variant.baseline] + points
        alone = replace(objective, ranking="none", alignment_weight=0.0)
        return [Variant(RIDGE, replace(alone, regression="ridge"), True), Variant(ALONE, alone, True), *points]

    def objectives(self, axis: str) -> int:
        """Returns how many objectives are trained for an axis; what comes to the same counts once."""
        from qamro.training.sweeps.runs import plain

        return len({plain(variant.objective) for variant in self.variants(axis)})

    def fits(self, folds: int) -> int:
        """Returns how many fits that is on a number of folds; ridge regression has no seeds and is solved once."""
        return sum((self.objectives(axis) - 1) * self.seeds + 1 for axis in self.axes) * folds

    def _objective(self, axis: str) -> Objective:
        from qamro.training.objective import OBJECTIVES

        return OBJECTIVES[self.family](axis)

    def _curves(self, objective: Objective) -> tuple[float, ...]:
        return (self.beside or (float(objective.value(self.second)),)) if self.second else (math.nan,)


def first_over(family: str, wanted: str = "") -> str:
    """Returns what is swept at first: what is wanted where the objective has it, else the number that it is about."""
    from qamro.training.objective.objective import OBJECTIVES, hyperparameters

    names = [parameter.name for parameter in hyperparameters(OBJECTIVES[family]("TA"))]
    known = (name for name in (wanted, "beta", "temperature") if name in names)
    return next(known, None) or next((name for name in names if not name.endswith("_weight")), names[0])


# What a sweep trains: the baselines, and QAMRO for every alpha and beta.

RIDGE = TABLE["ridge"].short
"""What ridge regression on the same features is called in every sweep and comparison."""

FIXED_MARGIN = TABLE["qamro-fixed-margin"].short
"""What Eq. 3's weights on Eq. 1's margin are called: an ablation of ours, not the paper's."""

_RANKING = {
    RIDGE: "none",
    "regression alone": "none",
    "without weighting": "qamro-unweighted",
    "without adaptive margin": "mr",
    FIXED_MARGIN: "qamro-fixed-margin",
}

BASELINES = tuple(_RANKING)
"""What beta curves are held against.

Ridge regression; no ranking term; beta = 1 (the paper's "w/o quality-aware weighting"); Eq. 1 in the place of Eq. 2
(the paper's "w/o adaptive margin": no weights either, as the caption of its Table I says); and the weights of Eq. 3
with the margin of Eq. 1, which the paper does not have.
"""


@dataclass(frozen=True)
class Variant:
    """One objective of a sweep.

    Attributes:
        label: For tables and figures.
        objective: What it trains with.
        baseline: Whether it is what curves are held against rather than a point of one.
        at: The value over which a curve is drawn; NaN for a baseline.
        curve: The value that the points of a curve share; NaN for a baseline, and where there is only one curve.
    """

    label: str
    objective: Objective
    baseline: bool = False
    at: float = math.nan
    curve: float = math.nan


def converging() -> FitConfig:
    """Returns how a sweep fits unless told otherwise: every objective to its end, which the paper's rate does not."""
    from qamro.training.trainer import FitConfig

    return FitConfig("adamw", lr=1e-3, batch_size=0, max_epochs=300)


@dataclass(frozen=True)
class Plan:
    """What a sweep trains.

    Attributes:
        betas: Preference factors.
        alphas: Slopes of the adaptive margin.
        seeds: One fit of every variant each.
        baselines: Which of ``BASELINES`` to add; their alpha and beta are the paper's.
        config: How to fit.
        also: Keys of ``OBJECTIVES`` to add where they are something else on the axis.
    """

    betas: Sequence[float] = (1, 3, 5, 7, 9, 11)
    alphas: Sequence[float] = (0.2,)
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    baselines: Sequence[str] = BASELINES
    config: FitConfig = field(default_factory=converging)
    also: Sequence[str] = ()

    def variants(self, axis: str) -> list[Variant]:
        """Returns the objectives of the sweep for an axis: baselines, every alpha with every beta, and ``also``."""
        from qamro.training.objective import OBJECTIVES, paper_objective

        paper = paper_objective(axis)
        points = [
            Variant(point_label(alpha, beta), replace(paper, alpha=alpha, beta=beta), at=beta, curve=alpha)
            for alpha in self.alphas
            for beta in self.betas
        ]
        regression = {RIDGE: "ridge"}
        beside = [
            Variant(
                name,
                replace(paper, ranking=_RANKING[name], regression=regression.get(name, paper.regression)),
                baseline=True,
            )
            for name in self.baselines
        ]
        others = [Variant(name, OBJECTIVES[name](axis), baseline=True) for name in self.also]
        known = [variant.objective for variant in beside + points]
        return beside + points + [variant for variant in others if variant.objective not in known]


def point_label(alpha: float, beta: float) -> str:
    """Returns what a point of the curve is called."""
    return f"alpha {alpha:g}, beta {beta:g}"
