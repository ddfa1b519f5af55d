"""The paper's experiments: what each trains, what was published of it, and our own figures with their intervals."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.evaluation.bootstrap import interval
from qamro.training.objective.objective import chosen_objective
from qamro.training.objective.table import ALPHA, BETA, TABLE
from qamro.training.sweeps.seeds import summarise
from qamro.training.sweeps.setup import BASELINES, RIDGE, Plan, point_label
from qamro.training.sweeps.system_places import bootstrap_variants
from qamro.training.trainer import FitConfig

if TYPE_CHECKING:
    import pandas as pd

    from qamro.training.sweeps.sweep import Sweep

_FILE = Path(__file__).with_name("published.toml")

NAMES = {
    RIDGE: "ridge regression on the same features",
    "regression alone": "baseline: regression alone",
    point_label(ALPHA.default, BETA.default): "QAMRO",
    "aes-released": "QAMRO as in the released code",
    "without weighting": "w/o quality-aware weighting",
    "without adaptive margin": "w/o adaptive margin: regression + L_MR",
}
"""What the variants of the tables are called, as the paper calls them where it has them."""

METRICS = ("MSE", "LCC", "SRCC", "KTAU")
"""The metrics of the tables, in the paper's order."""


@dataclass(frozen=True)
class Published:
    """One published row.

    Attributes:
        name: The method.
        source: Where it was published.
        metrics: Axis to metric to its system-level value.
        paper: Whether it is a row of QAMRO's paper itself.
    """

    name: str
    source: str
    metrics: dict[str, dict[str, float]]
    paper: bool = False

    @property
    def values(self) -> dict[str, float]:
        """Axis to system-level SRCC."""
        return {axis: numbers["SRCC"] for axis, numbers in self.metrics.items()}


@dataclass(frozen=True)
class PublishedExperiment:
    """A table or figure of the paper.

    Attributes:
        key: ``"table1"``, ``"table2"`` or ``"figure1"``.
        title: What it shows.
        study: The study that it is about.
        axes: The axes that it shows.
        published: What was published; empty for a figure, whose points were published without numbers.
        best_beta: The beta that was reported as the best; None where none was.
    """

    key: str
    title: str
    study: str
    axes: tuple[str, ...]
    published: tuple[Published, ...]
    best_beta: float | None = None

    def plan(self, seeds: Sequence[int], config: FitConfig, beside: Sequence[str] = ()) -> Plan:
        """Returns what has to be trained.

        Args:
            seeds: One fit of everything each.
            config: How to fit.
            beside: Names of further objectives.

        Raises:
            ValueError: There is no such objective.
        """
        for name in beside:
            chosen_objective(name, self.axes[0], {})
        if self.key == "figure1":
            return Plan(seeds=seeds, config=config, also=beside)
        baselines = [name for name in NAMES if name in BASELINES]
        also = [*(("aes-released",) if self.key == "table2" else ()), *beside]
        return Plan(betas=(BETA.default,), seeds=seeds, baselines=baselines, config=config, also=also)

    def on_other_data(self, study: str) -> str:
        """Returns the title of the same experiment on another study; it claims nothing of the paper's data."""
        return f"The experiment of the paper's {self.title.split(':')[0].lower()} on other data: {study}"


def _read(table: dict[str, Any]) -> dict[str, PublishedExperiment]:
    return {
        key: PublishedExperiment(
            key,
            entry["title"],
            entry["study"],
            tuple(entry["axes"]),
            tuple(Published(**row) for row in entry.get("rows", ())),
            entry.get("best_beta"),
        )
        for key, entry in table.items()
    }


EXPERIMENTS: dict[str, PublishedExperiment] = _read(tomllib.loads(_FILE.read_text(encoding="utf-8")))
"""The paper's tables and figure by key."""


def table_of(sweep: Sweep, *, draws: int = 1000) -> pd.DataFrame:
    """Lays out our figures, one row a variant, axis and level.

    Args:
        sweep: What was run.
        draws: Bootstrap draws.

    Returns:
        Columns ``axis``, ``name``, ``level``, ``SRCC`` (mean over seeds), ``seeds_low``, ``seeds_high`` (t-interval of
        that mean), ``clips_low``, ``clips_high`` (bootstrap over systems and clips, of the mean over seeds), ``MSE``,
        ``LCC``, ``KTAU`` (means over seeds), ``seeds``, ``clips``, ``systems``, ``hint``.
    """
    import pandas as pd

    summary = summarise(sweep.runs)
    keys = ["axis", "variant", "level"]
    means = summary.pivot_table(index=keys, columns="metric", values="mean", dropna=False)
    summary = summary[summary["metric"] == "SRCC"].copy()
    ends = {}
    for axis in summary["axis"].unique():
        for key, values in bootstrap_variants(sweep.predictions, axis, draws=draws).items():
            ends[(axis, *key[:2])] = interval(values)
    found = [ends.get(key) for key in zip(summary["axis"], summary["variant"], summary["level"], strict=True)]
    summary["clips_low"] = [float("nan") if end is None else end.low for end in found]
    summary["clips_high"] = [float("nan") if end is None else end.high for end in found]
    names = {name: row.short for name, row in TABLE.items()} | NAMES
    summary["name"] = [names.get(variant, variant) for variant in summary["variant"]]
    others = [metric for metric in METRICS if metric != "SRCC"]
    summary[others] = means.loc[pd.MultiIndex.from_frame(summary[keys]), others].to_numpy()
    summary = summary.rename(columns={"mean": "SRCC", "low": "seeds_low", "high": "seeds_high"})
    columns = ["axis", "name", "level", "SRCC", "seeds_low", "seeds_high", "clips_low", "clips_high", *others]
    return summary[[*columns, "seeds", "clips", "systems", "hint"]].reset_index(drop=True)
