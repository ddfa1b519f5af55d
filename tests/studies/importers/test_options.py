"""Options: what somebody says about a file has an effect, or is refused."""

# ruff: noqa: E501 - a row of a table is a case
from __future__ import annotations

import pytest

from qamro.studies.importers import Options, guess_and_read, read_ratings
from qamro.studies.importers.guessing import guess
from qamro.studies.importers.reading import read
from tests.studies.extracts import write_pam
from tests.studies.made import random_study


def write(tmp_path, text, name="test.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def rated(study):
    return set(study.ratings[["clip", "rater", "axis", "score"]].itertuples(index=False, name=None))


UNKNOWN = "clip,foo,bar\na.wav,1,3\nb.wav,2,4\n"


def test_what_decides_is_what_the_refusal_prints(tmp_path):
    """Every option that a refusal prints makes the file readable, each reading the other one's numbers."""
    path = write(tmp_path, UNKNOWN)
    raters = read_ratings(path, Options.parse(column=["foo=rater", "bar=rater"]))
    axes = read_ratings(path, Options.parse(column=["foo=axis", "bar=axis"]))
    assert rated(raters) == {("a.wav", "foo", "quality", 1), ("a.wav", "bar", "quality", 3), ("b.wav", "foo", "quality", 2),
                             ("b.wav", "bar", "quality", 4)}  # fmt: skip
    assert rated(axes) == {
        ("a.wav", "", "foo", 1),
        ("a.wav", "", "bar", 3),
        ("b.wav", "", "foo", 2),
        ("b.wav", "", "bar", 4),
    }
    one = read_ratings(path, Options.parse(column=["foo=axis:MI"]))
    assert rated(one) == {("a.wav", "", "MI", 1), ("b.wav", "", "MI", 2)}


def test_a_column_of_axes_takes_the_axis_over(tmp_path):
    text = "clip,rater,experiment,score\na.wav,r1,warmth,1\na.wav,r1,noise,2\nb.wav,r1,warmth,3\n"
    path = write(tmp_path, text)
    assert read_ratings(path).axes == ["quality"]
    study = read_ratings(path, Options.parse(column=["experiment=axis"]))
    assert rated(study) == {("a.wav", "r1", "warmth", 1), ("a.wav", "r1", "noise", 2), ("b.wav", "r1", "warmth", 3)}
    layout = guess(path).with_column("experiment", "axis")
    assert rated(read(path, layout)) == rated(study)


def test_a_correction_that_would_have_no_effect_cannot_be_made(tmp_path):
    path = write(tmp_path, "clip,part,MI,TA\na.wav,x,1,2\nb.wav,y,3,4\n")
    with pytest.raises(ValueError, match="headers of the ratings name MI, TA already"):
        guess(path).with_column("part", "axis")


def test_another_clip_takes_the_guessed_ones_place(tmp_path):
    path = write(tmp_path, "file,listener,take,score\na.wav,r1,t1,1\nb.wav,r1,t2,2\n")
    study = read_ratings(path, Options.parse(column=["take=clip"]))
    assert set(study.clips["clip"]) == {"t1", "t2"}
    joined = read_ratings(path, Options.parse(column=["take=clip", "file=clip"]))
    assert set(joined.clips["clip"]) == {"a.wav/t1", "b.wav/t2"}


def test_axis_scale_rows_header_and_delimiter(tmp_path):
    text = "clip,rater,part,score\na.wav,r1,test,10\nb.wav,r1,test,90\nc.wav,r1,train,50\n"
    path = write(tmp_path, text)
    study = read_ratings(path, Options.parse(axis="MI", scale=["MI=0..100->1..5"], rows=["part=test"]))
    assert rated(study) == {("a.wav", "r1", "MI", 1.4), ("b.wav", "r1", "MI", 4.6)}
    assert study.about["scale_maps"] == {"MI": "0 to 100, mapped linearly to 1 to 5"}
    others = read_ratings(path, Options.parse(rows=["part!=test"]))
    assert rated(others) == {("c.wav", "r1", "quality", 50)}
    headless = write(tmp_path, "a,r1,3\nb,r1,4\n", "h.csv")
    told = Options.parse(header=0, column=["column 1=clip", "column 2=rater", "column 3=score"])
    assert rated(read_ratings(headless, told)) == {("a", "r1", "quality", 3), ("b", "r1", "quality", 4)}
    odd = write(tmp_path, "clip~score\na,b~3\nc~4\n", "d.csv")
    assert rated(read_ratings(odd, Options.parse(delimiter="~"))) == {
        ("a,b", "", "quality", 3),
        ("c", "", "quality", 4),
    }


def test_the_lost_first_line_comes_back(tmp_path):
    path = write(tmp_path, "clip one,r1,3\nb,r1,4\nc,r1,5\n")
    study, _, _ = guess_and_read(
        path, Options.parse(header=0, column=["column 1=clip", "column 3=score", "column 2=rater"])
    )
    assert set(study.clips["clip"]) == {"clip one", "b", "c"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"column": ["foo"]}, "write NAME=clip|"),
        ({"column": ["foo=boss"]}, "write NAME=clip|"),
        ({"column": ["nothing=clip"]}, "there is no column 'nothing'; there are clip, foo, bar"),
        ({"scale": ["1-5"]}, "for example quality=1..5"),
        ({"scale": ["MI=1..5"], "column": ["foo=axis"]}, "there is no axis 'MI'; there are foo"),
        ({"missing": ["none at all"]}, "for example --missing=-1, or keep"),
        ({"rows": ["clip"]}, "write COLUMN=VALUE"),
        ({"rows": ["clip=z.wav"], "column": ["foo=axis"]}, "no cell is 'z.wav'"),
        ({"rows": ["kind=x"], "column": ["foo=axis"]}, "has no column 'kind'"),
        ({"header": 7}, "0, 1, 2 or 3 lines of header"),
        ({"delimiter": "ab"}, "give one sign"),
        ({"encoding": "klingon"}, "klingon"),
        ({"column": ["foo=drop", "bar=drop"]}, "no column is left that holds ratings"),
        (
            {"scale": ["foo=2..5"], "column": ["foo=axis"]},
            r"row 1, column 'foo': 1 lies off the scale 2 to 5.*--missing=1",
        ),
    ],
)
def test_wrong_options_say_what_is_right(tmp_path, given, message):
    import re

    path = write(tmp_path, UNKNOWN)
    with pytest.raises(ValueError, match=message if "\\" in message or ".*" in message else re.escape(message)):
        read_ratings(path, Options.parse(**given))


def test_an_answer_leaves_what_nobody_asked_about(tmp_path):
    """``zing`` is asked about beside two qualities; whatever is said of it, these stay."""
    cells = "".join(f"s{n}.mp3,a1,{n % 5 + 1},{n % 4 + 1},{n % 3 + 1}\n" for n in range(9))
    path = write(tmp_path, "song,annotator,vocals,overall,zing\n" + cells)
    assert guess(path).open_columns == ["zing"]
    for said, axes in (
        ("zing=axis", {"vocals", "overall", "zing"}),
        ("zing=note", {"vocals", "overall"}),
        ("*=note", {"vocals", "overall"}),
        ("zing=axis:bite", {"vocals", "overall", "bite"}),
    ):
        assert set(read_ratings(path, Options.parse(column=[said])).axes) == axes, said
    two = write(tmp_path, UNKNOWN, "two.csv")
    assert guess(two).with_column("foo", "about_rating").question, "bar is still open"
    assert not guess(two).with_column("foo", "about_rating").with_column("bar", "rating").question


def test_raters_with_scales_of_their_own_are_told_and_moved(tmp_path):
    cells = [f"c{n}.wav,r1,{n % 5 + 1}\nc{n}.wav,r2,{(n % 5 + 1) * 20}\n" for n in range(10)]
    path = write(tmp_path, "clip,rater,score\n" + "".join(cells))
    told = [note for note in read_ratings(path).about["notes"] if "scales of their own" in note]
    assert "--scale 'quality,r2=0..100->0..5'" in told[0]
    moved = read_ratings(path, Options.parse(scale=["quality,r2=0..100->0..5"]))
    assert moved.ratings.groupby("rater")["score"].max().to_dict() == {"r1": 5, "r2": 5}
    assert "notes" not in moved.about


def test_a_form_of_fixed_columns_takes_none(tmp_path):
    with pytest.raises(ValueError, match="change nothing here"):
        read_ratings(write_pam(tmp_path), Options.parse(column=["data_path=clip"]))


def test_codes_are_left_out_of_a_saved_study_too(tmp_path):
    made = random_study()
    made.ratings = made.ratings[made.ratings["axis"] == "quality"].reset_index(drop=True)
    made.ratings.loc[made.ratings.index[::9], "score"] = -1.0
    times = int((made.ratings["score"] == -1).sum())
    path = made.save(tmp_path / "saved")
    study = read_ratings(path, Options.parse(missing=["-1"]))
    assert study.ratings["score"].min() >= 0
    assert any(f"-1 ({times} times)" in note for note in study.about["notes"])
    told = read_ratings(path).about["notes"]
    assert any(f"-1 stands {times} times" in note and "--missing=-1" in note for note in told)


def test_votes_have_no_columns_to_choose(tmp_path):
    path = write(tmp_path, "system_a,system_b,item,winner\nA,B,u,a\n")
    with pytest.raises(ValueError, match="change nothing here"):
        read_ratings(path, Options.parse(column=["item=clip"]))
