"""Designs that can be run, and those that cannot."""

from __future__ import annotations

import pytest

from qamro.studies.listening import PREFERENCE, Design, ListeningError, Scale, known_scale

from .made import MI, PQ


@pytest.mark.parametrize(
    ("low", "high", "step", "buttons"),
    [(1, 5, 1, 5), (1, 10, 1, 10), (0, 10, 1, 11), (-3, 3, 1, 7), (0, 100, 1, 0), (0, 1, 0.01, 0), (0.5, 5, 0.045, 0)],
)
def test_steps_of_scales(low, high, step, buttons):
    scale = Scale("x", low, high)
    assert scale.step == pytest.approx(step)
    assert len(scale.values) == buttons
    assert scale.accepts(low)
    assert scale.accepts(high)
    assert scale.accepts(low + 3 * step)
    assert not scale.accepts(low + 0.5 * step)
    assert not scale.accepts(high + step)
    assert not scale.accepts(float("nan"))


def test_a_design_survives_json():
    design = Design("größe", scales=(MI, PQ, Scale("own", 0, 100, "Own", "what")), repeats=3, seconds=4.5)
    assert Design.from_json(design.to_json()) == design


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": " ", "scales": (MI,)}, "name"),
        ({"name": "x"}, "at least one axis"),
        ({"name": "x", "mode": "ranking"}, "mode"),
        ({"name": "x", "mode": PREFERENCE, "scales": (MI,)}, "no axes of one's own"),
        ({"name": "x", "scales": (MI, MI)}, "taken"),
        ({"name": "x", "scales": (Scale(PREFERENCE, 0, 1),)}, "taken"),
        ({"name": "x", "scales": (MI,), "repeats": -1}, "repeats"),
        ({"name": "x", "scales": (MI,), "seconds": float("nan")}, "seconds"),
        ({"name": "x", "scales": (Scale("q", 0, 1),), "checks": 1}, "beeps"),
    ],
)
def test_designs_that_cannot_be_run(fields, message):
    with pytest.raises(ListeningError, match=message):
        Design(**fields)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (5, 1), (0, float("inf")), (float("nan"), 1)])
def test_ranges_that_are_none(low, high):
    with pytest.raises(ListeningError, match="a high end"):
        Scale("x", low, high)


def test_answers_fit_every_scale_that_can_hold_one():
    assert Design("x", scales=(MI, PQ)).answers == (2, 3, 4, 5)
    assert Design("x", scales=(MI, Scale("few", 1, 3))).answers == (2, 3)
    assert Design("x", scales=(MI, Scale("share", 0, 1))).answers == (2, 3, 4, 5)
    assert Design("x", scales=(Scale("share", 0, 1),)).answers == ()
    assert known_scale("CE").high == 10


def test_alignment_always_shows_prompts():
    assert Design("x", scales=(known_scale("TA"),)).shows_prompts
    assert not Design("x", scales=(MI,)).shows_prompts
