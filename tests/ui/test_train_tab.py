"""The Train tab in a real browser: trained live, stopped, cancelled, compared, kept, scored with on the Predict tab."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from .serving import FETCHED
from .visits import Visits, download, fits, says, shot

pytestmark = [pytest.mark.browser, pytest.mark.server]


def visit(open_page: Visits, width: int = 1280, theme: str = "light") -> Any:
    """Opens the Train tab with the small study."""
    page = open_page(f"?tab=train&study={FETCHED}&__theme={theme}", width=width, ready="#train-study")
    page.click("#train-more > button")
    page.wait_for_function("() => document.querySelectorAll('#train-axes input').length === 6")
    return page


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


def test_from_the_study_to_a_score_with_heads_of_ones_own(open_page: Visits, tmp_path: Path) -> None:
    page = visit(open_page)
    only(page, "MI")
    page.locator("#train-live").wait_for(state="hidden")
    says(page, "#train-cost", "About ")
    page.click("#train-go")
    page.wait_for_selector("#train-losses .main-svg")
    says(page, "#train-status", "Run 1 is done. Held-out SRCC over 4 systems (a hint, not a finding): MI")
    page.wait_for_selector("#train-overlay .main-svg")
    says(page, "#train-verdict", "Show two runs or more on MI")

    # Another objective offers its own parameters; the run is stopped by hand and keeps its best.
    choose(page, "#train-objective", "Regression + QAMRO")
    page.locator("#train-beta").wait_for()
    choose(page, "#train-objective", "BALR + SAMA")
    page.locator("#train-temperature").wait_for()
    page.locator("#train-beta").wait_for(state="hidden")
    assert page.input_value("#train-ranking_weight input") == "0.2"
    for name in ("epochs", "patience"):
        number(page, name, "10000")
    page.check("#train-stop-by input[value=srcc]")
    page.click("#train-go")
    page.click("#train-stop")
    says(page, "#train-status", "Run 2 is done.")
    page.wait_for_selector("#train-runs tr[data-run='2']")
    assert "stopped by hand" in page.inner_text("#train-runs tr[data-run='2']")
    assert "CE-Gauss + 0.2 x BALR" in page.inner_text("#train-runs tr[data-run='2']")
    assert "by validation SRCC" in page.inner_text("#train-runs tr[data-run='2']")
    says(page, "#train-verdict", "run 1 and run 2")
    says(page, "#train-verdict", "Seeds alone move")
    shot(page, "train-two-runs")

    # A third one is cancelled and leaves nothing.
    page.click("#train-go")
    page.click("#train-cancel")
    says(page, "#train-status", "Cancelled; nothing was kept.")
    assert page.locator("#train-runs tr[data-run]").count() == 2

    with download(page, "#train-csv", tmp_path).open() as file:
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
    page.set_input_files("#train-keep input[type=file]", str(download(page, "#train-zip", tmp_path)))
    says(page, "#train-said", "is back:")
    assert page.locator("#train-kept li").count() == 2
    page.click("#train-kept li:not([data-name='My-heads']) button:has-text('Delete')")
    page.click("#train-kept li button:has-text('Really delete?')")
    page.wait_for_function("() => document.querySelectorAll('#train-kept li').length === 1")

    # The Predict tab has them at once.
    page.click("#train-kept button:has-text('Score clips')")
    page.wait_for_selector("#examples button:visible")
    says(page, "#badges", "ested on all 32 clips")
    assert page.input_value("#predictor input").startswith("My-heads (MI)")
    page.locator("#examples button").first.click()
    page.wait_for_selector("#clips .q-value")
    assert 1 <= float(page.locator("#clips .q-value").first.inner_text()) <= 5
    page.click("#clips .q-fold summary")
    says(page, "#clips", "simulated: LogMel r2")

    # Somebody else on this machine finds them, too, and trains meanwhile on a phone in the dark.
    phone = visit(open_page, 400, "dark")
    phone.wait_for_selector("#train-kept li[data-name='My-heads']")
    only(phone, "PQ")
    phone.click("#train-go")
    says(phone, "#train-status", "Run 1 is done.")
    phone.wait_for_selector("#train-overlay .main-svg")
    assert fits(phone)
    shot(phone, "train-phone-dark")


def test_what_is_missing_is_said(open_page: Visits) -> None:
    page = visit(open_page)
    choose(page, "#train-encoder", "LAION-CLAP")
    says(page, "#train-encoder-note", "Needs 2.4 GB of published weights")
    assert page.locator("#train-download").is_visible()
    page.click("#train-go")
    says(page, "#train-status", "LAION-CLAP needs its weights first")
    choose(page, "#train-encoder", "WavLM")
    page.wait_for_function("() => document.querySelectorAll('#train-axes input').length === 5")
    choose(page, "#train-encoder", "Log-mel")
    page.wait_for_function("() => document.querySelectorAll('#train-axes input').length === 6")
    choose(page, "#train-hold-out", "Systems: none")
    for box in page.locator("#train-axes input").all():
        box.uncheck()
    page.click("#train-go")
    says(page, "#train-status", "Choose an axis first.")
