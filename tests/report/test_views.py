"""One table of views: page, zip, progress and the Compare tab follow it."""

from __future__ import annotations

import re
import zipfile

import pandas as pd
import pytest

from qamro.report import Options, Section, Table, compare, write_html, write_zip
from qamro.report.html import section_html
from qamro.report.views import ABOUT, APP_VIEWS, MADE, NUMBERS, SURE, VIEWS, View
from tests.report.data import predictor, small_study


@pytest.fixture(scope="module")
def study():
    return small_study()


@pytest.fixture
def views():
    """The table, to be changed: afterwards it is as it was, in its order."""
    before = dict(VIEWS)
    yield VIEWS
    VIEWS.clear()
    VIEWS.update(before)


def made(study, predictors, **options):
    tables = {f"p{k}": predictor(study, 0.2 + k, seed=k) for k in range(predictors)}
    return compare(study, tables, Options(draws=10, **options))


@pytest.mark.parametrize(
    ("predictors", "powered", "expected"),
    [
        (0, True, ["overview", "raters", "systems MI", "inspect MI"]),
        (1, False, ["overview", "raters", "systems MI", "inspect MI"]),
        (1, True, ["overview", "raters", "systems MI", "powered MI", "inspect MI"]),
        (2, False, ["overview", "raters", "systems MI", "versus MI", "inspect MI"]),
    ],
)
def test_a_report_holds_what_its_predictors_allow(study, predictors, powered, expected):
    plan = made(study, predictors, prediction_powered=powered).plan
    assert [f"{view.key} {axis}".strip() for view, axis in plan] == expected


def test_contents_titles_and_sections_agree(study, tmp_path):
    comparison = made(study, 2, left_out=("r1",))
    page = write_html(comparison, tmp_path / "r.html").read_text("utf-8")
    contents = page.split('<nav class="contents"')[1].split("</nav>")[0]
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', contents)
    sections = list(comparison.sections())
    assert links == [
        *((section.id, view.heading) for section, (view, _) in zip(sections, comparison.plan, strict=True)),
        ("provenance", MADE),
        ("terms", "Terms"),
    ]
    for section, (view, axis) in zip(sections, comparison.plan, strict=True):
        assert section.title == f"{axis}: {view.heading}, {comparison.without}".removeprefix(": ")
        assert section.id.startswith(view.key)
    assert "<li>MI: <a" in contents


def test_a_view_that_is_added_in_one_row_is_everywhere(study, tmp_path, monkeypatch, views):
    from qamro.ui.compare import handlers, render, texts
    from qamro.ui.compare.state import CompareState
    from tests.ui.named import P

    def ages(comparison, axis):
        table = Table(f"ages-{axis}-table", "Ages", "", pd.DataFrame({"age": [1]}))
        return Section(f"ages-{axis}", f"{axis}: ages", ["Nobody knows them."], [], [table], answer="Old.")

    for key in ("raters", "systems", "inspect"):  # they take long
        del views[key]
    views["ages"] = View("ages", "Ages", "How old?", "ages", ages, predictors=1, about=("Years.",))
    comparison = made(study, 1)
    assert comparison.section("ages", "MI").sentences == ["Nobody knows them."]
    assert comparison.section("ages", "MI").about == ["Years."]
    assert '<a href="#ages-MI">ages</a>' in write_html(comparison, tmp_path / "r.html").read_text("utf-8")
    assert "ages-MI-table.csv" in zipfile.ZipFile(write_zip(comparison, tmp_path / "t.zip")).namelist()
    assert "ages" not in [view.key for view, _ in made(study, 0).plan]

    assert list(texts.TITLES) == [*APP_VIEWS, "plan", "report"]
    for table, value in ((APP_VIEWS, VIEWS["ages"]), (texts.TITLES, "Ages"), (texts.NOTES, "How old?")):
        monkeypatch.setitem(table, "ages", value)
    state = CompareState()
    state.choose(study)
    assert render.missing(state, "ages", "MI")["empty"]["title"] == texts.View.NO_PREDICTIONS
    state.add("p", predictor(study, 0.2), "here")
    *_, answer = handlers.show(P, state, "ages", "MI")
    shown = answer["section"]
    assert (shown["answer"], shown["sentences"], shown["about"]) == ("Old.", ["Nobody knows them."], ["Years."])
    page = section_html(comparison.section("ages", "MI"))
    assert (
        page.index("Old.") < page.index(f"<summary>{SURE}") < page.index("Nobody") < page.index(f"<summary>{NUMBERS}")
    )
    assert page.index(f"<summary>{NUMBERS}") < page.index("ages-MI-table") < page.index(f"<summary>{ABOUT}")


def test_views_say_what_they_need(study):
    comparison = made(study, 0)
    with pytest.raises(KeyError):
        comparison.section("nothing")
    with pytest.raises(ValueError, match="about one axis; name one of MI"):
        comparison.section("systems")
    with pytest.raises(KeyError, match="'loudness' is not compared"):
        comparison.section("raters", "loudness")


def test_a_view_about_something_else_than_rated_axes_comes_before_them(study, views):
    def asked(comparison, axis):
        return Section(f"asked-{axis}", f"{axis}: asked")

    views["asked"] = View("asked", "Asked", "What?", "asked", asked, axes=lambda comparison: ["colour", "shape"])
    comparison = made(study, 0)
    plan = [f"{view.key} {axis}".strip() for view, axis in comparison.plan]
    assert plan == ["overview", "raters", "asked colour", "asked shape", "systems MI", "inspect MI"]
    assert comparison.section("asked", "shape").title == "shape: asked"
    with pytest.raises(KeyError, match="'MI' is not compared; the axes are colour, shape"):
        comparison.section("asked", "MI")
