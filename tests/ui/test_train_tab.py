"""The Train tab in a real browser: trained live, stopped, cancelled, compared, kept, scored with on the Predict tab."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import HERE, SCREENSHOTS, _wait
from .trainable import small_study

pytestmark = [pytest.mark.browser, pytest.mark.server]

STUDY = "lstm_music"
"""A name of the registry under which the small study lies in this server's cache."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a cache of its own, in which a small study was fetched."""
    folder = tmp_path_factory.mktemp("train-tab")
    shutil.copytree(small_study().root, folder / "cache" / "studies" / STUDY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"QAMRO_CACHE": str(folder / "cache"), "GRADIO_TEMP_DIR": str(folder / "uploads")}
    own |= {"QAMRO_WEIGHTS": str(folder / "weights"), "HF_HUB_CACHE": str(folder / "hub")}
    own |= {"GRADIO_SERVER_PORT": str(port)}
    with (folder / "output.txt").open("w") as output:
        command = [sys.executable, str(HERE / "served.py"), str(folder / "outside.txt")]
        process = subprocess.Popen(command, env=os.environ | own, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}/", process, folder / "output.txt")
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(10)
    assert (folder / "outside.txt").read_text() == "", "nothing leaves the machine"


@pytest.fixture
def visit(url: str, browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens the Train tab as a visitor of its own; at the end no script may have failed."""
    contexts, troubles = [], []

    def open_one(width: int = 1280, theme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else troubles.append(r.url))
        page.goto(f"{url}?tab=train&study={STUDY}&__theme={theme}")
        page.wait_for_function("() => document.querySelectorAll('#train-axes input').length === 6")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not troubles


def choose(page: Any, where: str, what: str) -> None:
    page.click(f"{where} input")
    page.click(f"[role=option]:has-text('{what}')")


def only(page: Any, axis: str) -> None:
    for box in page.locator("#train-axes label").all():
        if box.inner_text().strip() != axis:
            box.locator("input").uncheck()


def number(page: Any, name: str, value: str) -> None:
    page.fill(f"#train-{name} input", value)
    page.locator(f"#train-{name} input").press("Tab")


def says(page: Any, where: str, text: str) -> None:
    page.wait_for_function(
        "([where, text]) => document.querySelector(where)?.innerText.includes(text)", arg=[where, text]
    )


def shot(page: Any, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"train-{name}.png", full_page=True)


def test_from_the_study_to_a_score_with_heads_of_ones_own(visit: Callable[..., Any], tmp_path: Path) -> None:
    page = visit()
    only(page, "MI")
    page.locator("#train-live").wait_for(state="hidden")
    page.click("#train-go")
    page.wait_for_selector("#train-losses .main-svg")
    says(page, "#train-status", "Run 1 is done. Held-out SRCC over 4 systems: MI")
    page.wait_for_selector("#train-overlay .main-svg")
    says(page, "#train-verdict", "Show two runs or more on MI")

    # Another objective offers its own parameters; the run is stopped by hand and keeps its best.
    page.click("#train-parameters button")
    page.locator("#train-beta").wait_for()
    choose(page, "#train-objective", "BALR + SAMA")
    page.locator("#train-temperature").wait_for()
    page.locator("#train-beta").wait_for(state="hidden")
    assert page.input_value("#train-ranking_weight input") == "0.2"
    for name in ("epochs", "patience"):
        number(page, name, "10000")
    page.click("#train-go")
    page.click("#train-stop")
    says(page, "#train-status", "Run 2 is done.")
    page.wait_for_selector("#train-runs tr[data-run='2']")
    assert "stopped by hand" in page.inner_text("#train-runs tr[data-run='2']")
    assert "CE-Gauss + 0.2 x BALR" in page.inner_text("#train-runs tr[data-run='2']")
    says(page, "#train-verdict", "run 1 and run 2")
    says(page, "#train-verdict", "Seeds alone move")
    shot(page, "two-runs")

    # A third one is cancelled and leaves nothing.
    page.click("#train-go")
    page.click("#train-cancel")
    says(page, "#train-status", "Cancelled; nothing was kept.")
    assert page.locator("#train-runs tr[data-run]").count() == 2

    with page.expect_download() as download:
        page.click("#train-csv")
    download.value.save_as(tmp_path / "runs.csv")
    with (tmp_path / "runs.csv").open() as file:
        assert [(row["run"], row["axis"]) for row in csv.DictReader(file)] == [("1", "MI"), ("2", "MI")]

    # The table: one run is hidden, one removed.
    page.uncheck("#train-runs tr[data-run='1'] input")
    says(page, "#train-verdict", "Show two runs or more on MI")
    page.click("#train-runs tr[data-run='1'] .q-icon")
    page.wait_for_function("() => document.querySelectorAll('#train-runs tr[data-run]').length === 1")

    # Kept heads: asked before overwriting, carried as a zip, brought back.
    page.fill("#train-name input, #train-name textarea", "My ../heads")
    page.click("#train-save")
    says(page, "#train-said", "Saved as My-heads")
    page.click("#train-save")
    says(page, "#train-said", "already")
    page.click("#train-overwrite")
    says(page, "#train-said", "Saved as My-heads")
    with page.expect_download() as download:
        page.click("#train-zip")
    download.value.save_as(tmp_path / "heads.zip")
    page.set_input_files("#train-keep input[type=file]", str(tmp_path / "heads.zip"))
    says(page, "#train-said", "is back:")
    assert page.locator("#train-kept li").count() == 2
    page.click("#train-kept li:not([data-name='My-heads']) button:has-text('Delete')")
    page.click("#train-kept li button:has-text('Really delete?')")
    page.wait_for_function("() => document.querySelectorAll('#train-kept li').length === 1")

    # The Predict tab has them at once.
    page.click("#train-kept button:has-text('Score clips')")
    page.wait_for_selector("#examples button:visible")
    says(page, "#badges", "4 systems, rated by simulated listeners. Held out: MI")
    assert page.input_value("#predictor input").startswith("My-heads (MI)")
    page.locator("#examples button").first.click()
    page.wait_for_function("() => !document.querySelector('#score').disabled")
    page.click("#score")
    page.wait_for_selector("#results .q-value")
    assert 1 <= float(page.locator("#results .q-value").first.inner_text()) <= 5
    says(page, "#results", "simulated: LogMel r1")

    # Somebody else on this machine finds them, too, and trains meanwhile on a phone in the dark.
    phone = visit(400, "dark")
    phone.wait_for_selector("#train-kept li[data-name='My-heads']")
    only(phone, "PQ")
    phone.click("#train-go")
    says(phone, "#train-status", "Run 1 is done.")
    phone.wait_for_selector("#train-overlay .main-svg")
    assert phone.evaluate("() => document.documentElement.scrollWidth") <= 400
    shot(phone, "phone-dark")


def test_what_is_missing_is_said(visit: Callable[..., Any]) -> None:
    page = visit()
    choose(page, "#train-encoder", "LAION-CLAP")
    says(page, "#train-encoder-note", "Needs 2.4 GB of published weights")
    assert page.locator("#train-download").is_visible()
    page.click("#train-go")
    says(page, "#train-status", "LAION-CLAP needs its weights first")
    choose(page, "#train-encoder", "WavLM")
    page.wait_for_function("() => document.querySelectorAll('#train-axes input').length === 5")
    choose(page, "#train-encoder", "Log-mel")
    page.wait_for_function("() => document.querySelectorAll('#train-axes input').length === 6")
    choose(page, "#train-hold-out", "Systems: no system")
    for box in page.locator("#train-axes input").all():
        box.uncheck()
    page.click("#train-go")
    says(page, "#train-status", "Choose an axis first.")
