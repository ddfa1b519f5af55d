"""plan: the sentence in both orders, typed deviations, a pilot, goals, JSON, and wrong use."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.evaluation.test_variances import made
from tests.report.data import small_study

TYPED = ("--between-sd", 0.5, "--clips-sd", 0.6, "--noise-sd", 1.0)


def test_typed_deviations_say_that_more_clips_tell_more(run, tmp_path):
    result = run("plan", *TYPED, "--systems", 6, "--delta", 0.3, "--json", tmp_path / "p.json")
    assert result.exit_code == 0, result.output
    first, basis, head, *rows = result.stdout.splitlines()
    told = json.loads((tmp_path / "p.json").read_text())
    designs = {(each["design"]["clips"], each["design"]["ratings"]): each for each in told["designs"]}
    few = f"{100 * designs[20, 5]['apart']:.0f} %"
    assert first == (
        f"20 clips of each system rated 5 times tell about {few} of the 15 pairs apart; "
        f"100 clips rated once tell {100 * designs[100, 1]['apart']:.0f} % for as many ratings."
    )
    assert designs[100, 1]["apart"] > designs[20, 5]["apart"]
    deviations = ("between systems 0.50 (typed)", "clips of a system 0.60 (typed)", "noise of a rating 1.00 (typed)")
    assert basis == f"Standard deviations: {', '.join(deviations)}."
    assert head.split("  ")[0] == "clips x ratings"
    assert rows[0].startswith("20 x 5")
    assert f"{designs[20, 5]['mean']:.3f}" in rows[0]
    assert told["kind"] == "typed"
    assert told["variances"]["clips"] == pytest.approx(0.36)


def test_the_other_order_says_that_nothing_tells_more(run):
    result = run("plan", *TYPED, "--systems", 6, "--design", "100x1")
    assert "no other spread of as many ratings that was tried tells more." in result.stdout


def test_fewer_ratings_and_prices_are_said_as_they_are(run):
    fewer = run("plan", *TYPED, "--systems", 6, "--max-clips", 85).stdout.splitlines()[0]
    assert "85 clips rated once" in fewer
    assert fewer.endswith("for fewer ratings (510 instead of 600).")
    priced = run("plan", *TYPED, "--systems", 6, "--clip-price", 100, "--design", "40x2").stdout
    assert "100 clips" not in priced
    assert "cost" in priced.splitlines()[2]
    assert "of the same cost" in priced or "a cost of" in priced or "for the same cost" in priced


def test_two_systems_are_one_pair(run):
    assert "tell the two systems apart with a chance of about" in run("plan", *TYPED, "--systems", 2).stdout


def test_a_pilot_brings_its_components_raters_and_systems(run, tmp_path):
    study = made(np.random.default_rng(1), systems=4, clips=8, panel=6, raters=0.3, ratings=4)
    study.save(tmp_path / "pilot")
    result = run("plan", "--ratings", tmp_path / "pilot", "--json", tmp_path / "p.json", "--goal", "mean:0.5")
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "p.json").read_text())
    assert told["systems"] == 4
    assert told["kind"] == "human"
    assert told["axis"] == "MI"
    assert {each["design"]["raters"] for each in told["designs"]} == {6}
    assert set(told["low"]) == {"between", "clips", "raters", "rest"}
    for each in told["designs"]:
        assert each["apart_low"] <= each["apart"] + 0.1
        assert each["apart"] <= each["apart_high"] + 0.1
    if told["cheapest"]:
        assert told["cheapest"]["mean"] <= 0.5
        assert "The cheapest design that reaches mean:0.5" in result.stdout
    else:
        assert "No design of up to" in result.stdout
    assert "128 ratings by people (made, REML, 95 % intervals)" in result.stdout
    other = run("plan", "--ratings", tmp_path / "pilot", "--clips-sd", 2, "--systems", 9, "--json", tmp_path / "q.json")
    assert other.exit_code == 0, other.output
    assert "clips of a system 2.00 (typed)" in other.stdout
    assert "of the 36 pairs" in other.stdout
    assert json.loads((tmp_path / "q.json").read_text())["variances"]["clips"] == 4


def test_a_goal_out_of_reach_is_said(run):
    result = run("plan", *TYPED, "--systems", 3, "--goal", "mean:0.001", "--max-clips", 50)
    assert result.exit_code == 0
    assert "No design of up to 50 clips rated up to 20 times reaches mean:0.001." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--systems", 3), "without a pilot, give --between-sd, --clips-sd, --noise-sd"),
        (TYPED, "--systems"),
        ((*TYPED, "--systems", 3, "--design", "20"), "a design is CLIPSxRATINGS"),
        ((*TYPED, "--systems", 3, "--goal", "best"), "a goal is pairs:SHARE"),
        ((*TYPED, "--systems", 3, "--goal", "power:0.8"), "name it with delta"),
        (("--ratings", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_wrong_use_says_what_to_do(run, arguments, message):
    result = run("plan", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_studies_that_cannot_be_planned_from_name_the_options(run, tmp_path):
    study = small_study()
    one = study.ratings.drop_duplicates(["clip", "axis"]).reset_index(drop=True)
    type(study)(study.clips, one).save(tmp_path / "single")
    result = run("plan", "--ratings", tmp_path / "single", "--axis", study.axes[0])
    assert result.exit_code == 2
    assert "a clip with two ratings" in result.stderr
    assert "--clips-sd" in result.stderr
    study.save(tmp_path / "study")
    other = run("plan", "--ratings", tmp_path / "study", "--axis", "no such")
    assert other.exit_code == 2
    assert "no axis 'no such' in" in other.stderr
