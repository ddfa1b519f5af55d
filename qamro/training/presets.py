"""How ``train`` fits unless told otherwise, by name; the same in the terminal and in the app."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """An objective and how heads are fitted with it.

    Attributes:
        title: For choices in the app.
        note: A sentence on where it comes from.
        objective: A key of ``OBJECTIVES``.
        optimizer: ``"sgd"`` or ``"adamw"``.
        lr: Learning rate.
        batch_size: Clips a step; 0 takes all.
        epochs: At most this many.
        patience: Epochs without a better one until training stops.
    """

    title: str
    note: str
    objective: str
    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    patience: int


PAPER = Preset(
    "The paper's",
    "QAMRO (alpha 0.2, beta 7) with SGD, momentum 0.9, rate 5e-4, batches of 256, patience 20. What reproduce runs.",
    "qamro",
    "sgd",
    5e-4,
    256,
    1000,
    20,
)

MEASURED = Preset(
    "What ranked best here",
    "Huber with AdamW, rate 1e-3, batches of 32. On held-out clips no ranking loss did better than it.",
    "huber",
    "adamw",
    1e-3,
    32,
    300,
    20,
)

PRESETS = {"default": MEASURED, "paper": PAPER}
"""By name. The default was measured: benchmarks/RESULTS.md, Findings and Defaults."""


def preset_of(name: str) -> Preset:
    """Returns a preset by its name.

    Raises:
        ValueError: There is none.
    """
    if name not in PRESETS:
        raise ValueError(f"--preset is one of {', '.join(PRESETS)}, not {name!r}")
    return PRESETS[name]
