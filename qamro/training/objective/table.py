"""The table of objectives: parameters, terms, and totals with a name.

Flags of the command line, fields of the forms, words on cards and pages, sweeps and comparisons follow from it. To add
an objective, write its loss and a row here (CONTRIBUTING.md); another package adds one by an entry point in the group
``qamro.objectives``, which names a ``Row`` or a function that returns one. Nothing here imports torch: the page and the
command line are built from it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from qamro import plugins

REGRESSION, RANKING, ALIGNMENT = "regression", "ranking", "alignment"

MOST = 1000.0
"""Largest value of a number that has no end of its own."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a term.

    Attributes:
        name: What the loss calls it; with hyphens, the flag of the command line.
        label: What forms, axes and tables call it.
        help: A sentence.
        default: Its value unless an objective says otherwise.
        low: Least value.
        above: Whether it has to be above ``low``.
        high: Largest value that forms and sweeps take.
        choices: For one that is no number, its values, each with its label.
        values: What a sweep tries; empty where it is not swept.
        reference: The value of a sweep that the others are held against.
        beside: Name of another parameter, each of whose values may be a curve of the sweep.
        published: The value that was published; None where none was.
        said: How a value reads on cards; by its name where that says it.
    """

    name: str
    label: str
    help: str
    default: Any
    low: float = 0.0
    above: bool = False
    high: float = MOST
    choices: tuple[tuple[str, str], ...] = ()
    values: tuple[float, ...] = ()
    reference: float = 0.0
    beside: str = ""
    published: float | None = None
    said: str = ""

    @property
    def least(self) -> float:
        """The smallest value that forms and sweeps take."""
        return self.low + 0.001 if self.above else self.low

    def in_words(self, value: Any) -> str:
        """Returns a value as cards say it: ``"beta 7"``."""
        return (self.said or f"{self.label} {{:g}}").format(value)

    def check(self, value: Any) -> None:
        """Refuses what cannot be a value.

        Raises:
            ValueError: It is out of range; the message says what is in it.
        """
        name = self.name.replace("_", " ")
        if self.choices:
            known = [choice for _, choice in self.choices]
            if value not in known:
                raise ValueError(f"{name} is {' or '.join(map(repr, known))}, not {value!r}")
        elif self.above and not self.low < value < math.inf:
            raise ValueError(f"{name} is a number above {'zero' if self.low == 0 else f'{self.low:g}'}, not {value:g}")
        elif not self.low <= value < math.inf:
            raise ValueError(f"{name} is a number of {self.low:g} or more, not {value:g}")


@dataclass(frozen=True)
class Term:
    """A term of an objective.

    Attributes:
        name: What ``Objective.regression`` or ``Objective.ranking`` calls it.
        kind: ``"regression"``, ``"ranking"`` or ``"alignment"``.
        words: What cards call it, without its parameters.
        loss: ``"module:function"``, or the function: ``loss(predictions, targets, *, groups, **parameters)`` takes
            predictions of M models, (M, B), targets (B,), groups (B,) or None, and returns (M,) losses.
        parameters: What the loss takes by name.
        by_model: Those of them that may differ within a call, as tensors (M,); the others are numbers, and models that
            differ in them are computed one after the other.
        reads: What the loss takes first: ``"predictions"``; ``"logits"`` (M, B, K) over bins of the scale or
            ``"similarity"`` (M, B), the cosine of clip and prompt, both together with ``scale``.
        also: Attributes of the objective that the loss takes, too.
        fixed: What cards say behind the parameters.
        solved: Whether it has an exact solution instead of a loss (see ``qamro.training.ridge``).
        pairs: Whether it is trained on votes between two clips: predictions are then differences, (M, B), of the first
            clip less the second, and targets shares of the votes for the first, (B,).
    """

    name: str
    kind: str
    words: str
    loss: str | Callable[..., Any] = ""
    parameters: tuple[Parameter, ...] = ()
    by_model: tuple[str, ...] = ()
    reads: str = "predictions"
    also: tuple[str, ...] = ()
    fixed: str = ""
    solved: bool = False
    pairs: bool = False


@dataclass(frozen=True, eq=False)
class Row:
    """An objective with a name.

    Attributes:
        name: What the command line calls it.
        title: What a choice calls it.
        note: What it does, in a sentence or two.
        short: What tables, figures and sweeps call it.
        terms: Its terms. Without one of regression, the axis gets that of QAMRO's paper (see ``paper_objective``);
            SAMA is there for axes that are judged against the prompt only.
        values: Attributes of ``Objective`` and parameters of the terms that are not as their defaults say.
        by_axis: Gives more of them for an axis.
        ablation: Whether it is there to be held against another one, and is not offered to be swept.
        compared: Whether ``compare-objectives`` trains it unless told otherwise.
    """

    name: str
    title: str
    note: str
    short: str
    terms: tuple[Term, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    by_axis: Callable[[str], Mapping[str, Any]] | None = None
    ablation: bool = False
    compared: bool = False

    @property
    def on_pairs(self) -> bool:
        """Whether it is trained on votes between two clips instead of ratings."""
        return any(term.pairs for term in self.terms)

    @property
    def swept(self) -> bool:
        """Whether a sweep may be over one of its numbers."""
        numbers = [parameter.name for term in self.terms for parameter in term.parameters if parameter.values]
        return not (self.ablation or self.on_pairs) and bool(
            numbers or any(term.kind == RANKING for term in self.terms)
        )


# Parameters

ALPHA = Parameter(
    "alpha", "alpha", "Slope of the adaptive margin; 0.2 in the paper.", 0.2,
    values=(0, 0.1, 0.2, 0.5, 1), reference=0.2, beside="beta", published=0.2,
)  # fmt: skip
BETA = Parameter(
    "beta", "beta", "Weight of mistakes among the best clips; 1 weighs all alike, 7 in the paper.", 7.0,
    low=1, values=(1, 3, 5, 7, 9, 11), reference=1, beside="alpha", published=7,
)  # fmt: skip
MARGIN = Parameter(
    "margin", "margin", "Fixed margin, in the score's units (of standardised scores where an axis has no scale).", 0.1,
    values=(0, 0.05, 0.1, 0.2, 0.5), reference=0.1,
)  # fmt: skip
TEMPERATURE = Parameter(
    "temperature", "temperature", "Of the ranking term; smaller looks at the top more.", 1.0,
    above=True, values=(0.1, 0.25, 0.5, 1, 2, 4), reference=1, beside="ranking_weight", published=1,
)  # fmt: skip
SIGMA = Parameter(
    "sigma", "sigma, share of the scale", "Width of the soft labels as a share of the scale.", 1 / 16,
    above=True, high=1, values=(1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4), reference=1 / 16, published=1 / 16,
    said="sigma {:g} of the scale",
)  # fmt: skip
NORMALIZE = Parameter(
    "normalize", "quality weight by", "How scores come to 0–1 for beta: each batch's own range, or the scale.", "batch",
    choices=(("the batch's range", "batch"), ("the scale", "scale")),
)  # fmt: skip
REGRESSION_WEIGHT = Parameter("regression_weight", "weight of regression", "0 leaves it out.", 1.0)
RANKING_WEIGHT = Parameter(
    "ranking_weight", "weight of the ranking term", "0 leaves it out; 0.2 in DeRA-MOS for BALR.", 1.0,
    values=(0, 0.1, 0.2, 0.5, 1, 2), beside="temperature",
)  # fmt: skip
ALIGNMENT_WEIGHT = Parameter(
    "alignment_weight", "weight of SAMA", "0.3 in DeRA-MOS.", 0.0,
    values=(0, 0.1, 0.3, 0.5, 1, 2), beside="ranking_weight", published=0.3,
)  # fmt: skip
OWN_PARAMETERS = (
    ALPHA, BETA, MARGIN, TEMPERATURE, SIGMA, REGRESSION_WEIGHT, RANKING_WEIGHT, ALIGNMENT_WEIGHT, NORMALIZE,
)  # fmt: skip
"""In the order of forms and tables; they are attributes of ``Objective``."""


# Terms

_HERE = "qamro.training.objective.terms"
HUBER = Term("huber", REGRESSION, "Huber", f"{_HERE}:huber")
MSE = Term("mse", REGRESSION, "MSE", f"{_HERE}:mse")
MAE = Term("mae", REGRESSION, "MAE", f"{_HERE}:mae")
MSE_MAE = Term("mse+mae", REGRESSION, "MSE + MAE", f"{_HERE}:mse_and_mae")
CE_GAUSS = Term("ce-gauss", REGRESSION, "CE-Gauss", f"{_HERE}:ce_gauss", (SIGMA,), reads="logits")
RIDGE = Term("ridge", REGRESSION, "ridge regression", solved=True)
QAMRO = Term(
    "qamro", RANKING, "QAMRO", f"{_HERE}:qamro", (ALPHA, BETA, NORMALIZE), ("alpha", "beta"),
    also=("scale", "interval_weights"),
)  # fmt: skip
UNWEIGHTED = Term(
    "qamro-unweighted", RANKING, "QAMRO without weighting", f"{_HERE}:unweighted", (ALPHA,), ("alpha",), fixed="beta 1"
)
FIXED_MARGIN = Term(
    "qamro-fixed-margin", RANKING, "QAMRO's weights with a fixed margin, ours", f"{_HERE}:fixed_margin",
    (MARGIN, BETA, NORMALIZE), ("beta",), also=("scale",),
)  # fmt: skip
MR = Term("mr", RANKING, "margin ranking", "qamro.losses:margin_ranking_loss", (MARGIN,))
BALR = Term("balr", RANKING, "BALR", "qamro.losses:balr_loss", (TEMPERATURE,), ("temperature",))
LISTMLE = Term("listmle", RANKING, "ListMLE", "qamro.losses:listmle_loss", (TEMPERATURE,), ("temperature",))
SOFT_SPEARMAN = Term(
    "soft-spearman", RANKING, "soft Spearman", "qamro.losses:soft_spearman_loss", (TEMPERATURE,), ("temperature",)
)
SAMA = Term("sama", ALIGNMENT, "SAMA", "qamro.losses:sama_of_cosine", reads="similarity")
OWN_TERMS = (
    HUBER, MSE, MAE, MSE_MAE, CE_GAUSS, RIDGE, QAMRO, UNWEIGHTED, FIXED_MARGIN, MR, BALR, LISTMLE, SOFT_SPEARMAN, SAMA,
)  # fmt: skip
PAIRS_LOGISTIC = Term("pairs-logistic", RANKING, "pairwise logistic", f"{_HERE}:pairs_logistic", pairs=True)
PAIRS_QAMRO = Term(
    "pairs-qamro", RANKING, "QAMRO's hinge on pairs", f"{_HERE}:pairs_qamro", (ALPHA,), ("alpha",), pairs=True
)


# Objectives

_LARGEST = 9.5
_RELEASED: dict[str, tuple[float, ...]] = {
    "PQ": (0, 0, 4.5, 6.5, 7.5, 9.5, 8.5, 5.5, 0),
    "PC": (8.5, 6.5, 9.5, 7.5, 4.5, 5.5, 3.5, 0, 0),
    "CE": (0, 4.5, 7.5, 6.5, 8.5, 9.5, 5.5, 0, 0),
    "CU": (0, 0, 5.5, 6.5, 7.5, 9.5, 8.5, 4.5, 0),
}
RELEASED_WEIGHTS = {axis: tuple(weight / _LARGEST for weight in weights) for axis, weights in _RELEASED.items()}
"""For each axis, the weights of scores of 1 to 2, … 9 to 10 in QAMRO's released code (see ``intervals``), in [0, 1]."""


def released(axis: str) -> dict[str, Any]:
    """What QAMRO's released code does on an axis besides the paper; nothing but on the aesthetic ones."""
    known = axis in RELEASED_WEIGHTS
    return {"rank_on_scale": True, "interval_weights": RELEASED_WEIGHTS[axis]} if known else {}


_DERAMOS = {"ranking_weight": 0.2}  # L = L_CE-Gauss + 0.2 L_BALR + 0.3 L_SAMA (arXiv 2606.10010)
# fmt: off
ROWS = (
    Row("huber", "Huber: regression alone",
        "Comes close to each clip's score, with outliers counted less. Trained to the end, nothing that we measured "
        "ranks clips better.",
        "Huber", (HUBER,), compared=True),
    Row("mse", "MSE: regression alone",
        "Squares the distance to each clip's score: large misses count most.", "MSE", (MSE,)),
    Row("ridge", "Ridge regression: solved, not trained",
        "The exact linear fit to the features, its penalty chosen within the training clips. No epochs, no seeds. On "
        "one of the two rated studies that we measured it ranks better than any trained head: try it beside whatever "
        "you train.",
        "ridge regression", (RIDGE,)),
    Row("mr", "Regression + margin ranking (MR)",
        "Adds: of two clips, the better one has to be ahead by a fixed margin, however close listeners rated them. "
        "QAMRO's Eq. 1, and its ablation “w/o adaptive margin”.",
        "margin ranking", (MR,), ablation=True),
    Row("qamro", "Regression + QAMRO",
        "Adds: the better clip has to be ahead by alpha times the distance that listeners hear, and mistakes among "
        "good clips weigh up to beta times as much. The paper's loss for MI and TA; for the aesthetic axes it names "
        "QAMRO and “traditional regression objectives”, and that these are MSE + MAE on standardised scores is our "
        "reading.",
        "QAMRO", (QAMRO,), compared=True),
    Row("aes-released", "QAMRO as released, for the aesthetic axes",
        "What the paper's code does on PQ, PC, CE and CU: MSE + MAE on standardised scores, QAMRO on the scores "
        "themselves, weights from a table by axis and interval of the score. On other axes it is the paper's.",
        "QAMRO as released for the aesthetic axes", (QAMRO,), by_axis=released, ablation=True),
    Row("qamro-unweighted", "Regression + QAMRO without weighting",
        "The adaptive margin alone: all mistakes weigh the same (beta = 1). The paper's “w/o quality-aware weighting”.",
        "QAMRO without weighting", (UNWEIGHTED,), ablation=True),
    Row("qamro-fixed-margin", "Regression + QAMRO's weights with a fixed margin (ours)",
        "The weights alone, with one margin for all pairs. An ablation of ours, not the paper's; in our measurements "
        "it does harm.",
        "q with a fixed margin (ours)", (FIXED_MARGIN,), ablation=True),
    Row("balr", "Regression + BALR",
        "Adds: the predictions of a batch, read as chances of being the best, should look as the ratings do. "
        "DeRA-MOS's ranking loss.",
        "BALR", (BALR,), _DERAMOS, compared=True),
    Row("listmle", "Regression + ListMLE",
        "Adds: the ratings' order of the whole batch should be the most likely one under the predictions.",
        "ListMLE", (LISTMLE,)),
    Row("soft-spearman", "Regression + soft Spearman",
        "Adds: the rank correlation itself, made smooth so that it has a gradient.",
        "soft Spearman", (SOFT_SPEARMAN,), compared=True),
    Row("ce-gauss", "CE-Gauss: Gaussian soft labels",
        "Predicts a distribution over the scale instead of one number; the score is its mean.",
        "CE-Gauss", (CE_GAUSS,), compared=True),
    Row("ce-gauss+balr", "CE-Gauss + BALR",
        "A distribution over the scale, and the listwise ranking of a batch.",
        "CE-Gauss + BALR", (CE_GAUSS, BALR), _DERAMOS),
    Row("ce-gauss+balr+sama", "CE-Gauss + BALR + SAMA: DeRA-MOS",
        "DeRA-MOS's whole loss. SAMA asks clip and prompt to be as alike as listeners say they match; it acts on TA "
        "only.",
        "CE-Gauss + BALR + SAMA", (CE_GAUSS, BALR, SAMA), _DERAMOS, compared=True),
    Row("qamro+sama", "Regression + QAMRO + SAMA",
        "QAMRO, and on TA clip and prompt as alike as listeners say they match.",
        "QAMRO + SAMA", (QAMRO, SAMA), compared=True),
    Row("pairs-logistic", "Votes between pairs: logistic",
        "For studies of votes: which of two clips is better. The difference of the two rewards is the "
        "log-odds of a win (Bradley and Terry); a tie is half a win for each.",
        "pairwise logistic", (PAIRS_LOGISTIC,), {"regression": "none"}),
    Row("pairs-qamro", "Votes between pairs: QAMRO's hinge",
        "The clip that won has to be ahead by alpha times the majority that it won with; pairs without one teach "
        "nothing. QAMRO's adaptive margin, with votes in place of the distance between scores.",
        "QAMRO's hinge on pairs", (PAIRS_QAMRO,), {"regression": "none"}),
)
"""In the order of choices. The paper's "w/o quality-aware weighting" is ``"qamro-unweighted"``, its "w/o adaptive
margin" is ``"mr"``; ``"qamro-fixed-margin"`` is ours. For MI, ``"ce-gauss+balr+sama"`` is CE-Gauss + 0.2 BALR."""

# fmt: on

COMPARED = (*(row.name for row in ROWS if row.compared), "ridge")
"""What ``compare-objectives`` trains unless told otherwise; ridge regression always is."""


# The tables by name, with what other packages add

T = TypeVar("T", Row, Term, Parameter)


def joined() -> tuple[Row, ...]:
    """Returns the rows of other packages."""
    return tuple(plugins.table(plugins.OBJECTIVES, {}, Row).values())


class Table(Mapping[str, T]):
    """Entries by name: ours, and those of other packages, which are looked for no earlier than they are needed.

    Of two entries with one name ours counts.
    """

    def __init__(self, of: Callable[[Row], Iterable[T]], first: Sequence[T] = ()) -> None:
        """Takes what gives the entries of a row, and those that come before all of them."""

        def of_rows(rows: tuple[Row, ...]) -> dict[str, T]:
            return {entry.name: entry for row in rows for entry in of(row)}

        self._of_rows: Callable[[tuple[Row, ...]], dict[str, T]] = functools.cache(of_rows)
        self._first: dict[str, T] = {entry.name: entry for entry in first}

    def __getitem__(self, name: str) -> T:
        own = self._of_rows(ROWS)
        return self._first.get(name) or own.get(name) or self._of_rows(joined())[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._first, *self._of_rows(ROWS), *self._of_rows(joined()))))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _parameters(row: Row) -> list[Parameter]:
    return [parameter for term in row.terms for parameter in term.parameters]


TABLE = Table[Row](lambda row: [row])
"""Every objective by its name."""

TERMS = Table[Term](lambda row: row.terms, OWN_TERMS)
"""Every term by its name."""

PARAMETERS = Table[Parameter](_parameters, OWN_PARAMETERS)
"""Every parameter by its name; each objective uses some of them."""

HYPERPARAMETERS = Table[Parameter](
    lambda row: [parameter for parameter in _parameters(row) if parameter.values],
    (RANKING_WEIGHT, ALIGNMENT_WEIGHT, TEMPERATURE, SIGMA, ALPHA, BETA, MARGIN),
)
"""The numbers that can be swept. DeRA-MOS's alpha is the ``ranking_weight`` of BALR, its beta ``alignment_weight``."""


def families() -> dict[str, Row]:
    """Returns the objectives whose numbers can be swept, by name."""
    return {name: row for name, row in TABLE.items() if row.swept}
