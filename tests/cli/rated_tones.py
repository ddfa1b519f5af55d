"""A study of real sound files in a folder, small enough to train on within a test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from qamro.studies import Study


def save_noisy_tones(
    root: Path, *, clips: int = 12, axes: Sequence[str] = ("MI",), noise: float = 0.02, prompt: str = ""
) -> Path:
    """Writes tones in noise by three systems; the more noise, the lower the score, from 5 to 1.

    Args:
        root: The folder.
        clips: How many.
        axes: What is rated, every axis alike.
        noise: By how much the noise's deviation grows from clip to clip.
        prompt: Every clip's prompt; ``{}`` becomes its number.

    Returns:
        The folder.
    """
    rng, rows = np.random.default_rng(0), []
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)
    for k in range(clips):
        soundfile.write(root / f"c{k}.wav", tone + noise * k * rng.normal(size=tone.size), 16_000)
        rows.append({"clip": f"c{k}", "path": f"c{k}.wav", "system": f"s{k % 3}", "prompt": prompt.format(k)})
    table, scores = pd.DataFrame(rows), np.linspace(5, 1, clips)
    ratings = pd.concat([pd.DataFrame({"clip": table["clip"], "axis": axis, "score": scores}) for axis in axes])
    Study(table, ratings, name="noisy tones", kind="simulated", root=root).save(root)
    return root
