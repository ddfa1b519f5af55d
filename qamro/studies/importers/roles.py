"""Guesses what the columns of a table mean, from their names first and from their cells where names do not tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import AXES
from qamro.studies.tables import BLANKS

if TYPE_CHECKING:
    import pandas as pd

_NAMES: dict[str, str] = {
    "clip": "clip clipid clipname file filename fileid wav wavname audio audioname audiofile sample sampleid "
    "samplename stimulus stimuli stimulusid item itemid utterance utteranceid utt uttid track trackid song songid "
    "recording",
    "path": "path filepath audiopath wavpath datapath fullpath url",
    "system": "system systemid systemname model modelname method condition codec algorithm generator vocoder",
    "prompt": "prompt prompttext text caption description textprompt instruction",
    "source": "source sourceid content contentid sentence sentenceid promptid trial trialid reference",
    "rater": "rater raterid listener listenerid participant participantid subject subjectid user userid username "
    "worker workerid annotator annotatorid evaluator judge assessor expert expertid sessionuuid session sessionid",
    "axis": "axis dimension attribute metric criterion criteria aspect question category scale",
    "mean_of": "meanof nratings numratings nvotes numvotes votes ratingcount",
    "rating": "score rating ratingscore value opinion grade vote mark mos meanopinionscore",
    "about_clip": "group genre language gender_of_speaker instrument split set corpus dataset",
    "ignore": "name firstname lastname email mail age gender sex phone ip ipaddress address nationality country",
}
_ROLE_OF = {name: role for role, names in _NAMES.items() for name in names.split()}

_FULL_NAMES = {axis.name.replace(" ", "").lower(): key for key, axis in AXES.items()}

_NOT_RATINGS = re.compile(
    r"(?:^|_)(?:id|index|idx|no|number|order|position|pos|rank|seed|time|timestamp|date|duration|seconds|secs?|ms|length|"
    r"year|sr|samplerate|hz|bpm|size|bytes|age|std|stdev|sem|ci|var|low|high|row|unnamed_?\d*)$"
)
_RATER = re.compile(
    r"^(?:r|l|p|s|u|rater|listener|participant|subject|user|expert|judge|annotator|worker|evaluator)?[ _.-]?\d+$"
)
_SOUND = re.compile(r"\.(?:wav|flac|mp3|ogg|opus|m4a|aac|aiff?)$", re.IGNORECASE)
_SEPARATORS = ("_", "-", ".", ":", "/", " ")


def role_by_name(name: str) -> str:
    """Returns what a column's name says that it means; empty when nothing."""
    return _ROLE_OF.get(_squeezed(name), "")


def known_axis(name: str) -> str:
    """Returns the known axis that a header names, by key or in full; empty when none."""
    if name.upper() in AXES:
        return name.upper()
    return _FULL_NAMES.get(_squeezed(name), "")


def is_rater(name: str) -> bool:
    """Whether a header looks like the name of a rater: ``r1``, ``listener_07``, ``3``."""
    return bool(_RATER.match(name.strip().lower()))


def is_data(cells: list[str]) -> bool:
    """Whether a first line is no header: a sound file and a number, or a number with decimals, and no known name."""
    if any(role_by_name(cell) or known_axis(cell) for cell in cells):
        return False
    numbers = [cell for cell in cells if re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", cell)]
    return bool(numbers) and (is_sound(cells[0]) or any("." in number or "," in number for number in numbers))


def is_sound(name: str) -> bool:
    """Whether a header looks like the name of a sound file."""
    return bool(_SOUND.search(name.strip()))


def may_be_ratings(name: str, cells: pd.Series, decimal: str) -> bool:
    """Whether a column may hold ratings: numbers, or nothing, in every cell, under a name that says nothing else.

    Args:
        name: The column's header.
        cells: Its cells as text.
        decimal: What stands before the decimals.
    """
    import pandas as pd

    plain = re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
    if _NOT_RATINGS.search(plain) and not is_rater(name):
        return False
    text = cells.astype(str).str.strip()
    text = text[~text.str.lower().isin(BLANKS)]
    if text.empty:
        return is_rater(name) or bool(known_axis(name))
    values = pd.to_numeric(text.str.replace(decimal, ".", regex=False) if decimal != "." else text, errors="coerce")
    return bool(
        np.isfinite(values.astype(float)).mean() > 0.5
    )  # a stray word is a fault to name, not a reason to look away


def split_headers(names: list[str]) -> dict[str, tuple[str, str]]:
    """Splits headers that hold an axis and a rater, in either order: ``MI_r1``, ``anna.naturalness``.

    Returns:
        For each header its axis and its rater; empty when the headers do not divide into a grid of at least two
        raters in which most fields are there.
    """
    for separator in _SEPARATORS:
        for cut in (str.partition, str.rpartition):
            pairs = {name: cut(name.strip(), separator) for name in names}
            if not all(before and after for before, _, after in pairs.values()):
                continue
            heads = list(dict.fromkeys(before for before, _, _ in pairs.values()))
            tails = list(dict.fromkeys(after for _, _, after in pairs.values()))
            if len(heads) * len(tails) > 1.5 * len(names):
                continue
            axis_first = _axes_first(heads, tails)
            if axis_first is None:
                continue
            split = {
                name: (before, after) if axis_first else (after, before) for name, (before, _, after) in pairs.items()
            }
            return {name: (known_axis(axis) or axis, rater) for name, (axis, rater) in split.items()}
    return {}


def _axes_first(heads: list[str], tails: list[str]) -> bool | None:
    """Whether the first parts are the axes; None when the parts look like neither."""
    for told in (lambda parts: all(map(known_axis, parts)), lambda parts: any(map(known_axis, parts))):
        if told(heads) != told(tails):
            return bool(told(heads))
    if all(map(is_rater, tails)) != all(map(is_rater, heads)):
        return all(map(is_rater, tails))
    if len(heads) < 2 or len(tails) < 2:
        return None
    return len(heads) <= len(tails)


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
