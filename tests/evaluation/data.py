"""What the tests of evaluation share: made-up scores, and published ratings read without the project's importers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from qamro.studies import Study

TRACK2 = "data/annotations/audiomos2025_track2_human_annotations.jsonl"
"""Where the published file is among the reference data."""

AXES = {
    "Production_Quality": "PQ",
    "Production_Complexity": "PC",
    "Content_Enjoyment": "CE",
    "Content_Usefulness": "CU",
}


def track2(path):
    """A file of AudioMOS 2025 track 2, published or made up: its clips, and the scores as (clips, 10) for each axis."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    clips = pd.DataFrame({"clip": [row["data_path"] for row in rows]})
    clips["system"] = clips["clip"].str.split("-").str[2]
    scores = {axis: np.array([row[name] for row in rows]) for name, axis in AXES.items()}
    return clips, scores


def study_of(clips, scores):
    parts = [
        pd.DataFrame({"clip": np.repeat(clips["clip"].to_numpy(), each.shape[1]), "axis": axis, "score": each.ravel()})
        for axis, each in scores.items()
    ]
    return Study(clips, pd.concat(parts, ignore_index=True), name="track 2")


def sample(rng, n, tied):
    """Predicted and human scores of n items that go together, rounded so that many tie if wanted."""
    x, y = rng.normal(3, 1, n), rng.normal(3, 1, n)
    y = 0.6 * x + 0.4 * y
    return (np.round(x * 2) / 2, np.round(y * 5) / 5) if tied else (x, y)
