"""A listening study in a real browser against a real server: set up, rated blind, killed, gone on with, taken home."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from audio_files import tone, write_wav

from qamro.studies import Study
from qamro.studies.listening import RatingStore

from .conftest import HERE, PATIENCE, SCREENSHOTS, _wait

pytestmark = [pytest.mark.browser, pytest.mark.server]

SECRET = "the owner's secret"


@dataclass
class Own:
    """A server with a store of its own, that can be killed and started again."""

    folder: Path
    process: Any = None
    url: str = ""
    starts: int = field(default=0)

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.starts += 1
        own = {"QAMRO_RATINGS_DIR": str(self.folder / "ratings"), "QAMRO_OWNER_TOKEN": SECRET}
        own |= {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(self.folder / "uploads")}
        output = self.folder / f"output-{self.starts}.txt"
        command = [sys.executable, str(HERE / "served.py"), str(self.folder / "outside.txt")]
        with output.open("w") as log:
            self.process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=subprocess.STDOUT)
        self.url = f"http://127.0.0.1:{port}/"
        _wait(self.url, self.process, output)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(10) == -signal.SIGKILL


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    server = Own(tmp_path_factory.mktemp("annotate"))
    server.start()
    yield server
    server.process.terminate()
    server.process.wait(10)


@pytest.fixture
def visit(own: Own, browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page as a visitor of its own; at the end no script may have failed."""
    contexts, troubles = [], []

    def open_one(address: str, width: int = 1280) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda r: None if r.url.startswith(("http://127.0.0.1", "data:", "blob:")) else troubles.append(r.url),
        )
        page.goto(address)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not troubles


def set_up(page: Any, folder: Path, mode: str = "scores", prompts: str = "", *, packed: bool = False) -> str:
    """Fills the form in with four clips of two systems, or a zip of them, and returns the link for raters."""
    files = [write_wav(folder / f"loud-system-{i}.wav", tone(0.6, hz=220 + 50 * i)) for i in range(4)]
    table = folder / "names.csv"
    rows = [f"{path.name},system-{i % 2},{prompts and f'prompt {i // 2}'}" for i, path in enumerate(files)]
    table.write_text("\n".join(["clip,system,prompt", *rows]))
    page.wait_for_selector("#annotate-form form")
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


def shot(page: Any, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"annotate-{name}.png", full_page=True)


def test_a_study_from_the_form_to_the_zip(own: Own, visit: Callable[..., Any], tmp_path: Path) -> None:
    owner = visit(f"{own.url}?tab=annotate&__theme=light")
    link = set_up(owner, tmp_path)
    page = visit(link)
    page.wait_for_selector(".q-intro")
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
    shot(page, "task")

    other = visit(link)  # somebody else, at the same time
    other.wait_for_selector(".q-intro")
    begin(other)
    assert at(other) == "1 of 4"

    own.kill()
    own.start()
    again = visit(f"{own.url}?{personal.split('?', 1)[1]}")
    begin(again)
    assert at(again) == "2 of 4", "what was confirmed is there, what was not is asked again"
    for _ in range(3):
        hear(again)
        again.keyboard.press("2")
        again.keyboard.press("3")
        confirm(again)
    again.click("text=Finish and compare")
    again.wait_for_selector(".q-comparison")
    assert "once 3 other raters have finished" in again.locator(".q-notes").inner_text()
    again.wait_for_selector("#annotate-chart .main-svg >> nth=0")
    shot(again, "compare")

    owner = visit(f"{own.url}?tab=annotate")
    owner.fill("#annotate-owner [name=token]", "wrong")
    owner.click("#annotate-owner button[type=submit]")
    owner.wait_for_selector("#annotate-owner .q-failed")
    assert owner.locator(".q-studies").count() == 0
    owner.fill("#annotate-owner [name=token]", SECRET)
    owner.click("#annotate-owner button[type=submit]")
    owner.wait_for_selector(".q-studies")
    with owner.expect_download() as got:
        owner.click(".q-acts button >> nth=1")
    got.value.save_as(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        archive.extractall(tmp_path / "out")
    made = Study.load(tmp_path / "out")
    assert len(made.ratings) == 8
    assert sorted(made.ratings.loc[made.ratings["axis"] == "MI", "score"]) == [2, 2, 2, 4]
    assert sorted(made.ratings.loc[made.ratings["axis"] == "PQ", "score"]) == [3, 3, 3, 9]
    assert made.systems == ["system-0", "system-1"]


def test_pairs_on_a_phone(own: Own, visit: Callable[..., Any], tmp_path: Path) -> None:
    link = set_up(visit(f"{own.url}?tab=annotate&__theme=dark"), tmp_path, "preference", prompts="yes", packed=True)
    page = visit(f"{link}&__theme=dark", width=400)
    page.wait_for_selector(".q-intro")
    begin(page)
    assert at(page) == "1 of 2", "two systems, two prompts"
    hear(page)
    page.click("text=A is better")
    shot(page, "pair-phone")
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, "the page scrolls sideways"
    page.click("[data-testid=confirm]")
    page.wait_for_function("() => document.querySelector('.q-task .q-count').textContent === '2 of 2'")
    store = RatingStore(own.folder / "ratings")
    rated = store.all("SELECT score, a, b FROM ratings JOIN tasks ON tasks.id = task WHERE axis = 'preference'")
    store.close()
    assert [row["score"] for row in rated] == [1.0]

    owner = visit(f"{own.url}?tab=annotate&__theme=dark", width=400)
    owner.fill("#annotate-owner [name=token]", SECRET)
    owner.press("#annotate-owner [name=token]", "Enter")
    newest = owner.locator(".q-studies tbody tr").first
    newest.wait_for()
    shown = owner.locator(".q-studies tbody tr").count()
    shot(owner, "owner-phone")
    assert owner.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, "the page scrolls sideways"
    delete = newest.locator("text=Delete")
    delete.click()
    assert delete.inner_text() == "Delete for good: 1 answers"
    owner.focus("#annotate-owner [name=token]")
    assert delete.inner_text() == "Delete", "leaving the button takes the question back"
    delete.click()
    delete.click()
    owner.wait_for_selector("#annotate-owner >> text=A test of tones is deleted.")
    assert owner.locator(".q-studies tbody tr").count() == shown - 1
    gone = visit(link)
    gone.wait_for_selector(".q-rate-notice:not([hidden])")


def test_strangers_and_wrong_links(own: Own, visit: Callable[..., Any], tmp_path: Path) -> None:
    page = visit(f"{own.url}?tab=annotate&rater=nobody")
    page.wait_for_selector(".q-rate-notice:not([hidden])")
    assert "not known" in page.locator(".q-rate-notice").inner_text()
    page = visit(f"{own.url}?tab=annotate")
    page.wait_for_selector("#annotate-form form")
    page.fill("#annotate-form [name=name]", "mine")
    page.check("#annotate-form [name=source][value=simulated]")
    page.click("#annotate-form button[type=submit]")
    page.wait_for_selector("#annotate-form .q-failed")
    assert "only the owner" in page.locator("#annotate-form .q-say").inner_text()
    page.click("#annotate-form button[type=submit]")  # wrong once more, in the same words
    page.wait_for_selector("#annotate-form button[type=submit]:not([disabled])")
    assert "only the owner" in page.locator("#annotate-form .q-say").inner_text()
    answer = page.request.get(f"{own.url}qamro/listen/..%2Fratings.sqlite")
    assert answer.status == 404
