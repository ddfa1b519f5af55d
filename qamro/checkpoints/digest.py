"""SHA-256 of large files, computed once and remembered for as long as the file does not change."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

from qamro.paths import cache_dir


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
    if not fresh and (known := _read(receipt)) and {key: known.get(key) for key in stamp} == stamp:
        return str(known["sha256"])
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) == (state.st_size, state.st_mtime_ns):
        _write(receipt, stamp | {"sha256": digest})
    return digest


def moved(old: Path, new: Path) -> None:
    """Moves a file and takes the memory of its content along, so that it is not read again."""
    digest = sha256_of(old)
    os.replace(old, new)
    new = new.resolve()
    state = new.stat()
    stamp = {"path": str(new), "size": state.st_size, "mtime_ns": state.st_mtime_ns}
    _write(_receipt(new), stamp | {"sha256": digest})


def _receipt(path: Path) -> Path:
    return cache_dir("receipts") / f"{hashlib.sha256(str(path).encode()).hexdigest()[:32]}.json"


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
