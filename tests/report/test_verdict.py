"""Verdicts in words: right in both orders, with ties, without intervals; and how often they are wrong."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from qamro.report.verdict import SIMULATED, told_apart, verdicts


def row(name, value, half=0.3, kind="human", domain="inside", error=""):
    ends = {"MI_low": value - half, "MI_high": value + half}
    return {"clip": name, "MI": value, "kind_MI": kind, "domain": domain, "error": error} | ends


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_best_and_who_cannot_be_told_from_it_in_any_order(order):
    rows = [row("A", 3.9), row("B", 4.1), row("C", 2.0)]
    (sentence,) = verdicts([rows[i] for i in order], ["MI"])
    assert sentence == "Best of your three by predicted MI: B; B and A cannot be told apart."


def test_a_clear_best_and_none():
    clear = [row("A", 3.0), row("B", 4.5)]
    assert verdicts(clear, ["MI"]) == ["Best of your two by predicted MI: B; told apart from the other."]
    (said,) = verdicts([*clear, row("C", 2.0)], ["MI"])
    assert said == "Best of your three by predicted MI: B; told apart from every other."
    level = [row("A", 3.0), row("B", 3.1), row("C", 3.05)]
    (said,) = verdicts(level, ["MI"])
    assert said == "Best of your three by predicted MI: none; B, C and A cannot be told apart (B highest)."


def test_more_of_what_is_no_quality_is_not_called_the_best():
    rows = [
        {key.replace("MI", "PC"): value for key, value in row(name, at).items()} for name, at in (("A", 3), ("B", 6))
    ]
    assert verdicts(rows, ["PC"]) == ["Highest of your two by predicted PC: B; told apart from the other."]
    (said,) = verdicts([*rows, rows[1] | {"clip": "C"}], ["PC"])
    assert said == "Highest of your three by predicted PC: B and C; B and C cannot be told apart."


def test_ties_share_the_place():
    (said,) = verdicts([row("A", 4.0), row("B", 4.0), row("C", 1.0)], ["MI"])
    assert said == "Best of your three by predicted MI: A and B; A and B cannot be told apart."
    (said,) = verdicts([row("A", 4.0), row("B", 4.0)], ["MI"])
    assert "none" in said
    assert "(A and B highest)" in said


def test_without_an_interval_nothing_is_claimed():
    (said,) = verdicts([row("A", 4.0, math.nan), row("B", 1.0, math.nan)], ["MI"])
    assert said.startswith("Highest of your two by predicted MI: A; these scores have no interval")
    assert "Best" not in said


def test_simulated_and_foreign_scores_name_nobody():
    simulated = [row("A", 4.0, kind="simulated"), row("B", 1.0, kind="simulated")]
    assert verdicts(simulated, ["MI"]) == [SIMULATED]
    for kind in ("zero-shot", "unverified", "", "human: a sentence"):
        assert verdicts([row("A", 4.0, kind=kind), row("B", 1.0, kind=kind)], ["MI"]) == []
    outside = [row("A", 4.0, domain="outside"), row("B", 1.0, domain="outside")]
    (said,) = verdicts(outside, ["MI"])
    assert said == "No verdict by predicted MI: clips are unlike those that the heads were trained on."
    (said,) = verdicts([row("A", 4.0), row("B", 2.0), row("C", 5.0, domain="outside")], ["MI"])
    assert said.startswith("Best of your two by predicted MI: A")
    assert said.endswith("Left out: one clip unlike the training clips.")


def test_few_clips_and_errors_say_nothing():
    assert verdicts([], ["MI"]) == []
    assert verdicts([row("A", 4.0)], ["MI"]) == []
    assert verdicts([row("A", 4.0), row("B", 1.0, error="no sound")], ["MI"]) == []
    assert verdicts([row("A", 4.0), row("B", math.nan)], ["MI"]) == []


def test_many_names_are_cut_short():
    rows = [row(f"clip {i}", 3.0 + i / 1000) for i in range(12)]
    (said,) = verdicts(rows, ["MI"])
    assert said.startswith("Best of your 12 by predicted MI: none; clip 11, clip 10, clip 9 and 9 more cannot")


@pytest.mark.parametrize("clips", [2, 3, 10])
@pytest.mark.parametrize("shape", ["normal", "uniform"])
def test_clips_that_people_rate_alike_are_rarely_told_apart(clips, shape):
    rng = np.random.default_rng(clips)
    wrong = 0
    for _ in range(600):
        errors = rng.standard_normal(clips) if shape == "normal" else rng.uniform(-1, 1, clips)
        half = 1.645 if shape == "normal" else 0.9  # the 90 % quantile of their size
        wrong += told_apart((errors.max(), half), (errors.min(), half), clips)
    assert wrong / 600 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 600)


def test_a_large_difference_is_found():
    assert told_apart((4.0, 0.5), (2.0, 0.5), 3)
    assert not told_apart((4.0, math.inf), (2.0, 0.5), 3)
