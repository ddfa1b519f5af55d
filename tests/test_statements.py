"""Sentences with numbers stand in their documents, and the quick ones hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.statements import STATEMENTS, Statement, runaways

QUICK = [each for each in STATEMENTS if each.quick]


@pytest.mark.parametrize("each", STATEMENTS, ids=lambda each: f"{each.document}: {each.text[:40]}")
def test_a_statement_stands_in_its_document(each: Statement):
    assert each.stands()
    assert each.command
    assert (each.measure is None) == (not each.expected)


@pytest.mark.parametrize("each", QUICK, ids=lambda each: f"{each.document}: {each.text[:40]}")
def test_a_quick_statement_holds(each: Statement):
    assert each.differs() == ""


@pytest.mark.parametrize("each", QUICK, ids=lambda each: f"{each.document}: {each.text[:40]}")
def test_another_number_would_be_noticed(each: Statement):
    """The check can fail: on each number of the sentence, and on a sentence that is gone."""
    for k in range(len(each.expected)):
        other = list(each.expected)
        other[k] += 2 * each.tolerance + 1
        assert "measured" in replace(each, expected=tuple(other)).differs()
    assert "does not stand" in replace(each, text=each.text + " never written").differs()


def test_p910_runs_away_by_design_of_the_study():
    """A small version of its statement: with few raters often, with many not."""
    assert runaways(30, 4, studies=4) == 4
    assert runaways(30, 40, studies=4) == 0
