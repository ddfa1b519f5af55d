"""The app as a visitor uses it: a real server, a real browser, real files."""

from __future__ import annotations

import base64
import csv
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from audio_files import HOSTILE_NAMES, make_good, tone, write_wav

from qamro.report.verdict import SIMULATED

from .serving import Server
from .visits import PATIENCE, Visits, download, fits, shot

pytestmark = [pytest.mark.browser, pytest.mark.server]


def add(page: Any, files: list[Path], total: int | None = None) -> None:
    page.set_input_files("[data-testid=files]", [str(file) for file in files])
    rows(page, "#clips", total or len(files))


def rows(page: Any, where: str, n: int) -> Any:
    page.wait_for_function(
        "([where, n]) => document.querySelectorAll(`${where} tbody tr`).length === n", arg=[where, n], timeout=PATIENCE
    )
    return page.locator(f"{where} tbody tr")


def field(page: Any, row: int, name: str) -> Any:
    return page.locator(f"#clips input[data-field={name}]").nth(row)


def wait_status(page: Any, pattern: str) -> str:
    page.wait_for_function(
        "(pattern) => new RegExp(pattern).test(document.querySelector('#status').textContent)",
        arg=pattern,
        timeout=PATIENCE,
    )
    return page.locator("#status").inner_text()


def wait_chart(page: Any, where: str) -> None:
    page.wait_for_selector(f"{where} .q-plot .main-svg >> nth=0", timeout=PATIENCE)


def values(page: Any, axis: str) -> list[float]:
    cells = page.locator(f"#clips tbody td[data-label={axis}] .q-value").all_inner_texts()
    return [float(text) for text in cells]


def names(page: Any) -> list[str]:
    found: list[str] = page.locator("#clips tbody .q-pick").evaluate_all("(all) => all.map((pick) => pick.ariaLabel)")
    return found


def scored(page: Any, axis: str, n: int) -> None:
    """Waits until n clips have a score on an axis, and nothing goes on any more."""
    page.wait_for_function(
        """([axis, n]) => !document.querySelector("#cancel") && !document.querySelector("#clips .q-waiting")
          && document.querySelectorAll(`#clips td[data-label=${axis}] .q-value`).length === n""",
        arg=[axis, n],
        timeout=PATIENCE,
    )


def test_ten_files_one_of_them_bad(open_page: Visits, ten_files: list[Path], tmp_path: Path) -> None:
    page = open_page()
    assert page.locator("#score").is_disabled()
    shot(page, "light-empty")
    add(page, ten_files)
    assert "9 of 10 clips scored. 1 could not be" in wait_status(page, r"clips scored\.")
    page.uncheck("#auto input")
    for i in range(9):
        field(page, i, "system").fill("north" if i < 5 else "south")
    for i in range(8):
        field(page, i, "prompt").fill(f"a melody of plucked notes, number {i}")
    field(page, 7, "prompt").press("Tab")
    page.get_by_role("button", name="Score 8 clips").click()
    scored(page, "TA", 8)

    table = rows(page, "#clips", 10)
    assert len(values(page, "MI")) == 9
    assert "no prompt" in table.nth(8).inner_text()
    failed = table.filter(has_text="broken.wav")
    assert "not scored" in failed.inner_text()
    assert "text" in failed.inner_text(), "the row says what is wrong with the file"
    assert "simulated" in page.locator("#badges").inner_text()
    assert page.inner_text("#clips thead button[data-sort=MI] .q-name") == "of 5"
    page.click("#clips .q-fold summary")
    assert "simulated" in page.locator(".q-sources-of").first.inner_text()

    wait_chart(page, "#timeline")
    wait_chart(page, "#radar")
    wait_chart(page, "#bars")
    shot(page, "light")
    filled = """() => import(new URL("qamro/js/dom.js", document.baseURI))
      .then(({ fill }) => fill("{n} of {all}, {x}", { n: 1234, all: 9, x: "a" }))"""
    assert page.evaluate(filled) == "1,234 of 9, a"

    page.click("#clips button[data-sort=PQ]")
    falling = values(page, "PQ")
    assert falling == sorted(falling, reverse=True)
    assert page.locator("#clips th[aria-sort=descending]").inner_text().startswith("PQ")
    assert names(page)[-1] == "broken.wav", "what has no score comes last"
    page.click("#clips button[data-sort=PQ]")
    assert values(page, "PQ") == sorted(falling)

    third = names(page)[2]
    page.locator("#clips .q-pick").nth(2).click()
    page.wait_for_function("(name) => document.querySelector('#player h3')?.textContent === name", arg=third)
    assert page.locator("#clips tr.q-chosen .q-pick").get_attribute("aria-label") == third
    page.wait_for_function("() => document.querySelector('#player audio')?.duration > 5")
    wait_chart(page, "#timeline")
    assert third in page.locator("#radar .q-plot").get_attribute("aria-label")

    page.click("#clips button[aria-label='Play piece-6.aiff']")
    page.wait_for_function("() => document.querySelector('#player h3')?.textContent === 'piece-6.aiff'")
    page.wait_for_function("() => document.querySelector('#player audio')?.duration > 5")  # a copy that can be played
    page.wait_for_selector("#clips button[aria-label='Pause piece-6.aiff']")
    failed.locator(".q-pick").click()
    page.wait_for_selector("#player :text('cannot be played')")
    assert "holds text" in page.locator("#player").inner_text()
    page.locator("#clips .q-pick").nth(0).click()
    wait_chart(page, "#radar")

    page.get_by_role("radio", name="CU").check()
    page.wait_for_function(
        "() => document.querySelector('#bars .q-plot').getAttribute('aria-label').startsWith('Systems, CU')"
    )

    table_file = download(page, "#csv", tmp_path)
    with table_file.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [row["clip"] for row in read] == [path.name for path in ten_files]
    assert sorted(round(float(row["PQ"]), 2) for row in read if row["PQ"]) == sorted(falling)
    assert [row["clip"] for row in read if row["error"]] == ["broken.wav"]
    assert read[0]["prompt"] == "a melody of plucked notes, number 0"
    assert read[8]["system"] == "south"

    document = json.loads(download(page, "#json", tmp_path).read_text(encoding="utf-8"))
    assert document["axes"]["MI"]["provenance"]["kind"] == "simulated"
    assert page.inner_text("#verdict p") == SIMULATED
    assert len(document["clips"]) == 10

    page.click("#predict-share button:has-text('Share')")
    link = page.locator("#predict-share .q-copy input").input_value()
    saved = download(page, "#predict-share a[download]", tmp_path)
    shot(page, "share")
    stranger = open_page(link, ready="table.qamro")
    assert SIMULATED in stranger.inner_text("main")
    assert stranger.locator("table.qamro tr").count() == 11
    assert saved.read_text("utf-8") == page.request.get(link).text()
    shot(stranger, "shared-scores")
    page.keyboard.press("Escape")
    page.locator("#predict-share .q-share-panel").wait_for(state="hidden")

    picture = download(page, "#radar button:has-text('PNG')", tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.name.endswith("-axes.png"), "a clip's figures have file names of their own"
    drawing = download(page, "#bars button:has-text('SVG')", tmp_path)
    assert "north" in drawing.read_text(encoding="utf-8")


def test_hostile_names_stay_names(open_page: Visits, tmp_path: Path) -> None:
    page = open_page()
    sound = make_good("wav", tmp_path, seconds=0.5).read_bytes()
    wanted = [name for name in HOSTILE_NAMES if name.isprintable()]
    files = [{"name": name, "mimeType": "audio/wav", "buffer": sound + bytes(2 * i)} for i, name in enumerate(wanted)]
    page.set_input_files("[data-testid=files]", files)
    rows(page, "#clips", len(wanted))
    assert names(page) == wanted
    assert [text.strip() for text in page.locator("#clips .q-pick").all_text_contents()] == [w.strip() for w in wanted]
    for i in range(len(wanted)):
        field(page, i, "system").fill(wanted[i][:40])
    field(page, 0, "prompt").fill("<img src=x onerror=alert(2)> ${1+1} `x` {{value}}")
    field(page, 0, "prompt").press("Enter")
    scored(page, "TA", 1)
    page.wait_for_selector("#player h3")  # the first clip's details, which must not come after the click
    hostile = wanted.index("<img src=x onerror=alert(1)>.wav")
    page.locator("#clips .q-pick").nth(hostile).click()
    page.wait_for_function("() => document.querySelector('#player h3')?.textContent?.includes('onerror')")
    page.locator("#clips .q-pick").nth(0).click()
    page.wait_for_function("() => document.querySelector('#player p')?.textContent.includes('{{value}}')")
    wait_chart(page, "#bars")
    assert page.locator("img[src=x]").count() == 0


def test_cancel_stops_and_keeps_what_was_scored(open_page: Visits, tmp_path: Path) -> None:
    page = open_page()
    paths = [write_wav(tmp_path / f"{i}.wav", tone(20.0, 16_000, hz=200 + 20 * i), 16_000) for i in range(64)]
    add(page, paths)
    page.click("#score")
    page.wait_for_function("() => document.querySelectorAll('#clips .q-value').length > 0", timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    text = wait_status(page, r"Stopped: \d+ of 64")
    scored = int(re.search(r"(\d+) of 64", text)[1])
    assert 0 < scored < 64
    page.wait_for_function("() => document.querySelectorAll('#clips .q-stopped').length > 0")
    page.wait_for_timeout(1500)
    assert len(values(page, "MI")) == scored, "the server went on after it was stopped"
    assert page.locator("#cancel").count() == 0
    assert page.locator("#score").is_enabled()


def test_cancel_while_the_predictor_is_loading(open_page: Visits, server: Server, ten_files: list[Path]) -> None:
    page = open_page()
    with server.slow_predictors():
        add(page, ten_files[:2])
        wait_status(page, "Loading the predictor")
        page.click("#cancel")
        wait_status(page, "Stopping")
    wait_status(page, "Stopped before the first clip")
    page.wait_for_selector("#cancel", state="hidden")
    page.click("#score")
    wait_status(page, "2 of 2 clips scored")


def test_keyboard_alone(open_page: Visits, ten_files: list[Path]) -> None:
    page = open_page()
    add(page, ten_files[:3])
    scored(page, "MI", 3)
    page.locator("#clips .q-button").first.focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.dataset.field") == "prompt":
            break
    page.keyboard.type("first prompt")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("second prompt")
    page.keyboard.press("Enter")
    scored(page, "TA", 2)
    wait_chart(page, "#timeline")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.className") == "q-pick":
            break
    page.keyboard.press("ArrowUp")
    page.wait_for_function(
        "(name) => document.querySelector('#player h3')?.textContent === name", arg=ten_files[1].name
    )
    assert "second prompt" in page.locator("#player").inner_text()
    ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid", "the focus is not visible"
    page.focus("#clips button[data-sort=MI]")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.dataset.sort") == "MI", "sorting loses the focus"


def test_a_pasted_column_and_a_manifest_fill_the_table(
    open_page: Visits, ten_files: list[Path], tmp_path: Path
) -> None:
    page = open_page()
    add(page, ten_files[:3])
    field(page, 1, "prompt").focus()
    page.evaluate(
        """() => { const data = new DataTransfer(); data.setData("text/plain", "two\\tsys2\\nthree\\tsys3\\n");
        const paste = { clipboardData: data, bubbles: true, cancelable: true };
        document.activeElement.dispatchEvent(new ClipboardEvent("paste", paste)); }"""
    )
    assert [field(page, i, "prompt").input_value() for i in range(3)] == ["", "two", "three"]
    assert field(page, 2, "system").input_value() == "sys3"
    manifest = tmp_path / "named.csv"
    named = f"x/{ten_files[0].name},from the file,sys1"
    manifest.write_text(f"path,prompt,system\n{named}\nghost.wav,,\n", encoding="utf-8")
    page.set_input_files("[data-testid=files]", str(manifest))
    wait_status(page, "named.csv named 1 of 3 clips. No clip here is called ghost.wav")
    assert field(page, 0, "prompt").input_value() == "from the file"
    assert field(page, 1, "prompt").input_value() == "two", "what was typed is lost"
    page.click(f"#clips button[aria-label='Remove {ten_files[0].name}']")
    rows(page, "#clips", 2)
    assert field(page, 0, "prompt").input_value() == "two"


def test_a_folder_brings_its_audio_files_only(open_page: Visits, ten_files: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "my-system"
    (folder / "deep").mkdir(parents=True)
    for target in (folder / "a.wav", folder / "deep" / "b.flac"):
        target.write_bytes(ten_files[["a.wav", "b.flac"].index(target.name)].read_bytes())
    (folder / "notes.txt").write_text("not a clip")
    (folder / ".hidden.wav").write_text("not a clip")
    page = open_page()
    page.set_input_files("[data-testid=folder]", str(folder))
    rows(page, "#clips", 2)
    assert sorted(names(page)) == ["my-system/a.wav", "my-system/deep/b.flac"]


def test_files_can_be_dropped(open_page: Visits, ten_files: list[Path]) -> None:
    page = open_page()
    page.evaluate(
        """async ([name, text]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
          const zone = document.querySelector(".q-drop");
          const event = (kind) => new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
          zone.dispatchEvent(event("dragenter"));
          if (!zone.classList.contains("q-over")) throw new Error("the zone does not show that it will take the files");
          if (zone.dispatchEvent(event("drop"))) throw new Error("the browser would open the file");
          if (zone.classList.contains("q-over")) throw new Error("the zone still waits");
        }""",
        ["dropped.flac", base64.b64encode(ten_files[1].read_bytes()).decode()],
    )
    scored(page, "MI", 1)
    missed = """() => document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true }))"""
    assert page.evaluate(missed) is False, "a drop that misses the zone would leave the page"


def test_visitors_do_not_see_each_other(open_page: Visits, ten_files: list[Path]) -> None:
    one, two = open_page(), open_page()
    add(one, ten_files[:3])
    add(two, ten_files[3:5])
    field(one, 0, "prompt").fill("mine alone")
    field(one, 0, "prompt").press("Enter")
    scored(one, "TA", 1)
    scored(two, "MI", 2)
    assert names(one) == [path.name for path in ten_files[:3]]
    assert names(two) == [path.name for path in ten_files[3:5]]
    assert "mine alone" not in two.content()
    three = open_page()
    assert three.locator("#clips tbody tr").count() == 0


def test_a_file_that_was_not_uploaded_is_not_scored(open_page: Visits, server: Server, ten_files: list[Path]) -> None:
    """A page that lies about a path gets nothing: neither a row nor a score."""
    page = open_page()
    lie = json.dumps({"path": str(ten_files[0]), "url": "x"})
    page.route("**/gradio_api/upload*", lambda route: route.fulfill(status=200, body=f'["{json.loads(lie)["path"]}"]'))
    page.set_input_files("[data-testid=files]", str(ten_files[1]))
    page.wait_for_function("() => !document.querySelector('.q-busy')")
    page.wait_for_timeout(500)
    assert page.locator("#clips tbody tr").count() == 0
    assert page.locator("#score").is_disabled()
    open_page.settle(page)
    told = server.troubles()
    assert not told or "is not in the cache folder and cannot be accessed" in told, "Gradio itself may refuse it"


def test_a_predictor_without_its_weights_says_so_and_offers_them(open_page: Visits, ten_files: list[Path]) -> None:
    page = open_page()
    add(page, ten_files[:1])
    scored(page, "MI", 1)
    page.click("#predictor input")
    page.get_by_role("option", name="CLAP · download 2.4 GB").click()
    page.wait_for_selector("#badges :text('2.4 GB')")
    page.click("#score")
    wait_status(page, "press Download")
    assert page.inner_text("#clips .q-bar").count("Offline: simulated") == 1, "whose scores stand there still"
    page.get_by_role("button", name="Download 2.4 GB").click()
    wait_status(page, "The download failed")
    page.wait_for_function("() => document.querySelector('#predictor input').value.includes('not reachable')")
    page.click("#predictor input")
    page.get_by_role("option", name="Offline · ready").click()
    page.wait_for_selector("#badges :text('simulated')")
    page.click("#score")
    wait_status(page, "1 of 1 clips scored")


def test_recording(open_page: Visits) -> None:
    page = open_page()
    page.click("#record > button")
    page.locator("#record button.record-button").first.click()
    page.wait_for_timeout(1500)
    page.locator("#record button.stop-button").first.click()
    scored(page, "MI", 1)
    assert names(page) == ["recording.wav"]


COUNT = """() => {
  window.counted = { clicks: 0, scrolls: 0 };
  addEventListener("pointerdown", () => { window.counted.clicks += 1; }, true);
  addEventListener("scroll", ({ target }) => { if (target === document) window.counted.scrolls += 1; }, true);
}"""

IN_SIGHT = """(selector) => {
  const { left, top, right, bottom, width } = document.querySelector(selector).getBoundingClientRect();
  return width > 0 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
}"""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768), (390, 844)])
def test_a_visitor_has_scores_and_verdict_in_two_clicks_without_scrolling(
    open_page: Visits, width: int, height: int
) -> None:
    from qamro.ui.examples import examples

    found = examples()
    page = open_page(width=width, height=height, reduced_motion="reduce")
    assert "The same file always gets the same score." in page.inner_text("#predict")
    page.evaluate(COUNT)
    began = time.monotonic()
    page.locator("#examples button").last.click()
    rows(page, "#clips", len(found))
    assert time.monotonic() - began < 3, "examples lie on the table at once; a busy machine has ten times as long"
    scored(page, "MI", len(found))
    page.wait_for_selector("#verdict p")
    page.locator("#clips .q-play").first.click()
    page.wait_for_function("() => document.querySelector('#player audio')?.currentTime > 0")
    assert page.evaluate("() => window.counted") == {"clicks": 2, "scrolls": 0}
    axes = [
        f"#clips tbody tr:first-child td[data-label={axis}] .q-value" for axis in ("MI", "TA", "PQ", "PC", "CE", "CU")
    ]
    for part in ("#verdict", *axes, *(["#player audio"] if width >= 1200 else [])):
        assert page.evaluate(IN_SIGHT, part), f"{part} is not in sight"
    assert page.evaluate(BROKEN) == []
    assert fits(page)
    shot(page, f"predict-{width}")

    page.set_viewport_size({"width": max(width // 2, 320), "height": height // 2})
    assert fits(page), "text of twice the size"
    page.set_viewport_size({"width": width, "height": height})

    before = values(page, "MI")
    assert [field(page, i, "prompt").input_value() for i in range(len(found))] == [one.prompt for one in found]
    # Not by an event: Gradio ends its stream at the first one.
    leaves = "() => import(new URL('qamro/js/kept.js', document.baseURI)).then((kept) => kept.wouldAsk())"
    assert not page.evaluate(leaves), "nothing would be lost"
    field(page, 0, "system").type("mine")
    assert page.evaluate(leaves), "what is typed has not been sent yet"
    field(page, 0, "system").press("Tab")
    open_page.settle(page, quiet=20)
    assert not page.evaluate(leaves)
    page.reload()
    scored(page, "MI", len(found))
    assert values(page, "MI") == before
    assert "mine" in field(page, 0, "system").input_value()
    assert page.inner_text("#verdict p") == SIMULATED
    page.wait_for_function("() => document.querySelector('#player audio')?.duration > 0.5")
    page.locator("#examples button").nth(0).click()
    wait_status(page, "already in the list")
    page.get_by_role("button", name="Remove all").click()
    rows(page, "#clips", 0)
    page.wait_for_selector("#verdict p", state="detached")


BROKEN = """() => {
  const broken = [];
  const range = document.createRange();
  const walk = document.createTreeWalker(document.querySelector("#predict"), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (!node.parentElement.offsetParent || node.parentElement.closest(".q-hidden, .q-title")) continue;
    for (const { 0: word, index } of node.textContent.matchAll(/\\p{L}{2,}/gu)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) broken.push(word);
    }
  }
  return broken;
}"""
"""Words that are broken over two lines."""


CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const colour = parse(getComputedStyle(n).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll(".gradio-container :is(h1,h2,h3,p,span,strong,button,td,th,label)")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.offsetParent || node.disabled || node.closest(".q-hidden, footer")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push([node.tagName, node.className, node.textContent.slice(0, 30), ratio.toFixed(2)]);
  }
  return poor;
}"""

NAMELESS = """() => [...document.querySelectorAll(".gradio-container :is(button, input, select, audio)")]
  .filter((node) => node.offsetParent)
  .filter((node) => !(node.ariaLabel || node.textContent.trim() || node.labels?.length || node.title))
  .map((node) => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 400), ("dark", 400)])
def test_both_themes_and_a_phone(open_page: Visits, ten_files: list[Path], theme: str, width: int) -> None:
    page = open_page(f"?__theme={theme}", width=width, height=900 if width > 500 else 800)
    add(page, ten_files[-4:])
    for i in range(3):
        field(page, i, "system").fill(f"system {i % 2}")
    field(page, 0, "prompt").fill("slow strings with a long line of text that hardly fits into any table at all")
    field(page, 0, "prompt").press("Enter")
    scored(page, "TA", 1)
    for chart in ("#timeline", "#radar", "#bars"):
        wait_chart(page, chart)
    page.wait_for_timeout(300)
    shot(page, f"{'phone' if width < 500 else 'wide'}-{theme}")
    assert page.evaluate("() => document.body.classList.contains('dark')") == (theme == "dark")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    assert fits(page), "the page scrolls sideways"
    ink = page.evaluate(
        "() => getComputedStyle(document.querySelector('#radar .angularaxis text, #radar .polar text')).fill"
    )
    assert (sum(map(int, re.findall(r"\d+", ink)[:3])) > 384) == (theme == "dark"), "figures do not follow the theme"


def test_what_was_typed_last_stays_however_late_older_words_come(open_page: Visits, ten_files: list[Path]) -> None:
    """Events that are sent one after the other may be answered in another order: here the older ones come last."""
    page = open_page()
    add(page, ten_files[:2])
    scored(page, "MI", 2)
    page.uncheck("#auto input")
    page.wait_for_timeout(500)
    held: list[Any] = []
    holding = True
    page.route("**/queue/join*", lambda route: held.append(route) if holding else route.continue_())
    field(page, 0, "system").fill("north")
    field(page, 0, "prompt").click()
    page.wait_for_timeout(100)
    early = len(held)
    assert early, "leaving a field tells the server what stands in the list"
    field(page, 0, "prompt").fill("slow strings")
    field(page, 0, "prompt").press("Enter")
    while len(held) == early:
        page.wait_for_timeout(50)
    holding = False
    for route in [*held[early:], *held[:early]]:
        route.continue_()
        page.wait_for_timeout(400)
    scored(page, "TA", 1)
    assert field(page, 0, "prompt").input_value() == "slow strings"
    open_page.settle(page)
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('#clips tbody tr').length === 2")
    assert (field(page, 0, "prompt").input_value(), field(page, 0, "system").input_value()) == ("slow strings", "north")


def test_the_switch_of_the_theme_holds(open_page: Visits) -> None:
    page = open_page("")
    before = page.evaluate("() => document.body.classList.contains('dark')")
    page.click("#header button")
    assert page.evaluate("() => document.body.classList.contains('dark')") != before
    open_page.settle(page, quiet=20)
    page.reload()
    page.wait_for_selector("#clips .q-drop")
    assert page.evaluate("() => document.body.classList.contains('dark')") != before


def test_a_page_asks_only_for_what_its_open_tab_shows(open_page: Visits) -> None:
    page = open_page()
    at_once = ["run/predict", "run/predict", "queue/join"]  # states; what was here before; what the predictor gives
    assert open_page.asked(page) == at_once
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#compare-study .q-option")
    open_page.settle(page)
    more = open_page.asked(page)[len(at_once) :]
    assert sorted(more) == ["queue/join", "run/predict"], "no study was chosen: nothing follows from it"
    other = open_page("?tab=train", ready="#train-study .q-option")
    open_page.settle(other, quiet=20)
    assert sorted(open_page.asked(other)) == sorted([*at_once, *["run/predict"] * 3])


def test_about_and_the_tab_in_the_address(open_page: Visits) -> None:
    page = open_page()
    page.get_by_role("tab", name="About").click()
    page.wait_for_selector("text=What the numbers are")
    assert "tab=about" in page.url
    page.go_back()
    page.wait_for_selector("#clips .q-drop")
    assert "tab=about" not in page.url
    page.go_forward()
    page.wait_for_selector("text=What the numbers are")
    shot(page, "about")
    open_page.settle(page, quiet=20)
    page.reload()
    page.wait_for_selector("text=What the numbers are")
    page.wait_for_selector(".katex")
    page.set_viewport_size({"width": 400, "height": 900})
    cut = "(all) => all.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.textContent)"
    assert page.eval_on_selector_all(".katex-display", cut) == [], "an equation fits a phone"
