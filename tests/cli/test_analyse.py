"""analyse: a MUSHRA file from file to verdict, what has to be said of others, and what is no test."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture
def mushra(tmp_path):
    """Results as webMUSHRA writes them; one of five listeners does not find the reference."""
    rng = np.random.default_rng(0)
    lines = ["session_test_id,session_uuid,trial_id,rating_stimulus,rating_score,rating_time,rating_comment"]
    levels = {"reference": 97, "C1": 80, "C2": 50, "anchor35": 15}
    for who in range(5):
        for trial in range(6):
            for system, level in levels.items():
                lost = who == 4 and system == "reference"
                score = 60 if lost else round(float(np.clip(level + rng.normal(0, 2), 0, 100)))
                lines.append(f"test,u{who},trial{trial},{system},{score},1000,")
    path = tmp_path / "mushra.csv"
    path.write_text("\n".join(lines))
    return path


def test_webmushra_from_file_to_verdict(mushra, run):
    out = mushra.parent / "new" / "result.json"
    result = run("analyse", "--ratings", mushra, "--json", out, "--draws", 200)
    assert result.exit_code == 0, result.output
    told = " ".join(result.stdout.split())
    assert "MUSHRA test" in told
    assert "left out are 1 of 5 raters" in told
    written = json.loads(out.read_text())
    assert (written["test"], written["reference"]) == ("mushra", "reference")
    (tables,) = written["axes"].values()
    assert [row["system"] for row in tables["systems"]] == ["reference", "C1", "C2", "anchor35"]
    assert [row["ratings"] for row in tables["systems"]] == [24] * 4
    assert sum(row["left_out"] for row in tables["screening"]) == 1


def test_what_a_file_does_not_say_has_to_be_said(tmp_path, run):
    scores = tmp_path / "scores.csv"
    rows = [
        f"{item}/{s},{s},r{r},DMOS,{5 - (s == 'bad') - r % 2}"
        for item in "xyz"
        for s in ("bad", "fair")
        for r in range(4)
    ]
    scores.write_text("\n".join(["clip,system,rater,axis,score", *rows]))
    refused = run("analyse", "--ratings", scores)
    assert refused.exit_code == 2
    assert "--test" in refused.stderr
    result = run("analyse", "--ratings", scores, "--test", "dmos", "--draws", 50)
    assert result.exit_code == 0, result.output
    assert "fair: 4.50" in result.stdout
    assert run("analyse", "--ratings", scores, "--test", "dmos", "--reference", "gt").exit_code == 2
    assert "has no answers of a CMOS" in run("analyse", "--ratings", scores, "--test", "cmos").stderr
