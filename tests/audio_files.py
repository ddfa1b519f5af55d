"""Makes real sound files of every format, and files that are bad in every way, for all tests.

Use it from a test::

    from audio_files import BAD, GOOD, HOSTILE_NAMES, make_bad, make_good, tone, write_wav

    path = make_good("mp3", tmp_path, seconds=2.0)
    path, complaint = make_bad("truncated_wav", tmp_path)   # complaint: a part of the AudioError's message

Everything is encoded by libsndfile and libav (PyAV) in a few milliseconds; nothing is downloaded. PyAV is imported at
once, so that files can be made where a test hides it from the code under test.
"""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

RATE = 44_100


def tone(seconds: float = 1.0, rate: int = RATE, channels: int = 1, hz: float = 440.0, peak: float = 0.5) -> np.ndarray:
    """A sine, float32 of shape (frames, channels); every channel is the same."""
    time = np.arange(round(seconds * rate)) / rate
    return np.repeat((peak * np.sin(2 * np.pi * hz * time)).astype(np.float32)[:, None], channels, axis=1)


def write_wav(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    """Writes samples of shape (frames,) or (frames, channels) as WAV, whatever the name's extension says."""
    soundfile.write(path, samples, rate, format="WAV", subtype=subtype)
    return path


def speech(seconds: float, seed: int = 0, rate: int = 16_000) -> np.ndarray:
    """A voice that says nothing: pulses through vowels' formants, hisses and pauses. Float32 of shape (frames,)."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(seed)
    vowels = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
    pitch, frames = rng.uniform(90, 220), round(seconds * rate)
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < frames:
        size = round(rate * rng.uniform(0.09, 0.22))
        melody = 1 + 0.12 * np.sin(2 * np.pi * rng.uniform(2, 4) * np.arange(size) / rate + rng.uniform(0, 6))
        phase = np.cumsum(pitch * (1 + 0.09 * rng.normal()) * melody * np.linspace(1.05, 0.92, size)) / rate
        sound = lfilter([1], [1, -1.6, 0.64], np.diff(np.floor(phase), prepend=0)) + 0.01 * rng.normal(size=size)
        for formant, width in zip(vowels[rng.integers(5)], (80, 100, 140), strict=True):
            radius = np.exp(-np.pi * width / rate)
            cosine = 2 * radius * np.cos(2 * np.pi * formant / rate)
            sound = lfilter([1 - cosine + radius**2], [1, -cosine, radius**2], sound)
        sound = np.diff(sound, prepend=0)
        parts.append(sound / np.abs(sound).max() * np.sqrt(np.sin(np.pi * np.linspace(0, 1, size))))
        size = round(rate * rng.uniform(0.03, 0.09))
        parts.append(0.08 * np.diff(rng.normal(size=size), prepend=0) * np.hanning(size))
        if rng.random() < 0.15:
            parts.append(0.001 * rng.normal(size=round(0.12 * rate)))
    wave = np.concatenate(parts)[:frames]
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


def song(seconds: float, seed: int = 0, rate: int = 32_000) -> np.ndarray:
    """Plucked notes of a scale over chords. Float32 of shape (frames,)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    wave = np.zeros(len(time))
    scale = 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    for i, start in enumerate(np.arange(0, seconds, 0.25)):
        since = time - start
        sounding = (since >= 0) & (since < 2)
        notes = 110 * np.array([1, 1.25, 1.5]) if i % 8 == 0 else 220 * scale[rng.integers(8, size=1)]
        for hz in notes:
            for overtone in range(1, 6):
                tone = np.sin(2 * np.pi * hz * overtone * since[sounding]) * np.exp(-4 * since[sounding])
                wave[sounding] += tone / overtone
    return (0.4 * wave / np.abs(wave).max()).astype(np.float32)


# ---------------------------------------------------------------------------------------------------- good files

_SNDFILE = {
    "wav": ("wav", "WAV", "PCM_16"),
    "wav24": ("wav", "WAV", "PCM_24"),
    "wav32f": ("wav", "WAV", "FLOAT"),
    "wav64f": ("wav", "WAV", "DOUBLE"),
    "wav8": ("wav", "WAV", "PCM_U8"),
    "rf64": ("wav", "RF64", "PCM_16"),
    "aiff": ("aiff", "AIFF", "PCM_16"),
    "flac": ("flac", "FLAC", "PCM_16"),
    "flac24": ("flac", "FLAC", "PCM_24"),
    "ogg": ("ogg", "OGG", "VORBIS"),
    "oggopus": ("opus", "OGG", "OPUS"),
    "mp3": ("mp3", "MP3", "MPEG_LAYER_III"),
}
_LIBAV = {  # extension, container, encoder
    "m4a": ("m4a", "mp4", "aac"),
    "aac": ("aac", "adts", "aac"),
    "webm": ("webm", "webm", "libopus"),
    "opus": ("opus", "ogg", "libopus"),
    "mka": ("mka", "matroska", "aac"),
    "mp4": ("mp4", "mp4", "aac"),
}

CORE: tuple[str, ...] = (*_SNDFILE, "opus")
"""Kinds that are read without PyAV."""

GOOD: tuple[str, ...] = (*_SNDFILE, *_LIBAV)
"""Kinds of good file; ``"mp4"`` is a video with sound, ``"oggopus"`` is written by libsndfile, ``"opus"`` by libav."""


def make_good(
    kind: str,
    folder: Path,
    *,
    seconds: float = 1.0,
    channels: int = 1,
    samples: np.ndarray | None = None,
    rate: int | None = None,
    name: str | None = None,
) -> Path:
    """Writes a good file and returns where it is.

    Args:
        kind: One of ``GOOD``.
        folder: Where to write it.
        seconds: Length of the tone, if no samples are given.
        channels: Its channels.
        samples: Shape (frames, channels), instead of the tone.
        rate: Its sample rate; 44100 without one, 48000 where it must be (Opus).
        name: The file's name; ``kind`` and the usual extension without one.
    """
    rate = rate or (48_000 if "opus" in kind or kind == "webm" else RATE)
    samples = tone(seconds, rate, channels) if samples is None else samples
    extension, container, codec = (_SNDFILE | _LIBAV)[kind]
    path = folder / (name or f"{kind}.{extension}")
    if kind in _SNDFILE:
        soundfile.write(path, samples, rate, format=container, subtype=codec)
    else:
        path.write_bytes(encode(samples, rate, container, codec, video=kind == "mp4"))
    return path


def encode(
    samples: np.ndarray | None,
    rate: int,
    container: str,
    codec: str,
    *,
    video: bool = False,
    seekable: bool = True,
    tracks: int = 1,
) -> bytes:
    """Encodes by libav.

    Args:
        samples: Shape (frames, channels); None for a video without sound.
        rate: Its sample rate.
        container: A muxer, for example ``"mp4"``.
        codec: An encoder, for example ``"aac"``.
        video: Put half a second of black pictures in front.
        seekable: False writes as into a pipe: lengths in headers are never filled in.
        tracks: How many audio streams; the second holds the samples backwards and so on.
    """
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "out"  # a real file: libav reopens it by name to move the index of an MP4 to its front
        options = {"movflags": "faststart"} if container == "mp4" else {}
        with av.open(str(file) if seekable else _Pipe(buffer), "w", format=container, options=options) as out:
            _fill(out, samples, rate, codec, video, tracks)
        return file.read_bytes() if seekable else buffer.getvalue()


def _fill(out, samples: np.ndarray | None, rate: int, codec: str, video: bool, tracks: int) -> None:
    pictures = out.add_stream("mpeg4", rate=10) if video else None
    if pictures is not None:
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
    sounds = []
    for _ in range(tracks if samples is not None else 0):
        sound = out.add_stream(codec, rate=rate)
        sound.layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[samples.shape[1]]
        if codec.startswith("wma"):
            sound.bit_rate = 128_000  # the only encoder without a rate of its own
        sounds.append(sound)
    if pictures is not None:
        for _ in range(5):
            out.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        out.mux(pictures.encode(None))
    for i, sound in enumerate(sounds):
        _encode_track(out, sound, samples[::-1] if i % 2 else samples, rate)


def _encode_track(out, sound, samples: np.ndarray, rate: int) -> None:
    fit = av.AudioResampler(format=sound.format, layout=sound.layout, rate=rate, frame_size=sound.frame_size or 1024)
    interleaved = np.ascontiguousarray(samples, dtype=np.float32).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=sound.layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    for part in fit.resample(frame) + fit.resample(None):
        out.mux(sound.encode(part))
    out.mux(sound.encode(None))


class _Pipe:
    """A target that cannot seek, like standard output."""

    def __init__(self, buffer: io.BytesIO) -> None:
        self._buffer = buffer

    def write(self, data: bytes) -> int:
        return self._buffer.write(data)


# ----------------------------------------------------------------------------------------------------- bad files


def wav_bytes(samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> bytes:
    """A plain WAV (RIFF, fmt, data and nothing else) in memory."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype=subtype)
    return buffer.getvalue()


def with_data_size(wav: bytes, size: int, riff: int | None = None) -> bytes:
    """A WAV whose header claims another size of its data (and, if given, of the whole)."""
    at = wav.index(b"data") + 4
    wav = wav[:at] + struct.pack("<I", size) + wav[at + 4 :]
    return wav if riff is None else wav[:4] + struct.pack("<I", riff) + wav[8:]


def mp3_without_length(samples: np.ndarray, rate: int = RATE, mode: str = "VARIABLE") -> bytes:
    """An MP3 without the Xing header that tells its length."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode=mode)
    data = buffer.getvalue()
    at = data.index(data[:2], 4)  # the second frame
    return data[at:]


def _cut(kind: str, share: float = 0.6) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        whole = make_good(kind, path.parent, seconds=2.0, channels=2, name=f"whole-{path.name}")
        data = whole.read_bytes()
        whole.unlink()
        path.write_bytes(data[: int(len(data) * share)])

    return write


def _samples(samples: np.ndarray, subtype: str = "PCM_16", rate: int = RATE) -> Callable[[Path], None]:
    return lambda path: write_wav(path, samples, rate, subtype) and None


def _bytes(make: Callable[[], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(make()) and None


def _with(samples: np.ndarray, value: float) -> np.ndarray:
    samples = samples.copy()
    samples[len(samples) // 2] = value
    return samples


def _opposite() -> np.ndarray:
    return tone(1.0, channels=2) * np.array([1, -1], dtype=np.float32)


def _hour(path: Path) -> None:
    with soundfile.SoundFile(path, "w", 4_000, 1, format="FLAC", subtype="PCM_16") as out:
        for _ in range(3_660 // 60):
            out.write(np.zeros(4_000 * 60, dtype=np.int16))


_BAD: dict[str, tuple[str, str, Callable[[Path], None]]] = {  # name of the file, complaint, writer
    "empty": ("empty.wav", "is empty", _bytes(lambda: b"")),
    "text": ("text.wav", "holds text", _bytes(lambda: b"This is not a sound.\n" * 40)),
    "web_page": ("page.mp3", "web page", _bytes(lambda: b"<!DOCTYPE html><html><body>404</body></html>")),
    "picture": ("picture.flac", "PNG picture", _bytes(lambda: b"\x89PNG\r\n\x1a\n" + bytes(200))),
    "noise_bytes": (
        "noise.ogg",
        "no known audio format",
        _bytes(lambda: b"\x01\x02" + np.random.default_rng(7).bytes(20_000)),
    ),
    "playlist": (
        "playlist.wav",
        "holds text",
        _bytes(lambda: b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n"),
    ),
    "silence": ("silence.wav", "only silence", _samples(np.zeros((RATE, 1), np.float32))),
    "constant": ("constant.wav", "only silence", _samples(np.full((RATE, 1), 0.5, np.float32), "FLOAT")),
    "opposite_channels": ("opposite.wav", "cancel each other", _samples(_opposite())),
    "no_samples": ("nothing.wav", "holds no samples", _samples(np.zeros((0, 1), np.float32))),
    "one_sample": ("one.wav", "holds only 1 sample ", _samples(np.full((1, 1), 0.5, np.float32))),
    "too_short": ("short.wav", "less than the 0.1 s", _samples(tone(0.09))),
    "nan": ("nan.wav", "NaN or infinite", _samples(_with(tone(), np.nan), "FLOAT")),
    "inf": ("inf.wav", "NaN or infinite", _samples(_with(tone(), np.inf), "FLOAT")),
    "huge_values": ("huge.wav", "where full scale is 1", _samples(tone() * 32768, "FLOAT")),
    "truncated_wav": ("truncated.wav", "cut off", _cut("wav")),
    "truncated_aiff": ("truncated.aiff", "cut off", _cut("aiff")),
    "truncated_flac": ("truncated.flac", "cut off", _cut("flac")),
    "truncated_ogg": ("truncated.ogg", "cut off", _cut("ogg")),
    "truncated_mp3": ("truncated.mp3", "cut off", _cut("mp3")),
    "truncated_m4a": ("truncated.m4a", "cut off", _cut("m4a")),
    "truncated_aac": ("truncated.aac", "cut off", _cut("aac")),
    "truncated_webm": ("truncated.webm", "cut off", _cut("webm")),
    "truncated_opus": ("truncated.opus", "cut off", _cut("opus")),
    "header_too_long": (
        "too_long_claim.wav",
        "cut off",
        _bytes(lambda: with_data_size(wav_bytes(tone()), 10 * RATE * 2)),
    ),
    "header_too_short": (
        "too_short_claim.wav",
        "does not mention",
        _bytes(lambda: with_data_size(wav_bytes(tone(2.0)), RATE)),
    ),
    "video_without_sound": (
        "silent_film.mp4",
        "video without sound",
        _bytes(lambda: encode(None, RATE, "mp4", "aac", video=True)),
    ),
    "nine_channels": ("nine.wav", "has 9 channels", _samples(tone(0.5, channels=9))),
    "low_rate": ("low_rate.wav", "sample rate of 1000 Hz", _samples(tone(1.0, 1_000, hz=50), rate=1_000)),
    "over_an_hour": ("hour.flac", "more than the 3600 s", _hour),
}

BAD: tuple[str, ...] = tuple(_BAD)
"""Kinds of bad file; ``load`` raises ``AudioError`` for each."""


def make_bad(kind: str, folder: Path) -> tuple[Path, str]:
    """Writes a bad file.

    Args:
        kind: One of ``BAD``.
        folder: Where to write it.

    Returns:
        The file, and what the error's message must contain.
    """
    name, complaint, write = _BAD[kind]
    write(folder / name)
    return folder / name, complaint


HOSTILE_NAMES: tuple[str, ...] = (
    "Klänge 音楽 🎵.wav",
    "two\nlines.wav",
    "tab\tand\rreturn.wav",
    "quote\"and'apostrophe.wav",
    "-rf.wav",
    "--help.wav",
    "<img src=x onerror=alert(1)>.wav",
    "a,b;c.wav",
    "=1+1.wav",
    "$(touch pwned) `x`.wav",
    "%s%n{0}.wav",
    "\u202egpj.wav",
    "\x1b[31mred.wav",
    " leading and trailing .wav",
    "..wav",
    "n" * 240 + ".wav",
    "no_extension",
    "wrong_extension.mp3",
)
"""Legal names of files that break careless code."""
