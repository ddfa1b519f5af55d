"""QAMRO: predict how people would rate generated audio, and check whether they would agree.

What most users import stands here, and is loaded when it is first asked for: ``import qamro`` alone costs nothing. The
rest is in the packages: ``qamro.losses``, ``qamro.studies``, ``qamro.predictors``, ``qamro.evaluation``,
``qamro.training``; ``docs/architecture.md`` is the map, ``docs/python-api.md`` the reference of these names.

>>> import qamro
>>> table = qamro.load("offline").predict(["a.wav"])  # doctest: +SKIP
"""

from typing import Any

from qamro.lazy import imported

__version__ = "0.2.0.dev0"

_HOMES = {
    "load": "qamro.predictors",
    "Study": "qamro.studies",
    "evaluate": "qamro.evaluation",
    "tell_apart": "qamro.evaluation",
    "compare": "qamro.report",
    "qamro_loss": "qamro.losses",
    "fixed_margin_qamro_loss": "qamro.losses",
    "margin_ranking_loss": "qamro.losses",
    "balr_loss": "qamro.losses",
    "listmle_loss": "qamro.losses",
    "soft_spearman_loss": "qamro.losses",
    "sama_loss": "qamro.losses",
    "gaussian_cross_entropy_loss": "qamro.losses",
    "coral_loss": "qamro.losses",
    "QAMROLoss": "qamro.losses",
    "MarginRankingLoss": "qamro.losses",
    "BALRLoss": "qamro.losses",
    "ListMLELoss": "qamro.losses",
    "SoftSpearmanLoss": "qamro.losses",
    "SAMALoss": "qamro.losses",
    "GaussianCrossEntropyLoss": "qamro.losses",
    "CORALLoss": "qamro.losses",
}
"""For each public name the package that has it."""

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for (PEP 562)."""
    return imported(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
