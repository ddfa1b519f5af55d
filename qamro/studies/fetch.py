"""Brings a published study onto this machine: downloaded (resumed, checked), or taken from a local copy."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
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
        clips: So many, taken in turn from each system, of votes in the order of these; 0 for all.
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
        if study.votes is not None:  # clips of one vote stand together: half a pair is worth nothing
            order = dict.fromkeys([*study.votes[["clip_a", "clip_b"]].to_numpy().ravel(), *table["clip"]])
            table = table.set_index("clip", drop=False).loc[list(order)]
        if unknown := [name for name in self.systems if name not in study.systems]:
            raise ValueError(f"{study.name} has no system {unknown[0]!r}; it has {', '.join(study.systems) or 'none'}")
        if self.systems:
            table = table[table["system"].isin(self.systems)]
        if self.clips and study.votes is not None:
            table = table.iloc[: self.clips]
        elif self.clips:
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
    if audio and part.is_all:
        _check_disk(dataset, published)
    shards = [file for file in dataset.files if file.sounds and audio]
    files = [file for file in dataset.files if (audio or not file.audio) and not file.sounds]
    wanted: Part | list[str] | None = None
    if any(file.unpack for file in files) and not (audio and part.is_all):
        wanted = [] if not audio else part
    _download(files, published, on_progress, lambda: _wanted(dataset, published, wanted))
    if dataset.audio_base and audio:
        paths = part.paths(read_published(dataset.name, published))
        _download([RemoteFile(path, dataset.audio_base + path, audio=True) for path in paths], published, on_progress)
    if shards:
        _download_shards(dataset, shards, published, on_progress, part)


def _download_shards(
    dataset: Dataset,
    shards: list[RemoteFile],
    published: Path,
    on_progress: Callable[[Progress], None] | None,
    part: Part,
) -> None:
    """Takes sound out of Parquet files, one after another; none stays, so that nothing lies here twice.

    A list of the clips in a shard stays in its place: it is not fetched again for what it does not hold.
    """
    study = read_published(dataset.name, published)
    paths = set(part.paths(study))
    names = study.clips.loc[study.clips["path"].isin(paths), "clip"]
    lacking = set(names) & set(study.missing_audio())
    for number, shard in enumerate(shards, 1):
        if not lacking:
            return
        file, held = published / shard.path, (published / shard.path).with_suffix(".names")
        if held.is_file() and not lacking & set(held.read_text(encoding="utf-8").splitlines()):
            continue

        def tell(at: Progress, number: int = number) -> None:
            if on_progress is not None:
                on_progress(Progress(at.path, number, len(shards), at.bytes, 0))

        _download([shard], published, tell)
        found = take_sounds(file, published / "audio", shard.sounds, lacking)
        held.write_text("".join(f"{name}\n" for name in found), encoding="utf-8")
        file.unlink()
        lacking -= set(found)


def take_sounds(parquet: Path, folder: Path, named: str, wanted: set[str]) -> list[str]:
    """Writes the sounds in a Parquet's column ``audio`` (``bytes`` and ``path``, as the hub keeps them) to files.

    Args:
        parquet: The file.
        folder: Where to write them, under the clips' names.
        named: The column that names the clip; ``"path"`` for that of the sound.
        wanted: Names of the clips to write.

    Returns:
        The names of all clips in it.

    Raises:
        FetchError: It is no such Parquet, or pyarrow is not installed.
    """
    from qamro.studies.manifest import need_pyarrow

    folder.mkdir(parents=True, exist_ok=True)
    column = "audio.path" if named == "path" else named
    try:
        rows = need_pyarrow().ParquetFile(parquet)
        told = rows.read([column]).flatten().column(0).to_pylist()
        names = [PurePosixPath(str(name)).name for name in told]
        # One row at a time: a recording of some minutes is 50 MB.
        batches = rows.iter_batches(1, columns=["audio"]) if wanted & {*names} else ()
        for name, batch in zip(names, batches):  # noqa: B905
            if name in wanted:
                (sound,) = batch.column("audio").to_pylist()
                ending = PurePosixPath(str(sound["path"])).suffix.lower()
                ending = ending if ending in AUDIO_ENDINGS else ".wav"
                target = folder / (name if name.lower().endswith(ending) else name + ending)
                part = target.with_name(target.name + ".part")
                part.write_bytes(sound["bytes"])
                os.replace(part, target)
    except ImportError as problem:
        raise FetchError(str(problem), says_how=True) from problem
    except (OSError, ValueError, KeyError, TypeError, IndexError) as problem:
        raise FetchError(f"{parquet} is no Parquet with the columns {column} and audio: {problem}") from problem
    return names


def _wanted(dataset: Dataset, published: Path, part: Part | list[str] | None) -> Callable[[str], bool] | None:
    """Whether a sound of an archive is to be unpacked; None for all. The ratings are there already."""
    if part is None:
        return None
    study = read_published(dataset.name, published)
    paths = part.paths(study) if isinstance(part, Part) else part
    # Archives lie at any depth; folder and name tell a file, or one folder more where these are not unique.
    depth = 2 if len({_tail(path, 2) for path in study.clips["path"]}) == len(study.clips) else 3
    tails = {_tail(path, depth) for path in paths}
    return lambda name: _tail(name, depth) in tails


def _tail(path: str, depth: int) -> str:
    """Returns the last parts of a path."""
    return "/".join(Path(path).parts[-depth:])


def _download(
    files: list[RemoteFile],
    published: Path,
    on_progress: Callable[[Progress], None] | None,
    wanted: Callable[[], Callable[[str], bool] | None] = lambda: None,
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


def _check_disk(dataset: Dataset, published: Path) -> None:
    """Refuses a study that will not fit, before hours of download; what is here already is taken off its size.

    Raises:
        FetchError: The disk has less free than the rest of it needs.
    """
    here = sum(path.stat().st_size for path in published.rglob("*") if path.is_file())
    needed = dataset.megabytes * 10**6 - here
    there = next(path for path in (published, *published.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise FetchError(
            f"{needed / 1e9:,.1f} GB are needed, and the disk of {published} has {free / 1e9:,.1f} GB free. Take a "
            "part (--systems, --clips, --no-audio), make space, or set QAMRO_CACHE to a folder on another disk.",
            says_how=True,
        )


def _unpack(archive: Path, done: Path, wanted: Callable[[], Callable[[str], bool] | None]) -> None:
    """Unpacks a zip beside itself: first what is no sound, then the sound that is wanted. Names cannot lead out of it.

    All of it unpacked, the zip goes and ``done`` keeps its checksum; else it stays, so that more can be taken from it.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            sound = [entry for entry in packed.infolist() if Path(entry.filename).suffix.lower() in AUDIO_ENDINGS]
            for entry in packed.infolist():
                if Path(entry.filename).suffix.lower() not in AUDIO_ENDINGS:
                    packed.extract(entry, archive.parent)
            is_wanted = wanted()
            for entry in sound:
                there = archive.parent / entry.filename
                here = there.is_file() and there.stat().st_size == entry.file_size
                if not here and (is_wanted is None or is_wanted(entry.filename)):
                    packed.extract(entry, archive.parent)
    except zipfile.BadZipFile as problem:
        archive.unlink()
        raise FetchError(f"{archive.name} is not a zip archive: {problem}; fetch again") from problem
    if is_wanted is not None:
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
