"""What is drawn: random numbers by purpose, prompts, systems."""

from __future__ import annotations

import numpy as np
import pytest

from qamro.studies.simulated import FAULTS, INSTRUMENTS, LAYERS, MOODS, TEMPI, Prompt, System, draw_prompt, draw_system
from qamro.studies.simulated.randomness import balanced_choice, even_share, generator
from qamro.studies.simulated.systems import MUSICAL, TECHNICAL


def test_generators_differ_by_seed_purpose_and_index_only() -> None:
    first = generator(1, "a", 2, 3).random(4)
    np.testing.assert_array_equal(first, generator(1, "a", 2, 3).random(4))
    others = [generator(2, "a", 2, 3), generator(1, "b", 2, 3), generator(1, "a", 3, 3), generator(1, "a", 2, 4)]
    for other in others:
        assert not np.isin(other.random(4), first).any()


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_balanced_choice_takes_every_item_once_a_block(seed: int) -> None:
    drawn = [balanced_choice(seed, "x", "abcde", k) for k in range(50)]
    for start in range(0, 50, 5):
        assert sorted(drawn[start : start + 5]) == list("abcde")
    assert len({tuple(drawn[start : start + 5]) for start in range(0, 50, 5)}) > 3


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_even_shares_take_every_stratum_once_a_block(seed: int) -> None:
    shares = np.array([even_share(seed, "x", k) for k in range(120)])
    for block in shares.reshape(10, 12):
        assert sorted(np.floor(12 * block)) == list(range(12))
    assert np.abs(np.corrcoef(shares, [even_share(seed, "y", k) for k in range(120)])[0, 1]) < 0.3


def test_prompts_say_what_they_ask_for() -> None:
    layer_words = {1: "solo", 2: "two layers", 3: "three layers", 4: "four layers", 5: "five layers"}
    for k in range(40):
        prompt = draw_prompt(k, seed=3)
        text = prompt.text.lower()
        for word in (prompt.instrument, prompt.tempo, prompt.mood, layer_words[prompt.layers]):
            assert word in text
        others = [*INSTRUMENTS, *TEMPI, *MOODS, *layer_words.values()]
        assert sum(word in text for word in others) == 4


def test_prompts_cover_every_word() -> None:
    prompts = [draw_prompt(k) for k in range(8)]
    assert {prompt.instrument for prompt in prompts} == set(INSTRUMENTS)
    assert {prompt.tempo for prompt in prompts} == set(TEMPI)
    assert {prompt.mood for prompt in prompts} == set(MOODS)
    assert {prompt.layers for prompt in prompts} == set(LAYERS)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("kazoo", "slow", "sad", 1), "kazoo"),
        (("piano", "rapid", "sad", 1), "rapid"),
        (("piano", "slow", "angry", 1), "angry"),
        (("piano", "slow", "sad", 6), "not 6"),
    ],
)
def test_prompts_refuse_words_that_no_system_knows(words: tuple[str, str, str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Prompt(0, *words)


@pytest.mark.parametrize("seed", [0, 5])
def test_severities_are_on_their_scale_and_grades_spread(seed: int) -> None:
    systems = [draw_system(k, seed) for k in range(48)]
    table = np.array([[getattr(system, fault) for fault in FAULTS] for system in systems])
    assert ((table >= 0) & (table <= 1)).all()
    for family in (TECHNICAL, MUSICAL):
        worst = table[:, [FAULTS.index(fault) for fault in family]].max(1)
        assert list(np.histogram(worst, bins=4, range=(0, 1))[0]) == [12, 12, 12, 12]
        main = [max(family, key=lambda fault: getattr(system, fault)) for system in systems]
        assert {main.count(fault) for fault in family} == {48 // len(family)}
    for system in systems:
        assert system.drops_layers == 0 or system.adds_layers == 0


def test_names_are_unique_and_a_label_wins() -> None:
    assert [draw_system(k).name for k in (0, 1, 99)] == ["S01", "S02", "S100"]
    assert System(3, label="clean").name == "clean"
    assert draw_prompt(11).name == "P12"


def test_systems_refuse_severities_off_the_scale() -> None:
    with pytest.raises(ValueError, match=r"S03: noise .* not 1\.5"):
        System(2, noise=1.5)
