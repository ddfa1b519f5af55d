"""Scales: mapped when asked, exactly, and never past their ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qamro.studies import StudyError
from qamro.studies.importers.found import find
from qamro.studies.importers.guessing import guess
from qamro.studies.importers.reading import read
from qamro.studies.importers.scales import ScaleMap, likely_scale
from tests.studies.extracts import write_pam

ENDS = st.floats(-1000, 1000).map(lambda x: round(x, 3))


@given(a=ENDS, b=ENDS, c=ENDS, d=ENDS, shares=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_map_is_the_straight_line_between_the_ends(a, b, c, d, shares):
    assume(abs(a - b) > 0.01 and abs(c - d) > 0.01)
    there = ScaleMap(min(a, b), max(a, b), min(c, d), max(c, d))
    scores = np.array([there.from_low + share * (there.from_high - there.from_low) for share in shares])
    expected = [there.to_low + share * (there.to_high - there.to_low) for share in shares]
    np.testing.assert_allclose(there(scores), expected, atol=1e-7)
    ends = np.array([there.from_low, there.from_high])
    assert there(ends).tolist() == [there.to_low, there.to_high]
    back = ScaleMap(there.to_low, there.to_high, there.from_low, there.from_high)
    np.testing.assert_allclose(back(there(scores)), scores, atol=1e-6)


@pytest.mark.parametrize("ends", [(1, 1, 0, 1), (5, 1, 0, 1), (0, float("inf"), 0, 1), (0, 1, float("nan"), 1)])
def test_a_scale_has_an_extent(ends):
    with pytest.raises(ValueError, match="a scale goes from a number to a higher one"):
        ScaleMap(*ends)


@pytest.mark.parametrize(
    ("axis", "low", "high", "scale"),
    [
        ("MI", 1, 4.8, (1, 5)),
        ("MI", 3, 88, (0, 100)),
        ("PQ", 2, 9, (1, 10)),
        ("PQ", 0, 9, (0, 10)),
        ("quality", 1, 5, (1, 5)),
        ("quality", 0, 4.5, (0, 5)),
        ("quality", 0, 1, (0, 1)),
        ("quality", 12, 97.5, (0, 100)),
        ("quality", -4, 97.5, None),
    ],
)
def test_a_likely_scale_holds_what_was_found(axis, low, high, scale):
    found, why = likely_scale(axis, low, high)
    assert found == scale
    assert f"scores from {low:g} to {high:g}" in why


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mixed.csv"
    rows = [
        f"c{i},{r},quality,{(i % 5 + 1) * (20 if r == 'hundred' else 1)}" for i in range(8) for r in ("five", "hundred")
    ]
    path.write_text("\n".join(["clip,rater,axis,score", *rows]))
    return path


def test_scores_stay_as_found_until_somebody_says_otherwise(file):
    study = read(file, guess(file))
    assert study.ratings["score"].max() == 100
    assert "scale_maps" not in study.about
    assert "score_found" not in study.ratings.columns


def test_raters_with_scales_of_their_own_are_told_apart_and_mapped(file):
    layout = guess(file)
    found = {entry.rater: (entry.low, entry.high, entry.likely) for entry in find(file, layout).axes}
    assert found == {"five": (1, 5, (1, 5)), "hundred": (20, 100, (0, 100))}
    layout = layout.with_scale("quality", ScaleMap(0, 100, 1, 5), rater="hundred").with_scale(
        "quality", ScaleMap.declare(1, 5)
    )
    study = read(file, layout.with_name("quality", "MI"))
    scores = study.ratings.set_index(["rater", "clip"])["score"]
    assert study.axes == ["MI"]
    for i in range(8):
        assert scores["five", f"c{i}"] == i % 5 + 1
        assert scores["hundred", f"c{i}"] == pytest.approx(1 + 4 * (i % 5 + 1) * 20 / 100)
    assert study.about["scale_maps"] == {
        "MI": "1 to 5",
        "MI, hundred": "0 to 100, mapped linearly to 1 to 5",
    }
    assert study.about["axis_names"] == {"quality": "MI"}
    assert study.ratings["score_found"].max() == 100


@pytest.mark.parametrize(("scale", "row", "bad"), [((1, 5), 2, 20), ((2, 100), 1, 1)])
def test_a_score_off_the_declared_scale_is_an_error_with_its_place(file, scale, row, bad):
    layout = guess(file).with_scale("quality", ScaleMap(*scale, 0, 1))
    with pytest.raises(StudyError, match=rf"mixed\.csv, row {row}, column 'score': {bad} lies off the scale"):
        read(file, layout)
    assert read(file, layout.with_scale("quality", None)).axes == ["quality"]


def test_the_place_is_that_in_a_wide_table(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("clip,r1,r2\na,1,2\nb,3,\nc,4,9\n")
    with pytest.raises(StudyError, match="row 3, column 'r2': 9 lies off the scale 1 to 5"):
        read(path, guess(path).with_scale("quality", ScaleMap.declare(1, 5)))


def test_published_forms_can_be_mapped_too(tmp_path):
    path = write_pam(tmp_path)
    layout = guess(path)
    assert layout.is_fixed
    study = read(path, layout.with_scale("PQ", ScaleMap(0, 10, 1, 5)))
    plain = read(path, layout)
    mapped, found = (s.ratings.loc[s.ratings["axis"] == "PQ", "score"].to_numpy() for s in (study, plain))
    np.testing.assert_allclose(mapped, 1 + 0.4 * found)
    with pytest.raises(StudyError, match=r"lies off the scale 1 to 10 that was declared for CE"):
        read(path, layout.with_scale("CE", ScaleMap.declare(1, 10)))
