"""The Compare tab in a real browser: the example through every view, and ratings and predictions of one's own."""

from __future__ import annotations

import csv
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamro.report.terms import LINKED, jargon

from .serving import SECRET, Server
from .trainable import small_study
from .visits import Visits, download, fits, shot

pytestmark = [pytest.mark.browser, pytest.mark.server]


def view(page: Any, key: str) -> None:
    """Opens a view and waits until its figures stand."""
    page.click(f"#compare-view label:has(input[value={key}])")
    page.wait_for_selector(f"#compare-views[data-view^={key}]")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#compare-section .q-plot')].every((p) => p.querySelector('.main-svg'))"
    )


def unfold(page: Any, key: str) -> None:
    """Opens a fold of the view and waits for its figures."""
    if page.locator(f"#compare-section .q-fold[data-fold={key}][open]").count() == 0:
        page.click(f"#compare-section .q-fold[data-fold={key}] > summary")
    page.wait_for_function(
        "() => [...document.querySelectorAll('#compare-section .q-plot')].every((p) => p.querySelector('.main-svg'))"
    )


SPOKEN = """() => {
  const places = ".html-container, .prose, .q-folded-part";
  const passed = "button, label, summary, code, svg, table, h1, h2, h3, h4, dl.terms, .q-plot, .q-badge, .katex";
  return [...document.querySelectorAll(places)].filter((p) => p.offsetParent && !p.closest("#header")).map((place) => {
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) {
      const { parentElement: on, data } = walker.currentNode;
      if (on.closest(places) !== place || on.closest(passed) || on.closest("a:not(.q-term)")) continue;
      texts.push([data, on.closest("a.q-term")?.hash ?? ""]);
    }
    return texts;
  });
}"""


def check_words(page: Any) -> None:
    """Every term that is to be read leads to its explanation where it first stands; nothing tells of machinery."""
    page.wait_for_timeout(200)  # terms are linked once the page is quiet
    linked = 0
    for texts in page.evaluate(SPOKEN):
        seen = set()
        for text, href in texts:
            for word in jargon(text):
                if LINKED[word].id not in seen:
                    assert href == f"#{LINKED[word].id}", f"{word} in {text}"
                seen.add(LINKED[word].id)
        linked += len(seen)
    assert linked


def titles(page: Any) -> list[str]:
    return page.locator("#compare-section h3").all_inner_texts()


def test_the_example_through_every_view(server: Server, open_page: Visits, tmp_path: Path) -> None:
    page = open_page("?tab=compare&study=simulated&__theme=light", ready="#compare-section .q-section")
    page.wait_for_selector("#compare-predictions li[data-name=offline]", state="attached")
    page.wait_for_selector("#compare-section [data-id^=raters-MI]")
    page.wait_for_selector("#compare-setup.q-folded")
    assert page.locator("#compare-setup-line .q-badge").all_inner_texts() == ["simulated", "simulated"]
    page.wait_for_selector("#compare-lines .q-lines:not(.q-stale)")
    assert page.locator("#compare-lines li p:has-text('simulated listeners')").count() == 3
    check_words(page)
    assert page.locator("#compare-section .q-plot").count() == 1, "one picture, the rest folded"
    page.click("#compare-setup-line button")
    assert "144 of 144 rated clips" in page.inner_text("#compare-predictions li")
    assert page.inner_text("#compare-predictions .q-badge") == "simulated"
    shot(page, "compare-raters")

    page.click("#compare-lines [data-about=systems] button")
    page.wait_for_selector("#compare-section [data-id=systems-MI-pairs] .main-svg >> nth=0")
    in_sight = "() => document.querySelector('[data-id=systems-MI-pairs] h3').getBoundingClientRect().top"
    page.wait_for_function(f"() => (({in_sight})() >= 0) && (({in_sight})() < innerHeight)")
    unfold(page, "numbers")
    for key in ("sure", "about"):
        unfold(page, key)
    check_words(page)
    table = download(page, "#compare-section [data-id=systems-MI-metrics-table] .q-part-head button", tmp_path)
    rows = list(csv.DictReader(table.open(encoding="utf-8", newline="")))
    srcc = next(row for row in rows if (row["level"], row["metric"]) == ("system", "SRCC"))
    assert float(srcc["low"]) < float(srcc["value"]) <= 1
    page.click("#compare-axis label:has(input[value=TA])")
    page.wait_for_selector("#compare-section h3:has-text('TA:')")
    page.wait_for_selector("#compare-lines li:has-text('TA, simulated')")
    shot(page, "compare-systems")
    page.click("#compare-share button:has-text('Share')")
    stranger = open_page(page.locator("#compare-share .q-copy input").input_value(), ready="main h2")
    stranger.locator("[data-figure]").first.scroll_into_view_if_needed()
    stranger.wait_for_selector("[data-figure] .main-svg >> nth=0")
    assert "TA" in stranger.inner_text("main h2 >> nth=0")
    assert stranger.locator("main > section").count() == 3, "the view, what made its numbers, the terms"
    page.keyboard.press("Escape")

    page.go_back()  # views are steps of the browser's history
    page.wait_for_selector("#compare-views[data-view=raters]")
    page.go_forward()
    page.wait_for_selector("#compare-views[data-view=systems]")
    page.wait_for_selector("#compare-section [data-id=systems-TA-scatter] .points path >> nth=0")

    # A point of a figure opens its system, a row of it the clip, and what is heard can be compared.
    point = page.locator("#compare-section [data-id=systems-TA-scatter] .points path").first
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#compare-clip [data-kind=system] tbody tr")
    assert page.locator("#compare-clip tbody tr").count() == 12
    page.click("#compare-clip tbody .q-pick >> nth=0")
    page.wait_for_selector("#compare-clip .q-windows .main-svg >> nth=0")
    page.wait_for_function("() => document.querySelector('#compare-clip audio').duration > 4")
    assert "simulated listeners" in page.inner_text("#compare-clip .q-facts")
    sound = page.get_attribute("#compare-clip audio", "src")
    page.click("#compare-clip [data-side=a]")
    page.wait_for_selector("#compare-ab [data-side=a]:not([disabled])")

    view(page, "inspect")
    page.click("#compare-section [data-id$=inversions] tbody .q-pick >> nth=0")
    page.wait_for_selector("#compare-ab [data-side=b]:not([disabled])")
    names = page.locator("#compare-ab .q-side-card strong").all_inner_texts()
    assert names[0].split("_")[1] == names[1].split("_")[1], "the same prompt"
    heard = "() => (({ heard, position }) => [heard, Number(position)])(document.querySelector('.q-ab').dataset)"
    page.keyboard.press("x")  # plays, and the other one is heard
    page.wait_for_function("() => Number(document.querySelector('.q-ab').dataset.position) > 0.5")
    side, before = page.evaluate(heard)
    page.keyboard.press("x")
    other, after = page.evaluate(heard)
    assert {side, other} == {"a", "b"}
    assert before <= after < before + 1, "switching does not move the position"
    shot(page, "compare-inspect")
    page.click("#compare-ab [aria-label^=Close]")
    page.click("#compare-clip [aria-label=Close]")
    page.wait_for_selector("#compare-dock", state="hidden")

    view(page, "raters")
    page.click(".q-leave summary")
    page.click(".q-rater:has(input[value=L03])")
    page.wait_for_selector(".q-left-out:has-text('1 of 8 raters')")
    assert all("L03" in title for title in titles(page))
    view(page, "systems")
    assert all("L03" in title for title in titles(page))
    page.click(".q-left-out button")
    page.wait_for_selector(".q-left-out", state="detached")

    assert page.request.get(f"{server.url}{sound}").ok
    folder = sound.rpartition("/")[0]
    for path in (f"{folder}/", f"{folder}/../../../etc/passwd", "gradio_api/file=/etc/passwd"):
        assert not page.request.get(f"{server.url}{path}").ok


def write(path: Path, rows: list[tuple[object, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def own_files(folder: Path, axis: str = "MI") -> tuple[Path, list[Path]]:
    """Ratings of an axis of one's own, two tables of predictions, of an axis of that name or not, and a broken one."""
    random = np.random.default_rng(0)
    clips = {f"sys{s}_clip{c}": s + random.normal(0, 0.4) for s in range(6) for c in range(5)}
    ratings = [
        (clip, clip.split("_")[0], f"rater {r}", "quality", round(float(np.clip(20 + 10 * level + 8 * noise, 0, 100))))
        for clip, level in clips.items()
        for r, noise in enumerate(random.normal(0, 1, 5))
    ]
    good = [(clip, level + random.normal(0, 0.2)) for clip, level in clips.items()]
    poor = [(clip, level + random.normal(0, 3)) for clip, level in clips.items()]
    return write(folder / "ratings.csv", [("clip", "system", "rater", "axis", "score"), *ratings]), [
        write(folder / "good.csv", [("clip", axis), *good, ("stranger", 2.0)]),
        write(folder / "<img src=x onerror=alert(1)>.csv", [("clip", axis), *poor]),
        write(folder / "broken.csv", [("clip", "MI"), ("sys0_clip0", 3), ("sys0_clip1", "three")]),
    ]


CLICKS = """() => { window.clicks = 0; window.wheels = 0;
  addEventListener("click", (event) => { window.clicks += event.isTrusted; }, true);
  addEventListener("wheel", () => { window.wheels += 1; }, true); }"""


def test_a_researcher_is_told_which_predictor_is_better(open_page: Visits, tmp_path: Path) -> None:
    """Three clicks after the drop at most, and no scrolling; afterwards nothing is lost."""
    ratings, predictions = own_files(tmp_path, "quality")
    page = open_page("?tab=compare", width=1440, height=900, ready="#compare-example")
    page.click("#compare-study [value=upload]")
    page.set_input_files(
        "#compare-predictions [data-testid=predictions-files]", [str(path) for path in predictions[:2]]
    )
    page.wait_for_selector("#compare-predictions li:has-text('choose a study') >> nth=1")
    page.set_input_files("#compare-study input[type=file]", str(ratings))
    page.evaluate(CLICKS)
    page.click("#compare-study button:has-text('Import')")
    page.wait_for_selector("#compare-lines [data-about=predictors] p:has-text('good agrees better with people than')")
    page.wait_for_selector("#compare-setup.q-folded")
    box = page.locator("#compare-lines").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 900, "the answer is in sight"
    page.click("#compare-lines [data-about=predictors] button")
    page.wait_for_selector("#compare-views[data-view=versus] .q-answer:has-text('good agrees better with people than')")
    page.wait_for_selector("#compare-section [data-id=versus-quality-differences] .main-svg >> nth=0")
    page.wait_for_timeout(300)
    assert 0 <= page.locator("#compare-section .q-plot").first.bounding_box()["y"] < 900, "and so is the picture"
    assert page.evaluate("() => [window.clicks <= 3, window.wheels]") == [True, 0]
    shot(page, "compare-researcher")

    open_page.settle(page)
    page.reload()
    page.wait_for_selector("#compare-views[data-view=versus] .q-answer:has-text('good agrees better with people than')")
    page.wait_for_selector("#compare-setup.q-folded .q-setup-part >> nth=2")
    second = page.context.new_page()
    second.goto(page.url.partition("?")[0] + "?tab=compare")
    second.wait_for_selector("#compare-views[data-view=versus] .q-answer:has-text('good agrees better')")
    second.close()


def test_own_ratings_and_two_predictors_on_a_phone(open_page: Visits, tmp_path: Path) -> None:
    ratings, predictions = own_files(tmp_path)
    page = open_page("?tab=compare&__theme=dark", width=400, height=800, ready="#compare-example")
    page.set_input_files("#compare-predictions [data-testid=predictions-files]", [str(path) for path in predictions])
    page.wait_for_selector("#compare-predictions li:has-text('choose a study')")
    assert "row 2, column 'MI'" in page.inner_text("#compare-status")
    page.click("#compare-study [value=upload]")
    page.set_input_files("#compare-study input[type=file]", str(ratings))
    page.click("#compare-study button:has-text('Import')")
    page.wait_for_selector("#compare-predictions li:has-text('30 of 30 rated clips')", state="attached")
    assert "1 prediction belongs to no rated clip: stranger" in page.inner_text("#compare-predictions")
    assert page.locator("#compare-predictions img").count() == 0, "a name is text"
    view(page, "systems")
    page.wait_for_selector("#compare-section .q-empty:has-text('share no axis')")
    page.select_option(".q-pairing select >> nth=1", "quality")
    page.click(".q-pairing button")
    page.wait_for_selector("#compare-section h3:has-text('quality')")
    assert fits(page), "the page scrolls sideways"
    view(page, "versus")
    page.wait_for_selector("#compare-section .q-answer")
    assert "good agrees better with people" in page.inner_text("#compare-section .q-answer")
    shot(page, "compare-phone")
    view(page, "report")
    assert "view=report" in page.url
    document = download(page, "[data-what=html]", tmp_path)
    text = document.read_text("utf-8")
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=.?https?:", text), "the page asks nobody"
    assert text.count("<h") > 10
    with zipfile.ZipFile(download(page, "[data-what=zip]", tmp_path)) as archive:
        assert any(name.endswith(".csv") for name in archive.namelist())

    view(page, "inspect")
    page.click("#compare-section [data-id$=divided] tbody .q-pick >> nth=0")
    page.wait_for_selector("#compare-clip .q-histogram .main-svg >> nth=0")
    assert "no sound of this clip" in page.inner_text("#compare-clip")
    assert fits(page), "the page scrolls sideways"
    shot(page, "compare-phone-clip")
    page.keyboard.press("Escape")
    page.wait_for_selector("#compare-dock", state="hidden")
    page.click("#compare-section [data-id$=divided] tbody .q-pick >> nth=0")
    page.wait_for_selector("#compare-clip .q-looked")  # once more the same
    page.click("#compare-clip [aria-label=Close]")
    if page.locator("#compare-setup.q-folded").count():
        page.click("#compare-setup-line button")
    page.click("#compare-predictions li:has-text('good') .q-icon")
    page.wait_for_function("() => document.querySelectorAll('#compare-predictions .q-predictors li').length === 1")
    view(page, "versus")
    page.wait_for_selector("#compare-section .q-empty:has-text('two are needed')")


def test_plan_let_predictions_help_and_have_the_next_clips_rated(
    server: Server, open_page: Visits, tmp_path: Path
) -> None:
    whole = small_study()
    means = whole.clip_means()
    means = means[means["axis"] == "MI"]
    some = means.groupby("system")["clip"].head(4)
    rated = whole.ratings[whole.ratings["clip"].isin(some)]
    half = whole.replace(ratings=rated, name="half rated", kind="human")  # a simulated one would be scored at once
    half.save(server.folder / "cache" / "studies" / "codec_mushra")  # as if it had been fetched
    predictions = write(tmp_path / "helper.csv", [("clip", "MI"), *zip(means["clip"], means["mean"], strict=True)])

    page = open_page("?tab=compare&view=plan", ready=".q-plan-picture svg")
    page.wait_for_selector(".q-plan p:has-text('as typed here')")
    says = page.inner_text(".q-plan-says")
    assert says.startswith(
        "20 clips of each of 6 systems, rated 5 times each, are 600 ratings and tell about 34 % of the"
    )
    assert "; 100 clips rated once reach 49 % for as many ratings." in says, "as qamro plan says"
    page.locator(".q-plan-sliders input >> nth=0").fill("100")
    assert page.inner_text(".q-plan-says").startswith("100 clips of each of 6 systems")
    page.fill(".q-plan-numbers [name=systems]", "2")
    page.click(".q-plan-numbers button >> nth=0")
    page.wait_for_selector(".q-plan-says:has-text('tell the two apart with a chance')")
    shot(page, "compare-plan")

    page = open_page("?tab=compare&study=codec_mushra&view=systems", ready="#compare-section .q-section")
    assert page.locator("#compare-powered").is_hidden()
    page.set_input_files("#compare-predictions [data-testid=predictions-files]", [str(predictions)])
    page.wait_for_selector("#compare-predictions li:has-text('16 of 16 rated clips')", state="attached")
    page.wait_for_selector("#compare-powered:visible")
    page.click("#compare-powered input")
    page.wait_for_selector("#compare-section [data-id=powered-MI-means] .main-svg >> nth=0")
    shot(page, "compare-powered")
    page.click("#compare-next")
    page.wait_for_selector("#annotate-form [name=source][value=handed]:checked")
    assert "16 clips" in page.inner_text("#annotate-form label:has([value=handed])")
    assert page.locator("#annotate-form [name=axes]:checked").get_attribute("value") == "MI"
    page.fill("#annotate-form [name=name]", "The next ones")
    page.fill("#annotate-form [name=token]", SECRET)
    page.click("#annotate-form button[type=submit]")
    page.wait_for_selector(".q-made:has-text('16 clips')")


def test_votes_open_their_view_and_go_into_the_report(open_page: Visits, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    votes = []
    for _ in range(300):
        a, b = random.choice(4, 2, replace=False)
        first = random.random() < 1 / (1 + np.exp(b - a))
        votes.append((f"s{a}", f"s{b}", f"p{random.integers(20)}", "A" if first else "B"))
    file = write(tmp_path / "arena.csv", [("system_a", "system_b", "user", "preference"), *votes])
    page = open_page("?tab=compare", width=400, height=800, ready="#compare-example")
    view(page, "votes")
    page.click("#compare-study [value=upload]")
    page.set_input_files("#compare-study input[type=file]", str(file))
    page.click("#compare-study button:has-text('Import')")
    page.wait_for_selector("#compare-section .q-answer:has-text('s3 is first')")
    unfold(page, "sure")
    page.wait_for_selector("#compare-section .q-says:has-text('300 votes by people on 4 systems')")
    page.wait_for_selector("#compare-section [data-id=votes-preference-scores] .main-svg >> nth=0")
    assert fits(page), "the page scrolls sideways"
    shot(page, "compare-votes-phone")
    view(page, "raters")
    page.wait_for_selector("#compare-section .q-empty:has-text('no ratings of single clips')")
    view(page, "report")
    document = download(page, "[data-what=html]", tmp_path)
    assert "preference: systems by votes" in document.read_text("utf-8")


MANY = """async ({ n }) => {
  const { manyRows } = await import(new URL("qamro/js/rows.js", document.baseURI));
  const { el } = await import(new URL("qamro/js/dom.js", document.baseURI));
  const table = el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "name"), el("th", {}, "value"))));
  const place = el("div", { id: "many", class: "q-scroll q-wide", style: { width: "200px" } }, table);
  document.querySelector("#compare-views").prepend(place);
  window.many = manyRows(place, table, (i) => el("tr", {}, el("th", { "data-i": i }, el("button", {}, `row ${i}`)),
    el("td", { style: { "min-width": "400px" } }, String(i))));
  window.many.show(Array.from({ length: n }, (_, i) => i));
  place.scrollIntoView();
}"""
STILL = """() => document.getAnimations().filter(({ playState, timeline, effect }) =>
  timeline === document.timeline && playState === "running" && effect.getTiming().duration > 10).length === 0"""


def test_by_keyboard_with_letters_of_twice_the_size_and_less_motion(open_page: Visits) -> None:
    page = open_page("?tab=compare", width=720, height=450, reduced_motion="reduce", ready="#compare-section .q-empty")
    assert fits(page)
    assert page.locator("#compare-example").bounding_box()["y"] < 450, "the way to a first answer is below the fold"
    page.focus("#compare-example")
    page.keyboard.press("Enter")
    page.wait_for_selector("#compare-lines .q-lines:not(.q-stale) [data-about=systems] button")
    page.wait_for_selector("#compare-predictions li:has-text('144 of 144')", state="attached")
    page.wait_for_selector("#compare-lines .q-lines:not(.q-stale) [data-about=predictors] :text('offline orders')")
    page.focus("#compare-lines [data-about=systems] button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#compare-views[data-view=systems]")
    page.wait_for_selector("#compare-section [data-id=systems-MI-pairs] .main-svg >> nth=0")
    page.focus("#compare-view input[value=systems]")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("() => document.activeElement.value") == "raters"
    page.wait_for_selector("#compare-views[data-view=raters]")
    page.focus("#compare-view input[value=systems]")
    page.keyboard.press("Space")
    page.wait_for_selector("#compare-views[data-view=systems] #compare-section [data-id=systems-MI-ranking]")
    page.focus("#compare-section .q-fold[data-fold=numbers] > summary")
    if not page.locator("#compare-section .q-fold[data-fold=numbers][open]").count():
        page.keyboard.press("Enter")
    head = "#compare-section [data-id=systems-MI-metrics-table] thead button >> nth=1"
    page.focus(head)
    page.keyboard.press("Enter")
    assert page.locator(head).evaluate("(button) => button === document.activeElement"), "sorting loses the focus"
    ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid", "the focus is not visible"
    assert fits(page)
    page.wait_for_function(STILL)

    page.evaluate(MANY, {"n": 10_000})
    standing = "() => document.querySelectorAll('#many [data-i]').length"
    page.wait_for_function(f"() => (({standing})() >= 30) && (({standing})() < 300)")
    assert page.get_attribute("#many table", "aria-rowcount") == "10001"
    page.focus("#many [data-i='0'] button")
    page.evaluate("() => { const place = document.querySelector('#many'); place.scrollTop = place.scrollHeight; }")
    page.wait_for_selector("#many [data-i='9999']")
    page.evaluate("() => { const place = document.querySelector('#many'); place.scrollTop = place.scrollHeight; }")
    page.evaluate("() => { document.querySelector('#many').scrollLeft = 150; }")
    last = page.locator("#many [data-i='9999']")
    assert last.evaluate("(row) => row.parentElement.getAttribute('aria-rowindex')") == "10001"
    assert last.evaluate("(c) => c.getBoundingClientRect().x - c.closest('#many').getBoundingClientRect().x") < 3
    assert page.evaluate(standing) < 300
    assert page.inner_text("#many :focus") == "row 0", "whoever is in a row stays in it"
    head_top = "(h) => h.getBoundingClientRect().y - h.closest('#many').getBoundingClientRect().y"
    assert page.locator("#many thead th >> nth=0").evaluate(head_top) < 3, "the head stays in sight"
    page.evaluate("() => document.querySelector('#many').remove()")

    page.set_viewport_size({"width": 390, "height": 844})
    page.click("#compare-view label:has(input[value=plan])")
    page.wait_for_selector(".q-plan-picture svg text")
    letters = "(all) => Math.min(...all.map((text) => text.getBoundingClientRect().height))"
    page.wait_for_function("() => document.querySelector('.q-plan-picture svg').getBoundingClientRect().width < 390")
    assert page.eval_on_selector_all(".q-plan-picture text", letters) >= 11, "too small to be read on a phone"
    view(page, "systems")
    ranking = page.locator("#compare-section [data-id=systems-MI-ranking] .q-sideways .q-plot")
    assert ranking.bounding_box()["width"] >= 560, "names on both sides need their room"
    assert fits(page)
