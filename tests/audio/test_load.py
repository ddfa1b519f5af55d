from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.io.wavfile
from audio_files import (
    BAD,
    GOOD,
    HOSTILE_NAMES,
    encode,
    make_bad,
    make_good,
    mp3_without_length,
    song,
    tone,
    write_wav,
)

from qamro.audio import AudioError, Limits, Waveform, load, probe, safe_name

PADDED = {"m4a": 2048, "mp4": 2048, "mka": 2048, "aac": 3072}
"""Samples by which AAC may grow: its encoder works in frames of 1024, and raw AAC does not say where sound begins."""


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", GOOD)
def test_every_format_gives_the_tone_back(kind, channels, tmp_path):
    path = make_good(kind, tmp_path, seconds=1.0, channels=channels)
    wave = load(path)
    assert isinstance(wave, Waveform)
    assert wave.samples.dtype == np.float32
    assert wave.samples.ndim == 1
    assert wave.samples.flags.c_contiguous
    assert wave.sample_rate == (48_000 if "opus" in kind or kind == "webm" else 44_100)
    extra = wave.samples.size - wave.sample_rate
    assert 0 <= extra <= PADDED.get(kind, 0)
    middle = wave.samples[wave.sample_rate // 4 : 3 * wave.sample_rate // 4].astype(float)
    phase = 2 * np.pi * 440 * np.arange(middle.size) / wave.sample_rate
    basis = np.stack([np.sin(phase), np.cos(phase)], axis=1)
    weights, *_ = np.linalg.lstsq(basis, middle, rcond=None)
    assert np.hypot(*weights) == pytest.approx(0.5, rel=0.03)
    assert np.sqrt(np.mean((middle - basis @ weights) ** 2)) < 0.02


@pytest.mark.parametrize(("subtype", "step"), [("PCM_16", 2**-15), ("PCM_24", 2**-23), ("FLOAT", 0), ("DOUBLE", 0)])
def test_wav_samples_are_exact(subtype, step, tmp_path):
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, 20_000).astype(np.float32)
    wave = load(write_wav(tmp_path / "a.wav", samples, subtype=subtype))
    assert np.abs(wave.samples - samples).max() <= step


def test_wav_agrees_with_scipy(tmp_path):
    path = make_good("wav", tmp_path, channels=2)
    rate, integers = scipy.io.wavfile.read(path)
    wave = load(path)
    assert wave.sample_rate == rate
    np.testing.assert_allclose(wave.samples, integers.mean(axis=1) / 32768, atol=1e-7)


@pytest.mark.parametrize("channels", [2, 3, 6, 8])
def test_mono_is_the_mean_of_the_channels(channels, tmp_path):
    samples = np.random.default_rng(channels).uniform(-0.5, 0.5, (30_000, channels)).astype(np.float32)
    wave = load(write_wav(tmp_path / "a.wav", samples, subtype="FLOAT"))
    np.testing.assert_allclose(wave.samples, samples.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("channels", [2, 3, 6, 8])
def test_both_decoders_mix_alike(channels, tmp_path):
    samples = np.random.default_rng(channels).uniform(-0.5, 0.5, (30_000, channels))
    path = write_wav(tmp_path / "a.wav", samples)
    expected = load(path).samples
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = bytes(4)  # size zero, as a pipe leaves it: libsndfile gives up, libav reads on
    path.write_bytes(data)
    np.testing.assert_allclose(load(path).samples, expected, atol=1e-7)


@pytest.mark.parametrize("channels", [6, 8])
@pytest.mark.parametrize("kind", ["m4a", "webm", "opus", "mka"])
def test_surround_sound(kind, channels, tmp_path):
    wave = load(make_good(kind, tmp_path, channels=channels))
    assert wave.seconds == pytest.approx(1.0, abs=0.03)
    assert np.abs(wave.samples[5_000:35_000]).max() > 0.2


def test_content_decides_not_the_name(tmp_path):
    for kind, name in [("flac", "a.wav"), ("mp3", "a.flac"), ("m4a", "a.mp3"), ("wav", "a.m4a"), ("ogg", "noname")]:
        assert load(make_good(kind, tmp_path, name=name)).seconds == pytest.approx(1.0, abs=0.05)


def test_of_several_tracks_the_first_is_taken(tmp_path):
    rising = np.linspace(0, 1, 44_100, dtype=np.float32)[:, None] * tone(1.0)
    path = tmp_path / "two.mp4"
    path.write_bytes(encode(rising, 44_100, "mp4", "aac", tracks=2))  # the second is the first backwards
    samples = load(path).samples
    assert np.abs(samples[-20_000:]).mean() > 2 * np.abs(samples[:20_000]).mean()


def test_overs_are_kept(tmp_path):
    samples = tone(peak=1.7)
    wave = load(write_wav(tmp_path / "hot.wav", samples, subtype="FLOAT"))
    np.testing.assert_array_equal(wave.samples, samples[:, 0])


def test_silence_on_request(tmp_path):
    path, _ = make_bad("silence", tmp_path)
    wave = load(path, allow_silence=True)
    assert wave.is_silent
    assert wave.seconds == 1.0


def test_silence_between_sounds_is_sound(tmp_path):
    """Silence is judged over the whole file, not block by block."""
    samples = np.zeros((1_200_000, 2), dtype=np.float32)
    samples[700_000:700_100] = 0.1
    assert not load(write_wav(tmp_path / "late.wav", samples)).is_silent


def test_a_constant_below_and_above_in_different_blocks_is_no_silence(tmp_path):
    samples = np.full(1_200_000, 0.25, dtype=np.float32)
    samples[600_000:] = -0.25
    assert load(write_wav(tmp_path / "steps.wav", samples)).samples.min() == -0.25


@pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
def test_mp3_without_a_length_is_decoded_to_its_end(mode, tmp_path):
    """libsndfile guesses the length from the first frame's bit rate: of this one it would keep a part."""
    rng = np.random.default_rng(0)
    samples = np.concatenate([0.3 * rng.standard_normal(88_200), tone(4.0)[:, 0]]).astype(np.float32)
    path = tmp_path / "a.mp3"
    path.write_bytes(mp3_without_length(samples, mode=mode))
    assert load(path).seconds == pytest.approx(6.0, abs=0.06)
    assert probe(path).seconds == load(path).seconds


@pytest.mark.parametrize(
    "tail", [b"TAG" + bytes(125), b"LYRICSBEGININD00002" + b"x" * 140 + b"LYRICS200", b"junk" * 30, bytes(3000)]
)
def test_tags_behind_an_mp3_do_no_harm_and_print_nothing(tail, tmp_path, capfd):
    path = tmp_path / "a.mp3"
    data = mp3_without_length(tone(2.0), mode="CONSTANT")
    path.write_bytes(data)
    plain = load(path).samples
    path.write_bytes(data + tail)
    np.testing.assert_array_equal(load(path).samples, plain)
    assert capfd.readouterr() == ("", "")


def test_a_hole_in_an_mp3_is_damage(tmp_path):
    data = mp3_without_length(tone(3.0), mode="CONSTANT")
    path = tmp_path / "a.mp3"
    path.write_bytes(data[: len(data) // 3] + data[len(data) // 2 + 11 :])
    with pytest.raises(AudioError, match="cut off or damaged"):
        load(path)


@pytest.mark.parametrize("kind", BAD)
def test_every_bad_file_is_refused_with_a_reason(kind, tmp_path, capfd):
    path, complaint = make_bad(kind, tmp_path)
    with pytest.raises(AudioError) as caught:
        load(path, 16_000)
    message = str(caught.value)
    assert message.startswith(f"{path.name}: ")
    assert complaint in message
    assert "; " in message
    assert message.isprintable()
    assert caught.value.path == path
    if not kind.endswith("mp3"):
        assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["flac", "mp3", "m4a", "aac", "webm", "wav"])
@pytest.mark.parametrize("share", [0.35, 0.7, 0.9])
def test_a_cut_file_says_how_much_is_there(kind, share, tmp_path):
    data = make_good(kind, tmp_path, seconds=4.0, channels=2).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(AudioError, match=r"only \d\.\d\d s") as caught:
        load(path)
    there = float(str(caught.value).split("only ")[1].split(" s")[0])
    assert there == pytest.approx(4.0 * share, abs=0.4)


@pytest.mark.parametrize("kind", sorted(set(GOOD) - {"wav8"}))
def test_no_cut_gives_a_shorter_sound(kind, tmp_path):
    """Wherever a file stops: an error, or the whole sound (only padding was lost)."""
    data = make_good(kind, tmp_path, seconds=0.7).read_bytes()
    path = tmp_path / "cut"
    for size in np.random.default_rng(5).integers(0, len(data), 40):
        path.write_bytes(data[:size])
        try:
            wave = load(path)
        except AudioError:
            continue
        if kind == "aac" or (kind == "mp3" and wave.seconds > 0.6):
            continue  # raw AAC has no length; a stated length has a tolerance of 0.1 s
        assert wave.seconds >= 0.6, size


def test_paths_that_are_no_files(tmp_path):
    loop = tmp_path / "loop.wav"
    loop.symlink_to(loop)
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    for path, complaint in [
        (tmp_path / "missing.wav", "no such file"),
        (tmp_path, "is a folder"),
        (pipe, "pipe"),
        (loop, "cannot be opened"),
        (tmp_path / ("x" * 300 + ".wav"), "cannot be opened"),
        (tmp_path / "nul\0.wav", "cannot be opened"),
        (tmp_path / "missing" / "a.wav", "no such file"),
        ("", "no such file"),
    ]:
        for call in (load, probe):
            with pytest.raises(AudioError, match=complaint) as caught:
                call(path)
            assert str(caught.value).startswith(safe_name(path) + ": ")


@pytest.mark.skipif(os.name != "posix", reason="takes permissions away as POSIX does")
def test_a_file_without_permission(tmp_path):
    path = make_good("wav", tmp_path)
    load(path)
    path.chmod(0)
    root = os.geteuid() == 0  # may read every file
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(AudioError, match="may not be read"):
            load(path)
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_names(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_wav(tmp_path / name, tone())
    assert load(tmp_path / name).seconds == 1.0
    assert load(name).seconds == 1.0
    (tmp_path / name).write_bytes(encode(tone(), 44_100, "mp4", "aac"))
    assert load(name).seconds == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("name", ["-", "http:", "pipe:0", "concat:a|b", "file:x.wav"])
def test_names_that_decoders_would_interpret(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AudioError, match="no such file"):
        load(name)
    write_wav(tmp_path / name, tone())
    assert load(name).seconds == 1.0


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile {}\n"])
def test_playlists_open_no_other_file(text, tmp_path):
    target = make_good("m4a", tmp_path)
    path = tmp_path / "list.m4a"
    path.write_text(text.format(target))
    with pytest.raises(AudioError, match="holds text"):
        load(path)


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_is_positive(rate, tmp_path):
    with pytest.raises(ValueError, match="positive"):
        load(make_good("wav", tmp_path), rate)


def test_threads_get_what_one_gets(tmp_path):
    paths = [make_good(kind, tmp_path, channels=2) for kind in GOOD] * 3
    alone = [load(path, 16_000).samples for path in paths]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda path: load(path, 16_000).samples, paths))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_caller_may_delete_the_file_at_once(tmp_path):
    path = make_good("wav", tmp_path)
    wave = load(path)
    path.unlink()
    assert wave.samples.any()
    assert not any(tmp_path.iterdir())


def test_damaged_bytes_end_in_an_audio_error_or_in_sound(tmp_path):
    rng = np.random.default_rng(11)
    whole = {kind: make_good(kind, tmp_path, seconds=0.5).read_bytes() for kind in GOOD}
    path = tmp_path / "damaged"
    refused = 0
    for _ in range(400):
        data = bytearray(whole[str(rng.choice(GOOD))])
        for _ in range(rng.integers(1, 5)):
            data[rng.integers(0, min(len(data), rng.choice([64, 400, len(data)])))] = rng.integers(256)
        path.write_bytes(data)
        try:
            wave = load(path, 16_000, allow_silence=True)
        except AudioError:
            refused += 1
        else:
            assert np.isfinite(wave.samples).all()
    assert 0 < refused < 400


def test_importing_the_room_is_light():
    heavy = ("soundfile", "soxr", "av", "torch", "scipy")
    code = f"import sys, qamro.audio; print(*set({heavy}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_libav_is_imported_only_when_needed(tmp_path):
    path = make_good("flac", tmp_path)
    code = f"import sys, qamro.audio as a; a.load({str(path)!r}, 16000); print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_of_a_song_without_length_is_the_song(tmp_path, capfd, mode):
    """As songs come from the web: no length header, lyrics and tags behind the sound."""
    tune = song(4.0, rate=44_100)
    data = mp3_without_length(tune[:, None], 44_100, mode)
    path = tmp_path / "song.mp3"
    path.write_bytes(data + b"LYRICSBEGININD00002" + b"la " * 40 + b"000139LYRICS200" + b"TAG" + bytes(125))
    wave = load(path)
    assert wave.sample_rate == 44_100
    delay = 1105  # the encoder's and the decoder's, which the missing header would tell
    np.testing.assert_allclose(wave.samples[delay:][: len(tune)], tune, atol=0.02)
    load(path, 16_000)
    assert capfd.readouterr() == ("", "")


def test_limits_hold_while_decoding_too(tmp_path):
    """Raw AAC states no length, so only decoding can tell."""
    path = make_good("aac", tmp_path, seconds=3.0)
    assert np.isnan(probe(path).seconds)
    assert load(path).seconds == pytest.approx(3.0, abs=0.07)
    with pytest.raises(AudioError, match="more than the 2 s"):
        load(path, limits=Limits(seconds=2))


def test_the_shortest_sound(tmp_path):
    path = write_wav(tmp_path / "a.wav", tone(0.1))
    assert load(path).seconds == 0.1
    with pytest.raises(AudioError, match="less than the 0.2 s"):
        load(path, limits=Limits(min_seconds=0.2))
    one, _ = make_bad("one_sample", tmp_path)
    assert load(one, limits=Limits(min_seconds=0), allow_silence=True).samples.size == 1


@pytest.mark.parametrize("channels", [2, 3, 6])
def test_mono_is_the_mean_of_the_channels_to_the_last_bit(channels, tmp_path):
    samples = np.random.default_rng(channels).uniform(-1, 1, (20_000, channels)).astype(np.float32)
    wave = load(write_wav(tmp_path / "x.wav", samples, subtype="FLOAT"))
    exact = samples.astype(np.float64).mean(axis=1)
    np.testing.assert_allclose(wave.samples, exact, atol=2e-7)
    if channels == 2:  # as the product with one half, which cached embeddings were made of
        np.testing.assert_array_equal(wave.samples, samples @ np.full(2, 0.5, np.float32))
