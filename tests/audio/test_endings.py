from __future__ import annotations

import numpy as np
import pytest
import soundfile
from audio_files import RATE, encode, tone

from qamro.audio import AUDIO_ENDINGS, load

SNDFILE = {
    **{".wav": "WAV", ".wave": "WAV", ".bwf": "WAV", ".rf64": "RF64", ".w64": "W64", ".flac": "FLAC", ".aif": "AIFF"},
    **{".aiff": "AIFF", ".aifc": "AIFF", ".au": "AU", ".snd": "AU", ".caf": "CAF", ".voc": "VOC", ".sph": "NIST"},
    **{".mp3": "MP3", ".mpga": "MP3", ".ogg": "OGG", ".oga": "OGG"},
}
LIBAV = {  # container, encoder
    **dict.fromkeys((".m4a", ".m4b", ".m4r", ".mp4", ".m4v"), ("mp4", "aac")),
    **{".mov": ("mov", "aac"), ".3gp": ("3gp", "aac"), ".3g2": ("3g2", "aac")},
    **{
        ".aac": ("adts", "aac"),
        ".opus": ("ogg", "libopus"),
        ".webm": ("webm", "libopus"),
        ".weba": ("webm", "libopus"),
    },
    **{".mka": ("matroska", "aac"), ".mkv": ("matroska", "aac"), ".avi": ("avi", "ac3"), ".flv": ("flv", "aac")},
    **{".wma": ("asf", "wmav2"), ".wmv": ("asf", "wmav2"), ".asf": ("asf", "wmav2"), ".ogv": ("ogg", "libopus")},
    **{".mpg": ("mpeg", "mp2"), ".mpeg": ("mpeg", "mp2"), ".mp2": ("mp2", "mp2")},
    **{".ac3": ("ac3", "ac3"), ".eac3": ("eac3", "eac3"), ".amr": ("amr", "libopencore_amrnb")},
    **{".wv": ("wv", "wavpack"), ".tta": ("tta", "tta")},
}
NO_ENCODER = (".ape", ".dsf", ".shn", ".spx", ".dts", ".gsm", ".mpc", ".ra")
VIDEO = (".mp4", ".m4v", ".mov", ".mkv", ".avi", ".mpg", ".mpeg")


@pytest.mark.parametrize("ending", AUDIO_ENDINGS)
def test_a_file_with_each_ending_is_read(ending, tmp_path):
    path = tmp_path / f"clip{ending}"
    if ending in LIBAV:
        container, codec = LIBAV[ending]
        rate = {"libopus": 48_000, "libopencore_amrnb": 8_000}.get(codec, RATE)
        path.write_bytes(encode(tone(0.5, rate), rate, container, codec, video=ending in VIDEO))
    else:  # what nothing here encodes is only told apart by its name, and content decides
        assert ending in SNDFILE or ending in NO_ENCODER
        soundfile.write(path, tone(0.5), RATE, format=SNDFILE.get(ending, "WAV"))
    assert np.sqrt(np.mean(load(path).samples ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.2)


def test_endings_are_lower_case_and_stand_once():
    assert list(dict.fromkeys(ending.lower() for ending in AUDIO_ENDINGS)) == list(AUDIO_ENDINGS)
