"""What an encoder answers to a fixed sound: the fingerprint by which heads recognise it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def probe_embedding(encoder: Any) -> torch.Tensor:
    """Embeds the probe.

    Args:
        encoder: Any encoder with ``embed_audio``.

    Returns:
        (audio_dim,) float32.
    """
    return encoder.embed_audio([probe_sound(int(encoder.sample_rate))])[0].float().cpu()


def probe_sound(rate: int) -> tuple[np.ndarray, int]:
    """Returns two seconds of a fixed sound, shape (2 * rate,), and its rate: three decaying notes, a little noise."""
    time = np.arange(2 * rate) / rate
    notes = sum(
        np.sin(2 * np.pi * hz * time) * np.exp(-((time * 2) % 1) * k) for k, hz in ((2, 220), (3, 330), (5, 880))
    )
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.2 * notes + 0.01 * noise).astype(np.float32), rate
