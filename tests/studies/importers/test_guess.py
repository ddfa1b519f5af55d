"""guess: the form and the meaning of columns, from real files and from the shapes that people bring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamro.studies import Study, StudyError
from qamro.studies.importers import read_ratings
from qamro.studies.importers.forms import FORMS, Form
from qamro.studies.importers.guessing import guess
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.reading import read
from tests.studies.made import random_study


def write(tmp_path, text, name="test.csv", encoding="utf-8"):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding)
    return path


def meant(layout: Layout) -> dict[str, str]:
    return {column.name: column.role for column in layout.columns}


def rated(study: Study) -> set[tuple[str, str, str, float]]:
    return set(study.ratings[["clip", "rater", "axis", "score"]].itertuples(index=False, name=None))


def scores(*rows: str) -> set[tuple[str, str, str, float]]:
    """Ratings from lines such as ``a r1 MI 3``; - stands for nobody."""
    cells = [row.split() for row in rows]
    return {(clip, rater.strip("-"), axis, float(score)) for clip, rater, axis, score in cells}


Q = "quality"
WIDE = {
    "a column a rater": ("clip,r1,r2\na,1,2\nb,3,\n", scores(f"a r1 {Q} 1", f"a r2 {Q} 2", f"b r1 {Q} 3")),
    "raters by name": ("file,Ann,Ben\na.wav,1,2\n", scores(f"a.wav Ann {Q} 1", f"a.wav Ben {Q} 2")),
    "axis then rater": (
        "clip,MI_r1,MI_r2,TA_r1,TA_r2\na,1,2,3,4\n",
        scores("a r1 MI 1", "a r2 MI 2", "a r1 TA 3", "a r2 TA 4"),
    ),
    "rater then axis": (
        "clip,ann.warmth,ann.noise,ben.warmth,ben.noise,cy.warmth,cy.noise\na,1,2,3,4,5,6\n",
        scores("a ann warmth 1", "a ann noise 2", "a ben warmth 3", "a ben noise 4", "a cy warmth 5", "a cy noise 6"),
    ),
    "one axis, each header with its rater": ("clip,PQ_1,PQ_2\na,7,8\n", scores("a 1 PQ 7", "a 2 PQ 8")),
    "a column an axis": ("clip,rater,MI,TA\na,r,1,2\na,s,3,\n", scores("a r MI 1", "a r TA 2", "a s MI 3")),
    "axes in full": ("clip,Musical impression,Production_Quality\na,1,2\n", scores("a - MI 1", "a - PQ 2")),
    "own axes, with a rater": ("clip,listener,warmth,noise\na,r,1,2\n", scores("a r warmth 1", "a r noise 2")),
    "a row a rater": (
        "participant,a.wav,b.wav\nann,1,2\nben,3,\n",
        scores(f"a.wav ann {Q} 1", f"b.wav ann {Q} 2", f"a.wav ben {Q} 3"),
    ),
    "semicolons and decimal commas": (
        "clip;r1;r2\na;1,5;2\nb;3;4,25\n",
        scores(f"a r1 {Q} 1.5", f"a r2 {Q} 2", f"b r1 {Q} 3", f"b r2 {Q} 4.25"),
    ),
    "quoted decimal commas": ('clip,r1,r2\na,"1,5","2"\n', scores(f"a r1 {Q} 1.5", f"a r2 {Q} 2")),
    "tabs": ("clip\tr1\tr2\na\t1\t2\n", scores(f"a r1 {Q} 1", f"a r2 {Q} 2")),
    "long with an axis of the file's": ("file,listener,score\na.wav,x,3\n", scores(f"a.wav x {Q} 3")),
    "numbers that are no ratings": (
        "clip,duration,seed,r1,r2\na,9.5,7,1,2\n",
        scores(f"a r1 {Q} 1", f"a r2 {Q} 2"),
    ),
    "clips told by their cells": ("what,MI\nx,3\nother,4\n", scores("x - MI 3", "other - MI 4")),
    "sound files under an odd name": ("name,age,MI\na.wav,31,3\nb.wav,32,4\n", scores("a.wav - MI 3", "b.wav - MI 4")),
    "no header, sound files": (
        "sys1/a.wav,3,ann\nsys2/b.wav,4,ben\n",
        scores(f"sys1/a.wav - {Q} 3", f"sys2/b.wav - {Q} 4"),
    ),
    "no header, decimals": ("a-1,3.5\nb-1,4.25\n", scores(f"a-1 - {Q} 3.5", f"b-1 - {Q} 4.25")),
    "raters that are numbers": (
        "clip,1,2\na,3,4\nb,5,6\n",
        scores(f"a 1 {Q} 3", f"a 2 {Q} 4", f"b 1 {Q} 5", f"b 2 {Q} 6"),
    ),
    "words for nothing": (
        "clip,r1,r2\na,NA,2\nb,nan,3\nc,n/a,\n",
        scores(f"a r2 {Q} 2", f"b r2 {Q} 3"),
    ),
}


@pytest.mark.parametrize("name", WIDE)
def test_a_table_is_read_as_people_mean_it(tmp_path, name):
    text, expected = WIDE[name]
    assert rated(read_ratings(write(tmp_path, text))) == expected


def test_without_names_the_rows_of_a_survey_are_the_raters(tmp_path):
    study = read_ratings(write(tmp_path, "a.wav,b.wav\n1,2\n3,4\n"))
    assert rated(study) == {
        (clip, rater, Q, s)
        for clip, rater, s in zip(
            ["a.wav", "b.wav"] * 2, ["row 1", "row 1", "row 2", "row 2"], [1, 2, 3, 4], strict=True
        )
    }


def test_a_byte_order_mark_and_the_axis_in_the_files_name(tmp_path):
    path = write(tmp_path, "clip,r1,r2\na,1,2\n", "results_PQ.csv", "utf-8-sig")
    assert read_ratings(path).axes == ["PQ"]


def test_what_describes_the_clip_stays_with_it(tmp_path):
    text = "clip,system,genre,prompt,path,r1,r2\na,S1,jazz,a horn,a.wav,1,2\nb,S2,rock,,b.wav,3,4\n"
    study = read_ratings(write(tmp_path, text))
    assert study.clips.to_dict("records") == [
        {"clip": "a", "path": "a.wav", "system": "S1", "prompt": "a horn", "genre": "jazz"},
        {"clip": "b", "path": "b.wav", "system": "S2", "prompt": "", "genre": "rock"},
    ]
    assert "columns of numbers" in study.about["read_as"]


def test_who_a_person_is_stays_out(tmp_path):
    text = "clip,email,age,rater,score\na,a@b.c,31,r1,4\n"
    study = read_ratings(write(tmp_path, text))
    assert list(study.ratings.columns) == ["clip", "rater", "axis", "score"]
    assert study.about["notes"] == ["left out, as they may tell who a person is: email, age"]


def test_a_guess_can_be_corrected(tmp_path):
    path = write(tmp_path, "what,who,much,extra\na,r1,3,9\na,r2,4,8\n")
    layout = guess(path, form="long")
    layout = layout.with_column("what", "clip").with_column("who", "rater").with_column("much", "rating", axis="MI")
    layout = layout.with_column("extra", "ignore")
    study = read(path, layout)
    assert rated(study) == {("a", "r1", "MI", 3), ("a", "r2", "MI", 4)}
    assert [column.why for column in layout.columns if column.name == "what"] == [""]
    with pytest.raises(ValueError, match="no column 'nothing'; there are what, who"):
        layout.with_column("nothing", "clip")
    with pytest.raises(ValueError, match="a column can be clip, path"):
        layout.with_column("who", "boss")


def test_headers_can_be_taken_for_axes_or_raters(tmp_path):
    path = write(tmp_path, "clip,warmth,noise\na,1,2\n")
    layout = guess(path)
    assert rated(read(path, layout)) == {("a", "", "warmth", 1), ("a", "", "noise", 2)}
    named = {("a", "warmth", "quality", 1), ("a", "noise", "quality", 2)}
    assert rated(read(path, layout.with_headers_as("rater"))) == named
    assert read(path, layout.with_headers_as("axis").with_headers_as("rater")).has_raters
    with pytest.raises(ValueError, match="do not divide"):
        layout.with_headers_as("both")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip,r1,r1\na,1,2\n", "the numbers under 'r1', 'r1#2' are"),
        ("clip,r1,r2\na,1,2\nb,x,3\nc,4,5\n", "row 2, column 'r1': 'x' is not a finite number; correct it"),
        ("clip,r1,r2\na,1,2\nb,1,2\nc,1,inf\n", "row 3, column 'r2': 'inf'"),
        ("clip,r1,r2\n,1,2\n", "row 1: the column 'clip' is empty"),
        ("clip,r1,r2\na,,\n", "the columns of ratings are empty"),
        ("clip,r1,r2\na,1,2,3\n", "row 1: 4 cells where 3 are expected"),
        ("clip,MI,MI_low,MI_high,source_MI\na,3,2,4,human\n", "holds predictions, not ratings"),
        ("clip,path\na,b\n", "no column of ratings"),
        (
            "clip," + ",".join(f"r{i}" for i in range(2000)) + "\n",
            "has 2,001 columns; a table of ratings has at most",
        ),
        ("only one column\na\n", "no ratings in a known form; its first line is 'only one column'"),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    with pytest.raises(StudyError, match=message) as caught:
        read_ratings(write(tmp_path, text))
    assert str(tmp_path) in str(caught.value)


def test_two_rows_by_the_same_rater_are_kept_and_told(tmp_path):
    study = read_ratings(write(tmp_path, "clip,rater,axis,score\na,r,MI,1\na,r,MI,2\nb,r,MI,3\n"))
    assert len(study.ratings) == 3
    assert study.about["notes"] == [
        "1 ratings repeat another by the same rater of the same clip and axis; all are kept"
    ]


def test_the_same_rows_in_another_order_make_the_same_study(tmp_path):
    """A study, made wide, long, tab-separated and by one file a rater, comes back every time."""
    made = random_study()
    made.ratings = made.ratings[made.ratings["axis"] == "quality"]
    real = read_ratings(made.save(tmp_path / "saved"))
    ratings = real.ratings
    wide = ratings.pivot_table(index="clip", columns="rater", values="score").reset_index()
    wide = wide.merge(real.clips[["clip", "system"]], on="clip").sample(frac=1, random_state=0)
    wide.to_csv(tmp_path / "wide.csv", index=False)
    ratings.sample(frac=1, random_state=1).to_csv(tmp_path / "long.tsv", index=False, sep="\t")
    (tmp_path / "raters").mkdir()
    for rater, rows in ratings.groupby("rater"):
        rows[["clip", "score"]].to_csv(tmp_path / "raters" / f"{rater}.csv", index=False)
    expected = rated(real)
    for path in ("wide.csv", "long.tsv", "raters"):
        assert rated(read_ratings(tmp_path / path)) == expected, path
    assert read_ratings(tmp_path / "wide.csv").systems == real.systems


NAMES = st.sampled_from(["r1", "r2", "MI", "TA", "ann", "ben", "score_1", "x y", "é"])
CELLS = st.one_of(st.integers(0, 100).map(str), st.just(""), st.floats(0, 5).map(lambda x: f"{x:.2f}"))


@settings(deadline=None)
@given(
    columns=st.lists(NAMES, min_size=1, max_size=5, unique=True),
    rows=st.integers(1, 6),
    data=st.data(),
)
def test_no_number_is_lost_or_made_up(tmp_path_factory, columns, rows, data):
    """Whatever a wide table is taken for, its scores are the table's numbers."""
    cells = [[data.draw(CELLS) for _ in columns] for _ in range(rows)]
    if not any(any(row) for row in cells):
        return
    text = "clip," + ",".join(columns) + "\n" + "".join(f"c{i},{','.join(row)}\n" for i, row in enumerate(cells))
    path = write(tmp_path_factory.mktemp("made"), text)
    layout = guess(path)
    if layout.question:
        with pytest.raises(StudyError, match="(Two|Three) readings are possible"):
            read(path, layout)
        return
    taken = layout.having("rating")
    expected = sorted(float(row[columns.index(name)]) for row in cells for name in taken if row[columns.index(name)])
    if expected:
        np.testing.assert_array_equal(sorted(read(path, layout).ratings["score"]), expected)


def test_a_form_that_is_added_in_one_row_is_read(tmp_path, monkeypatch):
    columns = (Column("toy_clip", "clip", "the clip"), Column("toy_score", "rating", "the score", axis="quality"))
    toy = Form(
        "toy",
        "results of a toy",
        lambda sheet: "its columns" if {"toy_clip", "toy_score"} <= set(sheet.header) else "",
        layout=lambda sheet: Layout("toy", "its columns", columns, notes=sheet.notes),
    )
    monkeypatch.setitem(FORMS, "toy", toy)
    path = write(tmp_path, "toy_clip,toy_score\na.wav,3\nb.wav,4\n")
    assert guess(path).form == "toy"
    study = read_ratings(path)
    assert rated(study) == {("a.wav", "", "quality", 3), ("b.wav", "", "quality", 4)}
    assert study.about["read_as"].startswith("read as results of a toy (its columns)")
