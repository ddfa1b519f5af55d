"""The Sensitivity tab in a real browser: seen at once, looked at, run live, cancelled, kept, linked, on a phone."""

from __future__ import annotations

import zipfile
from typing import Any

import pandas as pd
import pytest

from qamro.encoders import load_encoder
from qamro.training.sweeps.seeds import best_in_words, summarise
from qamro.training.sweeps.setup import Setup
from qamro.training.sweeps.store import bundled, sweep_study
from qamro.training.sweeps.system_places import swaps, swaps_in_words

from .serving import FETCHED
from .trainable import small_study
from .visits import cut, download, fits, says, shot

pytestmark = [pytest.mark.browser, pytest.mark.server]

HERE = "#sensitivity-link [data-key=zip]"
"""What stands there when the tab has come up."""


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


def test_curves_at_once_and_a_model_by_a_click(open_page):
    kept = bundled(Setup())
    summary = summarise(kept.sweep.runs)
    page = open_page("?tab=sensitivity&__theme=light", ready=HERE)
    says(
        page, "#sensitivity-words", best_in_words(kept.sweep.runs, "MI", "system", "SRCC", curve=0.2, where="alpha 0.2")
    )
    says(page, "#sensitivity-headline", "A demonstration, not evidence")

    assert page.locator("#sensitivity-LCC .main-svg >> nth=0").is_hidden(), "the other metrics are folded"
    page.click("#sensitivity-curve label:has-text('alpha 0.1')")
    says(page, "#sensitivity-words", "MI, system SRCC, alpha 0.1")
    page.locator("#sensitivity-SRCC").scroll_into_view_if_needed()
    points = drawn(page, "SRCC", "QAMRO, alpha 0.1")
    part = summary[(summary["axis"] == "MI") & (summary["level"] == "system") & (summary["metric"] == "SRCC")]
    means = part.set_index("variant")["mean"]
    assert {label: at[2] for label, at in points.items()} == {label: means[label] for label in points}
    assert len(points) == 6
    page.mouse.click(*points["alpha 0.1, beta 5"][:2])
    says(page, "#sensitivity-changed", "against alpha 0.1, beta 1")
    model = ("alpha 0.1, beta 5", "alpha 0.1, beta 1")
    for line in swaps_in_words(swaps(kept.sweep.predictions, "MI", *model), *model, who="simulated listeners"):
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

    again = open_page(page.url.replace("__theme=light", "__theme=dark"), ready=HERE)
    says(again, "#sensitivity-papers", "0.916")
    says(
        again,
        "#sensitivity-words",
        best_in_words(kept.sweep.runs, "TA", "utterance", "SRCC", curve=0.1, where="alpha 0.1"),
    )
    assert again.input_value("#sensitivity-model input") == model[0]
    unfolded(again, "dark")


def test_a_sweep_runs_live_is_kept_and_linked(open_page, tmp_path):
    link = f"study={FETCHED}&s.axes=MI&s.values=1_7&s.beside=0.2&s.seeds=30&s.folds=1&s.hold_out=content"
    page = open_page(f"?tab=sensitivity&{link}", ready=HERE)
    says(page, "#sensitivity-status", "has not been computed here yet")
    says(page, "#sensitivity-cost", "1 axis × 5 objectives × 30 seeds × 1 fold = 150 fits, and ridge")
    says(page, "#sensitivity-cost", "About ")
    page.click("#sensitivity-run")
    says(page, "#sensitivity-headline", "As it comes")
    page.wait_for_selector("#sensitivity-SRCC .main-svg >> nth=0")
    assert page.locator("#sensitivity-words").is_hidden(), "nothing of the sweep before stands beside it"
    page.click("#sensitivity-cancel")
    says(page, "#sensitivity-status", "Stopped.")

    page.click("#sensitivity-more > button")
    page.fill("#sensitivity-seeds input[type=number]", "2")
    page.locator("#sensitivity-seeds input[type=number]").press("Tab")
    says(page, "#sensitivity-cost", "= 10 fits")
    page.click("#sensitivity-run")
    says(page, "#sensitivity-status", "11 fits in")
    setup = Setup(FETCHED, axes=("MI",), values=(1, 7), beside=(0.2,), seeds=2, folds=1, hold_out="content")
    found = sweep_study(small_study(), setup, load_encoder("logmel"))
    says(page, "#sensitivity-words", best_in_words(found.sweep.runs, "MI", "system", "SRCC", curve=0.2))
    with zipfile.ZipFile(download(page, "#sensitivity-link [data-key=zip]", tmp_path)) as packed:
        runs = pd.read_csv(packed.open("runs.csv"))
    pd.testing.assert_series_equal(runs["value"], found.sweep.runs["value"], rtol=1e-4, atol=1e-5)

    again = open_page(page.url, ready=HERE)
    says(again, "#sensitivity-status", "Computed before")
    says(again, "#sensitivity-words", best_in_words(found.sweep.runs, "MI", "system", "SRCC", curve=0.2))


def test_on_a_phone(open_page):
    unfolded(open_page("?tab=sensitivity&s.published=1&__theme=light", width=400, ready=HERE), "phone")


def unfolded(page: Any, name: str) -> None:
    """Opens all that is folded away: every figure is drawn, nothing is cut, nothing sticks out."""
    for fold in ("others", "map-part"):
        page.click(f"#sensitivity-{fold} > button")
    for metric in ("SRCC", "LCC", "KTAU", "MSE", "map", "ranking"):
        page.wait_for_selector(f"#sensitivity-{metric} .main-svg >> nth=0")
    assert fits(page)
    page.locator("#sensitivity-opener > button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#sensitivity-run", state="visible")
    page.click("#sensitivity-more > button")
    page.wait_for_selector("#sensitivity-encoder", state="visible")
    assert fits(page)
    assert cut(page) == []
    shot(page, f"sensitivity-{name}")
