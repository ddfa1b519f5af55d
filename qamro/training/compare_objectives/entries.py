"""Who is compared: objectives by name, each once, with what an axis cannot have left out and said."""

from __future__ import annotations

from collections.abc import Sequence

from qamro.training.objective import OBJECTIVES
from qamro.training.sweeps.variants import FIXED_MARGIN, RIDGE, Variant

COMPARED = ("huber", "qamro", "balr", "soft-spearman", "ce-gauss", "ce-gauss+balr+sama", "qamro+sama", "ridge")
"""What is compared unless told otherwise; ridge regression always is."""

TITLES = {
    "huber": "Huber",
    "mse": "MSE",
    "ridge": RIDGE,
    "mr": "margin ranking",
    "qamro": "QAMRO",
    "aes-released": "QAMRO as released for the aesthetic axes",
    "qamro-unweighted": "QAMRO without weighting",
    "qamro-fixed-margin": FIXED_MARGIN,
    "balr": "BALR",
    "listmle": "ListMLE",
    "soft-spearman": "soft Spearman",
    "ce-gauss": "CE-Gauss",
    "ce-gauss+balr": "CE-Gauss + BALR",
    "ce-gauss+balr+sama": "CE-Gauss + BALR + SAMA",
    "qamro+sama": "QAMRO + SAMA",
}
"""What the objectives are called in tables and figures."""


def entries(axis: str, names: Sequence[str] = COMPARED) -> tuple[list[Variant], list[str]]:
    """Returns the objectives of a comparison.

    Args:
        axis: What they are trained for; without a prompt to align with, SAMA falls away.
        names: Keys of ``OBJECTIVES``; the first is what the others are tested against. Ridge regression on the same
            features is added where it is not among them.

    Returns:
        One variant an objective, and notes on what was left out.

    Raises:
        ValueError: A name is unknown, or fewer than two objectives are left.
    """
    unknown = [name for name in names if name not in OBJECTIVES]
    if unknown:
        raise ValueError(f"there is no objective {unknown[0]!r}; these are known: {', '.join(OBJECTIVES)}")
    found: list[Variant] = []
    notes: list[str] = []
    for name in dict.fromkeys([*names, "ridge"]):
        objective, title = OBJECTIVES[name](axis), TITLES[name]
        if name.endswith("+sama") and not objective.needs_similarity:
            plain = TITLES[name.removesuffix("+sama")]
            notes.append(f"{axis} is judged without a prompt, so that {title} is {plain} there.")
            title = plain
        if not any(objective == other.objective for other in found):
            found.append(Variant(title, objective, baseline=not found))
    if len({variant.label for variant in found} - {RIDGE}) < 2 and "ridge" not in names:
        raise ValueError(f"a comparison needs two different objectives; on {axis} these are {found[0].label} alone")
    return found, notes
