"""Fetches weights from the hub: resumed after a break, cancelled on request, checked before use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qamro.checkpoints.manifest import WeightFile, Weights, readable_size
from qamro.checkpoints.state import FileState, WeightsError, is_as_published, look, moved, part_of, place_of

OnProgress = Callable[[int, int], bool | None]
"""Called with bytes done and bytes in all; returning True stops."""

_TIMEOUT = 10.0


class FetchCancelledError(WeightsError):
    """The fetch was stopped on request; what was fetched stays, and the next fetch goes on from there."""


class HubUnreachableError(WeightsError):
    """The hub did not answer; what was fetched stays, and the next fetch goes on from there."""


def fetch(weights: Weights, *, on_progress: OnProgress | None = None, fresh: bool = False) -> list[Path]:
    """Fetches what is missing or damaged of a set of weights and checks every byte of it.

    Args:
        weights: What to fetch.
        on_progress: Called with bytes done and bytes in all, over all files; returning True stops.
        fresh: Read what is there again, instead of trusting receipts.

    Returns:
        The files, in the manifest's order.

    Raises:
        FetchCancelledError: ``on_progress`` returned True.
        HubUnreachableError: The hub cannot be reached.
        WeightsError: The hub has another file than was published, or the disk is full.
    """
    states = look(weights, hashes=True if fresh else None)
    done = 0
    for state in states:
        if state.problem:
            _locked(weights, state, done, on_progress)
        done += state.file.size
        if on_progress is not None and on_progress(done, weights.size) and done < weights.size:
            raise FetchCancelledError(f"stopped before {weights.title} was complete")
    return [place_of(weights, file) for file in weights.files]


def _locked(weights: Weights, state: FileState, before: int, on_progress: OnProgress | None) -> None:
    """Fetches one file while no other process does."""
    import filelock

    state.place.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(state.place.with_name(state.place.name + ".lock")):
        place, file = state.place, state.file
        if place.is_file() and is_as_published(place, file):
            return  # another process fetched it in the meantime
        place.unlink(missing_ok=True)
        part = part_of(place)
        _check_disk(place.parent, file.size - (part.stat().st_size if part.is_file() else 0))
        for again in (True, False):
            _download(weights, file, part, before, on_progress)
            if is_as_published(part, file, hashes=True):
                break
            part.unlink()
            if not again:
                raise WeightsError(
                    f"{weights.repo}/{file.path} came twice with other content than was published ("
                    f"{(file.sha256 or file.git_blob)[:12]}…); nothing was kept. Something between here and the hub "
                    f"changes files, or HF_ENDPOINT names a mirror that differs: fetch it by hand from {weights.page}"
                )
        moved(part, place)


def _download_url(weights: Weights, file: WeightFile, part: Path, before: int, on_progress: OnProgress | None) -> None:
    """Fetches a file of a few megabytes that is not on the hub, from its beginning."""
    import requests

    try:
        with requests.get(file.url, stream=True, timeout=_TIMEOUT) as answer, part.open("wb") as stream:
            if not answer.ok:
                raise WeightsError(f"{file.url} cannot be had: the server answers {answer.status_code} {answer.reason}")
            for block in answer.iter_content(1 << 18):
                stream.write(block)
                if on_progress is not None and on_progress(min(before + stream.tell(), weights.size), weights.size):
                    raise FetchCancelledError(f"stopped after {readable_size(stream.tell())}")
    except requests.RequestException as problem:
        raise HubUnreachableError(
            f"{weights.title} cannot be fetched now ({type(problem).__name__}). When the network is back, run "
            f"`python -m qamro weights fetch {weights.name}`"
        ) from problem


def _download(weights: Weights, file: WeightFile, part: Path, before: int, on_progress: OnProgress | None) -> None:
    """Brings the part to its full size, going on where it ends."""
    if file.url:
        return _download_url(weights, file, part, before, on_progress)
    import huggingface_hub as hub
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
    from huggingface_hub.file_download import get_hf_file_metadata, http_get

    if part.is_file() and part.stat().st_size > file.size:
        part.unlink()
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    url = hub.hf_hub_url(weights.repo, file.path, revision=weights.revision, endpoint=endpoint)
    try:
        with part.open("ab") as stream:
            have = stream.tell()
            if have < file.size:
                # No token is sent: the repositories are public, and mirrors need not know who asks.
                found = get_hf_file_metadata(url, token=False, timeout=_TIMEOUT, endpoint=endpoint)
                if found.size is not None and found.size != file.size:
                    raise WeightsError(f"{url} has {found.size:,} bytes, but {file.size:,} were published")
                bar = _reporter(before + have, weights.size, on_progress)
                plain = {"Accept-Encoding": "identity"}  # a compressed answer could not be resumed
                http_get(
                    found.location, stream, resume_size=have, headers=plain, expected_size=file.size, tqdm_class=bar
                )
    except WeightsError:
        raise
    except (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError) as problem:
        raise WeightsError(f"the hub has no {weights.repo}/{file.path} at revision {weights.revision}") from problem
    except Exception as problem:  # whatever a network can do, the remedy is the same
        if isinstance(problem, OSError) and problem.errno is not None and not _is_network(problem):
            raise
        fetched = readable_size(part.stat().st_size) if part.is_file() else "nothing"
        raise HubUnreachableError(
            f"{weights.title} cannot be fetched now ({type(problem).__name__}: {_first_line(problem)}). Missing: "
            f"{file.path}, {readable_size(file.size)}, of which {fetched} is here. When the network is back, run "
            f"`python -m qamro weights fetch {weights.name}`; it goes on where it stopped"
        ) from problem


def _is_network(problem: OSError) -> bool:
    return isinstance(problem, ConnectionError | TimeoutError)


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or ["no details"])[0]


def _reporter(start: int, total: int, on_progress: OnProgress | None) -> type:
    """Makes what the hub's client takes for a progress bar."""

    class Reporter:
        def __init__(self, *_: Any, **__: Any) -> None:
            self.done = start

        def update(self, n: float | None = 1) -> None:
            self.done += int(n or 0)
            if on_progress is not None and on_progress(min(self.done, total), total):
                raise FetchCancelledError(f"stopped after {readable_size(self.done)} of {readable_size(total)}")

        def __enter__(self) -> Reporter:
            return self

        def __exit__(self, *_: Any) -> None:
            return None

        def close(self) -> None:
            return None

        def refresh(self) -> None:
            return None

        def set_description(self, *_: Any, **__: Any) -> None:
            return None

    return Reporter


def _check_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise WeightsError(
            f"{folder} has {readable_size(free)} free, {readable_size(needed)} are needed; "
            "make space, or set QAMRO_WEIGHTS to a folder on another disk"
        )
