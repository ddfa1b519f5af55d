"""What one visitor of the Sensitivity tab has before them: a sweep, and how they look at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from qamro.training.objective.table import ALPHA, BETA
from qamro.training.sweeps.plotting import Naming, naming_of
from qamro.training.sweeps.setup import ALONE, Setup, point_label
from qamro.ui.session import Visitor

if TYPE_CHECKING:
    import pandas as pd

    from qamro.training.sweeps.store import KeptSweep


@dataclass(frozen=True)
class View:
    """How a sweep is looked at.

    Attributes:
        axis: Which axis; empty for the first.
        level: ``"utterance"`` or ``"system"``.
        model: Label of the model that was clicked; empty for the one at the paper's numbers, or the last.
        metric: What the map shows.
        published: Whether published numbers are laid over.
        others: Whether the other curves are drawn beside the model's.
    """

    axis: str = ""
    level: str = "system"
    model: str = ""
    metric: str = "SRCC"
    published: bool = False
    others: bool = False


@dataclass
class Shown:
    """A sweep as it stands on the page.

    Attributes:
        kept: The sweep and its record.
        setup: What it was set to.
        note: Where it comes from.
    """

    kept: KeptSweep
    setup: Setup
    note: str = ""

    @cached_property
    def summary(self) -> pd.DataFrame:
        """Means over seeds with their intervals."""
        from qamro.training.sweeps.seeds import summarise

        return summarise(self.kept.sweep.runs)

    @property
    def naming(self) -> Naming:
        """What its figures call things."""
        return naming_of(self.setup)

    def models(self, axis: str) -> list[str]:
        """Returns the labels of an axis's models, points first."""
        rows = self.summary[self.summary["axis"] == axis].drop_duplicates("variant")
        return [*rows.loc[~rows["baseline"], "variant"], *rows.loc[rows["baseline"], "variant"]]

    def reference(self, axis: str, model: str) -> str:
        """Returns the label of the model that one is held against: the reference on its curve, else without ranking."""
        points = self.summary[(self.summary["axis"] == axis) & ~self.summary["baseline"]].drop_duplicates("variant")
        mine = points[points["variant"] == model]
        near = points[points["at"] == self.setup.reference]
        if len(mine) and near["curve"].notna().any():
            near = near[near["curve"] == mine["curve"].iloc[0]]
        return str(near["variant"].iloc[0]) if len(near) else ALONE

    def first_model(self, axis: str) -> str:
        """Returns the model that is looked at first: the paper's numbers where they were swept, else the last point."""
        models = [model for model in self.models(axis) if model in set(self._points(axis))]
        published = point_label(ALPHA.default, BETA.default)
        return published if published in models else models[-1]

    def curves(self, axis: str) -> dict[str, str]:
        """Returns what each curve of an axis is called, and the label of its model that is looked at first."""
        rows = self.summary[(self.summary["axis"] == axis) & ~self.summary["baseline"]].drop_duplicates("variant")
        rows = rows[rows["curve"].notna()]
        first = self.first_model(axis)
        at = rows.loc[rows["variant"] == first, "at"]
        near = rows[rows["at"] == at.iloc[0]] if len(at) else rows.drop_duplicates("curve")
        return {f"{curve:g}": str(label) for curve, label in zip(near["curve"], near["variant"], strict=True)}

    def beside(self, axis: str, model: str, curve: str) -> str:
        """Returns the label of the model at the same value on another curve; of the curve's first one where none is."""
        rows = self.summary[(self.summary["axis"] == axis) & ~self.summary["baseline"]].drop_duplicates("variant")
        at = rows.loc[rows["variant"] == model, "at"]
        same = rows[rows["curve"].map("{:g}".format) == curve]
        same = same[same["at"] == at.iloc[0]] if len(at) else same
        return str(same["variant"].iloc[0]) if len(same) else self.curves(axis).get(curve, model)

    def _points(self, axis: str) -> list[str]:
        rows = self.summary[(self.summary["axis"] == axis) & ~self.summary["baseline"]]
        return list(rows["variant"].unique())


class SensitivityState(Visitor):
    """Everything that belongs to one visitor of the tab.

    Attributes:
        shown: The sweep on the page; None before the first.
        view: How it is looked at.
        wanted: What a link asked for, and how to look at it, when it could not be shown yet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shown: Shown | None = None
        self.view = View()
        self.wanted: tuple[Setup, View] | None = None
