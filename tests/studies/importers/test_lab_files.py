"""Files as different labs write them: what each means is read, what may mean two things is asked about."""

# ruff: noqa: E501 - a row of a table is a case
from __future__ import annotations

import io
import unicodedata
import wave
import zipfile

import pytest

from qamro.studies.importers import guess_and_read
from qamro.studies.importers.forms.aes_natural import LISTS
from qamro.studies.importers.names import role_of
from tests.studies.extracts import write_aes_natural, write_musiceval, write_pam
from tests.studies.importers.test_kinds import Q, rated, rows, write

READ: dict[str, tuple[object, set[tuple[str, str, str, float]]]] = {
    "German": ("Nr;Stimulus;VP;Natürlichkeit;Reaktionszeit\n1;a.wav;V1;4;1532\n2;b.wav;V1;2;1400\n", rows(
        "a.wav V1 Natürlichkeit 4", "b.wav V1 Natürlichkeit 2")),
    "Italian": ("brano,ascoltatore,qualità,età,sesso\na.wav,x,4,33,F\nb.wav,x,2,33,F\n", rows(
        "a.wav x qualità 4", "b.wav x qualità 2")),
    "Portuguese": ("arquivo;ouvinte;nota;idade\na.wav;o1;4;31\nb.wav;o1;3,5;31\n", rows(f"a.wav o1 {Q} 4", f"b.wav o1 {Q} 3.5")),
    "Dutch": ("bestand,luisteraar,natuurlijkheid,leeftijd\na.wav,l1,4,40\nb.wav,l1,3,40\n", rows(
        "a.wav l1 natuurlijkheid 4", "b.wav l1 natuurlijkheid 3")),
    "Russian": ("файл;слушатель;оценка;возраст\na.wav;s1;4;30\nb.wav;s1;3;30\n", rows(f"a.wav s1 {Q} 4", f"b.wav s1 {Q} 3")),
    "Japanese": ("ファイル名,評価者,評価値,年齢,氏名\na.wav,S1,4,22,山田\nb.wav,S1,3,22,山田\n", rows(f"a.wav S1 {Q} 4", f"b.wav S1 {Q} 3")),
    "Korean": ("파일명,평가자,점수,나이\na.wav,p1,4,22\nb.wav,p1,3,22\n", rows(f"a.wav p1 {Q} 4", f"b.wav p1 {Q} 3")),
    "Chinese, with its own commas and marks": ("文件名，评分者，评分\na.wav，甲，４分\nb.wav，甲，3分\n", rows(f"a.wav 甲 {Q} 4", f"b.wav 甲 {Q} 3")),
    "grades in Chinese words": ("文件,听众,评价\na.wav,甲,很好\nb.wav,甲,一般\na.wav,乙,很差\n", rows(
        f"a.wav 甲 {Q} 5", f"b.wav 甲 {Q} 3", f"a.wav 乙 {Q} 1")),
    "MATLAB": ("subj,cond,stim,resp\n1,2,7,4\n1,1,7,3\n2,2,7,5\n2,1,7,2\n", rows(
        f"2/7 1 {Q} 4", f"1/7 1 {Q} 3", f"2/7 2 {Q} 5", f"1/7 2 {Q} 2")),
    "MUSHRA, a column a system": ("subject,item,HiddenRef,Anchor35,OpusA\nS1,i1,100,20,78\nS2,i1,98,31,70\n", rows(
        f"i1/HiddenRef S1 {Q} 100", f"i1/Anchor35 S1 {Q} 20", f"i1/OpusA S1 {Q} 78",
        f"i1/HiddenRef S2 {Q} 98", f"i1/Anchor35 S2 {Q} 31", f"i1/OpusA S2 {Q} 70")),
    "whole lines in quotes": ('"clip,rater,score"\n"a.wav,r1,4"\n"b.wav,r1,3"\n', rows(f"a.wav r1 {Q} 4", f"b.wav r1 {Q} 3")),
    "cells in single quotes": ("'clip','rater','score'\n'a, b.wav','r1','4'\n'b.wav','r1','3'\n", rows(
        f"a, b.wav r1 {Q} 4", f"b.wav r1 {Q} 3")),
    "a table in Markdown": ("| clip | rater | score |\n|---|:---|---:|\n| a.wav | r1 | 4 |\n| b.wav | r1 | 3 |\n", rows(
        f"a.wav r1 {Q} 4", f"b.wav r1 {Q} 3")),
    "R's table with row names below no name": ("file listener score\n1 a.wav l1 3\n2 b.wav l1 4\n3 a.wav l2 3\n".replace(" ", ","), rows(
        f"a.wav l1 {Q} 3", f"b.wav l1 {Q} 4", f"a.wav l2 {Q} 3")),
    "SurveyMonkey": ("Respondent ID,Collector ID,Start Date,IP Address,Email Address,Rate a.wav,Rate b.wav\n,,,,,Response,Response\n11,22,x,1.1.1.1,,4,3\n12,22,x,1.1.1.2,,5,1\n", rows(
        f"a.wav 11 {Q} 4", f"b.wav 11 {Q} 3", f"a.wav 12 {Q} 5", f"b.wav 12 {Q} 1")),
    "SoSci": ('"CASE"\t"QUESTNNR"\t"SN01_01"\t"SN01_02"\t"TIME001"\n"Nummer"\t"Fragebogen"\t"Qualität: a.wav"\t"Qualität: b.wav"\t"Dauer"\n"1"\t"base"\t"4"\t"3"\t"22"\n"2"\t"base"\t"5"\t"1"\t"32"\n', {
        ("a.wav", "row 1", "Qualität", 4), ("b.wav", "row 1", "Qualität", 3), ("a.wav", "row 2", "Qualität", 5), ("b.wav", "row 2", "Qualität", 1)}),
    "Gorilla": ("Event Index,UTC Timestamp,Participant Private ID,Participant Public ID,Zone Type,Reaction Time,Response,Spreadsheet: audio\n1,1700,111,BLIND,slider,1234,62,a.wav\n2,1701,111,BLIND,slider,1334,42,b.wav\n3,1702,112,BLIND,slider,1434,72,a.wav\n", rows(
        f"a.wav 111 {Q} 62", f"b.wav 111 {Q} 42", f"a.wav 112 {Q} 72")),
    "Label Studio": ([{"id": n, "data": {"audio": c}, "annotations": [
        {"id": k, "completed_by": who, "lead_time": 9.5, "result": [{"value": {"rating": s}, "type": "rating"}]}
        for k, (who, s) in enumerate(told)]} for n, (c, told) in enumerate({"a.wav": [(1, 4), (2, 3)], "b.wav": [(1, 2)]}.items())], rows(
        f"a.wav 1 {Q} 4", f"a.wav 2 {Q} 3", f"b.wav 1 {Q} 2")),
    "columns of JSON": ({"columns": ["clip", "rater", "score"], "index": [0, 1], "data": [["a.wav", "r1", 4], ["b.wav", "r1", 3]]}, rows(
        f"a.wav r1 {Q} 4", f"b.wav r1 {Q} 3")),
    "measures beside a mean": ("clip,MOS,PESQ,STOI,SI-SDR,WER,LUFS\na.wav,3.1,2.5,.9,12.1,.1,-23\nb.wav,2.1,2,.8,9.1,.3,-22\n", rows(
        f"a.wav - {Q} 3.1", f"b.wav - {Q} 2.1")),
    "an axis in three spellings": ("clip,rater,axis,score\na.wav,r1,MI,3\na.wav,r2,mi,4\na.wav,r3,Musical Impression,4\na.wav,r1,TA,4\n", rows(
        "a.wav r1 MI 3", "a.wav r2 MI 4", "a.wav r3 MI 4", "a.wav r1 TA 4")),
    "a condition and its sound": ("page,rating,sound,url,subject\np1,80,STO1,s/p1/STO1.wav,A\np2,70,STO1,s/p2/STO1.wav,A\np1,60,KAM,s/p1/KAM.wav,A\n", rows(
        f"s/p1/STO1.wav A {Q} 80", f"s/p2/STO1.wav A {Q} 70", f"s/p1/KAM.wav A {Q} 60")),
    "a mean beside two models": ("audio_path,system,musicality_mos,tj_ta,tj_a\na.wav,x,2.1,-.66,-1.35\nb.wav,y,2.4,.5,.1\n", rows(
        "a.wav - musicality 2.1", "b.wav - musicality 2.4")),
    "a batch whose rows end before the requester's columns": (
        "HITId,AssignmentId,WorkerId,Input.audio_url,Answer.naturalness,Approve,Reject\nh,1,W1,a.wav,4\nh,2,W1,b.wav,2\n", rows(
            "a.wav W1 naturalness 4", "b.wav W1 naturalness 2")),
    "errors beside means": ("clip,MOS\na.wav,4.10 ± 0.08\nb.wav,3.90±0.10\nc.wav,4.50 (0.05)\n", rows(
        f"a.wav - {Q} 4.1", f"b.wav - {Q} 3.9", f"c.wav - {Q} 4.5")),
    "questions in words": ("Audio File Name,Listener #,How natural was it? (1-5),How clear was it? (1-5)\na.wav,1,4,3\nb.wav,1,3,2\n", {
        ("a.wav", "1", "How natural was it? (1-5)", 4), ("a.wav", "1", "How clear was it? (1-5)", 3),
        ("b.wav", "1", "How natural was it? (1-5)", 3), ("b.wav", "1", "How clear was it? (1-5)", 2)}),
    "a session's uuid": ("uuid;stimulus_id;slider_value;n_moves\nu1;s1;66,5;3\nu1;s2;20;2\nu2;s1;70;1\n", rows(
        f"s1 u1 {Q} 66.5", f"s2 u1 {Q} 20", f"s1 u2 {Q} 70")),
    "CREMA-D's means beside counts of votes": (
        '"","A","D","N","S","fileName","numResponses","meanEmoResp"\n"1",1,0,8,0,"f1",9,55.5\n"2",7,1,1,0,"f2",8,62.5\n',
        rows(f"f1 - {Q} 55.5", f"f2 - {Q} 62.5")),
    "blanks around cells": (" clip , rater , score \n a.wav , r1 , 4 \n b.wav , r1 , 3 \n", rows(f"a.wav r1 {Q} 4", f"b.wav r1 {Q} 3")),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_is_read_as_the_lab_means_it(tmp_path, name):
    content, expected = READ[name]
    study, _, problem = guess_and_read(write(tmp_path, content, "f.csv" if isinstance(content, str) else "f.json"))
    assert study is not None, problem
    assert rated(study) == expected


ASKED = {
    "dates that were scores": ("clip;rater;score\na.wav;r1;03. Mai\nb.wav;r1;4\nc.wav;r1;02. Mai\nd.wav;r1;5\n", "made a date of it"),
    "a mean beside a model's answer": ("clip,avg_score,answer\na.wav,2.25,2.137\nb.wav,1.5,1.422\n", "--column avg_score=score; or those of 'answer': --column answer=score"),
    "stimuli that were chosen": ("ResponseId,SelectedStim_1,SelectedStim_2,IsCorrect_1,IsCorrect_2\nR_1,4,3,1,0\nR_2,2,3,0,1\n", "nothing says what the numbers under"),
    "ABX": ("participant,trial,A,B,X,answer,correct\np1,1,a.wav,b.wav,a.wav,A,1\np1,2,a.wav,b.wav,b.wav,A,0\n", "--answer"),
    "questions by number": ("clip,q10,q11,q12\na.wav,1,2,3\nb.wav,2,3,4\n", "--column q10=axis"),
    "how often each grade was given": ("clip,1,2,3,4,5\na.wav,0,1,2,5,2\nb.wav,3,4,2,1,0\n", "--column '*=rater'"),
    "days": ("clip,2024-01-01,2024-01-02\na.wav,4,3\nb.wav,2,2\n", "--column 2024-01-01=rater"),
    "a quality under a name that says nothing": (
        "song,annotator,vocals,overall,zing\n" + "".join(f"s{n}.mp3,a1,{n % 5 + 1},{n % 4 + 1},{n % 3 + 1}\n" for n in range(9)),
        "--column zing=axis"),
    "letters of Japan": ("ファイル名,評価者,評価\na.wav,太郎,4\nb.wav,太郎,3\n".encode("cp932"), "'ファイル名,評価者,評価' is right: --encoding shift_jis"),
    "letters of China": ("文件名,评分者,评分\na.wav,张三,4\nb.wav,张三,3\n".encode("gbk"), "'文件名,评分者,评分' is right: --encoding gb18030"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Excel workbook (.xls); save it as CSV"),
    "Parquet": (b"PAR1" + bytes(200), "cannot be read as Parquet"),
    "a web page": (b"<html><table><tr><td>clip</td></tr></table></html>", "a page of HTML or XML"),
    "counters of players": ("HITId,AssignmentId,WorkerId,Answer.audio_n_finish_n1,Answer.audio_n_finish_n2\nh,1,W1,3,2\nh,2,W2,1,2\n", "no column says which clip an answer is about"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
def test_is_asked_about(tmp_path, name):
    content, told = ASKED[name]
    study, _, problem = guess_and_read(write(tmp_path, content))
    assert study is None
    assert told in problem


@pytest.mark.parametrize("head", ["winner,loser,listener", "chosen,rejected,listener", "Gewinner,Verlierer,Hörer"])
def test_who_won_against_whom_is_a_vote(tmp_path, head):
    """The winner's column is no side: in the order of names, each stands on either."""
    study, _, problem = guess_and_read(write(tmp_path, f"{head}\nsuno,udio,l1\nudio,riff,l1\nsuno,riff,l2\n"))
    assert study is not None, problem
    found = study.votes[["system_a", "system_b", "winner", "rater"]].to_numpy().tolist()
    assert found == [["suno", "udio", "a", "l1"], ["riff", "udio", "b", "l1"], ["riff", "suno", "b", "l2"]]


PERSONAL = (
    "email,E-Mail-Adresse,correo,メールアドレス,이메일,почта,name,nome,naam,имя,이름,氏名,姓名,First Name,apellido,cognome,age,Alter,edad,età,idade,"
    "leeftijd,возраст,나이,年齢,年龄,sex,Geschlecht,género,sexe,geslacht,пол,성별,性別,性别,phone,telefone,電話番号,手机号,IP Address,user_agent,"
    "browser,postcode,PLZ,code postal,mother_tongue,student_id,nationality,nationalité,国籍,国籍,微信号,discord,birth_year,住所,주소,listener_age,"
    "participantEmail,Höreralter"
)  # fmt: skip


@pytest.mark.parametrize("name", dict.fromkeys(PERSONAL.split(",")))
def test_who_a_person_is_is_known_in_many_languages(name):
    assert role_of(name) == "private"


@pytest.mark.parametrize("head", ["email,file,score", "listener,file,score", "Kontakt,file,score", "rater,file,score"])
def test_addresses_tell_raters_apart_and_are_kept_nowhere(tmp_path, head):
    cells = "".join(
        f"{who}@lab.org,{clip}.wav,{n % 5 + 1}\n"
        for n, (who, clip) in enumerate([("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")])
    )
    study, _, problem = guess_and_read(write(tmp_path, f"{head}\n{cells}"))
    assert study is not None, problem
    assert set(study.ratings["rater"]) == {"R1", "R2"}
    study.save(tmp_path / "saved")
    assert not any("@lab.org" in file.read_text("utf-8") for file in (tmp_path / "saved").iterdir())


def test_addresses_as_headers_are_kept_nowhere(tmp_path):
    study, _, problem = guess_and_read(write(tmp_path, "clip,anna@lab.org,ben@lab.org\na.wav,4,3\nb.wav,2,5\n"))
    assert study is not None, problem
    assert set(study.ratings["rater"]) == {"R1", "R2"}
    study.save(tmp_path / "saved")
    assert not any("@lab.org" in file.read_text("utf-8") for file in (tmp_path / "saved").iterdir())


@pytest.mark.parametrize("encoding", ["gbk", "cp932", "cp850", "cp1252", "cp866", "NFD", "NFC"])
def test_sound_in_a_zip_is_found_whatever_its_names_are_stored_in(tmp_path, monkeypatch, encoding):
    names = {"gbk": "歌曲.wav", "cp932": "サンプル.wav", "cp866": "песня.wav"}
    clip = names.get(encoding, "Grüße.wav")
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    normal = encoding.startswith("NF")
    inside = unicodedata.normalize(encoding, clip) if normal else clip.encode(encoding).decode("cp437")
    if not normal:  # as old archivers write it: the bytes alone, and no word of their encoding
        flags = lambda self: (self.filename.encode("cp437"), self.flag_bits & ~0x800)  # noqa: E731
        monkeypatch.setattr(zipfile.ZipInfo, "_encodeFilenameFlags", flags)
    path = tmp_path / "f.zip"
    with zipfile.ZipFile(path, "w") as packed:
        other = unicodedata.normalize("NFC" if encoding == "NFD" else "NFD" if normal else "NFC", clip)
        packed.writestr("ratings.csv", f"clip,rater,score\n{other},r1,4\nplain.wav,r1,3\n")
        packed.writestr(zipfile.ZipInfo(f"wav/{inside}"), sound.getvalue())
    study, _, problem = guess_and_read(path)
    assert study is not None, problem
    assert study.missing_audio() == ["plain.wav"]


def test_no_reading_of_fixed_meaning_opens_its_table_twice(tmp_path, monkeypatch):
    """Recognise, read, check: each file is opened for its beginning and for its rows, and not again."""
    from pathlib import Path

    from qamro.studies.importers import source

    opened: list[str] = []
    real = Path.open

    def counting(self, *args, **more):
        opened.append(self.name)
        return real(self, *args, **more)

    for path in (write_pam(tmp_path), write_musiceval(tmp_path)[0], write_aes_natural(tmp_path) / LISTS["dev"]):
        source._opened.cache_clear()
        opened.clear()
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", counting)
            study, _, problem = guess_and_read(path)
        assert study is not None, problem
        assert opened.count(path.name) <= 4  # is it a zip (guessing and reading ask), its beginning, its rows


@pytest.mark.parametrize(
    ("letters", "rows", "told"), [(100_000, 12_000, "1 GiB of text"), (1, 30_000_000, "50,000,000 cells")]
)
def test_a_small_parquet_that_stands_for_very_much_is_refused(tmp_path, letters, rows, told):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    indices = pa.array([0], pa.int32()).take(pa.array([0] * 1000, pa.int32()))
    part = pa.DictionaryArray.from_arrays(indices, pa.array(["a" * letters]))
    clips = pa.chunked_array([part] * (rows // 1000))
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"clip": clips, "score": clips}), path)
    assert path.stat().st_size < 1e6
    study, _, problem = guess_and_read(path)
    assert study is None
    assert told in problem
