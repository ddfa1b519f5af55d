"""Joins predictions with the clips of a study by name, never by a guess."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qamro.audio import AUDIO_ENDINGS
from qamro.counts import count

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


_LOOKED_AT = 100


class PredictionsError(ValueError):
    """A predictions table cannot be used; the message says where and what to do."""


class NothingMatched(ValueError):  # noqa: N818 - reads as what happened
    """No prediction belongs to a rated clip; the message shows names of both sides."""


@dataclass(frozen=True)
class Match:
    """Which row of the predictions belongs to which clip of the study.

    Attributes:
        rows: Pairs of row numbers (prediction, clip of the study), in the order of the predictions.
        how: How many pairs were found by each kind of name, for example ``{"clip name": 90, "stem": 10}``.
        predictions_left: Names of predictions without a clip.
        clips_left: Names of rated clips without a prediction.
        ambiguous: Names of predictions that could have been several clips (also in ``predictions_left``).
    """

    rows: list[tuple[int, int]]
    how: dict[str, int] = field(default_factory=dict)
    predictions_left: list[str] = field(default_factory=list)
    clips_left: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)


def match(predictions: pd.DataFrame, study: Study, *, rated_only: bool = True) -> Match:
    """Finds the clip of the study that each prediction is of.

    Names are compared in this order, and a row that found its partner is not looked at again: the clip's name, as it
    is and with composed accents; the last three, then two parts of the path; the file name; the file name without the
    extension of an audio file, as it is and without regard to capital letters. A kind of name that fits several rows
    on either side joins none of them.

    Args:
        predictions: A score table: a column ``clip`` or ``path``, or both.
        study: The ratings.
        rated_only: Whether only clips with a rating take part.

    Raises:
        PredictionsError: There is neither column, or a clip stands twice.
    """
    names, paths = _names(predictions)
    clips = study.clips[study.clips["clip"].isin(study.ratings["clip"])] if rated_only else study.clips
    theirs, their_paths = clips["clip"].tolist(), clips["path"].tolist()
    left, right = set(range(len(names))), set(range(len(theirs)))
    found: dict[int, int] = {}
    how: dict[str, int] = {}
    ambiguous: set[int] = set()
    for kind, key in _KINDS:
        if not left or not right:
            break
        index = _index(theirs, their_paths, key)
        own = _index(names, paths, key)
        pairs = {}
        for i in sorted(left):
            partners = {j for name in _keys(names[i], paths[i], key) for j in index.get(name, ())}
            rivals = {k for j in partners for name in _keys(theirs[j], their_paths[j], key) for k in own.get(name, ())}
            if len(partners) == 1 and rivals == {i} and partners <= right:
                pairs[i] = partners.pop()
            elif partners & right:
                ambiguous.add(i)
        if pairs:
            how[kind] = how.get(kind, 0) + len(pairs)
            found |= pairs
            left -= pairs.keys()
            right -= set(pairs.values())
    return Match(
        rows=sorted(found.items()),
        how=how,
        predictions_left=[names[i] for i in sorted(left)],
        clips_left=[theirs[j] for j in sorted(right)],
        ambiguous=[names[i] for i in sorted(ambiguous & left)],
    )


def nothing_matched(study: Study, result: Match) -> NothingMatched:
    """Makes the error that tells how many clips each side has and what they are called."""
    names, rated = result.predictions_left, result.clips_left
    tell = [
        f"no prediction belongs to a rated clip of {study.name!r}: {count(len(names), 'prediction')}, for example "
        f"{_examples(names)}; {count(len(rated), 'rated clip')}, for example {_examples(rated)}."
    ]
    if result.ambiguous:
        tell.append(f"{len(result.ambiguous)} could be several clips, for example {_examples(result.ambiguous)}.")
    if near := _nearest(names, rated):
        tell.append(f"Nearest: {near}.")
    tell.append("Are they of the same data set and split? Clips are joined by clip name, file name, or stem.")
    return NothingMatched(" ".join(tell))


def _nearest(names: Sequence[str], rated: Sequence[str], most: int = 2) -> str:
    """The pairs of names that are least unlike, of the first few hundred; empty when none is alike."""
    pairs = []
    for name in names[:_LOOKED_AT]:
        close = difflib.get_close_matches(_stem(name), [_stem(other) for other in rated[:_LOOKED_AT]], 1, 0.7)
        if close:
            ratio = difflib.SequenceMatcher(None, _stem(name), close[0]).ratio()
            pairs.append((ratio, name, next(other for other in rated if _stem(other) == close[0])))
    return "; ".join(f"{name!r} and {other!r}" for _, name, other in sorted(pairs, reverse=True)[:most])


def _examples(names: Sequence[str]) -> str:
    return ", ".join(repr(str(name)) for name in names[:2]) if len(names) else "none"


def _names(predictions: pd.DataFrame) -> tuple[list[str], list[str]]:
    if "clip" not in predictions.columns and "path" not in predictions.columns:
        have = ", ".join(map(str, predictions.columns)) or "none"
        raise PredictionsError(f"the predictions need a column 'clip' or 'path'; the columns are {have}")
    blank = [""] * len(predictions)
    columns = [
        predictions[name].fillna("").astype(str).str.strip().tolist() if name in predictions.columns else blank
        for name in ("clip", "path")
    ]
    names = [clip or path for clip, path in zip(*columns, strict=True)]
    for row, name in enumerate(names):
        if not name:
            raise PredictionsError(f"predictions row {row + 1} names no clip; fill in the column 'clip'")
    name, times = Counter(names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        first, second = [row + 1 for row, other in enumerate(names) if other == name][:2]
        raise PredictionsError(f"predictions rows {first} and {second} both score clip {name!r}; keep one row a clip")
    return names, columns[1]


def _composed(name: str) -> str:
    """A name with composed letters: macOS takes an é apart, and both are the same name."""
    return unicodedata.normalize("NFC", name)


def _tail(depth: int) -> Callable[[str], str]:
    def key(name: str) -> str:
        parts = PurePosixPath(_composed(name).replace("\\", "/")).parts
        return "/".join(parts[-depth:]) if len(parts) >= depth else ""

    return key


def _stem(name: str) -> str:
    file = PurePosixPath(_composed(name).replace("\\", "/")).name
    stem, dot, extension = file.rpartition(".")
    return stem if dot and stem and f".{extension.lower()}" in AUDIO_ENDINGS else file


_KINDS: tuple[tuple[str, Callable[[str], str] | None], ...] = (
    ("clip name", None),
    ("spelling of accents", _composed),
    ("path", _tail(3)),
    ("path", _tail(2)),
    ("file name", _tail(1)),
    ("stem", _stem),
    ("letters' case", lambda name: _stem(name).casefold()),
)


def _keys(name: str, path: str, key: Callable[[str], str] | None) -> set[str]:
    return {name} if key is None else {key(name), key(path)} - {""}


def _index(names: list[str], paths: list[str], key: Callable[[str], str] | None) -> dict[str, set[int]]:
    index: dict[str, set[int]] = defaultdict(set)
    for i, (name, path) in enumerate(zip(names, paths, strict=True)):
        for text in _keys(name, path, key):
            index[text].add(i)
    return index
