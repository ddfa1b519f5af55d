"""What happens to the list of clips: files come in, are named, go away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from qamro.ui.examples import examples
from qamro.ui.manifest import apply_manifest, read_manifest
from qamro.ui.predict.views import status
from qamro.ui.session import Session
from qamro.ui.static import own_folder
from qamro.ui.texts import Predict as T

MOST_CLIPS = 1000
NAMED = 3

Typed = dict[str, Any] | None
"""Value of the list of clips as it stands in the page, with what was typed since."""


def upload(session: Session, typed: Typed, event: gr.EventData) -> list[Any]:
    """Takes uploaded files in; a CSV among them names prompts and systems."""
    take_over(session, typed)
    folder = own_folder()
    notes, twice = [], 0
    manifests = []
    for file in event.files:
        path = Path(str(file["path"])).resolve()
        if not path.is_relative_to(folder) or not path.is_file():
            continue  # nobody scores a file that did not come in through the page
        if path.suffix.lower() == ".csv":
            manifests.append((path, str(file["name"])))
        elif len(session.clips) >= MOST_CLIPS:
            notes = [T.TOO_MANY.format(most=MOST_CLIPS)]
        else:
            twice += not session.add(path, str(file["name"]))
    if twice:
        notes.append(T.ADDED_TWICE.format(n=twice))
    for path, name in manifests:
        try:
            found, left = apply_manifest(session.clips.values(), read_manifest(path))
            notes.append(T.MANIFEST.format(n=found, all=len(session.clips), file=name))
            if left:
                more = f" … ({len(left)})" if len(left) > NAMED else ""
                notes.append(T.MANIFEST_LEFT.format(names=", ".join(left[:NAMED]) + more))
        except ValueError as problem:
            notes.append(T.MANIFEST_BAD.format(file=name, problem=problem))
    return _listed(session, ". ".join(notes))


def delete(session: Session, typed: Typed, event: gr.EventData) -> list[Any]:
    """Takes one clip off the table."""
    take_over(session, typed)
    session.remove(str(event.id))
    return _listed(session)


def clear(session: Session) -> list[Any]:
    """Takes all clips off the table."""
    session.clips.clear()
    return _listed(session)


def example(session: Session, typed: Typed, event: gr.EventData) -> list[Any]:
    """Puts one example on the table, or all."""
    take_over(session, typed)
    found = examples()
    chosen = found if event.index is None else found[int(event.index) : int(event.index) + 1]
    twice = sum(not session.add(entry.path, entry.path.name, entry.prompt, entry.system) for entry in chosen)
    return _listed(session, T.ADDED_TWICE.format(n=twice) if twice else "")


def recorded(session: Session, typed: Typed, path: str | None) -> list[Any]:
    """Puts a recording on the table and empties the recorder."""
    take_over(session, typed)
    if path:
        session.add(path, f"{T.RECORDING}{Path(path).suffix}")
    return [*_listed(session), None]


def take_over(session: Session, typed: Typed) -> None:
    """Takes over the prompts and systems that stand in the page."""
    session.edit((typed or {}).get("rows", []))


def _listed(session: Session, note: str = "") -> list[Any]:
    rows = [{"id": c.id, "name": c.name, "prompt": c.prompt, "system": c.system} for c in session.clips.values()]
    return [
        {"rows": rows},
        gr.skip() if session.busy else score_button(session),
        gr.skip() if session.busy else status(note),
    ]


def score_button(session: Session) -> gr.Button:
    """Returns the Score button as it looks when nothing is going on."""
    n = len(session.clips)
    label = {0: T.SCORE, 1: T.SCORE_ONE}.get(n, T.SCORE_N.format(n=n))
    return gr.Button(label, interactive=n > 0)
