"""The set-up as it stands on the page: from components to a ``Setup``, and back; what it costs, what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.training.sweeps.setup import Setup
from qamro.ui.bring.desk import Desk
from qamro.ui.predict.views import status
from qamro.ui.sensitivity.link import MOST_SEEDS, numbers
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.train.choosing import trainable_axes
from qamro.ui.train.limits import on_space

if TYPE_CHECKING:
    from qamro.studies import Study

MOST_FITS, MOST_FITS_ON_SPACE, MOST_CLIPS_ON_SPACE = 20_000, 1_000, 500
SIMULATED_AXES = ("MI", "TA", "PQ", "PC", "CE", "CU")
_MOST_VALUES = 20

Fields = tuple[str, str, str, str, str, float, Sequence[str], str, str]
"""Values of the form's components: encoder, family, over, values, beside, seeds, axes, split, optimiser."""


def read(desk: Desk, study: Study | None, given: Fields) -> Setup:
    """Reads the form.

    Raises:
        ValueError: A field makes no sense, or the sweep is too large for this machine; the message says what to do.
    """
    from qamro.training.sweeps.objective_variants import HYPERPARAMETERS

    encoder, family, over, values, beside, seeds, axes, split, optimiser = given
    hold_out, folds = split.split()
    if not axes:
        raise ValueError(T.NO_AXES)
    setup = Setup(
        study=study_name(desk, study),
        encoder=encoder,
        axes=tuple(axes),
        family=family,
        over=over,
        values=_list(HYPERPARAMETERS[over].label, values),
        beside=_list(T.BESIDE_NONE, beside),
        seeds=int(min(max(seeds or 1, 1), MOST_SEEDS)),
        folds=int(folds),
        hold_out=hold_out,
        optimiser=optimiser,
    )
    check(setup, study)
    return setup


def check(setup: Setup, study: Study | None) -> None:
    """Refuses what is too large for this machine.

    Raises:
        ValueError: Says how large it is, and how large it may be.
    """
    fits, most = setup.fits(setup.folds), MOST_FITS_ON_SPACE if on_space() else MOST_FITS
    if fits > most:
        raise ValueError(T.TOO_MANY.format(fits=fits, most=most))
    if on_space() and study is not None and len(study.clips) > MOST_CLIPS_ON_SPACE:
        raise ValueError(T.TOO_MANY_CLIPS.format(name=study.name, n=len(study.clips), most=MOST_CLIPS_ON_SPACE))


def study_name(desk: Desk, study: Study | None) -> str:
    """Returns what links call the study; the bundled one where none was chosen."""
    return Setup.study if study is None else desk.source


def cost(desk: Desk, study: Study | None, *given: Any) -> str:
    """Says how many fits the form asks for, or what is wrong with it."""
    try:
        setup = read(desk, study, given)
    except ValueError as problem:
        return status(str(problem), calm=False)
    parts = (
        _count(len(setup.axes), T.COUNTED["axis"]),
        _count(setup.objectives(setup.axes[0]), T.COUNTED["objective"]),
        _count(setup.seeds, T.COUNTED["seed"]),
        _count(setup.folds, T.COUNTED["fold"]),
    )
    said = T.COST.format(product=" × ".join(parts), fits=setup.fits(setup.folds))
    limit = f" {T.SPACE.format(most=MOST_FITS_ON_SPACE, clips=MOST_CLIPS_ON_SPACE)}" if on_space() else ""
    return f'<p class="q-hint">{escape(said)}.{escape(limit)}</p>'


def over_choice(family: str, over: str = "") -> gr.Dropdown:
    """Returns the choice of what is turned; all numbers are offered, the first one is the objective's own."""
    from qamro.training.objective import OBJECTIVES
    from qamro.training.sweeps.objective_variants import HYPERPARAMETERS, hyperparameters

    names = [parameter.name for parameter in hyperparameters(OBJECTIVES[family]("TA"))]
    first = "beta" if "beta" in names else "temperature" if "temperature" in names else names[0]
    options = [(parameter.label, parameter.name) for parameter in HYPERPARAMETERS.values()]
    return gr.Dropdown(options, value=over if over in names else first)


def number_fields(family: str, over: str, setup: Setup | None = None) -> tuple[gr.Textbox, gr.Textbox]:
    """Returns the fields for the values of what is turned, and for what is beside it."""
    from qamro.training.objective import OBJECTIVES
    from qamro.training.sweeps.objective_variants import HYPERPARAMETERS

    parameter = HYPERPARAMETERS[over]
    fitting = parameter.used(OBJECTIVES[family]("TA"))  # where it is not, the line below the form says so
    made = setup
    if made is None and fitting:
        made = Setup(axes=("TA",), family=family, over=over, values=parameter.values, beside=())
    first = made.values if made is not None else parameter.values
    values = gr.Textbox(value=joined(first), label=T.VALUES.format(name=parameter.label))
    if made is None or not made.second:
        return values, gr.Textbox(value="", label=T.BESIDE_NONE, visible=False)
    own = (float(getattr(OBJECTIVES[family]("TA"), made.second)),)
    label = T.BESIDE.format(name=HYPERPARAMETERS[made.second].label)
    return values, gr.Textbox(value=joined(made.beside or own), label=label, visible=True)


def axes_choice(study: Study | None, encoder: str, chosen: Sequence[str]) -> gr.CheckboxGroup:
    """Returns the choice of axes: those of the study that the encoder serves, of the simulated one where none is."""
    offered = list(SIMULATED_AXES) if study is None else trainable_axes(study, encoder)[0]
    kept = [axis for axis in chosen if axis in offered]
    return gr.CheckboxGroup(offered, value=kept or offered[:2])


def fill(setup: Setup) -> list[Any]:
    """Returns the form's components with what a setup says, in the order of ``Fields``; the axes are left out."""
    values, beside = number_fields(setup.family, setup.over, setup)
    split = f"{setup.hold_out} {setup.folds}"
    return [
        setup.encoder, setup.family, over_choice(setup.family, setup.over), values, beside, setup.seeds, split,
        setup.optimiser,
    ]  # fmt: skip


def _count(n: int, words: tuple[str, str]) -> str:
    return f"{n:,} {words[n != 1]}"


def joined(values: Sequence[float]) -> str:
    """Returns numbers as the form shows them."""
    return ", ".join(f"{value:g}" for value in values)


def _list(what: str, text: str) -> tuple[float, ...]:
    try:
        found = numbers(text or "")
    except ValueError as problem:
        raise ValueError(T.NUMBERS.format(what=what, text=text)) from problem
    if len(found) > _MOST_VALUES:
        raise ValueError(T.NUMBERS.format(what=what, text=text))
    return found
