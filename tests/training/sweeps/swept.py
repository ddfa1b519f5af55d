"""A small rated study whose MOS follows from its embeddings, for tests of sweeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from qamro.studies import Study
from qamro.training.embedded_study import EmbeddedStudy, Embeddings
from qamro.training.splits import folds
from qamro.training.trainer import FitConfig

QUICK = FitConfig("adamw", lr=3e-3, batch_size=0, max_epochs=15, patience=5, hidden=(8, 4))


def small_study(axis: str = "MI", systems: int = 4, sources: int = 8) -> Study:
    """One clip for each system and source; scores of two raters."""
    rng = np.random.default_rng(0)
    clips = pd.DataFrame(
        [(f"s{s}c{c}", f"sys{s}", f"source{c}") for s in range(systems) for c in range(sources)],
        columns=["clip", "system", "source"],
    )
    score = np.clip(2 + 0.5 * np.repeat(np.arange(systems), sources) + rng.normal(0, 0.4, len(clips)), 1, 5)
    ratings = [
        pd.DataFrame({"clip": clips["clip"], "rater": rater, "axis": axis, "score": score + shift})
        for rater, shift in (("a", 0), ("b", 0.1))
    ]
    return Study(clips.assign(prompt=""), pd.concat(ratings, ignore_index=True), name="small", kind="simulated")


def small_folds(axis: str = "MI", count: int = 4) -> list[EmbeddedStudy]:
    """The study, embedded and in folds that hold out its sources."""
    study = small_study(axis)
    score = torch.tensor(study.clip_means()["mean"].to_numpy(), dtype=torch.float32)
    noise = torch.randn(len(score), 5, generator=torch.Generator().manual_seed(0))
    audio = torch.cat([score[:, None] + 0.3 * noise[:, :1], noise[:, 1:]], dim=1)
    embeddings = Embeddings(list(study.clips["clip"]), audio, None, torch.zeros(len(score), dtype=torch.bool), {})
    return [EmbeddedStudy(study, embeddings, parts) for parts in folds(study, count, hold_out="content")]
