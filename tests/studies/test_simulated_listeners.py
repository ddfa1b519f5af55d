"""The panel: every listener follows the documented formula."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qamro.axes import AXES
from qamro.studies.simulated import Listener, clip_name, draw_listener, draw_prompt, draw_system, rate, rate_all

LOW = np.array([axis.low for axis in AXES.values()])
HIGH = np.array([axis.high for axis in AXES.values()])


def listener(**changes: float) -> Listener:
    plain = {"bias": 0.0, "gain": 1.0, "inconsistency": 0.0, "skips": 0.0} | changes
    return Listener(0, axis_bias=dict.fromkeys(AXES, 0.0), **plain)


def true_scores(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(LOW, HIGH, size=(n, 6))


PROMPTS = [draw_prompt(k) for k in range(300)]


def test_a_plain_listener_rounds() -> None:
    true = true_scores(300)
    ratings = rate(listener(), draw_system(0), PROMPTS, true)
    np.testing.assert_array_equal(ratings, np.round(true))


@pytest.mark.parametrize(("bias", "gain"), [(0.1, 1.0), (-0.2, 1.0), (0.0, 0.5), (0.05, 1.6)])
def test_bias_and_gain_follow_the_formula(bias: float, gain: float) -> None:
    true = true_scores(300)
    ratings = rate(listener(bias=bias, gain=gain), draw_system(0), PROMPTS, true)
    middle = (LOW + HIGH) / 2
    expected = np.clip(np.round(middle + gain * (true - middle) + bias * (HIGH - LOW)), LOW, HIGH)
    np.testing.assert_array_equal(ratings, expected)


def test_inconsistency_is_a_deviation_in_shares_of_the_range() -> None:
    middle = np.tile((LOW + HIGH) / 2, (300, 1))
    ratings = rate(listener(inconsistency=0.1), draw_system(0), PROMPTS, middle)
    deviation = (ratings - middle).std(0)
    np.testing.assert_allclose(deviation, np.sqrt((0.1 * (HIGH - LOW)) ** 2 + 1 / 12), rtol=0.15)
    correlation = np.corrcoef(ratings.T) - np.eye(6)
    assert np.abs(correlation).max() < 0.25


def test_skipped_clips_have_no_rating_at_all() -> None:
    ratings = rate(listener(skips=0.3), draw_system(0), PROMPTS, true_scores(300))
    missing = np.isnan(ratings)
    assert (missing.all(1) == missing.any(1)).all()
    assert missing.all(1).mean() == pytest.approx(0.3, abs=0.08)


def test_ratings_depend_on_listener_system_and_prompt_only() -> None:
    true = true_scores(20)
    who = draw_listener(3, seed=2)
    all_of_them = rate(who, draw_system(1, 2), PROMPTS[:20], true, 2)
    np.testing.assert_array_equal(rate(who, draw_system(1, 2), PROMPTS[5:9], true[5:9], 2), all_of_them[5:9])
    assert not np.array_equal(rate(who, draw_system(2, 2), PROMPTS[:20], true, 2), all_of_them)
    assert not np.array_equal(rate(draw_listener(4, 2), draw_system(1, 2), PROMPTS[:20], true, 2), all_of_them)


def test_panels_are_drawn_as_documented() -> None:
    panel = [draw_listener(k, seed=1) for k in range(400)]
    assert np.std([who.bias for who in panel]) == pytest.approx(0.06, rel=0.15)
    assert np.std([who.axis_bias["TA"] for who in panel]) == pytest.approx(0.03, rel=0.15)
    assert np.std(np.log([who.gain for who in panel])) == pytest.approx(0.15, rel=0.15)
    assert np.median([who.inconsistency for who in panel]) == pytest.approx(0.10, rel=0.1)
    assert min(who.skips for who in panel) >= 0
    assert max(who.skips for who in panel) <= 0.2
    assert panel[0].name == "L01"


def test_a_panel_in_a_table_says_what_each_listener_says() -> None:
    systems, prompts = [draw_system(k) for k in range(2)], PROMPTS[:5]
    panel = [draw_listener(k) for k in range(3)]
    names = [clip_name(system, prompt) for system in systems for prompt in prompts]
    scores = pd.DataFrame(true_scores(10), index=names, columns=list(AXES))
    table = rate_all(systems, prompts, panel, scores)
    assert list(table.columns) == ["clip", "rater", "axis", "score"]
    found = {(row.clip, row.rater, row.axis): row.score for row in table.itertuples()}
    assert len(found) == len(table)
    expected = {}
    for s, system in enumerate(systems):
        for who in panel:
            ratings = rate(who, system, prompts, scores.to_numpy()[5 * s : 5 * s + 5])
            for prompt, row in zip(prompts, ratings, strict=True):
                for axis, score in zip(AXES, row, strict=True):
                    if not np.isnan(score):
                        expected[clip_name(system, prompt), who.name, axis] = score
    assert found == expected
