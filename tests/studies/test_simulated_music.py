"""What is played: notes in key and in time, tones of the right pitch, and faults as large as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import welch

from qamro.studies.simulated import INSTRUMENTS, MOODS, SAMPLE_RATE, instruments, systems
from qamro.studies.simulated.composition import HAT, KICK, LAYER_NAMES, SHAKE, SNARE, UNPITCHED, Note, compose
from qamro.studies.simulated.instruments import PATCHES, Patch, stroke, tone

N = 5 * SAMPLE_RATE


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("bpm", [60.0, 98.0, 160.0])
@pytest.mark.parametrize("layers", [1, 3, 6])
def test_pieces_hold_their_layers_in_key_and_in_time(mood: str, bpm: float, layers: int) -> None:
    notes, scale = compose(mood, bpm, layers, 4.2, np.random.default_rng(layers))
    assert {note.layer for note in notes} == set(LAYER_NAMES[:layers])
    assert len(scale) == 7
    for note in notes:
        assert 0 <= note.start < 4.2 * bpm / 60
        assert note.start * 4 == int(note.start * 4)
        assert note.length > 0
        if note.layer not in UNPITCHED:
            assert note.pitch % 12 in scale
            assert 24 <= note.pitch <= 108


def test_pieces_differ_with_the_generator() -> None:
    pieces = [compose("happy", 98, 2, 4.2, np.random.default_rng(k))[0] for k in range(6)]
    assert len({tuple(note.pitch for note in piece) for piece in pieces}) == 6


def test_tone_is_the_sum_of_its_damped_partials(monkeypatch: pytest.MonkeyPatch) -> None:
    patch = Patch((1.0, 0.5, 0.25), decay=0.4, damping=0.3, attack=0.0)
    monkeypatch.setitem(PATCHES, "oracle", patch)
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    expected = np.zeros_like(t)
    for k, amplitude in enumerate(patch.partials):
        phase = 2 * np.pi * 440.0 * (k + 1) * t + k * k
        expected += amplitude * np.exp(-t * (1 + 0.3 * k) / 0.4) * np.sin(phase)
    expected[0] = 0  # the shortest attack is one sample
    expected /= np.abs(expected).max()
    np.testing.assert_allclose(tone("oracle", 69), expected, atol=2e-5)


@pytest.mark.parametrize("instrument", [name for name in PATCHES if name != "bells"])
@pytest.mark.parametrize("pitch", [45, 60, 76])
def test_tones_have_their_energy_at_multiples_of_their_pitch(instrument: str, pitch: int) -> None:
    sound = tone(instrument, pitch).astype(float)
    assert np.abs(sound).max() == pytest.approx(1)
    with pytest.raises(ValueError, match="read-only"):
        tone(instrument, pitch)[0] = 1
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    fundamental = 440 * 2 ** ((pitch + PATCHES[instrument].transpose - 69) / 12)
    partial = np.maximum(1, np.round(hz / fundamental))
    distance = np.abs(hz - partial * fundamental)
    near = distance < np.maximum(12, 0.02 * hz)  # vibrato and the two voices spread a partial by some 20 cents
    assert power[near].sum() > 0.95 * power.sum()


@pytest.mark.parametrize("kind", [KICK, SNARE, HAT, SHAKE])
def test_strokes_are_short_and_at_full_scale(kind: int) -> None:
    sound = stroke(kind)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(1)
    assert len(sound) <= SAMPLE_RATE // 4
    assert np.abs(sound[-20:]).max() < 0.1


def test_music_waits_and_ends() -> None:
    notes, _ = compose("calm", 98, 4, instruments.MUSIC_SECONDS, np.random.default_rng(0))
    dry = instruments.mix(notes, "strings", 98)
    assert dry.shape == (N,)
    assert not dry[: int(instruments.LEAD_IN * SAMPLE_RATE)].any()
    assert not dry[int((instruments.LEAD_IN + instruments.MUSIC_SECONDS + instruments.FADE) * SAMPLE_RATE) + 1 :].any()
    assert instruments.room(dry, 0.0).shape == (N,)


def test_tilt_is_in_decibels_per_octave() -> None:
    click = np.zeros(N)
    click[N // 2] = 1
    flat, tilted = (np.abs(np.fft.rfft(instruments.room(click, tilt)))[[1000 * 5, 4000 * 5]] for tilt in (0.0, -3.0))
    change = 20 * np.log10(tilted / flat)
    assert change[0] == pytest.approx(-3, abs=0.3)
    assert change[1] == pytest.approx(-9, abs=0.3)


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_instruments_differ(instrument: str) -> None:
    def bands(name: str) -> np.ndarray:
        return 10 * np.log10(welch(tone(name, 60), nperseg=256)[1] + 1e-9)

    for other in INSTRUMENTS:
        if other != instrument:
            assert np.abs(bands(instrument) - bands(other)).mean() > 2


def _piece(n: int = 400) -> list[Note]:
    scale = [0, 2, 4, 5, 7, 9, 11]
    pitched = [Note("melody", 60 + scale[i % 7], i / 2, 0.5, 1.0) for i in range(n)]
    return pitched + [Note("drums", KICK, float(i), 0.5, 1.0) for i in range(n // 2)]


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_slips_are_foreign_notes_beside_the_right_ones(level: float) -> None:
    scale = {0, 2, 4, 5, 7, 9, 11}
    before = _piece()
    after, measured = systems.slip(before, level, scale, np.random.default_rng(1))
    wrong = [note for note in after if note.layer == "melody" and note.pitch % 12 not in scale]
    assert len(after) == len(before) + len(wrong)
    assert measured == pytest.approx(min(1, len(wrong) / 400 / systems.MOST_WRONG))
    assert measured == pytest.approx(level, abs=0.12)
    starts = {note.start: note.pitch for note in before if note.layer == "melody"}
    assert all(abs(note.pitch - starts[note.start]) == 1 for note in wrong)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_stumbles_stray_and_strike_again(level: float) -> None:
    before = [Note("melody", 60, 10.0 + i, 0.5, 1.0) for i in range(400)]
    after, measured = systems.stumble(before, level, 120, np.random.default_rng(1))
    assert measured == pytest.approx(level, abs=0.12)
    broken = [note for note in after if note.length != 0.5]
    assert len(after) == len(before) + len(broken)
    assert len(broken) / 400 == pytest.approx(level * systems.MOST_STUMBLES, abs=0.08)
    assert all(0.06 <= note.length * 60 / 120 <= 0.12 for note in broken)
    strays = np.array([note.start % 1 for note in after if note.length == 0.5])
    assert (strays.any()) == (level > 0)


def _noise(seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(N)


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_noise_has_its_ratio(level: float) -> None:
    sound = np.sin(np.arange(N) / 20)
    added = systems.add_noise(sound, systems.snr_db(level), np.random.default_rng(0)) - sound
    measured = 20 * np.log10(sound.std() / added.std())
    assert measured == pytest.approx(60 - 54 * level, abs=0.1)


@pytest.mark.parametrize("level", [0.2, 0.6, 1.0])
def test_bandwidth_ends_at_its_edge(level: float) -> None:
    edge = 15_000 * (1_800 / 15_000) ** level
    sound = _noise()
    hz, before = welch(sound, SAMPLE_RATE, nperseg=4096)
    _, after = welch(systems.limit_bandwidth(sound, level), SAMPLE_RATE, nperseg=4096)
    gain = 10 * np.log10(after / before)
    assert np.interp(edge, hz, gain) == pytest.approx(-3, abs=0.7)
    assert np.interp(edge / 2, hz, gain) == pytest.approx(0, abs=0.3)
    if edge * 1.5 < 14_000:
        assert np.interp(edge * 1.5, hz, gain) < -25


def test_clipping_cuts_more_and_more() -> None:
    sound = _noise()
    stuck = [float((np.abs(systems.clip_hard(sound, level)) == 1).mean()) for level in (0.0, 0.3, 0.6, 1.0)]
    assert stuck[0] <= 2 / N
    assert stuck == sorted(stuck)
    assert stuck[-1] > 0.3
    np.testing.assert_allclose(systems.clip_hard(sound, 0.0), sound / np.abs(sound).max())


@pytest.mark.parametrize("level", [0.0, 0.05, 0.5, 1.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_dropouts_mute_exactly_their_share(level: float, seed: int) -> None:
    gated = systems.drop_out(np.ones(N), level, np.random.default_rng(seed))
    assert gated.min() >= -1e-12
    assert gated.max() <= 1 + 1e-9
    assert 1 - gated.mean() == pytest.approx(level * systems.MOST_MUTED, abs=0.003)
