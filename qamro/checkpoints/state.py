"""What is there of a set of weights: everything, a part, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qamro.checkpoints.digest import sha256_of
from qamro.checkpoints.manifest import WeightFile, Weights, readable_size
from qamro.checkpoints.places import part_of, place_of


class WeightsError(RuntimeError):
    """Weights are missing, damaged, or not to be had; the message says what to do."""


@dataclass(frozen=True)
class FileState:
    """What is there of one file.

    Attributes:
        file: The file as published.
        place: Where it is, or would be.
        present: Bytes on disk, a started download included.
        problem: Empty when the file is as published; else ``"missing"``, ``"partial"`` or ``"damaged"``.
    """

    file: WeightFile
    place: Path
    present: int
    problem: str

    def __str__(self) -> str:
        """One line for messages."""
        size = readable_size(self.file.size)
        if self.problem == "partial":
            return f"{self.file.path} ({readable_size(self.present)} of {size} fetched)"
        return f"{self.file.path} ({size}{', damaged' if self.problem == 'damaged' else ''})"


def look(weights: Weights, *, hashes: bool | None = False) -> list[FileState]:
    """Looks at the files of a set of weights, without the network.

    Args:
        weights: What to look for.
        hashes: False compares sizes only, which takes no time; None also the content, remembered since it was last
            read; True reads every byte again.
    """
    return [_look(file, place_of(weights, file), hashes) for file in weights.files]


def _look(file: WeightFile, place: Path, hashes: bool | None) -> FileState:
    if not place.is_file():
        part = part_of(place)
        present = part.stat().st_size if part.is_file() else 0
        return FileState(file, place, present, "partial" if present else "missing")
    present = place.stat().st_size
    if present != file.size or (hashes is not False and sha256_of(place, fresh=bool(hashes)) != file.sha256):
        return FileState(file, place, present, "damaged")
    return FileState(file, place, present, "")


def is_ready(weights: Weights) -> bool:
    """Whether all files are there in their full sizes; takes no time."""
    return not any(state.problem for state in look(weights))


def require(weights: Weights) -> list[Path]:
    """Returns the files of a set of weights, each of which is as published.

    The content is compared when a file is seen for the first time or has changed since; a few seconds for the largest.

    Raises:
        WeightsError: A file is missing or damaged; the message names it, its size, its place and the command.
    """
    states = look(weights, hashes=None)
    wrong = [state for state in states if state.problem]
    if wrong:
        size = readable_size(sum(state.file.size for state in wrong))
        raise WeightsError(
            f"{weights.title} is not on this machine: {', '.join(map(str, wrong))}, looked for in "
            f"{wrong[0].place.parent}. Fetch it ({size}, {weights.licence}) with `python -m qamro weights fetch "
            f"{weights.name}`, or put the files from {weights.page} there by hand"
        )
    return [state.place for state in states]
