"""Replays of races: what no race can find."""

from __future__ import annotations

import pandas as pd
import pytest

from qamro.evaluation.race_replay import replay
from qamro.evaluation.racing import Goal
from qamro.studies import Study


@pytest.mark.parametrize("scores", [{"x": 5, "y": 5, "z": 5}, {"x": 9, "y": 9, "z": 1}])
def test_systems_that_share_the_first_place_leave_no_best_to_find(scores):
    clips = pd.DataFrame([{"clip": f"{s}{n}", "system": s} for s in scores for n in range(4)])
    rows = [(f"{s}{n}", f"r{r}", "PQ", score) for s, score in scores.items() for n in range(4) for r in range(3)]
    study = Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]), name="level")
    with pytest.raises(ValueError, match="level: x, y.* share the highest mean on PQ"):
        replay(study, "PQ", Goal.parse("best"), runs=1)
