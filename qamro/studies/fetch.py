"""Brings a published study onto this machine: downloaded (resumed, checked), or taken from a local copy."""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.audio import AUDIO_ENDINGS
from qamro.studies.importers.published import find, read_published
from qamro.studies.registry import Dataset, RemoteFile
from qamro.studies.study import Study

if TYPE_CHECKING:
    import requests

PUBLISHED = "published"
RECORD = "fetched.json"
_NOT_PUBLISHED = "not the file that was published"


@dataclass(frozen=True)
class Progress:
    """How far a download is.

    Attributes:
        path: The file that is being fetched.
        file: Its number, from 1.
        files: Number of files.
        bytes: Bytes that are here, of all files together.
        of_bytes: Bytes of all files together; 0 when unknown.
    """

    path: str
    file: int
    files: int
    bytes: int
    of_bytes: int


@dataclass(frozen=True)
class Part:
    """Which clips' sound to bring; ratings always come whole.

    Attributes:
        systems: Of these systems only; empty for all.
        clips: So many, taken in turn from each system; 0 for all.
    """

    systems: tuple[str, ...] = ()
    clips: int = 0

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return not self.systems and not self.clips

    def paths(self, study: Study) -> list[str]:
        """Returns the paths of the clips that belong to it, in their order.

        Raises:
            ValueError: The study has no such system.
        """
        table = study.clips
        if unknown := [name for name in self.systems if name not in study.systems]:
            raise ValueError(f"{study.name} has no system {unknown[0]!r}; it has {', '.join(study.systems) or 'none'}")
        if self.systems:
            table = table[table["system"].isin(self.systems)]
        if self.clips:
            turn = table.groupby("system").cumcount()
            table = table.loc[turn.sort_values(kind="stable").index[: self.clips]].sort_index()
        return list(table["path"])


def fetch(
    dataset: Dataset,
    *,
    source: Path | None = None,
    corpora: Mapping[str, Path] | None = None,
    audio: bool = True,
    part: Part = Part(),
    on_progress: Callable[[Progress], None] | None = None,
) -> Study:
    """Fetches a study and saves it in its folder; what is there already is not fetched again.

    Args:
        dataset: Which study.
        source: A local copy instead of a download. Its audio stays where it is.
        corpora: For AES-Natural: from a data set's name to the folder of its recordings.
        audio: Whether to download audio, too.
        part: Which clips' audio.
        on_progress: Called while bytes arrive.

    Returns:
        The study, as saved. Audio may be missing (``Study.missing_audio``); that is no error.

    Raises:
        FetchError: A file cannot be had, or the study cannot be downloaded at all; says how to get it.
        FileNotFoundError: ``source`` does not hold the study's ratings.
        StudyError: A file is not valid.
    """
    published = dataset.folder / PUBLISHED
    if source is None:
        if not dataset.files:
            raise FetchError(
                f"{dataset.name} cannot be downloaded from here. {dataset.obtain} Its page: {dataset.page}",
                says_how=True,
            )
        _download_all(dataset, published, audio, on_progress, part)
        study = read_published(dataset.name, published, corpora=corpora)
    else:
        study = _from_copy(dataset, source, published, corpora, on_progress)
    study.name = dataset.name
    study.about |= {key: getattr(dataset, key) for key in ("page", "revision", "licence", "citation")}
    study.save(dataset.folder)
    _note(dataset, published, source)
    return Study.load(dataset.folder)


def _from_copy(
    dataset: Dataset,
    source: Path,
    published: Path,
    corpora: Mapping[str, Path] | None,
    on_progress: Callable[[Progress], None] | None,
) -> Study:
    if not source.is_dir():
        raise FileNotFoundError(f"there is no folder {source}; --from names a folder")
    if dataset.name != "aes_natural":
        return _compared(dataset, source, read_published(dataset.name, source.resolve(), corpora=corpora))
    # Its recordings and its ratings come from different places, so a folder of recordings alone is a copy, too.
    from qamro.studies.importers.aes_corpora import locate

    try:
        find(source, "AES_natural_*.jsonl")
    except FileNotFoundError as missing:
        try:
            _download_all(dataset, published, True, on_progress)
        except FetchError as problem:
            raise FetchError(
                f"{missing}; nor can its ratings be downloaded for a --from of recordings: {problem}",
                says_how=True,
            ) from problem
        return locate(read_published(dataset.name, published), corpora or {}, base=source)
    return _compared(dataset, source, read_published(dataset.name, source.resolve(), corpora=corpora))


def _compared(dataset: Dataset, source: Path, study: Study) -> Study:
    """Notes which files of ratings in a local copy are not, byte for byte, the published ones."""
    notes = [note for note in study.about.get("notes", ()) if _NOT_PUBLISHED not in note]
    for file in dataset.files:
        name = Path(file.path).name
        try:
            here = find(source, name)
        except FileNotFoundError:  # a saved study, or a part that may be missing
            continue
        if file.sha256 and not file.audio and checksum(here) != file.sha256:
            notes.append(f"{name}: {_NOT_PUBLISHED} (its SHA-256 differs); it was read all the same")
    if notes:
        study.about["notes"] = notes
    return study


def _download_all(
    dataset: Dataset,
    published: Path,
    audio: bool,
    on_progress: Callable[[Progress], None] | None,
    part: Part = Part(),
) -> None:
    files = [file for file in dataset.files if audio or not file.audio]
    wanted = None
    if any(file.unpack for file in files) and not (audio and part.is_all):
        wanted = [] if not audio else part
    _download(files, published, on_progress, lambda: _wanted(dataset, published, wanted))
    if dataset.audio_base and audio:
        paths = part.paths(read_published(dataset.name, published))
        _download([RemoteFile(path, dataset.audio_base + path, audio=True) for path in paths], published, on_progress)


def _wanted(dataset: Dataset, published: Path, part: Part | list[str] | None) -> set[str] | None:
    """File names of the sound to unpack; None for all. The ratings are there already."""
    if part is None:
        return None
    paths = part.paths(read_published(dataset.name, published)) if isinstance(part, Part) else part
    return {Path(path).name for path in paths}


def _download(
    files: list[RemoteFile],
    published: Path,
    on_progress: Callable[[Progress], None] | None,
    wanted: Callable[[], set[str] | None] = lambda: None,
) -> None:
    here = 0
    total = sum(file.bytes for file in files) if all(file.bytes for file in files) else 0
    for number, file in enumerate(files, 1):

        def tell(count: int, file: RemoteFile = file, number: int = number) -> None:
            nonlocal here
            here += count
            if on_progress is not None:
                on_progress(Progress(file.path, number, len(files), here, total))

        target = published / file.path
        unpacked = target.with_name(target.name + ".unpacked")
        if file.unpack and unpacked.is_file():
            continue
        download(file.url, target, size=file.bytes, sha256=file.sha256, on_bytes=tell)
        if file.unpack:
            _unpack(target, unpacked, wanted)


def _unpack(archive: Path, done: Path, wanted: Callable[[], set[str] | None]) -> None:
    """Unpacks a zip beside itself: first what is no sound, then the sound that is wanted. Names cannot lead out of it.

    All of it unpacked, the zip goes and ``done`` keeps its checksum; else it stays, so that more can be taken from it.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            sound = [entry for entry in packed.infolist() if Path(entry.filename).suffix.lower() in AUDIO_ENDINGS]
            for entry in packed.infolist():
                if entry not in sound:
                    packed.extract(entry, archive.parent)
            names = wanted()
            for entry in sound:
                there = archive.parent / entry.filename
                here = there.is_file() and there.stat().st_size == entry.file_size
                if not here and (names is None or Path(entry.filename).name in names):
                    packed.extract(entry, archive.parent)
    except zipfile.BadZipFile as problem:
        archive.unlink()
        raise FetchError(f"{archive.name} is not a zip archive: {problem}; fetch again") from problem
    if names is not None:
        return
    done.write_text(checksum(archive) + "\n", encoding="ascii")
    archive.unlink()


def _note(dataset: Dataset, published: Path, source: Path | None) -> None:
    """Writes down what was fetched, when, and every file's checksum."""
    record: dict[str, Any] = {
        "name": dataset.name,
        "revision": dataset.revision,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if source is None:
        kept = sorted(path for path in published.rglob("*") if path.is_file() and path.suffix != ".part")
        record["files"] = {
            path.relative_to(published).as_posix(): {"bytes": path.stat().st_size, "sha256": checksum(path)}
            for path in kept
        }
    else:
        record["from"] = str(source.resolve())
    (dataset.folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


# Downloads one file: resumes where it stopped, tries again, and checks what arrived.

HUB = "https://huggingface.co"
_BLOCK = 1 << 18
_TIMEOUT = (10, 60)
_TRIES = 3


class FetchError(RuntimeError):
    """Something could not be fetched; the message names the address.

    Attributes:
        says_how: Whether the message says, too, what to do instead.
    """

    def __init__(self, message: str, *, says_how: bool = False) -> None:
        """Says what could not be fetched."""
        super().__init__(message)
        self.says_how = says_how


def checksum(path: Path) -> str:
    """Returns a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(
    url: str,
    target: Path,
    *,
    size: int = 0,
    sha256: str = "",
    on_bytes: Callable[[int], None] | None = None,
    pause: float = 1.0,
) -> None:
    """Downloads a file unless it is there already.

    What has arrived lies in ``TARGET.part`` until it is complete and checked; the next call goes on from there.

    Args:
        url: The address.
        target: Where to put the file.
        size: Its size in bytes; 0 when unknown.
        sha256: Its checksum; empty when unknown.
        on_bytes: Called with the number of bytes that arrived (negative when a broken part is thrown away).
        pause: Seconds to wait before the second try; twice as long before the third.

    Raises:
        FetchError: The address cannot be reached, or what arrived is not the file that was published.
    """
    tell = on_bytes or (lambda count: None)
    if target.is_file() and (not size or target.stat().st_size == size) and (not sha256 or checksum(target) == sha256):
        tell(target.stat().st_size)
        return
    import requests

    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    tell(part.stat().st_size if part.is_file() else 0)
    for attempt in range(1, _TRIES + 1):
        try:
            _receive(url, part, tell)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as problem:
            if attempt == _TRIES:
                kept = part.stat().st_size if part.is_file() else 0
                broken = isinstance(problem, requests.exceptions.ChunkedEncodingError)
                what = f"broke off; {kept} bytes are here, fetch again to go on" if broken else "cannot be reached"
                raise FetchError(f"{url} {what} ({type(problem).__name__})") from problem
            time.sleep(pause * attempt)
        except requests.RequestException as problem:
            raise FetchError(f"{url}: {problem}") from problem
    _verify(url, part, size, sha256, tell)
    os.replace(part, target)


def from_hub(url: str) -> str:
    """Returns an address at the hub that ``HF_ENDPOINT`` names, where one is set; others stay."""
    own = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    return own + url.removeprefix(HUB) if own and url.startswith(f"{HUB}/") else url


def _receive(url: str, part: Path, tell: Callable[[int], None]) -> None:
    import requests

    url = from_hub(url)
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # all of it is here already
        if not answer.ok:
            raise FetchError(f"{url} cannot be had: the server answers {answer.status_code} {answer.reason}")
        resumed = answer.status_code == requests.codes.partial_content and _starts_at(answer, have)
        if have and not resumed:
            tell(-have)
        with part.open("ab" if resumed else "wb") as file:
            for block in answer.iter_content(_BLOCK):
                file.write(block)
                tell(len(block))


def _starts_at(answer: requests.Response, first: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {first}-")


def _verify(url: str, part: Path, size: int, sha256: str, tell: Callable[[int], None]) -> None:
    arrived = part.stat().st_size
    found = checksum(part) if sha256 else ""
    if (size and arrived != size) or found != sha256:
        part.unlink()
        tell(-arrived)
        what = f"its checksum is {found[:12]}…" if found != sha256 else f"it has {arrived} bytes"
        expected = f"{sha256[:12]}…" if found != sha256 else str(size)
        raise FetchError(f"{url} is not the file that was published: {what}, expected {expected}; try again later")
