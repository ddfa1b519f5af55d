"""What a comparison says of few data, divided raters, repeated ratings, and axes that are called otherwise."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import pytest

from qamro.evaluation import tell_apart
from qamro.report import Options, compare
from qamro.report.html import section_html
from qamro.studies import Study

from .data import predictor, small_study

QUICK = Options(draws=60)


def every_word(comparison):
    """Each sentence, title, note and alternative text of a comparison."""
    found = []
    for section in comparison.sections():
        found += [section.title, *section.sentences]
        for part in section:
            found += [part.title, part.note, getattr(part, "alt", "")]
    return found


def two_predictors(study):
    return {"bad": predictor(study, 2.0), "good": predictor(study, 0.05)}


def tables_of(section):
    return {table.id: table.frame for table in section.tables}


@pytest.mark.parametrize("systems", [1, 2])
def test_below_three_systems_nothing_is_said_of_their_order(systems):
    study = small_study(systems=systems, sources=12)
    comparison = compare(study, two_predictors(study), QUICK)
    section = comparison.systems("MI")
    table = tables_of(section)["systems-MI-metrics-table"]
    orders = table[(table["level"] == "system") & (table["metric"] != "MSE")]
    assert orders[["value", "low", "high", "ceiling"]].isna().all(axis=None)
    assert any("no rank correlation over systems" in line for line in section.sentences)
    forest = next(figure for figure in section.figures if figure.id == "systems-MI-metrics").figure
    upper = [trace for trace in forest.data if trace.xaxis in (None, "x")]
    assert not any(np.isfinite(np.asarray(trace.x, dtype=float)).any() for trace in upper)
    assert not any("over 2 systems, p" in line or "SRCC 1.000 over" in line for line in every_word(comparison))
    agreement = comparison.raters().tables[0].frame.set_index("statistic")
    assert agreement.loc[["ceiling, system", "full ceiling, system"], "value"].isna().all()


@pytest.mark.parametrize(("systems", "few"), [(3, True), (7, True), (8, False)])
def test_three_to_seven_systems_are_marked_in_sentences_tables_and_figures(systems, few):
    study = small_study(systems=systems, sources=8)
    comparison = compare(study, two_predictors(study), QUICK)
    systems_section, versus = comparison.systems("MI"), comparison.versus("MI")
    hint = f"{systems} systems: a hint"
    assert any(hint in line for line in systems_section.sentences) == few
    assert any(hint in line for line in comparison.raters().sentences) == few
    for section, key in ((systems_section, "systems-MI-metrics-table"), (versus, "versus-MI-table")):
        rows = tables_of(section)[key]
        assert rows.loc[rows["level"] == "system", "note"].str.contains(hint).eq(few).all()
    for section, key in ((systems_section, "systems-MI-metrics"), (versus, "versus-MI-differences")):
        figure = next(figure for figure in section.figures if figure.id == key).figure
        assert any(hint in (note.text or "") for note in figure.layout.annotations) == few
    overview = tables_of(comparison.overview())["overview-srcc"]
    assert overview.loc[overview["level"] == "system", "note"].str.contains(hint).eq(few).all()


def random_ratings(systems=10, clips=8, raters=6, seed=3):
    """Raters who answer at random."""
    rng = np.random.default_rng(seed)
    names = [(f"s{s}c{c}", f"s{s}") for s in range(systems) for c in range(clips)]
    rows = [(clip, f"r{r}", "MI", float(rng.integers(1, 6))) for clip, _ in names for r in range(raters)]
    ratings = pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"])
    return Study(pd.DataFrame(names, columns=["clip", "system"]), ratings, name="noise")


def test_raters_who_do_not_agree_make_no_ceiling():
    study = random_ratings()
    comparison = compare(study, {"p": predictor(study, 1.0)}, QUICK)
    table = comparison.raters().tables[0].frame.set_index("statistic")
    row = table.loc["ceiling, utterance"]
    assert row["low"] <= 0 <= row["high"]
    told = " ".join(every_word(comparison))
    assert "people do not agree about single clips here: nothing can be learnt at clip level" in told
    assert "as good as another panel" not in told
    assert "one half of the raters reaches" not in told
    metrics = tables_of(comparison.systems("MI"))["systems-MI-metrics-table"]
    assert metrics["ceiling"].isna().all()
    forest = next(figure for figure in comparison.systems("MI").figures if figure.id == "systems-MI-metrics")
    assert "other half of the raters" not in {trace.name for trace in forest.figure.data}


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_extrapolated_from_halves_that_disagree(seed):
    study = random_ratings(seed=seed)
    table = compare(study, {}, QUICK).raters().tables[0].frame.set_index("statistic")
    for level in ("utterance", "system"):
        half, whole = table.loc[f"ceiling, {level}"], table.loc[f"full ceiling, {level}"]
        if half["value"] < 0:
            assert np.isnan(whole["value"])
            assert "cannot be extrapolated" in whole["note"]
        else:
            assert whole["value"] == pytest.approx(2 * half["value"] / (1 + half["value"]))


def test_tab_and_report_tell_systems_apart_as_the_one_function_does():
    study = small_study(systems=6, sources=8)
    comparison = compare(study, {}, QUICK)
    section = comparison.systems("MI")
    own = tables_of(section)["systems-MI-pairs-table"]
    pd.testing.assert_frame_equal(own, tell_apart(study, "MI"))
    told = next(line for line in section.sentences if line.startswith("Two systems count as different"))
    assert f"{int(own['differ'].sum())} of 15 pairs" in told
    assert any(told in line for line in comparison.overview().sentences)
    differ = comparison.numbers("MI").people
    place = {name: k for k, name in enumerate(differ.systems)}
    assert all(differ.differ[place[row.first], place[row.second]] == row.differ for row in own.itertuples())


def test_repeated_ratings_are_counted_once_and_said():
    study = small_study()
    again = study.ratings.sample(9, random_state=2)
    repeated = Study(study.clips, pd.concat([study.ratings, again.assign(score=1.0)]), name="small")
    found = compare(repeated, {"p": predictor(study, 0.2)}, QUICK)
    told = " ".join(found.overview().sentences)
    assert "240 ratings by people (by 8 raters)" in told
    assert "9 repeated ratings went into" in told
    assert "8 ratings a clip (9 repeated ratings averaged" in found.systems("MI").sentences[0]
    clip = again["clip"].iloc[0]
    assert found.clip(clip).scores["ratings"].iloc[0] == 8
    assert "8 ratings by people" in found.clip(clip).figures[0].note


def named_otherwise():
    study = small_study()
    study = Study(study.clips, study.ratings.assign(axis="quality"), name="own")
    tables = {
        "ours": predictor(study, 0.1, axis="quality"),
        "offline": predictor(study, 0.5, axis="quality", column="MI"),
        "text": predictor(study, 1.0, axis="quality", column="TA"),
    }
    return study, tables


def test_a_predictor_whose_axes_are_called_otherwise_is_named_with_the_remedy():
    study, tables = named_otherwise()
    comparison = compare(study, tables, QUICK)
    assert comparison.predictors == ["ours"]
    for section in (comparison.systems("quality"), comparison.versus("quality"), comparison.inspect("quality")):
        for name, column in (("offline", "MI"), ("text", "TA")):
            (line,) = [line for line in section.sentences if line.startswith(f"{name} is left out here")]
            assert f"{name}:{column}=quality" in line
            assert escape(line) in section_html(section)
    assert any("offline could not be used" in line for line in comparison.overview().sentences)


def test_predictors_meet_on_the_rated_axis():
    study, tables = named_otherwise()
    maps = {"offline": {"MI": "quality"}, "text": {"TA": "quality"}}
    comparison = compare(study, tables, Options(draws=60, own_maps=maps))
    assert comparison.axes == ["quality"]
    assert comparison.predictors == list(tables)
    assert comparison.problems == {}
    section = comparison.versus("quality")
    assert "offline: MI stands for quality." in section.sentences
    assert set(tables_of(section)["versus-quality-table"]["first"]) == {"ours", "offline"}
    renamed = {name: table.rename(columns=dict.fromkeys(("MI", "TA"), "quality")) for name, table in tables.items()}
    plain = compare(study, renamed, QUICK).numbers("quality").metrics
    own = comparison.numbers("quality").metrics
    rows = own["metric"] != "MSE"
    pd.testing.assert_frame_equal(own[rows], plain[rows])
    only = compare(study, tables, Options(draws=60, own_maps={"offline": {"MI": "quality"}}))
    assert only.predictors == ["ours", "offline"]
    assert "text" in only.problems
    for section in only.sections():
        assert section_html(section)
