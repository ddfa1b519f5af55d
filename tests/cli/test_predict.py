"""predict: one row a clip whatever happens, exit codes, and what it says about its numbers."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from audio_files import HOSTILE_NAMES, make_bad, tone, write_wav

from qamro.heads import HeadBundle
from qamro.heads.domain import Domain
from qamro.studies.importers import read_predictions


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def clip(folder, name, hz=440.0, seconds=0.5):
    folder.mkdir(parents=True, exist_ok=True)
    return write_wav(folder / name, tone(seconds, hz=hz))


def test_parquet_says_what_csv_says_and_is_read_back(tmp_path, run, heads):
    good, bad = clip(tmp_path, "good.wav"), tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    paths = tmp_path / "s.csv", tmp_path / "s.parquet"
    assert [run("predict", good, bad, "--heads", heads, "--out", path).exit_code for path in paths] == [1, 1]
    text, columnar = map(read_predictions, paths)
    assert list(text.columns) == list(columnar.columns)
    pd.testing.assert_frame_equal(text, columnar, check_dtype=False, atol=1e-6)
    assert columnar["MI"].notna().tolist() == [True, False]
    assert not list(tmp_path.glob("*.part"))


def test_parts_of_recordings_and_sound_in_parquet_are_scored_as_files_would_be(tmp_path, run):
    sound = np.concatenate([tone(1.0, hz=300), tone(1.0, hz=900)])
    whole = write_wav(tmp_path / "r.wav", sound)
    parts = [write_wav(tmp_path / f"{k}.wav", sound[k * len(sound) // 2 :][: len(sound) // 2]) for k in range(2)]
    recording = {"sources": [{"type": "file", "source": whole.name}], "duration": 2.0}
    cuts = [{"id": f"cut-{k}", "start": float(k), "duration": 1.0, "recording": recording} for k in range(2)]
    with gzip.open(tmp_path / "cuts.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(cut) + "\n" for cut in cuts))
    held = [{"audio": {"bytes": part.read_bytes(), "path": "x"}, "id": f"cut-{k}"} for k, part in enumerate(parts)]
    pq.write_table(pa.Table.from_pylist(held), tmp_path / "held.parquet")
    answers = []
    for given in (parts, [tmp_path / "cuts.jsonl.gz"], [tmp_path / "held.parquet"]):
        assert run("predict", *given, "--out", tmp_path / "s.csv").exit_code == 0
        answers.append(rows_of(tmp_path / "s.csv"))
    assert [row["clip"] for row in answers[1]] == [row["clip"] for row in answers[2]] == ["cut-0", "cut-1"]
    for want, *others in zip(*answers, strict=True):
        assert all(float(row["MI"]) == pytest.approx(float(want["MI"]), abs=1e-5) for row in others)
    assert answers[0][0]["MI"] != answers[0][1]["MI"]
    refused = run("predict", tmp_path / "cuts.jsonl.gz", "--predictor", "command:cat {path}")
    assert (refused.exit_code, "a command scores whole files" in refused.output) == (2, True)


def test_without_a_file_the_scores_are_shown(tmp_path, run, heads):
    good, bad = clip(tmp_path, "good.wav"), tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    result = run("predict", good, bad, "--heads", heads, "--out", tmp_path / "scores.csv")
    score = rows_of(tmp_path / "scores.csv")[0]
    shown = run("predict", good, bad, "--heads", heads)
    assert shown.exit_code == result.exit_code == 1
    lines = shown.output.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("good.wav"))
    assert lines[at].split()[1:] == [f"{float(score['MI']):.1f}", "-", f"{float(score['PQ']):.1f}"]
    assert lines[at + 1].split() == [f"{float(score['MI_low']):.1f}-{float(score['MI_high']):.1f}"]  # PQ has none here
    assert lines[at + 2].split() == ["bad.wav", "failed"]
    assert "written to" not in shown.output


def test_clips_unlike_those_of_training_are_told_and_have_no_interval(tmp_path, run, heads):
    good, bundle = clip(tmp_path, "good.wav"), HeadBundle.load(heads)
    dim = bundle.heads["MI"].in_mean.numel()
    for limits, word in (((0.0, 0.0), "outside"), ((1e9, 1e9), "inside"), ((0.0, 1e9), "edge")):
        found = Domain(torch.zeros(dim), torch.ones(dim), torch.eye(1, dim), *torch.ones(2, 1), torch.tensor(limits))
        bundle.extra = found.tensors()
        folder = bundle.save(tmp_path / word)
        out = tmp_path / f"{word}.csv"
        assert run("predict", good, "--heads", folder, "--out", out).exit_code == 0
        (row,) = rows_of(out)
        shown = run("predict", good, "--heads", folder).output
        assert row["domain"] == word
        assert (row["MI_low"] == "") == (word == "outside")
        assert row["MI"] != ""
        first = next(line for line in shown.splitlines() if line.startswith("good.wav"))
        assert first.split()[-1] == word
        assert ("unlike them (outside): its score is a guess, without an interval" in shown) == (word == "outside")
        table = read_predictions(out)
        assert table["domain"].tolist() == [word]


def test_a_manifest_is_scored(tmp_path, run, heads):
    clip(tmp_path / "audio", "a.wav")
    clip(tmp_path / "audio", "b.wav", hz=880)
    (tmp_path / "m.csv").write_text('path,prompt,system\naudio/b.wav,"slow, calm",s2\naudio/a.wav,,s1\n')
    out = tmp_path / "out" / "scores.csv"
    result = run("predict", tmp_path / "m.csv", "--heads", heads, "--out", out)
    assert result.exit_code == 0, result.output
    rows = rows_of(out)
    assert [(row["clip"], row["system"], row["prompt"]) for row in rows] == [
        ("b.wav", "s2", "slow, calm"),
        ("a.wav", "s1", ""),
    ]
    columns = ["clip", "path", "system", "prompt", "MI", "TA", "PQ"]
    columns += [f"{axis}_{end}" for axis in ("MI", "TA", "PQ") for end in ("low", "high")]
    told = ("source", "kind", "encoder", "study", "hash", "calibrated", "calibrationhash", "fold")
    columns += [f"{part}_{axis}" for axis in ("MI", "TA", "PQ") for part in told]
    assert list(rows[0]) == [*columns, "domain", "seconds", "error"]
    card = json.loads((heads / "card.json").read_text("utf-8"))
    facts = [rows[0][f"{part}_MI"] for part in told[1:]]
    encoder = f"{card['encoder']['name']} r{card['encoder']['revision']}"
    assert facts == ["simulated", encoder, card["study"]["name"], card["study"]["hash"], "", "", ""]
    assert [rows[1][f"{part}_TA"] for part in told[1:]] == [""] * 7, "what has no score comes from nowhere"
    assert [float(row["MI_low"]) <= float(row["MI"]) <= float(row["MI_high"]) for row in rows] == [True, True]
    assert 1 <= float(rows[0]["TA"]) <= 5
    assert (rows[1]["TA"], rows[1]["source_TA"]) == ("", "not scored: no prompt")
    assert rows[0]["source_MI"].startswith("simulated: LogMel")
    assert "2 of 2 clips scored" in result.output
    assert "simulated: LogMel" in result.output
    assert "simulated: trained on simulated listeners; a demonstration, not evidence" in result.output
    assert "TA: not scored: no prompt (1 clip)" in result.output
    assert read_predictions(out)["MI"].notna().all()


def test_a_prompt_for_all_and_a_folder(tmp_path, run, heads):
    for name in ("10.wav", "9.wav"):
        clip(tmp_path / "in", name)
    result = run("predict", tmp_path / "in", "--prompt", "drums", "--heads", heads, "--out", tmp_path / "s.csv")
    assert result.exit_code == 0, result.output
    assert [(row["clip"], row["prompt"], row["TA"] != "") for row in rows_of(tmp_path / "s.csv")] == [
        ("9.wav", "drums", True),
        ("10.wav", "drums", True),
    ]


def test_the_manifest_may_name_the_clips(tmp_path, run, heads):
    clip(tmp_path, "a.wav")
    (tmp_path / "clips.csv").write_text("clip,path\nS01_P01,a.wav\n")
    assert run("predict", tmp_path / "clips.csv", "--heads", heads, "-o", tmp_path / "s.csv").exit_code == 0
    assert rows_of(tmp_path / "s.csv")[0]["clip"] == "S01_P01"


def test_one_bad_file_among_ten(tmp_path, run, heads):
    for number in range(9):
        clip(tmp_path / "in", f"{number}.wav", seconds=0.2)
    bad, complaint = make_bad("text", tmp_path / "in")
    result = run("predict", tmp_path / "in", "--heads", heads, "--out", tmp_path / "s.csv")
    assert result.exit_code == 1
    rows = {row["clip"]: row for row in rows_of(tmp_path / "s.csv")}
    assert len(rows) == 10
    assert [name for name, row in rows.items() if row["error"]] == [bad.name]
    assert complaint in rows[bad.name]["error"]
    assert rows[bad.name]["MI"] == ""
    assert all(row["MI"] for name, row in rows.items() if name != bad.name)
    assert "9 of 10 clips scored" in result.stdout
    assert bad.name in result.stderr


def test_a_manifest_with_a_missing_file(tmp_path, run, heads):
    clip(tmp_path, "a.wav")
    (tmp_path / "m.csv").write_text("path\ngone.wav\na.wav\n")
    result = run("predict", tmp_path / "m.csv", "--heads", heads, "--out", tmp_path / "s.csv")
    assert result.exit_code == 1
    assert [bool(row["error"]) for row in rows_of(tmp_path / "s.csv")] == [True, False]
    assert "gone.wav" in result.stderr


def test_names_that_break_careless_code(tmp_path, run, heads):
    names = [name for name in HOSTILE_NAMES if name.endswith(".wav") and not name.startswith(".")]
    for name in names:
        clip(tmp_path / "in", name, seconds=0.1)
    (tmp_path / "in" / "[red]bad[bold\x1b[31m.wav").write_text("no sound")
    result = run("predict", tmp_path / "in", "--heads", heads, "--out", tmp_path / "s.csv")
    assert result.exit_code == 1, result.output
    assert r"[red]bad[bold\x1b[31m.wav" in result.stderr
    assert "\x1b" not in result.output
    scored = read_predictions(tmp_path / "s.csv")
    assert set(names) == set(scored.loc[scored["error"] == "", "clip"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["gone.wav", "--out", "s.csv"], "there is no file or folder gone.wav"),
        (["gone.csv", "--out", "s.csv"], "there is no file or folder gone.csv"),
        (["in", "--out", "s.csv"], "holds no audio files"),
        (["m.csv", "--out", "s.csv"], "m.csv, row 1: there is no column of clip names"),
        (["a.wav", "--out", "in"], "in"),
        (["a.wav", "--out", "s.csv", "--predictor", "psychic"], "no predictor 'psychic'; choose one of offline"),
        (["a.wav", "--out", "s.csv", "--heads", "in"], "holds no"),
        (["a.wav", "--out", "s.csv", "--nonsense"], "No such option"),
    ],
)
def test_wrong_use_is_exit_code_2_with_a_remedy(tmp_path, monkeypatch, run, arguments, message):
    monkeypatch.chdir(tmp_path)
    clip(tmp_path, "a.wav")
    (tmp_path / "in").mkdir()
    (tmp_path / "m.csv").write_text("sound\na.wav\n")
    result = run("predict", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not (tmp_path / "s.csv").exists()


@pytest.mark.server
@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")
def test_ctrl_c_keeps_what_was_scored(tmp_path, heads):
    first = clip(tmp_path / "in", "0.wav", seconds=20)
    for number in range(1, 400):
        os.link(first, tmp_path / "in" / f"{number}.wav")
    out = tmp_path / "s.csv"
    command = [sys.executable, "-m", "qamro", "predict", "in", "--heads", heads, "--out", out]
    work = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.getcwd()}
    )
    part = out.with_name("s.csv.part")
    deadline = time.monotonic() + 60
    while not (part.exists() and part.read_text().count("\n") > 8):
        assert time.monotonic() < deadline, "nothing was scored in a minute"
        assert work.poll() is None, work.communicate()[1]
        time.sleep(0.05)
    work.send_signal(signal.SIGINT)
    _, errors = work.communicate(timeout=60)
    assert work.returncode == 130, errors
    rows = rows_of(out)
    assert 8 <= len(rows) < 400
    assert all(row["MI"] for row in rows)
    assert f"interrupted: {len(rows)} of 400 clips done; kept in {out}" in errors
    assert not part.exists()


def test_what_a_command_prints_is_a_score(tmp_path, run):
    good, silent = clip(tmp_path, "good.wav"), clip(tmp_path, "silent.wav")
    script = tmp_path / "s.py"
    script.write_text("import sys; print(2.5 if 'good' in sys.argv[1] else 'no idea')")
    out = tmp_path / "scores.csv"
    result = run("predict", good, silent, "--predictor", f"command:{sys.executable} {script} {{path}}", "--out", out)
    assert result.exit_code == 1
    assert [(row["score"], bool(row["error"])) for row in rows_of(out)] == [("2.5", False), ("", True)]
    assert "1 of 2 clips scored" in result.output
    assert "unverified: made by weights of unknown origin" in result.output


def test_clips_for_which_nobody_is_are_not_counted_as_scored(tmp_path, run):
    from qamro.encoders.packaged import DISTILLMOS, SILERO

    if not (DISTILLMOS.is_here and SILERO.is_here):
        pytest.skip("the packages of the extra speech are not installed")
    result = run("predict", clip(tmp_path, "tone.wav"), "--predictor", "speech", "--out", tmp_path / "s.csv")
    assert result.exit_code == 0, result.output
    assert "0 of 1 clip scored" in result.output
    assert "not scored: no speech heard" in result.output
