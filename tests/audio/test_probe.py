from __future__ import annotations

import math

import pytest
from audio_files import BAD, GOOD, encode, make_bad, make_good, tone

from qamro.audio import AudioError, AudioInfo, Limits, load, probe

EXPECTED = {
    "wav": ("wav", "pcm_16"),
    "wav24": ("wav", "pcm_24"),
    "wav32f": ("wav", "float"),
    "wav64f": ("wav", "double"),
    "wav8": ("wav", "pcm_u8"),
    "rf64": ("rf64", "pcm_16"),
    "aiff": ("aiff", "pcm_16"),
    "flac": ("flac", "pcm_16"),
    "flac24": ("flac", "pcm_24"),
    "ogg": ("ogg", "vorbis"),
    "oggopus": ("ogg", "opus"),
    "mp3": ("mp3", "mp3"),
    "m4a": ("mp4", "aac"),
    "aac": ("aac", "aac"),
    "webm": ("matroska", "opus"),
    "opus": ("ogg", "opus"),
    "mka": ("matroska", "aac"),
    "mp4": ("mp4", "aac"),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", GOOD)
def test_what_a_header_says(kind, channels, tmp_path):
    path = make_good(kind, tmp_path, seconds=1.5, channels=channels)
    info = probe(path)
    assert isinstance(info, AudioInfo)
    assert (info.format, info.codec) == EXPECTED[kind]
    assert info.path == path
    assert info.channels == channels
    assert info.sample_rate == (48_000 if "opus" in kind or kind == "webm" else 44_100)
    assert info.bytes == path.stat().st_size
    if kind == "aac":
        assert math.isnan(info.seconds)
    else:
        assert info.seconds == pytest.approx(1.5, abs=0.05)


def test_a_video_that_outlasts_its_sound_is_whole(tmp_path):
    path = tmp_path / "a.mkv"
    path.write_bytes(encode(tone(0.3), 44_100, "matroska", "aac", video=True))  # half a second of pictures
    assert load(path).seconds == pytest.approx(0.3, abs=0.05)
    assert probe(path).seconds == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "m4a", "webm"])
@pytest.mark.parametrize(
    ("limits", "complaint"),
    [
        (Limits(seconds=0.5), "lasts 1.* s, more than the 0.5 s allowed"),
        (Limits(channels=1), "has 2 channels, more than the 1 allowed"),
        (Limits(sample_rate=(4_000, 32_000)), "outside 4000 to 32000 Hz"),
        (Limits(sample_rate=(96_000, 192_000)), "outside 96000 to 192000 Hz"),
        (Limits(bytes=1_000), r"MB, more than the 0.001 MB allowed"),
    ],
)
def test_limits(kind, limits, complaint, tmp_path):
    path = make_good(kind, tmp_path, channels=2)
    for call in (lambda: probe(path, limits=limits), lambda: load(path, limits=limits)):
        with pytest.raises(AudioError, match=complaint):
            call()
    assert probe(path).channels == 2


def test_an_hour_is_refused_by_its_header(tmp_path):
    path, complaint = make_bad("over_an_hour", tmp_path)
    with pytest.raises(AudioError, match=complaint):
        probe(path)
    assert probe(path, Limits(seconds=4_000)).seconds == 3_660


@pytest.mark.parametrize("kind", BAD)
def test_probe_refuses_or_tells(kind, tmp_path):
    """What only decoding can tell (silence, NaN) passes a probe; nothing else than AudioError comes out."""
    path, _ = make_bad(kind, tmp_path)
    try:
        info = probe(path)
    except AudioError:
        return
    assert info.channels >= 1
