"""Downloads one file: resumes where it stopped, tries again, and checks what arrived."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

_BLOCK = 1 << 18
_TIMEOUT = (10, 60)
_TRIES = 3


class FetchError(RuntimeError):
    """Something could not be fetched; the message names the address and what to do instead."""


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


def _receive(url: str, part: Path, tell: Callable[[int], None]) -> None:
    import requests

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
