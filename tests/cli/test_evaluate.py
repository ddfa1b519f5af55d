"""evaluate: figures with intervals where clips match, a plain word and no figures where none does."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from scipy import stats

from qamro.studies.importers import read_ratings
from qamro.studies.summary import study_hash
from tests.studies.extracts import write_musiceval


@pytest.fixture
def files(tmp_path):
    """Twelve clips of four systems: ratings in long form and predictions that follow them."""
    rng = np.random.default_rng(0)
    ratings, predictions = ["clip,rater,axis,score,system"], ["clip,MI,TA"]
    for i in range(12):
        system = f"s{i % 4}"
        ratings += [f"c{i}.wav,r{rater},MI,{1 + i % 4 + rng.random():.3f},{system}" for rater in range(3)]
        predictions.append(f"c{i},{1 + i % 4 + rng.random():.3f},")
    (tmp_path / "ratings.csv").write_text("\n".join(ratings))
    (tmp_path / "scores.csv").write_text("\n".join(predictions))
    return tmp_path


def test_table_and_json(files, run):
    out = files / "new" / "result.json"
    result = run(
        "evaluate", "--predictions", files / "scores.csv", "--ratings", files / "ratings.csv", "--json", out,
        "--draws", 200,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "12 predictions against ratings by people; 12 clips matched" in result.stdout
    assert "95 % interval" in result.stdout
    assert result.stdout.count("the interval is rough") == 1  # once for the level, not once a metric
    assert result.stdout.count("4 systems; a hint") == 1
    data = json.loads(out.read_text())
    assert (data["matched"], data["interval"]["draws"]) == (12, 200)
    assert data["predictions"].endswith("scores.csv")
    rows = {(row["axis"], row["level"], row["metric"]): row for row in data["metrics"]}
    assert {axis for axis, _, _ in rows} == {"MI"}
    assert {level for _, level, _ in rows} == {"utterance", "system"}
    for row in rows.values():
        assert {"value", "low", "high", "clips", "systems"} <= set(row)
        assert (row["clips"], row["systems"]) == (12, 4), row
    human = {}
    for line in (files / "ratings.csv").read_text().splitlines()[1:]:
        name, _, _, score, _ = line.split(",")
        human.setdefault(name.removesuffix(".wav"), []).append(float(score))
    mine = {row.split(",")[0]: float(row.split(",")[1]) for row in (files / "scores.csv").read_text().splitlines()[1:]}
    expected = stats.spearmanr([np.mean(human[name]) for name in mine], list(mine.values())).statistic
    assert rows["MI", "utterance", "SRCC"]["value"] == pytest.approx(expected)
    assert f"{expected:.3f}" in result.stdout


@pytest.mark.parametrize("verb", ["evaluate", "compare"])
def test_what_the_score_table_says_of_its_clips_is_repeated(files, run, verb):
    head, *rows = (files / "scores.csv").read_text().splitlines()
    words = ["inside"] * 9 + ["edge", "outside", "outside"]
    table = [f"{head},domain", *(f"{row},{word}" for row, word in zip(rows, words, strict=True))]
    (files / "told.csv").write_text("\n".join(table))
    common = ["--ratings", files / "ratings.csv", "--draws", 50]
    told = run(verb, "--predictions", files / "told.csv", *common)
    assert told.exit_code == 0, told.output
    text = " ".join(told.output.split())
    assert "of 12 clips 9 are like those that the heads were trained on, 1 is at their edge. 2 are unlike them" in text
    plain = run(verb, "--predictions", files / "scores.csv", *common)
    assert "trained on" not in plain.output
    if verb == "evaluate":
        run(verb, "--predictions", files / "told.csv", *common, "--json", files / "told.json")
        assert "2 are unlike them" in json.loads((files / "told.json").read_text())["domain"]


def test_axes_of_ones_own_are_paired_by_name(files, run):
    text = (files / "ratings.csv").read_text().replace(",MI,", ",quality,")
    (files / "ratings.csv").write_text(text)
    arguments = ["evaluate", "--predictions", files / "scores.csv", "--ratings", files / "ratings.csv", "--draws", 0]
    refused = run(*arguments)
    assert refused.exit_code == 2
    assert "--axis MI=quality" in refused.stderr
    paired = run(*arguments, "--axis", "MI=quality", "--json", files / "r.json")
    assert paired.exit_code == 0, paired.output
    assert "MI~quality, utterance level: 12 clips of 4 systems" in paired.stdout
    rows = json.loads((files / "r.json").read_text())["metrics"]
    assert {row["low"] for row in rows} == {None}
    assert {row["value"] for row in rows if row["metric"] == "MSE"} == {None}


def test_nothing_matched_is_said_and_gives_no_figures(files, run):
    (files / "scores.csv").write_text("clip,MI\nx,3\ny,2\n")
    out = files / "r.json"
    result = run("evaluate", "--predictions", files / "scores.csv", "--ratings", files / "ratings.csv", "--json", out)
    assert result.exit_code == 1
    assert "0 clips matched" in result.stderr
    assert "2 predictions" in result.stderr
    assert "12 rated clips" in result.stderr
    assert result.stdout == ""
    assert not out.exists()


def test_published_lists_of_different_splits(tmp_path, run):
    mos, answer = write_musiceval(tmp_path)
    result = run("evaluate", "--predictions", answer, "--ratings", mos)
    assert result.exit_code == 1
    assert "0 clips matched" in result.stderr
    assert "20 predictions" in result.stderr
    assert "24 rated clips" in result.stderr
    assert result.stdout == ""


def test_zeros_off_the_scale_are_reported(tmp_path, run):
    lists = {key: [0, 5, 9] for key in ("Production_Quality", "Production_Complexity", "Content_Enjoyment")}
    lines = [{"data_path": f"c{i}", "Content_Usefulness": [i + 1, 2, 3]} | lists for i in range(4)]
    (tmp_path / "r.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "s.csv").write_text("clip,CU\nc0,1\nc1,2\nc2,3\nc3,4\n")
    result = run(
        "evaluate", "--predictions", tmp_path / "s.csv", "--ratings", tmp_path / "r.jsonl", "--draws", 0,
        "--json", tmp_path / "r.json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "12 ratings lie off their axis's scale and were kept as found" in result.stdout
    assert {row["count"] for row in json.loads((tmp_path / "r.json").read_text())["off_scale"]} == {4}


def test_what_is_left_over_is_said(files, run):
    with (files / "scores.csv").open("a") as more:
        more.write("\nstranger,3,")
    text = (files / "scores.csv").read_text().replace("c0,", "d0,", 1)
    (files / "scores.csv").write_text(text)
    result = run("evaluate", "--predictions", files / "scores.csv", "--ratings", files / "ratings.csv", "--draws", 0)
    assert "13 predictions against ratings by people; 11 clips matched" in result.stdout
    assert "2 predictions without a rating, for example d0" in result.stdout
    assert "1 rated clip without a prediction, for example c0.wav" in result.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--predictions": "none.csv"}, "there is no file none.csv"),
        ({"--ratings": "none.csv"}, "there is no file or folder none.csv"),
        ({"--ratings": "none"}, "there is no file, folder or study none; known studies: aes_natural"),
        ({"--ratings": "lstm_music"}, "lstm_music is not on this machine yet; get it with"),
        ({"--axis": "MI="}, "'MI=' is not an axis or a pair"),
        ({"--axis": "PQ"}, "no column 'PQ'"),
        ({"--predictions": "bad.csv"}, "bad.csv, row 1, column 'MI': 'high' is not a finite number"),
        ({"--draws": "-1"}, "--draws"),
    ],
)
def test_wrong_use_is_exit_code_2_with_a_remedy(files, monkeypatch, run, change, message):
    monkeypatch.chdir(files)
    monkeypatch.setenv("QAMRO_CACHE", str(files / "cache"))
    (files / "bad.csv").write_text("clip,MI\nc0,high\nc1,2\n")
    options = {"--predictions": "scores.csv", "--ratings": "ratings.csv"} | change
    result = run("evaluate", *(part for pair in options.items() for part in pair))
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("verb", ["evaluate", "compare"])
def test_figures_on_the_study_that_a_head_was_trained_on_come_with_a_warning(files, run, verb):
    scores = (files / "scores.csv").read_text().splitlines()
    digest = study_hash(read_ratings(files / "ratings.csv"))
    cases = {("ratings", ""): True, ("another study", "12"): False, ("another name", digest): True, ("", ""): False}
    for (study, known), seen in cases.items():
        told = '"human: LogMel r1 + ScoreHead; ratings, 12 clips of 4 systems"'  # a sentence, which nothing reads
        rows = [f"{scores[0]},source_MI,study_MI,hash_MI", *(f"{row},{told},{study},{known}" for row in scores[1:])]
        (files / "told.csv").write_text("\n".join(rows))
        result = run(verb, "--predictions", files / "told.csv", "--ratings", files / "ratings.csv", "--draws", 50)
        assert result.exit_code == 0, result.output
        assert ("the heads behind MI were trained or calibrated on ratings, too" in result.stderr) == seen


@pytest.mark.parametrize("verb", ["evaluate", "compare"])
def test_the_printed_pair_is_of_columns_that_are_there_and_works(files, run, verb):
    text = (files / "scores.csv").read_text().split("\n", 1)
    (files / "other.csv").write_text(re.sub(r"\bMI", "utmos", text[0]) + "\n" + text[1])
    arguments = [verb, "--predictions", files / "other.csv", "--ratings", files / "ratings.csv", "--draws", 50]
    refused = run(*arguments)
    assert refused.exit_code == 2
    option = "--axis" if verb == "evaluate" else "--axis-map"
    pair = re.search(rf"for example {option} (\S*utmos=MI)", refused.stderr)
    assert pair, refused.stderr
    assert run(*arguments, option, pair[1]).exit_code == 0


def test_a_rated_axis_that_is_not_there_gets_no_empty_example(files, run):
    scores = files / "alone.csv"
    scores.write_text("clip,MI\n" + "\n".join(f"c{i},{1 + i % 4}" for i in range(12)))
    refused = run("evaluate", "--predictions", scores, "--ratings", files / "ratings.csv", "--axis", "PQ")
    assert refused.exit_code == 2
    assert refused.stderr.rstrip().endswith("Choose one with --axis")
