from dataclasses import replace
from functools import partial

import pytest
import torch
from scipy.stats import spearmanr

from qamro.heads.bundle import FrameBundle
from qamro.heads.dual_branch import BranchSettings, count_parameters
from qamro.training.frames.recipe import FrameRecipe, train_branches
from qamro.training.frames.run import deramos_objective
from qamro.training.trainer import FitConfig
from tests.training.frames.made_up import Encoder, prepared

SMALL = BranchSettings(1, width=16, heads=2, layers=1, dropout=0.0)
QUICK = FitConfig("adamw", 5e-3, batch_size=32, max_epochs=30, patience=30)
RECIPE = FrameRecipe("toy", settings=SMALL, config=QUICK, seeds=(0, 1), command="python -m qamro …")


@pytest.fixture(scope="module")
def ready():
    return prepared()


@pytest.fixture(scope="module")
def bundle(ready):
    return train_branches(ready, Encoder(), RECIPE)


def test_both_branches_learn_what_there_is_to_learn(ready, bundle):
    table = ready.predict(ready.parts["test"], bundle.heads).set_index("clip")
    means = ready.study.clip_means().pivot(index="clip", columns="axis", values="mean").loc[table.index]
    assert spearmanr(table["MI"], means["MI"])[0] > 0.9
    right, wrong = table["TA"][means["TA"] > 3], table["TA"][means["TA"] < 3]
    assert right.mean() > wrong.mean() + 1, "it hears whether the prompt's word is what sounds"


def test_the_card_says_what_was_done(ready, bundle):
    card = bundle.card
    assert card.objective == {"MI": "CE-Gauss + 0.2 x BALR (temperature 1)", "TA": "CE-Gauss + 0.3 x SAMA"}
    assert card.encoder["frames"] == "logmel, 6 numbers, 10 a second"
    assert card.training["clips"] == {part: len(clips) for part, clips in ready.parts.items()}
    assert (card.training["width"], card.training["output"]) == (16, "distribution")
    assert card.kind == "simulated"
    table = ready.predict(ready.parts["test"], bundle.heads).set_index("clip")["MI"]
    means = ready.study.clip_means().query("axis == 'MI'").set_index("clip")["mean"].loc[table.index]
    row = next(r for r in card.metrics if (r["axis"], r["level"], r["metric"]) == ("MI", "utterance", "SRCC"))
    assert row["value"] == pytest.approx(spearmanr(table, means)[0], abs=1e-3)
    calibration = ready.predict(ready.parts["calibration"], bundle.heads).set_index("clip")["MI"]
    wanted = ready.study.clip_means().query("axis == 'MI'").set_index("clip")["mean"].loc[calibration.index]
    assert ((calibration - wanted).abs() <= card.half_width["MI"] + 1e-3).mean() >= 0.9


def test_the_record_holds_every_epoch_of_every_seed(bundle):
    found = bundle.record["axes"]["MI"]
    assert [run["seed"] for run in found["seeds"]] == [0, 1]
    for run in found["seeds"]:
        assert set(run["history"][0]) == {"epoch", "train_loss", "val_loss", "val_srcc"}
        losses = [row["val_loss"] for row in run["history"]]
        assert run["val_loss"] == min(losses) == losses[run["best_epoch"] - 1]
    kept = min(found["seeds"], key=lambda run: run["val_loss"])
    assert found["kept seed"] == kept["seed"]


def test_losses_of_training_leave_no_parameter_behind(ready, tmp_path):
    """A model that was trained with BALR and SAMA is saved with the very tensors of one trained without."""
    shapes = []
    for weights in ({"balr": 0.0, "sama": 0.0}, {"balr": 0.2, "sama": 0.3}):
        recipe = replace(
            RECIPE, objective=partial(deramos_objective, **weights), config=replace(QUICK, max_epochs=2), seeds=(0,)
        )
        folder = train_branches(ready, Encoder(), recipe).save(tmp_path / str(weights["balr"]))
        model = FrameBundle.load(folder).model
        shapes.append(({key: tuple(value.shape) for key, value in model.state_dict().items()}, count_parameters(model)))
    assert shapes[0] == shapes[1]
    assert shapes[0][1] > 0


def test_a_killed_run_goes_on_as_if_it_had_not_been(ready, tmp_path):
    recipe = replace(
        RECIPE, axes=["MI"], settings=replace(SMALL, dropout=0.2), config=replace(QUICK, max_epochs=6), seeds=(0,)
    )
    whole = train_branches(ready, Encoder(), recipe)

    class KilledError(Exception):
        pass

    def kill(event):
        if event.row["epoch"] == 3:
            raise KilledError

    with pytest.raises(KilledError):
        train_branches(ready, Encoder(), recipe, on_epoch=kill, checkpoint=tmp_path)
    seen = []
    resumed = train_branches(
        ready, Encoder(), recipe, on_epoch=lambda event: seen.append(event.row["epoch"]), checkpoint=tmp_path
    )
    assert seen == [4, 5, 6]
    for key, value in whole.heads["MI"].state_dict().items():
        torch.testing.assert_close(resumed.heads["MI"].state_dict()[key], value, rtol=0, atol=0)
    histories = [made.record["axes"]["MI"]["seeds"][0]["history"] for made in (whole, resumed)]
    assert histories[0] == histories[1]
    with pytest.raises(ValueError, match="other data or settings"):
        train_branches(ready, Encoder(), replace(recipe, config=replace(recipe.config, lr=1.0)), checkpoint=tmp_path)
    seen.clear()
    more = replace(recipe, config=replace(recipe.config, max_epochs=7))
    train_branches(ready, Encoder(), more, on_epoch=lambda event: seen.append(event.row["epoch"]), checkpoint=tmp_path)
    assert seen == [7], "more epochs go on from fewer"


def test_the_best_epoch_is_what_the_criterion_says(ready):
    for stop_by, key, best in (("loss", "val_loss", min), ("srcc", "val_srcc", max)):
        config = replace(QUICK, max_epochs=5, patience=5, stop_by=stop_by)
        bundle = train_branches(ready, Encoder(), replace(RECIPE, axes=["MI"], config=config, seeds=(0,)))
        run = bundle.record["axes"]["MI"]["seeds"][0]
        assert run["history"][run["best_epoch"] - 1][key] == best(row[key] for row in run["history"])
        assert bundle.card.training["stop_by"] == bundle.record["config"]["stop_by"] == stop_by


def test_early_stop_keeps_the_best_epoch(ready):
    config = replace(QUICK, lr=0.3, max_epochs=40, patience=3)
    bundle = train_branches(ready, Encoder(), replace(RECIPE, axes=["MI"], config=config, seeds=(0,)))
    run = bundle.record["axes"]["MI"]["seeds"][0]
    assert len(run["history"]) == run["best_epoch"] + 3 < 40


@pytest.mark.parametrize(("output", "pooling"), [("score", "mean"), ("coral", "drasp"), ("distribution", "statistics")])
def test_an_axis_of_ones_own_gets_its_scale_from_the_ratings(output, pooling):
    ready = prepared(systems=16, axes=("quality",), prompts=False)
    recipe = replace(
        RECIPE,
        objective=partial(deramos_objective, output=output),
        settings=replace(SMALL, output=output, pooling=pooling),
        config=replace(QUICK, max_epochs=15),
        seeds=(0,),
    )
    bundle = train_branches(ready, Encoder(), recipe)
    low, high = bundle.heads["quality"].settings.scale
    assert 20 <= low < high <= 100
    table = ready.predict(ready.parts["test"], bundle.heads)
    means = ready.study.clip_means().set_index("clip")["mean"].loc[table["clip"]]
    assert spearmanr(table["quality"], means)[0] > 0.8


def test_clips_without_a_prompt_are_no_examples_of_alignment():
    ready = prepared(systems=16)
    ready.embeddings.prompts[::2] = [""] * len(ready.embeddings.prompts[::2])
    data = ready.frame_data("TA")
    assert data.rows
    assert all(row % 2 for row in [*data.rows, *data.val_rows])
    assert len(ready.frame_data("MI").rows) == len(ready.parts["train"])


def test_what_cannot_be_trained_is_said():
    ready = prepared(systems=16, prompts=False)
    assert ready.trainable == ["MI"]
    with pytest.raises(ValueError, match="no text"):
        train_branches(ready, Encoder(), replace(RECIPE, axes=["TA"]))
    with pytest.raises(ValueError, match="no axis 'PQ'"):
        train_branches(ready, Encoder(), replace(RECIPE, axes=["PQ"]))
