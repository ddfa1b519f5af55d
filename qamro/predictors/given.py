"""Clips as they are given to a predictor: their names, what belongs to each, and their sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qamro.audio import Waveform


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


def decode(path: Path, sample_rate: int | None) -> Waveform | Exception:
    """Returns a file's sound at a rate in Hz (None for its own), or why it cannot be read."""
    from qamro.audio import AudioError, load

    try:
        return load(path, sample_rate=sample_rate)
    except (AudioError, OSError) as problem:
        return problem
