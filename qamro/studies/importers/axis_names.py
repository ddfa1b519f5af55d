"""What an axis is called: by a file's name, by a header, by what a question says beside the clip."""

from __future__ import annotations

import re

from qamro.axes import AXES
from qamro.studies.importers.names import axis_token, is_quality, known_axis
from qamro.studies.importers.words import concepts_of, words_of


def axis_in(stem: str) -> tuple[str, bool]:
    """The known axis in a file's name, between signs that part words; ``quality``, made up, without one."""
    for word in re.split(r"[^A-Za-z]+", stem):
        if word in AXES or word in ("SIG", "BAK", "OVR", "OVRL"):
            return word, True
    return "quality", False


def axis_of(header: str) -> str:
    """The axis that a header names, as it is written: ``SIG``, ``Answer.naturalness``, ``MI score``; else empty."""
    if known := known_axis(header):
        return known
    parts = re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|[^\W\d_]+", header)
    for part in parts:
        if part in AXES:
            return part
    told = [part for part in parts if is_quality(part)]
    if len(told) > 1 or len(parts) > 1:
        told = [part for part in told if part.lower() not in ("mos", "quality")]
    told = [part for part in told if part.lower() not in ("mos", "quality") or header.strip().lower() != "mos"]
    if len(told) == len(parts):
        return header.strip()
    return " ".join(told) if 0 < len(told) <= 3 else ""


def axis_by(name: str) -> str:
    """What an axis is called that stands in a column of its own: its header, without words for a score."""
    bare = _bare(name)
    return known_axis(name) or axis_token(name) or (axis_of(name) if "rating" in concepts_of(bare) else "") or bare


def _bare(name: str) -> str:
    """A header as an axis: without what every answer has in common."""
    return (
        re.sub(
            r"^(?:(?:answer|response)s?[._ ]+|(?:rating|score)s?[.])|[._ ]+(?:response|rating|score)$",
            "",
            name.strip(),
            flags=re.I,
        )
        or name
    )


def rest_of(text: str, clip: str) -> str:
    """What a question says beside the clip's name."""
    rest = text.replace(clip, " ").replace("[", " ").replace("]", " ")
    return re.sub(r"\s+", " ", rest).strip(" -–:_./?")


def is_mean(name: str) -> bool:
    """Whether a header says that its numbers are means."""
    words = set(words_of(name))
    return bool(
        words
        & {"mean", "avg", "average", "mos", "dmos", "cmos", "mittelwert", "mittel", "moyenne", "promedio", "media"}
    )


def is_measure(name: str) -> bool:
    """Whether a header holds a word for what is measured or counted, and never rated."""
    words = set(words_of(name))
    never = {
        "std",
        "sd",
        "sem",
        "ci",
        "var",
        "id",
        "time",
        "rt",
        "ms",
        "index",
        "order",
        "duration",
        "stdev",
        "se",
        "low",
        "high",
        "rank",
    }
    return bool(words & never)
