"""The Train tab without a browser: recipes, the work of the process, tables, figures, verdicts, and keeping heads."""

from __future__ import annotations

import csv
import io
import math
import shlex
from dataclasses import fields, replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from scipy.stats import spearmanr

from qamro.encoders.registry import ENCODERS
from qamro.heads import HeadBundle
from qamro.predictors import load
from qamro.predictors.saved import find, pack, saved
from qamro.training import trainer
from qamro.training.objective import OBJECTIVES, objective
from qamro.training.objective.table import PARAMETERS, TABLE
from qamro.training.presets import PRESETS, Settings, command_of, objective_of
from qamro.training.recipe import recipe_of
from qamro.ui import choices
from qamro.ui.compare import handlers as compare
from qamro.ui.compare.state import CompareState
from qamro.ui.train import figures, handlers, runs, saved_heads, state, tab, texts
from qamro.ui.train.runs import significance
from qamro.ui.train.state import (
    Embedding,
    Epoch,
    Epochs,
    Judging,
    TrainState,
)
from qamro.ui.train.texts import FITTING, OPTIMIZERS
from qamro.ui.train.worker import Task, epoch_of, train

from .named import P
from .trainable import QUICK, small_study, trained


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("train")


@pytest.fixture(scope="module")
def two(folder):
    """Two runs that differ in their objective."""
    return trained(folder, 1), trained(folder, 2, replace(QUICK, objective="huber", seeds=1, stop_by="srcc"))


@pytest.fixture(autouse=True)
def own_heads(tmp_path, monkeypatch):
    monkeypatch.setenv("QAMRO_HEADS", str(tmp_path / "heads"))
    monkeypatch.delenv("SPACE_ID", raising=False)


def test_every_choice_is_explained():
    assert set(TABLE) == set(OBJECTIVES)
    assert tuple(texts.STOP_BY) == trainer.STOP_BY
    assert [name for _, name in choices.encoder_options()] == list(ENCODERS)
    assert all(
        text.endswith(".")
        for text in (
            *(entry.note for entry in ENCODERS.values()),
            *(row.note for row in TABLE.values()),
            *(each.help for each in PARAMETERS.values()),
        )
    )


def test_the_page_begins_with_the_values_of_the_objective_that_it_shows():
    with gr.Blocks():
        parts = tab.build_components()
    first = OBJECTIVES[Settings(()).objective]("TA")
    assert {name for name, field in parts.parameters.items() if field.visible} == objective.used_by(first)
    for name in objective.used_by(OBJECTIVES["qamro"]("TA")):
        assert parts.parameters[name].value == OBJECTIVES["qamro"]("TA").value(name)
    assert set(FITTING) <= {entry.name for entry in fields(Settings)}
    made = objective_of(Settings(("MI",), objective="qamro", parameters=(("normalize", "scale"), ("beta", 3.0))), "MI")
    assert (made.scale, made.beta) == ((1, 5), 3.0)


def test_what_cannot_be_is_refused_before_anything_is_embedded():
    with pytest.raises(ValueError, match="no objective 'best'"):
        recipe_of(Settings(("MI",), objective="best"), "x", "")
    with pytest.raises(ValueError, match="temperature"):
        recipe_of(Settings(("MI",), objective="balr", parameters=(("temperature", 0.0),)), "x", "")


def test_the_command_line_says_all_that_was_chosen():
    settings = replace(QUICK, parameters=(("alpha", 0.4), ("normalize", "scale")), lr=5e-4, stop_by="srcc")
    words = shlex.split(command_of(settings, "my study; rm"))
    flags = dict(zip(words[4::2], words[5::2], strict=True))
    assert flags["--study"] == "my study; rm"
    assert (flags["--objective"], flags["--alpha"], flags["--normalize"]) == ("qamro", "0.4", "scale")
    assert (flags["--lr"], flags["--epochs"], flags["--seeds"], flags["--hold-out"]) == ("0.0005", "12", "2", "content")
    assert flags["--stop-by"] == recipe_of(settings, "x", "").config.stop_by == "srcc"
    assert words.count("--axis") == 2


def test_an_epoch_of_several_seeds_is_summed_up():
    rows = [
        {"epoch": 3, "train_loss": 1.0, "val_loss": 2.0, "val_srcc": 0.5},
        {"epoch": 3, "train_loss": 3.0, "val_loss": 1.0, "val_srcc": math.nan},
    ]
    epoch = epoch_of(rows)
    assert (epoch.epoch, epoch.train_loss, epoch.val_loss, epoch.val_srcc) == (3, 2.0, 1.5, 0.5)
    assert (epoch.val_loss_ends, epoch.val_srcc_ends) == ((1.0, 2.0), (0.5, 0.5))
    assert math.isnan(epoch_of([{"epoch": 1, "train_loss": 1, "val_loss": 1}]).val_srcc)


def test_the_process_tells_every_clip_and_epoch_and_writes_what_it_found(folder):
    told = []
    task = Task(small_study(), QUICK, folder / "told", "toy", "the command")
    done = train(task, told.append, lambda: False)
    clips = [message for message in told if isinstance(message, Embedding)]
    assert (clips[0].done, clips[-1].done, clips[-1].total) == (0, 32, 32)
    for axis in ("MI", "TA"):
        rows = [row for message in told if isinstance(message, Epochs) and message.axis == axis for row in message.rows]
        assert [row.epoch for row in rows] == list(range(1, 13))
    assert isinstance(told[-1], Judging)
    bundle = HeadBundle.load(done.folder / "heads")
    assert (bundle.card.training["command"], bundle.card.training["seeds"]) == ("the command", [0, 1])
    assert (done.failed, done.out_of_time) == ({}, False)
    with (done.folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == bundle.card.training["clips"]["test"]


def test_a_stop_keeps_the_best_and_leaves_out_what_had_not_begun(folder):
    asked = iter([False, False, True])
    done = train(Task(small_study(), QUICK, folder / "stopped", "toy"), lambda _: None, lambda: next(asked, True))
    card = HeadBundle.load(done.folder / "heads").card
    assert list(card.objective) == ["MI"]
    assert card.training["best epoch"]["MI"] <= 3
    out = train(Task(small_study(), replace(QUICK, seconds=1e-9), folder / "late", "toy"), lambda _: None, bool)
    assert out.out_of_time


def test_clips_that_cannot_be_read_are_named_and_the_others_trained_on(folder, tmp_path):
    from qamro.studies import Study

    study = small_study()
    clips = study.clips.copy()
    broken = tmp_path / "broken.flac"
    broken.write_text("no audio")
    clips["path"] = [str(broken)] + [str(study.audio_path(clip)) for clip in clips["clip"][1:]]
    done = train(
        Task(Study(clips, study.ratings, name="partly", kind="human"), QUICK, folder / "partly", "toy"),
        lambda _: None,
        lambda: False,
    )
    assert list(done.failed) == [clips["clip"][0]]


def test_the_table_and_the_csv_say_what_the_card_says(two):
    table = runs.view(two, "MI")
    first, second = table["rows"]
    assert (first["kind"], first["shown"]) == ("simulated", True)
    assert first["cells"]["objective"] == ["Huber + QAMRO (alpha 0.2, beta 7)"]
    assert second["cells"]["objective"] == ["Huber"]
    truth = two[0].study.clip_means().query("axis == 'MI'").set_index("clip")["mean"]
    predicted = two[0].predictions.set_index("clip")["MI"]
    expected = spearmanr(predicted, truth[predicted.index])[0]
    assert first["cells"]["utterance"][0] == f"{expected:.3f}"
    assert first["cells"]["system"][-1] == "4 systems: a hint"
    assert (first["cells"]["best"][1], second["cells"]["best"][1]) == ("by validation loss", "by validation SRCC")
    assert two[1].record["config"]["stop_by"] == "srcc"
    assert runs.view(two, "PQ")["rows"][0]["cells"]["utterance"] == ["–"]

    rows = list(csv.DictReader(io.StringIO(runs.to_csv(two))))
    assert [(row["run"], row["axis"]) for row in rows] == [("1", "MI"), ("1", "TA"), ("2", "MI"), ("2", "TA")]
    assert [row["stop_by"] for row in rows] == ["loss", "loss", "srcc", "srcc"]
    assert float(rows[0]["held_out_utterance_srcc"]) == pytest.approx(expected, abs=1e-3)
    assert (rows[0]["ratings_by"], rows[0]["beta"], rows[0]["seeds"], rows[2]["seeds"]) == (
        "simulated",
        "7.0",
        "2",
        "1",
    )
    assert rows[0]["held_out_utterance_srcc_lowest_seed"] <= rows[0]["held_out_utterance_srcc_highest_seed"]
    assert rows[2]["held_out_utterance_srcc_lowest_seed"] == "", "one seed has no range"


def test_curves_are_thinned_and_gaps_stay_gaps():
    epochs = [Epoch(k, 1 / k, 2 / k, math.nan if k < 3 else 0.5, (1 / k, 3 / k), (0.4, 0.6)) for k in range(1, 2001)]
    kept = figures.thinned(epochs)
    assert (len(kept), kept[0].epoch, kept[-1].epoch) == (figures.MOST_POINTS, 1, 2000)
    assert np.all(np.diff([row.epoch for row in kept]) > 0)
    figure = figures.correlations({"MI": epochs[:10]})
    line = figure.data[-1]
    assert list(line.y[:3]) == [None, None, 0.5]
    loss = figures.losses({"MI": epochs, "TA": epochs[:1]})
    assert [trace.name for trace in loss.data if trace.name] == [
        "MI training", "MI validation", "TA training", "TA validation"
    ]  # fmt: skip


def test_the_verdict_rests_on_the_paired_test_of_the_same_clips(two, folder):
    from qamro.evaluation.significance import compare
    from qamro.evaluation.significance.compare import better_first

    found = significance(two, "MI")
    table = compare(two[0].study, {run.short: run.predictions for run in two}).table
    rows = table[(table["axis"] == "MI") & (table["metric"] == "SRCC")].set_index("level")
    for level, sentence in zip(("system", "utterance"), found.said, strict=False):
        difference = better_first(rows.loc[level].to_dict())["difference"]
        assert f"difference {difference:.3f}".replace("-", "−") in sentence
    assert any(sentence.startswith("Seeds alone") and "(2 seeds)" in sentence for sentence in found.said)
    assert significance(two[:1], "MI").said == ["Show two runs or more on MI to compare them on held-out clips."]

    twin = replace(two[0], number=3)
    among = significance([*two, twin], "MI")
    assert len(among.details) == 6
    assert all("among 3 runs" in sentence or "agrees better" in sentence for sentence in among.said[:2])

    other = replace(two[1], number=4, card=two[1].card | {"study": two[1].card["study"] | {"hash": "another"}})
    assert "different studies" in significance([two[0], other], "MI").said[0]
    elsewhere = trained(folder, 5, replace(QUICK, hold_out="system", axes=("MI",), seeds=1))
    assert "held out different clips" in significance([two[0], elsewhere], "MI").said[0]


def test_a_space_cuts_and_says_so(monkeypatch):
    large = replace(QUICK, epochs=5000, seeds=20)
    assert state.limited(large) == (large, [])
    monkeypatch.setenv("SPACE_ID", "somebody/space")
    cut, what = state.limited(large)
    assert (cut.epochs, cut.seeds, cut.seconds, what) == (
        state.MOST_EPOCHS,
        state.MOST_SEEDS,
        state.MOST_SECONDS,
        ["epochs", "seeds"],
    )


def chosen(**changes):
    """The form's values, by name."""
    form = {
        "axes": ["MI"],
        "encoder": "logmel",
        "objective": "qamro",
        "optimizer": "adamw",
        "seeds": 1,
        "hold_out": "content",
        "folds": "auto",
        "stop_by": "loss",
    }
    form |= dict.fromkeys(PARAMETERS, 0.5) | {"beta": 2, "normalize": "batch"}
    form |= {name: getattr(QUICK, name) for name in FITTING}
    return form | changes


@pytest.mark.parametrize(
    ("study", "changes", "said"),
    [
        (None, {}, "Choose a study first"),
        ("small", {"axes": []}, "Choose an axis first"),
        ("small", {"axes": ["TA"], "encoder": "wavlm"}, "reads no prompts"),
        ("small", {"encoder": "muq"}, "MuQ needs its weights first"),
        ("small", {"seeds": None}, "Seeds needs a number"),
        ("small", {"lr": None}, "Learning rate needs a number"),
        ("small", {"objective": "balr", "temperature": None}, "temperature needs a number"),
    ],
)
def test_what_is_missing_is_said_at_once(study, changes, said, monkeypatch, tmp_path):
    monkeypatch.setenv("QAMRO_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    session = TrainState()
    answers = list(handlers.train(P, session, small_study() if study else None, **chosen(**changes)))
    assert len(answers) == 1
    assert said in answers[0]["status"]
    assert not session.busy


def test_choices_follow_each_other():
    study = small_study()
    axes, why = choices.trainable_axes(study, "logmel")
    assert (axes, why) == (["MI", "TA", "PQ", "PC", "CE", "CU"], "")
    axes, why = choices.trainable_axes(study, "wavlm")
    assert "TA" not in axes
    assert why
    form = SimpleNamespace(
        parameters={name: name for name in PARAMETERS}, fitting={name: name for name in FITTING},
        objective_note="note", optimizer_note="note", preset_note="preset", objective="objective",
        optimizer="optimizer",
    )  # fmt: skip
    updates = handlers.objective_chosen(form, "balr")
    shown = {name for name in PARAMETERS if updates[name].visible}
    assert shown == {"temperature", "regression_weight", "ranking_weight"}
    assert updates["ranking_weight"].value == 0.2
    for name, (_, _, values) in OPTIMIZERS.items():
        answer = handlers.optimizer_chosen(form, name)
        assert {key: answer[key] for key in ("lr", "batch_size", "epochs")} == values
        assert answer["weight_decay"].visible == (name == "adamw")
    for name, preset in PRESETS.items():
        updates = handlers.preset_chosen(form, name)
        assert (updates["objective"], updates["optimizer"]) == (preset.objective, preset.optimizer)
        numbers = {key: updates[key] for key in ("lr", "batch_size", "epochs", "patience")}
        assert numbers == {key: getattr(preset, key) for key in numbers}
        assert set(PARAMETERS) <= set(updates)
    first, default = Settings(()), PRESETS["default"]
    mine = (first.objective, first.optimizer, first.lr, first.batch_size, first.epochs, first.patience)
    assert mine == tuple(getattr(default, entry.name) for entry in fields(default))[2:], "the same as in the terminal"


def request(session="a visitor"):
    return SimpleNamespace(session_hash=session)


def said_of(answer):
    """The status, the Overwrite button, the kept heads, the Predict tab's choice."""
    return tuple(answer[part] for part in ("status", "overwrite", "kept", "predictor"))


def event(**data):
    return SimpleNamespace(**data)


def test_kept_heads_reach_the_predict_tab_and_predict_what_was_tested(two):
    session = TrainState()
    session.runs = list(two)
    assert saved_heads.offer(P, session)["run"].value == 2
    assert saved_heads.offer_newest(P, session, 1)["name"] == saved_heads.suggested(two[1]), "a newer one has come"
    for again in (saved_heads.offer_newest(P, session, 2), saved_heads.offer(P, session, 1)):
        assert "name" not in again, "what was typed is left alone"
    said, ask, kept, predictor = said_of(saved_heads.save(P, session, 1, "My ../heads", request()))
    assert "Saved as My-heads" in said
    assert predictor.value == "saved:My-heads"
    assert [name for _, name in predictor.choices][-1] == "saved:My-heads"
    assert kept["heads"][0]["kind"] == "simulated"
    clips = list(two[0].predictions["clip"])[:3]
    prompts = two[0].study.clips.set_index("clip")["prompt"]
    table = load("saved:My-heads").predict([two[0].study.audio_path(c) for c in clips], [prompts[c] for c in clips])
    expected = two[0].predictions.set_index("clip").loc[clips]
    for axis in ("MI", "TA"):
        assert np.allclose(table[axis], expected[axis], atol=1e-4)

    said, ask, *_ = said_of(saved_heads.save(P, session, 2, "my-HEADS", request()))
    assert "already" in said
    assert ask.visible
    assert find("saved:My-heads").card["training"]["seeds"] == [0, 1], "asked, not overwritten"
    said, ask, *_ = said_of(saved_heads.overwrite(P, session, 2, "my-heads", request()))
    assert not ask.visible
    assert [heads.name for heads in saved()] == ["my-heads"]
    for name in ("", "...", "CON"):
        assert "Not saved" in saved_heads.save(P, session, 1, name, request())["status"]
    assert "Train first" in saved_heads.save(P, session, 9, "x", request())["status"]

    answer = saved_heads.delete(P, event(key="saved:my-heads"), request(), "saved:my-heads")
    said, _, kept, predictor = said_of(answer)
    assert (kept["heads"], predictor.value) == ([], choices.best_ready())


def test_a_downloaded_zip_comes_back_under_a_free_name(two, tmp_path):
    session = TrainState()
    session.runs = list(two)
    shown = saved_heads.describe(P, session, 1)
    name, packed, card = shown["name"], shown["zip"], shown["card"]
    assert "<" not in card
    saved_heads.save(P, session, 1, name, request())
    bundle = HeadBundle.load(find(f"saved:{name}").folder)
    assert bundle.card.name == name
    said, _, kept, predictor = said_of(saved_heads.bring(P, session, packed.value["path"], request()))
    assert predictor.value == "saved:toy"
    said, _, kept, predictor = said_of(saved_heads.bring(P, session, packed.value["path"], request()))
    assert predictor.value == "saved:toy-2"
    assert "what its card says" in said
    bundle.card.name = "x" * 200
    bundle.save(tmp_path / "long")
    assert (
        "x" * 48 + " is back"
        in saved_heads.bring(P, session, str(pack(tmp_path / "long", tmp_path / "long.zip")), request())["status"]
    )
    bad = tmp_path / "bad.zip"
    bad.write_text("no")
    assert "Not taken: bad.zip is not a zip" in saved_heads.bring(P, session, str(bad), request())["status"]


def test_on_a_space_heads_are_their_visitors_own_and_go_with_them(two, monkeypatch):
    monkeypatch.setenv("SPACE_ID", "somebody/space")
    session = TrainState()
    session.runs = list(two)
    _, _, kept, predictor = said_of(saved_heads.save(P, session, 1, "mine", request("one")))
    key = predictor.value
    assert key != "saved:mine"
    assert len(kept["heads"]) == 1
    assert saved_heads.listing(request("two")) == {"heads": []}
    for visitor, theirs in (("one", True), ("two", False)):
        listed = compare.opened(P, SimpleNamespace(session_hash=visitor, query_params={}), CompareState())["predictor"]
        assert (key in [name for _, name in listed.constructor_args["choices"]]) == theirs, "on the Compare tab, too"
    assert choices.state(key).title == "mine (MI, TA)"
    assert choices.get(key).name == "saved:mine"
    saved_heads.delete(P, event(key=key), request("two"), key)
    assert find(key).name == "mine", "another visitor cannot delete it"
    session.close()
    with pytest.raises(ValueError, match="no kept heads"):
        find(key)
