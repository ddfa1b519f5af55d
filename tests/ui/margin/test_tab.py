"""The Margin tab inside the real app: linked, in the app's theme, with the studies that were fetched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from margin import reference

from qamro.studies import Study
from tests.ui.serving import Server
from tests.ui.visits import SCREENSHOTS, Visits

from . import page as on

pytestmark = [pytest.mark.browser, pytest.mark.server]
SCORES = [12.0, 30.0, 30.0, 55.5, 61.0, 78.0, 90.0, 97.5]


@pytest.fixture
def fetched(server: Server) -> Iterator[str]:
    """A small human study in the place of a published one, as if it had been fetched."""
    folder = server.folder / "cache" / "studies" / "codec_mushra"
    clips = pd.DataFrame({"clip": [f"c{k}" for k in range(len(SCORES))]})
    given = pd.DataFrame({"clip": clips["clip"], "rater": "r", "axis": "quality", "score": SCORES})
    ends = pd.DataFrame({"clip": "c0", "rater": ["s", "t"], "axis": "quality", "score": [0.0, 24.0]})
    Study(clips, pd.concat([given, ends]), name="codec_mushra").save(folder)
    yield "codec_mushra-quality"
    shutil.rmtree(folder)


def open_tab(open_page: Visits, query: str, width: int = 1280) -> Any:
    page = open_page(f"?tab=margin&{query}", width=width, ready="[data-ready=true]")
    on.wait_ready(page)
    return page


def test_a_linked_configuration_opens_in_the_app(open_page: Visits, server: Server) -> None:
    page = open_tab(open_page, "__theme=light&m.pair=4_2_2_3&m.beta=11")
    expected, _ = reference.value_and_gradient(
        lambda p, y: reference.qamro_loss(p, y, beta=11, normalize="scale", scale=(1, 5)), [2.0, 3.0], [4.0, 2.0]
    )
    assert on.number(page, "pair", "qamro loss") == pytest.approx(expected, abs=6e-4)
    on.drag(page, "pA", 120, 0)
    moved = on.value(page, "pair", "qamro loss")
    assert on.query(page)["beta"] == "11"
    page.locator("#header button").first.click()
    page.wait_for_selector(".page[data-theme=dark]")
    page.get_by_role("tab", name="About").click()
    page.get_by_role("tab", name="Margin").click()
    on.wait_ready(page)
    assert on.value(page, "pair", "qamro loss") == moved
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "margin-app-dark.png")
    assert not server.left_the_machine()


def test_it_fits_a_phone(open_page: Visits) -> None:
    page = open_tab(open_page, "__theme=light", width=400)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.locator("[data-figure=batch]").scroll_into_view_if_needed()
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "margin-app-phone.png")


def test_a_fetched_study_can_be_chosen(open_page: Visits, fetched: str) -> None:
    page = open_tab(open_page, f"__theme=light&m.study={fetched}")
    page.locator(f"[data-figure=who] select option[value={fetched}]").wait_for(state="attached")
    on.settle(page)
    assert page.locator("[data-figure=who] select").input_value() == fetched
    expected = reference.share_of_top(SCORES, 7, None)
    assert on.number(page, "who", "qamro share") == pytest.approx(100 * expected["share"], abs=6e-3)
    source = page.locator("[data-figure=who] .source").text_content()
    assert source.startswith("People rated these clips.")
    assert "CC BY 4.0" in source
