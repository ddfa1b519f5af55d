"""Scores from any program: what it may print, and what becomes of a clip that gets no number."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
import soundfile

from qamro.predictors import load
from qamro.predictors.command import parse_answer
from qamro.ui import choices

SCRIPT = """
import json, subprocess, sys
path = sys.argv[1]
name = path.rsplit("/", 1)[-1]
if "slow" in name: subprocess.run(["sleep", "30"])
if "broken" in name: sys.exit("cannot hear this")
if "silent" in name: print("no idea"); sys.exit()
if "json" in sys.argv: print(json.dumps({"TA": len(name), "MI": 3.5, "MI_low": 3.0, "MI_high": 4, "x": sys.argv[3]}))
else: print("loading ..."); print(len(name) / 2)
"""


@pytest.fixture
def script(tmp_path):
    file = tmp_path / "score it.py"
    file.write_text(SCRIPT)
    return f"{sys.executable} '{file}'"


@pytest.fixture
def clip(tmp_path):
    def make(name):
        soundfile.write(tmp_path / name, 0.1 * np.sin(np.arange(8000) / 9), 8000)
        return tmp_path / name

    return make


def test_a_number_is_the_score(script, clip):
    table = load(f"command:{script} {{path}}").predict([clip("a b;c.wav"), clip("long name.wav")])
    assert table["score"].tolist() == [4.5, 6.5]
    assert table["seconds"].tolist() == [1.0, 1.0]
    assert table["source_score"].str.startswith("unverified: command").all()
    assert table["error"].tolist() == ["", ""]


def test_json_has_axes_and_intervals(script, clip):
    model = load(f"command:{script} {{path}} json {{prompt}}")
    table = model.predict([clip("a.wav"), clip("bb.wav")], ["a {path}; rm", ""])
    assert model.axes == ("MI", "TA")
    assert table["MI"].tolist() == [3.5, 3.5]
    assert table["MI_low"].tolist() == [3.0, 3.0]
    assert table["TA"].tolist() == [5, 6]


def test_a_clip_without_a_number_says_why_and_the_others_go_on(script, clip, tmp_path):
    names = ["silent.wav", "broken.wav", "good.wav", "slow.wav", "last.wav"]
    clips = [clip(name) for name in names] + [tmp_path / "gone.wav"]
    start = time.monotonic()
    table = load(f"command:{script} {{path}}", timeout=3).predict(clips)
    assert time.monotonic() - start < 20
    assert table["score"].notna().tolist() == [False, False, True, False, True, False]
    for error, word in zip(
        table["error"], ("no number", "ended with 1: cannot hear", "", "3 s", "", "no such"), strict=True
    ):
        assert word in error
        assert bool(word) == bool(error)


def test_a_program_is_asked_once_a_clip(tmp_path, clip):
    count = tmp_path / "count"
    file = tmp_path / "s.py"
    file.write_text(f"open({str(count)!r}, 'a').write('x'); print(1)")
    load(f"command:{sys.executable} {file} {{path}}").predict([clip("a.wav"), clip("b.wav")])
    assert len(count.read_text()) == 2


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3.5", {"score": 3.5}),
        ("warming up\n4\n\n", {"score": 4.0}),
        ('{\n "MI": 3,\n "x": null, "y": true\n}', {"MI": 3.0}),
        ('log\n{"SQ": 2.5}', {"SQ": 2.5}),
        ("nan", {}),
        ("", {}),
        ("3.5 out of 5", {}),
        ("[1, 2]", {}),
        ('"4"', {}),
    ],
)
def test_what_is_read(text, numbers):
    assert parse_answer(text) == numbers


@pytest.mark.parametrize(
    ("command", "why"), [("score", "where the clip goes"), ("", "where"), ("x '{path}", "cannot be read")]
)
def test_commands_that_cannot_work_are_refused(command, why):
    with pytest.raises(ValueError, match=why):
        load(f"command:{command}")


def test_a_program_that_is_not_there(clip):
    table = load("command:no-such-program {path}").predict([clip("a.wav")])
    assert "cannot be started" in table["error"][0]


def test_the_app_runs_no_commands():
    with pytest.raises(ValueError, match="no predictor"):
        choices.state("command:touch {path}")


def test_decoded_sound_is_refused_in_words():
    with pytest.raises(ValueError, match="scores files, not decoded sound"):
        load("command:true {path}").score([], [])
