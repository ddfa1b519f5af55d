"""The numbers of one axis that sections share, each computed once and when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qamro.domains import OUTSIDE, in_words
from qamro.evaluation.agreement.ceiling import Ceilings, ceiling
from qamro.evaluation.bootstrap import DRAWS, Interval, interval
from qamro.evaluation.evaluate import metric_rows
from qamro.evaluation.levels import Draws, resample
from qamro.evaluation.rating_matrix import RatingMatrix, rating_matrix
from qamro.evaluation.sample import LEVELS, Sample
from qamro.evaluation.side_by_side import SideBySide, samples_of
from qamro.report.options import Options
from qamro.report.standings import Ranking, ranking

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study


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
        domains = {name: table["domain"] for name, table in self.tables.items() if "domain" in table}
        return [f"{name}: {in_words(words)}." for name, words in domains.items() if (words == OUTSIDE).any()]

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
