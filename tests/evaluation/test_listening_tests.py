"""MUSHRA, DMOS, CMOS and ABX against explicit loops, scipy, and simulated panels whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from qamro.evaluation.listening_tests import comparisons, find_test, right_answers, screened, system_means
from qamro.report import Options, compare
from qamro.studies import Study

SYSTEMS = ("reference", "codec a", "codec b", "anchor35")


def mushra(rng, raters=12, items=8, levels=(98, 70, 70, 20), careless=(), **about):
    """Scores of every rater for every version of every item; careless raters do not find the reference."""
    clips, ratings = [], []
    of_item, of_rater = rng.normal(0, 6, (items, 4)), rng.normal(0, 5, raters)
    for item in range(items):
        for k, system in enumerate(SYSTEMS):
            clips.append((f"{item}/{system}", system, f"item {item}"))
            for rater in range(raters):
                score = levels[k] + (of_item[item, k] + of_rater[rater] + rng.normal(0, 8)) * (k > 0)
                if rater in careless and k == 0:
                    score = 50.0
                ratings.append((f"{item}/{system}", f"r{rater:02}", "MUSHRA", float(np.clip(round(score), 0, 100))))
    return Study(
        pd.DataFrame(clips, columns=["clip", "system", "source"]),
        pd.DataFrame(ratings, columns=["clip", "rater", "axis", "score"]),
        about=about,
    )


def test_a_test_is_known_by_its_design_or_its_systems_or_by_what_is_said():
    rng = np.random.default_rng(0)
    found = find_test(mushra(rng))
    assert (found.method.key, found.reference, found.anchors) == ("mushra", "reference", ["anchor35"])
    told = {"method": "mushra", "reference": "codec a", "anchors": []}
    assert find_test(mushra(rng, test=told)).reference == "codec a"
    assert find_test(mushra(rng), "dmos").method.key == "dmos"
    assert find_test(mushra(rng), reference="codec b").reference == "codec b"
    plain = mushra(rng)
    plain = plain.replace(ratings=plain.ratings.assign(score=plain.ratings["score"] / 25 + 1))
    assert find_test(plain) is None
    with pytest.raises(ValueError, match="no system 'gt'"):
        find_test(mushra(rng), reference="gt")
    with pytest.raises(ValueError, match="no test 'rating'"):
        find_test(mushra(rng), "rating")
    with pytest.raises(ValueError, match="no answers"):
        find_test(mushra(rng), "cmos")


@pytest.mark.parametrize(("below", "items", "out"), [(0, 20, False), (3, 20, False), (4, 20, True), (1, 4, True)])
def test_post_screening_is_more_than_fifteen_per_cent_below_ninety(below, items, out):
    study = mushra(np.random.default_rng(1), items=items)
    ratings = study.ratings
    mine = ratings.index[(ratings["rater"] == "r03") & ratings["clip"].str.endswith("/reference")]
    ratings.loc[mine, "score"] = 90.0  # 90 is not below 90
    ratings.loc[mine[:below], "score"] = 89.0
    test = find_test(study)
    found = screened(test, study, "MUSHRA")
    assert found.left_out == (["r03"] if out else [])
    row = found.table.set_index("rater").loc["r03"]
    assert (row["references"], row["below"]) == (items, below)


def test_means_are_a_plain_loop_without_those_left_out():
    study = mushra(np.random.default_rng(2), careless=(0, 5))
    test = find_test(study)
    out = screened(test, study, "MUSHRA").left_out
    assert out == ["r00", "r05"]
    table = system_means(test, study, "MUSHRA", left_out=out).table.set_index("system")
    for system in SYSTEMS:
        scores = [r.score for r in study.ratings.itertuples() if r.clip.endswith(f"/{system}") and r.rater not in out]
        assert table.loc[system, "mean"] == pytest.approx(np.mean(scores))
        assert table.loc[system, "median"] == np.median(scores)
        assert table.loc[system, "ratings"] == len(scores)
    assert table["role"].to_dict() == {"reference": "reference", "codec a": "", "codec b": "", "anchor35": "anchor"}
    section = compare(study, {}, Options(draws=200)).listening_test("MUSHRA")
    told = " ".join(section.sentences)
    assert "left out are 2 of 12 raters: r00, r05" in told
    assert "Not told apart: codec" in told


def test_intervals_of_means_cover_and_equal_codecs_are_seldom_told_apart():
    inside, wrong, runs = [], [], 25
    for seed in range(runs):
        study = mushra(np.random.default_rng([seed, 3]), raters=15, items=10, levels=(98, 60, 60, 30))
        found = system_means(find_test(study), study, "MUSHRA", draws=200, seed=seed)
        table = found.table.set_index("system")
        inside += [table.loc[s, "low"] <= m <= table.loc[s, "high"] for s, m in (("codec a", 60), ("codec b", 60))]
        pairs = found.pairs.set_index(["first", "second"])["differ"]
        wrong.append(bool(pairs["codec a", "codec b"]))
        assert pairs["anchor35", "codec a"]
    assert 0.9 <= np.mean(inside) <= 1
    assert np.mean(wrong) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("raters", [1, 2])
def test_few_raters_claim_little(raters):
    study = mushra(np.random.default_rng(4), raters=raters, items=1)
    section = compare(study, {}, Options(draws=50)).listening_test("MUSHRA")
    assert "told apart, all at once: 0 of 6." in " ".join(section.sentences)


def test_a_reference_that_is_not_found_is_said():
    study = mushra(np.random.default_rng(5), careless=range(12))
    section = compare(study, {}, Options(draws=50)).listening_test("MUSHRA")
    told = " ".join(section.sentences)
    assert "left out are 12 of 12 raters" in told
    assert "Nobody is left" in told
    assert "The reference reference does not have the highest mean" in told


def cmos(rng, shift=1.0, raters=12, items=8, side=0.0):
    """Scores of a over b, ``new`` better than ``old`` by ``shift``; both orders; a side may have an advantage."""
    clips = [(f"{item}/{s}", s, f"item {item}") for item in range(items) for s in ("new", "old")]
    votes = []
    for rater in range(raters):
        for item in range(items):
            turn = rng.random() < 0.5
            a, b = ("old", "new") if turn else ("new", "old")
            score = float(np.clip(np.round((-shift if turn else shift) + side + rng.normal(0, 1)), -3, 3))
            winner = "a" if score > 0 else "b" if score < 0 else "tie"
            votes.append((f"{item}/{a}", f"{item}/{b}", a, b, f"r{rater}", "CMOS", winner, score))
    columns = ["clip_a", "clip_b", "system_a", "system_b", "rater", "axis", "winner", "score"]
    empty = pd.DataFrame({"clip": [], "axis": [], "score": []})
    clips = pd.DataFrame(clips, columns=["clip", "system", "source"])
    return Study(clips, empty, votes=pd.DataFrame(votes, columns=columns))


@pytest.mark.parametrize("reference", ["", "old", "new"])
def test_cmos_is_a_mean_over_both_orders(reference):
    study = cmos(np.random.default_rng(6))
    test = find_test(study, reference=reference)
    assert test.method.key == "cmos"
    row = comparisons(test, study, "CMOS").iloc[0]
    first = {"": "new", "old": "new", "new": "old"}[reference]
    assert row["first"] == first
    scores = [v.score if v.system_a == first else -v.score for v in study.votes.itertuples()]
    assert row["mean"] == pytest.approx(np.mean(scores))
    assert (row["better"], row["equal"]) == (sum(x > 0 for x in scores), sum(x == 0 for x in scores))
    assert row["differ"]
    assert row["low"] < row["mean"] < row["high"]


def test_equal_systems_have_no_cmos_and_a_side_does_not_make_one():
    wrong, runs = [], 25
    for seed in range(runs):
        study = cmos(np.random.default_rng([seed, 7]), shift=0.0, side=0.4)
        wrong.append(bool(comparisons(find_test(study), study, "CMOS", draws=200, seed=seed)["differ"].iloc[0]))
    assert np.mean(wrong) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / runs)


def abx(right_of, n=16):
    """ABX answers: each rater so many right of ``n``."""
    clips = pd.DataFrame({"clip": ["x/coded", "x/original"], "system": ["coded", "original"]})
    rows = [
        ("x/coded", f"r{k}", "ABX", float(i < right), "x/original")
        for k, right in enumerate(right_of)
        for i in range(n)
    ]
    about = {"test": {"method": "abx", "reference": "original", "anchors": []}}
    return Study(clips, pd.DataFrame(rows, columns=["clip", "rater", "axis", "score", "against"]), about=about)


def test_abx_verdicts_are_the_exact_binomial():
    study = abx([16, 12, 8, 3])
    test = find_test(study)
    by = right_answers(test, study, "ABX", ("rater",))
    for row, right in zip(by.itertuples(), [16, 12, 8, 3], strict=True):
        assert row.right == right
        assert row.p == pytest.approx(stats.binom.sf(right - 1, 16, 0.5))
    ordered = sorted(by["p"])
    holm = np.minimum(np.maximum.accumulate([p * (4 - k) for k, p in enumerate(ordered)]), 1)
    assert sorted(by["p_holm"]) == pytest.approx(holm)
    whole = right_answers(test, study, "ABX").iloc[0]
    assert (whole["right"], whole["answers"]) == (39, 64)
    assert whole["p"] == pytest.approx(stats.binom.sf(38, 64, 0.5))
    pair = right_answers(test, study, "ABX", ("pair",)).iloc[0]
    assert pair["pair"] == "coded / original"
    assert pair["p"] == whole["p"]
    told = " ".join(compare(study, {}, Options(draws=50)).listening_test("ABX").sentences)
    assert "39 of 64 right" in told
    assert "1 of 4 raters alone beyond guessing, corrected over all: r0" in told


def test_guessing_is_seldom_taken_for_hearing():
    rng = np.random.default_rng(8)
    studies = [abx(rng.binomial(16, 0.5, 3).tolist()) for _ in range(40)]
    found = [right_answers(find_test(s), s, "ABX", ("rater",)) for s in studies]
    assert np.mean([(table["p_holm"] < 0.05).any() for table in found]) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 40)
    study = studies[0].replace(ratings=studies[0].ratings.assign(score=0.5))
    with pytest.raises(ValueError, match="1 .right. or 0"):
        right_answers(find_test(study), study, "ABX")
