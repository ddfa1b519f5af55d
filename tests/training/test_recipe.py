from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from qamro.encoders import LogMel
from qamro.heads import HeadBundle
from qamro.heads.domain import Domain
from qamro.predictors.head_predictor import HeadPredictor
from qamro.studies import Study
from qamro.training.cards import calibrated, half_width, held_out_in_words
from qamro.training.embedded_study import EmbeddedStudy, Embeddings
from qamro.training.objective import OBJECTIVES, Objective
from qamro.training.recipe import Progress, Recipe, train_heads
from qamro.training.splits import split
from qamro.training.trainer import FitConfig

QUICK = FitConfig(optimizer="adamw", lr=3e-3, batch_size=32, max_epochs=60, patience=10, hidden=(16, 8))


def prepared(encoder: LogMel, systems=20, clips=12) -> EmbeddedStudy:
    """A study whose MOS is a known function of two features and of the prompt."""
    rng = np.random.default_rng(0)
    names = [(f"{s}_{c}", f"sys{s}", ("good" if c % 2 else "bad")) for s in range(systems) for c in range(clips)]
    audio = torch.from_numpy(rng.normal(size=(len(names), encoder.audio_dim)).astype(np.float32))
    audio += torch.repeat_interleave(torch.linspace(-2, 2, systems), clips)[:, None]
    audio[:, 6:] = 0
    mi = (3 + audio[:, 0] * 0.5 + audio[:, 1] * 0.3).clamp(1, 5)
    ta = torch.tensor([4.5 if prompt == "good" else 1.5 for _, _, prompt in names])
    ratings = pd.concat(
        pd.DataFrame({"clip": [name for name, _, _ in names], "rater": "r", "axis": axis, "score": score.numpy()})
        for axis, score in (("MI", mi), ("TA", ta))
    )
    study = Study(pd.DataFrame(names, columns=["clip", "system", "prompt"]), ratings, name="made up", kind="simulated")
    text = encoder.embed_text([prompt for _, _, prompt in names])
    embeddings = Embeddings([name for name, _, _ in names], audio, text, torch.ones(len(names), dtype=torch.bool), {})
    return EmbeddedStudy(study, embeddings, split(study, hold_out="system"), "system")


@pytest.fixture(scope="module")
def encoder():
    return LogMel()


@pytest.fixture(scope="module")
def trained(encoder):
    seen: list[Progress] = []
    recipe = Recipe(
        "toy", objective=lambda axis: Objective(), config=QUICK, seeds=(0, 1), command="python -m qamro ..."
    )
    ready = prepared(encoder)
    return ready, train_heads(ready, encoder, recipe, on_epoch=lambda event: seen.append(event)), seen


def test_heads_learn_what_there_is_to_learn(trained):
    ready, bundle, _ = trained
    table = ready.predict(ready.parts["test"], bundle.heads).set_index("clip")
    means = ready.study.clip_means().pivot(index="clip", columns="axis", values="mean").loc[table.index]
    assert spearmanr(table["MI"], means["MI"])[0] > 0.8
    assert (table["TA"] - means["TA"]).abs().max() < 0.5


def test_card_says_what_was_done(trained):
    ready, bundle, seen = trained
    card = bundle.card
    assert card.kind == "simulated"
    assert card.study["clips"] == 240
    assert card.training["clips"] == {part: len(clips) for part, clips in ready.parts.items()}
    assert card.objective["MI"] == "Huber + QAMRO (alpha 0.2, beta 7)"
    assert [event.axis for event in seen if event.row["epoch"] == 1] == ["MI", "TA"]
    assert (
        card.interval
        == "no interval: 90 % needs 9 held-out systems to calibrate on, and there are 3 (36 simulated clips)"
    )
    assert set(card.half_width.values()) == {float("inf")}
    assert card.training["systems"] == {"train": 11, "validation": 3, "calibration": 3, "test": 3}
    assert card.held_out == "3 systems that training never heard"
    assert set(card.rated) == {"MI", "TA"}
    assert card.rated["TA"] == [1.5, 4.5]


def test_metrics_on_the_card_are_those_of_the_test_part(trained):
    ready, bundle, _ = trained
    table = ready.predict(ready.parts["test"], bundle.heads).set_index("clip")["MI"]
    means = ready.study.clip_means().query("axis == 'MI'").set_index("clip")["mean"].loc[table.index]
    row = next(r for r in bundle.card.metrics if (r["axis"], r["level"], r["metric"]) == ("MI", "utterance", "SRCC"))
    assert row["value"] == pytest.approx(spearmanr(table, means)[0], abs=1e-3)
    assert row["clips"] == 36


@pytest.mark.parametrize("hold_out", ["system", "content", "both"])
@pytest.mark.parametrize(("systems", "clips"), [(80, 6), (8, 60), (20, 5)])
def test_intervals_are_calibrated_by_what_was_held_out(trained, encoder, hold_out, systems, clips):
    _, bundle, _ = trained
    ready = prepared(encoder, systems, clips)
    table = ready.study.clips.assign(source=[name.split("_")[1] for name in ready.study.clips["clip"]])
    study = Study(table, ready.study.ratings, name="made up", kind="human")
    ready = EmbeddedStudy(study, ready.embeddings, split(study, hold_out=hold_out), hold_out)
    found = calibrated(ready, {"MI": bundle.heads["MI"]})
    scores = ready.predict(ready.parts["calibration"], {"MI": bundle.heads["MI"]})
    part = scores["clip"].str.split("_", expand=True)
    counts = {"system": part[0].nunique(), "content": part[1].nunique()}
    way = min(counts, key=counts.get) if hold_out == "both" else hold_out
    if counts[way] < 9:
        assert found.half_width["MI"] == float("inf")
        assert f"and there {'is' if counts[way] == 1 else 'are'} {counts[way]} (" in found.interval
        assert found.interval.startswith("no interval: 90 % needs 9 held-out")
        return
    means = study.clip_means().query("axis == 'MI'").set_index("clip")["mean"].loc[scores["clip"]].to_numpy()
    groups = part[0 if way == "system" else 1].tolist()
    expected = half_width(means.astype("f4"), scores["MI"].to_numpy(), groups, 0.9)
    assert found.half_width["MI"] == pytest.approx(expected, abs=1e-3)
    assert f"of {counts[way]} held-out {'systems' if way == 'system' else 'sources'}" in found.interval


@pytest.mark.parametrize(
    ("hold_out", "expected"),
    [
        ("content", "other sources of the same 8 systems"),
        ("system", "1 system that training never heard"),
        ("both", "other sources of 1 system that training never heard"),
    ],
)
def test_a_card_says_what_its_figures_were_tested_on(encoder, hold_out, expected):
    ready = prepared(encoder, 8, 12)
    table = ready.study.clips.assign(source=[name.split("_")[1] for name in ready.study.clips["clip"]])
    study = Study(table, ready.study.ratings, name="made up", kind="human")
    parts = split(study, hold_out=hold_out)
    assert held_out_in_words(EmbeddedStudy(study, ready.embeddings, parts, hold_out)) == expected


def test_a_saved_bundle_knows_its_domain(trained):
    ready, bundle, _ = trained
    found = Domain.from_tensors(bundle.extra)
    assert found.of(ready.kinds(ready.parts["test"])).count("outside") <= 0.5 * len(ready.parts["test"])
    assert "outside" not in found.of(ready.kinds(ready.parts["train"]))
    assert set(found.of(ready.kinds(ready.parts["train"]) + 50)) == {"outside"}


def test_saved_heads_predict_the_same(trained, encoder, tmp_path):
    _, bundle, _ = trained
    bundle.save(tmp_path)
    predictor = HeadPredictor("mine", encoder, tmp_path)
    assert predictor.axes == ("MI", "TA")
    assert "simulated" in str(predictor.provenance["MI"])
    again = HeadBundle.load(tmp_path)
    assert again.card == bundle.card


def test_axis_that_is_not_rated(encoder):
    with pytest.raises(ValueError, match="no axis 'PQ'"):
        train_heads(prepared(encoder), encoder, Recipe("toy", axes=["PQ"], config=QUICK))


def test_without_prompts_ta_is_not_trainable(encoder):
    ready = prepared(encoder)
    ready.embeddings.text = None
    assert ready.trainable == ["MI"]
    with pytest.raises(ValueError, match="reads no text"):
        train_heads(ready, encoder, Recipe("toy", axes=["TA"], config=QUICK))


def test_an_objective_of_distributions_gets_its_head_and_stopping_leaves_later_axes_out(encoder, tmp_path):
    ready, seen = prepared(encoder), []
    recipe = Recipe("toy", objective=OBJECTIVES["ce-gauss"], config=replace(QUICK, max_epochs=4), seeds=(0, 3))
    bundle = train_heads(ready, encoder, recipe, on_epoch=seen.append, stop=lambda: True)
    assert list(bundle.heads) == bundle.card.axes == ["MI"]
    assert type(bundle.heads["MI"]).__name__ == "DistributionHead"
    assert [len(event.rows) for event in seen] == [2] * 4
    assert [event.row for event in seen] == [event.rows[0] for event in seen]
    again = HeadBundle.load(bundle.save(tmp_path))
    assert [seed["seed"] for seed in again.record["axes"]["MI"]["seeds"]] == [0, 3]
    audio = ready.embeddings.audio
    torch.testing.assert_close(again.heads["MI"](audio), bundle.heads["MI"](audio))


def test_checkpoints_of_all_axes_go_on(encoder, tmp_path):
    ready = prepared(encoder)
    recipe = Recipe("toy", config=replace(QUICK, max_epochs=6), seeds=(0, 1))
    whole = train_heads(ready, encoder, recipe)
    train_heads(ready, encoder, recipe, checkpoint=tmp_path, on_epoch=lambda event: event.row["epoch"] == 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["MI.pt", "TA.pt"]
    resumed = train_heads(ready, encoder, recipe, checkpoint=tmp_path)
    for axis in ("MI", "TA"):
        assert repr(resumed.record["axes"][axis]["seeds"]) == repr(whole.record["axes"][axis]["seeds"])  # NaN is NaN


def test_an_axis_that_is_rated_on_few_clips_and_clips_that_cannot_be_read(encoder):
    ready = prepared(encoder)
    lost = [part[0] for part in ready.parts.values()]
    keep = [i for i, clip in enumerate(ready.embeddings.clips) if clip not in lost]
    full = ready.embeddings
    some = Embeddings([full.clips[i] for i in keep], full.audio[keep], full.text[keep], full.has_prompt[keep],
                      dict.fromkeys(lost, "there is no such file"))  # fmt: skip
    trained_on = ready.parts["train"] + ready.parts["validation"]
    ratings = ready.study.ratings
    ratings = ratings[(ratings["axis"] == "MI") | ratings["clip"].isin(trained_on)]
    study = Study(ready.study.clips, ratings, name="made up", kind="simulated")
    recipe = Recipe("toy", config=replace(QUICK, max_epochs=2))
    bundle = train_heads(EmbeddedStudy(study, some, ready.parts, "system"), encoder, recipe)
    sizes = {part: len(clips) - 1 for part, clips in ready.parts.items()}
    assert bundle.card.training["clips"] == sizes
    assert f"({sizes['calibration']} simulated clips)" in bundle.card.interval
    assert set(bundle.record["unreadable clips"]) == set(lost)
    assert bundle.card.half_width["TA"] == float("inf")
    assert not [row for row in bundle.card.metrics if row["axis"] == "TA" and row["value"] is not None]
