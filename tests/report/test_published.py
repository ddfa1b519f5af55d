"""The report on published ratings: the human ceilings come out, and named raters are looked at one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qamro.report import Options, compare
from qamro.studies import Study
from qamro.studies.importers import read_ratings
from tests.evaluation.data import track2

CEILINGS = {"PQ": (0.987, 0.775), "PC": (0.974, 0.852), "CE": (0.989, 0.816), "CU": (0.993, 0.807)}
"""System and utterance level, from the design notes: mean SRCC of two random halves of the ten ratings."""


def test_one_half_of_the_raters_as_the_predictor_gives_the_ceilings(shared):
    """Halves are drawn at random for each clip; the ten positions of the file are neither raters nor random."""
    clips, scores = track2(shared)
    rng = np.random.default_rng(0)
    found = {axis: [] for axis in CEILINGS}
    for _ in range(4):
        table, parts = clips[["clip"]].copy(), []
        for axis, given in scores.items():
            shuffled = rng.permuted(given, axis=1)
            table[axis] = shuffled[:, :5].mean(axis=1)
            rest = shuffled[:, 5:]
            parts.append(
                pd.DataFrame({"clip": np.repeat(clips["clip"].to_numpy(), 5), "axis": axis, "score": rest.ravel()})
            )
        study = Study(clips, pd.concat(parts, ignore_index=True), name="track 2, half of the ratings")
        comparison = compare(study, {"the other half": table}, Options(draws=0))
        for axis in CEILINGS:
            rows = comparison.numbers(axis).metrics
            srcc = rows[rows["metric"] == "SRCC"].set_index("level")["value"]
            found[axis].append((srcc["system"], srcc["utterance"]))
    for axis, expected in CEILINGS.items():
        np.testing.assert_allclose(np.mean(found[axis], axis=0), expected, atol=0.01, err_msg=axis)


def test_ceilings_beside_the_metrics_are_those_of_the_design_notes(shared):
    study = read_ratings(shared / "data" / "annotations" / "audiomos2025_track2_human_annotations.jsonl")
    comparison = compare(study, {}, Options(draws=2))
    for axis, expected in CEILINGS.items():
        tops = comparison.numbers(axis).ceilings
        assert (tops["system"].value, tops["utterance"].value) == pytest.approx(expected, abs=0.01)
    section = comparison.systems("PQ")
    assert "3,060 clips of 36 systems" in section.sentences[0]
    assert section.figures[0].id == "systems-PQ-ranking"


def test_human_recordings_are_one_of_nine_systems(shared):
    study = read_ratings(shared / "data" / "annotations" / "AES_PAM.jsonl")
    people = compare(study, {}, Options(draws=50, axes=["PQ"])).numbers("PQ").people
    assert len(people.systems) == 9
    means = study.ratings.query("axis == 'PQ'").merge(study.clips, on="clip").groupby(["system", "clip"])["score"]
    order = means.mean().groupby("system").mean().sort_values(ascending=False)
    assert people.order == list(order.index)
    assert "real" in people.order[:4]


def test_named_raters_of_the_codec_study(shared):
    comparison = compare(Study.load(shared / "data" / "studies" / "codec_mushra"), {}, Options(draws=50))
    section = comparison.raters()
    told = next(line for line in section.sentences if "stray" in line)
    assert "of 19 raters" in told
    assert "rejected by BT.500" in told
    systems = comparison.systems("quality")
    assert "the best one, Reference, stands apart from all others" in " ".join(systems.sentences)
    critical = next(figure for figure in systems.figures if figure.id.endswith("critical"))
    assert "16 common sources" in critical.note


def test_many_raters_with_few_ratings_each(shared):
    study = Study.load(shared / "data" / "studies" / "lstm_music")
    section = compare(study, {}, Options(draws=50)).raters()
    table = next(table for table in section.tables if table.id == "raters-quality-table").frame
    assert len(table) == 293
    names = table.loc[table["reason"] != "", "rater"]
    fewer = compare(study, {}, Options(draws=50, left_out=tuple(names)))
    assert f"and {len(names) - 6} more" in fewer.without
    assert fewer.study.ratings["rater"].nunique() == 293 - len(names)
