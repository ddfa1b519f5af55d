"""The slides: of the right size, filled, and of more than one colour."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("browser")  # skips where there is none
def test_the_command_writes_slides(tmp_path: Path) -> None:
    """In a process of its own: playwright's loop of the other tests does not mind."""
    names = ["1a-wrong-order", "5a-hundred-seeds"]
    command = [sys.executable, "-m", "qamro.ui.margin.figures", "--out", str(tmp_path), "--theme", "dark", "--only"]
    done = subprocess.run([*command, *names], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / f"{name}.png") for name in names]
    for name in names:
        picture = Image.open(tmp_path / f"{name}.png").convert("RGB")
        assert picture.size == (1920, 1080)
        pixels = np.asarray(picture)
        paper = pixels[2, 2]
        assert paper.max() < 60
        inked = (np.abs(pixels.astype(int) - paper).max(axis=2) > 24).any(axis=0)
        assert np.flatnonzero(inked).max() - np.flatnonzero(inked).min() > 0.8 * 1920


def test_an_unknown_step_is_refused() -> None:
    command = [sys.executable, "-m", "qamro.ui.margin.figures", "--only", "9z-nothing"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "9z-nothing" in done.stderr
    assert "1a-wrong-order" in done.stderr
