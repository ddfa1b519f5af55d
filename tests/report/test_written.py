"""What is written: a page that fetches nothing and shows itself in a real browser, and a zip that reads back."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pandas as pd
import pytest

from qamro.report import Options, compare, write_html, write_zip
from qamro.report.html import html_table
from qamro.studies import Study

from .data import predictor, small_study

INK_ON_PAPER = "rgb(95, 91, 84)"
HOSTILE = '</script><script>document.title="taken"</script>'


@pytest.fixture(scope="module")
def comparison():
    study = small_study()
    clips = study.clips.assign(system=study.clips["system"].replace("sys0", HOSTILE))
    ratings = study.ratings.assign(rater=study.ratings["rater"].replace("r1", "=1+1"))
    study = Study(clips, ratings, name="small <i>study</i>", about={"licence": "CC BY 4.0"})
    return compare(study, {"good": predictor(study, 0.2), "b <b>d": predictor(study, 2.0)}, Options(draws=60))


def test_page_has_everything_and_nothing_that_is_fetched(comparison, tmp_path):
    seen = []
    page = write_html(comparison, tmp_path / "new" / "r.html", seen.append).read_text("utf-8")
    assert seen == [section.title for section in comparison.sections()]
    own = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"<[^>]+\s(?:src|href)=(?!\"#)", own)
    assert "@import" not in own
    assert "url(" not in own
    assert "small &lt;i&gt;study&lt;/i&gt;" in own
    assert "<i>" not in own
    assert "<b>d" not in own
    for section in comparison.sections():
        assert f'<section id="{section.id}">' in own
        assert f'href="#{section.id}"' in own
        for figure in section.figures:
            assert f'id="{figure.id}"' in own
    for fact in ("CC BY 4.0", "made for a test, noise 0.2", "seed", "numpy", "commit", "hash"):
        assert fact in own[own.index('id="provenance"') :]


@pytest.mark.browser
def test_page_in_a_browser(comparison, browser, tmp_path):
    path = write_html(comparison, tmp_path / "r.html")
    for scheme, width in (("light", 1280), ("dark", 400)):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        asked, problems = [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("pageerror", lambda error, problems=problems: problems.append(str(error)))
        page.goto(path.as_uri())
        assert page.locator("ol.findings a:not(.term):visible").count() == 3
        lead = page.locator("#systems-MI [data-figure]:visible")
        assert lead.count() == 1, "one picture of a section, the others folded"
        page.locator("ol.findings a:not(.term)").nth(0).click()
        page.wait_for_function("() => document.querySelector('#systems-MI-pairs').checkVisibility()")
        page.evaluate("() => document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        places = page.locator("[data-figure]")
        for i in range(places.count()):
            places.nth(i).scroll_into_view_if_needed()
            places.nth(i).locator(".main-svg").first.wait_for()
        assert places.count() == sum(len(section.figures) for section in comparison.sections())
        assert problems == []
        assert [url for url in asked if url.startswith("http")] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.title() != "taken"
        page.get_by_role("link", name="Raters", exact=True).click()
        assert page.url.endswith("#raters")
        page.evaluate("() => document.querySelectorAll('details').forEach((fold) => { fold.open = false; })")
        page.set_viewport_size({"width": 703, "height": 990})  # A4 at 96 pixels an inch, less its margins
        page.emulate_media(media="print", color_scheme=scheme)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0, "paper cannot be unfolded"
        fills = "(nodes) => [...new Set(nodes.map((node) => getComputedStyle(node).fill))]"
        assert page.eval_on_selector_all(".xtick text", fills) == [INK_ON_PAPER]
        assert page.evaluate("document.documentElement.scrollWidth") < 740, "paper would shrink the page"
        assert max(page.eval_on_selector_all(".main-svg", "(all) => all.map((a) => a.clientWidth)")) == 640
        page.close()


def test_zip_reads_back_with_names_as_they_are(comparison, tmp_path):
    path = write_zip(comparison, tmp_path / "new" / "t.zip")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        tables = [table for section in comparison.sections() for table in section.tables]
        assert names == {f"{table.id}.csv" for table in tables} | {"README.txt", "provenance.json"}
        for table in tables:
            read = pd.read_csv(io.BytesIO(archive.read(f"{table.id}.csv")), keep_default_na=False, na_values=[""])
            assert list(read.columns) == list(table.frame.columns)
            assert len(read) == len(table.frame)
            numbers = table.frame.select_dtypes("float")
            pd.testing.assert_frame_equal(
                read[numbers.columns].astype(float).reset_index(drop=True), numbers.reset_index(drop=True), rtol=1e-5
            )
        raters = pd.read_csv(io.BytesIO(archive.read("raters-MI-table.csv")))
        assert "=1+1" in set(raters["rater"])
        told = archive.read("README.txt").decode()
        assert "formula" in told
        assert all(table.id in told for table in tables)
        facts = json.loads(archive.read("provenance.json"))
    assert facts["options"]["draws"] == 60
    assert facts["study"]["licence"] == "CC BY 4.0"
    assert set(facts["predictors"]) == {"good", "b <b>d"}
    assert len({facts["predictors"][name]["hash"] for name in facts["predictors"]}) == 2


def test_cells_of_a_page_table():
    frame = pd.DataFrame({"a_b": [1.0, float("nan"), -0.123456], "n": [1, 2, 30000], "text": ["<x>", "", "y"]})
    html = html_table(frame.assign(empty="", p=1e-9), "a table", shown=2)
    assert '<th scope="col" class="number">a b</th>' in html
    assert "&lt;x&gt;" in html
    assert "empty" not in html
    assert "1.0e−09" in html
    assert "The first 2 of 3 rows." in html
    assert "−0.1235" in html_table(frame, "a table")
