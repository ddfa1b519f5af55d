"""What several threads and stacks compute is what one computes; a sweep can be stopped from within."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from qamro.training.sweeps.setup import Plan, Setup
from qamro.training.sweeps.sweep import run_sweep
from tests.training.sweeps.swept import QUICK, small_folds

PLAN = Plan(betas=(1, 7), alphas=(0.2,), seeds=range(3), config=replace(QUICK, max_epochs=5))


def test_stacks_and_threads_change_nothing(monkeypatch):
    threads = torch.get_num_threads()
    whole = run_sweep(small_folds(), ["MI"], PLAN)
    monkeypatch.setattr("qamro.training.sweeps.runs.heads_at_once", lambda batch: 4)
    events = []
    split = run_sweep(small_folds(), ["MI"], PLAN, workers=3, on_epoch=lambda event: events.append(event) and None)
    pd.testing.assert_frame_equal(split.predictions, whole.predictions, atol=1e-5, rtol=0)
    assert torch.get_num_threads() == threads
    fits = (4 + 2 - 1) * 3 + 1  # beta = 1 is QAMRO without weighting, and is trained once; ridge has no seeds
    assert {event.total for event in events} == {fits * 4}
    assert {event.heads for event in events} == {4, 3}
    assert [event.done for event in events] == sorted(event.done for event in events)


@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_ends_the_sweep(workers):
    seen = []

    def stop(event):
        seen.append(event)
        if len(seen) == 3:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        run_sweep(small_folds(), ["MI"], PLAN, workers=workers, on_epoch=stop)
    assert len(seen) == 3


def test_objectives_that_need_other_heads_are_swept_too():
    setup = Setup(axes=("MI",), family="ce-gauss+balr", over="temperature", values=(0.5, 1), beside=(0.2,), seeds=2)
    experiment = replace(setup.experiment, config=replace(QUICK, max_epochs=3))
    runs = run_sweep(small_folds(), ["MI"], experiment, workers=2).runs
    points = runs[~runs["baseline"]]
    assert set(points["at"]) == {0.5, 1}
    assert set(points["curve"]) == {0.2}
    assert runs.loc[runs["baseline"], "variant"].unique().tolist() == ["ridge regression", "regression alone"]
    assert runs.loc[runs["metric"] == "MSE", "value"].notna().all()
