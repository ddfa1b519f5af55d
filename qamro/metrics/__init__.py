"""Metrics for training loops, with torchmetrics' interface: update, compute, reset, states that ranks share, plot.

With torchmetrics installed they are its ``Metric`` (Lightning logs them, ``MetricCollection`` holds them); without it
the same classes work alone. ``docs/metrics.md`` shows both. Each name is loaded when it is first asked for.

>>> from qamro.metrics import PredictedMOS
>>> mos = PredictedMOS("offline", ["MI", "PQ"])  # doctest: +SKIP
"""

from typing import Any

from qamro import _HOMES as _FACE
from qamro.lazy import imported

_HOMES = {
    "PredictedMOS": "qamro.metrics.predicted_mos",
    "SystemSRCC": "qamro.metrics.agreement",
    "PairwiseAccuracy": "qamro.metrics.agreement",
    "EvaluateStyle": "qamro.metrics.adapters",
    "LightevalStyle": "qamro.metrics.adapters",
    **{name: home for name, home in _FACE.items() if name.endswith("Loss")},
}
"""For each public name the module that has it; the losses are the modules of ``qamro.losses``."""

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for (PEP 562)."""
    return imported(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
