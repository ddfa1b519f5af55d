"""rank: votes of an arena from file to ranking, and what is said where there are none."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest


@pytest.fixture
def votes(tmp_path):
    """Votes between four systems in an order, with ties."""
    rng = np.random.default_rng(0)
    lines = ["system_a,system_b,preference"]
    for _ in range(400):
        a, b = rng.choice(4, 2, replace=False)
        chance = 1 / (1 + np.exp(b - a))
        winner = "tie" if rng.random() < 0.2 else "A" if rng.random() < chance else "B"
        lines.append(f"s{a},s{b},{winner}")
    path = tmp_path / "arena.csv"
    path.write_text("\n".join(lines))
    return path


def test_the_best_comes_first_in_text_and_json(votes, run):
    out = votes.parent / "new" / "rank.json"
    result = run("rank", "--votes", votes, "--json", out, "--draws", 100)
    assert result.exit_code == 0, result.output
    assert "400 votes by people on 4 systems." in result.stdout
    assert "s3 is first" in result.stdout
    told = json.loads(out.read_text())
    assert [row["system"] for row in told["systems"]] == ["s3", "s2", "s1", "s0"]
    assert {"score", "low", "high", "rank_low", "rank_high", "votes", "ties", "both_bad"} <= set(told["systems"][0])
    assert told["n_votes"] == 400
    assert len(told["pairs"]) == 6
    for row in told["systems"]:
        assert row["low"] <= row["score"] <= row["high"]
        assert 1 <= row["rank_low"] <= row["rank_high"] <= 4


def test_a_reference_is_at_zero(votes, run):
    out = votes.parent / "rank.json"
    assert run("rank", "--votes", votes, "--json", out, "--draws", 20, "--reference", "s1").exit_code == 0
    assert {row["system"]: row["score"] for row in json.loads(out.read_text())["systems"]}["s1"] == 0
    refused = run("rank", "--votes", votes, "--reference", "s9")
    assert refused.exit_code == 2
    assert "'s9' got no vote" in refused.stderr


def test_ratings_are_no_votes_and_votes_no_ratings(votes, run, tmp_path):
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("clip,rater,axis,score\na,r,MI,3\nb,r,MI,4\n")
    refused = run("rank", "--votes", ratings)
    assert refused.exit_code == 2
    assert "2 ratings of single clips and no votes" in refused.stderr
    refused = run("evaluate", "--ratings", votes, "--predictions", ratings)
    assert refused.exit_code == 2
    assert "qamro rank --votes" in refused.stderr


def test_an_arenas_own_file(run, tmp_path):
    """Battles with an id, systems by name and words of four kinds, as Music Arena publishes them."""
    rng = np.random.default_rng(1)
    names = [f"maker-{k}-v{k}" for k in range(11)]
    lines = ["battle_id,system_a,system_b,preference"]
    for k in range(240):
        a, b = rng.choice(11, 2, replace=False) if k > 10 else (k, (k + 1) % 11)
        lines.append(f"{k:08x}-aa7e-418b,{names[a]},{names[b]},{('A', 'B', 'TIE', 'BOTH_BAD')[rng.integers(4)]}")
    path = tmp_path / "arena.csv"
    path.write_text("\n".join(lines))
    result = run("rank", "--votes", path, "--draws", 50)
    assert result.exit_code == 0, result.output
    assert "240 votes by people on 11 systems" in result.stdout


def test_votes_go_into_a_report(votes, run, tmp_path):
    page, tables = tmp_path / "report.html", tmp_path / "tables.zip"
    result = run("compare", "--ratings", votes, "--html", page, "--zip", tables, "--draws", 50)
    assert result.exit_code == 0, result.output
    assert "s3 is first" in result.stdout
    text = page.read_text()
    assert "preference: systems by votes" in text
    assert "400 votes between pairs by people on preference" in text
    with zipfile.ZipFile(tables) as archive:
        assert {"votes-preference-table.csv", "votes-preference-pairs.csv"} <= set(archive.namelist())
        pairs = archive.read("votes-preference-pairs.csv").decode().splitlines()
    header = pairs[0].split(",")
    rows = [dict(zip(header, line.split(","), strict=True)) for line in pairs[1:]]
    assert sum(int(row["votes"]) for row in rows) == 400
    lines = [line.split(",") for line in votes.read_text().splitlines()[1:]]
    for row in rows:
        both = [x for x in lines if {row["first"], row["second"]} == set(x[:2])]
        won = sum(x[2] != "tie" and x["AB".index(x[2])] == row["first"] for x in both)
        assert int(row["first_won"]) == won
        assert int(row["ties"]) == sum(x[2] == "tie" for x in both)


def test_predictions_are_held_against_votes(votes, run, tmp_path):
    """A perfect predictor, its opposite, and one of other clips."""
    clips = [f"s{k}" for k in range(4)]
    (tmp_path / "good.csv").write_text("clip,MI\n" + "\n".join(f"{c},{c[1]}" for c in clips))
    (tmp_path / "bad.csv").write_text("clip,MI\n" + "\n".join(f"{c},{9 - int(c[1])}" for c in clips))
    (tmp_path / "other.csv").write_text("clip,MI\nfoo,1\nbar,2\n")
    files = [x for name in ("good", "bad", "other") for x in ("--predictions", tmp_path / f"{name}.csv")]
    result = run("compare", "--ratings", votes, *files, "--draws", 50)
    assert result.exit_code == 0, result.output
    told = " ".join(result.stdout.split())
    assert "it agrees with the votes more often than chance; systems tau 1.00 (4)" in told
    assert "it contradicts the votes more often than chance; systems tau −1.00 (4)" in told
    assert "other left out" in " ".join(result.stderr.split())
