"""The comparison as a file: one page, or a zip of tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import gradio as gr

from qamro.ui.compare.payload import file_name
from qamro.ui.compare.texts import Report as T
from qamro.ui.compare.workbench import Workbench
from qamro.ui.static import own_folder, url

if TYPE_CHECKING:
    from qamro.report import Comparison

_log = logging.getLogger(__name__)


def write(bench: Workbench, event: gr.EventData) -> Iterator[dict[str, Any]]:
    """Writes the report or the zip, and tells the page where it is."""
    from qamro.report import write_html, write_zip

    kind = "zip" if str(event.what) == "zip" else "html"
    if bench.study is None:
        yield {"said": T.NO_STUDY, "failed": True}
        return
    yield {"busy": T.WRITING}
    bench.stopping = False
    try:
        comparison = bench.comparison
        if comparison is None:
            return
        yield from _work_out(bench, comparison)
        if bench.stopping:
            yield {"said": T.STOPPED}
            return
        name = f"{file_name(bench.study.name, 'report')}-{datetime.now(UTC):%Y%m%d-%H%M%S}.{kind}"
        path = bench.folder(own_folder()) / name
        (write_zip if kind == "zip" else write_html)(comparison, path)
        yield {"file": {"url": url(path), "name": name}, "said": T.DONE.format(file=name)}
    except Exception as problem:
        _log.exception("report of %s", bench.study.name)
        yield {"said": T.FAILED.format(problem=problem), "failed": True}


def stop(bench: Workbench) -> None:
    """Asks the writing to end after the section at hand."""
    bench.cancel()


def _work_out(bench: Workbench, comparison: Comparison) -> Iterator[dict[str, Any]]:
    """Makes every section, so that writing has nothing left to compute; tells how far it is."""
    views = 3 if len(comparison.predictors) > 1 else 2
    total = 2 + views * len(comparison.axes)
    for done, section in enumerate(comparison.sections(), 1):
        if bench.stopping:
            return
        yield {"busy": T.SECTION.format(title=section.title), "done": min(done, total), "of": total}
