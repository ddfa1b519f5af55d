"""What starting costs: nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "gradio", "transformers", "pandas", "scipy", "plotly", "numpy", "soundfile", "av", "requests")

REPORT = f"""
import atexit, sys
atexit.register(lambda: print("loaded:", *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr))
"""


def loaded_by(code: str) -> list[str]:
    """Runs code in a process of its own and returns the heavy libraries that it loaded."""
    command = [sys.executable, "-c", REPORT + code]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    line = next((line for line in result.stderr.splitlines() if line.startswith("loaded:")), None)
    assert line is not None, result.stderr
    return line.split()[1:]


@pytest.mark.parametrize(
    "code",
    [
        "import qamro",
        "import qamro.axes, qamro.paths",
        "import qamro.ui",
        "import qamro.cli",
        "import sys; sys.argv = ['qamro', '--help']\nimport qamro.cli; qamro.cli.main()",
        "import sys; sys.argv = ['qamro', '--version']\nimport qamro.cli; qamro.cli.main()",
        "import sys; sys.argv = ['qamro', 'predict', '--help']\nimport qamro.cli; qamro.cli.main()",
    ],
)
def test_starting_loads_nothing_heavy(code):
    assert loaded_by(code) == []


def test_studies_and_importers_do_without_the_networks():
    loaded = loaded_by("from qamro.studies.importers import read_ratings; from qamro.studies.registry import DATASETS")
    assert not {"torch", "gradio", "transformers", "pandas", "scipy"} & set(loaded)


def test_evaluating_does_not_load_torch(tmp_path):
    (tmp_path / "r.csv").write_text("clip,axis,score\na,MI,1\nb,MI,2\nc,MI,3\n")
    (tmp_path / "s.csv").write_text("clip,MI\na,1\nb,2\nc,3\n")
    arguments = ["qamro", "evaluate", "--predictions", f"{tmp_path}/s.csv", "--ratings", f"{tmp_path}/r.csv"]
    loaded = loaded_by(f"import sys; sys.argv = {arguments!r}\nimport qamro.cli; qamro.cli.main()")
    assert "pandas" in loaded
    assert not {"torch", "gradio", "transformers", "plotly"} & set(loaded)
