"""Predictors against the people of one study: sections that are made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any

from qamro.domains import known
from qamro.evaluation.align import NoCommonAxis, NothingMatched, PredictionsError, match, nothing_matched
from qamro.evaluation.raters.model import leave_out, left_out_note
from qamro.evaluation.side_by_side import SideBySide, score_axes, side_by_side
from qamro.plugins import opened
from qamro.report.archive import stamped
from qamro.report.numbers import AxisNumbers, Options, Section
from qamro.report.raced import beside_race
from qamro.report.views import VIEWS, View, rated_axes

if TYPE_CHECKING:
    import pandas as pd

    from qamro.evaluation.listening_tests import Test
    from qamro.report.findings import Finding
    from qamro.report.inspect import ClipView
    from qamro.studies import Study


def compare(study: Study, predictions: Mapping[str, pd.DataFrame], options: Options | None = None) -> Comparison:
    """Joins predictors with the ratings of a study; nothing is computed yet.

    Predictors of one axis are compared on the clips that all of them scored. Without any predictor the sections
    show what the ratings alone can tell.

    Args:
        study: The ratings.
        predictions: A score table for each predictor, by its name.
        options: How to compare.

    Raises:
        NothingMatched: No predictor scored a rated clip. A predictor that fails beside one that does not is left out;
            ``Comparison.problems`` says why.
        NoCommonAxis: No predictor scores an axis that was rated, or an axis that was asked for is missing.
        PredictionsError: No table can be used.
        ValueError: A rater to leave out is not among the raters, or nobody else rated anything.
    """
    options = options or Options()
    if options.left_out:
        study = leave_out(study, options.left_out)
        if study.ratings.empty and study.votes is None:
            raise ValueError(f"without {', '.join(options.left_out)} no rating of {study.name!r} is left")
    if predictions and study.ratings.empty and study.votes is not None:
        joined = _voted_only(study, predictions)
    elif predictions:
        joined = side_by_side(
            study, predictions, axes=options.axes, axis_map=options.axis_map, own_maps=options.own_maps, lenient=True
        )
    else:
        joined = _people_only(study, options)
    return Comparison(study, predictions, joined, options)


def _people_only(study: Study, options: Options) -> SideBySide:
    wanted = list(options.axes or study.axes)
    for axis in wanted:
        if axis not in study.axes:
            raise NoCommonAxis(f"nobody rated {axis!r}; the rated axes are {', '.join(study.axes) or 'none'}")
    return SideBySide(tables={axis: {} for axis in wanted})


def _voted_only(study: Study, predictions: Mapping[str, pd.DataFrame]) -> SideBySide:
    """Joins predictors with clips that people voted on and nobody rated."""
    found = SideBySide(tables={})
    for name, table in predictions.items():
        try:
            result = match(table, study, rated_only=False)
            if not result.rows:
                raise nothing_matched(study, result)
        except (NothingMatched, PredictionsError) as problem:
            found.problems[name] = str(problem)
            continue
        found.matches[name] = result
    return found


class Comparison:
    """Sections about predictors and people; each is made once, when it is first asked for. Safe between threads.

    Attributes:
        study: The ratings, without those of the raters who were left out.
        predictions: The predictors' tables as they were given.
        options: How they are compared.
        predictors: Names of the predictors that could be used on some axis.
        problems: Predictors that could not be used, or not on some axis, and why.
        unpaired: Those of them that lack the rated axes: pairing axes may help.
        matches: How each predictor's clips were joined with the study's.
        axes: The rated axes that are compared.
        voted: What people voted on, comparing two clips.
        without: ``"without raters X, Y"``, which stands at every title; empty when nobody was left out.
    """

    def __init__(
        self, study: Study, predictions: Mapping[str, pd.DataFrame], joined: SideBySide, options: Options
    ) -> None:
        """Keeps what was joined; ``compare`` makes one."""
        self.study: Study = study
        self.options: Options = options
        self.predictions = dict(predictions)
        used = {name for tables in joined.tables.values() for name in tables} if joined.tables else {*joined.matches}
        self.predictors = [name for name in joined.matches if name in used]
        self.problems, self.unpaired, self.matches = joined.problems, joined.unpaired, joined.matches
        self._numbers = {axis: AxisNumbers(study, axis, joined, options) for axis in joined.tables}
        self.axes = sorted(self._numbers, key=study.axes.index)
        self.voted = [] if study.votes is None else sorted(map(str, study.votes["axis"].unique()))
        self.without = left_out_note(study)
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = RLock()

    def numbers(self, axis: str) -> AxisNumbers:
        """The numbers behind the sections of an axis.

        Raises:
            KeyError: The axis is not compared.
        """
        if axis not in self._numbers:
            raise KeyError(f"axis {axis!r} is not compared; the axes are {', '.join(self.axes)}")
        return self._numbers[axis]

    @cached_property
    def study_hash(self) -> str:
        """What tells the study from others (see ``qamro.studies.summary.study_hash``)."""
        from qamro.studies.summary import study_hash

        return study_hash(self.study)

    @cached_property
    def clip_means(self) -> pd.DataFrame:
        """The MOS of every clip and axis (see ``Study.clip_means``)."""
        return self.study.clip_means()

    def row_of(self, predictor: str, clip: str) -> pd.Series | None:
        """The row of a predictor's table that belongs to a clip of the study; None when it has none."""
        row = self._rows[predictor].get(clip)
        return None if row is None else self.predictions[predictor].iloc[row]

    def domains(self, predictor: str) -> dict[str, str]:
        """What each clip that a predictor scored is to those that its heads were trained on.

        Returns:
            One of the words of ``qamro.domains`` by clip of the study; empty where the predictor's table tells nothing.
        """
        table = self.predictions[predictor]
        if "domain" not in table.columns:
            return {}
        rows = self._rows[predictor]
        told = known(table["domain"].iloc[list(rows.values())])
        return dict(zip(rows, told, strict=True)) if told else {}

    @cached_property
    def _rows(self) -> dict[str, dict[str, int]]:
        rated = self.study.clips["clip"]
        if not self.study.ratings.empty:
            rated = self.study.rated_clips["clip"]
        rated = rated.tolist()
        return {name: {rated[clip]: row for row, clip in found.rows} for name, found in self.matches.items()}

    @cached_property
    def scores_beside_votes(self) -> dict[str, pd.Series]:
        """Scores by clip that can be held against votes: the MOS of each rated axis, and what predictors said."""
        import pandas as pd

        found = {}
        for axis, part in self.clip_means.groupby("axis", sort=False):
            found[f"MOS, {axis}"] = part.set_index("clip")["mean"]
        clips = self.study.clips["clip"].tolist()
        for name, table in self.predictions.items():
            if name in self.problems:
                continue
            rows = match(table, self.study, rated_only=False).rows
            for axis in score_axes(table):
                scores = table[axis].to_numpy(float)[[row for row, _ in rows]]
                found[f"{name}, {axis}"] = pd.Series(scores, index=[clips[clip] for _, clip in rows])
        return found

    def section(self, key: str, axis: str = "") -> Section:
        """Returns the section of a view (see ``qamro.report.views``).

        Args:
            key: A key of ``VIEWS``.
            axis: A rated axis, or what else the view is about; empty for the views that are about all of them.

        Raises:
            KeyError: There is no such view, or the axis is not compared.
            ValueError: The view is about one axis, and none is named.
        """
        view = VIEWS[key]
        known = view.axes(self)
        if axis and axis not in known:
            raise KeyError(f"axis {axis!r} is not compared; the axes are {', '.join(known) or 'none'}")
        if not axis and not view.whole:
            raise ValueError(f"the view {key!r} is about one axis; name one of {', '.join(known) or 'none'}")
        with self._lock:
            if (key, axis) not in self._made:
                made: Section = opened(view.make)(self, axis)
                made = stamped(replace(made, about=[*view.about, *made.about]), self.without)
                if view.means:
                    made = beside_race(made, self.study, [axis] if axis else self.axes, notes=bool(axis))
                self._made[key, axis] = made
            return self._made[key, axis]

    def findings(self, axis: str = "") -> list[Finding]:
        """The three lines that it begins with: which systems differ, how good predictors are, what to do next.

        Args:
            axis: The rated axis, or the question that was voted on, that they are about; empty for all.
        """
        from qamro.report.findings import findings

        with self._lock:
            if ("", axis) not in self._made:
                self._made["", axis] = findings(self, axis)
            return list(self._made["", axis])

    def overview(self) -> Section:
        """What can be claimed over all axes, on one page."""
        return self.section("overview")

    def raters(self, rated: str = "") -> Section:
        """Do people agree, and who strays? Anonymous ratings get what can be known of them.

        Args:
            rated: The rated axis that it is about; all that are compared unless given.

        Raises:
            KeyError: The axis is not compared.
        """
        return self.section("raters", rated)

    def systems(self, axis: str) -> Section:
        """Which system is better: predicted against human rankings, and every metric with its interval."""
        return self.section("systems", axis)

    def powered(self, axis: str) -> Section:
        """Means of systems from the ratings alone, and from the ratings with each predictor's help."""
        return self.section("powered", axis)

    def raced(self, axis: str) -> Section:
        """How a race allocated the ratings of an axis, with intervals that hold in spite of it; else empty."""
        return self.section("raced", axis)

    def versus(self, axis: str) -> Section:
        """Which predictor is better: paired differences, tested and corrected."""
        return self.section("versus", axis)

    def inspect(self, axis: str) -> Section:
        """Where to look: largest disagreements, inversions of systems, clips with divided raters."""
        return self.section("inspect", axis)

    def votes(self, axis: str) -> Section:
        """Which system is preferred, by votes between pairs, and whether scores of the clips agree.

        Raises:
            KeyError: Nobody voted on this.
        """
        if axis not in self.voted:
            raise KeyError(f"nobody voted on {axis!r}; there are votes on {', '.join(self.voted) or 'nothing'}")
        return self.section("votes", axis)

    @cached_property
    def test(self) -> Test | None:
        """Which listening test the study holds; None where it is a plain set of ratings or votes."""
        from qamro.evaluation.listening_tests import find_test

        try:
            return find_test(self.study)
        except ValueError:  # it says that it is one, and has no answers yet
            return None

    def listening_test(self, axis: str, test: Test | None = None) -> Section:
        """A MUSHRA, DMOS, CMOS or ABX test, analysed by the rules of its kind.

        Args:
            axis: One of the test's questions.
            test: Which test it is; found out unless given.

        Raises:
            KeyError: There is no such test.
        """
        from qamro.report.listening_tests import listening_test

        known = test or self.test
        if known is None or axis not in known.axes:
            raise KeyError(f"no listening test asked for {axis!r}")
        if test is None:
            return self.section("listening_test", axis)
        return stamped(listening_test(self, axis, test), self.without)

    def clip(self, clip: str) -> ClipView:
        """What is known of one clip: its ratings and what each predictor said of it.

        Raises:
            KeyError: The study has no such clip.
        """
        from qamro.report.inspect import clip_view

        return clip_view(self, clip)

    @property
    def plan(self) -> list[tuple[View, str]]:
        """The sections of a report in their order: for each its view, and its axis, empty where it is about all."""
        whole = [(view, "") for view in VIEWS.values() if view.whole and view.shown(self, "")]
        of_one = [view for view in VIEWS.values() if not view.whole]
        rated = [view for view in of_one if view.axes is rated_axes]
        others = [(view, axis) for view in of_one if view not in rated for axis in view.axes(self)]
        parts = others + [(view, axis) for axis in self.axes for view in rated]
        return whole + [(view, axis) for view, axis in parts if view.shown(self, axis)]

    def sections(self) -> Iterator[Section]:
        """Yields every section in the order of a report."""
        for view, axis in self.plan:
            yield self.section(view.key, axis)
