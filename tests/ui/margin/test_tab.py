"""The Margin tab inside the real app: linked, in the app's theme, with the studies that were fetched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from margin import reference

from qamro.studies import Study
from qamro.ui.margin.lesson import STEPS
from tests.ui.serving import Server
from tests.ui.visits import SCREENSHOTS, Visits, shot

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


def seen(page: Any, selector: str) -> bool:
    """Whether a thing stands in the window, and nothing over it."""
    return bool(
        page.locator(selector).evaluate(
            """(e) => {
              const { left, top, right, bottom } = e.getBoundingClientRect();
              const over = e.getRootNode().elementFromPoint((left + right) / 2, (top + bottom) / 2);
              return top >= 0 && bottom <= innerHeight && (e.contains(over) || over?.contains(e));
            }"""
        )
    )


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_a_teacher_drags_presents_and_reveals(open_page: Visits, width: int, height: int) -> None:
    """From arrival to the first answer: no click, no scroll. To the lesson's figures: one click, then keys."""
    page = open_page("?tab=margin&__theme=light", width=width, height=height, ready="[data-ready=true]")
    on.wait_ready(page)
    story = "[data-figure=pair] .story"
    before = page.inner_text(story)
    for name in ("yA", "yB", "pA", "pB"):
        assert seen(page, f"[data-handle={name}]"), "all that can be dragged is on the first screen"
    assert (
        page.locator(story).bounding_box()["y"] + (60 if width < 400 else page.locator(story).bounding_box()["height"])
        <= height
    )
    box = on.handle(page, "pA").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"], steps=3)
    on.settle(page)
    assert page.inner_text(story) != before, "it answers while the hand still moves"
    page.mouse.up()
    assert page.evaluate("scrollY") == 0
    shot(page, f"margin-first-{width}")

    page.get_by_role("button", name="Present the lesson").click()
    page.wait_for_selector("[data-fits=true]")
    steps = [step for k, step in enumerate(STEPS) if not step.query or step.query != STEPS[k - 1].query]
    for k, step in enumerate(steps if width == 1440 else steps[:2]):
        page.locator(".slides[data-fits=true] .slide-title", has_text=step.title).wait_for()
        assert page.locator(".page [data-figure]:visible").count() == 1, "one figure at a time"
        if step.asks or step.covered:
            assert page.locator(".secret").count() == 1
            page.keyboard.press("r")
            assert page.locator(".secret").count() == 0
            assert page.locator(".questions .answer:visible").inner_text().startswith("Answer: ")
        if k in (0, 4, 12):
            shot(page, f"margin-slide-{width}-{step.name}")
        page.keyboard.press("ArrowRight" if k % 2 else "PageDown")
    page.keyboard.press("PageUp")
    page.keyboard.press("Escape")
    assert page.locator(".slides[open]").count() == 0
    assert page.locator("[data-figure]:visible").count() == 4


def test_a_slide_is_large_and_follows_the_hand(open_page: Visits) -> None:
    page = open_page("?tab=margin&m.slide=1b-hardly-different", width=1920, height=1080, ready="[data-fits=true]")
    figure = page.locator("[data-figure=pair]")
    size = figure.locator("svg .knob-text").first.evaluate("(e) => e.getBoundingClientRect().height")
    assert size > 17, "letters are larger than on the page"
    a, b = (on.handle(page, name).locator(".knob").bounding_box() for name in ("pA", "pB"))
    assert a["y"] + a["height"] <= b["y"] + 2, "A is not hidden under B"
    page.keyboard.press("r")
    page.wait_for_selector(".slides[data-fits=true]")
    before, x = on.now(page, "pA"), on.handle(page, "pA").bounding_box()["x"]
    on.drag(page, "pA", -200, 0)
    moved = on.handle(page, "pA").bounding_box()["x"] - x
    assert on.now(page, "pA") < before - 0.2
    assert moved == pytest.approx(-200, abs=12), "a knob stays under the pointer, however enlarged"
    page.keyboard.press("ArrowRight")  # the knob has the focus and moves on: no other slide
    assert page.locator(".slide-title").inner_text().startswith("People hardly hear")
    page.locator(".slide-bar button").nth(1).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".slide-title:has-text('People score both the same')")


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
