"""Every loss of the package as a function of predictions and targets alone, with what each clip has."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from qamro import losses

_TEXT = torch.randn(64, 3, generator=torch.Generator().manual_seed(9))

Loss = Callable[..., Tensor]

LOSSES: dict[str, tuple[Loss, tuple[int, ...]]] = {
    "qamro": (losses.qamro_loss, ()),
    "margin ranking": (losses.margin_ranking_loss, ()),
    "qamro, fixed margin": (losses.fixed_margin_qamro_loss, ()),
    "balr": (losses.balr_loss, ()),
    "listmle": (losses.listmle_loss, ()),
    "soft spearman": (losses.soft_spearman_loss, ()),
    "sama": (lambda p, y, **kw: losses.sama_loss(p, _TEXT[: len(y)].to(p.dtype), y, **kw), (3,)),
    "sama of cosine": (lambda p, y, **kw: losses.sama_of_cosine(p.tanh(), y, **kw), ()),
    "gaussian": (losses.gaussian_cross_entropy_loss, (6,)),
    "coral": (losses.coral_loss, (4,)),
}


def batch(name: str, size: int, *models: int, seed: int = 0) -> tuple[Loss, Tensor, Tensor]:
    """A loss, predictions for it, float64, and targets, some of them equal."""
    generator = torch.Generator().manual_seed(seed)
    loss, of_clip = LOSSES[name]
    p = torch.randn(*models, size, *of_clip, generator=generator, dtype=torch.float64)
    return loss, p, 1 + torch.randint(0, 21, (size,), generator=generator).double() / 5
