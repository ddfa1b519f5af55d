"""Kinds of files that were read wrongly in silence, or refused with an option that made it worse."""

from __future__ import annotations

import json

import pytest

from qamro.studies.importers import Options, guess_and_read, read_predictions, score_columns
from tests.studies.importers.test_kinds import Q, rated, write

CLIPS = ("a.wav", "b.wav", "c.wav")


def read(folder, content, name="test.csv", **said):
    return guess_and_read(write(folder, content, name), Options.parse(**said) if said else None)


def notes(study):
    return " ".join(study.about.get("notes", []))


# Votes

SIDES = [("LeftSample,RightSample,Preferred", "Left", "Right"), ("TrackA,TrackB,Choice", "A", "B")]


@pytest.mark.parametrize(("header", "first", "second"), SIDES)
def test_sides_in_camel_case_are_sides(tmp_path, header, first, second):
    text = f"Participant,{header}\np1,a.wav,b.wav,{first}\np2,a.wav,b.wav,{second}\np3,b.wav,c.wav,No preference\n"
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert study.votes["winner"].tolist() == ["a", "b", "tie"]
    assert study.votes["rater"].tolist() == ["p1", "p2", "p3"]


@pytest.mark.parametrize("side", ["response_{}", "assistant-{}", "output_{}"])
def test_sides_within_nested_json_are_sides_and_a_systems_name_wins(tmp_path, side):
    a, b = side.format("a"), side.format("b")
    rows = [
        {a: {"model": "x", "audio": f"a{n}.wav"}, b: {"model": "y", "audio": f"b{n}.wav"}, "vote": won, "user": "u"}
        for n, won in enumerate(["x", "y", "tie"])
    ]
    study, _, problem = read(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "log.jsonl")
    assert study is not None, problem
    assert study.votes["winner"].tolist() == ["a", "b", "tie"]
    assert study.votes["system_a"].tolist() == ["x"] * 3


@pytest.mark.parametrize("answer", ["Answer.nat_{}", "Answer.q{}", "Answer.audio_{}_rating"])
def test_an_answer_about_each_of_two_clips_is_no_vote(tmp_path, answer):
    first, second = answer.format(1), answer.format(2)
    header = f"HITId,AssignmentId,WorkerId,Input.audio_1,Input.audio_2,{first},{second},Answer.age"
    lines = [f"H{n},A{n},W{n},{CLIPS[n]},{CLIPS[(n + 1) % 3]},{n + 1},{n + 3},3{n}" for n in range(3)]
    study, _, problem = read(tmp_path, "\n".join([header, *lines]) + "\n")
    assert study is not None, problem
    assert study.votes is None or study.votes.empty
    scores = {(clip, score) for clip, _, _, score in rated(study)}
    assert scores == {("a.wav", 1), ("b.wav", 3), ("b.wav", 2), ("c.wav", 4), ("c.wav", 3), ("a.wav", 5)}


# Rows and columns that are no ratings


@pytest.mark.parametrize("question", ["How old are you?", "Wie alt sind Sie?", "age", "Gender", "native language"])
def test_answers_about_a_person_are_no_axis(tmp_path, question):
    lines = [f"{clip},r{r},{q},{r + 1}" for clip in CLIPS for r in range(3) for q in ("naturalness", question)]
    study, _, problem = read(tmp_path, "clip,rater,question,answer\n" + "\n".join(lines) + "\n")
    assert study is not None, problem
    assert study.axes == ["naturalness"]
    assert repr(question) in notes(study)


@pytest.mark.parametrize("item", ["age", "duration", "comment", "gender"])
def test_items_of_a_questionnaire_are_no_clips(tmp_path, item):
    lines = [f"p{r},{clip},{r + 1}" for r in range(3) for clip in (*CLIPS, item)]
    study, _, problem = read(tmp_path, "participant,item,value\n" + "\n".join(lines) + "\n")
    assert study is not None, problem
    assert sorted(study.clips["clip"]) == sorted(CLIPS)
    assert repr(item) in notes(study)


@pytest.mark.parametrize("names", [("AB", "CD", "EF"), ("Kira", "Otto", "Zed"), ("first", "again", "late")])
def test_what_a_mean_is_of_are_raters(tmp_path, names):
    scores = [(4, 5, 3), (1, 2, 2), (5, 5, 4)]
    lines = [f"{clip},{','.join(map(str, s))},{sum(s) / 3:.2f}" for clip, s in zip(CLIPS, scores, strict=True)]
    study, _, problem = read(tmp_path, f"clip,{','.join(names)},mean\n" + "\n".join(lines) + "\n")
    assert study is not None, problem
    assert sorted(study.ratings["rater"].unique()) == sorted(names)
    assert sorted(study.ratings["score"]) == sorted(score for row in scores for score in row)


def test_numbers_beside_a_mean_that_they_do_not_make_are_no_raters(tmp_path):
    text = "clip,bits,rooms,mean\na.wav,16,2,3.3\nb.wav,24,4,2.1\nc.wav,16,4,4.0\n"
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert sorted(study.ratings["score"]) == [2.1, 3.3, 4.0]


@pytest.mark.parametrize("name", ["评测人", "评审员", "标注员", "测试者"])
def test_raters_in_chinese(tmp_path, name):
    text = f"音频文件,{name},自然度\na.wav,x,4\na.wav,y,5\nb.wav,x,2\nb.wav,y,1\n"
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert {("a.wav", "x", "自然度", 4), ("b.wav", "y", "自然度", 1)} <= rated(study)


def test_a_column_that_may_name_raters_is_told_with_the_option(tmp_path):
    text = "clip,colour,score\na.wav,red,4\na.wav,blue,5\nb.wav,red,2\nb.wav,blue,1\n"
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert "--column colour=rater" in notes(study)
    study, _, _ = read(tmp_path, text, column=["colour=rater"])
    assert sorted(study.ratings["rater"].unique()) == ["blue", "red"]
    assert "nothing says who rated" not in notes(study)


def test_a_quality_on_another_scale_is_asked_about_not_dropped(tmp_path):
    lines = [f"{clip},r{r},{r + 1},{20 * r + 10}" for clip in CLIPS for r in range(4)]
    text = "clip,rater,score,clarity\n" + "\n".join(lines) + "\n"
    study, layout, problem = read(tmp_path, text)
    assert study is None
    assert "'clarity'" in problem
    words, said = layout.readings[0]
    study, _, problem = read(tmp_path, text, column=[f"{name}={role}" for name, role in said])
    assert study is not None, (words, problem)
    assert len(study.axes) == 2


# A row a rater


@pytest.mark.parametrize("header", ["Sample {}: {}", "song{}_{}", "Clip {} - {}", "Stimulus {} {}"])
def test_headers_that_name_a_numbered_clip_and_a_quality(tmp_path, header):
    names = [header.format(n, axis) for n in (1, 2) for axis in ("naturalness", "clarity")]
    text = "Timestamp," + ",".join(names) + "\n2024/05/01 10:00:00,1,2,3,4\n2024/05/02 10:00:00,5,4,3,2\n"
    study, _, problem = read(tmp_path, text)
    assert study is not None, problem
    assert study.axes == ["clarity", "naturalness"]
    first = header.format(1, "").strip(" :_-")
    told = study.ratings[(study.ratings["clip"] == first) & (study.ratings["axis"] == "clarity")]
    assert told["score"].tolist() == [2, 4]
    assert study.ratings["rater"].nunique() == 2


def test_words_under_a_sound_files_name_are_asked_for_and_then_read(tmp_path):
    text = "Zeitstempel,Probe_1.mp3,Probe_2.mp3\n1.5.2024,Mittelmäßig,Gut\n2.5.2024,Gut,Gut\n3.5.2024,Mies,Gut\n"
    study, _, problem = read(tmp_path, text)
    assert study is None
    assert "--answer 'Mittelmäßig=NUMBER' --answer Mies=NUMBER" in problem
    study, _, problem = read(tmp_path, text, answer=["Mittelmäßig=3", "Mies=1"])
    assert study is not None, problem
    assert sorted(study.ratings["score"]) == [1, 3, 4, 4, 4, 4]


@pytest.mark.parametrize("clips", [3, 6])
def test_the_way_out_for_clips_in_headers_leaves_an_age_out(tmp_path, clips):
    names = [f"{n}_Q5" for n in range(1, clips + 1)]
    lines = [f"R_{r},{','.join(str((2 * r + n) % 5 + 1) for n in range(clips))},3{r}" for r in range(4)]
    text = f"ResponseId,{','.join(names)},Q9\n" + "\n".join(lines) + "\n"
    study, layout, problem = read(tmp_path, text)
    assert study is None, problem
    words, said = next(each for each in layout.readings if any(role.startswith("clip") for _, role in each[1]))
    study, _, problem = read(tmp_path, text, column=[f"{name}={role}" for name, role in said])
    assert study is not None, (words, problem)
    assert sorted(study.clips["clip"]) == sorted(names)
    assert study.ratings["score"].max() <= 5


# Nested JSON


@pytest.mark.parametrize("key", ["participants", "raters", "listeners", "annotators"])
def test_whose_answers_a_list_of_people_holds(tmp_path, key):
    people = [
        {"id": f"p{p}", "answers": [{"clip": c, "ratings": {"warmth": p + 1, "noise": 5 - p}} for c in CLIPS]}
        for p in range(3)
    ]
    study, _, problem = read(tmp_path, json.dumps({key: people}), "answers.json")
    assert study is not None, problem
    assert sorted(study.ratings["rater"].unique()) == ["p0", "p1", "p2"]
    assert study.axes == ["noise", "warmth"]


# Workbooks


def workbook(path, sheets, header=("clip", "score"), columns=1):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, name in enumerate(sheets):
        sheet = book.create_sheet(name)
        sheet.append(list(header))
        for place, clip in enumerate(CLIPS):
            sheet.append([clip, *[(number + place + k) % 5 + 1 for k in range(columns)]])
    book.save(path)
    return path


def test_sheets_of_one_header_are_all_read(tmp_path):
    study, _, problem = guess_and_read(workbook(tmp_path / "r.xlsx", ["anna", "ben"]))
    assert study is not None, problem
    assert len(study.ratings) == 6
    assert sorted(study.ratings["rater"].unique()) == ["anna", "ben"]
    path = workbook(tmp_path / "q.xlsx", ["quality", "naturalness"], ("clip", "r1", "r2"), 2)
    study, _, problem = guess_and_read(path)
    assert study is not None, problem
    assert study.axes == ["naturalness", "quality"]
    assert len(study.ratings) == 12


def test_sheets_that_may_be_several_things_are_asked_about_and_every_way_out_works(tmp_path):
    path = workbook(tmp_path / "r.xlsx", ["Monday", "Tuesday"])
    study, layout, _ = guess_and_read(path)
    assert study is None
    assert len(layout.readings) == 4
    for words, said in layout.readings:
        study, _, problem = guess_and_read(path, Options.parse(column=[f"{name}={role}" for name, role in said]))
        assert study is not None, (words, problem)
        assert len(study.ratings) == 6


# Predictions

TRUTHS = ["gt", "true_mos", "label", "target", "human"]


@pytest.mark.parametrize("truth", TRUTHS)
def test_what_listeners_said_beside_a_prediction_is_no_prediction(tmp_path, truth):
    path = write(tmp_path, f"filename,pred,{truth},loss\na.wav,3.2,4.5,.1\nb.wav,2.1,1.5,.2\n", "t.csv")
    assert list(score_columns(read_predictions(path))) == ["pred"]


@pytest.mark.parametrize("truth", ["gt", "label", "truth"])
def test_the_way_out_names_the_truth_not_the_prediction(tmp_path, truth):
    text = f"utt,{truth},pred\na.wav,4.5,3.2\nb.wav,1.5,2.1\n"
    _, _, problem = read(tmp_path, text)
    assert f"--column {truth}=score" in problem
    study, _, problem = read(tmp_path, text, column=[f"{truth}=score"])
    assert study is not None, problem
    assert rated(study) == {("a.wav", "", Q, 4.5), ("b.wav", "", Q, 1.5)}


@pytest.mark.parametrize(("cells", "scores"), [(("87%", "4 %"), [87, 4]), (("4/5", "3/5"), [4, 3])])
def test_predictions_with_a_unit_are_read(tmp_path, cells, scores):
    path = write(tmp_path, f"clip,score\na.wav,{cells[0]}\nb.wav,{cells[1]}\n", "p.csv")
    assert read_predictions(path)["score"].tolist() == scores


def test_predictions_that_are_words_are_refused_for_that(tmp_path):
    with pytest.raises(ValueError, match="column 'MI' holds no numbers, but 'good'"):
        read_predictions(write(tmp_path, "clip,MI\na.wav,good\nb.wav,bad\n", "p.csv"))


def test_predictions_without_names_are_not_told_to_take_scores_for_names(tmp_path):
    with pytest.raises(ValueError, match="names no clips") as caught:
        read_predictions(write(tmp_path, '{"CE": 5.1, "PQ": 6}\n{"CE": 5.2, "PQ": 6.5}\n', "p.jsonl"))
    assert "--clip-column" not in str(caught.value)


@pytest.mark.parametrize("key", ["scores", "predictions", "result"])
def test_predictions_nested_in_json_are_called_by_their_axis(tmp_path, key):
    path = write(tmp_path, json.dumps([{"audio": c, key: {"MI": 3.5, "TA": n}} for n, c in enumerate(CLIPS)]), "p.json")
    assert list(score_columns(read_predictions(path))) == ["MI", "TA"]
