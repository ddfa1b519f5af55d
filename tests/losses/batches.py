"""Batches to try losses on: random, tied, and meant to break them."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

_KINDS = ("random", "tied", "dyadic", "offset", "outlier", "constant", "all_equal", "sorted", "reversed", "two")


@st.composite
def batches(draw: st.DrawFn, dtype: torch.dtype = torch.float64, most: int = 24, without: tuple[str, ...] = ()) -> dict:
    """Predictions, targets and groups (or None) of one batch, as keyword arguments."""
    size = draw(st.integers(1, most))
    kind = draw(st.sampled_from([kind for kind in _KINDS if kind not in without]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    p = torch.randn(size, generator=generator, dtype=torch.float64)
    y = 1 + 4 * torch.rand(size, generator=generator, dtype=torch.float64)
    if kind == "tied":
        y = (y * 5).round() / 5
    elif kind == "dyadic":  # exact in binary: pairs stand exactly on the kink of their hinge
        y, p = (y * 2).round() / 2, (p * 8).round() / 8
    elif kind == "offset":
        p, y = p + 2**20, y - 2**12
    elif kind == "outlier":
        p[0] = 1e6
    elif kind == "constant":
        p = torch.full_like(p, 3.25)
    elif kind == "all_equal":
        y = torch.full_like(y, 3.4)
    elif kind in ("sorted", "reversed"):
        y = y.sort(descending=kind == "reversed").values
        p = p.sort().values
    elif kind == "two":
        y = 1 + (y > 3).double()
    groups = None
    if draw(st.booleans()):
        groups = torch.randint(0, draw(st.integers(1, 4)), (size,), generator=generator) * 7 - 3
    return {"predictions": p.to(dtype), "targets": y.to(dtype), "groups": groups}
