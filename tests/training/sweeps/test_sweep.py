from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau, pearsonr, spearmanr

from qamro.training.sweeps import runs
from qamro.training.sweeps.setup import BASELINES, Plan
from qamro.training.sweeps.sweep import run_sweep
from qamro.training.trainer import fit
from tests.training.sweeps.swept import QUICK, small_folds

PLAN = Plan(betas=(1, 7), alphas=(0.2, 0.5), seeds=(0, 3), config=replace(QUICK, max_epochs=6))


@pytest.fixture(scope="module")
def swept():
    parts = small_folds()
    return parts, run_sweep(parts, ["MI"], PLAN)


def test_variants_are_the_baselines_and_every_point():
    variants = {variant.label: variant for variant in PLAN.variants("MI")}
    points = [f"alpha {a}, beta {b}" for a in (0.2, 0.5) for b in (1, 7)]
    assert list(variants) == [*BASELINES, *points]
    assert variants["alpha 0.5, beta 7"].objective.alpha == 0.5
    assert variants["regression alone"].objective.ranking == "none"
    assert all(variant.baseline == (label in BASELINES) for label, variant in variants.items())
    without = variants["without adaptive margin"].objective
    assert (without.regression, without.ranking) == ("huber", "mr"), "Table I's caption: Eq. 1 in the place of Eq. 2"
    assert variants["q with a fixed margin (ours)"].objective.ranking == "qamro-fixed-margin"
    assert {v.objective.regression for v in PLAN.variants("PQ")} == {"mse+mae", "ridge"}
    assert all(v.objective.standardise for v in PLAN.variants("quality"))


def test_the_sweep_is_what_training_one_by_one_gives(swept):
    parts, found = swept
    table = found.predictions.set_index(["variant", "seed", "clip"])["predicted"]
    for variant in PLAN.variants("MI"):
        for seed in PLAN.seeds:
            for prepared in parts[seed : seed + 1]:
                head = fit(prepared.data("MI"), variant.objective, replace(PLAN.config, seed=seed)).head
                clips, features, _ = prepared.test("MI")
                with torch.no_grad():
                    alone = head(features).clamp(1, 5).numpy()
                np.testing.assert_allclose(table.loc[[(variant.label, seed, c) for c in clips]], alone, atol=1e-5)


def test_what_is_shown_on_the_way_is_a_part_of_what_comes_out(swept, monkeypatch):
    parts, whole = swept
    monkeypatch.setattr(runs, "heads_at_once", lambda batch: 3)
    came = []
    plan = replace(PLAN, alphas=(0.2,), baselines=("regression alone",))
    found = run_sweep(parts, ["MI"], plan, workers=2, on_part=lambda make: came.append(make()))
    keys = ["variant", "seed", "clip"]
    final = found.predictions.set_index(keys)["predicted"]
    before = whole.predictions.set_index(keys)["predicted"]
    np.testing.assert_allclose(final, before.loc[final.index], atol=1e-5)
    assert len(came) >= 4
    sizes = []
    for part in came:
        held = part.predictions.set_index(keys)["predicted"]
        assert held.index.is_unique
        np.testing.assert_array_equal(held, final.loc[held.index])
        for (variant, seed), table in part.predictions.groupby(["variant", "seed"]):
            row = part.runs[(part.runs["variant"] == variant) & (part.runs["seed"] == seed)]
            value = row.loc[(row["level"] == "utterance") & (row["metric"] == "SRCC"), "value"].item()
            assert value == pytest.approx(spearmanr(table["human"], table["predicted"])[0], abs=1e-9)
            assert set(row["clips"]) == {len(table)}, "it says on how many clips it rests"
        sizes.append(len(held))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] == len(final)


def test_every_clip_is_judged_once_by_heads_that_never_saw_its_source(swept):
    parts, found = swept
    counts = found.predictions.groupby(["variant", "seed"])["clip"].agg(["size", "nunique"])
    assert (counts == 32).all().all()
    source = dict(zip(parts[0].study.clips["clip"], parts[0].study.clips["source"], strict=True))
    for prepared in parts:
        sources = {part: {source[clip] for clip in clips} for part, clips in prepared.parts.items()}
        assert not sources["test"] & (sources["train"] | sources["validation"])
        assert not sources["train"] & sources["validation"]


def test_figures_of_the_runs_are_those_of_the_predictions(swept):
    found = swept[1]
    runs = found.runs.set_index(["variant", "seed", "level", "metric"])["value"]
    for (variant, seed), table in found.predictions.groupby(["variant", "seed"]):
        means = table.groupby("system")[["predicted", "human"]].mean()
        for level, pair in (("utterance", table), ("system", means)):
            x, y = pair["predicted"], pair["human"]
            at = (variant, seed, level)
            assert runs[*at, "SRCC"] == pytest.approx(spearmanr(x, y)[0])
            assert runs[*at, "LCC"] == pytest.approx(pearsonr(x, y)[0])
            assert runs[*at, "KTAU"] == pytest.approx(kendalltau(x, y)[0])
            assert runs[*at, "MSE"] == pytest.approx(((x - y) ** 2).mean())
    assert set(found.runs["clips"]) == {32}
    assert set(found.runs["systems"]) == {4}


def test_without_weighting_is_beta_one(swept):
    table = swept[1].predictions.set_index(["variant", "seed", "clip"])["predicted"]
    np.testing.assert_allclose(table["without weighting"], table["alpha 0.2, beta 1"], atol=1e-6)


def test_progress_and_stopping():
    seen = []

    def stop_at_two(event):
        seen.append((event.axis, event.fold, event.epoch))
        return event.epoch == 2

    run_sweep(small_folds(), ["MI"], Plan(betas=(7,), seeds=(0,), baselines=(), config=QUICK), on_epoch=stop_at_two)
    assert seen == [("MI", fold, epoch) for fold in (1, 2, 3, 4) for epoch in (1, 2)]


def test_a_clip_in_two_test_parts_is_refused():
    one = small_folds()[0]
    with pytest.raises(ValueError, match="two folds"):
        run_sweep([one, one], ["MI"], PLAN)


def test_a_test_part_without_ratings_is_refused():
    one = small_folds()[0]
    one.parts["test"] = []
    with pytest.raises(ValueError, match="no test clip"):
        run_sweep(one, ["MI"], PLAN)
