"""What the chosen view shows; worked out when it is asked for, and kept for the next time."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from qamro.ui.compare.payload import drawn, empty, left_out
from qamro.ui.compare.texts import VIEWS, View
from qamro.ui.compare.workbench import ALONE, Workbench
from qamro.ui.predict.views import status

Answer = tuple[Any, Any]
"""Of every handler: what the page draws, and the line about what is going on."""

NEEDS_AXIS = ("raters", "systems", "versus", "inspect")

_log = logging.getLogger(__name__)


def axes(bench: Workbench, view: str, chosen: str | None) -> Any:
    """Returns the choice of an axis where a view needs one: those compared, the chosen one if it is still there."""
    found = list(bench.comparison.axes) if bench.comparison is not None else []
    kept = chosen if chosen in found else next(iter(found), None)
    return gr.Radio(found, value=kept, visible=len(found) > 1 and view in NEEDS_AXIS)


def opened(request: gr.Request) -> Any:
    """Opens the view that the page's address asks for: ``&view=systems``."""
    wanted = request.query_params.get("view", "")
    return gr.Radio(value=wanted) if wanted in VIEWS else gr.skip()


def show(bench: Workbench, view: str, axis: str | None) -> Iterator[Answer]:
    """Works a view out and shows it; says what is missing where it cannot be."""
    bench.wanted = (bench.version, view, axis or "")
    wanted = bench.wanted
    key = (view, axis or "" if view in NEEDS_AXIS else "")
    if key in bench.drawn:
        yield bench.drawn[key], ""
        return
    nothing = missing(bench, view, axis)
    if nothing is not None:
        yield nothing, ""
        return
    yield gr.skip(), status(View.WORKING.format(view=VIEWS[view]))
    try:
        answer = drawn(bench, view, _section(bench, view, axis or ""), axis or "")
        if bench.version == wanted[0]:
            bench.drawn[key] = answer
    except ValueError as problem:
        answer = empty(bench, view, View.BROKE, str(problem))
    except Exception as problem:
        _log.exception("view %s", view)
        answer = empty(bench, view, View.BROKE, f"{type(problem).__name__}: {problem}")
    if bench.wanted == wanted:
        yield answer, ""
        _ahead(bench, axis or "")
    else:
        yield gr.skip(), gr.skip()  # somebody was quicker than the figures


def _ahead(bench: Workbench, axis: str) -> None:
    """Works the rankings out while the visitor reads what is shown: most look at them next, and they take longest."""
    comparison = bench.comparison if bench.usable else None
    if comparison is None or axis not in comparison.axes or not comparison.predictors:
        return

    def work() -> None:
        with contextlib.suppress(Exception):  # a problem is told when the view is asked for
            comparison.systems(axis)

    threading.Thread(target=work, name="rankings ahead", daemon=True).start()


def leave_out(bench: Workbench, event: gr.EventData) -> None:
    """Leaves raters out of everything that is worked out from now on."""
    bench.leave_out([str(name) for name in event.raters])


def missing(bench: Workbench, view: str, axis: str | None) -> dict[str, Any] | None:
    """Returns what the page says where a view has nothing to draw from; None where it has."""
    if bench.study is None:
        return empty(bench, view, View.EMPTY, View.EMPTY_HINT, example=True)
    if view == "report":
        return {"view": view, "report": True, "out": left_out(bench)}
    if view == "raters":
        return None
    if bench.usable and view != "inspect" and bench.comparison is not None and not bench.comparison.predictors:
        return empty(bench, view, View.NO_AXIS, View.NO_AXIS_HINT)
    if not bench.usable and view == "versus":
        misfits = [View.MISFIT.format(name=entry.name, problem=entry.problem) for entry in bench.predictions.values()]
        return empty(bench, view, View.NO_PREDICTIONS, " ".join(misfits) or View.NO_PREDICTIONS_HINT)
    if len(bench.usable) < 2 and view == "versus":
        return empty(bench, view, View.ONE_PREDICTOR, View.ONE_PREDICTOR_HINT)
    return None


def _section(bench: Workbench, view: str, axis: str) -> Any:
    comparison = bench.people if view == ALONE else bench.comparison
    if comparison is None:
        raise ValueError(View.EMPTY)
    if view == ALONE:
        return comparison.raters(axis)
    return getattr(comparison, view)(axis)
