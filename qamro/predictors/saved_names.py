"""Where kept heads lie and what they may be called."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from qamro.paths import cache_path

PREFIX = "saved:"
"""How the name of a predictor begins that is a folder of kept heads."""

LONGEST = 60
"""Characters that a name may have."""

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def saved_folder(owner: str = "") -> Path:
    """Returns the folder of kept heads, whether it is there or not.

    ``QAMRO_HEADS`` moves it; without it, it lies below the cache.

    Args:
        owner: Whose, where several people share a machine (16 to 64 hexadecimal digits); empty for everybody's.

    Raises:
        ValueError: ``owner`` is nobody.
    """
    moved = os.environ.get("QAMRO_HEADS")
    base = Path(moved).expanduser() if moved else cache_path("heads")
    if not owner:
        return base
    if not re.fullmatch(r"[0-9a-f]{16,64}", owner):
        raise ValueError(f"{owner!r} owns no heads")
    return base / f".of-{owner}"


def clean_name(text: str) -> str:
    """Makes a name that every file system takes and that people recognise.

    Blanks, slashes and other signs become hyphens; letters of any script, digits, dots, hyphens and underscores stay.

    Example:
        >>> clean_name("../My heads: v2")
        'My-heads-v2'

    Raises:
        ValueError: Nothing is left, it is too long, or Windows keeps the name for a device.
    """
    kept = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", text))
    name = re.sub(r"([.-])[.-]+", r"\1", kept).strip("-._")
    if not name:
        raise ValueError("a name needs a letter or a digit")
    if len(name) > LONGEST or len(name.encode()) > 3 * LONGEST:
        raise ValueError(f"a name has at most {LONGEST} characters, this one has {len(name)}; shorten it")
    if _DEVICES.fullmatch(name):
        raise ValueError(f"{name!r} is the name of a device on some systems; choose another")
    return name


def key_of(name: str, owner: str = "") -> str:
    """Returns what ``load`` calls kept heads."""
    return f"{PREFIX}{owner}/{name}" if owner else PREFIX + name
