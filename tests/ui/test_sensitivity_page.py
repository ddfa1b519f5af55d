"""The Sensitivity tab in a real browser: seen at once, looked at, run live, cancelled, kept, linked, on a phone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from qamro.encoders import load_encoder
from qamro.training.sweeps.bundled import bundled
from qamro.training.sweeps.seeds import best_in_words, summarise
from qamro.training.sweeps.setup import Setup
from qamro.training.sweeps.study import sweep_study
from qamro.training.sweeps.system_places import swaps, swaps_in_words

from .conftest import HERE, SCREENSHOTS, _wait
from .trainable import small_study

pytestmark = [pytest.mark.browser, pytest.mark.server]

STUDY = "lstm_music"
"""A name of the registry under which the small study lies in this server's cache."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with a cache of its own, in which a small study was fetched."""
    folder = tmp_path_factory.mktemp("sensitivity")
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
    """Opens an address as a visitor of its own; at the end no script may have failed."""
    contexts, troubles = [], []

    def open_one(query: str = "tab=sensitivity&__theme=light", width: int = 1280) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900})
        context.set_default_timeout(25_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else troubles.append(r.url))
        page.goto(query if query.startswith("http") else f"{url}?{query}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not troubles


def says(page: Any, where: str, text: str) -> None:
    page.wait_for_function(
        "([where, text]) => document.querySelector(where)?.innerText.includes(text)", arg=[where, text]
    )


def drawn(page: Any, metric: str, name: str) -> dict[str, list[float]]:
    """A curve as the page draws it: for each model its place in the window and its value."""
    page.wait_for_selector(f"#sensitivity-{metric} .main-svg >> nth=0")
    return page.evaluate(
        """([metric, name]) => {
          const plot = document.querySelector(`#sensitivity-${metric} .q-plot`), box = plot.getBoundingClientRect();
          const { xaxis, yaxis } = plot._fullLayout;
          const curve = plot.calcdata.find((points) => points[0].trace.name === name);
          return Object.fromEntries(curve.map((at) => [at.data, [
            box.left + xaxis._offset + xaxis.d2p(at.x), box.top + yaxis._offset + yaxis.d2p(at.y), at.y]]));
        }""",
        [metric, name],
    )


def test_curves_at_once_and_a_model_by_a_click(visit):
    kept = bundled(Setup())
    summary = summarise(kept.sweep.runs)
    page = visit()
    says(
        page, "#sensitivity-words", best_in_words(kept.sweep.runs, "MI", "system", "SRCC", curve=0.2, where="alpha 0.2")
    )
    says(page, "#sensitivity-headline", "A demonstration, not evidence")

    page.locator("#sensitivity-SRCC").scroll_into_view_if_needed()
    points = drawn(page, "SRCC", "QAMRO, alpha 0.1")
    part = summary[(summary["axis"] == "MI") & (summary["level"] == "system") & (summary["metric"] == "SRCC")]
    means = part.set_index("variant")["mean"]
    assert {label: at[2] for label, at in points.items()} == {label: means[label] for label in points}
    assert len(points) == 6
    page.mouse.click(*points["alpha 0.1, beta 5"][:2])
    says(page, "#sensitivity-changed", "against alpha 0.1, beta 1")
    model = ("alpha 0.1, beta 5", "alpha 0.1, beta 1")
    for line in swaps_in_words(swaps(kept.sweep.predictions, "MI", *model), *model):
        says(page, "#sensitivity-changed", line)
    assert page.input_value("#sensitivity-model input") == model[0]

    page.click("#sensitivity-level label:has-text('Clips')")
    says(page, "#sensitivity-words", "MI, utterance SRCC, alpha 0.1")
    page.click("#sensitivity-axis label:has-text('TA')")
    says(
        page,
        "#sensitivity-words",
        best_in_words(kept.sweep.runs, "TA", "utterance", "SRCC", curve=0.1, where="alpha 0.1"),
    )
    page.check("#sensitivity-published input")
    says(page, "#sensitivity-papers", "Published on musiceval, not computed here")
    page.wait_for_function("() => location.search.includes('s.published=1')")

    again = visit(page.url)
    says(again, "#sensitivity-papers", "0.916")
    says(
        again,
        "#sensitivity-words",
        best_in_words(kept.sweep.runs, "TA", "utterance", "SRCC", curve=0.1, where="alpha 0.1"),
    )
    assert again.input_value("#sensitivity-model input") == model[0]


def test_a_sweep_runs_live_is_kept_and_linked(visit, tmp_path):
    page = visit(
        f"tab=sensitivity&study={STUDY}&s.axes=MI&s.values=1_7&s.beside=0.2&s.seeds=30&s.folds=1&s.hold_out=content"
    )
    says(page, "#sensitivity-status", "has not been computed here yet")
    says(page, "#sensitivity-cost", "1 axis × 5 objectives × 30 seeds × 1 fold = 150 fits")
    page.click("#sensitivity-run")
    page.wait_for_selector("#sensitivity-cancel")
    page.wait_for_selector("#sensitivity-status progress")
    page.click("#sensitivity-cancel")
    says(page, "#sensitivity-status", "Stopped.")

    page.fill("#sensitivity-seeds input[type=number]", "2")
    page.locator("#sensitivity-seeds input[type=number]").press("Tab")
    says(page, "#sensitivity-cost", "= 10 fits")
    page.click("#sensitivity-run")
    says(page, "#sensitivity-status", "10 fits in")
    setup = Setup(STUDY, axes=("MI",), values=(1, 7), beside=(0.2,), seeds=2, folds=1, hold_out="content")
    found = sweep_study(small_study(), setup, load_encoder("logmel"))
    says(page, "#sensitivity-words", best_in_words(found.sweep.runs, "MI", "system", "SRCC", curve=0.2))
    with page.expect_download() as download:
        page.click("#sensitivity-link [data-key=zip]")
    download.value.save_as(tmp_path / "sweep.zip")
    with zipfile.ZipFile(tmp_path / "sweep.zip") as packed:
        runs = pd.read_csv(packed.open("runs.csv"))
    pd.testing.assert_series_equal(runs["value"], found.sweep.runs["value"], rtol=1e-4, atol=1e-5)

    again = visit(page.url)
    says(again, "#sensitivity-status", "Computed before")
    says(again, "#sensitivity-words", best_in_words(found.sweep.runs, "MI", "system", "SRCC", curve=0.2))


@pytest.mark.parametrize(("width", "theme"), [(400, "light"), (1280, "dark")])
def test_on_a_phone_and_in_the_dark(visit, width, theme):
    page = visit(f"tab=sensitivity&s.published=1&__theme={theme}", width)
    for metric in ("SRCC", "LCC", "KTAU", "MSE", "map", "ranking"):
        page.wait_for_selector(f"#sensitivity-{metric} .main-svg >> nth=0")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.locator("#sensitivity-opener > button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#sensitivity-run", state="visible")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"sensitivity-{theme}-{width}.png", full_page=True)
