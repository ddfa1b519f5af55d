import pandas as pd
import pytest

from qamro.studies import Study
from qamro.training.splits import PARTS, folds, group_of_clip, official_split, split, subset


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


def test_folds_test_every_clip_once_and_share_no_content():
    made = study()
    group = group_of_clip(made, "content")
    cut = folds(made, 4, hold_out="content", seed=3)
    assert sorted(clip for parts in cut for clip in parts["test"]) == sorted(made.clips["clip"])
    for parts in cut:
        assert sorted(clip for clips in parts.values() for clip in clips) == sorted(made.clips["clip"])
        kept = [{group[clip] for clip in parts[part]} for part in ("train", "validation", "test")]
        assert all(kept)
        assert sum(map(len, kept)) == len(set.union(*kept))
        assert parts["calibration"] == []


@pytest.mark.parametrize("count", [2, 11])
def test_too_few_groups_or_folds(count):
    with pytest.raises(ValueError, match="3 to 10 folds"):
        folds(study(), count, hold_out="content")


def test_published_split_is_kept():
    made = study()
    assert official_split(made) is None
    made.clips["split"] = ["train"] * 150 + ["dev"] * 30 + ["test"] * 10 + [""] * 10
    parts = official_split(made)
    assert [len(parts[part]) for part in PARTS] == [150, 30, 0, 10]
    assert parts["validation"] == list(made.clips["clip"][150:180])


def test_where_no_test_list_was_published_dev_is_the_test_part():
    made = study()
    made.clips["split"] = ["train"] * 150 + ["dev"] * 50
    parts = official_split(made)
    assert parts["test"] == list(made.clips["clip"][150:])
    assert len(parts["validation"]) == 15  # one prompt of ten, in 15 systems
    group = group_of_clip(made, "content")
    assert not {group[clip] for clip in parts["train"]} & {group[clip] for clip in parts["validation"]}
    assert len(parts["train"]) == 135
