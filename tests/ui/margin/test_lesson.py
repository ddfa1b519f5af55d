"""The lesson plan holds: every link leads where it says, and the page says what the plan quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from qamro.ui.margin.figures import set_up
from qamro.ui.margin.lesson import STEPS, Step
from tests.ui.visits import PATIENCE

PLAN = Path(__file__).resolve().parents[3] / "docs" / "teaching.md"


@pytest.fixture(scope="module")
def plan() -> str:
    return re.sub(r"\s+", " ", PLAN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_plan_names_links_and_quotes_every_step(plan: str, step: Step) -> None:
    assert f"`{step.name}`" in plan
    assert f"`{step.link}`" in plan
    assert step.sees in plan


def test_the_plan_knows_no_other_figure(plan: str) -> None:
    assert set(re.findall(r"`(\d[a-z]-[a-z-]+)`", plan)) == {step.name for step in STEPS}


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


SENTENCE = """(figure, sentence) => {
  const said = [...figure.querySelectorAll("p, td")]
    .find((e) => e.checkVisibility() && e.textContent.includes(sentence));
  const { top, bottom } = said.getBoundingClientRect();
  return [top, bottom];
}"""


@pytest.mark.browser
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_page_says_what_the_plan_quotes(page: Any, address: str, step: Step) -> None:
    set_up(page, address, step)
    figure = page.locator(f"[data-figure={step.figure}]")
    assert figure.count() == 1
    top, bottom = figure.evaluate(SENTENCE, step.sees)
    assert 0 <= top < bottom <= 900, "the link lands where its sentence is seen"
    page.wait_for_timeout(300)
    kept = page.evaluate("location.search")
    for key, values in parse_qs(step.query).items():
        assert parse_qs(kept)[key] == values, "the link holds something that the page does not know"


@pytest.mark.browser
def test_a_swap_costs_what_the_plan_says(page: Any, address: str, plan: str) -> None:
    for name, ours in (("2b-swap-at-the-top", "0.0887"), ("2c-swap-at-the-bottom", "0.0253")):
        set_up(page, address, next(step for step in STEPS if step.name == name))
        assert page.locator("[data-value='mr loss']").last.text_content() == "0.0138"
        assert page.locator("[data-figure=batch] [data-value='qamro loss']").text_content() == ours
        assert ours in plan


@pytest.mark.browser
def test_a_wrong_quotation_is_noticed(page: Any, address: str) -> None:
    wrong = Step("x", "X", "pair", "", "QAMRO is always content", (".story",))
    bare = Step("y", "Y", "pair", "m.ask=push", "Which of the two losses", (".story",))
    with pytest.raises(RuntimeError, match="QAMRO is always content"):
        set_up(page, address, wrong)
    with pytest.raises(RuntimeError, match="not covered"):
        set_up(page, address, bare)
