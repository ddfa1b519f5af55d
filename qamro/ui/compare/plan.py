"""The view that plans a study: what clips and ratings will show, from the loaded study or from typed numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qamro.ui.compare.texts import Plan as T

if TYPE_CHECKING:
    from qamro.evaluation.variances import Estimated
    from qamro.studies import Study

RATINGS = (1, 2, 3, 4, 5, 7, 10, 15, 20)
"""Ratings of a clip, as the slider has them."""

CLIPS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130, 160, 200, 250, 300)
"""Clips of a system at which the curves are worked out; the page draws straight lines between them."""

MOST_SYSTEMS = 100

_UNSAID = {"between": 0.5, "clips": 0.6, "raters": 0.4, "rest": 1.0}
"""Standard deviations where there is neither a study nor a typed number: about those of five-point scales."""


def plan_value(study: Study | None, axis: str | None, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Works the curves out.

    Args:
        study: The study that is loaded; None for typed numbers only.
        axis: Its axis.
        typed: Standard deviations by component and ``systems``, as texts; what is typed goes before what is estimated.

    Returns:
        What the page draws: ``numbers`` (standard deviations and systems), ``from`` (where they come from),
        ``clips`` (N), ``ratings`` (M), ``apart`` (M lists of N shares of pairs told apart), ``problem`` (or empty).
    """
    from qamro.evaluation.planning import Design, Plan
    from qamro.evaluation.variances import Variances

    pilot, problem = _pilot(study, axis)
    numbers = dict(_UNSAID)
    if pilot is not None:
        numbers |= {name: float(getattr(pilot.variances, name)) ** 0.5 for name in _UNSAID}
    systems = len(pilot.systems) if pilot is not None else 6
    try:
        own = {name: _number(typed[name]) for name in _UNSAID if str(typed.get(name, "")).strip()}
        if str(typed.get("systems", "")).strip():
            systems = int(_number(typed["systems"]))
        if not 2 <= systems <= MOST_SYSTEMS:
            raise ValueError(T.SYSTEMS.format(most=MOST_SYSTEMS))
        numbers |= own
        variances = Variances(**{name: value**2 for name, value in numbers.items()})
        if pilot is not None and not own and systems == len(pilot.systems):
            made = Plan.of(pilot)
        else:
            made = Plan(variances, systems)
        apart = [[round(made.outlook(Design(n, m)).apart, 4) for n in CLIPS] for m in RATINGS]
    except ValueError as wrong:
        return {"numbers": _plain(numbers, systems), "from": "", "problem": str(wrong), "clips": [], "ratings": []}
    told = T.TYPED if pilot is None else _from(study, axis, pilot, own)
    return {
        "numbers": _plain(numbers, systems), "from": " ".join(filter(None, (problem, told))), "problem": "",
        "clips": list(CLIPS), "ratings": list(RATINGS), "apart": apart,
    }  # fmt: skip


def _pilot(study: Study | None, axis: str | None) -> tuple[Estimated | None, str]:
    """The components of the study's axis, and why there are none."""
    from qamro.evaluation.variances import estimate

    if study is None or not axis:
        return None, ""
    try:
        return estimate(study, axis), ""
    except (ValueError, KeyError) as problem:
        return None, T.NO_PILOT.format(problem=str(problem).strip("'\""))


def _from(study: Study | None, axis: str | None, pilot: Estimated, own: Mapping[str, float]) -> str:
    from qamro.listeners import listeners

    if study is None:
        return T.TYPED
    told = T.FROM.format(axis=axis, n=pilot.ratings, who=listeners(study.kind), name=study.name)
    named = "" if pilot.named else T.ANONYMOUS
    return " ".join(filter(None, (told, T.SOME_TYPED if own else "", named)))


def _plain(numbers: Mapping[str, float], systems: int) -> dict[str, float]:
    return {name: round(value, 2) for name, value in numbers.items()} | {"systems": systems}


def _number(text: Any) -> float:
    try:
        number = float(str(text).strip().replace(",", "."))
    except ValueError:
        number = float("nan")
    if not 0 <= number < 1e6:
        raise ValueError(T.NO_NUMBER.format(text=text))
    return number
