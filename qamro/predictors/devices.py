"""Where predictors compute unless they are told."""

from __future__ import annotations


def best_device() -> str:
    """Returns ``"cuda"`` where there is a GPU, else ``"cpu"``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
