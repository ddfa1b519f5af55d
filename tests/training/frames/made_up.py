"""A made-up study of sequences whose ratings are known functions of the frames and of the prompt."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from qamro.studies import Study
from qamro.training.frames.embedded_frames import EmbeddedFrames, FrameEmbeddings
from qamro.training.splits import split

DIM, WORDS = 6, 4


class Encoder:
    """Stands where a frame encoder's name, revision and sizes are asked for; the study is embedded already."""

    key, name, revision, published = "logmel", "Toy, frames", "1", True
    frame_dim, token_dim, frame_rate, sample_rate = DIM, WORDS, 10.0, 32_000

    def probe(self):
        return torch.ones(DIM)


def prepared(systems: int = 24, clips: int = 8, *, prompts: bool = True, axes=("MI", "TA")) -> EmbeddedFrames:
    """MI follows the loudest frame's first number; TA whether the prompt's word is the band that sounds."""
    rng = np.random.default_rng(0)
    names, frames, mi, ta = [], [], [], []
    for s in range(systems):
        for c in range(clips):
            rows = rng.normal(0, 0.3, (rng.integers(5, 25), DIM)).astype("f4")
            level, band, word = s / systems * 3 - 1.5 + rng.normal(0, 0.2), rng.integers(WORDS), rng.integers(WORDS)
            rows[:, 0] += level
            rows[:, 1 + band] += 3
            names.append((f"{s}_{c}", f"sys{s}", f"word{word}" if prompts else ""))
            frames.append(torch.from_numpy(rows).half())
            mi.append(np.clip(3 + level, 1, 5))
            ta.append(4.5 if band == word else 1.5)
    scores = {"MI": mi, "TA": ta, "quality": [20 * value for value in mi]}
    ratings = pd.concat(
        pd.DataFrame({"clip": [name for name, _, _ in names], "rater": "r", "axis": axis, "score": scores[axis]})
        for axis in axes
    )
    study = Study(pd.DataFrame(names, columns=["clip", "system", "prompt"]), ratings, name="made up", kind="simulated")
    text = {f"word{i}": torch.eye(WORDS)[i : i + 1].half() for i in range(WORDS)} if prompts else None
    clips_of = [name for name, _, _ in names]
    found = FrameEmbeddings(clips_of, frames, list(range(len(names))), text, [name[2] for name in names], {})
    return EmbeddedFrames(study, found, split(study, hold_out="system"), "system")
