"""An objective: which terms, with which weights and parameters; by name, by choice, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from qamro import plugins
from qamro.axes import AESTHETIC, NEEDS_PROMPT, get_axis
from qamro.training.objective import table
from qamro.training.objective.table import PARAMETERS, TERMS, Parameter, Row, Term

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Objective:
    """``regression_weight * regression + ranking_weight * ranking + alignment_weight * SAMA``.

    QAMRO (arXiv 2508.08957) trains MI and TA with Huber + QAMRO on the rating scale. For the aesthetic axes it says
    "QAMRO + traditional regression objectives" and no more; see ``paper_objective`` for ours and ``"aes-released"`` for
    what its code does. DeRA-MOS (arXiv 2606.10010) trains with CE-Gauss + 0.2 BALR, and adds 0.3 SAMA where there is a
    prompt.

    Attributes:
        regression: Name of a term of regression (see ``table.TERMS``), or ``"none"``. ``"ce-gauss"`` needs a head that
            answers with logits; ``"ridge"`` is solved, not trained (see ``fit_ridge``), and stands alone.
        ranking: Name of a ranking term, or ``"none"``: ``"qamro"`` (QAMRO's Eq. 2 and 3), ``"qamro-unweighted"``
            (beta = 1: the paper's "w/o quality-aware weighting"), ``"mr"`` (Eq. 1: the paper's "w/o adaptive margin"),
            ``"qamro-fixed-margin"`` (the weights of Eq. 3 with the margin of Eq. 1; ours) …
        regression_weight: Weight of the regression term, at least 0.
        ranking_weight: Weight of the ranking term, at least 0; DeRA-MOS's alpha for BALR.
        alpha: Slope of the adaptive margin, at least 0.
        beta: Preference factor, at least 1.
        margin: The fixed margin of ``"mr"`` and ``"qamro-fixed-margin"``, at least 0; the paper does not give its own.
        normalize: ``"batch"`` or ``"scale"``: how QAMRO brings y to [0, 1].
        interval_weights: For ``"qamro"``, in place of y in [0, 1]: nine weights in [0, 1] for scores of 1 to 2, 2 to
            3, … 9 to 10, as in the released code of track 2; ``normalize`` then has no effect. None for Eq. 3.
        scale: ``(low, high)`` of the rating scale, for ``normalize="scale"``, and for CE-Gauss and SAMA where the head
            does not say on which scale it answers.
        standardise: Whether regression and ranking see scores minus their mean, divided by their deviation; for
            ``"batch"`` only. CE-Gauss and SAMA are the same on any scale.
        rank_on_scale: With ``standardise``, the ranking term sees the scores of the scale itself all the same.
        temperature: τ of BALR, ListMLE and soft Spearman, above 0, in units of the scores that they see.
        sigma: σ of CE-Gauss's labels, above 0, as a share of the scale: 1/16 is the 0.25 of a scale of 1 to 5.
        alignment_weight: Weight of SAMA, at least 0; DeRA-MOS's beta. Above 0 it needs a head that compares the clip
            with its prompt.
        more: Names and values of parameters that a term of the table has besides these.
    """

    regression: str = "huber"
    ranking: str = "qamro"
    regression_weight: float = table.REGRESSION_WEIGHT.default
    ranking_weight: float = table.RANKING_WEIGHT.default
    alpha: float = table.ALPHA.default
    beta: float = table.BETA.default
    margin: float = table.MARGIN.default
    normalize: Literal["batch", "scale"] = table.NORMALIZE.default
    scale: tuple[float, float] | None = None
    standardise: bool = False
    rank_on_scale: bool = False
    interval_weights: tuple[float, ...] | None = None
    temperature: float = table.TEMPERATURE.default
    sigma: float = table.SIGMA.default
    alignment_weight: float = table.ALIGNMENT_WEIGHT.default
    more: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        """Checks the choices.

        Raises:
            ValueError: A term is unknown, a weight or parameter is out of range, no term trains the score, or the
                scale is lost.
        """
        for kind, name in ((table.REGRESSION, self.regression), (table.RANKING, self.ranking)):
            if name != "none" and (name not in TERMS or TERMS[name].kind != kind):
                known = [term.name for term in TERMS.values() if term.kind == kind]
                raise ValueError(f"{kind} is one of {', '.join([*known, 'none'])}, not {name!r}")
        for name in (*_OWN, *(name for name, _ in self.more)):
            if name not in PARAMETERS:
                raise ValueError(f"an objective has the parameters {', '.join(PARAMETERS)}, not {name!r}")
            PARAMETERS[name].check(self.value(name))
        if self.regression == self.ranking == "none":
            raise ValueError("an objective needs a regression term, a ranking term, or both")
        if self.solved and (self.ranking != "none" or self.alignment_weight > 0):
            raise ValueError("ridge regression is solved in one step and takes no ranking or alignment term beside it")
        if self.on_pairs and (self.regression != "none" or self.needs_similarity):
            raise ValueError(f"{self.ranking} is trained on votes between pairs and takes no other term beside it")
        if self.interval_weights is not None:
            if self.ranking != "qamro":
                raise ValueError(f"weights by interval belong to the ranking term qamro, not to {self.ranking!r}")
            if len(self.interval_weights) != 9 or not all(0 <= weight <= 1 for weight in self.interval_weights):
                raise ValueError("weights by interval are nine numbers from 0 to 1, for scores of 1 to 2 up to 9 to 10")
        if self.standardise and self.normalize == "scale":
            raise ValueError("standardised scores are on no rating scale; with them, normalize is 'batch'")

    def value(self, name: str) -> Any:
        """Returns the value of one of ``PARAMETERS``."""
        return getattr(self, name) if name in _OWN else dict(self.more).get(name, PARAMETERS[name].default)

    def having(self, values: Mapping[str, Any]) -> Objective:
        """Returns it with other values of attributes and of ``PARAMETERS``.

        Raises:
            ValueError: There is no such parameter, or a value is out of range.
        """
        known = {entry.name for entry in fields(self)}
        more = {name: value for name, value in values.items() if name not in known}
        own = {name: value for name, value in values.items() if name in known}
        return replace(self, **own, more=tuple(sorted({**dict(self.more), **more}.items())))

    @property
    def terms(self) -> list[tuple[Term, float]]:
        """Its terms, each with its weight."""
        found = [(self.regression, self.regression_weight), (self.ranking, self.ranking_weight)]
        found += [("sama", self.alignment_weight)] if self.needs_similarity else []
        return [(TERMS[name], weight) for name, weight in found if name != "none"]

    def record(self) -> dict[str, Any]:
        """Returns all of it as plain values."""
        values = asdict(self)
        return values | dict(values.pop("more"))

    @property
    def solved(self) -> bool:
        """Whether it has an exact solution instead of a training."""
        return any(term.solved for term, _ in self.terms)

    @property
    def on_pairs(self) -> bool:
        """Whether it is trained on votes between two clips instead of ratings."""
        return any(term.pairs for term, _ in self.terms)

    @property
    def needs_logits(self) -> bool:
        """Whether the head must answer with logits over bins of the scale."""
        return any(term.reads == "logits" for term, _ in self.terms)

    @property
    def needs_similarity(self) -> bool:
        """Whether the head must say how alike a clip and its prompt are."""
        return self.alignment_weight > 0

    def __call__(
        self,
        predictions: torch.Tensor,
        targets: torch.Tensor,
        groups: torch.Tensor | None = None,
        *,
        logits: torch.Tensor | None = None,
        similarity: torch.Tensor | None = None,
        scale: tuple[float, float] | None = None,
        standard: tuple[torch.Tensor | float, torch.Tensor | float] | None = None,
    ) -> torch.Tensor:
        """Returns the loss of one model.

        Args:
            predictions: (B,) scores ŷ.
            targets: (B,) human MOS y.
            groups: (B,) study of each clip; only clips of one study are ranked against each other.
            logits: (B, K) over bins of the scale, for CE-Gauss.
            similarity: (B,) cosine of clip and prompt, for SAMA.
            scale: As in ``stacked_loss``.
            standard: As in ``stacked_loss``.

        Returns:
            A scalar.
        """
        from qamro.training.objective.terms import stacked_loss

        losses = stacked_loss(
            [self],
            predictions[None],
            targets,
            groups,
            logits=None if logits is None else logits[None],
            similarity=None if similarity is None else similarity[None],
            scale=scale,
            standard=standard,
        )
        return losses[0]

    def __str__(self) -> str:
        """The objective in words, for cards and tables."""
        return in_words(self)


_OWN = [parameter.name for parameter in table.OWN_PARAMETERS]


# An objective in words, for cards and tables.


def in_words(objective: Objective) -> str:
    """Names the terms with their weights and parameters: ``Huber + QAMRO (alpha 0.2, beta 7)``."""
    terms = [f"{'' if weight == 1 else f'{weight:g} x '}{_said(objective, term)}" for term, weight in objective.terms]
    where = ""
    if objective.standardise and any(term.reads == "predictions" and not term.solved for term, _ in objective.terms):
        mixed = objective.rank_on_scale and objective.ranking != "none"
        where = " on standardised scores" + (", ranking on the scale's own" if mixed else "")
    return " + ".join(terms) + where


def _said(objective: Objective, term: Term) -> str:
    """A term with its parameters; of a regression only those that are not as usual."""
    numbers = [(parameter, objective.value(parameter.name)) for parameter in term.parameters if not parameter.choices]
    ranking = term.kind == table.RANKING
    shown = [parameter.in_words(value) for parameter, value in numbers if ranking or value != parameter.default]
    shown += [term.fixed] if term.fixed else []
    shown += ["weights by interval of MOS"] if ranking and objective.interval_weights else []
    return f"{term.words} ({', '.join(shown)})" if shown else term.words


# An objective by name, with some of its parameters set otherwise.


def used_by(objective: Objective) -> set[str]:
    """Returns which of ``PARAMETERS`` change anything about an objective."""
    used = {parameter.name for term, _ in objective.terms for parameter in term.parameters}
    if "none" not in (objective.regression, objective.ranking):
        used |= {"regression_weight", "ranking_weight"}
    if objective.needs_similarity:
        used.add("alignment_weight")
    return used - ({"normalize"} if objective.interval_weights is not None else set())


def hyperparameters(objective: Objective) -> list[Parameter]:
    """Returns those of the numbers that can be swept on which an objective depends."""
    return [parameter for name, parameter in table.HYPERPARAMETERS.items() if name in used_by(objective)]


def chosen_objective(
    name: str, axis: str, parameters: Mapping[str, Any], *, regression: str = "", ranking: str = ""
) -> Objective:
    """Returns the objective of an axis by its name.

    Args:
        name: A key of ``OBJECTIVES``.
        axis: What is scored.
        parameters: Values for some of ``PARAMETERS``; those that the objective does not use change nothing. With
            ``normalize="scale"`` the scale is the axis's, where it has one and scores are not standardised.
        regression: Another regression term, on the scores as they are where the axis has a scale.
        ranking: Another ranking term.

    Raises:
        ValueError: There is no such objective, or a parameter is out of range; the message says which.
    """
    if name not in OBJECTIVES:
        raise plugins.unknown(plugins.OBJECTIVES, "objective", name, OBJECTIVES)
    base, scale = OBJECTIVES[name](axis), get_axis(axis)
    if regression:
        base = replace(base, regression=regression, standardise=base.standardise and not scale.has_range)
    if ranking:
        base = replace(base, ranking=ranking, interval_weights=None, rank_on_scale=False)
    wanted = {key: value for key, value in parameters.items() if key in used_by(base)}
    if wanted.get("normalize") == "scale":
        if base.standardise or not scale.has_range:
            del wanted["normalize"]
        else:
            wanted["scale"] = (scale.low, scale.high)
    return base.having(wanted)


def without_effect(objectives: Iterable[Objective], parameters: Mapping[str, Any]) -> list[str]:
    """Returns which parameters were set in vain: no objective uses them, or none took the value over.

    Args:
        objectives: As ``chosen_objective`` made them.
        parameters: What it was given.
    """
    made = list(objectives)
    return [
        name
        for name, value in parameters.items()
        if not any(name in used_by(one) and one.value(name) == value for one in made)
    ]


# Objectives with a name, which the command line and the tabs offer.


def paper_objective(axis: str) -> Objective:
    """Returns what QAMRO's paper trains an axis with, as far as it says.

    MI and TA: Huber + QAMRO. The aesthetic axes: "QAMRO + traditional regression objectives", not named further; that
    these are MSE + MAE is what the released code does, and that QAMRO stands on standardised scores beside them, with
    Eq. 3's weights, is ours (``"aes-released"`` is the code's own). An axis of your own gets what MI and TA get, on
    standardised scores: Huber's delta of 1 and the fixed margin of 0.1 mean something on a scale of 1 to 5, and nothing
    on one of 0 to 100.
    """
    if axis in AESTHETIC:
        return Objective(regression="mse+mae", standardise=True)
    return Objective(standardise=not get_axis(axis).has_range)


def named(row: Row, axis: str) -> Objective:
    """Returns the objective of a row of the table for an axis."""
    terms = {term.kind: term.name for term in row.terms}
    aligned = terms.pop(table.ALIGNMENT, "")
    values: dict[str, Any] = {"ranking": "none"} | terms
    if aligned and axis in NEEDS_PROMPT:
        values["alignment_weight"] = table.ALIGNMENT_WEIGHT.published
    return paper_objective(axis).having(values | dict(row.values) | dict(row.by_axis(axis) if row.by_axis else {}))


class _Objectives(Mapping[str, Callable[[str], Objective]]):
    """For each name of the table, what gives the objective of an axis."""

    def __getitem__(self, name: str) -> Callable[[str], Objective]:
        return partial(named, table.TABLE[name])

    def __iter__(self) -> Iterator[str]:
        return iter(table.TABLE)

    def __len__(self) -> int:
        return len(table.TABLE)


OBJECTIVES: Mapping[str, Callable[[str], Objective]] = _Objectives()
"""What to train an axis with, by name: ``OBJECTIVES["qamro"]("MI")``."""


def source_of(objective: Objective, axis: str) -> str:
    """Returns whose objective it is, for the card: QAMRO's paper's, its released code's, our reading; else empty."""
    if axis in AESTHETIC and objective == OBJECTIVES["aes-released"](axis):
        return "QAMRO's released code (track 2)"
    if objective != paper_objective(axis):
        return ""
    if axis in AESTHETIC:
        return "our reading of QAMRO's paper, which names no regression terms for this axis"
    return "QAMRO's paper" if get_axis(axis).has_range else "QAMRO's paper for MI and TA, on standardised scores"
