"""Comparisons of the same tables are worked out once for all who look at them, those of others never mixed up."""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd

from qamro.report import Options
from qamro.studies import Study
from qamro.ui.compare import shared
from qamro.ui.compare.shared import compare_once


def made(seed: int = 0, **about) -> tuple[Study, dict[str, pd.DataFrame]]:
    rng = np.random.default_rng(seed)
    clips = pd.DataFrame({"clip": [f"c{i}" for i in range(24)], "system": [f"s{i % 4}" for i in range(24)]})
    rows = [(clip, f"r{k}", "MI", float(rng.integers(1, 6))) for clip in clips["clip"] for k in range(3)]
    ratings = pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"])
    told = {"predictor": clips[["clip"]].assign(MI=rng.normal(3, 1, 24))}
    return Study(clips, ratings, **{"name": "made", **about}), told


def test_equal_content_is_compared_once_while_somebody_looks():
    first = compare_once(*made(), Options())
    assert compare_once(*made(), Options()) is first
    before = len(shared._KNOWN)
    del first
    gc.collect()
    assert len(shared._KNOWN) == before - 1, "nobody looks any more"


def test_whatever_differs_is_another_comparison():
    study, told = made()
    first = compare_once(study, told, Options())
    score = study.ratings["score"].where(study.ratings.index != 5, 2.5)
    others = [
        (study.replace(ratings=study.ratings.assign(score=score)), told, Options()),
        (study.replace(name="another"), told, Options()),
        (study.replace(kind="simulated"), told, Options()),
        (study.replace(about={"licence": "CC BY"}), told, Options()),
        (study.replace(root="elsewhere"), told, Options()),
        (study.replace(clips=study.clips.assign(prompt="rain")), told, Options()),
        (study, {"another": told["predictor"]}, Options()),
        (study, {"predictor": told["predictor"].assign(MI=3.0)}, Options()),
        (study, told, Options(left_out=("r0",))),
        (study, told, Options(prediction_powered=True)),
        (study, {}, Options()),
    ]
    kept = [compare_once(*other) for other in others]
    assert len({id(one) for one in [first, *kept]}) == 1 + len(others)
