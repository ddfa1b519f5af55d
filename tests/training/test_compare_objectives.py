"""Objectives compared: equal terms, rates chosen without the test part, tables by explicit loops, and resuming."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from qamro.studies import Study
from qamro.training.compare_objectives import COMPARED, Budget, entries, run_contest
from qamro.training.compare_objectives.sections import find, order_in_words, section, sensitivity_section, verdict
from qamro.training.compare_objectives.tables import (
    PUBLISHED,
    average_ranks,
    curves,
    draw,
    paired_tests,
    scores_in_blocks,
    sensitivity_entries,
    standings,
)
from qamro.training.embedded_study import EmbeddedStudy, Embeddings
from qamro.training.splits import folds
from qamro.training.trainer import fit_many, head_maker
from tests.training.sweeps.swept import QUICK, small_folds, small_study

BUDGET = Budget((0, 1, 2), (1e-3, 1e-2), QUICK)


@pytest.fixture(scope="module")
def parts():
    return small_folds()


@pytest.fixture(scope="module")
def contest(parts):
    variants, notes = entries("MI", ("huber", "balr", "ce-gauss", "qamro+sama"))
    return run_contest(parts, "MI", variants, BUDGET, notes=notes)


@pytest.fixture(scope="module")
def drawn(contest):
    return draw(contest, draws=60)


def with_prompts(study: Study) -> Study:
    clips = study.clips.assign(prompt=[f"prompt {k % 8}" for k in range(len(study.clips))])
    ratings = study.ratings.assign(axis="TA")
    return Study(clips, ratings, name="prompted", kind="simulated")


def prompted_folds() -> list[EmbeddedStudy]:
    study = with_prompts(small_study())
    given = small_folds()[0].embeddings
    text = torch.randn(len(study.clips), 3, generator=torch.Generator().manual_seed(1))
    embeddings = Embeddings(given.clips, given.audio, text, torch.ones(len(text), dtype=torch.bool), {})
    return [EmbeddedStudy(study, embeddings, part) for part in folds(study, 3, hold_out="content")]


def test_sama_is_there_where_there_is_a_prompt():
    variants, notes = entries("TA")
    assert [variant.label for variant in variants] == [
        "Huber",
        "QAMRO",
        "BALR",
        "soft Spearman",
        "CE-Gauss",
        "CE-Gauss + BALR + SAMA",
        "QAMRO + SAMA",
        "ridge regression",
    ]
    assert not notes
    assert [variant.baseline for variant in variants] == [True] + [False] * 7
    without, notes = entries("MI")
    assert [variant.label for variant in without][-3:] == ["CE-Gauss", "CE-Gauss + BALR", "ridge regression"]
    assert len(without) == len(COMPARED) - 1
    assert "QAMRO + SAMA is QAMRO there" in notes[1]


@pytest.mark.parametrize(
    ("names", "message"), [(("huber", "best"), "no objective 'best'"), (("qamro", "qamro+sama"), "two different")]
)
def test_what_cannot_be_compared_is_named(names, message):
    with pytest.raises(ValueError, match=message):
        entries("MI", names)


def test_every_clip_is_tested_once_by_every_head(contest):
    predictions = contest.sweep.predictions
    assert predictions.groupby(["variant", "seed"])["clip"].agg(["size", "nunique"]).eq(32).all().all()
    assert predictions["predicted"].between(1, 5).all()
    assert contest.sweep.runs.groupby(["variant", "seed", "level"]).ngroups == 5 * 3 * 2


def test_each_objective_gets_the_rate_of_the_best_validation_correlation(parts, contest):
    chosen = contest.rates[contest.rates["chosen"]]
    assert chosen.groupby(["fold", "variant"]).size().eq(1).all()
    best = contest.rates.groupby(["fold", "variant"])["val_srcc"].max()
    assert chosen.set_index(["fold", "variant"])["val_srcc"].eq(best).all()
    alone = run_contest(parts, "MI", contest.variants, dataclasses.replace(BUDGET, rates=(1e-2,)))
    for row in chosen[chosen["rate"] == 1e-2].itertuples():
        mine = []
        for each in (contest.sweep.predictions, alone.sweep.predictions):
            part = each[(each["fold"] == row.fold) & (each["variant"] == row.variant)]
            mine.append(part["predicted"].to_numpy())
        np.testing.assert_array_equal(*mine)
    assert (chosen["rate"] == 1e-2).any()


def test_no_objective_depends_on_who_it_is_compared_with(parts, contest):
    pair, _ = entries("MI", ("ce-gauss", "balr"))
    found = run_contest(parts, "MI", pair, BUDGET)
    for label in ("CE-Gauss", "BALR"):
        mine = [each.sweep.predictions.set_index("variant")["predicted"][label] for each in (contest, found)]
        np.testing.assert_allclose(*mine, atol=1e-5)


def test_standings_are_means_with_both_intervals(contest, drawn):
    table = standings(contest, drawn)
    predictions = contest.sweep.predictions
    row = table.query("variant == 'BALR' and level == 'utterance' and metric == 'SRCC'").iloc[0]
    values = [
        stats.spearmanr(part["predicted"], part["human"]).statistic
        for _, part in predictions[predictions["variant"] == "BALR"].groupby("seed")
    ]
    assert row["mean"] == pytest.approx(np.mean(values))
    ends = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert (row["seeds_low"], row["seeds_high"]) == pytest.approx(np.clip(ends, -1, 1))
    assert row["clips_low"] < row["mean"] < row["clips_high"] + 0.2
    assert row["objective"] == "Huber + 0.2 x BALR (temperature 1)"
    assert (row["clips"], row["systems"], row["seeds"]) == (32, 4, 3)
    assert set(table["metric"]) == {"SRCC", "LCC", "KTAU", "MSE"}


def test_tests_are_paired_and_corrected_by_holm(contest, drawn):
    table = paired_tests(contest, drawn)
    runs = contest.sweep.runs
    part = table.query("level == 'utterance' and metric == 'MSE'").reset_index(drop=True)
    values = runs.query("level == 'utterance' and metric == 'MSE'").pivot(
        index="seed", columns="variant", values="value"
    )
    raw = []
    for row in part.itertuples():
        expected = stats.ttest_rel(values[row.variant], values["Huber"])
        assert row.p_seeds == pytest.approx(expected.pvalue)
        assert row.difference == pytest.approx((values[row.variant] - values["Huber"]).mean())
        raw.append(expected.pvalue)
    order, running = np.argsort(raw), 0.0
    for step, place in enumerate(order):
        running = max(running, min(1.0, raw[place] * (len(raw) - step)))
        assert part["p_seeds_holm"][place] == pytest.approx(running)
    for row in table.itertuples():
        both = row.p_seeds_holm < 0.05, row.p_clips_holm < 0.05
        assert (
            row.survives
            == {
                (True, True): "both",
                (True, False): "seeds only",
                (False, True): "clips only",
                (False, False): "neither",
            }[both]
        )
        if row.survives != "both":
            assert row.better == ""


def test_who_is_better_follows_the_metric(contest, drawn):
    """A copy of the reference that is worse by a constant is worse in MSE and has the same order."""
    worse = dataclasses.replace(contest)
    worse.sweep = dataclasses.replace(contest.sweep)
    predictions, runs = contest.sweep.predictions.copy(), contest.sweep.runs.copy()
    noise = pd.Series(np.tile([0.9, 1.1, 1.0], len(runs))[: len(runs)], index=runs.index)
    shifted = (runs["variant"] == "BALR") & (runs["metric"] == "MSE")
    runs.loc[shifted, "value"] += 50 * noise[shifted]
    predictions.loc[predictions["variant"] == "BALR", "predicted"] += 7
    worse.sweep.runs, worse.sweep.predictions = runs, predictions
    table = paired_tests(worse, draw(worse, draws=200)).query("variant == 'BALR' and level == 'utterance'")
    found = table.set_index("metric")
    assert found.loc["MSE", "survives"] == "both"
    assert found.loc["MSE", "better"] == "Huber"
    assert found.loc["MSE", "difference"] > 40


def test_ranks_over_folds_by_hand(contest):
    blocks = scores_in_blocks(contest)
    assert blocks.shape == (4, 5)
    part = contest.sweep.predictions.query("fold == 2 and variant == 'Huber'")
    values = [stats.spearmanr(each["predicted"], each["human"]).statistic for _, each in part.groupby("seed")]
    assert blocks.loc[2, "Huber"] == pytest.approx(np.mean(values))
    found = average_ranks(blocks)
    expected = stats.rankdata(-blocks.to_numpy(), axis=1).mean(0)
    assert dict(zip(found.systems, found.ranks, strict=True)) == pytest.approx(
        dict(zip(blocks.columns, expected, strict=True))
    )
    assert average_ranks(blocks.iloc[:1]) is None
    assert "fewer than two folds" in order_in_words(None, "folds")
    assert "Average ranks over 4 folds" in order_in_words(found, "folds")


def test_words_claim_no_more_than_survives():
    about = {"axis": "MI", "reference": "Huber", "level": "utterance", "metric": "SRCC", "clips": 90, "systems": 9}
    rows = [
        about | {"variant": "A", "difference": 0.1, "survives": "both", "better": "A"},
        about | {"variant": "B", "difference": -0.1, "survives": "both", "better": "Huber"},
        about | {"variant": "C", "difference": 0.2, "survives": "seeds only", "better": ""},
    ]
    said = verdict(pd.DataFrame(rows), "utterance")
    assert said == (
        "MI, utterance SRCC: better than Huber: A (+0.100); worse than Huber: B (−0.100); "
        "only half survives for C +0.200 (seeds only)."
    )
    nothing = [rows[2] | {"survives": "neither"}]
    assert verdict(pd.DataFrame(nothing), "utterance") == (
        "MI, utterance SRCC: no objective differs from Huber by both tests."
    )
    few = [row | {"level": "system", "systems": 5} for row in rows]
    assert verdict(pd.DataFrame(few), "system").startswith("MI, system SRCC (5 systems: a hint): better than Huber: A")
    two = [row | {"level": "system", "systems": 2, "difference": np.nan, "survives": "neither"} for row in rows]
    assert verdict(pd.DataFrame(two), "system") == (
        "MI, system SRCC (2 systems are too few for an order): not defined on these clips."
    )


def test_an_interrupted_comparison_goes_on(parts, tmp_path):
    variants, _ = entries("MI", ("huber", "ce-gauss"))
    pieces = 0

    def stop(event):
        if event.done >= 3 * event.total // 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_contest(parts, "MI", variants, BUDGET, keep=tmp_path, on_epoch=stop)
    pieces = len(list(tmp_path.glob("*.npz")))
    assert pieces == 3
    seen = []
    found = run_contest(parts, "MI", variants, BUDGET, keep=tmp_path, on_epoch=lambda event: seen.append(event.done))
    trained = len(variants) - 1  # ridge regression has no seeds
    assert min(seen) == 3 * (trained * 3 + 1)
    whole = run_contest(parts, "MI", variants, BUDGET)
    pd.testing.assert_frame_equal(found.sweep.runs, whole.sweep.runs)
    other = dataclasses.replace(BUDGET, seeds=(0, 1))
    run_contest(parts[:1], "MI", variants, other, keep=tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 8 + 2


def test_clips_are_tested_once(parts):
    with pytest.raises(ValueError, match="two folds"):
        run_contest([parts[0], parts[0]], "MI", entries("MI")[0], BUDGET)


def test_sensitivity_turns_one_number_at_a_time():
    variants, points = sensitivity_entries("TA")
    published = variants[0].objective
    assert variants[0].label == PUBLISHED
    for row in points.itertuples():
        objective = next(variant.objective for variant in variants if variant.label == row.variant)
        assert getattr(objective, row.parameter) == row.value
        assert dataclasses.replace(objective, **{row.parameter: getattr(published, row.parameter)}) == published
        assert row.default == (objective == published)
    assert set(points["parameter"]) == {"ranking_weight", "alignment_weight", "temperature"}
    assert points.groupby("parameter")["default"].sum().eq(1).all()
    assert set(sensitivity_entries("MI")[1]["parameter"]) == {"ranking_weight", "temperature"}


def test_ta_is_compared_and_turned_with_sama():
    parts = prompted_folds()
    quick = Budget((0, 1), (1e-2,), dataclasses.replace(QUICK, max_epochs=3))
    variants, notes = entries("TA", ("huber", "qamro+sama", "ce-gauss+balr+sama"))
    finding = find(run_contest(parts, "TA", variants, quick, notes=notes), draws=40)
    laid = section(finding)
    assert [figure.id for figure in laid.figures] == ["standings-TA", "ranks-TA"]
    assert len(laid.tables) == 3
    turns, points = sensitivity_entries("TA")
    turned = find(run_contest(parts, "TA", turns, quick), draws=40)
    joined = curves(turned.standings, points)
    assert joined.groupby(["parameter", "value"]).size().eq(2 * 4).all()
    laid = sensitivity_section(turned, points)
    assert len(laid.figures) == 3
    assert all(len(figure.figure.data) == 4 for figure in laid.figures)


def test_a_common_criterion_takes_the_epoch_of_the_best_validation_correlation(parts):
    common = dataclasses.replace(QUICK, stop_by="srcc", lr=1e-2)
    objectives = [variant.objective for variant in entries("MI", ("huber", "ce-gauss"))[0][:2]]
    make = head_maker(parts[0], "MI", objectives, common)
    data = parts[0].data("MI")
    for stop_by, key, best in (("srcc", "val_srcc", max), ("loss", "val_loss", min)):
        config = dataclasses.replace(common, stop_by=stop_by)
        for fit in fit_many(data, objectives, [3, 4], config, make_head=make):
            rows = fit.history
            assert rows[fit.best_epoch - 1][key] == best(row[key] for row in rows)
            assert fit.best_epoch == next(row["epoch"] for row in rows if row[key] == rows[fit.best_epoch - 1][key])
            assert fit.val_loss == rows[fit.best_epoch - 1]["val_loss"]
    with pytest.raises(ValueError, match="'loss' or 'srcc'"):
        dataclasses.replace(QUICK, stop_by="luck")
