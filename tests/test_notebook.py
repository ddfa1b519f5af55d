"""docs/walk.ipynb runs from top to bottom, and what it draws says what kind of numbers these are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest
import soundfile

from qamro.report import show

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.server
def test_the_notebook_runs(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path[1:2]]))
    notebook = nbformat.read(ROOT / "docs" / "walk.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    said = ["".join(str(dict(output)) for output in cell.outputs) for cell in cells]
    assert "qamro" in said[0]
    assert "simulated listeners; a demonstration, not evidence" in said[0]
    assert said[0].count("<audio") == 2
    assert "ratings by simulated listeners" in said[1]
    assert "rank_low" in said[3]
    assert "of pairs apart" in said[4]


def test_the_notebook_is_kept_without_its_output():
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(ROOT / "docs" / "walk.ipynb", as_version=4)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")


def test_a_score_table_shows_bars_players_and_badges(tmp_path):
    soundfile.write(tmp_path / "a.wav", [0.0, 0.5] * 100, 8000)
    table = pd.DataFrame({
        "clip": ["a<b>.wav", "outside.wav", "broken.wav"],
        "path": [str(tmp_path / "a.wav"), "nowhere.wav", ""],
        "MI": [3.0, 5.0, float("nan")],
        "MI_low": [2.0, float("nan"), float("nan")],
        "MI_high": [4.0, float("nan"), float("nan")],
        "source_MI": ["zero-shot: X", "zero-shot: X", "not scored"],
        "kind_MI": ["zero-shot", "zero-shot", ""],
        "domain": ["inside", "outside", ""],
        "error": ["", "", "no <sound>"],
    })  # fmt: skip
    html = show(table)._repr_html_()
    assert "a&lt;b&gt;.wav" in html
    assert "<b>.wav" not in html
    assert 'title="3.00 [2.00, 4.00]"' in html
    assert "width:50.0%" in html  # of a scale from 1 to 5
    assert "left:25.0%;width:50.0%" in html
    assert html.count("<audio") == 1
    assert html.count(">outside<") == 1
    assert "no &lt;sound&gt;" in html
    assert "not trained on ratings; uncalibrated" in html
    assert "<audio" not in show(table, players=0)._repr_html_()
    assert "outside.wav" in str(show(table))


def test_a_table_that_does_not_say_what_made_it_gets_a_badge_for_that():
    html = show(pd.DataFrame({"clip": ["a"], "beauty": [70.0]}))._repr_html_()
    assert "the table does not say what made these scores" in html
    assert "70.00" in html
