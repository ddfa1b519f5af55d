"""The base of the metrics: torchmetrics' where it is installed, else our own; and how their values are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch

from qamro.encoders.transformers_folder import hide_broken_packages

if TYPE_CHECKING:
    from qamro.metrics.alone import AloneMetric as Base
else:
    try:
        if find_spec("torchmetrics") is not None:
            hide_broken_packages()  # torchmetrics imports transformers where that is installed
        from torchmetrics import Metric as Base
    except (ImportError, ValueError):  # ValueError: it is hidden by a None in sys.modules
        from qamro.metrics.alone import AloneMetric as Base

__all__ = ["Base", "Metric"]


class Metric(Base):
    """What the metrics here share.

    Attributes:
        is_differentiable: False; no gradient comes out of them.
        full_state_update: False: a batch's value needs no state of before.
        note: What has to be said of the last value, for example ``"5 systems: a hint"``; empty when nothing has.
    """

    is_differentiable = False
    full_state_update = False
    note: str = ""

    def plot(self, val: Any = None, ax: Any = None) -> tuple[Any, Any]:
        """Draws a value, several steps of it, or each axis's.

        Args:
            val: What ``compute`` or ``forward`` returned, or a list of such; None computes it.
            ax: Axes of matplotlib to draw on; None makes a figure.

        Returns:
            Matplotlib's figure and axes.

        Raises:
            ImportError: Matplotlib is not installed.
        """
        from matplotlib.figure import Figure

        if ax is None:
            ax = Figure().add_subplot()
        val = self.compute() if val is None else val
        steps = list(val) if isinstance(val, Sequence) else [val]
        named = [step if isinstance(step, Mapping) else {type(self).__name__: step} for step in steps]
        for name in named[0]:
            values = [float(step[name]) for step in named]
            if len(values) > 1:
                ax.plot(range(1, len(values) + 1), values, marker=".", label=name)
            else:
                ax.bar(name, values[0], label=name)
        if len(named[0]) > 1:
            ax.legend()
        ax.set_title(type(self).__name__)
        ax.set_xlabel("step" if len(named) > 1 else "")
        return ax.get_figure(), ax


def scores_of(values: Any, what: str) -> torch.Tensor:
    """Returns scores as one row of doubles.

    Args:
        values: A tensor, array or list of N scores.
        what: What they are, for errors.

    Raises:
        ValueError: One is NaN or infinite.
    """
    scores = torch.as_tensor(values).detach().reshape(-1).double()
    bad = int((~torch.isfinite(scores)).sum())
    if bad:
        raise ValueError(f"{bad} of {len(scores)} {what} are NaN or infinite; leave those clips out and count them")
    return scores
