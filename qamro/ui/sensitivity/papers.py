"""What the paper published, beside our numbers and never among them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from qamro.training.sweeps.marks import PUBLISHED
from qamro.ui.sensitivity.texts import Sensitivity as T

if TYPE_CHECKING:
    from qamro.training.sweeps.reproduce import Experiment, Published


def laid_over(axis: str, over: str) -> dict[str, Any]:
    """Returns what a panel of system-level SRCC takes: the rows, the study, and the reported best beta.

    Args:
        axis: Which axis.
        over: What is turned; the best beta is laid over betas only.
    """
    experiment = _table_with(axis)
    if experiment is None:
        return {}
    best = _best() if over == "beta" else None
    return {"published": _rows(experiment), "published_on": experiment.study, "published_best": best}


def framed(axis: str) -> str:
    """Returns the published rows as HTML, in a frame of their own."""
    experiment = _table_with(axis)
    if experiment is None:
        return f'<p class="q-hint">{escape(T.PUBLISHED_NONE.format(axis=axis))}</p>'
    rows = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th><td>{row.values[axis]:.3f}</td><td>{escape(row.source)}</td></tr>'
        for row in _rows(experiment)
    )
    title = T.PUBLISHED_TITLE.format(axis=axis, study=experiment.study)
    note = escape(T.PUBLISHED_NOTE.format(best=_best()))
    return (
        f'<div class="q-published" style="--published:{PUBLISHED}"><h3>{escape(title)}</h3>'
        f'<p class="q-hint">{note}</p><table><tbody>{rows}</tbody></table></div>'
    )


def _table_with(axis: str) -> Experiment | None:
    from qamro.training.sweeps.reproduce import EXPERIMENTS

    return next((each for each in EXPERIMENTS.values() if axis in each.axes and each.published), None)


def _best() -> float:
    """The beta that was reported as the best."""
    from qamro.training.sweeps.reproduce import EXPERIMENTS

    return EXPERIMENTS["figure1"].best_beta or 0.0


def _rows(experiment: Experiment) -> list[Published]:
    """The rows of the paper itself."""
    return [row for row in experiment.published if row.source.startswith("QAMRO")]
