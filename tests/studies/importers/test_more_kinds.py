"""More kinds of files, after what surveys, scripts and toolkits write."""

from __future__ import annotations

import contextlib
import json
import random
import time

import pytest

from qamro.studies.importers import Options, guess_and_read, read_predictions, score_columns
from qamro.studies.importers.cells import WORDS, number_of
from tests.studies.importers.test_kinds import Q, rated, write


def read(folder, content, name="test.csv", **said):
    return guess_and_read(write(folder, content, name), Options.parse(**said) if said else None)


# Scores in cells


@pytest.mark.parametrize(
    ("cells", "scores"),
    [
        (["4/5", "3/5", "2/5"], [4, 3, 2]),
        (["4 / 5", "3 out of 5", "1/5"], [4, 3, 1]),
        (["80%", "65 %", "20.5%"], [80, 65, 20.5]),
        (["★★★★☆", "★★★★★", "★"], [4, 5, 1]),
        (["⭐⭐", "⭐⭐⭐", "⭐"], [2, 3, 1]),
        *(([word.title() for word in words], [1, 2, 3, 4, 5]) for words in WORDS.values()),
    ],
)
def test_scores_as_people_and_surveys_write_them(tmp_path, cells, scores):
    text = "clip,rater,score\n" + "".join(f"c{n}.wav,r1,{cell}\n" for n, cell in enumerate(cells))
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert study.ratings["score"].tolist() == scores


def test_no_word_stands_for_two_numbers():
    for words in WORDS.values():
        assert [number_of(word) for word in words] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("cells", [["80%", "0.4", "70%"], ["4/5", "8/10", "3/5"], ["4/5", "3", "2/5"]])
def test_scores_of_two_scales_in_one_column_are_refused_and_the_option_helps(tmp_path, cells):
    text = "clip,rater,score\n" + "".join(f"c{n}.wav,r1,{cell}\n" for n, cell in enumerate(cells))
    study, _, problem = read(tmp_path, text)
    assert study is None
    assert f"row 2, column 'score': {cells[1]!r}" in problem
    study, _, problem = read(tmp_path, text, rows=[f"score!={cells[1]}"])
    assert study is not None, problem
    assert len(study.ratings) == 2


def test_words_that_no_scale_has_are_asked_for_and_then_read(tmp_path):
    text = "clip,rater,score\na.wav,r1,Very natural\na.wav,r2,Natural\nb.wav,r1,Unnatural\n"
    study, _, problem = read(tmp_path, text)
    assert study is None
    assert "--answer 'Very natural=NUMBER' --answer Natural=NUMBER --answer Unnatural=NUMBER" in problem
    study, _, problem = read(tmp_path, text, answer=["Very natural=5", "natural=4", "Unnatural=2"])
    assert study is not None, problem
    assert rated(study) == {("a.wav", "r1", Q, 5), ("a.wav", "r2", Q, 4), ("b.wav", "r1", Q, 2)}


def test_codes_of_limesurvey_are_asked_for(tmp_path):
    text = '"id. Response ID","Q1[SQ001]. [a.wav] Rate","Q1[SQ002]. [b.wav] Rate"\n"1","A4","A3"\n"2","A5","A4"\n'
    assert "--answer A4=NUMBER --answer A5=NUMBER" in read(tmp_path, text)[2]
    study, _, problem = read(tmp_path, text, answer=["A3=3", "A4=4", "A5=5"])
    assert study is not None, problem
    assert sorted(study.ratings["score"]) == [3, 4, 4, 5]
    assert set(study.clips["clip"]) == {"a.wav", "b.wav"}


def test_an_answer_is_put_only_into_columns_of_answers(tmp_path):
    text = "clip,rater,system,score\nA,r1,A,A\nB,r1,x,B\n"
    study, _, problem = read(tmp_path, text, answer=["A=5", "B=4"], column=["clip=clip"])
    assert study is None or study.systems == ["A", "x"], problem


def test_comparisons_from_minus_3_to_3_hold_no_code(tmp_path):
    text = "clip,rater,cmos\na.wav,r1,-2\na.wav,r2,0\nb.wav,r1,3\nb.wav,r2,-1\n"
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert study.ratings["score"].tolist() == [-2, 0, 3, -1]
    assert "--missing=-1" in read(tmp_path, text.replace("-2", "2"))[2]


# What stands above, between and below the rows


@pytest.mark.parametrize(
    "above",
    [
        "# exported 2024-01-01\n# a, b, c, d and e\n",
        "Listening test of May 2024\n\n",
        '"Results of the test",,\n',
        "# note\n\n",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lines_above_the_header_are_left_out_and_told(tmp_path, above, delimiter):
    text = above + "clip,rater,score\na.wav,r1,4\nb.wav,r1,3\na.wav,r2,5\n"
    study, _, problem = read(tmp_path, text.replace(",", delimiter))
    assert study is not None, problem
    assert rated(study) == {("a.wav", "r1", Q, 4), ("b.wav", "r1", Q, 3), ("a.wav", "r2", Q, 5)}
    assert any("above the header" in note for note in study.about["notes"])


@pytest.mark.parametrize(("own", "other"), [(",", ";"), (";", ","), ("\t", "|"), (",", "|")])
@pytest.mark.parametrize("quote", ['"', ""])
def test_signs_within_cells_make_no_title_of_a_header(tmp_path, own, other, quote):
    lines = ["clip,rater,score,comment", *(f"c{n}.wav,r1,{n % 5 + 1},{quote}x{other} y{quote}" for n in range(6))]
    text = "\n".join(line.replace(",", own) for line in lines[:1]) + "\n"
    text += "\n".join(own.join(line.split(",", 3)) for line in lines[1:]) + "\n"
    study, _, problem = read(tmp_path, text)
    if quote or own != ";":
        assert study is not None, problem
    assert study is None or rated(study) == {(f"c{n}.wav", "r1", Q, n % 5 + 1) for n in range(6)}


def test_a_comment_may_be_the_header_and_may_stand_at_the_end(tmp_path):
    study, _, problem = read(tmp_path, "# clip,rater,score\na.wav,r1,4\nb.wav,r1,3\n# the end\n")
    assert study is not None, problem
    assert rated(study) == {("a.wav", "r1", Q, 4), ("b.wav", "r1", Q, 3)}


@pytest.mark.parametrize("word", ["Mean", "average", "TOTAL", "Sum:", "Mittelwert", "Moyenne", "平均"])
@pytest.mark.parametrize("form", ["wide", "long", "survey"])
def test_a_row_that_sums_the_table_up_is_no_clip_and_no_rater(tmp_path, word, form):
    text = {
        "wide": f"clip,r1,r2\na.wav,4,5\nb.wav,2,3\nc.wav,4,4\n{word},3.33,4\n",
        "long": f"clip,rater,score\na.wav,r1,4\nb.wav,r1,3\na.wav,r2,5\n{word},,4\n",
        "survey": f"rater,a.wav,b.wav\np1,4,5\np2,2,3\n{word},3,4\n",
    }[form]
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert word not in set(study.clips["clip"]) | set(study.ratings["rater"])
    assert (study.ratings["score"] % 1 == 0).all()
    assert any("sum the table up" in note for note in study.about["notes"])


def test_predictions_with_a_mean_below(tmp_path):
    table = read_predictions(write(tmp_path, "clip,MI\na.wav,3.1\nb.wav,2.2\nMean,2.65\n"))
    assert table["clip"].tolist() == ["a.wav", "b.wav"]


# Columns


def test_headers_that_stand_twice_are_no_two_lines_of_header(tmp_path):
    text = "clip,score,score\na.wav,4,3\nb.wav,2,1\nc.wav,2,1\n"
    study, _, problem = read(tmp_path, text)
    assert study is None
    assert "2 columns are called 'score' and hold different things" in problem
    second, _, problem = read(tmp_path, text, column=["score#2=score"])
    assert second is not None, problem
    assert second.ratings["score"].tolist() == [3, 1, 1]
    both, _, problem = read(tmp_path, text, column=["score=rater", "score#2=rater"])
    assert set(both.ratings["rater"]) == {"score", "score#2"}, problem
    same, _, problem = read(tmp_path, text.replace("4,3", "4,4").replace("2,1", "2,2"))
    assert same is not None, problem
    assert same.ratings["score"].tolist() == [4, 2, 2]


def test_the_id_of_an_answer_is_no_score(tmp_path):
    head = "Task ID;Answer ID;Worker ID;audio_url;q_overall;q_noise\n"
    study, _, problem = read(tmp_path, head + "1;11;w1;a.wav;4;3\n1;12;w2;a.wav;5;4\n2;13;w1;b.wav;2;1\n")
    assert study is not None, problem
    assert len(study.axes) == 2
    assert study.ratings["score"].max() == 5
    assert set(study.ratings["rater"]) == {"w1", "w2"}


def test_a_person_is_a_rater_and_smos_an_axis(tmp_path):
    study, _, problem = read(tmp_path, "file,person,SMOS,NMOS\na.wav,1,4,3\na.wav,2,5,4\nb.wav,1,3,3\n")
    assert study is not None, problem
    assert set(study.axes) == {"SMOS", "NMOS"}
    assert set(study.ratings["rater"]) == {"1", "2"}


def test_means_by_rater_beside_a_quality_are_asked_about(tmp_path):
    text = "clip,mos_r1,mos_r2,noise\na.wav,4,3,2\nb.wav,2,1,3\nc.wav,3,3,3\n"
    study, _, problem = read(tmp_path, text)
    assert study is None
    assert "--column mos_r1=rater" in problem


def test_ids_of_speakers_are_no_predictions(tmp_path):
    table = read_predictions(write(tmp_path, "utt_id,valence,dominance,speaker_id\nu1,3.1,2,12\nu2,2.1,2,19\n"))
    assert set(score_columns(table)) == {"valence", "dominance"}


# JSON


def test_json_by_listener_and_by_clip(tmp_path):
    study, _, problem = read(tmp_path, {"l1": {"a.wav": 4, "b.wav": 3}, "l2": {"a.wav": 5}}, "test.json")
    assert study is not None, problem
    assert rated(study) == {("a.wav", "l1", Q, 4), ("b.wav", "l1", Q, 3), ("a.wav", "l2", Q, 5)}
    study, _, problem = read(tmp_path, {"a.wav": [4, 5], "b.wav": [2, 3, 1]}, "more.json")
    assert study is not None, problem
    assert sorted(study.ratings["score"]) == [1, 2, 3, 4, 5]


def test_json_with_a_list_of_answers_in_each_record(tmp_path):
    told = [{"user": "u1", "answers": [{"file": "a.wav", "score": 4}, {"file": "b.wav", "score": 2}]}]
    told.append({"user": "u2", "answers": [{"file": "a.wav", "score": 5}]})
    for content in (told, {"results": told}):
        study, _, problem = read(tmp_path, content, "test.json")
        assert study is not None, problem
        assert rated(study) == {("a.wav", "u1", Q, 4), ("b.wav", "u1", Q, 2), ("a.wav", "u2", Q, 5)}


def test_how_sure_a_listener_is_is_no_axis(tmp_path):
    text = "clip,listener,naturalness,confidence\na.wav,l1,4,5\nb.wav,l1,2,4\na.wav,l2,5,3\n"
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert study.axes == ["naturalness"]


def test_mushrajs(tmp_path):
    told = {"ratings": {"t0": {"0": 56, "HiddenRef": 100}, "t1": {"0": 61, "HiddenRef": 98}}, "id": "aabb"}
    study, _, problem = read(tmp_path, told, "R__1.json")
    assert study is not None, problem
    assert rated(study) == {
        ("t0/0", "aabb", Q, 56),
        ("t0/HiddenRef", "aabb", Q, 100),
        ("t1/0", "aabb", Q, 61),
        ("t1/HiddenRef", "aabb", Q, 98),
    }


# Mechanical Turk


@pytest.mark.parametrize("names", ["12345", ["bad", "poor", "fair", "good", "excellent"]])
def test_buttons_of_which_one_is_true(tmp_path, names):
    head = "WorkerId,Input.audio_url," + ",".join(f"Answer.quality.{name}" for name in names)
    chosen = [("w1", "a.wav", 4), ("w2", "a.wav", 3), ("w1", "b.wav", 1)]
    rows = [f"{who},{clip}," + ",".join(str(n == score).lower() for n in range(1, 6)) for who, clip, score in chosen]
    study, _, problem = read(tmp_path, "\n".join([head, *rows]) + "\n")
    assert study is not None, problem
    assert {(c, r, s) for c, r, _, s in rated(study)} == {(clip, who, score) for who, clip, score in chosen}


def test_answers_with_their_labels(tmp_path):
    head = "WorkerId,Input.audio_url,Answer.audio-quality.label\n"
    study, _, problem = read(tmp_path, head + "w1,a.wav,5 - Excellent\nw2,a.wav,4 - Good\nw1,b.wav,1 - Bad\n")
    assert study is not None, problem
    assert study.ratings["score"].tolist() == [5, 4, 1]


# MusicEval with single ratings


def test_musiceval_with_single_ratings(tmp_path):
    names = [f"audiomos2025-track1-S00{s}_P00{p}.wav" for s in (2, 3) for p in (1, 2)]
    rng = random.Random(0)
    single = {name: [(rng.randint(1, 5), rng.randint(1, 5)) for _ in range(5)] for name in names}
    text = "".join(f"{name},{a},{b}\n" for name, pairs in single.items() for a, b in pairs)
    study, _, problem = read(tmp_path, text, "train_person_mos.txt")
    assert study is not None, problem
    assert len(study.ratings) == 40
    assert not study.holds_means
    assert not study.has_raters
    means = study.clip_means().set_index(["clip", "axis"])
    for name, pairs in single.items():
        assert means.loc[(name, "MI"), "mean"] == pytest.approx(sum(a for a, _ in pairs) / 5)
        assert means.loc[(name, "MI"), "count"] == 5

    from qamro.studies.importers.forms.musiceval import read_release

    (tmp_path / "sets").mkdir()
    (tmp_path / "person_mos").mkdir()
    lines = [f"{n},{sum(a for a, _ in p) / 5:g},{sum(b for _, b in p) / 5:g}\n" for n, p in single.items()]
    (tmp_path / "sets" / "train_mos_list.txt").write_text("".join(lines))
    assert read_release(tmp_path).holds_means
    (tmp_path / "person_mos" / "train_person_mos.txt").write_text(text)
    release = read_release(tmp_path)
    assert len(release.ratings) == 40
    assert release.clips["split"].unique().tolist() == ["train"]
    assert not any("published means" in note for note in release.about.get("notes", ()))
    (tmp_path / "sets" / "train_mos_list.txt").write_text("".join([f"{names[0]},1.2,1.2\n", *lines[1:]]))
    assert any("1 clips' single ratings" in note for note in read_release(tmp_path).about["notes"])


def test_whatever_a_file_holds_there_is_an_answer(tmp_path):
    cells = random.Random(1)
    files = {
        "noise.csv": bytes(cells.randrange(256) for _ in range(4000)),
        "signs.csv": bytes(cells.choice(b'abc,;"\n\t1234.| []{}:') for _ in range(20000)),
        "deep.json": b"[" * 100_000,
        "deep.jsonl": b'{"clip":"a","score":1}\n' + b'{"a":' * 50_000,
        "quotes.csv": b'"' * 50_000,
        "open.csv": b'clip,score\n"a.wav,4\n' + b"b.wav,3\n" * 20_000,
        "long.csv": b"clip," + b"aB" * 50_000 + b"\na.wav,3\nb.wav,4\n",
        "columns.csv": b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + b",".join([b"1"] * 100_000) + b"\n",
        "number.json": b'[{"clip":"a.wav","score":' + b"9" * 5000 + b'},{"clip":"b.wav","score":1}]',
        "infinite.json": json.dumps([{"clip": "a.wav", "score": float("inf")}] * 3).encode(),
        "label.csv": b"clip,rater,score\n" + b"a.wav,r," + b" " * 100 + b"-" * 5000 + b"(" + b" " * 5000 + b"\n" * 3,
        "best.csv": b"best,worst,"
        + b",".join(b"item_%d" % n for n in range(300))
        + b"\n"
        + (b"0,1," + b",".join(b"%d" % n for n in range(300)) + b"\n") * 20,
    }
    for name, content in files.items():
        path = write(tmp_path, content, name)
        started = time.perf_counter()
        study, _, problem = guess_and_read(path)
        assert study is not None or "cannot be read: " not in problem, problem
        assert len(problem) < 4000, name
        with contextlib.suppress(ValueError):
            read_predictions(path)
        assert time.perf_counter() - started < 20, name
