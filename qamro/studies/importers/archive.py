"""Files that may come from anybody: zips (only tables and sound, only below one folder, only so much) and folders."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.tables import StudyError

TABLES = frozenset((".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".parquet"))
"""Endings of the files that may hold ratings or describe clips."""

_WANTED = TABLES.union(AUDIO_ENDINGS)
_BLOCK = 1 << 20
_OTHER = "neither table nor sound"
_DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, OSError, UnicodeDecodeError, zlib.error)


TOO_MANY = "{what} holds {n:,} tables; at most {most:,} are read: put their rows into one table"


def is_table(name: str) -> bool:
    """Whether a file's name ends as a table's."""
    return PurePosixPath(name.lower()).suffix in TABLES


@dataclass(frozen=True)
class Limits:
    """What a zip may hold. The defaults take the largest published study and stop what would fill a disk.

    Attributes:
        files: Most files.
        tables: Most tables among them.
        bytes: Most bytes, unpacked; counted while unpacking, whatever the headers claim.
        table_bytes: Most bytes of one table.
        depth: Most folders within each other.
    """

    files: int = 20_000
    tables: int = 10_000
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
            if (tables := sum(is_table(parts[-1]) for _, parts in members)) > limits.tables:
                raise StudyError(TOO_MANY.format(what=called, n=tables, most=limits.tables))
            claimed = sum(member.file_size for member, _ in members)
            for member, parts in members:
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                most = min(limits.bytes, done + (limits.table_bytes if is_table(target.name) else limits.bytes))
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
        parts = parts_of(_name_of(member))
        if not parts or member.filename.endswith("/") or any(map(_is_hidden, parts)):
            continue
        if reason := _refused(member, parts, seen, limits):
            left.setdefault(reason, []).append(member.filename)
        else:
            chosen.append((member, parts))
            seen.add("/".join(parts).lower())
    return chosen, left


def _name_of(member: zipfile.ZipInfo) -> str:
    """A member's name; those that are not marked as UTF-8 and yet are (macOS, old tools) are read as UTF-8."""
    if member.flag_bits & 0x800 or member.filename.isascii():
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


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


def is_zip(path: Path) -> bool:
    """Whether a file is a zip, and not an Excel workbook, which begins like one."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return False
    try:
        with zipfile.ZipFile(path) as packed:
            return "xl/workbook.xml" not in packed.NameToInfo
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError):
        return True


def walk(folder: Path) -> Iterator[Path]:
    """Yields the files in a folder and below it; hidden ones and links are passed over."""
    for home, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__MACOSX"]
        for name in files:
            path = Path(home, name)
            if not name.startswith(".") and not path.is_symlink() and path.is_file():
                yield path


def gather(
    files: Sequence[tuple[Path, str]],
    folder: Path,
    limits: Limits | None = None,
    *,
    on_bytes: Callable[[int, int], object] | None = None,
) -> list[str]:
    """Puts files into a folder under the names that their owner gives them; zips are unpacked.

    Args:
        files: Each file with its name, which may come from a stranger and hold folders.
        folder: An empty folder, or one to be made.
        limits: What a zip may hold.
        on_bytes: Told how far each zip is (see ``unpack``); may raise to end the work.

    Returns:
        Notes about what was left out, and why.

    Raises:
        StudyError: A zip cannot be unpacked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    notes: list[str] = []
    for number, (path, name) in enumerate(files, 1):
        parts = parts_of(name)
        if not is_safe(parts):
            parts = (f"file-{number}{path.suffix.lower()}",)
        if is_zip(path):
            home = folder if len(files) == 1 else folder.joinpath(*parts[:-1], f"{number}-{Path(parts[-1]).stem}")
            notes += unpack(path, home, limits, name=parts[-1], on_bytes=on_bytes).notes
            continue
        target = folder.joinpath(*parts)
        if target.exists():
            notes.append(f"{name} was given twice; the first is used")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, target)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, target)
    return notes


@dataclass(frozen=True)
class Opened:
    """A zip that was unpacked.

    Attributes:
        folder: Where its files are.
        notes: What was left behind, and why.
    """

    folder: Path
    notes: tuple[str, ...]


_kept: dict[tuple[Path, int, int], tuple[tempfile.TemporaryDirectory[str], Opened]] = {}


def unpacked(path: Path) -> Opened:
    """Returns where the files of a zip are, unpacked when asked for first, until this process ends.

    Raises:
        StudyError: It cannot be unpacked.
    """
    about = path.stat()
    key = (path.resolve(), about.st_mtime_ns, about.st_size)
    if key not in _kept:
        home = tempfile.TemporaryDirectory(prefix="qamro-zip-", ignore_cleanup_errors=True)
        folder = Path(home.name).resolve() / "content"
        found = unpack(path, folder)
        folder.mkdir(exist_ok=True)
        _kept[key] = home, Opened(folder, found.notes)
    return _kept[key][1]


@contextmanager
def naming(folder: Path | None, name: str) -> Iterator[None]:
    """Has complaints call files in a folder by another name than this machine's, which tells a visitor nothing.

    Args:
        folder: Where the files are; None changes nothing.
        name: What stands for the folder; empty leaves the names within it alone.
    """
    try:
        yield
    except (StudyError, FileNotFoundError) as problem:
        text = str(problem)
        if folder is None or str(folder) not in text:
            raise
        text = text.replace(f"{folder}/", f"{name}/" if name else "").replace(str(folder), name)
        raise (problem.restated(text) if isinstance(problem, StudyError) else FileNotFoundError(text)) from problem
