"""bench: named columns of a table, predictors that run, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from audio_files import tone, write_wav
from scipy.stats import spearmanr

from qamro.predictors import Predictor, Provenance, Score
from qamro.predictors.loading import PREDICTORS, PredictorEntry


@pytest.fixture
def ratings(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "audio").mkdir()
    rows = []
    for i in range(12):
        write_wav(tmp_path / "audio" / f"{i}.wav", tone(0.3, hz=200 + 40 * i, peak=0.1 + 0.05 * i))
        mos = 1 + i // 3
        rows.append(
            {
                "clip": f"{i}.wav",
                "path": f"audio/{i}.wav",
                "system": f"s{i % 4}",
                "MI": mos,
                "theirs": mos + rng.normal(),
            }
        )
    pd.DataFrame(rows).to_csv(tmp_path / "r.csv", index=False)
    return tmp_path / "r.csv"


class Loud(Predictor):
    name, axes, sample_rate = "loud", ("PQ",), 16_000
    provenance = {"PQ": Provenance("unverified", "Loud", "none")}  # noqa: RUF012

    def score(self, waveforms, prompts):
        return [{"PQ": Score(float(np.abs(wave.samples).max()))} for wave in waveforms]


def test_tables_and_predictors_side_by_side(ratings, run, tmp_path, monkeypatch):
    entry = PredictorEntry("loud", "Loud", ("PQ",), "For a test.", lambda **_: Loud())
    monkeypatch.setitem(PREDICTORS, "loud", entry)
    out = tmp_path / "board.md"
    result = run(
        "bench", "--study", ratings, "--predictors", "loud", "--predictions", f"theirs={ratings}:theirs=MI",
        "--axis-map", "loud:PQ=MI", "--licence", "theirs=CC BY 4.0", "--kind", "theirs=human", "--draws", 50,
        "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    text = out.read_text()
    rows = [line for line in text.splitlines() if line.startswith(("| loud", "| theirs"))]
    assert len(rows) == 2
    assert "| human | CC BY 4.0 |" in next(row for row in rows if "theirs" in row)
    assert "| unverified | not stated |" in next(row for row in rows if "loud (PQ)" in row)
    assert text.splitlines()[2].startswith("Made by `qamro bench`")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "say what to bench"),
        (["--predictions", "{r}"], "is not NAME=FILE"),
        (["--predictions", "a={r}"], "holds the ratings, too; name its columns"),
        (["--predictions", "a={r}:nothing=MI"], "has no column nothing"),
        (["--predictors", "psychic"], "no predictor 'psychic'"),
        (["--predictions", "a={r}:theirs=MI", "--licence", "MIT"], "--licence 'MIT' is not NAME=TEXT"),
    ],
)
def test_wrong_use_is_named(ratings, run, arguments, why):
    result = run("bench", "--study", ratings, *(argument.format(r=ratings) for argument in arguments))
    assert result.exit_code == 2
    assert why in " ".join(result.output.split())


def predicted_by(run, file):
    result = run(
        "bench", "--study", file, "--predictions", f"MuQ-Eval={file}:muqeval_MI=MI,muqeval_TA=TA",
        "--predictions", f"TuneJury={file}:tunejury=MI", "--draws", 20,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def test_ratings_and_two_models_predictions_in_one_file(run, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"clip": [f"human_eval/music/m{k % 5}/{k // 5}.wav" for k in range(40)]})
    table["system"], table["prompt"] = [f"m{k % 5}" for k in range(40)], "a waltz, slow"
    table[["MI", "TA"]] = rng.integers(10, 50, (40, 2)) / 10
    for column, axis in (("muqeval_MI", "MI"), ("muqeval_TA", "TA"), ("tunejury", "MI")):
        table[column] = table[axis] + rng.normal(0, 1, 40)
    table.to_csv(tmp_path / "r.csv", index=False)
    text = predicted_by(run, tmp_path / "r.csv")
    for name, column in (("TuneJury", "tunejury"), ("MuQ-Eval", "muqeval_MI")):
        assert f"| {name} | {spearmanr(table[column], table['MI'])[0]:.3f} [" in text
    assert "5 systems" in text


def test_published_predictions_have_their_published_correlations(shared, run):
    text = predicted_by(run, shared / "data" / "predictions" / "pam_music.csv")
    assert "| TuneJury | 0.591 [" in text
    assert "| MuQ-Eval | 0.499 [" in text
    assert "5 systems" in text
