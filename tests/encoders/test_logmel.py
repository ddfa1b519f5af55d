import numpy as np
import pytest
import torch

from qamro.encoders import LogMel
from qamro.encoders.logmel import mel_filterbank
from qamro.encoders.text import hash_texts, hash_tokens

RATE = 32_000


@pytest.fixture(scope="module")
def encoder() -> LogMel:
    return LogMel()


def tone(seconds=2.0, hz=440.0, rate=RATE, level=0.3):
    t = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def music(seed=0, seconds=3.0):
    rng = np.random.default_rng(seed)
    notes = [tone(seconds, hz, level=0.1) for hz in rng.choice([261.6, 329.6, 392.0, 523.3], 3, replace=False)]
    return (sum(notes) + rng.normal(0, 0.003, int(seconds * RATE))).astype(np.float32)


def test_shape_and_finite(encoder):
    out = encoder.embed_audio([(music(0), RATE), (music(1), RATE)])
    assert out.shape == (2, encoder.audio_dim)
    assert out.dtype == torch.float32
    assert torch.isfinite(out).all()


def test_empty_list(encoder):
    assert encoder.embed_audio([]).shape == (0, encoder.audio_dim)


def test_an_embedding_does_not_depend_on_its_batch(encoder):
    alone = encoder.embed_audio([(music(0), RATE)])
    among = encoder.embed_audio([(music(2, 1.0), RATE), (music(0), RATE), (music(3, 5.0), RATE)])
    torch.testing.assert_close(among[1:2], alone, rtol=0, atol=0)


def test_other_rates_are_resampled(encoder):
    import soxr

    low = soxr.resample(music(0), RATE, 22_050)
    same = encoder.embed_audio([(soxr.resample(low, 22_050, RATE), RATE)])
    torch.testing.assert_close(encoder.embed_audio([(low, 22_050)]), same)


def test_loudness_moves_only_the_level(encoder):
    loud, quiet = encoder.embed_audio([(music(0), RATE), (music(0) * 0.25, RATE)])
    changed = (loud - quiet).abs() > 1e-2
    assert changed.sum() == 1


@pytest.mark.parametrize(
    "samples",
    [
        np.full(1, 0.5, np.float32),
        np.full(31, 0.5, np.float32),
        np.zeros(RATE, np.float32),
        np.ones(RATE, np.float32),
        np.sign(tone()),
        np.r_[np.zeros(RATE, np.float32), tone()],
    ],
    ids=["one sample", "less than a hop", "silence", "constant", "square", "half silent"],
)
def test_degenerate_sound_gives_finite_numbers(encoder, samples):
    assert torch.isfinite(encoder.embed_audio([(samples.astype(np.float32), RATE)])).all()


def test_chunks_do_not_change_the_spectrum(encoder, monkeypatch):
    from qamro.encoders import logmel

    whole = encoder.embed_audio([(music(0), RATE)])
    monkeypatch.setattr(logmel, "_CHUNK_FRAMES", 37)
    torch.testing.assert_close(encoder.embed_audio([(music(0), RATE)]), whole, rtol=1e-4, atol=1e-4)


def test_known_faults_are_visible():
    from qamro.encoders.descriptors import faults

    wave = torch.from_numpy(music(0))
    level = wave.square().mean().sqrt()
    clipped = wave.clamp(-0.1, 0.1)
    flat = torch.zeros(100, 64)
    assert faults(clipped, flat, level)[7] > faults(wave, flat, level)[7] + 1  # samples stuck at the peak, log10


def test_tempo_is_found():
    from qamro.encoders.descriptors import _TEMPO_EDGES, rhythm

    frame_rate = 100
    log_mel = torch.zeros(1000, 64)
    log_mel[::50] = 20  # two beats a second: 120 BPM
    pulse = rhythm(log_mel, frame_rate)[7:]
    at = {bpm: float(pulse[int((bpm > _TEMPO_EDGES).sum()) - 1]) for bpm in (95, 119)}
    assert at[119] > 0.9
    assert at[95] < 0.1


def test_harmony_does_not_depend_on_the_key():
    from qamro.encoders.descriptors import harmony

    chroma = torch.rand(50, 12, generator=torch.Generator().manual_seed(0))
    chroma[:, [0, 4, 7]] += 5
    torch.testing.assert_close(harmony(chroma), harmony(chroma.roll(5, dims=1)), rtol=1e-4, atol=1e-4)


def changing(seconds, seed=0):
    """Notes that come and go over hiss: something that maxima, counts and sums over time would follow."""
    rng = np.random.default_rng(seed)
    count = int(2 * seconds)
    notes = [
        tone(0.5, hz, level=level)
        for hz, level in zip(rng.uniform(150, 2000, count), rng.uniform(0, 1, count), strict=True)
    ]
    return (np.concatenate(notes) + rng.normal(0, 0.02, count * RATE // 2)).astype(np.float32)


@pytest.mark.parametrize("repeats", [2, 4, 10])
@pytest.mark.parametrize("seconds", [2, 5, 15])
def test_a_clip_that_is_repeated_embeds_as_if_heard_once(encoder, seconds, repeats):
    once = changing(seconds)
    found = encoder.embed_audio([(once, RATE), (np.tile(once, repeats), RATE)])
    spread = encoder.embed_audio([(changing(5, seed), RATE) for seed in range(12)]).std(0)
    # Of 2 s, windows of the loop begin elsewhere in it than the clip's only one.
    limit = 1e-3 if seconds % 5 == 0 else 2.0
    assert ((found[0] - found[1]).abs() <= limit * spread + 1e-3).float().mean() > (0.999 if seconds % 5 == 0 else 0.9)


def test_no_number_follows_the_length_of_a_clip(encoder):
    """Of one process, short and long clips have the same mean: what grows with length parts them by many errors."""
    short, long = (
        encoder.embed_audio([(changing(seconds, 100 * seconds + k), RATE) for k in range(12)]) for seconds in (5, 25)
    )
    error = (short.var(0) / len(short) + long.var(0) / len(long)).sqrt()
    apart = (short.mean(0) - long.mean(0)).abs() / (error + 1e-3)
    assert apart.max() < 6
    assert (apart > 3).float().mean() < 0.03


def test_a_clip_lies_among_its_windows(encoder):
    whole = changing(20)
    windows = encoder.embed_audio([(part, RATE) for part in np.split(whole, 4)])
    (found,) = encoder.embed_audio([(whole, RATE)])
    assert (found >= windows.amin(0) - 1e-3).all()
    assert (found <= windows.amax(0) + 1e-3).all()


@pytest.mark.parametrize("samples", [1, 159_999, 160_000, 160_001, 400_000, 480_000])
def test_windows_cover_a_clip_evenly(samples):
    from qamro.encoders.logmel import windows_of

    length = 160_000
    found = [window.tolist() for window in windows_of(torch.arange(float(samples)), length)]
    assert all(len(window) == length for window in found)
    assert len(found) == max(1, -(-samples // length))
    assert {value for window in found for value in (window[0], window[-1])} >= {
        0.0,
        float(samples - 1),
    } or samples < length
    starts = [window[0] for window in found]
    assert max(np.diff(starts), default=0) <= length
    assert np.ptp(np.diff(starts)) <= 1 if len(starts) > 2 else True


@pytest.mark.cuda
def test_gpu_equals_cpu():
    cpu, gpu = LogMel(), LogMel("cuda")
    torch.testing.assert_close(
        gpu.embed_audio([(music(0), RATE)]), cpu.embed_audio([(music(0), RATE)]), rtol=1e-2, atol=1e-2
    )


@pytest.fixture(scope="module")
def logmel():
    return LogMel()


def short_tone(hz, seconds=1.0, level=0.3):
    time = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def test_ten_frames_a_second_of_finite_numbers(logmel):
    lengths = [0.001, 0.05, 0.15, 1, 3.14]
    clips = [
        (np.random.default_rng(i).normal(0, 0.1, round(s * RATE)).astype("f4"), RATE) for i, s in enumerate(lengths)
    ]
    found = logmel.embed_frames([*clips, (np.zeros(RATE, "f4"), RATE)])
    assert [len(frames) for frames in found] == [1, 1, 1, 10, 31, 10]
    assert all(frames.shape[1] == logmel.frame_dim == 96 for frames in found)
    assert all(torch.isfinite(frames).all() for frames in found)
    assert logmel.frame_rate == 10


def test_a_frame_tells_what_sounds_in_it(logmel):
    samples = np.concatenate([short_tone(440, 1), np.zeros(RATE, "f4"), short_tone(3000, 1)])
    frames = logmel.embed_frames([(samples, RATE)])[0]
    bands = frames[:, :64].argmax(1)
    assert bands[5] < bands[25]
    assert frames[5, 92] > frames[15, 92] + 60, "loudness in dB"
    assert frames[5, 80:92].argmax() == 0, "A is the first pitch class"
    assert frames[15, 95] == 1, "silence stands still"
    assert frames[5, 93] == pytest.approx(3.01, abs=0.1), "a sine's crest factor in dB"


def test_clipping_shows(logmel):
    samples = short_tone(200, 1, level=1.0)
    clean = logmel.embed_frames([(samples, RATE)])[0][:, 94].mean()
    clipped = logmel.embed_frames([(np.clip(samples, -0.5, 0.5), RATE)])[0][:, 94].mean()
    assert clipped > clean + 0.3


def test_frames_depend_on_their_clip_alone_and_other_rates_are_resampled(logmel):
    clips = [(short_tone(300, 1.3), RATE), (short_tone(900, 0.4), RATE)]
    together = logmel.embed_frames(clips)
    torch.testing.assert_close(together[1], logmel.embed_frames(clips[1:])[0], rtol=0, atol=0)
    assert len(logmel.embed_frames([(short_tone(300), 48_000)])[0]) == 6


def test_the_sum_of_word_states_is_the_texts_encoding():
    texts = ["Slow flute music, two layers, calm mood.", "piano", "", "?!", "Ünïcode Ünïcode ok"]
    rows = hash_tokens(texts)
    assert [len(row) for row in rows] == [7, 1, 1, 1, 3]
    sums = torch.nn.functional.normalize(torch.stack([row.sum(0) for row in rows]), dim=1)
    torch.testing.assert_close(sums, hash_texts(texts))
    torch.testing.assert_close(LogMel().embed_text_frames(texts)[0], rows[0])


@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels", "low", "high"), [(32_000, 1024, 64, 30, 16_000), (16_000, 512, 40, 0, 8000)]
)
def test_equals_the_slaney_filterbank_of_transformers(rate, n_fft, n_mels, low, high):
    from qamro.encoders.transformers_folder import hide_broken_packages

    hide_broken_packages()
    from transformers.audio_utils import mel_filter_bank

    oracle = mel_filter_bank(n_fft // 2 + 1, n_mels, low, high, rate, norm="slaney", mel_scale="slaney").T
    np.testing.assert_allclose(mel_filterbank(rate, n_fft, n_mels, low, high).numpy(), oracle, atol=1e-6)
