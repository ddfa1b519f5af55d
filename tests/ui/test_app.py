from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

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
    assert {entry["api_visibility"] for entry in config["dependencies"]} == {"private"}


def test_a_port_that_is_taken_is_named() -> None:
    from qamro.ui import launch

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} cannot be opened"):
            launch(port=port, quiet=True, block=False)
