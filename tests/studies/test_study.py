"""Study: means, counts and standard errors against plain loops; audio; ratings off their scale."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qamro.studies import Study, StudyError

from .extracts import write_codec, write_survey
from .made import random_study


@pytest.mark.parametrize("seed", range(3))
def test_clip_means_equal_a_plain_loop(seed):
    study = random_study(seed)
    means = study.clip_means()
    seen = 0
    for clip, axis in {(row.clip, row.axis) for row in study.ratings.itertuples()}:
        scores = [row.score for row in study.ratings.itertuples() if (row.clip, row.axis) == (clip, axis)]
        (row,) = means[(means["clip"] == clip) & (means["axis"] == axis)].itertuples()
        assert row.mean == pytest.approx(statistics.mean(scores))
        assert row.count == len(scores)
        if len(scores) > 1:
            assert row.sem == pytest.approx(statistics.stdev(scores) / math.sqrt(len(scores)))
        else:
            assert math.isnan(row.sem)
        seen += 1
    assert seen == len(means)
    assert means["clip"].drop_duplicates().tolist() == [c for c in study.clips["clip"] if c in set(means["clip"])]


def test_a_raters_repeated_ratings_count_once_and_anonymous_ones_are_each_their_own():
    clips = pd.DataFrame({"clip": ["k", "m"], "system": ["a", "b"]})
    rows = [("k", "p", 1.0), ("k", "p", 2.0), ("k", "q", 4.5), ("m", "p", 3.0), ("m", "p", 3.0), ("m", "q", 5.0)]
    named = pd.DataFrame(rows, columns=["clip", "rater", "score"]).assign(axis="MI")
    other = named.assign(axis="TA", rater="")
    study = Study(clips, pd.concat([named, other], ignore_index=True))
    means = study.clip_means().set_index(["axis", "clip"])
    assert means.loc[("MI", "k"), ["mean", "count"]].tolist() == [3.0, 2]
    assert means.loc[("MI", "k"), "sem"] == pytest.approx(np.std([1.5, 4.5], ddof=1) / math.sqrt(2))
    assert means.loc[("MI", "m"), ["mean", "count"]].tolist() == [4.0, 2]
    assert means.loc[("TA", "k"), ["mean", "count"]].tolist() == [2.5, 3]
    assert (study.repeats, len(study.ratings), len(study.counted)) == (2, 12, 10)
    assert "10 ratings" in repr(study)
    assert study.ratings["score"].tolist() == [row[2] for row in rows] * 2, "what was given stays"


@pytest.mark.parametrize("blank", [False, True])
def test_mos_agreement_and_counts_take_repeats_alike(blank):
    """A study with repeats, a nameless rating among them or not, and the same one without, held against each other."""
    from qamro.evaluation.agreement import agreement, rating_matrix
    from qamro.evaluation.significance import blocks_of
    from qamro.evaluation.worst_cases import most_divided

    rng = np.random.default_rng(0)
    clips = pd.DataFrame(
        [(f"{s}{c}", s, f"p{c}") for s in "abcd" for c in range(5)], columns=["clip", "system", "prompt"]
    )
    rows = [(clip, f"r{r}", "MI", float(rng.integers(1, 6))) for clip in clips["clip"] for r in range(4)]
    if blank:
        rows.append(("a0", "", "MI", 3.0))
    once = pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"])
    again = once[once["rater"] != ""].sample(12, random_state=1, replace=True).assign(score=5.0)
    repeated = pd.concat([once, again], ignore_index=True)
    keys = ["clip", "rater", "axis"]
    merged = repeated.groupby(keys, sort=False, as_index=False)["score"].mean()
    one, other = Study(clips, repeated), Study(clips, merged)
    assert (one.repeats, other.repeats) == (12, 0)
    pd.testing.assert_frame_equal(one.clip_means(), other.clip_means())
    pd.testing.assert_frame_equal(one.system_means(), other.system_means())
    matrices = [rating_matrix(study, "MI") for study in (one, other)]
    np.testing.assert_array_equal(matrices[0].scores, matrices[1].scores)
    assert [matrix.repeated for matrix in matrices] == [12, 0]
    tables = [agreement(study, draws=20).drop(columns="note") for study in (one, other)]
    pd.testing.assert_frame_equal(*tables)
    pd.testing.assert_frame_equal(most_divided(one, "MI"), most_divided(other, "MI"))
    np.testing.assert_array_equal(blocks_of(one, "MI")[0], blocks_of(other, "MI")[0])


@pytest.mark.parametrize("seed", range(3))
def test_system_means_are_means_over_clips_not_over_ratings(seed):
    study = random_study(seed)
    clips, systems = study.clip_means(), study.system_means()
    assert "" not in set(systems["system"])
    for row in systems.itertuples():
        mine = clips[(clips["system"] == row.system) & (clips["axis"] == row.axis)]
        values = mine["mean"].tolist()
        assert row.mean == pytest.approx(statistics.mean(values))
        assert (row.count, row.ratings) == (len(values), mine["count"].sum())
        if len(values) > 1:
            assert row.sem == pytest.approx(statistics.stdev(values) / math.sqrt(len(values)))
        else:
            assert math.isnan(row.sem)
    assert len(systems) == len(clips[clips["system"] != ""].drop_duplicates(["system", "axis"]))


def test_axes_and_systems_are_listed_in_order():
    study = random_study()
    assert study.axes == ["MI", "TA", "quality"]
    assert study.systems == ["a", "b", "c"]
    assert "24 clips, 3 systems" in repr(study)
    assert study.has_raters
    assert not study.holds_means


def test_means_of_several_ratings_count_as_many_and_stay_exact():
    clips = pd.DataFrame({"clip": ["a", "b"], "system": ["s", "s"]})
    ratings = pd.DataFrame(
        {"clip": ["a", "b", "b"], "axis": "MI", "score": [2.2, 4.0, 1.0], "mean_of": [5, 3, 1]},
    )
    study = Study(clips, ratings)
    means = study.clip_means()
    assert study.holds_means
    assert not study.has_raters
    assert means["mean"].tolist() == [2.2, pytest.approx((3 * 4.0 + 1.0) / 4)]
    assert means["count"].tolist() == [5, 4]
    assert means["sem"].isna().all()
    assert study.system_means()["ratings"].tolist() == [9]


def test_missing_raters_make_a_study_anonymous():
    clips = pd.DataFrame({"clip": ["a"]})
    with_nan = pd.DataFrame({"clip": ["a", "a"], "rater": [np.nan, np.nan], "axis": "MI", "score": [1, 2]})
    assert Study(clips, with_nan).ratings["rater"].tolist() == ["", ""]
    assert not Study(clips, with_nan).has_raters
    one_named = with_nan.assign(rater=["p", None])
    assert not Study(clips, one_named).has_raters


def test_zeros_are_kept_and_reported():
    clips = pd.DataFrame({"clip": ["a", "b"]})
    ratings = pd.DataFrame(
        [
            ("a", "PQ", 0),
            ("a", "PQ", 0),
            ("a", "PQ", 10),
            ("b", "PC", 0),
            ("b", "MI", 6),
            ("b", "MI", 1),
            ("b", "q", -9),
        ],
        columns=["clip", "axis", "score"],
    )
    study = Study(clips, ratings)
    found = {(row.axis, row.score): row.count for row in study.out_of_range().itertuples(index=False)}
    assert found == {("PQ", 0): 2, ("PC", 0): 1, ("MI", 6): 1}
    assert study.ratings["score"].tolist() == [0, 0, 10, 0, 6, 1, -9]
    inside = Study(clips, ratings[ratings["axis"] == "q"])
    assert inside.out_of_range().empty
    assert list(inside.out_of_range().columns) == ["axis", "score", "count"]


def test_audio_paths_and_what_is_missing(tmp_path):
    (tmp_path / "there.wav").write_bytes(b"x")
    clips = pd.DataFrame({"clip": ["a", "b", "c", "d"], "path": ["there.wav", "gone.wav", "", tmp_path / "there.wav"]})
    ratings = pd.DataFrame({"clip": ["a"], "axis": ["MI"], "score": [1]})
    study = Study(clips, ratings, root=tmp_path)
    assert study.audio_path("a") == tmp_path / "there.wav"
    assert study.audio_path("d") == tmp_path / "there.wav"
    assert study.missing_audio() == ["b", "c"]
    with pytest.raises(KeyError, match="no clip 'z'"):
        study.audio_path("z")
    with pytest.raises(FileNotFoundError, match="names no audio file for clip 'c'"):
        study.audio_path("c")


def test_tables_are_copies():
    clips = pd.DataFrame({"clip": ["a"]})
    ratings = pd.DataFrame({"clip": ["a"], "axis": ["MI"], "score": [1]})
    study = Study(clips, ratings)
    clips.loc[0, "clip"] = "changed"
    ratings.loc[0, "score"] = 99
    assert study.clips["clip"].tolist() == ["a"]
    assert study.ratings["score"].tolist() == [1.0]
    assert list(clips.columns) == ["clip"]


def test_an_empty_study_has_empty_tables():
    empty = Study(pd.DataFrame({"clip": []}), pd.DataFrame({"clip": [], "axis": [], "score": []}))
    assert empty.axes == []
    assert not empty.has_raters
    assert empty.clip_means().empty
    assert empty.system_means().empty
    assert empty.out_of_range().empty


def test_kind_is_checked():
    with pytest.raises(ValueError, match="'human' or 'simulated', not 'robot'"):
        Study(pd.DataFrame({"clip": []}), pd.DataFrame({"clip": [], "axis": [], "score": []}), kind="robot")


def test_what_rebuilds_a_study_keeps_its_votes():
    from qamro.evaluation.raters.model import leave_out

    clips = pd.DataFrame({"clip": list("abcd"), "system": ["S", "S", "T", "T"]})
    ratings = pd.DataFrame(
        {"clip": list("abcd"), "rater": ["r1", "r2", "r1", "r2"], "axis": "MI", "score": [1, 2, 3, 4]}
    )
    votes = pd.DataFrame(
        {"clip_a": ["a", "a", "b"], "clip_b": ["c", "b", "d"], "rater": ["r1", "r2", "r1"], "winner": ["a", "b", "tie"]}
    )
    study = Study(clips, ratings, name="both", about={"licence": "x"}, votes=votes)
    assert len(study.replace(name="other").votes) == 3
    assert study.replace(name="other").about == {"licence": "x"}
    assert len(study.with_clips(study.clips.assign(path="p")).votes) == 3
    part = study.of_clips(["a", "b", "c"])
    assert part.votes[["clip_a", "clip_b"]].to_numpy().tolist() == [["a", "c"], ["a", "b"]]
    assert part.ratings["clip"].tolist() == ["a", "b", "c"]
    assert study.of_clips(["d"]).votes is None
    assert leave_out(study, ["r1"]).votes["rater"].tolist() == ["r2"]
    assert leave_out(study, ["r1"]).ratings["rater"].tolist() == ["r2", "r2"]


# A study's folder: what is saved is loaded again, and what cannot be loaded is named.


def test_save_and_load_round_trip(tmp_path):
    study = random_study()
    study.about = {"licence": "CC BY 4.0", "note": "Größe, 音"}
    study.kind = "simulated"
    back = Study.load(study.save(tmp_path / "a" / "b"))
    pd.testing.assert_frame_equal(back.clips, study.clips)
    pd.testing.assert_frame_equal(back.ratings, study.ratings)
    assert (back.name, back.kind, back.about) == ("random", "simulated", study.about)
    assert back.root == tmp_path / "a" / "b"


def test_awkward_text_survives_a_round_trip(tmp_path):
    names = [
        '=cmd|"x"!A1',
        "-T4GeTHKtJQ.wav",
        "a,b\nc.wav",
        "NA",
        "007",
        "[red]x[/red]",
        "été.wav",
        "tab\tand\rreturn",
        " blanks ",
    ]
    clips = pd.DataFrame({"clip": names, "prompt": 'say "hi", twice', "year": "2020"})
    ratings = pd.DataFrame({"clip": names, "rater": "01", "axis": "MI", "score": 0.1 + 0.2, "listened_ms": 12})
    back = Study.load(Study(clips, ratings).save(tmp_path))
    assert back.clips["clip"].tolist() == names
    assert set(back.clips["prompt"]) == {'say "hi", twice'}
    assert back.ratings["score"].tolist() == [0.1 + 0.2] * len(names)
    assert set(back.ratings["rater"]) == {"01"}
    assert back.ratings["listened_ms"].tolist() == [12] * len(names)


def test_saved_paths_still_find_their_files(tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / "audio").mkdir(parents=True)
    (home / "audio" / "a.wav").write_bytes(b"x")
    clips = pd.DataFrame({"clip": ["a", "b"], "path": ["audio/a.wav", ""]})
    ratings = pd.DataFrame({"clip": ["a"], "axis": ["MI"], "score": [1]})
    study = Study(clips, ratings, root=home)

    elsewhere = Study.load(study.save(tmp_path / "elsewhere"))
    assert elsewhere.missing_audio() == ["b"]
    same = Study.load(study.save(home))
    assert same.clips["path"].tolist() == ["audio/a.wav", ""]

    monkeypatch.chdir(home)
    without_root = Study.load(Study(clips, ratings).save(tmp_path / "third"))
    assert without_root.missing_audio() == ["b"]
    inside = Study.load(Study(clips, ratings).save(home))
    assert inside.clips["path"].tolist() == ["audio/a.wav", ""]


def test_load_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no clips\.csv"):
        Study.load(tmp_path)
    (tmp_path / "clips.csv").write_text("clip\na\n")
    with pytest.raises(FileNotFoundError, match=r"holds no ratings\.csv"):
        Study.load(tmp_path)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("ratings.csv", "clip,axis\na,MI\n", r"ratings\.csv has no column 'score'; it has clip, axis"),
        ("ratings.csv", "clip,axis,score\na,MI,\n", r"row 1 \(clip 'a'\): score '' is not a finite number"),
        ("ratings.csv", "clip,axis,score\na,MI,3\nz,MI,3\n", r"row 2: clip 'z' is not in the clips table"),
        ("ratings.csv", "clip,axis,score\na,MI,3,4\n", r"ratings\.csv, row 1: 4 cells where 3"),
        ("ratings.csv", "", r"ratings\.csv is empty"),
        ("clips.csv", "clip\na\na\n", "clips row 2: clip 'a' stands twice"),
        ("clips.csv", "clip;path\na;b\n", "no column 'clip'.*separate columns by commas"),
        ("clips.csv", "clip,path,path\na,b,c\n", "two columns named 'path'"),
        ("study.json", "{", r"study\.json is not valid"),
        ("study.json", "[]", r"study\.json is not valid"),
        ("study.json", '{"kind": "robot"}', "'human' or 'simulated'"),
    ],
)
def test_load_names_the_file_and_the_fault(tmp_path, file, text, message):
    (tmp_path / "clips.csv").write_text("clip\na\n")
    (tmp_path / "ratings.csv").write_text("clip,axis,score\na,MI,3\n")
    (tmp_path / file).write_text(text)
    with pytest.raises(StudyError, match=message) as caught:
        Study.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_tables_that_are_not_text_are_refused(tmp_path):
    (tmp_path / "clips.csv").write_bytes(b"RIFF\x00\xff\xfe\x81")
    (tmp_path / "ratings.csv").write_text("clip,axis,score\na,MI,3\n")
    with pytest.raises(StudyError, match=r"clips\.csv is not a table of text"):
        Study.load(tmp_path)


def test_a_byte_order_mark_and_blank_lines_are_no_obstacle(tmp_path):
    (tmp_path / "clips.csv").write_bytes("\ufeffclip,path\r\n\r\na,\r\n".encode())
    (tmp_path / "ratings.csv").write_text("\n clip , axis,score,,\na, MI , 3,,\n")
    study = Study.load(tmp_path)
    assert study.clips["clip"].tolist() == ["a"]
    assert study.ratings[["axis", "score"]].to_numpy().tolist() == [["MI", 3.0]]


@pytest.mark.parametrize(
    ("write", "clips", "systems", "raters"), [(write_codec, 128, 8, 19), (write_survey, 104, 4, 65)]
)
def test_folders_of_two_tables_without_study_json(tmp_path, write, clips, systems, raters):
    folder = write(tmp_path / "own")
    study = Study.load(folder)
    ratings = len((folder / "ratings.csv").read_text().splitlines()) - 1
    assert (study.name, len(study.clips), len(study.systems)) == ("own", clips, systems)
    assert (len(study.ratings), study.ratings["rater"].nunique()) == (ratings, raters)
    assert study.axes == ["quality"]
    assert study.missing_audio() == []
    assert study.clip_means()["count"].sum() == ratings


def test_json_of_odd_notes(tmp_path):
    study = random_study()
    study.about = {"where": Path("x"), "when": pd.Timestamp("2024-01-01")}
    study.save(tmp_path)
    assert json.loads((tmp_path / "study.json").read_text())["about"]["where"] == "x"
