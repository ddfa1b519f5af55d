"""CLAP's audio tower along time."""

from __future__ import annotations

import math
from typing import Any

import torch

FRAMES_A_WINDOW = 32
"""The tower folds a spectrogram of 10 s into four strips side by side and halves them down to 8 places each."""


def frames_of(answer: Any) -> torch.Tensor:
    """Averages the tower's last feature map over frequency.

    transformers has unfolded the four strips again, so the last dimension runs in time.

    Args:
        answer: What ``ClapAudioModel`` returns for B windows; its ``last_hidden_state`` is (B, C, frequency, time).

    Returns:
        (B, time, C) float32. Their mean over time is the answer's ``pooler_output``.
    """
    return answer.last_hidden_state.float().mean(2).transpose(1, 2)


def frames_heard(share: float) -> int:
    """How many frames of a window are the clip's own, given the share of the window that it fills; at least one."""
    return max(1, math.ceil(FRAMES_A_WINDOW * share - 1e-9))
