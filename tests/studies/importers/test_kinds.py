"""Kinds of files that people bring: each read as its tool means it, or refused with the way out."""

# ruff: noqa: E501 - a row of a table is a case
from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from qamro.studies.importers import guess_and_read

Q = "quality"
TWO = "clip,rater,axis,score\na.wav,r1,MI,4\na.wav,r2,MI,5\nb.wav,r1,MI,2\n"
TWO_RATED = {("a.wav", "r1", "MI", 4), ("a.wav", "r2", "MI", 5), ("b.wav", "r1", "MI", 2)}


def write(folder: Path, content: object, name: str = "test.csv") -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def rated(study) -> set[tuple[str, str, str, float]]:
    return set(study.ratings[["clip", "rater", "axis", "score"]].itertuples(index=False, name=None))


def rows(*lines: str) -> set[tuple[str, str, str, float]]:
    """Ratings from lines such as ``a.wav r1 MI 3``; - stands for nobody."""
    cells = [line.rsplit(" ", 3) for line in lines]
    return {(clip, rater.strip("-"), axis, float(score)) for clip, rater, axis, score in cells}


# How a file is cut into cells


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_cells_are_found_whatever_wrote_them(tmp_path, delimiter, encoding, end):
    text = TWO.replace(",", delimiter).replace("\n", end)
    study, _, problem = guess_and_read(write(tmp_path, text.encode(encoding)))
    assert study is not None, problem
    assert rated(study) == TWO_RATED


@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_excels_sep_line_is_no_header(tmp_path, sign):
    text = f"sep={sign}\n" + TWO.replace(",", sign)
    assert rated(guess_and_read(write(tmp_path, text))[0]) == TWO_RATED


def test_latin_1_is_asked_for_and_then_read(tmp_path):
    from qamro.studies.importers import Options

    path = write(tmp_path, "clip;Hörer;score\na.wav;Jürgen;4\nb.wav;Jürgen;3\n".encode("latin-1"))
    study, _, problem = guess_and_read(path)
    assert study is None
    assert "--encoding latin-1" in problem
    assert "UTF-8" in problem
    study, _, problem = guess_and_read(path, Options.parse(encoding="latin-1"))
    assert rated(study) == {("a.wav", "Jürgen", Q, 4), ("b.wav", "Jürgen", Q, 3)}


def test_an_excel_workbook(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is an extra and is not installed")
    book = openpyxl.Workbook()
    book.active.title = "notes"
    book.active.append(["written by", "somebody"])
    sheet = book.create_sheet("answers")
    for row in [["clip", "listener", "score"], ["a.wav", "l1", 4], ["b.wav", "l1", 3.5], ["b.wav", "l2", None]]:
        sheet.append(row)
    book.save(tmp_path / "test.xlsx")
    study, layout, problem = guess_and_read(tmp_path / "test.xlsx")
    assert study is not None, problem
    assert rated(study) == {("a.wav", "l1", Q, 4), ("b.wav", "l1", Q, 3.5)}
    assert "sheet 'answers' of 'notes', 'answers'" in study.about["notes"]


def test_a_workbook_without_openpyxl_says_what_is_missing(tmp_path, monkeypatch):
    import sys

    with zipfile.ZipFile(tmp_path / "test.xlsx", "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install openpyxl" in guess_and_read(tmp_path / "test.xlsx")[2]


# Tables

READ: dict[str, tuple[object, set[tuple[str, str, str, float]]]] = {
    "P.835 side by side": ("systems,SIG,BAK,OVR\nx_1,3.5,3,4\nx_2,2,1,2\n", rows(
        "x_1 - SIG 3.5", "x_1 - BAK 3", "x_1 - OVR 4", "x_2 - SIG 2", "x_2 - BAK 1", "x_2 - OVR 2")),
    "a MOS beside four dimensions": ("clip,MOS,Noisiness,Coloration\na.wav,3,2,1\nb.wav,4,3,2\n", rows(
        "a.wav - MOS 3", "a.wav - Noisiness 2", "a.wav - Coloration 1",
        "b.wav - MOS 4", "b.wav - Noisiness 3", "b.wav - Coloration 2")),
    "five aspects of songs": ("song,Overall Coherence,Memorability,Clarity of Song Structure\na.mp3,3,2,1\n", {
        ("a.mp3", "", "Overall Coherence", 3), ("a.mp3", "", "Memorability", 2),
        ("a.mp3", "", "Clarity of Song Structure", 1)}),
    "a MOS beside a model's column": ("clip,MOS,UTMOS\na.wav,3.2,3.5\nb.wav,2.5,2.1\n", rows(
        f"a.wav - {Q} 3.2", f"b.wav - {Q} 2.5")),
    "counts, ages, durations, plays": (
        "clip,rater,age,duration,n_plays,trial_no,score\na.wav,r1,3,4,3,1,4\nb.wav,r1,3,5,1,2,3\na.wav,r2,4,4,2,1,5\n",
        rows(f"a.wav r1 {Q} 4", f"b.wav r1 {Q} 3", f"a.wav r2 {Q} 5")),
    "P.808's votes a clip": (
        "file_url,n,MOS,std,95%CI,short_file_name,condition_name,vote_1,vote_2\n"
        "https://x/a.wav,2,3.5,.7,1,a.wav,c1,4,3\nhttps://x/b.wav,1,2,,,b.wav,c2,2,\n",
        rows(f"https://x/a.wav vote_1 {Q} 4", f"https://x/a.wav vote_2 {Q} 3", f"https://x/b.wav vote_1 {Q} 2")),
    "NISQA's corpus": (
        "db,con,filename_deg,filename_ref,lang,votes,mos,noi,noi_std\nD,1,a.wav,r.wav,en,5,3,2,.4\nD,2,b.wav,r.wav,en,5,2,1,.5\n",
        rows("a.wav - mos 3", "a.wav - noi 2", "b.wav - mos 2", "b.wav - noi 1")),
    "SOMOS' raw scores": (
        "utteranceId\tchoice\tsentenceId\tsystemId\tlistenerId\tage\nu1\t4\ts\t001\tL1\t23\nu2\t3\ts\t002\tL2\t30\n",
        rows(f"u1 L1 {Q} 4", f"u2 L2 {Q} 3")),
    "BVCC": (
        "sysa,sysa-utt1.wav,4,blank,{}_18-29_5ef0_Female_1_N\nsysb,sysb-utt1.wav,2,blank,{}_30-39_aaaa_Male_1_N\n",
        rows(f"sysa-utt1.wav 5ef0 {Q} 4", f"sysb-utt1.wav aaaa {Q} 2")),
    "a list of two cells": ("sysA-utt1,4\nsysB-utt2,2.5\n", rows(f"sysA-utt1 - {Q} 4", f"sysB-utt2 - {Q} 2.5")),
    "cells parted by blanks": ("a.wav 4.2\nb.wav 3.1\n", rows(f"a.wav - {Q} 4.2", f"b.wav - {Q} 3.1")),
    "R's row names": ('"","file","listener","score"\n"1","a.wav","l1",3\n"2","b.wav","l1",4\n"3","a.wav","l2",3\n', rows(
        f"a.wav l1 {Q} 3", f"b.wav l1 {Q} 4", f"a.wav l2 {Q} 3")),
    "an index that names the clips": (",MI,TA\na.wav,3,4\nb.wav,2,3\n", rows(
        "a.wav - MI 3", "a.wav - TA 4", "b.wav - MI 2", "b.wav - TA 3")),
    "pandas' two lines of header": (",MI,MI,TA,TA\n,r1,r2,r1,r2\nclip,,,,\na.wav,1,2,3,4\n", rows(
        "a.wav r1 MI 1", "a.wav r2 MI 2", "a.wav r1 TA 3", "a.wav r2 TA 4")),
    "merged cells above": ("clip,MI,,TA,\n,r1,r2,r1,r2\na.wav,1,2,3,4\n", rows(
        "a.wav r1 MI 1", "a.wav r2 MI 2", "a.wav r1 TA 3", "a.wav r2 TA 4")),
    "nothing but numbers": ("5,4\n2,3\n4,4\n", rows(
        f"row 1 R1 {Q} 5", f"row 1 R2 {Q} 4", f"row 2 R1 {Q} 2", f"row 2 R2 {Q} 3", f"row 3 R1 {Q} 4", f"row 3 R2 {Q} 4")),
    "labels beside numbers": ("clip,rater,score\na.wav,r1,5 - Excellent\nb.wav,r1,2: Poor\nc.wav,r1,Fair (3)\n", rows(
        f"a.wav r1 {Q} 5", f"b.wav r1 {Q} 2", f"c.wav r1 {Q} 3")),
    "P.800's words": ("clip,rater,score\na.wav,r1,Excellent\nb.wav,r1,bad\n", rows(f"a.wav r1 {Q} 5", f"b.wav r1 {Q} 1")),
    "German": ("Datei;Hörer;Bewertung;Alter\na.wav;h1;4;33\nb.wav;h1;3,5;33\n", rows(
        f"a.wav h1 {Q} 4", f"b.wav h1 {Q} 3.5")),
    "French": ("fichier;auditeur;note;sexe\na.wav;h1;4;f\nb.wav;h1;3,5;f\n", rows(f"a.wav h1 {Q} 4", f"b.wav h1 {Q} 3.5")),
    "Spanish": ("archivo;oyente;puntuación;edad\na.wav;h1;4;30\nb.wav;h1;3,5;30\n", rows(
        f"a.wav h1 {Q} 4", f"b.wav h1 {Q} 3.5")),
    "Chinese": ("文件名,评分者,评分,年龄\na.wav,张三,4,30\nb.wav,张三,3,30\n", rows(f"a.wav 张三 {Q} 4", f"b.wav 张三 {Q} 3")),
    "CamelCase": ("fileName,IDListener,qualityScore,genderListener\na.wav,l1,4,f\nb.wav,l1,3,f\n", rows(
        f"a.wav l1 {Q} 4", f"b.wav l1 {Q} 3")),
    "an id that identifies people": ("PROLIFIC_PID,file,score\np1,a.wav,4\np2,b.wav,3\np1,b.wav,3\n", rows(
        f"a.wav p1 {Q} 4", f"b.wav p2 {Q} 3", f"b.wav p1 {Q} 3")),
    "two spellings of an ending": ("clip,rater,score\na.wav,r1,4\na,r2,3\na.WAV,r3,2\n", rows(
        f"a.wav r1 {Q} 4", f"a.wav r2 {Q} 3", f"a.wav r3 {Q} 2")),
    "two recordings of one name": ("clip,rater,score\na.wav,r1,4\na.mp3,r1,3\n", rows(f"a.wav r1 {Q} 4", f"a.mp3 r1 {Q} 3")),
    "two spellings of an accent": ("clip,rater,score\né.wav,r1,4\ne\u0301.wav,r2,3\n", rows(f"é.wav r1 {Q} 4", f"é.wav r2 {Q} 3")),
    "one clip under two systems": ("condition,sample,subject_1,subject_2\nC0,a.wav,1,nan\nC1,a.wav,2,3\n", rows(
        f"C0/a.wav subject_1 {Q} 1", f"C1/a.wav subject_1 {Q} 2", f"C1/a.wav subject_2 {Q} 3")),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_tables(tmp_path, name):
    text, expected = READ[name]
    study, _, problem = guess_and_read(write(tmp_path, text))
    assert study is not None, problem
    assert rated(study) == expected


QUALTRICS = (
    "StartDate,Status,Progress,Finished,ResponseId,Q1_1,Q1_2\n"
    'Start Date,Response Type,Progress,Finished,Response ID,"How is it? - a.wav","How is it? - b.wav"\n'
)
IDS = ",".join(
    f'"{{""ImportId"":""{name}""}}"' for name in ["start", "status", "progress", "finished", "id", "QID1_1", "QID1_2"]
)
TOOLS: dict[str, tuple[object, str, set[tuple[str, str, str, float]]]] = {
    "Qualtrics, three lines of header": (f"{QUALTRICS}{IDS}\n2024,0,100,1,R_1,4,2\n2024,0,100,1,R_2,5,1\n", "q.csv", rows(
        f"a.wav R_1 {Q} 4", f"b.wav R_1 {Q} 2", f"a.wav R_2 {Q} 5", f"b.wav R_2 {Q} 1")),
    "Qualtrics, two": (f"{QUALTRICS}2024,0,100,1,R_1,4,2\n2024,0,100,1,R_2,5,1\n", "q.csv", rows(
        f"a.wav R_1 {Q} 4", f"b.wav R_1 {Q} 2", f"a.wav R_2 {Q} 5", f"b.wav R_2 {Q} 1")),
    "Google Forms": ("Timestamp,Email Address,How is a.wav?,How is b.wav?\n2024/05/02,a@b.c,4,2\n2024/05/03,d@e.f,5,1\n", "g.csv", rows(
        f"a.wav row_1 {Q} 4", f"b.wav row_1 {Q} 2", f"a.wav row_2 {Q} 5", f"b.wav row_2 {Q} 1")),
    "Google's grids": ("Timestamp,Warmth [a.wav],Warmth [b.wav],Noise [a.wav],Noise [b.wav]\n2024,4,2,3,1\n", "g.csv", rows(
        "a.wav row_1 Warmth 4", "b.wav row_1 Warmth 2", "a.wav row_1 Noise 3", "b.wav row_1 Noise 1")),
    "LimeSurvey": ('id,submitdate,lastpage,seed,"Q1[clip1]. Rate","Q1[clip2]. Rate"\n1,2024,3,99,4,2\n2,2024,3,98,5,1\n', "l.csv", rows(
        f"clip1 row_1 {Q} 4", f"clip2 row_1 {Q} 2", f"clip1 row_2 {Q} 5", f"clip2 row_2 {Q} 1")),
    "jsPsych": (
        "rt,stimulus,response,trial_type,trial_index,time_elapsed,subject\n1,<p>,null,html-keyboard-response,0,9,s1\n"
        "2,a.wav,70,audio-slider-response,1,21,s1\n2,b.wav,20,audio-slider-response,2,41,s1\n", "j.csv",
        rows(f"a.wav s1 {Q} 70", f"b.wav s1 {Q} 20")),
    "jsPsych, JSON": ([
        {"rt": 1, "stimulus": "a.wav", "response": {"warmth": 1, "noise": 2}, "trial_type": "s", "trial_index": 1},
        {"rt": 1, "stimulus": "b.wav", "response": {"warmth": 3, "noise": 4}, "trial_type": "s", "trial_index": 2}], "p7.json",
        rows("a.wav p7 warmth 1", "a.wav p7 noise 2", "b.wav p7 warmth 3", "b.wav p7 noise 4")),
    "Mechanical Turk, several clips a row": (
        "HITId,WorkerId,AssignmentStatus,WorkTimeInSeconds,Input.q0,Input.q1,Answer.q0,Answer.q1\n"
        "H,W1,Approved,30,http://x/a.wav,http://x/b.wav,4,2\nH,W2,Rejected,30,http://x/a.wav,http://x/b.wav,1,1\n", "b.csv",
        rows(f"http://x/a.wav W1 {Q} 4", f"http://x/b.wav W1 {Q} 2")),
    "Mechanical Turk, P.835": (
        "WorkerId,Input.q0,Answer.q0_sig,Answer.q0_bak\nW1,http://x/a.wav,4,2\n", "b.csv",
        rows("http://x/a.wav W1 sig 4", "http://x/a.wav W1 bak 2")),
    "BeaqleJS": ([{"TestID": "t1", "rating": {"A": 80, "Reference": 100}}, {"UserName": "P", "UserEmail": "p@x.y"}], "s1.txt", rows(
        f"t1/A s1 {Q} 80", f"t1/Reference s1 {Q} 100")),
    "sureal": ({"dis_videos": [{"content_id": 0, "path": "a.wav", "os": [4, 3]}, {"content_id": 0, "path": "b.wav", "os": {"T": 2}}]},
        "d.json", rows(f"a.wav subject_1 {Q} 4", f"a.wav subject_2 {Q} 3", f"b.wav T {Q} 2")),
    "JSON records": ([{"file": "a.wav", "listener": "l", "score": 3}, {"file": "b.wav", "listener": "l", "score": 4}], "d.json", rows(
        f"a.wav l {Q} 3", f"b.wav l {Q} 4")),
    "JSON lines": ('{"file": "a.wav", "listener": "l", "score": 3}\n{"file": "b.wav", "listener": "l", "score": 4}\n', "d.jsonl", rows(
        f"a.wav l {Q} 3", f"b.wav l {Q} 4")),
    "listen-and-rate": ({"session_id": "s", "test_type": "mos", "survey": {}, "records": [
        {"system": "A", "item": "u", "rating": 4}, {"system": "B", "item": "u", "rating": 2}]}, "d.json", rows(
        f"A/u s {Q} 4", f"B/u s {Q} 2")),
}  # fmt: skip


@pytest.mark.parametrize("name", TOOLS)
def test_tools(tmp_path, name):
    content, file, expected = TOOLS[name]
    study, _, problem = guess_and_read(write(tmp_path, content, file))
    assert study is not None, problem
    assert rated(study) == {(clip, rater.replace("_", " ") if rater.startswith(("row", "subject")) else rater, axis, score)
                            for clip, rater, axis, score in expected}  # fmt: skip


def test_psychopys_counters_and_times_are_no_ratings(tmp_path):
    text = (
        "trials.thisN,stimFile,warmth.response,noise.response,warmth.rt,participant,psychopyVersion,frameRate,\n"
        ",,,,,p1,2023,59.9,\n0,a.wav,3,1,1.2,p1,2023,59.9,\n1,b.wav,5,2,1.3,p1,2023,59.9,\n"
    )
    study, _, problem = guess_and_read(write(tmp_path, text))
    assert study is not None, problem
    assert rated(study) == rows("a.wav p1 warmth 3", "a.wav p1 noise 1", "b.wav p1 warmth 5", "b.wav p1 noise 2")


# What is not read


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("clip,foo,bar\na.wav,1,3\nb.wav,2,4\n", ["--column foo=rater", "--column foo=axis"]),
        ("clip,what is\na.wav,1\nb.wav,2\n", ["--column 'what is=score'", "--column 'what is=note'"]),
        ("a.wav,4,3\nb.wav,3,2\n", ["--column 'column 2=rater'", "--column 'column 2=axis'"]),
        ("Rank,Model,Arena Score,# Votes\n1,A,1253,214\n2,B,1143,497\n", ["results a system", "--column Model=clip"]),
        ("system,MOS\nA,3.2\nB,4.1\n", ["A 3.2", "--column system=clip"]),
        ("thing,rater,score\nx,r1,3\nx,r2,4\n", ["no column names the clip", "--column thing=clip"]),
        ("clip,rater,score\na.wav,r1,3\nb.wav,r1,four\n", ["row 2, column 'score'", "--rows 'score!=four'"]),
    ],
)  # fmt: skip
def test_two_readings_are_shown_with_the_options_that_decide(tmp_path, text, ways):
    study, layout, problem = guess_and_read(write(tmp_path, text))
    assert study is None
    for way in ways:
        assert way in problem
    assert layout is not None


def codes(code: str, others: str) -> str:
    scores = [code, *others.split()]
    cells = [f"c{i}.wav,r{j},{scores[(i + j) % len(scores)]}" for i in range(8) for j in range(3)]
    return "\n".join(["clip,rater,score", *cells])


@pytest.mark.parametrize(
    ("code", "others"), [("-1", "3 4 2 5 1"), ("999", "30 40 95 10 20"), ("9", "3 4 2 5 1"), ("99", "1 2 3 4 7")]
)
def test_codes_for_no_answer_are_left_out_or_kept_by_choice(tmp_path, code, others):
    from qamro.studies.importers import Options

    path = write(tmp_path, codes(code, others))
    study, _, problem = guess_and_read(path)
    assert study is None
    assert f"{code} stands 4 times on quality" in problem
    assert "row 1, column 'score'" in problem
    assert f"--missing={code}" in problem
    kept = guess_and_read(path, Options.parse(missing=["keep"]))[0]
    without = guess_and_read(path, Options.parse(missing=[code]))[0]
    assert (len(kept.ratings), len(without.ratings)) == (24, 20)
    assert float(code) not in set(without.ratings["score"])
    assert f"left out as no answer: {code} (4 times)" in without.about["notes"]


@pytest.mark.parametrize(
    ("code", "others"), [("0", "20 40 95 10 60"), ("-1", "-3 -2 0 1 3"), ("5", "3 4 2 1 1"), ("9", "3 8 2 7 1")]
)
def test_what_is_on_the_scale_is_no_code(tmp_path, code, others):
    study, _, problem = guess_and_read(write(tmp_path, codes(code, others)))
    assert study is not None, problem
    assert not any("no answer" in note for note in study.about.get("notes", ()))


def test_a_zero_below_one_to_five_may_be_a_score_and_is_told(tmp_path):
    study, _, _ = guess_and_read(write(tmp_path, codes("0", "3 4 2 5 1")))
    assert len(study.ratings) == 24
    assert any("0 stands 4 times" in note and "--missing=0" in note for note in study.about["notes"])


def test_who_a_person_is_stays_out_however_it_is_called(tmp_path):
    names = (
        "participant_email,Email Address,E-Mail-Adresse,listener_age,Geschlecht,First Name,IPAddress,Höreralter,年龄"
    )
    study, _, _ = guess_and_read(
        write(tmp_path, f"clip,rater,score,{names}\na.wav,r1,4{',x' * 9}\nb.wav,r1,3{',x' * 9}\n")
    )
    assert list(study.clips.columns) == ["clip", "path", "system", "prompt"]
    assert list(study.ratings.columns) == ["clip", "rater", "axis", "score"]
    assert all(name in study.about["notes"][0] for name in names.split(","))


# Several files


def test_files_of_one_header_are_raters_axes_or_parts(tmp_path):
    for folder, files in {
        "raters": {"ann.csv": "clip,score\na.wav,1\nb.wav,2\n", "ben.csv": "clip,score\na.wav,3\nb.wav,4\n"},
        "axes": {"res_SIG.csv": "clip,score\na.wav,1\nb.wav,2\n", "res_BAK.csv": "clip,score\na.wav,3\nb.wav,4\n"},
        "parts": {"train.csv": "clip,score\na.wav,1\nb.wav,2\n", "test.csv": "clip,score\nc.wav,3\nd.wav,4\n"},
    }.items():
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            write(tmp_path / folder, text, name)
    got = {folder: rated(guess_and_read(tmp_path / folder)[0]) for folder in ("raters", "axes", "parts")}
    assert got["raters"] == rows(f"a.wav ann {Q} 1", f"b.wav ann {Q} 2", f"a.wav ben {Q} 3", f"b.wav ben {Q} 4")
    assert got["axes"] == rows("a.wav - SIG 1", "b.wav - SIG 2", "a.wav - BAK 3", "b.wav - BAK 4")
    assert got["parts"] == rows(f"a.wav - {Q} 1", f"b.wav - {Q} 2", f"c.wav - {Q} 3", f"d.wav - {Q} 4")


@pytest.mark.parametrize("sign", [".", "/", ":", "_", " "])
def test_a_rater_whose_scores_are_1_2_3_counts_no_rows(tmp_path, sign):
    text = f"clip,MI{sign}r1,MI{sign}r2,MI{sign}p_7\na.wav,1,1,1\nb.wav,1,1,2\nc.wav,1,4,3\n"
    study, _, _ = guess_and_read(write(tmp_path, text))
    assert study.ratings["score"].tolist().count(3.0) == 1
    assert len(study.ratings) == 9
    study, _, _ = guess_and_read(write(tmp_path, text.replace(f"MI{sign}p_7", "no"), "counted.csv"))
    assert len(study.ratings) == 6, "a number of the row is no rating"


def test_a_row_of_a_part_is_named_by_its_own_file(tmp_path):
    write(tmp_path, "clip,score\na.wav,1\nb.wav,2\n", "one.csv")
    write(tmp_path, "clip,score\nc.wav,1\nd.wav,x\n", "two.csv")
    assert "two.csv, row 2, column 'score': 'x'" in guess_and_read(tmp_path)[2]


def test_many_small_tables_are_read_in_one_pass(tmp_path):
    packed = tmp_path / "many.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for rater in range(300):
            archive.writestr(
                f"r/r{rater}.csv", "clip,score\n" + "".join(f"c{i}.wav,{(i + rater) % 5 + 1}\n" for i in range(5))
            )
    study, _, problem = guess_and_read(packed)
    assert study is not None, problem
    assert (len(study.ratings), study.ratings["rater"].nunique()) == (1500, 300)


@pytest.mark.parametrize("kind", ["axes", "columns", "wide"])
def test_what_is_far_too_wide_is_refused_at_once(tmp_path, kind):
    text = {
        "axes": "clip,rater,axis,score\n" + "".join(f"c,r,x{i},3\n" for i in range(10_000)),
        "columns": ",".join(["clip", *(f"c{i}" for i in range(20_000))]) + "\n",
        "wide": ",".join(["clip", *(f"ax{i}" for i in range(10_000))]) + "\na" + ",3" * 10_000 + "\n",
    }[kind]
    study, _, problem = guess_and_read(write(tmp_path, text))
    assert study is None
    assert "10,000 different axes" in problem or "columns; a table of ratings has at most 2,000" in problem


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n\n", b"\0" * 1000, b"\xff" * 1000, b"%PDF-1.4\n%\xe2\xe3\n", b"[" * 50_000, b"{}", b"[]", b"null", b'"',
        b'clip,"score\n' * 100, b"PK\x03\x04" + bytes(100), b"<html><table></table></html>", b"clip\n", b",,,\n,,,\n",
        b"clip,score\n", b"[1,2,3]", b'{"a": [1, {"b": null}]}', b"clip,score\na,1\x00\n", b"\xef\xbb\xbf", b"sep=;\n",
        "clip,score\n\ud800".encode("utf-8", "surrogatepass"), io.BytesIO(b"a,b\r\rc,d").getvalue(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["f.csv", "f.json", "f.xlsx", "f.zip"])
def test_whatever_a_file_holds_there_is_an_answer(tmp_path, content, name):
    from qamro.studies import StudyError
    from qamro.studies.importers import read_predictions

    path = write(tmp_path, content, name)
    study, _, problem = guess_and_read(path)
    assert study is None
    assert problem
    assert "cannot be read: " not in problem, "that is what an error of ours looks like"
    with pytest.raises(StudyError):
        read_predictions(path)
