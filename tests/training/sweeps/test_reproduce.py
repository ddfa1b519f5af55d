import numpy as np
import pytest
from scipy.stats import spearmanr

from qamro.training.sweeps.reproduce import EXPERIMENTS, NAMES, table_of
from qamro.training.sweeps.sweep import run_sweep
from qamro.training.sweeps.system_places import bootstrap_variants
from qamro.training.trainer import FitConfig
from tests.training.sweeps.swept import QUICK, small_folds


def test_published_figures_name_their_source_and_cover_their_axes():
    for experiment in EXPERIMENTS.values():
        for row in experiment.published:
            assert row.source
            assert set(row.values) == set(experiment.axes)
            assert all(0 < value < 1 for value in row.values.values())
            assert all(set(numbers) <= {"MSE", "LCC", "SRCC", "KTAU"} for numbers in row.metrics.values())
    rows = {row.name: row for row in EXPERIMENTS["table1"].published}
    assert rows["QAMRO"].values == {"MI": 0.972, "TA": 0.916}
    assert rows["QAMRO"].metrics["MI"] == {"MSE": 0.139, "LCC": 0.961, "SRCC": 0.972, "KTAU": 0.876}
    assert rows["w/o adaptive margin: regression + L_MR"].metrics["TA"] == {
        "MSE": 0.134, "LCC": 0.875, "SRCC": 0.838, "KTAU": 0.643
    }  # fmt: skip
    assert not EXPERIMENTS["figure1"].published


def test_what_is_trained():
    labels = [variant.label for variant in EXPERIMENTS["table1"].plan([0], FitConfig()).variants("MI")]
    assert sorted(labels) == sorted(NAMES.keys() - {"aes-released"})
    second = EXPERIMENTS["table2"].plan([0], FitConfig())
    assert sorted(variant.label for variant in second.variants("PQ")) == sorted(NAMES)
    assert "aes-released" not in [variant.label for variant in second.variants("quality")], "there it is the paper's"
    figure = EXPERIMENTS["figure1"].plan([0], FitConfig())
    assert 1 in figure.betas
    assert len(figure.betas) > 3


@pytest.fixture(scope="module")
def found():
    return run_sweep(small_folds(count=3), ["MI"], EXPERIMENTS["table1"].plan([0, 1], QUICK))


def test_draws_are_means_over_seeds_around_the_value(found):
    drawn = bootstrap_variants(found.predictions, "MI", draws=400)
    table = found.predictions.query("variant == 'alpha 0.2, beta 7'")
    value = np.mean([spearmanr(part["predicted"], part["human"])[0] for _, part in table.groupby("seed")])
    values = drawn["alpha 0.2, beta 7", "utterance", "SRCC"]
    assert values.shape == (400,)
    assert np.nanquantile(values, 0.01) < value < np.nanquantile(values, 0.99)


def test_table_holds_both_kinds_of_intervals(found):
    table = table_of(found, draws=200)
    assert set(table["name"]) == set(NAMES.values()) - {NAMES["aes-released"]}
    assert set(table["systems"]) == {4}
    clips = table[table["level"] == "utterance"]
    assert (clips["seeds_low"] <= clips["SRCC"]).all()
    runs = found.runs[found.runs["level"] == "utterance"].groupby(["variant", "metric"])["value"].mean()
    for row in clips.to_dict("records"):
        variant = next(label for label, name in NAMES.items() if name == row["name"])
        for metric in ("MSE", "LCC", "SRCC", "KTAU"):
            assert row[metric] == pytest.approx(runs[variant, metric])
    assert (clips["clips_low"] < clips["clips_high"]).all()
