"""The study chooser below the page: what is taken in, corrected, imported, refused, stopped and taken home."""

from __future__ import annotations

import dataclasses
import re
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from audio_files import tone, write_wav
from studies.file_server import serving

from qamro.studies import Study
from qamro.studies import fetch as download
from qamro.studies.importers import read_ratings
from qamro.studies.registry import DATASETS, RemoteFile
from qamro.ui.progress import follow
from qamro.ui.static import own_folder
from qamro.ui.study_picker import handlers
from qamro.ui.study_picker.handlers import pack
from qamro.ui.study_picker.render import view
from qamro.ui.study_picker.state import PickerState
from tests.cli.rated_tones import save_noisy_tones
from tests.studies.importers.test_refusals import REFUSED

from .named import P

WIDE = "file,r1,r2\na.wav,10,20\nb.wav,30,140\n"


@pytest.fixture
def uploads(tmp_path, monkeypatch):
    """Gradio's folder for uploads, here for one test."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    return own_folder()


def uploaded(folder: Path, **files: str | bytes) -> SimpleNamespace:
    """What the page says after an upload; underscores in names stand for points."""
    sent = []
    for number, (name, content) in enumerate(files.items()):
        path = folder / f"up-{number}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        sent.append({"path": str(path), "name": name.replace("_", ".")})
    return SimpleNamespace(files=sent)


def last(answers) -> tuple[dict, object]:
    """The last answer of a handler, and the last study among all of them."""
    answers = list(answers)
    studies = [answer["study"] for answer in answers if isinstance(answer.get("study"), Study)]
    return answers[-1]["view"], studies[-1] if studies else None


def correct(state: PickerState, **correction) -> dict:
    return handlers.correct(P, state, SimpleNamespace(correction=correction))["view"]["brought"]


def test_from_the_drop_to_the_study_and_back(uploads):
    state = PickerState()
    sound = write_wav(uploads / "tone.wav", tone(0.2)).read_bytes()
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, panel_csv=WIDE, a_wav=sound)))
    brought = shown["brought"]
    assert [(c["name"], c["role"], c["axis"], c["rater"]) for c in brought["columns"]] == [
        ("file", "clip", "", ""),
        ("r1", "rating", "quality", "r1"),
        ("r2", "rating", "quality", "r2"),
    ]
    assert brought["counts"] == {"clips": 2, "raters": 2, "ratings": 4, "votes": 0, "systems": 0}
    assert brought["scales"][0] | {"why": ""} == {
        "axis": "quality", "name": "quality", "rater": "", "ratings": 4, "low": 10.0, "high": 140.0,
        "likely": None, "why": "", "from": None, "to": None,
    }  # fmt: skip
    assert brought["sounds"] == 1

    assert correct(state, change="column", column="r2", role="rating", axis="PQ")["columns"][2]["axis"] == "PQ"
    assert {entry["axis"] for entry in view(state)["brought"]["scales"]} == {"quality", "PQ"}
    correct(state, change="headers", headers="rater")
    mapped = correct(state, change="scale", axis="quality", rater="", **{"from": [0, 100], "to": [1, 5]})
    assert [row["mapped"] for row in mapped["head"]] == pytest.approx([1.4, 2.2, 1.8, 6.6])
    shown, study = last(handlers.take(P, state))
    assert study is None
    assert "panel.csv, row 2, column 'r2': 140 lies off the scale 0 to 100" in shown["error"]
    assert str(uploads) not in shown["error"]
    assert shown["brought"]["name"] == "panel", "what was brought is still there"

    correct(state, change="scale", axis="quality", rater="", **{"from": [0, 200], "to": [1, 5]})
    correct(state, change="name", axis="quality", name="MI")
    shown, study = last(handlers.take(P, state))
    assert (shown["error"], shown["brought"], study.axes, study.name) == ("", None, ["MI"], "panel")
    last(handlers.choose(P, state, SimpleNamespace(source="musiceval", fetch=False)))
    assert (state.card, state.source) == ("musiceval", "upload"), "looking at another does not choose it"
    assert shown["summary"]["audio"] == 1
    assert "MI: scale 0 to 200, mapped linearly to 1 to 5" in shown["summary"]["warnings"]

    bundle = handlers.export(P, state)["view"]["zip"]
    assert bundle["name"] == "panel.zip"
    again = read_ratings(state.folder() / bundle["name"])
    assert again.ratings["score"].tolist() == study.ratings["score"].tolist()
    assert again.audio_path("a.wav").read_bytes() == sound
    assert again.about["scale_maps"] == study.about["scale_maps"]
    folder = state.folder()
    state.close()
    assert not folder.exists()


def test_a_zip_without_a_name_of_its_own_is_called_like_the_file(uploads):
    clips, ratings = "clip,path\na,\n", "clip,rater,axis,score\na,r,MI,3\n"
    archive = uploads / "made.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("clips.csv", clips)
        packed.writestr("ratings.csv", ratings)
    state = PickerState()
    last(handlers.bring(P, state, uploaded(uploads, codec_zip=archive.read_bytes())))
    assert last(handlers.take(P, state))[1].name == "codec"


@pytest.mark.parametrize(
    ("correction", "message"),
    [
        ({"change": "column", "column": "r1", "role": "boss"}, "a column can be clip"),
        ({"change": "column", "column": "r9", "role": "clip"}, "there is no column 'r9'"),
        ({"change": "column", "column": "file", "role": "ignore"}, "no column names the clip"),
        ({"change": "headers", "headers": "both"}, "do not divide into axes and raters"),
        ({"change": "scale", "axis": "quality", "from": [5, 1]}, "from a number to a higher one"),
        ({"change": "scale", "axis": "quality", "from": ["", "x"]}, "a scale needs two numbers"),
        ({"change": "file", "file": "../../etc/passwd"}, "holds no ratings in a known form"),
        ({"change": "form", "form": "<b>"}, "columns can be guessed for long, wide, survey"),
        ({"change": "header", "lines": 7}, "0, 1, 2 or 3 lines of header"),
        ({"change": "header", "lines": "many"}, "invalid literal"),
        ({"change": "delimiter", "to": "ab"}, "give one sign"),
        ({"change": "delimiter", "to": "semicolon"}, "known form"),
        ({"change": "encoding", "to": "no such letters"}, "no such letters"),
        ({"change": "rows", "rows": [["file", "nobody", True]]}, "no cell is 'nobody'"),
        ({"change": "rows", "rows": [["nothing", "a", True]]}, "nothing"),
        ({"change": "reading", "reading": 0}, "answered already"),
    ],
)
def test_a_correction_that_cannot_be_is_said_and_can_be_taken_back(uploads, correction, message):
    state = PickerState()
    last(handlers.bring(P, state, uploaded(uploads, panel_csv=WIDE)))
    shown = correct(state, **correction)
    assert message in shown["problem"] + shown["refused"]
    back = correct(state, change="form", form="wide")
    assert back["problem"] == ""
    assert back["counts"]["ratings"] == 4
    assert last(handlers.take(P, state))[1] is not None


def test_what_cannot_be_guessed_can_be_said(uploads):
    state = PickerState()
    rows = "".join(f"tone,{who},{score}\n" for who in "xyz" for score in (1, 2))
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, odd_csv=f"thing,folk,much\n{rows}")))
    assert shown["brought"]["question"] == "nothing says what the numbers under 'much' are"
    brought = correct(state, change="column", column="thing", role="clip")
    assert brought["question"], "that answers another question"
    brought = correct(state, change="column", column="much", role="rating")
    assert brought["problem"] == ""
    assert "question" not in brought
    brought = correct(state, change="column", column="folk", role="rater")
    assert brought["counts"] == {"clips": 1, "raters": 3, "ratings": 6, "votes": 0, "systems": 0}


def test_codes_for_no_answer_are_shown_and_left_out_by_choice(uploads):
    cells = "".join(f"c{i}.wav,r{j},{-1 if i == j else (i + j) % 5 + 1}\n" for i in range(6) for j in range(3))
    state = PickerState()
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, test_csv=f"clip,rater,score\n{cells}")))
    assert [(code["value"], code["out"]) for code in shown["brought"]["codes"]] == [(-1, False)]
    assert "3 times on quality, where all other scores lie from 1 to 5" in shown["brought"]["codes"][0]["text"]
    assert shown["brought"]["asks"]
    shown, study = last(handlers.take(P, state))
    assert study is None
    assert "leave them out, or keep them" in shown["brought"]["refused"]
    assert "change nothing" in correct(state, change="missing", scores=[-2])["refused"]
    without = correct(state, change="missing", scores=[-1])
    assert without["counts"]["ratings"] == 15
    assert "left out as no answer: -1 (3 times)" in without["notes"]
    assert [(code["value"], code["out"]) for code in without["codes"]] == [(-1, True)], "it can be taken back"
    kept = correct(state, change="missing", scores=[])
    assert (kept["counts"]["ratings"], kept["notes"], kept["asks"]) == (18, [], False)
    assert last(handlers.take(P, state))[1].ratings["score"].min() == -1


def test_the_lost_first_line_comes_back(uploads):
    state = PickerState()
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, test_csv="a.wav,model,3\nb.wav,anna,4\nc.wav,anna,5\n")))
    assert [column["name"] for column in shown["brought"]["columns"]] == ["a.wav", "model", "3"]
    brought = correct(state, change="header", lines=0)
    assert [column["name"] for column in brought["columns"]] == ["column 1", "column 2", "column 3"]
    correct(state, change="column", column="column 3", role="rating")
    brought = correct(state, change="column", column="column 1", role="clip")
    assert brought["counts"]["clips"] == 3
    assert brought["cut"] == {"header": "0", "delimiter": "", "encoding": "", "ragged": ""}
    brought = correct(state, change="delimiter", to="comma")
    assert "change nothing" in brought["refused"]
    assert brought["counts"]["clips"] == 3, "what was said before stays"
    assert correct(state, change="header", lines=None)["cut"]["header"] == ""


def test_letters_of_another_kind_are_read_once_they_are_named(uploads):
    state = PickerState()
    text = "clip;rater;score\n" + "".join(f"c{i};Zoë;{i % 5 + 1}\n" for i in range(6))
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, odd_csv=text.encode("latin-1"))))
    assert "no table of text" in shown["brought"]["problem"] or "not a table of text" in shown["brought"]["problem"]
    assert shown["brought"]["cut"] == {"header": "", "delimiter": "", "encoding": "", "ragged": ""}
    brought = correct(state, change="encoding", to="latin-1")
    assert (brought["problem"], brought["counts"]["ratings"], brought["head"][0]["rater"]) == ("", 6, "Zoë")
    brought = correct(state, change="form", form="wide")
    assert brought["counts"]["ratings"] == 6, "other corrections keep to what was said"


def brought(uploads, **files) -> tuple[PickerState, dict]:
    state = PickerState()
    answer, _ = last(handlers.bring(P, state, uploaded(uploads, **files)))
    return state, answer["brought"]


def test_words_are_asked_about_and_then_read(uploads):
    state, told = brought(uploads, r_csv="clip,rater,score\na.wav,r1,great\nb.wav,r1,awful\na.wav,r2,3\n")
    assert set(told["asked_words"]) == {"great", "awful"}
    half = correct(state, change="answers", answers=[["great", "5"]])
    assert half["asked_words"] == ["awful"]
    assert half["answers"] == [["great", "5"]]
    done = correct(state, change="answers", answers=[["awful", "1"]])
    assert not done["asked_words"]
    assert done["counts"]["ratings"] == 3
    assert {row["score"] for row in done["head"]} == {1, 3, 5}
    again = correct(state, change="answers", answers=[["awful", ""]])
    assert "awful" in again["problem"] + again["refused"]


def test_words_that_nothing_calls_ratings_are_asked_about(uploads):
    state, told = brought(uploads, r_csv="clip,rater,ok\na.wav,r1,yes\nb.wav,r1,no\na.wav,r2,yes\nb.wav,r2,yes\n")
    assert set(told["asked_words"]) == {"yes", "no"}
    done = correct(state, change="answers", answers=[["yes", "1"], ["no", "0"]])
    assert "ok" in {column["name"] for column in done["columns"]}


def test_a_file_by_itself_may_end_as_it_likes(uploads):
    _, told = brought(uploads, ratings_dat="clip,rater,score\na.wav,r1,4\nb.wav,r1,3\n")
    assert told["counts"]["ratings"] == 2


def test_a_word_that_is_nowhere_changes_nothing(uploads):
    state, _ = brought(uploads, r_csv=WIDE)
    assert "change nothing" in correct(state, change="answers", answers=[["perfect", "5"]])["refused"]
    assert "WORD=NUMBER" in correct(state, change="answers", answers=[["perfect", "many"]])["refused"]


@pytest.mark.parametrize(("side", "winner"), [("a", "a"), ("b", "b")])
def test_votes_in_numbers_are_asked_whose_they_are(uploads, side, winner):
    state, told = brought(uploads, v_csv="system_a,system_b,item,cmos\nA,B,u,2\nA,B,v,-1\n")
    assert told["asked_words"] == ["+"]
    assert told["sides"] == ["a", "b", "tie", "both_bad"]
    done = correct(state, change="answers", answers=[["+", side]])
    assert done["counts"]["votes"] == 2
    _, study = last(handlers.take(P, state))
    assert study.votes["winner"].iloc[0] == winner


@pytest.mark.parametrize(("way", "ratings"), [("drop", 2), ("fill", 3)])
def test_rows_of_another_length_are_left_out_or_filled(uploads, way, ratings):
    state, told = brought(uploads, r_csv="clip,rater,score,comment\na.wav,r1,3,ok\nb.wav,r1,4\na.wav,r2,1,hm\n")
    assert "row 2: 3 cells where 4 are expected" in told["problem"]
    assert told["cut"]["ragged"] == ""
    assert correct(state, change="ragged", to=way)["counts"]["ratings"] == ratings


@pytest.mark.parametrize("what", ["system", "clip"])
def test_headers_may_name_systems_and_clips(uploads, what):
    state, told = brought(uploads, w_csv="listener,item,foo,bar\nl1,u1,4,3\nl1,u2,5,2\nl2,u1,3,1\n")
    assert told["question"]
    done = correct(state, change="headers", headers=what)
    assert done["counts"]["clips"] == {"system": 4, "clip": 2}[what]
    assert done["counts"]["raters"] == 2


def test_only_some_rows_are_read_and_all_again(uploads):
    state = PickerState()
    cells = "".join(
        f"c{i}.wav,{'trap' if i == 2 else 'real'},r{j},{(i + j) % 5 + 1}\n" for i in range(5) for j in range(3)
    )
    last(handlers.bring(P, state, uploaded(uploads, test_csv=f"clip,kind,rater,score\n{cells}")))
    some = correct(state, change="rows", rows=[["kind", "trap", False]])
    assert (some["counts"]["clips"], some["counts"]["ratings"], some["rows"]) == (4, 12, [["kind", "trap", False]])
    assert correct(state, change="column", column="kind", role="about_rating")["counts"]["ratings"] == 12
    assert correct(state, change="rows", rows=[])["counts"]["ratings"] == 15
    assert "change nothing" in correct(state, change="rows", rows=[])["refused"]
    correct(state, change="rows", rows=[["kind", "trap", True]])
    assert set(last(handlers.take(P, state))[1].clips["clip"]) == {"c2.wav"}


@pytest.mark.parametrize("reading", [0, 1, 2])
def test_two_readings_are_offered_and_one_answers(uploads, reading):
    state = PickerState()
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, two_csv="file,a,b\na.wav,3,4\nb.wav,2,1\nc.wav,5,5\n")))
    brought = shown["brought"]
    assert brought["readings"] == ["raters", "qualities (axes)", "systems"]
    assert "--column" not in brought["question"], "options are for the command line"
    answered = correct(state, change="reading", reading=reading)
    assert "question" not in answered
    assert not answered["problem"]
    assert len(answered["scales"]) == (1, 2, 1)[reading]
    assert answered["counts"]["raters"] == (2, 0, 0)[reading]
    assert answered["counts"]["clips"] == (3, 3, 6)[reading]
    assert len(last(handlers.take(P, state))[1].axes) == (1, 2, 1)[reading]


@pytest.mark.parametrize(
    ("table", "correction"),
    [
        ("clip,rater,score\na,r,1\nb,r,2\n", {"change": "column", "column": "score", "role": "rating"}),
        ("clip,rater,score\na,r,1\nb,r,2\n", {"change": "form", "form": "long"}),
        ("clip,rater,score\na,r,1\nb,r,2\n", {"change": "scale", "axis": "quality", "from": None}),
        (
            "clip,rater,axis,score\na,r,MI,1\nb,r,MI,2\n",
            {"change": "column", "column": "score", "role": "rating", "axis": "PQ"},
        ),
        ("clip,rater,score\na,R1,1\nb,R2,2\n", {"change": "pseudonyms", "on": True}),
        ("clip,rater,score\na,r,1\nb,r,2\n", {"change": "header", "lines": 1}),
    ],
)  # fmt: skip
def test_a_correction_without_effect_is_not_made(uploads, table, correction):
    state = PickerState()
    before = last(handlers.bring(P, state, uploaded(uploads, test_csv=table)))[0]["brought"]
    after = correct(state, **correction)
    assert "change nothing" in after["refused"]
    assert after | {"refused": "", "corrections": 0} == before
    assert last(handlers.take(P, state))[1] is not None, "the import is not in its way"


def test_votes_are_counted(uploads):
    state = PickerState()
    pairs = [("x", "y", "a"), ("y", "z", "b"), ("x", "z", "tie"), ("z", "x", "a")]
    rows = "".join(f"{a},{b},{winner}\n" for a, b, winner in pairs)
    brought = last(handlers.bring(P, state, uploaded(uploads, votes_csv=f"system_a,system_b,winner\n{rows}")))[0][
        "brought"
    ]
    assert (brought["counts"]["votes"], brought["counts"]["systems"], brought["counts"]["ratings"]) == (4, 3, 0)
    shown, study = last(handlers.take(P, state))
    assert (len(study.votes), shown["summary"]["votes"], shown["summary"]["ratings"]) == (4, 4, 0)


def test_three_cells_a_line_need_not_be_a_list_of_means(uploads):
    state = PickerState()
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, two_csv="a.wav,3.1,4\nb.wav,2,1\n")))
    assert len(shown["brought"]["readings"]) == 3
    brought = correct(state, change="form", form="wide")
    assert (brought["problem"], brought["counts"]["ratings"]) == ("", 4)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes_txt": "hello world\n"}, "notes.txt holds no ratings in a known form"),
        ({"empty_csv": ""}, "empty.csv is empty"),
        ({"a_wav": b"RIFF"}, "holds no ratings in a known form"),
        ({"bad_zip": b"PK\x03\x04 no zip"}, "bad.zip cannot be unpacked"),
    ],
)
def test_what_holds_no_ratings_is_said_without_this_machines_paths(uploads, files, message):
    state = PickerState()
    shown, study = last(handlers.bring(P, state, uploaded(uploads, **files)))
    told = shown["error"] + (shown["brought"] or {}).get("problem", "")
    assert message in told
    assert str(uploads) not in told
    assert study is None


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_speaks_of_the_page_and_not_of_the_command_line(uploads, kind):
    suffix = "jsonl" if kind.startswith("json") else "csv"
    shown, _ = last(handlers.bring(P, PickerState(), uploaded(uploads, **{f"answers_{suffix}": REFUSED[kind]})))
    told = str({key: shown["brought"].get(key) for key in ("problem", "question", "notes", "refused")})
    assert not re.search(r"--[a-z]", told), told


def test_a_table_taken_for_another_kind_can_be_said_to_hold_ratings(uploads):
    state = PickerState()
    rows = "".join(f"c{k}.wav,{k % 5 + 1}\n" for k in range(8))
    shown, _ = last(handlers.bring(P, state, uploaded(uploads, mine_csv=f"clip,pred1\n{rows}")))
    assert "“Columns: pred1 = ratings”" in shown["brought"]["problem"]
    brought = correct(state, change="column", column="pred1", role="rating")
    assert (brought["problem"], brought["counts"]["ratings"]) == ("", 8)
    assert len(last(handlers.take(P, state))[1].ratings) == 8


def test_files_that_did_not_come_in_through_the_page_are_not_read(uploads, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(WIDE)
    shown, _ = last(handlers.bring(P, PickerState(), SimpleNamespace(files=[{"path": str(secret), "name": "x.csv"}])))
    assert shown["brought"] is None
    assert "did not arrive" in shown["error"]


def test_a_tab_that_needs_sound_refuses_ratings_without(uploads):
    state = PickerState(audio=True)
    last(handlers.bring(P, state, uploaded(uploads, panel_csv=WIDE)))
    shown, study = last(handlers.take(P, state))
    assert study is None
    assert "No sound was found for the 2 clips of panel" in shown["error"]
    assert shown["brought"] is not None
    shown = handlers.put_away(P, state)["view"]
    assert (shown["brought"], shown["error"]) == (None, "")


def test_a_study_is_fetched_on_request_and_says_so_when_it_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "answers.csv").write_text("USER_ID,SONG_ID,GUESS,RATING,TIME\n7,1,0,5,900\n")
    data = dataclasses.replace(DATASETS["lstm_music"], obtain="Or ask the authors.")
    state = PickerState()

    def ask(url: str, *, fetch: bool) -> tuple[list[dict], object]:
        here = dataclasses.replace(data, files=(RemoteFile("answers.csv", url),))
        monkeypatch.setitem(DATASETS, "lstm_music", here)
        answers = list(handlers.choose(P, state, SimpleNamespace(source="lstm_music", fetch=fetch)))
        return [answer["view"] for answer in answers], last(answers)[1]

    nowhere = "http://127.0.0.1:9/answers.csv"
    shown, study = ask(nowhere, fetch=False)
    entry = next(entry for entry in shown[-1]["sources"] if entry["name"] == "lstm_music")
    assert (study, shown[-1]["error"], entry["state"], entry["obtain"]) == (None, "", "fetch", "Or ask the authors.")
    assert entry["details"] == f"{data.megabytes} MB · {data.licence}"
    shown, study = ask(nowhere, fetch=True)
    assert study is None
    assert f"lstm_music could not be fetched: {nowhere} cannot be reached" in shown[-1]["error"]
    assert "Or ask the authors." in shown[-1]["error"]
    with serving(tmp_path / "served") as server:
        shown, study = ask(f"{server.address}answers.csv", fetch=True)
    assert "lstm_music" in shown[0]["busy"]["text"]
    assert (study.name, len(study.ratings)) == ("lstm_music", 1)
    assert shown[-1]["sources"][1]["state"] == "here"
    shown, study = ask(nowhere, fetch=False)
    assert len(study.ratings) == 1, "what is here needs no network"
    asked = SimpleNamespace(query_params={"tab": "compare", "study": "simulated"})
    assert list(handlers.wanted(SimpleNamespace(tab="compare"), state, asked)) == [], "the visitor's choice stays"
    assert "There is no study 'no such study' here" in last(handlers.by_name(P, state, "no such study"))[0]["error"]


def test_work_is_followed_stopped_and_its_problems_come_out():
    reached, stopped = threading.Event(), threading.Event()

    def work(tell):
        for step in range(1000):
            tell(f"step {step}", step, 1000)
            reached.set()
            stopped.wait(0.05)

    progress = follow(work, stopped.is_set)
    assert next(progress)["of"] == 1000
    stopped.set()
    with pytest.raises(InterruptedError):
        list(progress)
    assert reached.is_set()
    assert [*follow(lambda tell: 7, lambda: False)] == [{"result": 7}]
    with pytest.raises(ZeroDivisionError):
        list(follow(lambda tell: 1 / 0, lambda: False))


def test_a_packed_study_keeps_what_it_has(tmp_path):
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    study = Study.load(save_noisy_tones(sounds, clips=3))
    small = Study(study.clips, study.ratings, name="a/b: c", root=study.root)
    small.clips.loc[2, "path"] = ""
    target = pack(small, tmp_path)
    assert target.name == "a-b-c.zip"
    with zipfile.ZipFile(target) as archive:
        assert sum(name.startswith("audio/") for name in archive.namelist()) == 2
    again = read_ratings(target)
    assert (again.name, len(again.ratings), again.missing_audio()) == ("a/b: c", len(small.ratings), ["c2"])
