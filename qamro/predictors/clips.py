"""Clips as they are given to a predictor: their names, what belongs to each, and their sound."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from qamro.audio import Waveform

_SLACK = 0.1  # seconds by which a manifest may exceed a file


@dataclass(frozen=True)
class Item:
    """A clip to score.

    Attributes:
        clip: Its name.
        path: Where it lies, as the score table says it.
        prompt: What it was generated from; empty when unknown.
        system: What generated it; empty when unknown.
        opened: Returns a context that yields the sound file on this machine; None where ``path`` is that file.
        start: Where in the file the clip begins, seconds.
        seconds: How long it lasts; 0 to the file's end.
    """

    clip: str
    path: str
    prompt: str = ""
    system: str = ""
    opened: Callable[[], AbstractContextManager[Path]] | None = None
    start: float = 0.0
    seconds: float = 0.0

    @property
    def file(self) -> Path | None:
        """The file whose whole sound this clip is, where it lies on this machine."""
        return Path(self.path) if self.opened is None and not self.start and not self.seconds else None

    def decode(self, sample_rate: int | None) -> Waveform:
        """Returns its sound at a rate in Hz (None for the file's own).

        Raises:
            AudioError: It cannot be read.
            OSError: Likewise.
        """
        from qamro.audio import AudioError, Waveform
        from qamro.audio.guarded import load

        if self.opened is None:
            wave = load(self.path, sample_rate)
        else:
            try:
                with self.opened() as file:
                    wave = load(file, sample_rate)
            except AudioError as problem:  # names a copy
                inside, two, archive = self.path.partition("://")[2].partition("::")
                shown = f"{archive}::{inside}" if two else self.path
                raise AudioError(shown, problem.problem, problem.remedy) from problem
        if not self.start and not self.seconds:
            return wave
        first = round(self.start * wave.sample_rate)
        last = first + round(self.seconds * wave.sample_rate) if self.seconds else wave.samples.size
        if not 0 <= first < wave.samples.size or last > wave.samples.size + _SLACK * wave.sample_rate:
            stretch = f"{self.start:g} to {last / wave.sample_rate:g} s"
            raise AudioError(
                self.path, f"has no sound from {stretch}; it lasts {wave.seconds:g} s", "check the manifest"
            )
        return Waveform(wave.samples[first:last], wave.sample_rate)


@dataclass(frozen=True, eq=False)
class Sound:
    """A clip on its way to its score.

    Attributes:
        seconds: Its length at the rate at which it is scored.
        wave: Its sound; None where its embedding is known.
        audio: Its embedding, (audio_dim,) float32, where that is known or was made while decoding.
        key: Fingerprint of its file, where that was taken.
        content: Fingerprint of its sound, where that was taken.
        speech: Whether somebody speaks in it, where that was asked.
    """

    seconds: float = math.nan
    wave: Waveform | None = None
    audio: torch.Tensor | None = None
    key: str = ""
    content: str = ""
    speech: bool | None = None


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Takes clips in batches of a size, as they are needed."""
    rest = iter(items)
    while batch := list(itertools.islice(rest, size)):
        yield batch


def clip_names(paths: Sequence[Path]) -> list[str]:
    """Names clips by their file names, and by as many parent folders as it takes to tell them apart."""
    names = [path.name for path in paths]
    different = len(set(map(str, paths)))
    for depth in range(2, 1 + max((len(path.parts) for path in paths), default=0)):
        counts = Counter(names)
        if len(counts) == different:
            break
        longer = ("/".join(path.parts[-depth:]) for path in paths)
        names = [long if counts[name] > 1 else name for long, name in zip(longer, names, strict=True)]
    return names


def aligned(values: Sequence[str | None] | None, n: int, what: str) -> list[str]:
    """Returns one text for each clip, empty where there is none.

    Args:
        values: n texts, or None for none at all.
        n: Number of clips.
        what: What they are, for the error.

    Raises:
        ValueError: There are not n.
    """
    if values is None:
        return [""] * n
    if len(values) != n:
        raise ValueError(f"{n} clips but {len(values)} {what}; give one for each clip, or none at all")
    return ["" if value is None else str(value).strip() for value in values]
