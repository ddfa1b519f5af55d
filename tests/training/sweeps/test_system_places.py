import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata, t

from qamro.training.sweeps.figure import ranking_figure
from qamro.training.sweeps.system_places import swaps, swaps_in_words, system_places


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(3)
    clips = [(f"c{i}", f"S{i % 5}", rng.normal()) for i in range(40)] + [("lost", "", 9.0)]
    return pd.DataFrame(
        ("MI", variant, seed, clip, system, human, human + rng.normal())
        for variant in ("one", "other")
        for seed in range(4)
        for clip, system, human in clips
    ).set_axis(["axis", "variant", "seed", "clip", "system", "human", "predicted"], axis=1)


def by_hand(predictions, variant):
    """For each system, its mean prediction for each seed."""
    found = {}
    for row in predictions[predictions["variant"] == variant].itertuples():
        if row.system:
            found.setdefault(row.system, {}).setdefault(row.seed, []).append(row.predicted)
    return {system: [np.mean(values) for values in seeds.values()] for system, seeds in found.items()}


def test_places_and_intervals_by_hand(predictions):
    table = system_places(predictions, "MI", "one", "other").set_index("system")
    means = by_hand(predictions, "one")
    human = predictions.drop_duplicates("clip").query("system != ''").groupby("system")["human"].mean()
    assert list(table.index) == list(human.sort_values(ascending=False).index)
    names = sorted(means)
    places = dict(zip(names, 6 - rankdata([np.mean(means[name]) for name in names]), strict=True))
    others = by_hand(predictions, "other")
    reference = dict(zip(names, 6 - rankdata([np.mean(others[name]) for name in names]), strict=True))
    for name in names:
        row, values = table.loc[name], np.array(means[name])
        half = t.ppf(0.975, 3) * values.std(ddof=1) / 2
        assert (row["predicted"], row["low"], row["high"]) == pytest.approx(
            (values.mean(), values.mean() - half, values.mean() + half)
        )
        assert (row["human"], row["clips"]) == (pytest.approx(human[name]), 8)
        assert (row["place"], row["place_reference"]) == (places[name], reference[name])


def test_swaps_by_a_loop(predictions):
    one, other = by_hand(predictions, "one"), by_hand(predictions, "other")
    human = predictions.drop_duplicates("clip").groupby("system")["human"].mean()
    expected = {}
    for a in one:
        for b in one:
            now, before = np.mean(one[a]) > np.mean(one[b]), np.mean(other[a]) > np.mean(other[b])
            if now and not before and a != b:
                differ = sum((one[a][s] > one[b][s]) != (other[a][s] > other[b][s]) for s in range(4))
                expected[a, b] = (differ, 4, human[a] > human[b])
    found = swaps(predictions, "MI", "one", "other")
    assert expected
    assert {(row.ahead, row.behind): (row.seeds, row.of, row.right) for row in found.itertuples()} == expected
    words = swaps_in_words(found, "one", "other", who="people", most=1)
    ahead, behind = found["ahead"].iloc[0], found["behind"].iloc[0]
    assert f"{ahead} now stands ahead of {behind}" in words[1]
    assert words[0].startswith(f"{len(found)} pairs" if len(found) > 1 else "One pair")


def test_nothing_changed_and_one_seed(predictions):
    assert swaps(predictions, "MI", "one", "one").empty
    assert "the same order" in swaps_in_words(swaps(predictions, "MI", "one", "one"), "one", "one", who="people")[0]
    alone = system_places(predictions[predictions["seed"] == 0], "MI", "one")
    assert alone[["low", "place_reference"]].isna().all().all()
    with pytest.raises(ValueError, match="no 'third' on MI"):
        system_places(predictions, "MI", "third")


def test_the_figure_shows_both_means_of_every_system(predictions):
    table = system_places(predictions, "MI", "one", "other")
    human, predicted = ranking_figure(table, "MI", "people").data[-2:]
    assert list(human.x) == list(table["human"][::-1])
    assert list(predicted.x) == list(table["predicted"][::-1])
    assert list(predicted.error_x.array) == pytest.approx(list((table["high"] - table["predicted"])[::-1]))
