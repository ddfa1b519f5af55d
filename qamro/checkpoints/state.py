"""Where weights lie on disk, what is there of them, and whether it is what was published."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from qamro.checkpoints.manifest import WeightFile, Weights, readable_size
from qamro.paths import cache_dir


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
    if not is_as_published(place, file, hashes):
        return FileState(file, place, present, "damaged")
    return FileState(file, place, present, "")


def is_as_published(place: Path, file: WeightFile, hashes: bool | None = None) -> bool:
    """Whether a file that is there is the published one.

    Args:
        place: Where it lies.
        file: The file as published.
        hashes: As for ``look``.
    """
    if not file.sha256:
        return hashes is False or git_blob_of(place) == file.git_blob
    if place.stat().st_size != file.size:
        return False
    return hashes is False or sha256_of(place, fresh=bool(hashes)) == file.sha256


def git_blob_of(path: Path) -> str:
    """Returns what git calls a file's content: SHA-1 over ``blob``, its length, a zero and its bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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


# SHA-256 of large files, computed once and remembered for as long as the file does not change.


def sha256_of(path: Path | str, *, fresh: bool = False) -> str:
    """Returns a file's SHA-256.

    A receipt in the cache remembers it together with the file's size and time of last change; a file whose size and
    time are unchanged is not read again.

    Args:
        path: The file.
        fresh: Read the file in any case.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: The file cannot be read.
    """
    path = Path(path).resolve()
    state = path.stat()
    stamp = {"path": str(path), "size": state.st_size, "mtime_ns": state.st_mtime_ns}
    receipt = _receipt(path)
    if (
        not fresh
        and receipt is not None
        and (known := _read(receipt))
        and {key: known.get(key) for key in stamp} == stamp
    ):
        return str(known["sha256"])
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    after = path.stat()
    if receipt is not None and (after.st_size, after.st_mtime_ns) == (state.st_size, state.st_mtime_ns):
        _write(receipt, stamp | {"sha256": digest})
    return digest


def moved(old: Path, new: Path) -> None:
    """Moves a file and takes the memory of its content along, so that it is not read again."""
    digest = sha256_of(old)
    os.replace(old, new)
    new = new.resolve()
    state = new.stat()
    stamp = {"path": str(new), "size": state.st_size, "mtime_ns": state.st_mtime_ns}
    if (receipt := _receipt(new)) is not None:
        _write(receipt, stamp | {"sha256": digest})


def _receipt(path: Path) -> Path | None:
    """Where a receipt lies; None where the cache cannot be written, which costs only speed."""
    try:
        folder = cache_dir("receipts")
    except OSError:
        return None
    return folder / f"{hashlib.sha256(str(path).encode()).hexdigest()[:32]}.json"


def _read(receipt: Path) -> dict[str, object] | None:
    try:
        known = json.loads(receipt.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and "sha256" in known else None


def _write(receipt: Path, content: dict[str, object]) -> None:
    """Writes in one step, so that no other process reads half a receipt; a full disk costs only speed."""
    try:
        handle, part = tempfile.mkstemp(dir=receipt.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream)
        os.replace(part, receipt)
    except OSError:
        return


# Where weights lie on disk.
#
# Without a setting they are kept as the hub's own client keeps them, so that other programs share them, and the hub's
# variables (``HF_HOME``, ``HF_HUB_CACHE``) move them. ``QAMRO_WEIGHTS`` names a plain folder instead, with one
# subfolder for each name: ``$QAMRO_WEIGHTS/clap/music_audioset_epoch_15_esc_90.14.pt``. Files may be put there by
# hand.


def own_root() -> Path | None:
    """Returns the folder that ``QAMRO_WEIGHTS`` names, or None."""
    folder = os.environ.get("QAMRO_WEIGHTS")
    return Path(folder).expanduser() if folder else None


def hub_root() -> Path:
    """Returns the hub client's cache, by the rules of its documentation and without importing it."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or f"{caches}/huggingface").expanduser() / "hub"


def place_of(weights: Weights, file: WeightFile) -> Path:
    """Returns where a file is, or will be once it is fetched.

    A file that the hub's cache already holds is not fetched again into ``QAMRO_WEIGHTS``.
    """
    snapshot = hub_root() / f"models--{weights.repo.replace('/', '--')}" / "snapshots" / weights.revision / file.path
    root = own_root()
    if root is None:
        return snapshot
    own = root / weights.name / file.path
    return snapshot if snapshot.is_file() and not own.is_file() else own


def part_of(place: Path) -> Path:
    """Returns where a file lies while it is being fetched."""
    return place.with_name(place.name + ".part")
