"""Heads in folds: every rating trains, every clip is tested by heads that never saw its group, and nothing leaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from qamro.heads.fold_heads import NO_FOLD, FoldHeads
from qamro.predictors.head_predictor import HeadPredictor
from qamro.predictors.provenance import trained_on
from qamro.report import Options, compare
from qamro.studies import Study
from qamro.training.cards import half_width
from qamro.training.embedded_study import Data, EmbeddedStudy, Embeddings, whole
from qamro.training.objective import OBJECTIVES, Objective
from qamro.training.recipe import Recipe, train_heads
from qamro.training.splits import FEW_CLIPS, fold_count, folds, group_of_clip
from qamro.training.trainer import FitConfig, fit_many
from tests.training.eight import Eight

QUICK = FitConfig(optimizer="adamw", lr=3e-3, batch_size=32, max_epochs=25, patience=8, hidden=(12, 6))


def study_of(systems=6, contents=15, seed=0):
    rng = np.random.default_rng(seed)
    rows = [(f"{s}_{c}", f"sys{s}", f"source {c}") for s in range(systems) for c in range(contents)]
    clips = pd.DataFrame(rows, columns=["clip", "system", "source"])
    audio = rng.normal(size=(len(rows), Eight().audio_dim)).astype("f4")
    audio += np.repeat(np.linspace(-1, 1, systems), contents)[:, None].astype("f4")
    mos = np.clip(3 + audio[:, 0] * 0.6 + rng.normal(0, 0.3, len(rows)), 1, 5)
    ratings = pd.DataFrame({"clip": clips["clip"], "rater": "r", "axis": "MI", "score": mos})
    study = Study(clips, ratings, name="made up")
    embeddings = Embeddings(
        clips["clip"].tolist(), torch.from_numpy(audio), None, torch.zeros(len(rows), dtype=torch.bool), {}
    )
    return study, embeddings


def prepared(hold_out="content", count=5, **sizes) -> EmbeddedStudy:
    study, embeddings = study_of(**sizes)
    return EmbeddedStudy(study, embeddings, whole(study), hold_out, folds(study, count, hold_out=hold_out))


@pytest.fixture(scope="module")
def trained():
    ready = prepared()
    recipe = Recipe("toy", objective=OBJECTIVES["huber"], config=QUICK, seeds=(0, 1))
    return ready, train_heads(ready, Eight(), recipe)


def test_a_fold_is_trained_as_it_would_be_alone():
    ready = prepared()
    data = ready.data("MI")
    config = replace(QUICK, batch_size=0, dropout=0.0)
    objectives = [Objective(), OBJECTIVES["huber"]("MI")]
    together = fit_many(data, objectives, [3, 4], config)
    assert len(together) == 10
    for k in range(5):
        for alone, found in zip(fit_many(data.of_fold(k), objectives, [3, 4], config), together[2 * k :], strict=False):
            assert found.best_epoch == alone.best_epoch
            assert found.val_loss == pytest.approx(alone.val_loss, rel=1e-4)
            with torch.no_grad():
                torch.testing.assert_close(found.head(data.features), alone.head(data.features), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("objective", ["huber", "qamro", "ce-gauss", "ridge"])
def test_heads_of_a_fold_know_nothing_of_the_ratings_that_test_them(objective):
    ready = prepared()
    data = ready.data("MI")
    config, made = replace(QUICK, max_epochs=4), [OBJECTIVES[objective]("MI")]
    from qamro.training.trainer import head_maker

    maker = head_maker(ready, "MI", made, config)
    first = fit_many(data, made, [0], config, make_head=maker)
    for k, parts in enumerate(ready.folds):
        tested = torch.tensor([clip in set(parts["test"]) for clip in ready.embeddings.clips])
        other = replace(data, targets=torch.where(tested, 6 - data.targets, data.targets))
        again = fit_many(other, made, [0], config, make_head=maker)
        with torch.no_grad():
            assert torch.equal(again[k].head(data.features), first[k].head(data.features))
            assert not torch.equal(again[k - 2].head(data.features), first[k - 2].head(data.features))
        if objective != "huber":
            break


def test_card_and_predictions_are_out_of_fold(trained):
    ready, bundle = trained
    head, card = bundle.heads["MI"], bundle.card
    assert isinstance(head, FoldHeads)
    assert [len(part) for part in head.folds] == [2] * 5
    means = ready.study.clip_means().set_index("clip")["mean"]
    expected = {}
    with torch.no_grad():
        for k, parts in enumerate(ready.folds):
            assert not {group_of_clip(ready.study, "content")[c] for c in parts["test"]} & {
                group_of_clip(ready.study, "content")[c] for part in ("train", "validation") for c in parts[part]
            }
            for clip in parts["test"]:
                features = ready.embeddings.audio[ready.embeddings.clips.index(clip)]
                values = [float(one(features)) for one in head.folds[k]]
                expected[clip] = min(max(sum(values) / 2, 1), 5)
    table = ready.predict(ready.parts["test"], {"MI": head}).set_index("clip")["MI"]
    assert table.to_dict() == pytest.approx(expected, abs=1e-5)
    row = next(r for r in card.metrics if (r["level"], r["metric"]) == ("utterance", "SRCC"))
    assert row["clips"] == 90
    assert row["value"] == pytest.approx(spearmanr(table, means[table.index])[0], abs=1e-3)
    groups = [group_of_clip(ready.study, "content")[clip] for clip in table.index]
    width = half_width(means[table.index].to_numpy(), table.to_numpy(), groups, 0.9)
    assert card.half_width["MI"] == pytest.approx(width, abs=1e-3)
    assert card.interval == "90 % cross-conformal interval by groups, from 90 clips of 15 held-out sources (5 folds)"
    assert card.held_out == "all 90 clips, each by heads of 5 folds that never heard its source"
    assert card.training["clips"] == {"train": 90, "test": 90}
    assert card.training["folds"] == 5
    assert bundle.record["axes"]["MI"]["kept seed"] == [0, 1]
    assert [len(seed["folds"]) for seed in bundle.record["axes"]["MI"]["seeds"]] == [5, 5]
    assert spearmanr(table, means[table.index])[0] > 0.4


@pytest.mark.parametrize(
    ("hold_out", "systems", "contents", "wanted", "found"),
    [
        ("content", 6, 15, None, 5), ("system", 6, 15, None, 5), ("system", 4, 15, None, 4), ("system", 3, 15, None, 0),
        ("both", 6, 15, None, 0), ("content", 6, 15, 0, 0), ("content", 6, 15, 1, 0), ("content", 6, 15, 10, 10),
        ("content", 2, FEW_CLIPS // 2, None, 0), ("content", 2, FEW_CLIPS // 2, 5, 5),
    ],
)  # fmt: skip
def test_in_how_many_folds(hold_out, systems, contents, wanted, found):
    rows = [(f"{s}_{c}", f"s{s}", f"c{c}") for s in range(systems) for c in range(contents)]
    clips = pd.DataFrame(rows, columns=["clip", "system", "source"])
    ratings = pd.DataFrame({"clip": clips["clip"], "axis": "MI", "score": 3.0})
    assert fold_count(Study(clips, ratings), wanted, hold_out) == found


def test_a_clip_of_the_study_is_scored_by_heads_that_never_saw_it_and_may_help_its_ratings(trained, tmp_path):
    ready, bundle = trained
    bundle.save(tmp_path)
    predictor = HeadPredictor("mine", Eight(), tmp_path)
    new = torch.randn(1, Eight().audio_dim)
    scores = predictor._score(torch.cat([ready.embeddings.audio, new]), [""] * 91)
    expected = ready.predict(ready.embeddings.clips, bundle.heads)["MI"].tolist()
    assert [row["MI"].value for row in scores[:90]] == pytest.approx(expected, abs=1e-5)
    assert [row["MI"].fold for row in scores[:90]] == [str(ready.fold_of[c] + 1) for c in ready.embeddings.clips]
    assert scores[90]["MI"].fold == ""
    with torch.no_grad():
        assert scores[90]["MI"].value == pytest.approx(float(bundle.heads["MI"](new).clamp(1, 5)), abs=1e-5)
        assert bundle.heads["MI"].unseen(new, [NO_FOLD]) == bundle.heads["MI"](new)
    assert "10 x ScoreHead of 5 folds" in str(predictor.provenance["MI"])

    facts = predictor.provenance["MI"].facts
    table = pd.DataFrame({"clip": ready.embeddings.clips, "MI": expected})
    for name, fact in facts.items():
        table[f"{name}_MI"] = fact
    table["fold_MI"] = [row["MI"].fold for row in scores[:90]]
    half = ready.study.ratings.iloc[::2]
    some = ready.study.replace(ratings=half)
    rated = [i for i, clip in enumerate(table["clip"]) if clip in set(half["clip"])]
    assert trained_on(table.assign(fold_MI=""), some) == ["MI"]
    assert trained_on(table, some) == []
    options = Options(draws=20, prediction_powered=True)
    told = " ".join(compare(some, {"mine": table}, options).powered("MI").sentences)
    assert "left out" not in told
    seen = table.copy()
    seen.loc[rated[0], "fold_MI"] = ""
    assert trained_on(seen, some, rated) == ["MI"]
    assert trained_on(seen, some, rated[1:]) == []
    told = " ".join(compare(some, {"mine": seen}, options).powered("MI").sentences)
    assert "mine is left out here" in told


def test_data_of_one_split_are_the_same_as_folds_of_one():
    x, y = torch.randn(30, 4), torch.rand(30)
    data = Data(x[:20], y[:20], x[20:], y[20:], torch.arange(20))
    joined = data.joined
    again = joined.of_fold(0)
    for name in ("features", "targets", "val_features", "val_targets", "contents"):
        assert torch.equal(getattr(again, name), getattr(data, name))
    assert joined.joined is joined


def test_a_stopped_run_of_folds_goes_on_as_if_it_had_never_stopped(tmp_path):
    data, config = prepared().data("MI"), replace(QUICK, max_epochs=6)
    objectives, file = [OBJECTIVES["huber"]("MI")] * 2, tmp_path / "run.pt"
    through = fit_many(data, objectives, [0, 1], config)
    fit_many(data, objectives, [0, 1], config, on_epoch=lambda rows: rows[0]["epoch"] == 3, checkpoint=file)
    again = fit_many(data, objectives, [0, 1], config, checkpoint=file)
    for first, second in zip(through, again, strict=True):
        assert second.history == first.history
        with torch.no_grad():
            torch.testing.assert_close(second.head(data.features), first.head(data.features))
    other = replace(data, folds=data.folds[1:] + data.folds[:1])
    with pytest.raises(ValueError, match="remove it to begin anew"):
        fit_many(other, objectives, [0, 1], config, checkpoint=file)


def test_what_is_solved_stands_once_a_fold_and_can_be_saved(tmp_path):
    bundle = train_heads(prepared(), Eight(), Recipe("toy", objective=OBJECTIVES["ridge"], seeds=(0, 1, 2)))
    assert [len(part) for part in bundle.heads["MI"].folds] == [1] * 5
    bundle.save(tmp_path)
    assert HeadPredictor("mine", Eight(), tmp_path).axes == ("MI",)
