"""Published ratings as a Study, read here without the project's importers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from qamro.studies import Study

AXES = {
    "Production_Quality": "PQ",
    "Production_Complexity": "PC",
    "Content_Enjoyment": "CE",
    "Content_Usefulness": "CU",
}


def track2(shared):
    """AudioMOS 2025 track 2: the scores as (clips, 10) for each axis, and their Study."""
    path = shared / "data" / "annotations" / "audiomos2025_track2_human_annotations.jsonl"
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
