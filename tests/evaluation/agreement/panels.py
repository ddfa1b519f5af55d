"""Ratings made for the tests of agreement."""

from __future__ import annotations

import numpy as np

from qamro.evaluation.agreement import RatingMatrix


def panel(seed, n=30, k=7, missing=0.0, clip=1.0, rater=0.6, rest=0.8, whole=False):
    rng = np.random.default_rng(seed)
    scores = 5 + clip * rng.normal(size=(n, 1)) + rater * rng.normal(size=(1, k)) + rest * rng.normal(size=(n, k))
    scores = np.round(scores) if whole else scores
    scores[rng.random((n, k)) < missing] = np.nan
    return scores


def matrix_of(scores, systems=None, anonymous=False):
    n, k = scores.shape
    systems = np.array([f"s{i % 5}" for i in range(n)]) if systems is None else np.asarray(systems)
    return RatingMatrix(
        "MI", [f"c{i}" for i in range(n)], systems, [] if anonymous else [f"r{j}" for j in range(k)], scores
    )


def drawn_ratings(scores, clip_weights, rater_weights):
    """Every rating that a bootstrap draw holds, one by one: clip, copy of the clip, rater, score."""
    return [
        (c, copy, r, scores[c, r])
        for c in range(scores.shape[0])
        for copy in range(int(clip_weights[c]))
        for r in range(scores.shape[1])
        for _ in range(int(rater_weights[r]))
        if np.isfinite(scores[c, r])
    ]
