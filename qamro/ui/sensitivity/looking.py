"""How a visitor looks at a sweep: axis, level, a click on a point, the paper's numbers, the download."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.ui.sensitivity.board import draw_map, draw_points, draw_view, link_value
from qamro.ui.sensitivity.session import SensitivitySession, Shown
from qamro.ui.sensitivity.texts import Sensitivity as T
from qamro.ui.static import own_folder, url

if TYPE_CHECKING:
    from qamro.ui.sensitivity.parts import Parts

Answer = dict[Any, Any]


def look(parts: Parts, session: SensitivitySession, axis: str, level: str, published: bool) -> Answer:
    """Shows another axis or level, or the paper's numbers."""
    shown = session.shown
    if shown is None:
        return {parts.session: session}
    axis = axis if axis in shown.setup.axes else shown.setup.axes[0]
    model = session.view.model if session.view.model in shown.models(axis) else shown.first_model(axis)
    session.view = replace(session.view, axis=axis, level=level, published=published, model=model)
    return draw_view(parts, session)


def choose(parts: Parts, session: SensitivitySession, model: str) -> Answer:
    """Shows the model whose point, band, cell or name was chosen."""
    shown = session.shown
    if shown is None or model not in shown.models(session.view.axis):
        return {parts.session: session}
    session.view = replace(session.view, model=model)
    return draw_points(parts, session)


def another_map(parts: Parts, session: SensitivitySession, metric: str) -> Answer:
    """Shows the map of another metric."""
    session.view = replace(session.view, metric=metric)
    return draw_map(parts, session)


def pack(session: SensitivitySession) -> Any:
    """Packs the sweep and tells the page where to fetch it."""
    shown = session.shown
    if shown is None:
        return None
    target = write_zip(shown, session.folder(own_folder()))
    return link_value(shown, session.view) | {"zip": {"url": url(target), "name": target.name}}


def write_zip(shown: Shown, folder: Path) -> Path:
    """Writes ``runs.csv``, ``summary.csv``, ``predictions.csv``, ``sweep.html`` and ``record.json`` as a zip.

    Args:
        shown: The sweep.
        folder: Where to write.
    """
    from qamro.training.sweeps.files import write_csvs, write_record
    from qamro.training.sweeps.page import INTERVALS, write_page

    record, inside = shown.kept.record, folder / "sweep"
    write_csvs(inside, shown.kept.sweep)
    write_record(inside, record)
    name = record["study"]["name"]
    title = T.HEADLINE.format(family=shown.naming.family, over=shown.naming.over, study=name)
    warning = [T.SIMULATED] if record["study"]["kind"] == "simulated" else []
    notes = [*warning, f"{record['split']}; {record['fits']} fits; made {record['made']}.", INTERVALS]
    write_page(inside / "sweep.html", shown.kept.sweep.runs, title, notes, naming=shown.naming)
    target = folder / f"qamro-sweep-{shown.setup.study}-{record['made'][:10]}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(inside.iterdir()):
            packed.write(path, path.name)
    return target
