"""Metrics for training loops, with torchmetrics' interface: update, compute, reset, states that ranks share, plot.

With torchmetrics installed they are its ``Metric`` (Lightning logs them, ``MetricCollection`` holds them); without it
the same classes work alone. ``docs/metrics.md`` shows both. Each name is loaded when it is first asked for.

>>> from qamro.metrics import PredictedMOS
>>> mos = PredictedMOS("offline", ["MI", "PQ"])  # doctest: +SKIP
"""

from typing import Any

_HOMES = {
    "PredictedMOS": "qamro.metrics.predicted_mos",
    "SystemSRCC": "qamro.metrics.agreement",
    "PairwiseAccuracy": "qamro.metrics.agreement",
    "EvaluateStyle": "qamro.metrics.adapters",
    "LightevalStyle": "qamro.metrics.adapters",
    "QAMROLoss": "qamro.losses",
    "MarginRankingLoss": "qamro.losses",
    "BALRLoss": "qamro.losses",
    "ListMLELoss": "qamro.losses",
    "SoftSpearmanLoss": "qamro.losses",
    "SAMALoss": "qamro.losses",
    "GaussianCrossEntropyLoss": "qamro.losses",
    "CORALLoss": "qamro.losses",
}
"""For each public name the module that has it; the losses are the modules of ``qamro.losses``."""

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
