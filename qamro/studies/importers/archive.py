"""Unpacks a zip that may come from anybody: only tables and sound, only below one folder, only so much."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.validation import StudyError

TABLES = frozenset((".csv", ".tsv", ".txt", ".json", ".jsonl"))
"""Endings of the files that may hold ratings or describe clips."""

_WANTED = TABLES.union(AUDIO_ENDINGS)
_BLOCK = 1 << 20
_OTHER = "neither table nor sound"
_DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, OSError, zlib.error)


@dataclass(frozen=True)
class Limits:
    """What a zip may hold. The defaults take the largest published study and stop what would fill a disk.

    Attributes:
        files: Most files.
        bytes: Most bytes, unpacked; counted while unpacking, whatever the headers claim.
        table_bytes: Most bytes of one table.
        depth: Most folders within each other.
    """

    files: int = 20_000
    bytes: int = 4 * 2**30
    table_bytes: int = 256 * 2**20
    depth: int = 12


@dataclass(frozen=True)
class Unpacked:
    """What came out of a zip.

    Attributes:
        files: Number of files that were unpacked.
        notes: What was left behind, and why.
        refused: Those of the notes that are about tables and sound.
    """

    files: int
    notes: tuple[str, ...]
    refused: tuple[str, ...] = ()


def unpack(
    archive: Path,
    folder: Path,
    limits: Limits | None = None,
    *,
    name: str = "",
    on_bytes: Callable[[int, int], object] | None = None,
) -> Unpacked:
    """Unpacks the tables and the sound of a zip below a folder.

    Links, names that lead out of the folder and names that no file system takes are left behind and counted; so is what
    is neither table nor sound. Hidden files and ``__MACOSX`` are passed over in silence. Zips within are not opened.

    Args:
        archive: The zip.
        folder: Where to unpack it; is made.
        limits: What it may hold.
        name: What to call it in messages; empty for its own name.
        on_bytes: Called with the bytes that are unpacked and those that the zip claims to hold; an exception that it
            raises ends the unpacking and leaves nothing behind.

    Raises:
        StudyError: It is no zip, has a password, is damaged, or holds more than the limits; nothing stays.
    """
    limits, called, tell = limits or Limits(), name or archive.name, on_bytes or (lambda done, of: None)
    done = 0
    try:
        with zipfile.ZipFile(archive) as packed:
            members, left = _chosen(packed.infolist(), limits)
            if len(members) > limits.files:
                raise StudyError(f"{called} holds more than {limits.files:,} files; split it")
            claimed = sum(member.file_size for member, _ in members)
            for member, parts in members:
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                most = min(
                    limits.bytes, done + (limits.table_bytes if target.suffix.lower() in TABLES else limits.bytes)
                )
                with packed.open(member) as source, target.open("xb") as sink:
                    while block := source.read(_BLOCK):
                        done += len(block)
                        if done > most:
                            what = f"{called} unpacks to more than is taken in (at {member.filename!r})"
                            raise StudyError(f"{what}; split it or leave files out")
                        sink.write(block)
                        tell(done, claimed)
    except BaseException as problem:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(problem, _DAMAGED) and not isinstance(problem, InterruptedError):
            raise StudyError(f"{called} cannot be unpacked: {problem}; zip it again, without a password") from problem
        raise
    notes = {why: f"{len(names)} left in the zip ({why}), for example {names[0]!r}" for why, names in left.items()}
    refused = tuple(note for why, note in notes.items() if why != _OTHER)
    return Unpacked(len(members), tuple(notes.values()), refused)


def _chosen(
    members: list[zipfile.ZipInfo], limits: Limits
) -> tuple[list[tuple[zipfile.ZipInfo, tuple[str, ...]]], dict[str, list[str]]]:
    """Which members to unpack, with the parts of their names; and the names of those left behind, by why."""
    chosen, left, seen = [], dict[str, list[str]](), set[str]()
    for member in members:
        parts = parts_of(member.filename)
        if member.is_dir() or any(map(_is_hidden, parts)):
            continue
        if reason := _refused(member, parts, seen, limits):
            left.setdefault(reason, []).append(member.filename)
        else:
            chosen.append((member, parts))
            seen.add("/".join(parts).lower())
    return chosen, left


def parts_of(name: str) -> tuple[str, ...]:
    """Returns the parts of a file's name as another machine gives it; a backslash separates, too."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def _is_hidden(part: str) -> bool:
    return (part.startswith(".") and part != "..") or part == "__MACOSX"


def is_safe(parts: tuple[str, ...], depth: int = Limits.depth) -> bool:
    """Whether parts of a name can be used as they are: printable, of a length that file systems take, not too deep."""
    usable = all(part.isprintable() and len(part.encode(errors="replace")) <= 255 for part in parts)
    return 0 < len(parts) <= depth and usable and ".." not in parts


def _refused(member: zipfile.ZipInfo, parts: tuple[str, ...], seen: set[str], limits: Limits) -> str:
    """Why a member stays in the zip; empty when it does not."""
    if PurePosixPath(parts[-1] if parts else "").suffix.lower() not in _WANTED:
        return _OTHER
    absolute = member.filename.startswith(("/", "\\")) or (parts and parts[0].endswith(":"))
    if absolute or ".." in parts:
        return "the name leads out of the folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a link"
    if not is_safe(parts, limits.depth):
        return "the name cannot be used"
    return "the name stands twice" if "/".join(parts).lower() in seen else ""
