import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from qamro.studies import Study
from qamro.training.sweeps.setup import Plan, Setup
from qamro.training.sweeps.store import KeptSweep, bundled, bundled_folder, keep, key_of, read
from qamro.training.sweeps.sweep import run_sweep
from tests.training.sweeps.swept import QUICK, small_folds, small_study


@pytest.fixture(scope="module")
def sweep():
    plan = Plan(betas=(1, 7), seeds=(0, 1), config=replace(QUICK, max_epochs=3))
    return run_sweep(small_folds(count=3), ["MI"], plan)


def test_what_is_kept_is_what_was_found(sweep, tmp_path):
    folder = tmp_path / "a" / "kept"
    keep(folder, KeptSweep(sweep, {"made": "today"}))
    found = read(folder)
    assert found is not None
    pd.testing.assert_frame_equal(found.sweep.predictions, sweep.predictions, check_dtype=False, check_exact=True)
    pd.testing.assert_frame_equal(found.sweep.runs, sweep.runs, check_dtype=False, rtol=1e-15)
    assert found.record == {"made": "today"}
    keep(folder, KeptSweep(sweep, {"made": "tomorrow"}))
    assert read(folder).record == {"made": "tomorrow"}
    assert [path.name for path in folder.parent.iterdir()] == ["kept"]


def test_what_is_not_whole_is_not_there(sweep, tmp_path):
    assert read(tmp_path / "none") is None
    folder = tmp_path / "kept"
    keep(folder, KeptSweep(sweep, {}))
    (folder / "predictions.npz").write_bytes(b"no archive")
    assert read(folder) is None


def test_the_key_follows_what_decides_the_numbers(tmp_path):
    study, setup = small_study(), Setup(axes=("MI",))
    keys = {key_of(setup, study), key_of(replace(setup, seeds=3), study), key_of(replace(setup, folds=4), study)}
    ratings = study.ratings.copy()
    ratings.loc[0, "score"] += 1
    keys.add(key_of(setup, Study(study.clips, ratings, name="small", kind="simulated")))
    (tmp_path / "a.wav").write_bytes(b"sound")
    clips = study.clips.assign(path="a.wav")
    keys.add(key_of(setup, Study(clips, study.ratings, name="small", kind="simulated", root=tmp_path)))
    (tmp_path / "a.wav").write_bytes(b"other sound")
    keys.add(key_of(setup, Study(clips, study.ratings, name="small", kind="simulated", root=tmp_path)))
    assert len(keys) == 6
    assert key_of(replace(setup, study="another name"), small_study()) == key_of(setup, study)


def test_the_sweep_that_ships_is_the_first_setup():
    kept = bundled(Setup())
    assert kept is not None, "out of date; make it again with: python -m qamro.training.sweeps.store"
    assert kept.record["setup"] == json.loads(json.dumps(asdict(Setup())))
    assert kept.record["study"]["kind"] == "simulated"
    labels = {variant.label for variant in Setup().variants("MI")}
    for axis in Setup().axes:
        runs = kept.sweep.runs[kept.sweep.runs["axis"] == axis]
        assert set(runs["variant"]) == labels
        assert set(runs["seed"]) == set(range(10))
    one = kept.sweep.predictions.query("axis == 'MI' and variant == 'alpha 0.2, beta 7' and seed == 4")
    shown = kept.sweep.runs.query(
        "axis == 'MI' and variant == 'alpha 0.2, beta 7' and seed == 4 and level == 'utterance' and metric == 'MSE'"
    )
    assert shown["value"].item() == pytest.approx(np.mean((one["predicted"] - one["human"]) ** 2))
    assert bundled(replace(Setup(), seeds=9)) is None


def test_a_sweep_of_another_generator_does_not_count(tmp_path, monkeypatch):
    kept = read(bundled_folder())
    kept.record["generator"] = -1
    keep(tmp_path / "old", kept)
    monkeypatch.setattr("qamro.training.sweeps.store.bundled_folder", lambda: tmp_path / "old")
    assert bundled(Setup()) is None
