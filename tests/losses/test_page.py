"""The page of the losses keeps up with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import qamro.losses
from benchmarks.loss_plots import FIGURES

_DOCS = Path(__file__).parents[2] / "docs"


def _numbers(svg: str) -> list[float]:
    points = re.findall(r'points="([^"]*)"', svg)
    return [float(number) for line in points for number in re.split("[ ,]", line)]


def test_every_loss_is_on_the_page() -> None:
    page = (_DOCS / "losses.md").read_text()
    for name in qamro.losses.__all__:
        if name.endswith("_loss"):
            assert f"`{name}`" in page, name


def test_every_figure_of_the_page_is_there() -> None:
    shown = set(re.findall(r"\(figures/([^)]*)\)", (_DOCS / "losses.md").read_text()))
    assert shown == {path.name for path in (_DOCS / "figures").glob("loss-*.svg")}
    assert len(shown) == len(FIGURES)


@pytest.mark.parametrize("figure", FIGURES)
def test_the_figures_are_those_that_the_code_draws(figure) -> None:
    stored = (_DOCS / "figures" / f"loss-{figure.__name__.replace('_', '-')}.svg").read_text()
    assert _numbers(figure().svg()) == pytest.approx(_numbers(stored), abs=0.2)
