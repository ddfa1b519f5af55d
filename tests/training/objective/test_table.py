"""An objective that is added to the table is everywhere: a row of ours, or one that another package brings."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from qamro import plugins
from qamro.training.objective import OBJECTIVES, Objective, stacked_loss, table
from qamro.training.objective.objective import chosen_objective, hyperparameters, used_by
from qamro.training.objective.table import HYPERPARAMETERS, PARAMETERS, TABLE, TERMS, Row

MODULE = '''
from qamro.training.objective.table import Parameter, Row, Term

SHARPNESS = Parameter("sharpness", "sharpness", "How steep the step between two clips is.", 2.0, above=True,
                      values=(1.0, 2.0, 4.0), reference=2.0)


def pair_loss(predictions, targets, *, groups, sharpness):
    """log(1 + exp(-sharpness (ŷ_i - ŷ_j))) over pairs of which people rated i higher."""
    from torch.nn.functional import softplus

    better = targets[:, None] > targets
    gaps = predictions[:, :, None] - predictions[:, None]
    return softplus(-sharpness * gaps[:, better]).mean(-1)


def row():
    term = Term("pairs", "ranking", "logistic pairs", "toy_objective:pair_loss", (SHARPNESS,))
    note = "Adds: the better clip should be ahead."
    return Row("pairs", "Regression + logistic pairs", note, "logistic pairs", (term,))
'''


@pytest.fixture(params=["row", "entry point"])
def toy(request, tmp_path, monkeypatch):
    """The objective ``pairs``: a row of our own table, or of a package that stands on the path as pip leaves one."""
    (tmp_path / "toy_objective.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    if request.param == "row":
        import toy_objective

        monkeypatch.setattr(table, "ROWS", (*table.ROWS, toy_objective.row()))
    else:
        about = tmp_path / "toy_objective-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-objective\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text("[qamro.objectives]\npairs = toy_objective:row\n")
    forget()
    yield request.param
    sys.modules.pop("toy_objective", None)
    monkeypatch.undo()
    forget()


def forget():
    plugins.forget()


def test_what_is_not_in_the_table_is_unknown():
    assert "pairs" not in TABLE
    with pytest.raises(ValueError, match="no objective 'pairs'"):
        chosen_objective("pairs", "MI", {})
    with pytest.raises(ValueError, match="ranking is one of .*, not 'pairs'"):
        Objective(ranking="pairs")
    with pytest.raises(ValueError, match="has the parameters alpha, .*, not 'sharpness'"):
        Objective().having({"sharpness": 1.0})


def test_our_own_names_are_found_without_a_look_at_other_packages(monkeypatch):
    monkeypatch.setattr(table, "joined", lambda: pytest.fail("looked"))
    for name in ("huber", "qamro", "ce-gauss+balr+sama"):
        assert str(OBJECTIVES[name]("TA"))
    assert (PARAMETERS["beta"].default, TERMS["qamro"].name) == (7.0, "qamro")


def test_a_row_that_makes_no_sense_is_left_out_and_said_why(monkeypatch):
    def broken():
        raise RuntimeError("no licence")

    good = Row("good", "Good", "Good.", "good", (table.MAE,))
    plugins.forget()
    monkeypatch.setattr(plugins, "entries", lambda group: {"one": lambda: 3, "two": broken, "good": good})
    assert [row.name for row in table.joined()] == ["good"]
    assert str(OBJECTIVES["good"]("MI")) == "MAE"
    with pytest.raises(ValueError, match="the objective 'two' .*no licence"):
        chosen_objective("two", "MI", {})
    monkeypatch.undo()
    plugins.forget()


def test_the_loss_of_a_term_is_weighted_and_takes_its_parameter(toy):
    objective = chosen_objective("pairs", "MI", {"sharpness": 3.0, "ranking_weight": 0.5})
    assert str(objective) == "Huber + 0.5 x logistic pairs (sharpness 3)"
    assert used_by(objective) == {"sharpness", "regression_weight", "ranking_weight"}
    assert [parameter.name for parameter in hyperparameters(objective)] == ["ranking_weight", "sharpness"]
    assert "sharpness" in HYPERPARAMETERS
    with pytest.raises(ValueError, match="sharpness is a number above zero, not 0"):
        objective.having({"sharpness": 0.0})
    p, y = torch.tensor([2.0, 2.5, 4.0]), torch.tensor([1.0, 3.0, 2.0])
    pairs = [torch.log1p(torch.exp(-3 * (p[i] - p[j]))) for i in range(3) for j in range(3) if y[i] > y[j]]
    expected = torch.nn.functional.huber_loss(p, y) + 0.5 * torch.stack(pairs).mean()
    both = stacked_loss([objective, objective.having({"sharpness": 1.0})], p.expand(2, 3), y)
    torch.testing.assert_close(both[0], expected)
    assert both[0] != both[1]


def test_the_command_line_trains_sweeps_and_compares_it(toy, tmp_path):
    from typer.testing import CliRunner

    from qamro.cli import app
    from tests.cli.rated_tones import save_noisy_tones

    study = save_noisy_tones(tmp_path)

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    if toy == "entry point":  # the rest is the same for both, and costs seconds
        assert "--sharpness" in run("train", "--help")
        made = ("--study", study, "--objective", "pairs", "--sharpness", 3, "--epochs", 2, "--out", tmp_path / "h")
        run("train", *made)
        record = json.loads((tmp_path / "h" / "run.json").read_text("utf-8"))["axes"]["MI"]["objective"]
        assert (record["in words"], record["sharpness"]) == ("Huber + logistic pairs (sharpness 3)", 3.0)
        few = ("--study", study, "--seeds", 2, "--epochs", 2, "--folds", 3)
        said = run("sweep", *few, "--objective", "pairs", "--values", "1,2,4", "--out", tmp_path / "s")
        assert "sharpness = " in said
        variants = set(pd.read_csv(tmp_path / "s" / "runs.csv")["variant"])
        assert variants == {"ridge regression", "regression alone", "sharpness 1", "sharpness 2", "sharpness 4"}
        run("reproduce", "figure1", *few, "--objective", "pairs", "--out", tmp_path / "r")
        assert "logistic pairs" in set(pd.read_csv(tmp_path / "r" / "table.csv")["name"])
    few = ("--study", study, "--seeds", 2, "--epochs", 2, "--folds", 3, "--rates", "1e-3")
    run("compare-objectives", *few, "--objectives", "huber,pairs", "--out", tmp_path / "c")
    standings = pd.read_csv(tmp_path / "c" / "standings.csv")
    assert list(standings["variant"].unique()) == ["Huber", "logistic pairs", "ridge regression"]


def test_the_app_offers_it_with_its_parameter(toy):
    import gradio as gr

    from qamro.training.presets import Settings, command_of
    from qamro.ui.sensitivity import form
    from qamro.ui.sensitivity import tab as sensitivity
    from qamro.ui.study_picker.state import PickerState
    from qamro.ui.train import handlers, tab

    with gr.Blocks():
        train, sweep = tab.build_components(), sensitivity.build_components()
    assert ("Regression + logistic pairs", "pairs") in train.objective.choices
    names = {name: name for name in train.parameters}
    updates = handlers.objective_chosen(SimpleNamespace(parameters=names, objective_note="note"), "pairs")
    assert {name for name in names if updates[name].visible} == {"sharpness", "regression_weight", "ranking_weight"}
    assert updates["sharpness"].value == 2.0
    assert "the better clip should be ahead" in str(updates["note"])
    settings = Settings(("MI",), objective="pairs", parameters=(("sharpness", 3.0),))
    assert "--objective pairs --sharpness 3" in command_of(settings, "x")
    assert ("logistic pairs", "pairs") in sweep.family.choices
    over = form.over_choice("pairs").value
    values, beside = form.number_fields("pairs", over)
    assert (over, values.value, beside.visible) == ("sharpness", "1, 2, 4", False)
    given = dict(zip(form.FIELDS, ("logmel", "pairs", over, "1, 2", "", 3, ["MI"], "content 5", "adamw"), strict=True))
    assert form.read(PickerState(), None, given).reference == 2.0
