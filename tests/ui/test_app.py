from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_importing_the_room_loads_no_gradio() -> None:
    code = "import sys, qamro.ui; sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_building_the_app_loads_no_torch_and_no_plotly() -> None:
    heavy = "{'torch', 'plotly', 'scipy'} & set(sys.modules)"
    code = f"import sys; from qamro.ui import build_app; build_app(); print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_every_tab_is_there_and_no_handler_is_offered_to_strangers() -> None:
    from qamro.ui.app import TABS, build_app

    config = build_app().config
    labels = [part["props"]["label"] for part in config["components"] if part["type"] == "tabitem"]
    assert labels == [tab.label for tab in TABS]
    from qamro.ui.api import ENDPOINTS

    public = [entry["api_name"] for entry in config["dependencies"] if entry["api_visibility"] != "private"]
    assert public == [function.__name__ for function, _ in ENDPOINTS]


@pytest.mark.parametrize("out", ["predict", "compare", "train", "sensitivity", "annotate", "margin", "about"])
def test_a_tab_can_be_taken_out_and_the_rest_starts(out: str) -> None:
    from qamro.ui.app import TABS, build_app

    rest = [tab for tab in TABS if tab.id != out]
    assert len(rest) == len(TABS) - 1
    app = build_app(rest)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    _, address, _ = app.launch(server_port=port, prevent_thread_lock=True, quiet=True, ssr_mode=False)
    try:
        with urllib.request.urlopen(f"{address}config", timeout=30) as answer:
            config = json.load(answer)
    finally:
        app.close()
    labels = [part["props"]["label"] for part in config["components"] if part["type"] == "tabitem"]
    assert labels == [tab.label for tab in rest]
    known = {part["id"] for part in config["components"]}
    for event in config["dependencies"]:
        assert {*event["inputs"], *event["outputs"]} <= known


def test_no_tab_knows_another() -> None:
    """A tab is a folder that could be deleted; what several need lies outside of them."""
    folder = ROOT / "qamro" / "ui"
    from qamro.ui.app import TABS

    tabs = {tab.id: folder / tab.id for tab in TABS if (folder / tab.id).is_dir()}
    assert len(tabs) == 6
    for path in folder.rglob("*.py"):
        own = path.relative_to(folder).parts[0]
        named = set(re.findall(r"(?:from|import) qamro\.ui\.(\w+)", path.read_text("utf-8"))) & set(tabs)
        assert named <= {own}, f"{path.relative_to(ROOT)} needs another tab: {sorted(named - {own})}"


def test_a_port_that_is_taken_is_named() -> None:
    from qamro.ui import launch

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} cannot be opened"):
            launch(port=port, quiet=True, block=False)


def test_what_a_handler_leaves_out_stays_and_is_not_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is as Gradio's own, for one output answered and for several, states and updates among them."""
    import asyncio
    from types import SimpleNamespace

    import gradio as gr
    from gradio.state_holder import SessionState

    from qamro.ui.endpoint import Blocks

    with Blocks() as app:
        parts = [gr.Button("a"), gr.HTML("b"), gr.State(1), gr.Textbox("c"), gr.HTML("d")]
    button, html, state, box, last = parts
    fn = SimpleNamespace(outputs=parts, batch=False, postprocess=True, is_validator_function=False, name="f", fn=None)
    made: list[str] = []
    for kind in (gr.Button, gr.Textbox):
        real = kind.__init__

        def counted(self, *args, real=real, **options):
            made.append(type(self).__name__)
            real(self, *args, **options)

        monkeypatch.setattr(kind, "__init__", counted)
    answers = [  # and how many components that makes: Gradio changes answers, so each is made twice
        (lambda: {html: "x"}, 0),
        (lambda: {button: gr.skip()}, 0),
        (lambda: {last: {"rows": [1]}, html: "y"}, 0),
        (lambda: {state: 5}, 0),
        (lambda: {box: gr.update(value="z")}, 1),
        (lambda: {button: gr.update(interactive=False), state: gr.skip(), last: "q"}, 1),
        (lambda: {html: ""}, 0),
    ]
    nothing = {"__type__": "update", "props": gr.skip()}  # what Gradio says of an HTML that is left out
    for answer, anew in answers:
        ours, theirs = SessionState(app), SessionState(app)
        made.clear()
        told = asyncio.run(app.postprocess_data(fn, answer(), ours))
        assert len(made) == anew
        whole = asyncio.run(super(Blocks, app).postprocess_data(fn, answer(), theirs))
        assert told == [gr.skip() if value == nothing else value for value in whole]
        assert ours.state_data == theirs.state_data
    with pytest.raises(ValueError, match="not specified as output|stranger|output"):
        asyncio.run(app.postprocess_data(fn, {gr.HTML("stranger", render=False): 1}, SessionState(app)))


def edited(value: Any, edits: list[Any]) -> Any:
    """Applies edits as Gradio's page does: to the object that an answer before has brought, in place."""
    for action, path, new in edits:
        if not path:
            value = new if action == "replace" else value + new
            continue
        *way, last = path
        part = value
        for step in way:
            part = part[step]
        if action == "delete":
            del part[last]
        elif action == "add" and isinstance(part, list):
            part.insert(last, new)
        else:
            part[last] = part[last] + new if action == "append" else new
    return value


def test_of_two_answers_that_come_together_the_page_shows_both() -> None:
    import copy
    from types import SimpleNamespace

    from qamro.ui.endpoint import Blocks

    skip, hidden, shown = {"__type__": "update"}, {"visible": False, "__type__": "update"}, {"visible": True}
    shown |= skip
    answers = [
        [shown, skip, "Loading", skip],
        [skip, {"rows": [1]}, "1 of 2", ["a"]],
        [skip, {"rows": [1, 2], "sure": True}, "1 of 2 …", skip],
        [hidden, {"rows": [1, 2]}, skip, ["a", "b"]],
        [skip, skip, skip, ["b"]],
        [skip, skip, "Done", skip],
    ]
    app, fn = Blocks(), SimpleNamespace(outputs=[None] * 4)
    sent = [
        copy.deepcopy(app.handle_streaming_diffs(fn, copy.deepcopy(answer), "session", "run", False))
        for answer in answers
    ]
    held = [sent[0]]
    for edits in sent[1:]:  # what the page holds of each answer before it shows any
        held.append([edited(value, edit) for value, edit in zip(held[-1], edits, strict=True)])
    for place, (told, answer) in enumerate(zip(held, answers, strict=True)):
        for value, right in zip(told, answer, strict=True):
            newer = [later for each in answers[place + 1 :] for later in each]
            assert value == right or ("__type__" not in right and value in newer), "only a newer value of it may stand"
    assert held[-1] == answers[-1]
    assert app.handle_streaming_diffs(fn, [None] * 4, "session", "run", True) == answers[-1]
