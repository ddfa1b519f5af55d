"""The report on studies in published forms: human ceilings come out, named raters are looked at one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qamro.report import Options, compare
from qamro.studies import Study
from qamro.studies.importers import read_ratings
from tests.evaluation.data import TRACK2, study_of, track2
from tests.studies.extracts import pam_clips, track2_clips, write_aesthetics, write_codec, write_survey

CEILINGS = {"PQ": (0.987, 0.775), "PC": (0.974, 0.852), "CE": (0.989, 0.816), "CU": (0.993, 0.807)}
"""System and utterance level, from the design notes: mean SRCC of two random halves of the ten ratings."""


def test_one_half_of_the_raters_as_the_predictor_gives_what_a_loop_gives(tmp_path):
    """Halves are drawn at random for each clip; the ten positions of the file are neither raters nor random."""
    clips, scores = track2(write_aesthetics(tmp_path / "r.jsonl", track2_clips(systems=9, clips=12)))
    rng = np.random.default_rng(0)
    shuffled = {axis: rng.permuted(given, axis=1) for axis, given in scores.items()}
    table = clips[["clip"]].assign(**{axis: given[:, :5].mean(axis=1) for axis, given in shuffled.items()})
    study = study_of(clips, {axis: given[:, 5:] for axis, given in shuffled.items()})
    comparison = compare(study, {"the other half": table}, Options(draws=0))
    for axis in CEILINGS:
        rows = comparison.numbers(axis).metrics
        srcc = rows[rows["metric"] == "SRCC"].set_index("level")["value"]
        halves = table.set_index("clip")[[axis]].rename(columns={axis: "one"})
        halves["other"] = shuffled[axis][:, 5:].mean(axis=1)
        for level, each in (("utterance", halves), ("system", halves.groupby(clips["system"].to_numpy()).mean())):
            assert srcc[level] == pytest.approx(stats.spearmanr(each["one"], each["other"])[0], abs=1e-12), axis


def test_the_section_of_systems_counts_clips_and_systems(tmp_path):
    study = read_ratings(write_aesthetics(tmp_path / "r.jsonl", track2_clips(systems=36, clips=30)))
    section = compare(study, {}, Options(draws=2, axes=["PQ"])).systems("PQ")
    assert "1,080 clips of 36 systems" in section.sentences[0]
    assert section.figures[0].id == "systems-PQ-ranking"


def test_ceilings_beside_the_metrics_are_those_of_the_design_notes(shared):
    comparison = compare(read_ratings(shared / TRACK2), {}, Options(draws=2))
    for axis, expected in CEILINGS.items():
        tops = comparison.numbers(axis).ceilings
        assert (tops["system"].value, tops["utterance"].value) == pytest.approx(expected, abs=0.01)


def test_human_recordings_are_one_of_nine_systems(tmp_path):
    study = read_ratings(write_aesthetics(tmp_path / "r.jsonl", pam_clips()))
    people = compare(study, {}, Options(draws=50, axes=["PQ"])).numbers("PQ").people
    assert len(people.systems) == 9
    means = study.ratings.query("axis == 'PQ'").merge(study.clips, on="clip").groupby(["system", "clip"])["score"]
    order = means.mean().groupby("system").mean().sort_values(ascending=False)
    assert people.order == list(order.index)
    assert "real" in people.order


def test_named_raters_of_a_listening_test(tmp_path):
    comparison = compare(Study.load(write_codec(tmp_path)), {}, Options(draws=50))
    section = comparison.raters()
    told = next(line for line in section.sentences if "stray" in line)
    assert "of 19 raters" in told
    assert "rejected by BT.500" in told
    systems = comparison.systems("quality")
    assert "the best one, Reference, stands apart from all others" in " ".join(systems.sentences)
    critical = next(figure for figure in systems.figures if figure.id.endswith("critical"))
    assert "16 common sources" in critical.note


def test_many_raters_with_few_ratings_each(tmp_path):
    study = Study.load(write_survey(tmp_path, each=52))
    section = compare(study, {}, Options(draws=50)).raters()
    table = next(table for table in section.tables if table.id == "raters-quality-table").frame
    assert len(table) == 65
    names = table.loc[table["reason"] != "", "rater"]
    fewer = compare(study, {}, Options(draws=50, left_out=tuple(names)))
    assert f"and {len(names) - 6} more" in fewer.without
    assert fewer.study.ratings["rater"].nunique() == 65 - len(names)
