"""Score distributions for the Margin tab: of any study, of the one that the page brings along, of fetched ones."""

from __future__ import annotations

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qamro.studies import Study
from qamro.studies.registry import DATASETS
from qamro.studies.simulated import GENERATOR, build
from qamro.ui.margin.distributions import BUNDLED_AXES, bundled_file, distributions, fetched_distributions


def study_of(ratings: list[tuple[str, str, float]], kind: str = "human") -> Study:
    table = pd.DataFrame(ratings, columns=["clip", "axis", "score"])
    return Study(pd.DataFrame({"clip": table["clip"].unique()}), table, kind=kind)


def test_means_of_clips_axis_by_axis() -> None:
    study = study_of([("a", "MI", 4), ("a", "MI", 5), ("b", "MI", 2), ("c", "TA", 1), ("a", "TA", 3)])
    entries = distributions(study, key="mine", title="Mine", about="Made up.")
    assert [entry["id"] for entry in entries] == ["mine-MI", "mine-TA"]
    assert entries[0]["scores"] == [2, 4.5]
    assert entries[1]["scores"] == [1, 3]
    assert {(entry["low"], entry["high"], entry["kind"]) for entry in entries} == {(1, 5, "human")}
    json.dumps(entries)


def test_an_axis_of_its_own_spans_what_was_given() -> None:
    study = study_of([("a", "quality", 0.5), ("a", "quality", 99.5), ("b", "quality", 40)])
    (entry,) = distributions(study, key="q", title="Q", about="")
    assert (entry["low"], entry["high"]) == (0, 100)
    assert entry["scores"] == [40, 50]


def test_the_bundled_file_is_the_simulated_study() -> None:
    """A smaller study is a part of the larger one with the same seed, so four systems are enough to notice a change."""
    stored = json.loads(bundled_file().read_text(encoding="utf-8"))
    remedy = "distributions.json is stale; write it again: python -m qamro.ui.margin.distributions"
    assert stored["generator"] == GENERATOR, remedy
    assert [entry["axis"] for entry in stored["studies"]] == list(BUNDLED_AXES)
    part = distributions(build(systems=4).study, key="simulated", title="", about="")
    for entry in stored["studies"]:
        assert len(entry["scores"]) == 144
        assert entry["kind"] == "simulated"
        assert "No person rated" in entry["about"]
        scores = next(mine["scores"] for mine in part if mine["axis"] == entry["axis"])
        assert not Counter(scores) - Counter(entry["scores"]), remedy


def test_a_damaged_study_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))
    assert fetched_distributions() == []
    good, bad = (DATASETS[name].folder for name in ("musiceval", "lstm_music"))
    study_of([("a", "MI", 4), ("b", "MI", 2)]).save(good)
    study_of([("a", "quality", 4), ("b", "quality", 2)]).save(bad)
    table: Any = (bad / "ratings.csv").read_text().replace("4", "many")
    (bad / "ratings.csv").write_text(table)
    with caplog.at_level(logging.WARNING):
        entries = fetched_distributions()
    assert [entry["id"] for entry in entries] == ["musiceval-MI"]
    assert DATASETS["musiceval"].licence in entries[0]["about"]
    assert "lstm_music is left out" in caplog.text
