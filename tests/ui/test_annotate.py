"""A listening study in a real browser against a real server: set up, rated blind, killed, gone on with, taken home."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from audio_files import tone, write_wav

from qamro.studies import Study
from qamro.studies.listening import RatingStore

from .serving import SECRET, Server
from .visits import Visits, download, fits, shot

pytestmark = [pytest.mark.browser, pytest.mark.server]

HOME = "?tab=annotate"
FORM, INTRO, NOTICE = "#annotate-form form", ".q-intro", ".q-rate-notice:not([hidden])"


def set_up(page: Any, folder: Path, mode: str = "scores", prompts: str = "", *, packed: bool = False) -> str:
    """Fills the form in with four clips of two systems, or a zip of them, and returns the link for raters."""
    files = [write_wav(folder / f"loud-system-{i}.wav", tone(0.6, hz=220 + 50 * i)) for i in range(4)]
    table = folder / "names.csv"
    rows = [f"{path.name},system-{i % 2},{prompts and f'prompt {i // 2}'}" for i, path in enumerate(files)]
    table.write_text("\n".join(["clip,system,prompt", *rows]))
    given = [*files, table]
    if packed:
        given = [folder / "study.zip"]
        with zipfile.ZipFile(given[0], "w") as archive:
            for path in (*files, table):
                archive.write(path, f"a study/{path.name}")
    page.set_input_files("[data-testid=study-files]", [str(path) for path in given])
    page.wait_for_selector(f"text={len(given)} file{'s' if len(given) > 1 else ''} ready")
    page.fill("#annotate-form [name=name]", "A test of tones")
    page.check(f"#annotate-form [name=mode][value={mode}]")
    if mode == "scores":
        page.check("#annotate-form [name=axes][value=PQ]")
    page.fill("#annotate-form [name=repeats]", "0")
    page.fill("#annotate-form [name=checks]", "0")
    page.fill("#annotate-form [name=token]", SECRET)
    page.click("#annotate-form button[type=submit]")
    page.wait_for_selector("#annotate-form .q-made:not([hidden])")
    assert "false" not in page.inner_text(".q-made")
    return page.input_value(".q-made input")


def begin(page: Any) -> None:
    page.click(".q-intro .q-strong")
    page.wait_for_selector(".q-task")


def hear(page: Any) -> None:
    """Plays what there is, by the buttons."""
    for i in range(page.locator(".q-play").count()):
        if page.locator(".q-sound").nth(i).get_attribute("class").endswith("q-heard"):
            continue
        if page.locator(".q-sound audio").nth(i).evaluate("(a) => a.paused"):
            page.locator(".q-play").nth(i).click()
        page.wait_for_function("(i) => document.querySelectorAll('.q-sound')[i].classList.contains('q-heard')", arg=i)


def confirm(page: Any) -> None:
    page.wait_for_function("() => !document.querySelector('[data-testid=confirm]').disabled")
    before = page.locator(".q-task .q-count").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("(t) => document.querySelector('.q-task .q-count')?.textContent !== t", arg=before)


def at(page: Any) -> str:
    return page.locator(".q-task .q-count").inner_text()


def test_a_study_from_the_form_to_the_zip(server: Server, open_page: Visits, tmp_path: Path) -> None:
    owner = open_page(f"{HOME}&__theme=light", ready=FORM)
    link = set_up(owner, tmp_path)
    page = open_page(link, ready=INTRO)
    assert page.locator("#annotate-setup").is_hidden()
    begin(page)
    personal = page.url
    assert "rater=" in personal
    assert "study=" not in personal
    assert at(page) == "1 of 4"
    for word in ("system", "loud", ".wav", "prompt "):
        assert word not in page.locator("#annotate").inner_html(), f"the page tells {word!r}"

    page.keyboard.press("4")
    page.keyboard.press("0")
    assert page.locator(".q-score.q-chosen").all_inner_texts() == ["4", "10"], "0 is ten"
    assert page.locator("[data-testid=confirm]").is_disabled(), "nothing was heard yet"
    page.keyboard.press("Enter")
    assert at(page) == "1 of 4"
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    assert page.locator(".q-score.q-chosen").all_inner_texts() == ["4", "9"]
    confirm(page)
    assert at(page) == "2 of 4"
    page.keyboard.press("u")
    page.wait_for_function("() => document.querySelector('.q-task .q-count').textContent === '1 of 4'")
    assert page.locator(".q-score.q-chosen").all_inner_texts() == ["4", "9"], "what was said stands there"
    confirm(page)
    shot(page, "annotate-task")

    other = open_page(link, ready=INTRO)  # somebody else, at the same time
    begin(other)
    assert at(other) == "1 of 4"

    open_page.leave()
    server.kill()
    server.start()
    again = open_page(f"?{personal.split('?', 1)[1]}", ready=INTRO)
    begin(again)
    assert at(again) == "2 of 4", "what was confirmed is there, what was not is asked again"
    for _ in range(3):
        hear(again)
        again.keyboard.press("2")
        again.keyboard.press("3")
        confirm(again)
    again.click(".q-rate button:has-text('Finish')")
    again.wait_for_selector(".q-comparison")
    assert "once 3 other raters have finished" in again.locator(".q-notes").inner_text()
    again.wait_for_selector("#annotate-chart .main-svg >> nth=0")
    shot(again, "annotate-compare")

    owner = open_page(HOME, ready=FORM)
    owner.fill("#annotate-owner [name=token]", "wrong")
    owner.click("#annotate-owner button[type=submit]")
    owner.wait_for_selector("#annotate-owner .q-failed")
    assert owner.locator(".q-studies").count() == 0
    owner.fill("#annotate-owner [name=token]", SECRET)
    owner.click("#annotate-owner button[type=submit]")
    owner.wait_for_selector(".q-studies")
    with zipfile.ZipFile(download(owner, ".q-acts button >> nth=1", tmp_path)) as archive:
        archive.extractall(tmp_path / "out")
    made = Study.load(tmp_path / "out")
    assert len(made.ratings) == 8
    assert sorted(made.ratings.loc[made.ratings["axis"] == "MI", "score"]) == [2, 2, 2, 4]
    assert sorted(made.ratings.loc[made.ratings["axis"] == "PQ", "score"]) == [3, 3, 3, 9]
    assert made.systems == ["system-0", "system-1"]


def test_pairs_on_a_phone(server: Server, open_page: Visits, tmp_path: Path) -> None:
    owner = open_page(f"{HOME}&__theme=dark", ready=FORM)
    link = set_up(owner, tmp_path, "preference", prompts="yes", packed=True)
    page = open_page(f"{link}&__theme=dark", width=400, ready=INTRO)
    begin(page)
    assert at(page) == "1 of 2", "two systems, two prompts"
    hear(page)
    page.click("text=A is better")
    shot(page, "annotate-pair-phone")
    assert fits(page), "the page scrolls sideways"
    page.click("[data-testid=confirm]")
    page.wait_for_function("() => document.querySelector('.q-task .q-count').textContent === '2 of 2'")
    store = RatingStore(server.folder / "ratings")
    rated = store.all("SELECT score, a, b FROM ratings JOIN tasks ON tasks.id = task WHERE axis = 'preference'")
    store.close()
    assert [row["score"] for row in rated] == [1.0]

    owner = open_page(f"{HOME}&__theme=dark", width=400, ready=FORM)
    owner.fill("#annotate-owner [name=token]", SECRET)
    owner.press("#annotate-owner [name=token]", "Enter")
    newest = owner.locator(".q-studies tbody tr").first
    newest.wait_for()
    shown = owner.locator(".q-studies tbody tr").count()
    shot(owner, "annotate-owner-phone")
    assert fits(owner), "the page scrolls sideways"
    delete = newest.locator("text=Delete")
    delete.click()
    assert delete.inner_text() == "Delete for good? Answers: 1"
    owner.focus("#annotate-owner [name=token]")
    assert delete.inner_text() == "Delete", "leaving the button takes the question back"
    delete.click()
    delete.click()
    owner.wait_for_selector("#annotate-owner >> text=A test of tones is deleted.")
    assert owner.locator(".q-studies tbody tr").count() == shown - 1
    open_page(link, ready=NOTICE)


def test_strangers_and_wrong_links(server: Server, open_page: Visits) -> None:
    page = open_page(f"{HOME}&rater=nobody", ready=NOTICE)
    assert "not known" in page.locator(".q-rate-notice").inner_text()
    page = open_page(HOME, ready=FORM)
    page.fill("#annotate-form [name=name]", "mine")
    page.check("#annotate-form [name=source][value=simulated]")
    page.click("#annotate-form button[type=submit]")
    page.wait_for_selector("#annotate-form .q-failed")
    assert "only the owner" in page.locator("#annotate-form .q-say").inner_text()
    page.click("#annotate-form button[type=submit]")  # wrong once more, in the same words
    page.wait_for_selector("#annotate-form button[type=submit]:not([disabled])")
    assert "only the owner" in page.locator("#annotate-form .q-say").inner_text()
    answer = page.request.get(f"{server.url}qamro/listen/..%2Fratings.sqlite")
    assert answer.status == 404


def test_three_raters_race_until_it_says_stop(server: Server, open_page: Visits, tmp_path: Path) -> None:
    owner = open_page(HOME, ready=FORM)
    files = [write_wav(tmp_path / f"c{i}.wav", tone(0.2, hz=200 + 20 * i)) for i in range(20)]
    table = tmp_path / "names.csv"
    table.write_text("\n".join(["clip,system", *(f"{path.name},{'ab'[i % 2]}" for i, path in enumerate(files))]))
    owner.set_input_files("[data-testid=study-files]", [str(path) for path in (*files, table)])
    owner.wait_for_selector("text=21 files ready")
    for name, text in (("name", "A race"), ("repeats", "0"), ("checks", "0"), ("seconds", "0"), ("token", SECRET)):
        owner.fill(f"#annotate-form [name={name}]", text)
    assert owner.locator("#annotate-form [name=top]").is_hidden()
    owner.select_option("#annotate-form [name=goal]", "best")
    shot(owner, "annotate-goal")
    owner.click("#annotate-form button[type=submit]")
    owner.wait_for_selector("#annotate-form .q-made:not([hidden])")
    link = owner.input_value(".q-made input")

    raters = [open_page(link, ready=INTRO) for _ in range(3)]
    for page in raters:
        begin(page)
    assert at(raters[0]) == "1 of at most 20"
    owner.fill("#annotate-owner [name=token]", SECRET)
    owner.click("#annotate-owner button[type=submit]")
    owner.click("#annotate-owner tr:has-text('A race') button:has-text('Race')")
    owner.wait_for_selector(".q-race:has-text('2 systems of 2 still need ratings')")

    store = RatingStore(server.folder / "ratings")
    query = "SELECT system FROM clips JOIN tasks ON clips.id = a WHERE audio_a = ?"
    for _ in range(20):
        for page in [page for page in raters if page.locator(".q-task").count()]:
            sound = page.locator(".q-sound audio").get_attribute("src").rpartition("/")[2]
            page.keyboard.press("5" if store.one(query, sound)["system"] == "a" else "1")
            page.wait_for_function("() => !document.querySelector('[data-testid=confirm]').disabled")
            page.keyboard.press("Enter")
            page.wait_for_function("(name) => !document.querySelector('.q-sound audio')?.src.endsWith(name)", arg=sound)
    for page in raters:
        assert "The study has the ratings that it needs" in page.locator(".q-centred h2").inner_text()
    owner.wait_for_selector(".q-race:has-text('It has ended: the goal is reached.')")
    assert owner.locator(".q-race tbody tr").count() == 2
    assert owner.locator(".q-race button:has-text('Stop now')").count() == 0
    shot(owner, "annotate-race")
    raters[0].click("button:text-is('Finish')")
    raters[0].wait_for_selector(".q-comparison")
    late = open_page(link, ready=".q-over-now")
    assert late.locator("button:has-text('Begin')").count() == 0
    with zipfile.ZipFile(
        download(owner, "#annotate-owner tr:has-text('A race') button:has-text('Ratings')", tmp_path)
    ) as kept:
        kept.extractall(tmp_path / "out")
    made = Study.load(tmp_path / "out")
    assert 20 <= len(made.ratings) <= 23, "ten clips of each system, and what was at hand when it ended"
    assert made.about["race"]["ended"] == "reached"
    assert "It has ended: the goal is reached." in (tmp_path / "out" / "race.md").read_text("utf-8")
