"""Decodes what libsndfile knows: WAV, FLAC, Ogg Vorbis, AIFF, CAF, AU, W64 and others."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from qamro.audio.claims import cut_off
from qamro.audio.limits import AudioInfo

if TYPE_CHECKING:
    import soundfile

_BLOCK = 2**19
"""Values (frames times channels) decoded at once: 2 MiB, more than most clips have."""

_STEP = 1024

_MOST_FRAMES = 2**62
"""libsndfile's answer where a header gives no length (a FLAC stream); it then fails to read on."""


class LibsndfileReader(AbstractContextManager["LibsndfileReader"]):
    """A file that libsndfile decodes."""

    def __init__(self, sound: soundfile.SoundFile, info: AudioInfo) -> None:
        self.info = info
        self._sound = sound

    def __exit__(self, *exc: Any) -> None:
        self._sound.close()

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields float32 of shape (frames, channels)."""
        import soundfile

        size = max(1, _BLOCK // self.info.channels)
        done = 0
        try:
            while (block := self._sound.read(size, dtype="float32", always_2d=True)).size:
                done += len(block)
                yield block
        except soundfile.SoundFileError as problem:
            raise cut_off(self.info, self._decodable(done) / self.info.sample_rate, self.info.seconds) from problem
        if done < self._sound.frames:
            raise cut_off(self.info, done / self.info.sample_rate, self.info.seconds)

    def _decodable(self, done: int) -> int:
        """Counts on from a block that failed, in small steps; only for the error's message."""
        import soundfile

        with contextlib.suppress(soundfile.SoundFileError):
            self._sound.seek(done)
            while size := len(self._sound.read(_STEP, dtype="float32", always_2d=True)):
                done += size
        return done


def open_libsndfile(path: Path, file: IO[bytes], size: int) -> LibsndfileReader | None:
    """Opens a file, or returns None where libsndfile refuses it or could not tell its length.

    Args:
        path: Its name, for messages.
        file: The open file; it is not closed.
        size: Its size in bytes.
    """
    import soundfile

    try:
        # By number: given a Python file, a damaged header that asks to seek before the start prints a traceback.
        sound = soundfile.SoundFile(file.fileno(), closefd=False)
    except (soundfile.SoundFileError, TypeError):
        return None
    # No frames: a WAV from a pipe whose header still says zero, which libav reads to its end. MPEG, also inside WAV:
    # libsndfile guesses the length from the first frame's bit rate.
    streamed = sound.frames == 0 and sound.format in ("WAV", "WAVEX")
    if streamed or sound.frames >= _MOST_FRAMES or sound.subtype.startswith("MPEG"):
        sound.close()
        return None
    rate = int(sound.samplerate)
    seconds = sound.frames / rate if rate else math.nan
    info = AudioInfo(path, sound.format.lower(), sound.subtype.lower(), rate, int(sound.channels), seconds, size)
    return LibsndfileReader(sound, info)
