"""A sweep's set-up: from the form to a ``Setup`` and back, what it costs, what is allowed; and as a link's query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.encoders.registry import encoders
from qamro.training.objective.objective import OBJECTIVES, hyperparameters
from qamro.training.objective.table import HYPERPARAMETERS
from qamro.training.sweeps.setup import Setup, first_over
from qamro.ui import pace
from qamro.ui.choices import trainable_axes
from qamro.ui.events import Answer
from qamro.ui.progress import status
from qamro.ui.sensitivity.state import Shown, View
from qamro.ui.sensitivity.texts import SPLITS
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.space import on_space
from qamro.ui.study_picker.state import PickerState

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.ui.sensitivity.tab import Parts

MOST_FITS, MOST_FITS_ON_SPACE, MOST_CLIPS_ON_SPACE = 20_000, 1_000, 500
SIMULATED_AXES = ("MI", "TA", "PQ", "PC", "CE", "CU")
_MOST_VALUES = 20

TAB = "sensitivity"
PREFIX = "s."
MOST_SEEDS = 30
_LONGEST = 200
_NUMBERS = ("values", "beside")

FIELDS = ("encoder", "family", "over", "values", "beside", "seeds", "axes", "split", "optimiser")
"""The form's components: attributes of the tab's ``Parts``."""

Fields = Mapping[str, Any]
"""For each of ``FIELDS``, its value."""


def read(picker: PickerState, study: Study | None, given: Fields) -> Setup:
    """Reads the form.

    Raises:
        ValueError: A field makes no sense, or the sweep is too large for this machine; the message says what to do.
    """
    hold_out, folds = given["split"].split()
    if not given["axes"]:
        raise ValueError(T.NO_AXES)
    setup = Setup(
        study=Setup.study if study is None else picker.source,
        encoder=given["encoder"],
        axes=tuple(given["axes"]),
        family=given["family"],
        over=given["over"],
        values=_list(HYPERPARAMETERS[given["over"]].label, given["values"]),
        beside=_list(T.BESIDE_NONE, given["beside"]),
        seeds=int(min(max(given["seeds"] or 1, 1), MOST_SEEDS)),
        folds=int(folds),
        hold_out=hold_out,
        optimiser=given["optimiser"],
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


def cost(picker: PickerState, study: Study | None, given: Fields) -> str:
    """Says how long the form's sweep takes and how many fits that is, or what is wrong with the form."""
    try:
        setup = read(picker, study, given)
    except ValueError as problem:
        return status(str(problem), calm=False)
    if is_known(setup, study):
        return f'<p class="q-hint">{escape(T.AT_ONCE)}</p>'
    parts = (
        _count(len(setup.axes), T.COUNTED["axis"]),
        _count(setup.objectives(setup.axes[0]) - 1, T.COUNTED["objective"]),
        _count(setup.seeds, T.COUNTED["seed"]),
        _count(setup.folds, T.COUNTED["fold"]),
    )
    said = T.COST.format(product=" × ".join(parts), fits=setup.fits(setup.folds) - len(setup.axes) * setup.folds)
    limit = f" {T.SPACE.format(most=MOST_FITS_ON_SPACE, clips=MOST_CLIPS_ON_SPACE)}" if on_space() else ""
    return f'<p class="q-hint"><b>{escape(duration(setup, study))}</b> {escape(said)}.{escape(limit)}</p>'


def duration(setup: Setup, study: Study | None) -> str:
    """Says how long a sweep will take, by what ran before."""
    from qamro.training.sweeps.store import simulated_clips

    clips = simulated_clips() if study is None else len(study.clips)
    found = pace.estimate(pace_of(setup), setup.fits(setup.folds), clips)
    if found is None:
        return T.NO_ESTIMATE
    seconds, here = found
    said = (T.ESTIMATE if here else T.ESTIMATE_SHIPPED).format(time=pace.in_words(seconds))
    embedding = pace.estimate(f"embed {setup.encoder}", 1, clips)
    return f"{said} {T.EMBED_FIRST.format(time=pace.in_words(embedding[0]))}" if embedding else said


def pace_of(setup: Setup) -> str:
    """Returns what kind of work a sweep is, for ``pace``."""
    return f"sweep {setup.optimiser}"


def is_known(setup: Setup, study: Study | None) -> bool:
    """Says whether ``found_before`` will find a sweep, without reading it."""
    from qamro.training.sweeps import store

    if setup == Setup():
        return store.bundled(setup) is not None
    return study is not None and (store.kept_folder() / store.key_of(setup, study)).is_dir()


def found_before(setup: Setup, study: Study | None) -> Shown | None:
    """Returns a sweep that ships or was kept; None where it has to be run."""
    from qamro.training.sweeps import store

    kept = store.bundled(setup)
    if kept is not None:
        return Shown(kept, setup, T.SHIPPED)
    if study is None:
        return None
    kept = store.read(store.kept_folder() / store.key_of(setup, study))
    return None if kept is None else Shown(kept, setup, T.FROM_CACHE)


def over_choice(family: str, wanted: str = "") -> gr.Dropdown:
    """Returns the choice of what is varied; all numbers are offered."""
    options = [(parameter.label, parameter.name) for parameter in HYPERPARAMETERS.values()]
    return gr.Dropdown(options, value=first_over(family, wanted))


def number_fields(family: str, over: str, setup: Setup | None = None) -> tuple[gr.Textbox, gr.Textbox]:
    """Returns the fields for the values of what is turned, and for what is beside it."""
    parameter = HYPERPARAMETERS[over]
    fitting = parameter in hyperparameters(OBJECTIVES[family]("TA"))  # where it is not, the line below the form says so
    made = setup
    if made is None and fitting:
        made = Setup(axes=("TA",), family=family, over=over, values=parameter.values, beside=())
    first = made.values if made is not None else parameter.values
    values = gr.Textbox(value=joined(first), label=T.VALUES.format(name=parameter.label))
    if made is None or not made.second:
        return values, gr.Textbox(value="", label=T.BESIDE_NONE, visible=False)
    own = (float(OBJECTIVES[family]("TA").value(made.second)),)
    label = T.BESIDE.format(name=HYPERPARAMETERS[made.second].label)
    return values, gr.Textbox(value=joined(made.beside or own), label=label, visible=True)


def axes_choice(study: Study | None, encoder: str, chosen: Sequence[str]) -> gr.CheckboxGroup:
    """Returns the choice of axes: those of the study that the encoder serves, of the simulated one where none is."""
    offered = list(SIMULATED_AXES) if study is None else trainable_axes(study, encoder)[0]
    kept = [axis for axis in chosen if axis in offered]
    return gr.CheckboxGroup(offered, value=kept or offered[:2])


def fill(p: Parts, setup: Setup) -> Answer:
    """Returns the form's components with what a setup says; the axes are left out."""
    values, beside = number_fields(setup.family, setup.over, setup)
    return {
        p.encoder: setup.encoder,
        p.family: setup.family,
        p.over: over_choice(setup.family, setup.over),
        p.values: values,
        p.beside: beside,
        p.seeds: setup.seeds,
        p.split: f"{setup.hold_out} {setup.folds}",
        p.optimiser: setup.optimiser,
    }


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


def to_query(setup: Setup, view: View) -> dict[str, str]:
    """Returns what differs from the first view, as query parameters; ``study`` has no prefix.

    Args:
        setup: What is shown.
        view: How it is looked at.
    """
    query = {"study": setup.study} if setup != Setup() else {}
    for whole in (setup, view):
        for field in fields(whole):
            value = getattr(whole, field.name)
            if field.name != "study" and value != getattr(type(whole), field.name):
                query[PREFIX + field.name] = _text(value)
    return query


def from_query(query: Mapping[str, str]) -> tuple[Setup, View, str]:
    """Reads a query; what makes no sense is left out, and the third answer says so.

    Args:
        query: Parameters of the page's address.
    """
    given = {key.removeprefix(PREFIX): text for key, text in query.items() if key.startswith(PREFIX)}
    given = {key: text for key, text in given.items() if len(text) <= _LONGEST}
    setup, view, problem = Setup(study=query.get("study") or Setup.study), View(), ""
    try:
        asked = replace(setup, **{key: value for key, value in _read(Setup, given).items() if key != "study"})
        setup = _offered(asked)
    except ValueError as wrong:
        problem = str(wrong)
    try:
        view = replace(view, **_read(View, given))
    except ValueError as wrong:
        problem = problem or str(wrong)
    return setup, view, problem


def numbers(text: str) -> tuple[float, ...]:
    """Reads ``"1, 3, 5"``.

    Raises:
        ValueError: It is no list of numbers.
    """
    return tuple(float(part) for part in text.replace("_", ",").split(",") if part.strip())


def _offered(setup: Setup) -> Setup:
    """Returns a setup that the form can show.

    Raises:
        ValueError: It has an encoder, a split or a number of seeds that is not offered.
    """
    if setup.encoder not in encoders():
        raise ValueError(f"there is no encoder {setup.encoder!r}")
    if f"{setup.hold_out} {setup.folds}" not in SPLITS:
        raise ValueError(f"the split {setup.hold_out!r} in {setup.folds} is not offered here")
    if setup.seeds > MOST_SEEDS:
        raise ValueError(f"{setup.seeds} seeds, and {MOST_SEEDS} are the most")
    return setup


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "_".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _read(kind: type, given: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(kind):
        text = given.get(field.name)
        if text is None:
            continue
        if field.name in _NUMBERS:
            found[field.name] = numbers(text)
        elif field.name == "axes":
            found[field.name] = tuple(part for part in text.split("_") if part)
        elif isinstance(field.default, bool):
            found[field.name] = text == "1"
        else:
            found[field.name] = int(text) if isinstance(field.default, int) else text
    return found
