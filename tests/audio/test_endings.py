from __future__ import annotations

import numpy as np
import pytest
import soundfile
from audio_files import RATE, encode, tone

from qamro.audio import AUDIO_ENDINGS, load

SNDFILE = {"wave": "WAV", "aif": "AIFF", "oga": "OGG"}
LIBAV = {  # container, encoder
    "m4a": ("mp4", "aac"),
    "aac": ("adts", "aac"),
    "opus": ("ogg", "libopus"),
    "webm": ("webm", "libopus"),
    "mka": ("matroska", "aac"),
    "wma": ("asf", "wmav2"),
    "mp4": ("mp4", "aac"),
    "mov": ("mov", "aac"),
}


@pytest.mark.parametrize("ending", AUDIO_ENDINGS)
def test_a_file_with_each_ending_is_read(ending, tmp_path):
    name = ending.removeprefix(".")
    path = tmp_path / f"clip{ending}"
    if name in LIBAV:
        container, codec = LIBAV[name]
        rate = 48_000 if codec == "libopus" else RATE
        path.write_bytes(encode(tone(0.5, rate), rate, container, codec, video=name in ("mp4", "mov")))
    else:
        soundfile.write(path, tone(0.5), RATE, format=SNDFILE.get(name, name.upper()))
    assert np.sqrt(np.mean(load(path).samples ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


def test_endings_are_lower_case_and_stand_once():
    assert list(dict.fromkeys(ending.lower() for ending in AUDIO_ENDINGS)) == list(AUDIO_ENDINGS)
