"""Lines predictions up with the ratings of a study: clips by name, axes by pairs, never by a guess."""

from __future__ import annotations

import difflib
import shlex
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from qamro.audio import AUDIO_ENDINGS
from qamro.axes import axis_order, get_axis
from qamro.counts import count
from qamro.domains import known
from qamro.evaluation.levels import Sample
from qamro.evaluation.rater_bootstrap import RatingMatrix, rating_matrix

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
    clips = study.rated_clips if rated_only else study.clips
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


def may_belong(study: Study) -> Callable[[str, str], bool]:
    """Returns a function that says of a prediction's clip and path whether ``match`` could join it to a rated clip.

    Where there are millions of predictions, those that could not be any rated clip need not be in memory.
    """
    clips = study.rated_clips
    known = {_loosest(name) for column in ("clip", "path") for name in clips[column].astype(str)} - {""}
    return lambda clip, path: _loosest(clip) in known or (bool(path) and _loosest(path) in known)


def _loosest(name: str) -> str:
    """The key of a name that all names share which any rule of ``match`` takes for the same."""
    return _stem(name.strip()).casefold()


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


# The table of matched clips: the MOS beside the prediction.


def join(study: Study, predictions: pd.DataFrame, result: Match, pair: AxisPair) -> pd.DataFrame:
    """Puts MOS and prediction of every matched clip side by side.

    Args:
        study: The ratings.
        predictions: A score table; its ``system`` is used where the study knows none.
        result: Which prediction belongs to which rated clip.
        pair: The axis on both sides.

    Returns:
        Columns ``clip``, ``system``, ``axis``, ``human`` (MOS, NaN when not rated on this axis), ``human_sem``,
        ``count`` (ratings), ``predicted`` (NaN when not scored); ``domain`` (what the clip is to those that the heads
        were trained on) where the predictions tell it.

    Raises:
        PredictionsError: A score is neither a number nor empty.
    """
    rated = study.rated_clips
    mine, theirs = (list(column) for column in zip(*result.rows, strict=True))
    table = rated.iloc[theirs][["clip", "system"]].reset_index(drop=True)
    if "system" in predictions.columns:
        own = predictions["system"].fillna("").astype(str).iloc[mine].reset_index(drop=True)
        table["system"] = table["system"].where(table["system"] != "", own)
    table["axis"] = pair.label
    means = study.clip_means()
    means = means[means["axis"] == pair.human].set_index("clip").reindex(table["clip"])
    table["human"], table["human_sem"] = means["mean"].to_numpy(), means["sem"].to_numpy()
    table["count"] = means["count"].fillna(0).to_numpy().astype(int)
    table["predicted"] = numbers(predictions, pair.predicted)[mine]
    if "domain" in predictions.columns and (told := known(predictions["domain"].iloc[mine])):
        table["domain"] = told
    return table


def numbers(predictions: pd.DataFrame, column: str) -> np.ndarray:
    """Reads a column of scores, shape (rows,); empty cells become NaN.

    Raises:
        PredictionsError: A cell is neither a number nor empty, or is infinite.
    """
    import pandas as pd

    given = predictions[column]
    values = pd.to_numeric(given, errors="coerce").to_numpy(float)
    empty = (given.isna() | given.astype(str).str.strip().str.lower().isin(["", "nan", "none"])).to_numpy()
    wrong = np.flatnonzero(~np.isfinite(values) & ~empty)
    if wrong.size:
        row = int(wrong[0])
        raise PredictionsError(
            f"predictions row {row + 1}, column {column!r}: {given.iloc[row]!r} is not a number; "
            "correct it or leave the cell empty"
        )
    return values


def scored(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Leaves out the clips that lack a MOS or a prediction, and says how many.

    Returns:
        The other rows, and a note; the note is empty when nothing was left out.
    """
    missing, unrated = table["predicted"].isna(), table["human"].isna()
    notes = [f"{int(missing.sum())} without a prediction"] * bool(missing.any())
    notes += [f"{int(unrated.sum())} not rated"] * bool(unrated.any())
    return table[~missing & ~unrated], f"clips left out: {', '.join(notes)}" if notes else ""


def sample_of(table: pd.DataFrame, ratings: RatingMatrix | None = None) -> Sample:
    """Takes the arrays out of a table of scored clips (``predicted``, ``human``, ``system``)."""
    predicted, human = (table[side].to_numpy(float) for side in ("predicted", "human"))
    return Sample(predicted, human, table["system"].to_numpy(str), ratings)


def ratings_of(study: Study, axis: str, table: pd.DataFrame, matrix: RatingMatrix | None = None) -> RatingMatrix:
    """The ratings behind a table of scored clips, row by row the same clips.

    Args:
        study: The ratings.
        axis: The rated axis.
        table: A row a clip, with a column ``clip``.
        matrix: ``rating_matrix(study, axis)``, if it is there already.
    """
    matrix = matrix or rating_matrix(study, axis)
    place = {clip: i for i, clip in enumerate(matrix.clips)}
    return matrix.rows(np.array([place[clip] for clip in table["clip"]], dtype=int))


# Which predicted axis is held against which rated axis.


_NO_SCORES = ("clip", "path", "system", "prompt", "domain", "error", "seconds")


class NoCommonAxis(ValueError):  # noqa: N818 - reads as what happened
    """Predictions and ratings share no axis; the message names the axes of both sides.

    Attributes:
        pair: Two that may be held against each other (``utmos=MI``); empty where the predictions have rated axes alone.
    """

    def __init__(self, message: str, columns: Sequence[str] = (), rated: Sequence[str] = ()) -> None:
        """Takes the message, and the axes of both sides where they are known."""
        super().__init__(message)
        self.pair = example_pair(columns, rated)


def example_pair(columns: Sequence[str], rated: Sequence[str]) -> str:
    """Returns a column and a rated axis that it may stand for, as an option takes them; see ``NoCommonAxis.pair``."""
    ours = [name for name in columns if name not in _NO_SCORES]
    if not ours or not rated:
        return "MI=quality"
    foreign = next((name for name in ours if name not in rated), "")
    return foreign and shlex.quote(f"{foreign}={rated[0]}")


@dataclass(frozen=True)
class AxisPair:
    """A predicted axis and the rated axis that it is held against.

    Attributes:
        predicted: Column of the predictions.
        human: Axis of the ratings.
    """

    predicted: str
    human: str

    @property
    def differs(self) -> bool:
        """Whether the two have different names."""
        return self.predicted != self.human

    @property
    def label(self) -> str:
        """The axis's name, or ``MI~quality`` where the two differ."""
        return self.human if self.predicted == self.human else f"{self.predicted}~{self.human}"

    @property
    def why_no_distance(self) -> str:
        """Why a squared error means nothing here; empty when both sides are on one scale."""
        if self.predicted == self.human:
            return ""
        left, right = get_axis(self.predicted), get_axis(self.human)
        for axis in (left, right):
            if not axis.has_range:
                return f"the scale of {axis.key} is unknown, so no distance to {(left, right)[axis is left].key}"
        if (left.low, left.high) != (right.low, right.high):
            return (
                f"{left.key} is on {left.low:g} to {left.high:g}, {right.key} on {right.low:g} to {right.high:g}: "
                "no distance between scales"
            )
        return ""


def pair_axes(
    columns: Iterable[str],
    rated: Sequence[str],
    *,
    axes: Sequence[str] | None = None,
    axis_map: Mapping[str, str] | None = None,
) -> list[AxisPair]:
    """Pairs the predictions' columns with the ratings' axes.

    Args:
        columns: Columns of the predictions.
        rated: Axes of the study.
        axes: Axes that have the same name on both sides; None takes all there are, or none when ``axis_map`` is given.
        axis_map: From predicted to rated axis, where the names differ, for example ``{"MI": "quality"}``.

    Raises:
        NoCommonAxis: An axis that was asked for is missing, or the sides share none.
    """
    have = [str(column) for column in columns]
    if axes is None and not axis_map:
        wanted = [(axis, axis) for axis in axis_order(list(rated)) if axis in have]
    else:
        wanted = [(axis, axis) for axis in axes or ()] + list((axis_map or {}).items())
    sides = f"the predictions' columns are {', '.join(have) or 'none'}; the rated axes are {', '.join(rated) or 'none'}"
    for predicted, human in wanted:
        if predicted not in have:
            raise NoCommonAxis(f"the predictions have no column {predicted!r}: {sides}", have, rated)
        if human not in rated:
            raise NoCommonAxis(f"nobody rated {human!r}: {sides}", have, rated)
    if not wanted:
        pair = example_pair(have, rated)
        message = f"predictions and ratings share no axis; name a pair, for example {pair}: {sides}"
        raise NoCommonAxis(message, have, rated)
    return [AxisPair(predicted, human) for predicted, human in dict.fromkeys(wanted)]


def pair_predictor(
    name: str,
    columns: Sequence[str],
    wanted: Sequence[str],
    axis_map: Mapping[str, str] | None = None,
    own_map: Mapping[str, str] | None = None,
) -> list[AxisPair]:
    """Pairs one predictor's columns with rated axes, one column an axis.

    For each axis the predictor's own map comes first, then a column of the axis's name, then the map for everybody: so
    a predictor that scores ``quality`` and one whose MI stands for it meet on the same axis.

    Args:
        name: The predictor, for errors.
        columns: The columns of its table.
        wanted: The rated axes that are compared.
        axis_map: From predicted to rated axis, for every predictor.
        own_map: The same for this one.

    Returns:
        Pairs in the order of ``wanted``; none where the predictor scores no such axis.

    Raises:
        NoCommonAxis: The predictor's own map names a column that is not there, or an axis that is not compared; or two
            columns stand for one axis.
    """
    own = dict(own_map or {})
    for predicted, rated in own.items():
        if predicted not in columns:
            raise NoCommonAxis(
                f"{name}: it has no column {predicted!r}; its columns are {', '.join(columns) or 'none'}"
            )
        if rated not in wanted:
            raise NoCommonAxis(f"{name}: {rated!r} is not compared; the axes are {', '.join(wanted) or 'none'}")
    pairs = []
    for axis in wanted:
        choices = (
            [predicted for predicted, rated in own.items() if rated == axis],
            [axis] if axis in columns else [],
            [predicted for predicted, rated in (axis_map or {}).items() if rated == axis and predicted in columns],
        )
        found = next((each for each in choices if each), [])
        if len(found) > 1:
            raise NoCommonAxis(f"{name}: {' and '.join(found)} both stand for {axis}; pair one of them")
        pairs += [AxisPair(predicted, axis) for predicted in found]
    return pairs


def remedy(name: str, columns: Sequence[str], rated: Sequence[str]) -> str:
    """What to do where a predictor lacks a rated axis: which of its axes could stand for it.

    Args:
        name: The predictor.
        columns: Axes that it scores.
        rated: Rated axes that it lacks.
    """
    if not columns:
        return "its table scores no axis"
    pair = f"{name}:{columns[0]}={rated[0]}"
    return f"it scores {', '.join(columns)}; if one of them stands for {rated[0]}, pair them, for example {pair}"
