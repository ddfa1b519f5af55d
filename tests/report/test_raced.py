"""After a race no ordinary interval of means or differences stands without saying what it is worth."""

from __future__ import annotations

import pytest

from qamro.evaluation import tell_apart
from qamro.evaluation.prediction_powered import prediction_powered
from qamro.evaluation.racing import after_race
from qamro.report import Options, compare
from qamro.report.views import VIEWS
from tests.report.data import predictor, small_study

RACE = {"axis": "MI", "goal": "best", "equal_within": 0.0, "scale": [0, 6], "ended": "reached"}
SHOWS_NO_MEANS = {"raters", "raced", "versus", "votes"}


def made(axis="MI"):
    study = small_study(systems=3, sources=4)
    study.about["race"] = RACE | {"axis": axis}
    return compare(study, {"one": predictor(study, 0.1)}, Options(draws=5, prediction_powered=True))


def test_every_section_with_means_says_so_and_so_does_every_figure_and_table_in_it():
    comparison = made()
    said = after_race(comparison.study, "MI")
    assert "handed out by a race" in said
    keys = set()
    for view, axis in comparison.plan:
        section = comparison.section(view.key, axis)
        keys.add(view.key)
        if view.key in SHOWS_NO_MEANS:
            assert said not in section.sentences
            continue
        assert section.sentences.count(said) == 1, view.key
        if axis:
            assert len(list(section)) > 0
            assert all(each.note.endswith(said) for each in section), view.key
    assert {"overview", "systems", "powered", "inspect", "raced"} <= keys
    assert {key for key, view in VIEWS.items() if not view.means} == SHOWS_NO_MEANS


@pytest.mark.parametrize("axis", ["MI", "PQ"])
def test_the_first_line_says_so_too(axis):
    told = made(axis).findings()[0].text
    assert ("A race handed out these ratings" in told) is (axis == "MI")


def test_tables_of_the_functions_carry_it():
    study = made().study
    assert tell_apart(study, "MI").attrs["note"] == after_race(study, "MI")
    table = prediction_powered(study, predictor(study, 0.1), "MI")
    assert table.attrs["note"] == after_race(study, "MI")


@pytest.mark.parametrize("race", [None, RACE | {"axis": "PQ"}, "yes"])
def test_what_was_not_raced_is_not_doubted(race):
    study = small_study(systems=3, sources=4)
    if race is not None:
        study.about["race"] = race
    assert after_race(study, "MI") == ""
    assert tell_apart(study, "MI").attrs["note"] == ""
    sections = list(compare(study, {}, Options(draws=5)).sections())
    assert not any("handed out by a race" in text for section in sections for text in section.sentences)
    assert not any("handed out by a race" in each.note for section in sections for each in section)
