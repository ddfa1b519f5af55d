"""Core formats need no PyAV; where another does, the error says so."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from audio_files import (
    BAD,
    CORE,
    GOOD,
    encode,
    make_bad,
    make_good,
    mp3_without_length,
    tone,
    wav_bytes,
    with_data_size,
)

from qamro.audio import AudioError, load, probe

OF_PYAV = {"truncated_m4a", "truncated_aac", "truncated_webm", "video_without_sound"}


@pytest.fixture
def no_pyav(monkeypatch):
    """Importing it fails, as where it is not installed; files are still made by it."""
    return lambda: monkeypatch.setitem(sys.modules, "av", None)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", CORE)
def test_core_formats_are_read_and_have_the_same_samples(kind, channels, no_pyav, tmp_path):
    path = make_good(kind, tmp_path, channels=channels)
    with_it, info = load(path, 16_000).samples, probe(path)
    no_pyav()
    np.testing.assert_array_equal(load(path, 16_000).samples, with_it)
    assert probe(path) == info


@pytest.mark.parametrize("kind", sorted(set(GOOD) - set(CORE)))
def test_other_formats_say_what_is_missing(kind, no_pyav, tmp_path):
    path = make_good(kind, tmp_path)
    no_pyav()
    for call in (load, probe):
        with pytest.raises(AudioError) as caught:
            call(path)
        assert str(caught.value).startswith(f"{path.name}: is ")
        assert "which needs PyAV, which is not installed" in str(caught.value)
        assert "pip install av" in str(caught.value)


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_refused_for_the_same_reason(kind, no_pyav, tmp_path):
    path, complaint = make_bad(kind, tmp_path)
    no_pyav()
    if kind in OF_PYAV:
        complaint = "pip install av"
    elif kind == "noise_bytes":
        complaint = "is damaged, or its format needs PyAV"
    with pytest.raises(AudioError, match=complaint):
        load(path)


def test_streams_that_state_no_length(no_pyav, tmp_path):
    flac = encode(tone(3.0), 44_100, "flac", "flac", seekable=False)
    noise = np.random.default_rng(0).standard_normal((132_300, 1)) * 0.2
    whole = [
        flac,
        encode(noise, 44_100, "flac", "flac", seekable=False),
        mp3_without_length(tone(3.0)),
        *(with_data_size(wav_bytes(tone(3.0)), size) for size in (0, 0xFFFFFFFF, 0x7FFFF000)),
    ]
    frames = [at for at in range(len(flac)) if flac[at : at + 2] == b"\xff\xf8"]
    broken = [
        flac[: len(flac) // 2],
        flac[: frames[9]] + flac[frames[10] :],
        mp3_without_length(tone(3.0))[:-200],
        encode(tone(3.0), 44_100, "flac", "flac")[:-200],
    ]
    no_pyav()
    path = tmp_path / "a"
    for data in whole:
        path.write_bytes(data)
        assert load(path).seconds == pytest.approx(3.0, abs=0.06)
        assert probe(path).seconds == load(path).seconds
    for data in broken:
        path.write_bytes(data)
        with pytest.raises(AudioError, match="cut off or damaged"):
            load(path)


def test_a_process_without_pyav(tmp_path):
    """Nothing imports it on the way to a core format."""
    paths = [str(make_good(kind, tmp_path)) for kind in CORE]
    code = (
        "import sys; sys.modules['av'] = None\nfrom qamro.audio import load\n"
        f"print(sum(load(path, 16000).seconds > 0.9 for path in {paths!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(len(CORE))
    assert done.stderr == ""
