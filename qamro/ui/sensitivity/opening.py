"""What a visitor sees first: the sweep that ships, or the one that a link asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.training.sweeps.setup import Setup
from qamro.ui.bring.desk import Desk
from qamro.ui.predict.views import status
from qamro.ui.sensitivity import form
from qamro.ui.sensitivity.link import TAB, from_query
from qamro.ui.sensitivity.running import found_before, show
from qamro.ui.sensitivity.session import SensitivitySession, Shown
from qamro.ui.sensitivity.texts import Sensitivity as T

if TYPE_CHECKING:
    from qamro.studies import Study
    from qamro.training.sweeps.store import KeptSweep
    from qamro.ui.sensitivity.parts import Parts

Answer = dict[Any, Any]


def opened(parts: Parts, session: SensitivitySession, query: Mapping[str, str]) -> Answer:
    """Sets the form as the address says and shows the sweep if it is at hand, else the one that ships."""
    if query.get("tab") != TAB:
        return {parts.over: form.over_choice(Setup.family)} | _first(parts, session)
    setup, view, problem = from_query(query)
    filled = [field for field in parts.fields if field is not parts.axes]
    answer: Answer = dict(zip(filled, form.fill(setup), strict=True))
    offered = list(dict.fromkeys([*form.SIMULATED_AXES, *setup.axes]))
    answer[parts.axes] = gr.CheckboxGroup(offered, value=list(setup.axes))
    answer[parts.opener] = gr.Accordion(open=setup != Setup())
    answer |= {parts.session: session}
    if problem:
        return answer | _first(parts, session) | {parts.status: status(T.BAD_LINK.format(problem=problem), calm=False)}
    kept = _bundled(setup)
    if kept is not None:
        session.view = view
        return answer | show(parts, session, Shown(kept, setup, T.SHIPPED))
    session.wanted = setup, view
    return answer | _first(parts, session) | {parts.status: status(_waiting_for(query.get("study", "")))}


def _waiting_for(study: str) -> str:
    """What is said while a link's sweep is not on the page: the chooser opens a study that is here."""
    from qamro.studies.registry import DATASETS, SIMULATED

    if not study:
        return T.NOT_KEPT.format(run=T.RUN)
    if study == SIMULATED or (study in DATASETS and DATASETS[study].is_here):
        return T.OPENING
    return T.STUDY_FIRST.format(name=study)


def study_chosen(parts: Parts, study: Study | None, session: SensitivitySession, desk: Desk, *chosen: Any) -> Answer:
    """Offers the study's axes; shows what a link asked for, if it was kept.

    Args:
        parts: The tab's components.
        study: The study in force.
        session: Of the visitor.
        desk: Of the chooser.
        *chosen: The encoder and the axes on the form.
    """
    encoder, axes = chosen
    if session.wanted is None or study is None or desk.source != session.wanted[0].study:
        return {parts.session: session, parts.axes: form.axes_choice(study, encoder, axes)}
    wanted, view = session.wanted
    answer: Answer = {parts.session: session, parts.axes: form.axes_choice(study, encoder, wanted.axes)}
    found = found_before(wanted, study)
    if found is None:
        return answer | {parts.status: status(T.NOT_KEPT.format(run=T.RUN))}
    session.view, session.wanted = view, None
    return answer | show(parts, session, found)


def _first(parts: Parts, session: SensitivitySession) -> Answer:
    kept = _bundled(Setup())
    if kept is None:
        return {parts.session: session, parts.status: status(T.NO_STUDY)}
    return show(parts, session, Shown(kept, Setup(), T.SHIPPED))


def _bundled(setup: Setup) -> KeptSweep | None:
    from qamro.training.sweeps.bundled import bundled

    return bundled(setup)
