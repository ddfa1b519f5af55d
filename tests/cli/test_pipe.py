"""predict - --jsonl: lines in, lines out, in their order and as they come."""

from __future__ import annotations

import io
import json
import threading

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from qamro.cli import app
from qamro.cli.pipe import score_lines
from qamro.predictors import load


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("piped"), np.random.default_rng(0)
    paths = [folder / f"{k}.wav" for k in range(10)]
    for path in paths:
        soundfile.write(path, 0.1 * rng.standard_normal(16_000), 16_000)
    return paths


def test_lines_come_back_with_their_scores(clips):
    asked = [{"path": str(path), "prompt": "piano", "system": "a", "id": k} for k, path in enumerate(clips)]
    lines = [json.dumps(one) for one in asked]
    lines[3:3] = ["", "no json", json.dumps({"file": "x"}), json.dumps({"path": "nowhere.wav", "id": 99})]
    result = CliRunner().invoke(app, ["predict", "-", "--jsonl"], input="\n".join(lines) + "\n")
    assert result.exit_code == 1  # three of them could not be scored
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one.get("id") for one in answers] == [0, 1, 2, None, None, 99, *range(3, 10)]
    assert answers[3]["error"].startswith("no JSON")
    assert answers[4]["error"].startswith("no clip")
    assert answers[5]["error"]
    assert answers[5]["MI"] is None
    expected = load("offline").predict(clips, ["piano"] * 10, ["a"] * 10)
    for one, (_, row) in zip([one for one in answers if not one["error"]], expected.iterrows(), strict=True):
        assert one["MI"] == pytest.approx(row["MI"], abs=1e-4)
        assert (one["system"], one["prompt"], one["source_MI"]) == ("a", "piano", row["source_MI"])


def test_an_answer_comes_before_the_next_line_is_written(clips):
    """A program that asks one clip at a time is not left waiting for a batch to fill."""
    answered, written = threading.Event(), io.StringIO()

    def slowly():
        yield json.dumps({"path": str(clips[0])}) + "\n"
        assert answered.wait(30)
        yield json.dumps({"path": str(clips[1])}) + "\n"

    written.flush = answered.set
    assert score_lines(load("offline"), slowly(), written, "drums") == 0
    assert [json.loads(line)["prompt"] for line in written.getvalue().splitlines()] == ["drums", "drums"]


@pytest.mark.parametrize("arguments", [["-"], ["a.wav", "--jsonl"], ["-", "a.wav", "--jsonl"]])
def test_the_dash_and_the_option_belong_together(arguments):
    result = CliRunner().invoke(app, ["predict", *arguments])
    assert result.exit_code == 2
    assert "belong together" in result.stderr
