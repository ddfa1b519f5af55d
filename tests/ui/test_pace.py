"""How long work takes, by what ran before."""

import json

import pytest

from qamro.paths import cache_path
from qamro.ui import pace


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("QAMRO_CACHE", str(tmp_path))


def test_what_ran_here_goes_before_what_ships():
    shipped, here = pace.estimate("sweep adamw", 2110, 144)
    record = json.loads((pace.bundled_weights().parent / "assets/sensitivity/simulated/record.json").read_text())
    assert (record["fits"], record["study"]["clips"]) == (2110, 144)
    assert (shipped, here) == (pytest.approx(record["seconds"]["training"]), False)
    pace.remember("sweep adamw", 100, 144, 50)
    assert pace.estimate("sweep adamw", 2110, 144) == (pytest.approx(1055), True)
    assert pace.estimate("sweep sgd", 10, 144) is None
    assert pace.estimate("embed logmel", 1, 144) is None
    assert pace.estimate("train adamw", 18, 0) is None


def test_runs_of_about_the_size_count_and_the_middle_one_of_three():
    for seconds in (9, 1, 2):
        pace.remember("train adamw", 3, 100, seconds)
    pace.remember("train adamw", 3, 10_000, 3000)
    assert pace.estimate("train adamw", 6, 100)[0] == pytest.approx(4)
    assert pace.estimate("train adamw", 3, 200)[0] == pytest.approx(2 * 2**0.5)
    for _ in range(pace.KEPT):
        pace.remember("train adamw", 3, 100, 30)
    assert pace.estimate("train adamw", 3, 100)[0] == pytest.approx(30), "the old ones are forgotten"


def test_of_embedding_the_slowest_counts():
    for seconds in (20, 1.5, 1.5, 1.5):
        pace.remember("embed logmel", 1, 100, seconds)
    pace.remember("embed logmel", 1, 100, 30)
    assert pace.estimate("embed logmel", 1, 50)[0] == pytest.approx(15)


@pytest.mark.parametrize("text", ["", "[]", '{"train adamw": 3}', '{"train adamw": [[0, 0, 1]]}', '{"a": [["x"]]}'])
def test_a_damaged_memory_is_as_good_as_none(text):
    cache_path("pace.json").write_text(text)
    found = pace.estimate("train adamw", 1, 100)
    assert found is not None
    assert not found[1]
    pace.remember("train adamw", 1, 100, 7)
    assert pace.estimate("train adamw", 1, 100) == (pytest.approx(7), True)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.02, "1 s"), (7.4, "7 s"), (25.3, "25 s"), (89, "89 s"), (93, "1.6 min"), (3600, "60 min")]
)
def test_durations_in_words(seconds, words):
    assert pace.in_words(seconds) == words
