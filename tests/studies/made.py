"""Studies made up for tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qamro.studies import Study


def random_study(seed: int = 0, clips: int = 24, raters: int = 7) -> Study:
    """Three axes, three systems and clips of none, six of ten ratings there."""
    rng = np.random.default_rng(seed)
    names = [f"clip {i}.wav" for i in range(clips)]
    table = pd.DataFrame({"clip": names, "system": rng.choice(["a", "b", "c", ""], clips), "prompt": "x"})
    rows = [
        {"clip": clip, "rater": f"r{r}", "axis": axis, "score": float(rng.integers(1, 6))}
        for clip in names
        for r in range(raters)
        for axis in ("quality", "TA", "MI")
        if rng.random() < 0.6
    ]
    return Study(table, pd.DataFrame(rows), name="random")
