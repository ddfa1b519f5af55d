import pandas as pd
import pytest

from qamro.studies import Study
from qamro.training.splits import PARTS, folds, group_of_clip, official_split, split


def study(systems=20, contents=10, **columns) -> Study:
    clips = pd.DataFrame(
        [(f"s{s}_{c}", f"s{s}", f"prompt {c}") for s in range(systems) for c in range(contents)],
        columns=["clip", "system", "prompt"],
    ).assign(**columns)
    return Study(clips, pd.DataFrame({"clip": clips["clip"], "axis": "MI", "score": 3.0}))


@pytest.mark.parametrize(("hold_out", "column"), [("system", "system"), ("content", "prompt")])
def test_no_group_stands_on_two_sides_and_no_clip_is_lost(hold_out, column):
    made = study()
    parts = split(made, hold_out=hold_out)
    assert tuple(parts) == PARTS
    assert sorted(clip for part in parts.values() for clip in part) == sorted(made.clips["clip"])
    group = dict(zip(made.clips["clip"], made.clips[column], strict=True))
    sides = [{group[clip] for clip in part} for part in parts.values()]
    assert all(sides)
    assert sum(map(len, sides)) == len(set().union(*sides))


@pytest.mark.parametrize("systems", [8, 40])
def test_content_is_held_out_unless_something_else_is_asked_for(systems):
    made = study(systems=systems)
    prompts = dict(zip(made.clips["clip"], made.clips["prompt"], strict=True))
    sides = [{prompts[clip] for clip in part} for part in split(made).values()]
    assert sum(len(side) for side in sides) == len(set(prompts.values()))


def test_the_source_column_says_what_content_is():
    made = study(systems=2, contents=4, source=["a", "b"] * 4)
    assert group_of_clip(made, "content")["s1_2"] == "a"


def test_a_file_that_is_rated_against_two_prompts_stands_on_one_side():
    made = study(systems=3, contents=8)
    made.clips["path"] = [f"{clip}.wav" for clip in made.clips["clip"]]
    twice = made.clips["clip"].isin(["s0_1", "s0_5"])
    made.clips.loc[twice, "path"] = "one.wav"  # so prompts 1 and 5, and all their clips, stay together
    groups = group_of_clip(made, "content")
    assert groups["s0_1"] == groups["s0_5"] == groups["s2_1"] == groups["s1_5"]
    assert len(set(groups.values())) == 7
    for seed in range(5):
        sides = [part for part in split(made, hold_out="content", seed=seed).values() if {"s0_1", "s0_5"} & set(part)]
        assert len(sides) == 1
    assert group_of_clip(made, "system")["s0_5"] == "s0"


def test_a_catch_stays_with_the_sound_that_it_is_of_and_joins_nothing():
    made = study(systems=3, contents=8)
    made.clips["catch_of"] = ""
    made.clips.loc[made.clips["clip"] == "s1_4", "catch_of"] = "s1_2"
    groups = group_of_clip(made, "content")
    assert groups["s1_4"] == groups["s1_2"] == "prompt 2"
    assert groups["s0_4"] == "prompt 4"


def test_systems_and_content_at_once_share_neither():
    made = study(systems=24, contents=30)
    parts = split(made, hold_out="both")
    assert tuple(parts) == PARTS
    assert all(parts.values())
    for column in ("system", "prompt"):
        of = dict(zip(made.clips["clip"], made.clips[column], strict=True))
        sides = [{of[clip] for clip in part} for part in parts.values()]
        assert sum(map(len, sides)) == len(set().union(*sides)), column
    assert sum(map(len, parts.values())) < len(made.clips), "what would stand between two parts is left out"
    with pytest.raises(ValueError, match="too small to hold out systems and content at once"):
        split(study(systems=4, contents=4).of_clips(["s0_0", "s1_1", "s2_2", "s3_3"]), hold_out="both")
    with pytest.raises(ValueError, match="folds cannot hold out"):
        folds(made, 5, hold_out="both")


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
    part = study().of_clips(["s0_1", "s3_2"])
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
