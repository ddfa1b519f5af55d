import pandas as pd
import pytest

from qamro.studies import Study
from qamro.training.splits import PARTS, group_of_clip, split, subset


def study(systems=20, contents=10, **columns) -> Study:
    clips = pd.DataFrame(
        [(f"s{s}_{c}", f"s{s}", f"prompt {c}") for s in range(systems) for c in range(contents)],
        columns=["clip", "system", "prompt"],
    ).assign(**columns)
    return Study(clips, pd.DataFrame({"clip": clips["clip"], "axis": "MI", "score": 3.0}))


@pytest.mark.parametrize(("hold_out", "column"), [("system", "system"), ("content", "prompt"), ("auto", "system")])
def test_no_group_stands_on_two_sides_and_no_clip_is_lost(hold_out, column):
    made = study()
    parts = split(made, hold_out=hold_out)
    assert tuple(parts) == PARTS
    assert sorted(clip for part in parts.values() for clip in part) == sorted(made.clips["clip"])
    group = dict(zip(made.clips["clip"], made.clips[column], strict=True))
    sides = [{group[clip] for clip in part} for part in parts.values()]
    assert all(sides)
    assert sum(map(len, sides)) == len(set().union(*sides))


def test_few_systems_hold_out_content():
    assert group_of_clip(study(systems=8), "auto")["s0_3"] == "prompt 3"


def test_the_source_column_says_what_content_is():
    made = study(systems=2, contents=4, source=["a", "b"] * 4)
    assert group_of_clip(made, "content")["s1_2"] == "a"


def test_another_seed_is_another_split_and_the_same_seed_the_same():
    assert split(study(), seed=1) != split(study(), seed=2)
    assert split(study(), seed=1) == split(study(), seed=1)


@pytest.mark.parametrize("systems", [4, 5, 7])
def test_small_studies_leave_no_part_empty(systems):
    assert all(split(study(systems=systems), hold_out="system").values())


def test_too_few_groups_are_refused():
    with pytest.raises(ValueError, match="has 3 groups"):
        split(study(systems=3), hold_out="system")
    with pytest.raises(ValueError, match="hold_out"):
        split(study(), hold_out="random")


def test_subset_keeps_clips_with_their_ratings():
    part = subset(study(), ["s0_1", "s3_2"])
    assert list(part.clips["clip"]) == list(part.ratings["clip"]) == ["s0_1", "s3_2"]
