"""The leaderboard against scipy, explicit loops and its own page."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from qamro.evaluation.significance.hypothesis_tests import holm
from qamro.report.leaderboard import Entrant, leaderboard, render_board, within_systems, write_boards
from qamro.report.numbers import Options
from qamro.studies import Study


@pytest.fixture(scope="module")
def made():
    """Twelve systems of eight clips; one predictor near the ratings, one far, one only right about systems."""
    rng = np.random.default_rng(5)
    systems = np.repeat([f"s{i:02}" for i in range(12)], 8)
    level = np.repeat(rng.normal(3, 0.6, 12), 8)
    own = rng.normal(0, 0.5, 96)
    y = np.round(np.clip(level + own, 1, 5) * 5) / 5
    clips = pd.DataFrame({"clip": [f"c{i:02}.wav" for i in range(96)], "path": "", "system": systems, "prompt": ""})
    ratings = pd.DataFrame({"clip": clips["clip"], "rater": "", "axis": "MI", "score": y})
    study = Study(clips, ratings, name="made")
    scores = {
        "near": level + own + rng.normal(0, 0.3, 96),
        "far": rng.normal(0, 1, 96),
        "systems": level + rng.normal(0, 0.5, 96),
    }
    return study, {name: clips[["clip"]].assign(MI=values) for name, values in scores.items()}, y, systems, scores


def test_numbers_are_those_of_scipy(made):
    study, tables, y, systems, scores = made
    (board,) = leaderboard(study, tables, {"near": Entrant(0.5, "MIT", "human")}, Options(draws=200))
    assert [row["predictor"] for row in board.rows] == ["near", "systems", "far"]
    for row in board.rows:
        x = scores[row["predictor"]]
        assert row["srcc_clips"] == pytest.approx(spearmanr(x, y)[0])
        means = pd.DataFrame({"x": x, "y": y, "s": systems}).groupby("s").mean()
        assert row["srcc_systems"] == pytest.approx(spearmanr(means["x"], means["y"])[0])
        assert row["srcc_clips_low"] < row["srcc_clips"] < row["srcc_clips_high"]
        around = pd.DataFrame({"x": x, "y": y, "s": systems})
        around[["x", "y"]] -= around.groupby("s")[["x", "y"]].transform("mean")
        assert row["r_within"] == pytest.approx(pearsonr(around["x"], around["y"])[0])
    best, second, last = board.rows
    assert math.isnan(best["p_best"])
    assert second["r_within"] < 0.3 < best["r_within"]
    assert last["p_best"] < 0.05
    assert (best["seconds"], best["licence"], best["kind"]) == (0.5, "MIT", "human")


def test_p_values_are_corrected_over_the_rows_and_order_does_not_matter(made):
    study, tables, *_ = made
    options = Options(draws=200)
    (all_of_them,) = leaderboard(study, tables, {}, options)
    alone = {}
    for name in ("far", "systems"):
        (pair,) = leaderboard(study, {"near": tables["near"], name: tables[name]}, {}, options)
        alone[name] = pair.rows[1]["p_best"]
    expected = dict(zip(alone, holm(list(alone.values())), strict=True))
    assert {row["predictor"]: row["p_best"] for row in all_of_them.rows[1:]} == pytest.approx(expected)
    (turned,) = leaderboard(study, dict(reversed(tables.items())), {}, options)
    assert [row["predictor"] for row in turned.rows] == [row["predictor"] for row in all_of_them.rows]


def test_a_copy_of_the_best_is_not_beaten(made):
    study, tables, *_ = made
    (board,) = leaderboard(study, {"a": tables["near"], "b": tables["near"]}, {}, Options(draws=100))
    assert board.rows[1]["p_best"] > 0.5


@pytest.mark.parametrize(
    ("x", "y", "s"),
    [
        ([1, 2, 3], [1, 2, 3], ["a", "b", "c"]),
        ([1, 1, 2, 2], [1, 2, 3, 4], ["a", "a", "b", "b"]),
        ([1, 2, 3], [1, 2, 3], ["", "", ""]),
        ([], [], []),
    ],
)
def test_what_does_not_vary_within_systems_has_no_r(x, y, s):
    assert math.isnan(within_systems(np.array(x, float), np.array(y, float), np.array(s, str)))


def test_clips_alone_in_their_system_and_without_one_do_not_count():
    x, y = np.array([1, 2, 3, 9, -9.0]), np.array([1, 3, 2, -9, 9.0])
    systems = np.array(["a", "a", "a", "b", ""])
    assert within_systems(x, y, systems) == pytest.approx(pearsonr([1, 2, 3], [1, 3, 2])[0])


def test_a_page_keeps_what_others_wrote(made, tmp_path):
    study, tables, *_ = made
    (board,) = leaderboard(study, tables, {"far": Entrant(licence="A | B")}, Options(draws=50))
    page = tmp_path / "docs" / "board.md"
    write_boards([board], page, "qamro bench --study made")
    page.write_text(page.read_text() + "\n## other, MI\n\nby hand\n")
    board.rows = board.rows[:1]
    write_boards([board], page, "again")
    text = page.read_text()
    assert text.count("## made, MI") == 1
    assert "by hand" in text
    assert "`again`" in text
    assert "| far |" not in text
    assert text.startswith("# Leaderboard")
    line = next(line for line in render_board(board).splitlines() if line.startswith("| near"))
    assert "highest" in line
    assert "not stated" in line
