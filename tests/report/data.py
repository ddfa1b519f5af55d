"""A small study with named raters, systems and common content, and predictors of known worth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qamro.studies import Study

RATERS = [f"r{i}" for i in range(8)]


def small_study(seed=0, systems=5, sources=6, odd=""):
    """Systems differ, contents differ, raters have biases; ``odd`` names a rater who answers at random."""
    rng = np.random.default_rng(seed)
    clips, ratings = [], []
    bias = dict(zip(RATERS, rng.normal(0, 0.3, len(RATERS)), strict=True))
    content = rng.normal(0, 0.4, sources)
    for k in range(systems):
        for s in range(sources):
            clip = f"sys{k}/c{s}.wav"
            true = 1.5 + 0.6 * k + content[s] + rng.normal(0, 0.2)
            clips.append({"clip": clip, "path": clip, "system": f"sys{k}", "prompt": f"p{s}", "source": f"c{s}"})
            for rater in RATERS:
                score = rng.uniform(1, 5) if rater == odd else true + bias[rater] + rng.normal(0, 0.4)
                ratings.append({"clip": clip, "rater": rater, "axis": "MI", "score": round(float(score), 1)})
    return Study(pd.DataFrame(clips), pd.DataFrame(ratings), name="small")


def predictor(study, noise, seed=1, axis="MI", column=None):
    """The MOS of an axis with noise."""
    means = study.clip_means()
    means = means[means["axis"] == axis]
    scores = means["mean"] + np.random.default_rng(seed).normal(0, noise, len(means))
    column = column or axis
    source = f"human: made for a test, noise {noise}"
    return pd.DataFrame({"clip": means["clip"], column: scores, f"source_{column}": source})
