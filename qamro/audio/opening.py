"""Opens a file and finds who can decode it, by its content and never by its name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

import numpy as np

from qamro.audio.claims import check_claims
from qamro.audio.errors import AudioError
from qamro.audio.limits import AudioInfo, Limits, check_header
from qamro.audio.mpeg import is_mpeg
from qamro.audio.sniff import what_it_is


class Reader(Protocol):
    """A file that is open for decoding."""

    info: AudioInfo

    def blocks(self) -> Iterator[np.ndarray]:
        """Yields the decoded sound in order: float32 of shape (frames, channels), of bounded size.

        Raises:
            AudioError: The data is damaged or ends early.
        """
        ...


@contextmanager
def open_reader(path: str | os.PathLike[str], limits: Limits) -> Iterator[Reader]:
    """Opens a sound file, checks what its header claims, and closes it afterwards.

    Args:
        path: The file.
        limits: What is accepted.

    Yields:
        The reader.

    Raises:
        AudioError: The file is missing, unreadable, empty, no sound, cut off, or over a limit.
    """
    with _open_file(path, limits) as file:
        size = os.fstat(file.fileno()).st_size
        with _decoder(Path(path), file, size) as reader:
            check_header(reader.info, limits)
            check_claims(file, reader.info)
            yield reader


def _open_file(path: str | os.PathLike[str], limits: Limits) -> IO[bytes]:
    try:
        # Non-blocking, or a named pipe would hang here. Opened by number, the file object has no name that a
        # decoder could read an extension or a protocol from ("http:…", "-" for standard input). Unbuffered, because
        # libsndfile reads from the same descriptor.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb", buffering=0)
    except IsADirectoryError:
        raise AudioError(path, "is a folder, not a sound file", "name the files inside it") from None
    except FileNotFoundError:
        raise AudioError(path, "there is no such file", "check the path") from None
    except PermissionError as problem:
        raise AudioError(path, "may not be read", "check the file's permissions") from problem
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise AudioError(path, f"cannot be opened ({reason})", "check the path") from problem
    try:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise AudioError(path, "is not a file but a pipe, socket or device", "save the sound to a file first")
        if state.st_size == 0:
            raise AudioError(path, "is empty (0 bytes)", "export or download it again")
        if state.st_size > limits.bytes:
            raise AudioError(
                path,
                f"has {state.st_size / 1e6:.3g} MB, more than the {limits.bytes / 1e6:.3g} MB allowed",
                "shorten it or compress it, for example to FLAC",
            )
    except BaseException:
        file.close()
        raise
    return file


def _decoder(path: Path, file: IO[bytes], size: int) -> AbstractContextManager[Reader]:
    head = file.read(4096)
    file.seek(0)
    reader: AbstractContextManager[Reader] | None = None
    # Opus decodes five times faster in libav; why MPEG audio goes there is told in its module.
    if not is_mpeg(head) and b"OpusHead" not in head[:64]:
        from qamro.audio.libsndfile import open_libsndfile

        reader = open_libsndfile(path, file, size)
    if reader is None:
        from qamro.audio.libav import open_libav

        file.seek(0)
        reader = open_libav(path, file, size)
    if reader is None:
        raise AudioError(
            path, f"is not sound that can be read: {what_it_is(head)}", "choose a sound file, for example WAV or FLAC"
        )
    return reader
