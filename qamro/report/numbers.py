"""The numbers of one axis that sections share, each computed once; standings, and what a comparison is asked to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.axes import get_axis
from qamro.domains import OUTSIDE, in_words
from qamro.evaluation.agreement.ceiling import Ceilings, ceiling
from qamro.evaluation.bootstrap import DRAWS, Interval, interval
from qamro.evaluation.crossed import runs
from qamro.evaluation.evaluate import mean_draws, metric_rows
from qamro.evaluation.levels import LEVELS, Draws, Sample, resample
from qamro.evaluation.rater_bootstrap import RatingMatrix, rating_matrix
from qamro.evaluation.raters.model import RatersUnknown
from qamro.evaluation.raters.outlying import Panel, panel
from qamro.evaluation.side_by_side import SideBySide, samples_of
from qamro.evaluation.significance import SystemPairs, compare_systems
from qamro.figures.page import slug

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from qamro.studies import Study

__all__ = ["Figure", "Section", "Table", "slug"]

UNNAMED = (
    "the ratings are anonymous: nobody knows which scores come from one rater, so nothing can be said of a rater's "
    "bias or consistency, and positions in a list are not taken for raters"
)
"""Why nothing is said about single raters."""


@dataclass(frozen=True)
class Ceiling:
    """How well one half of the raters predicts the other.

    Attributes:
        value: Mean Spearman correlation over random splits; NaN where it cannot be known.
        ends: Its interval.
    """

    value: float
    ends: Interval

    @property
    def holds(self) -> bool:
        """Whether the raters agree beyond chance: there is a value, and its interval (if any) leaves zero out."""
        return bool(np.isfinite(self.value)) and not self.ends.low <= 0

    @property
    def shown(self) -> float:
        """The value where it holds, else NaN: what is no ceiling stands in no table as one."""
        return self.value if self.holds else float("nan")


class AxisNumbers:
    """Everything about one axis.

    Attributes:
        study: The ratings.
        label: The rated axis.
        pairs: Which of a predictor's columns stands for it, by predictor.
        absent: Predictors that take no part in this axis, with the reason and the remedy.
        tables: The predictors' scored clips, the same clips in each; may be empty.
        notes: What was left out for each predictor.
        options: How to compare.
    """

    def __init__(self, study: Study, label: str, joined: SideBySide, options: Options) -> None:
        """Keeps what the numbers are made of."""
        self.study, self.label, self.options = study, label, options
        self.tables, self.pairs = joined.tables[label], joined.pairs.get(label, {})
        self.notes, self.absent = joined.notes.get(label, {}), joined.absent.get(label, {}) | joined.problems

    @property
    def why_no_distance(self) -> str:
        """Why there is no distance between some predictor's scores and the ratings; empty when all share a scale."""
        return next(filter(None, (pair.why_no_distance for pair in self.pairs.values())), "")

    @property
    def who_is_here(self) -> list[str]:
        """Sentences: which axis stands for this one, who is left out, with the remedy, and who scored clips outside."""
        told = [
            f"{name}: {pair.predicted} stands for {self.label}." for name, pair in self.pairs.items() if pair.differs
        ]
        told += [f"{name} is left out here: {why.rstrip('.')}." for name, why in self.absent.items()]
        return told + self.outsiders

    @property
    def outsiders(self) -> list[str]:
        """A sentence for each predictor that scored clips unlike those that its heads were trained on."""
        return [f"{name}: {in_words(self.tables[name]['domain'])}." for name in self.strays]

    @property
    def strays(self) -> list[str]:
        """The predictors that scored clips unlike those that their heads were trained on."""
        return [name for name, table in self.tables.items() if "domain" in table and (table["domain"] == OUTSIDE).any()]

    @property
    def predictors(self) -> list[str]:
        """The predictors that score this axis."""
        return list(self.tables)

    @property
    def few(self) -> dict[str, str]:
        """For each level what figures say beside it, where it rests on too few: ``"5 systems: a hint"``."""
        sample = self.human_sample
        told = {where: sample.too_few(where) or sample.doubts(where) for where in LEVELS}
        return {where: text for where, text in told.items() if text}

    @cached_property
    def matrix(self) -> RatingMatrix:
        """All ratings of the axis, also of clips that nobody predicted."""
        return rating_matrix(self.study, self.label)

    def scaled(self, *columns: str) -> dict[str, str]:
        """The scale of the ratings for columns of a table (see ``Table.scales``)."""
        return scaled(self.matrix, *columns)

    @cached_property
    def panel(self) -> Panel | str:
        """What rater models say of the raters, or why nothing can be said of them."""
        if self.matrix.anonymous:
            return UNNAMED
        try:
            return panel(self.study, self.label)
        except RatersUnknown as unknown:
            return str(unknown)

    @cached_property
    def draws_raters(self) -> bool:
        """Whether the metrics' intervals draw raters: wanted, and there is more than one rating of a clip to draw."""
        return self.options.resample_raters and not self.study.holds_means and bool((self.matrix.counts > 1).any())

    @property
    def drawn_words(self) -> str:
        """What the intervals of the metrics draw, in words."""
        named = "raters drawn anew" if not self.matrix.anonymous else "each clip's anonymous ratings"
        return f"systems, clips within them{f', and {named}' if self.draws_raters else ''}"

    def prepare(self) -> None:
        """Draws what takes long, metrics and ceiling, side by side: each leaves the other a core most of the time."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            drawn, tops = pool.submit(lambda: self.draws), pool.submit(lambda: self.ceilings)
            drawn.result()
            tops.result()

    @cached_property
    def samples(self) -> dict[str, Sample]:
        """The predictors' scores of the same clips."""
        if not self.tables:
            return {}
        return samples_of(self.study, self.label, self.tables, raters=self.draws_raters, matrix=self.matrix)

    @cached_property
    def draws(self) -> dict[str, Draws]:
        """Every metric in every bootstrap draw, paired between predictors."""
        drawn = resample(list(self.samples.values()), draws=self.options.draws, seed=self.options.seed)
        return dict(zip(self.samples, drawn, strict=True))

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row a predictor, level and metric: the columns of ``Evaluation.table`` with ``predictor`` in front."""
        import pandas as pd

        rows = []
        for name, sample in self.samples.items():
            for where in LEVELS:
                drawn, note = self.draws[name][where], self.notes[name]
                found = metric_rows(self.pairs[name], sample, where, drawn, note=note, level=self.options.level)
                rows += [{"predictor": name} | row | {"axis": self.label} for row in found]
        return pd.DataFrame(rows)

    @cached_property
    def ceilings(self) -> dict[str, Ceiling]:
        """The split-half ceiling at both levels; NaN where ratings are means or single."""
        level = self.options.level
        if self.study.holds_means or (self.matrix.counts < 2).all():
            return dict.fromkeys(LEVELS, Ceiling(float("nan"), interval(np.empty(0), level)))
        return {where: Ceiling(value, interval(values, level)) for where, (value, values) in self.ceiling_draws.items()}

    @cached_property
    def ceiling_draws(self) -> Ceilings:
        """The split-half ceiling in every draw, which the raters' section shares."""
        return ceiling(self.matrix, draws=self.options.draws, seed=self.options.seed)

    @cached_property
    def people(self) -> Ranking | None:
        """The systems as people rank them, on the clips that every predictor scored; None below two systems."""
        return self._ranking(self.human_sample.targets)

    @cached_property
    def predicted(self) -> dict[str, Ranking]:
        """The systems as each predictor ranks them; empty below two systems."""
        found = {name: self._ranking(sample.predictions) for name, sample in self.samples.items()}
        return {name: each for name, each in found.items() if each is not None}

    @cached_property
    def human_sample(self) -> Sample:
        """Human scores on both sides: of the clips that every predictor scored, or of all without a predictor."""
        if self.samples:
            return next(iter(self.samples.values()))
        means = self.study.clip_means()
        means = means[means["axis"] == self.label]
        scores = means["mean"].to_numpy(float)
        return Sample(scores, scores, means["system"].to_numpy(str))

    def _ranking(self, scores: np.ndarray) -> Ranking | None:
        named = self.human_sample.systems != ""
        systems = self.human_sample.systems[named]
        if np.unique(systems).size < 2:
            return None
        options = self.options
        return ranking(scores[named], systems, draws=max(options.draws, DRAWS), seed=options.seed, level=options.level)


# The systems in the order of one judge, people or a predictor: means, ranks, intervals, and who is tied.


@dataclass(frozen=True)
class Ranking:
    """Systems as one judge sees them.

    Attributes:
        pairs: Which systems can be told apart; names (sorted), numbers of clips and means of the K systems.
        low: Lower ends of the means' intervals over clips; NaN for a system of one clip.
        high: Upper ends.
        rank: Rank of each system, 1 is best, ties share the mean, shape (K,).
        rank_low: Lower end of each rank's interval over draws of clips; NaN for a system of one clip.
        rank_high: Upper end.
    """

    pairs: SystemPairs
    low: np.ndarray
    high: np.ndarray
    rank: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray

    @property
    def systems(self) -> list[str]:
        """Names of the systems, sorted."""
        return self.pairs.systems

    @property
    def clips(self) -> np.ndarray:
        """Number of clips of each system, shape (K,)."""
        return self.pairs.clips

    @property
    def means(self) -> np.ndarray:
        """Mean score of each system, shape (K,)."""
        return self.pairs.means

    @property
    def differ(self) -> np.ndarray:
        """Whether two systems differ, simultaneously for all pairs, shape (K, K)."""
        return self.pairs.differ

    @property
    def best_first(self) -> np.ndarray:
        """Positions of the systems from best to worst, shape (K,)."""
        return np.argsort(-self.means, kind="stable")

    @property
    def order(self) -> list[str]:
        """The systems, best first."""
        return [self.systems[k] for k in self.best_first]

    @property
    def runs(self) -> list[tuple[int, int]]:
        """Largest runs of the order, first and last position, in which no pair differs; of two or more systems."""
        return runs(self.differ[np.ix_(self.best_first, self.best_first)])

    @property
    def groups(self) -> list[list[str]]:
        """The systems of each run."""
        return [self.order[first : last + 1] for first, last in self.runs]


def ranking(scores: np.ndarray, systems: np.ndarray, *, draws: int, seed: int, level: float) -> Ranking:
    """Ranks systems by their mean scores; the draws are of clips within each system.

    Args:
        scores: One score a clip, shape (n,).
        systems: Each clip's system, none empty, two at least, shape (n,).
        draws: Number of draws, two at least.
        seed: Their seed; the same clips see the same draws.
        level: Coverage of the intervals.
    """
    from scipy.stats import rankdata

    pairs = compare_systems(scores, systems, draws=draws, seed=seed, level=level)
    drawn, _ = mean_draws(Sample(scores, scores, systems), draws=draws, seed=seed)
    ranks, several = rankdata(-drawn, axis=1), pairs.clips > 1
    # The mean of one clip drawn again and again does not vary, which is no knowledge of it.
    means, places = (
        [interval(values[:, k] if several[k] else np.empty(0), level) for k in range(several.size)]
        for values in (drawn, ranks)
    )
    return Ranking(
        pairs,
        np.array([end.low for end in means]),
        np.array([end.high for end in means]),
        rankdata(-pairs.means),
        # Ranks are whole: an end between two of them holds both.
        np.floor([end.low for end in places]),
        np.ceil([end.high for end in places]),
    )


def scaled(matrix: RatingMatrix, *columns: str) -> dict[str, str]:
    """The scale of an axis for columns of a table; of an axis of one's own, from where to where it was rated."""
    known = matrix.scores[np.isfinite(matrix.scores)]
    scale = get_axis(matrix.axis)
    text = f"{scale.low:g} to {scale.high:g}" if scale.has_range else f"rated {known.min():.4g} to {known.max():.4g}"
    return dict.fromkeys(columns, text)


# What a comparison is asked to do.


@dataclass(frozen=True)
class Options:
    """How to compare.

    Attributes:
        axes: Rated axes to compare; None takes all that a predictor scores.
        axis_map: From predicted to rated axis where the names differ, for example ``{"MI": "quality"}``; for every
            predictor that has no column of the rated axis's name.
        own_maps: The same for single predictors: ``{"offline": {"MI": "quality"}}``.
        draws: Bootstrap draws of every interval; 0 leaves the metrics' intervals out (systems are still compared by
            draws of their own, which cost nothing).
        seed: Seed of the draws.
        left_out: Raters whose ratings do not count.
        resample_raters: Whether the metrics' intervals also draw raters: what another panel might have said.
        level: Coverage of the intervals.
        prediction_powered: Whether each predictor's scores of clips that nobody rated also help to estimate the means
            of systems, in a section of its own.
    """

    axes: Sequence[str] | None = None
    axis_map: Mapping[str, str] | None = None
    own_maps: Mapping[str, Mapping[str, str]] | None = None
    draws: int = DRAWS
    seed: int = 0
    left_out: Sequence[str] = ()
    resample_raters: bool = True
    level: float = 0.95
    prediction_powered: bool = False

    def __post_init__(self) -> None:
        """Refuses what no bootstrap can do.

        Raises:
            ValueError: ``draws`` is below zero, or ``level`` is not a share.
        """
        if self.draws < 0:
            raise ValueError(f"draws is zero or more, not {self.draws}")
        if not 0 < self.level < 1:
            raise ValueError(f"level is a share between 0 and 1, for example 0.95, not {self.level}")

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields, ready for JSON."""
        return asdict(self)


# What a comparison shows: sections of sentences, figures and tables.


@dataclass(frozen=True)
class Figure:
    """A plotly figure with a transparent ground, and what stands around it.

    Attributes:
        id: Unique in a comparison; letters, digits and hyphens.
        title: Headline, plain text.
        alt: What a reader who does not see the figure is told.
        note: What the figure rests on: intervals, numbers of systems, draws.
        figure: The figure.
        wide: Whether it is scrolled sideways on a narrow screen: names on both sides leave it no space.
    """

    id: str
    title: str
    alt: str
    note: str
    figure: go.Figure
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """A table, and what stands around it.

    Attributes:
        id: Unique in a comparison; letters, digits and hyphens.
        title: Headline, plain text.
        note: What the columns are and what they rest on.
        frame: The rows; numbers as numbers, NaN where there is none.
        scales: For columns of scores, the scale that they are on.
    """

    id: str
    title: str
    note: str
    frame: pd.DataFrame
    scales: Mapping[str, str] = field(default_factory=dict)

    @property
    def ends(self) -> dict[str, tuple[str, str]]:
        """Columns with the two that hold their intervals' ends: ``X_low`` and ``X_high``, or ``low`` and ``high``."""
        names = list(map(str, self.frame.columns))
        found = {name: (f"{name}_low", f"{name}_high") for name in names if {f"{name}_low", f"{name}_high"} <= {*names}}
        first = next((name for name in self.shown if name in _CAME_FOR and self.frame[name].dtype.kind in "fiu"), "")
        if first and first not in found and {*_ENDS} <= {*names}:
            found[first] = _ENDS
        return found

    @property
    def shown(self) -> list[str]:
        """Its columns as a page shows them: names first, then what people come for, remarks at the end."""
        return sorted(map(str, self.frame.columns), key=_place)


_NAMING: tuple[str, ...] = (
    "axis",
    "predictor",
    "scores",
    "judge",
    "system",
    "clip",
    "rater",
    "first",
    "second",
    "better",
    "worse",
    "pair",
)
_NAMING += ("group", "level", "metric", "statistic", "role")
_CAME_FOR = (
    "reason",
    "disagreement",
    "mean",
    "mos",
    "value",
    "score",
    "difference",
    "share",
    "accuracy",
    "rank",
    "rated",
    "predicted",
)
_ENDS = ("low", "high")
_REMARKS = ("hint", "note", "meaning", "source", "prompt")


def _place(column: str) -> tuple[int, int]:
    """Where a column stands in a table; of one kind they keep their order, but for what people come for."""
    kinds = (_NAMING, _CAME_FOR, _ENDS)
    kind = next((k for k, names in enumerate(kinds) if column in names), 4 if column in _REMARKS else 3)
    return kind, _CAME_FOR.index(column) if kind == 1 else 0


@dataclass(frozen=True)
class Section:
    """A part of a comparison.

    Attributes:
        id: Unique in a comparison; letters, digits and hyphens.
        title: Headline, plain text.
        sentences: What can be said, in words.
        figures: Figures in reading order; the first one is what a reader sees at once.
        tables: Tables in reading order.
        answer: What the section says, shortly; a page shows it and the first figure, and folds the rest. Empty where
            everything is shown.
        about: What its words and methods are, in sentences.
    """

    id: str
    title: str
    sentences: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    answer: str = ""
    about: list[str] = field(default_factory=list)

    @property
    def further(self) -> list[str]:
        """The sentences behind the answer, each once."""
        return [text for text in dict.fromkeys(self.sentences) if text != self.answer]

    def __iter__(self) -> Iterator[Figure | Table]:
        """Yields the figures, then the tables."""
        yield from self.figures
        yield from self.tables
