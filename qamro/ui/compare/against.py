"""The A/B view: two clips of the study, heard at the same position."""

from __future__ import annotations

from typing import Any

import gradio as gr

from qamro.ui.compare.clips import duel
from qamro.ui.compare.facts import about, mean_of, predicted_of
from qamro.ui.compare.sounds import address
from qamro.ui.compare.workbench import Workbench

SIDES = ("a", "b")


def put(bench: Workbench, axis: str | None, event: gr.EventData) -> Any:
    """Puts a clip into one side."""
    if bench.study is None or str(event.side) not in SIDES or not about(bench, str(event.name)):
        return gr.skip()
    bench.sides[str(event.side)] = str(event.name)
    return sides(bench, axis or "")


def oppose(bench: Workbench, axis: str, better: str, worse: str) -> Any:
    """Puts a clip of each of two systems against each other, of the same content if there is any."""
    found = duel(bench.table(axis), better, worse)
    if found is None:
        return gr.skip()
    bench.sides = dict(zip(SIDES, found, strict=True))
    return sides(bench, axis)


def clear(bench: Workbench) -> dict[str, Any]:
    """Takes both clips away."""
    bench.sides = {}
    return {}


def retry(bench: Workbench, axis: str | None, event: gr.EventData) -> Any:
    """Gives the page WAV copies of the sides that its browser does not decode."""
    bench.decoded.update(name for side, name in bench.sides.items() if side in str(event.sides))
    return sides(bench, axis or "")


def sides(bench: Workbench, axis: str) -> dict[str, Any]:
    """Returns what the page shows of both sides; a side is missing until a clip is put there."""
    return {
        side: about(bench, name)
        | {
            "url": address(bench, name),
            "wav": name in bench.decoded,
            "mean": mean_of(bench, name, axis),
            "predicted": predicted_of(bench, name, axis),
        }
        for side, name in bench.sides.items()
    }
