"""What one visitor compares: a study, score tables of predictors, and what was set by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qamro.report.views import APP_VIEWS
from qamro.ui.compare.shared import compare_once
from qamro.ui.session import Kept, Visitor

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.align import Match
    from qamro.report import Comparison
    from qamro.studies import Study


VOTES = "votes"
"""The view of votes between two clips."""

TEST = "listening_test"
"""The view of a MUSHRA, CMOS, DMOS or ABX test."""

_LEFT = "compare"
_PARTS: tuple[str, ...] = (
    "study",
    "predictions",
    "axis_map",
    "own_maps",
    "left_out",
    "powered",
    "drawn",
    "took",
    "said",
)
_PARTS += ("_comparison", "_people")
"""Of the state, what the next page goes on with."""

CONTENT = ("source", "prompt")
"""Columns that say which clips are versions of the same content, the surer one first."""


@dataclass
class Predictions:
    """A score table and how it fits the study.

    Attributes:
        name: What the predictor is called in every figure.
        scores: Its score table.
        origin: Where the table came from, for the visitor.
        predictor: Its name in the catalogue, so that it can score a clip's windows; empty for a foreign table.
        match: Which row belongs to which clip; None while there is no study, or where ``problem`` says why.
        problem: Why the table cannot be held against the study; empty when it can.
    """

    name: str
    scores: pd.DataFrame
    origin: str
    predictor: str = ""
    match: Match | None = None
    problem: str = ""

    @cached_property
    def columns(self) -> list[str]:
        """The axes on which it scores at least one clip."""
        from qamro.studies.importers.predictions import score_columns

        return [axis for axis in score_columns(self.scores) if self.scores[axis].notna().any()]

    @property
    def domain(self) -> str:
        """Says how many of its clips are like those that its heads were trained on; empty where nothing is known."""
        from qamro.domains import in_words, known

        if "domain" not in self.scores.columns:
            return ""
        rows = [row for row, _ in self.match.rows] if self.match is not None else range(len(self.scores))
        return in_words(known(self.scores["domain"].iloc[list(rows)]))

    @property
    def strays(self) -> bool:
        """Whether it scored a clip that is unlike those that its heads were trained on."""
        from qamro.domains import OUTSIDE

        return "domain" in self.scores.columns and bool((self.scores["domain"] == OUTSIDE).any())

    def fit(self, study: Study | None) -> None:
        """Looks up which rows are of which clips."""
        from qamro.evaluation.align import PredictionsError, match, nothing_matched

        self.match, self.problem = None, ""
        if study is None:
            return
        try:
            found = match(self.scores, study, rated_only=not study.ratings.empty)
        except PredictionsError as problem:
            self.problem = str(problem)
            return
        if found.rows:
            self.match = found
        else:
            self.problem = str(nothing_matched(study, found))


class CompareState(Visitor):
    """Everything that belongs to one visitor of the Compare tab.

    Attributes:
        study: The ratings; None before any were chosen.
        predictions: The predictors' tables, by name.
        axis_map: From predicted to rated axis, where the visitor paired two of different names for every predictor.
        own_maps: The same for single predictors, by their names.
        left_out: Raters who were left out.
        powered: Whether means of systems are shown with the help of predictions, too.
        version: Grows whenever something changes that figures depend on.
        wanted: What is to be seen: version, view and axis; an answer that comes later than the next wish is dropped.
        shown: The clip or system that is looked at, as ``(kind, name)``; None when nothing is.
        sides: The clips of the A/B view, by side.
        decoded: Clips in a format that the visitor's browser does not know.
        drawn: What was drawn already, by view and axis.
        took: Seconds that a view took last, by view.
        said: The first three lines, as the page shows them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.study: Study | None = None
        self.predictions: dict[str, Predictions] = {}
        self.axis_map: dict[str, str] = {}
        self.own_maps: dict[str, dict[str, str]] = {}
        self.left_out: tuple[str, ...] = ()
        self.powered = False
        self.version = 0
        self.wanted: tuple[int, str, str] = (0, "", "")
        self.shown: tuple[str, str] | None = None
        self.sides: dict[str, str] = {}
        self.decoded: set[str] = set()
        self.drawn: dict[tuple[str, str], dict[str, Any]] = {}
        self.took: dict[str, float] = {}
        self.said: list[dict[str, str]] = []
        self._comparison: Comparison | None = None
        self._people: Comparison | None = None
        self._tables: dict[str, pd.DataFrame] = {}

    def changed(self, *, people: bool = False) -> None:
        """Forgets what was drawn: something changed that figures depend on.

        Args:
            people: Whether the ratings changed, too; else what rests on them alone is kept.
        """
        self.version += 1
        self._tables.clear()
        self._comparison = None
        if people:
            self._people = None
        self.drawn = {key: value for key, value in self.drawn.items() if APP_VIEWS[key[0]].people_only and not people}

    def choose(self, study: Study | None) -> None:
        """Takes another study, or none; predictions stay and are matched again."""
        self.study, self.left_out, self.shown, self.sides, self.decoded = study, (), None, {}, set()
        for entry in self.predictions.values():
            entry.fit(study)
        self._drop_pairs()
        self.changed(people=True)

    def leave(self, kept: Kept | None, view: str, axis: str | None) -> None:
        """Leaves everything to the next page of this browser, with the view that is open."""
        if kept is not None:
            kept.parts[_LEFT] = {name: getattr(self, name) for name in _PARTS} | {"view": view, "axis": axis or ""}

    def adopt(self, kept: Kept | None, study: Study | None) -> dict[str, Any] | None:
        """Takes over what the page before left of a study, unless something stands here already.

        Args:
            kept: Where it is left.
            study: The study that has just come.

        Returns:
            What it was, with ``view`` and ``axis``; None where there is nothing of this study.
        """
        left: dict[str, Any] | None = kept.parts.get(_LEFT) if kept is not None else None
        if left is None or left["study"] is not study or self.study is not None or self.predictions:
            return None
        for name in _PARTS:
            value = left[name]
            setattr(self, name, dict(value) if isinstance(value, dict) else value)
        self.predictions = {name: replace(entry) for name, entry in self.predictions.items()}
        self.version += 1
        return left

    def add(self, name: str, scores: pd.DataFrame, origin: str, predictor: str = "") -> Predictions:
        """Puts a predictor beside the others; a number is added to a name that is taken."""
        unique, n = name, 1
        while unique in self.predictions:
            n += 1
            unique = f"{name} ({n})"
        entry = Predictions(unique, scores, origin, predictor)
        entry.fit(self.study)
        self.predictions[unique] = entry
        self.changed()
        return entry

    def remove(self, name: str) -> None:
        """Takes a predictor away."""
        if self.predictions.pop(name, None) is not None:
            self._drop_pairs()
            self.changed()

    def pair(self, predicted: str, rated: str, name: str = "") -> None:
        """Lets a predicted axis stand for a rated one of another name; an empty ``rated`` takes the pair away.

        Args:
            predicted: A predicted axis.
            rated: A rated axis; one axis has one column of a predictor, so an earlier pair of it goes.
            name: The predictor; empty for every one that has no column of the rated axis's name.
        """
        pairs = self.own_maps.setdefault(name, {}) if name in self.predictions else self.axis_map
        columns = self.predictions[name].columns if name in self.predictions else self.columns
        pairs.pop(predicted, None)
        if rated in self.rated and predicted != rated and predicted in columns:
            for other in [mine for mine, axis in pairs.items() if axis == rated]:
                del pairs[other]
            pairs[predicted] = rated
        self._drop_pairs()
        self.changed()

    def _drop_pairs(self) -> None:
        """Forgets pairs of axes and predictors that are not there any more."""
        self.axis_map = {
            mine: axis for mine, axis in self.axis_map.items() if mine in self.columns and axis in self.rated
        }
        kept = {
            name: {mine: axis for mine, axis in pairs.items() if axis in self.rated}
            for name, pairs in self.own_maps.items()
            if name in self.predictions
        }
        self.own_maps = {name: pairs for name, pairs in kept.items() if pairs}

    def power(self, on: bool) -> None:
        """Shows means of systems with the help of predictions, too, or not; nothing is worked out anew for it."""
        self.powered = on
        self.version += 1
        if self._comparison is not None and self._comparison is not self._people:
            self._comparison = copy(self._comparison)  # another page may go on with the other
            self._comparison.options = replace(self._comparison.options, prediction_powered=on)
        self.drawn = {key: value for key, value in self.drawn.items() if key[0] != "systems"}

    def leave_out(self, raters: Sequence[str]) -> bool:
        """Leaves raters out of everything from now on; answers whether that changes anything."""
        named = set(self.raters)
        chosen = tuple(sorted(set(raters) & named))
        if chosen == self.left_out or len(chosen) > len(named) - 2:
            return False
        self.left_out = chosen
        self.changed(people=True)
        return True

    @property
    def rated(self) -> list[str]:
        """The rated axes."""
        return self.study.axes if self.study is not None else []

    @property
    def raters(self) -> list[str]:
        """Names of those who rated or voted, sorted; none where some of it is anonymous."""
        if self.study is None:
            return []
        parts = [part["rater"] for part in (self.study.ratings, self.study.votes) if part is not None]
        names = {str(name) for part in parts for name in part.unique()}
        return [] if "" in names else sorted(names)

    @property
    def columns(self) -> list[str]:
        """The axes that any predictor scores, in the order in which they came."""
        return list(dict.fromkeys(column for entry in self.predictions.values() for column in entry.columns))

    @property
    def usable(self) -> dict[str, Predictions]:
        """The predictors that scored rated clips of the study."""
        return {name: entry for name, entry in self.predictions.items() if entry.match is not None}

    @property
    def comparison(self) -> Comparison | None:
        """What figures and tables are drawn from, made when first asked for; None without a study."""
        if self._comparison is None and self.study is not None:
            from qamro.evaluation import NoCommonAxis
            from qamro.report import Options

            tables = {name: entry.scores for name, entry in self.usable.items()}
            own = {name: pairs for name, pairs in self.own_maps.items() if name in tables}
            options = Options(
                axis_map=self.axis_map or None,
                own_maps=own or None,
                left_out=self.left_out,
                prediction_powered=self.powered,
            )
            try:
                self._comparison = compare_once(self.study, tables, options)
            except NoCommonAxis:  # until the visitor pairs two axes, the ratings speak alone
                self._comparison = self.people
        return self._comparison

    @property
    def people(self) -> Comparison | None:
        """What the ratings tell without any predictor; None without a study."""
        if self._people is None and self.study is not None:
            from qamro.report import Options

            self._people = compare_once(self.study, {}, Options(left_out=self.left_out))
        return self._people

    def columns_of(self, axis: str) -> dict[str, str]:
        """Which column of each predictor stands for a rated axis; a predictor without one is missing."""
        if self.comparison is None or axis not in self.comparison.axes:
            return {}
        return {name: pair.predicted for name, pair in self.comparison.numbers(axis).pairs.items()}

    def domains(self, name: str) -> dict[str, str]:
        """What each clip is to those that a predictor's heads were trained on; empty where nothing is known."""
        known = self.comparison is not None and name in self.comparison.matches
        return self.comparison.domains(name) if known else {}  # type: ignore[union-attr]

    def table(self, axis: str) -> pd.DataFrame:
        """The rated clips of an axis with every predictor's score (see ``clip_table``), made once.

        Raises:
            ValueError: There is no study.
        """
        if self.study is None:
            raise ValueError("there is no study to take clips from")
        if axis not in self._tables:
            self._tables[axis] = clip_table(self.study, self.usable, axis, self.columns_of(axis), self.left_out)
        return self._tables[axis]


def clip_table(
    study: Study,
    predictions: Mapping[str, Predictions],
    axis: str,
    columns: Mapping[str, str],
    left_out: Sequence[str] = (),
) -> pd.DataFrame:
    """Returns the rated clips of one axis with every predictor's score.

    Args:
        study: The ratings.
        predictions: Predictors that fit the study, by name.
        axis: The rated axis.
        columns: The column of each predictor that stands for it; predictors without one have none in the table.
        left_out: Raters who do not count.

    Returns:
        Indexed by clip: ``system``, ``prompt``, ``content`` (what versions share; empty when unknown), ``mean``
        (MOS), and one column a predictor that scores the axis (NaN where it has no score).
    """
    ratings = ratings_of(study, axis, left_out)
    clips = study.clips.set_index("clip")
    table = clips[["system", "prompt"]].copy()
    shared = next((name for name in CONTENT if name in clips.columns and (clips[name] != "").any()), None)
    table["content"] = clips[shared] if shared else ""
    weights = ratings["mean_of"] if "mean_of" in ratings.columns else ratings["score"] * 0 + 1
    grouped = [(values * weights).groupby(ratings["clip"]).sum() for values in (ratings["score"], 1)]
    table["mean"] = grouped[0] / grouped[1]
    for name, entry in predictions.items():
        if entry.match is not None and name in columns:
            table[name] = _scores(study, entry, columns[name])
    return table[table["mean"].notna()]


def ratings_of(study: Study, rated: str, left_out: Sequence[str] = (), clip: str | None = None) -> pd.DataFrame:
    """Returns the ratings on one rated axis, without those of raters who are left out; of one clip if named."""
    ratings = study.counted if clip is None else study.counted[study.counted["clip"] == clip]
    ratings = ratings[ratings["axis"] == rated]
    return ratings[~ratings["rater"].isin(list(left_out))] if left_out else ratings


def duel(table: pd.DataFrame, better: str, worse: str) -> tuple[str, str] | None:
    """Picks a clip of each of two systems to listen to: the same content if there is any, else the best and the worst.

    Among contents that both have, it is the one on which people set the two furthest apart the expected way.

    Args:
        table: What ``clip_table`` answered.
        better: A system.
        worse: Another.

    Returns:
        A clip of each, or None if one has no clips.
    """
    mine, other = (table[table["system"] == system] for system in (better, worse))
    if mine.empty or other.empty:
        return None
    shared = sorted(set(mine["content"]) & set(other["content"]) - {""})
    if not shared:
        return str(mine["mean"].idxmax()), str(other["mean"].idxmin())
    pairs = [(mine[mine["content"] == c]["mean"], other[other["content"] == c]["mean"]) for c in shared]
    ahead, behind = max(pairs, key=lambda pair: float(pair[0].max() - pair[1].min()))
    return str(ahead.idxmax()), str(behind.idxmin())


def _scores(study: Study, entry: Predictions, predicted: str) -> pd.Series[Any]:
    import pandas as pd

    rated = study.rated_clips["clip"].to_numpy()
    mine, theirs = map(list, zip(*(entry.match.rows if entry.match else ()), strict=True))
    return pd.Series(entry.scores[predicted].to_numpy(float)[mine], index=rated[theirs])
