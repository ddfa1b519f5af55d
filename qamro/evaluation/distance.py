"""Sets of clips against sets: Fréchet distance, kernel distance, CLAP score, on embeddings, with intervals.

All in float64. A distance says how far two sets lie apart for an encoder; it knows no rating, and no clip by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamro.counts import count

ENOUGH = 50
"""Of fewer clips in a set its covariance, and with it the distance, says little; every output warns."""

_SIZES = 15
_REPEATS = 4


@dataclass(frozen=True)
class Distance:
    """A distance of two sets.

    Attributes:
        name: What it is: ``"frechet"``, ``"frechet-infinite"``, ``"kernel"`` or ``"clap-score"``.
        value: The estimate.
        low: Lower end of its interval over draws of clips; NaN without draws.
        high: Upper end.
        note: What has to be said of it; empty when nothing has.
    """

    name: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""


def checked(embeddings: np.ndarray, what: str) -> np.ndarray:
    """Returns embeddings as float64, shape (n, dim).

    Args:
        embeddings: One row a clip.
        what: What they are, for errors.

    Raises:
        ValueError: There are fewer than two rows, or one is not finite.
    """
    rows = np.asarray(embeddings, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < 2:
        raise ValueError(f"{what}: a distance needs two clips or more, one row of numbers each; got shape {rows.shape}")
    if bad := int((~np.isfinite(rows)).any(axis=1).sum()):
        raise ValueError(f"{what}: {bad} of {len(rows)} embeddings are not finite")
    return rows


def too_few(clips: int, reference: int) -> str:
    """What has to be said where a set is small; empty where both are large enough."""
    small = [
        f"{count(n, 'clip')} {what}"
        for n, what in ((clips, "of the set"), (reference, "of the reference"))
        if n < ENOUGH
    ]
    return (
        f"only {' and '.join(small)}: with fewer than {ENOUGH} a distance mostly tells how few they are"
        if small
        else ""
    )


def frechet(clips: np.ndarray, reference: np.ndarray) -> float:
    """Fréchet distance of two sets, as if each were normal: |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½).

    Means and covariances of the sets (n - 1 in the denominator). The last trace is the sum of the singular values of
    A Bᵀ, where S1 = AᵀA and S2 = BᵀB are the centred sets: the eigenvalues of S1 S2 are their squares. So no matrix
    root is taken, and sets smaller than the dimension are no trouble. Sources: Heusel et al. 2017; Kilgour et al. 2019.

    Args:
        clips: (n, dim).
        reference: (m, dim).

    Returns:
        Zero or more; too high for small sets, see ``frechet_infinite``.

    Raises:
        ValueError: A set has fewer than two clips, or the dimensions differ.
    """
    x, y = _pair(clips, reference)
    gap = x.mean(axis=0) - y.mean(axis=0)
    a, b = (x - x.mean(axis=0)) / np.sqrt(len(x) - 1), (y - y.mean(axis=0)) / np.sqrt(len(y) - 1)
    shared = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return max(0.0, float(gap @ gap + (a**2).sum() + (b**2).sum() - 2 * shared))


def frechet_infinite(clips: np.ndarray, reference: np.ndarray, *, seed: int = 0) -> float:
    """Fréchet distance extrapolated to infinitely many clips in both sets.

    Its excess over the truth shrinks with 1 / n (Chong and Forsyth 2020, "Effectively unbiased FID"), so distances of
    parts of the sets, half to all of each, are fitted by a line over 1 / share; its value at 0 is the answer.

    Args:
        clips: (n, dim).
        reference: (m, dim).
        seed: Of the parts.

    Returns:
        May be a little below zero where the sets are alike: the estimate varies about the truth, which is not below.

    Raises:
        ValueError: As ``frechet``; or a set has fewer than eight clips.
    """
    x, y = _pair(clips, reference)
    if min(len(x), len(y)) < 8:
        raise ValueError(f"an extrapolation needs eight clips or more in each set, not {min(len(x), len(y))}")
    rng = np.random.default_rng(seed)
    inverse, found = [], []
    for each in np.linspace(1, 2, _SIZES):
        sizes = [max(2, round(len(rows) / each)) for rows in (x, y)]
        for _ in range(1 if each == 1 else _REPEATS):
            parts = [rows[rng.permutation(len(rows))[:size]] for rows, size in zip((x, y), sizes, strict=True)]
            inverse.append(each)
            found.append(frechet(*parts))
    slope, start = np.polyfit(inverse, found, 1)
    return float(start)


def kernel(clips: np.ndarray, reference: np.ndarray, *, width: float | None = None) -> float:
    """Kernel distance: the unbiased estimate of squared MMD with a Gaussian kernel.

    mean k(x, x') + mean k(y, y') - 2 mean k(x, y) with k(a, b) = exp(-|a - b|² / (2 width²)), clips with themselves
    left out (Gretton et al. 2012, Eq. 3; for audio Chung et al. 2025, KAD). It needs no normal sets and is right on
    average whatever the number of clips, so it is below zero about half the time where the sets are alike.

    Args:
        clips: (n, dim).
        reference: (m, dim).
        width: Of the kernel; None takes the median distance of two reference clips.

    Raises:
        ValueError: As ``frechet``; or the reference clips are all the same, so that there is no width.
    """
    x, y = _pair(clips, reference)
    return _mmd(*_kernels(x, y, width or median_distance(y)))


def median_distance(reference: np.ndarray) -> float:
    """The median distance of two reference clips: the kernel's width.

    Raises:
        ValueError: It is zero.
    """
    width = float(np.median(np.sqrt(_squared(reference, reference)[np.triu_indices(len(reference), 1)])))
    if not width > 0:
        raise ValueError("most reference clips are the same to this encoder; give a width, or other clips")
    return width


def clap_score(audio: np.ndarray, text: np.ndarray) -> np.ndarray:
    """The cosine of each clip and its prompt, shape (n,), -1 to 1.

    Args:
        audio: (n, dim).
        text: (n, dim).

    Raises:
        ValueError: The shapes differ, or an embedding is zero.
    """
    a, t = np.asarray(audio, dtype=np.float64), np.asarray(text, dtype=np.float64)
    if a.shape != t.shape:
        raise ValueError(f"clips of shape {a.shape} and prompts of shape {t.shape}; one prompt a clip")
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(t, axis=1)
    if not (lengths > 0).all():
        raise ValueError("an embedding is zero; its cosine is not defined")
    return (a * t).sum(axis=1) / lengths


def distances(clips: np.ndarray, reference: np.ndarray, *, draws: int = 200, seed: int = 0) -> list[Distance]:
    """Computes the distances of two sets with intervals.

    The intervals draw clips of both sets anew. A draw repeats clips, which raises a Fréchet distance: draws are shifted
    so that their mean is the estimate. The kernel's draws leave out pairs of a clip with itself.

    Args:
        clips: (n, dim).
        reference: (m, dim).
        draws: How many; 0 leaves the intervals out.
        seed: Of draws and parts.

    Returns:
        ``frechet``, ``frechet-infinite`` (where both sets have eight clips) and ``kernel``.

    Raises:
        ValueError: As ``frechet`` and ``kernel``.
    """
    x, y = _pair(clips, reference)
    few = too_few(len(x), len(y))
    whole = frechet(x, y)
    kernels = _kernels(x, y, median_distance(y))
    mmd = _mmd(*kernels)
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {"frechet": [], "kernel": []}
    for _ in range(draws):
        rows, others = rng.integers(len(x), size=len(x)), rng.integers(len(y), size=len(y))
        if len(set(rows)) > 1 and len(set(others)) > 1:
            drawn["frechet"].append(frechet(x[rows], y[others]))
            counts = np.bincount(rows, minlength=len(x)), np.bincount(others, minlength=len(y))
            drawn["kernel"].append(_mmd(*kernels, *counts))
    found = [Distance("frechet", whole, *_ends(drawn["frechet"], whole), _joined(few, "too high for small sets"))]
    if min(len(x), len(y)) >= 8:
        start = frechet_infinite(x, y, seed=seed)
        below = "below zero: the sets are as alike as two parts of one" if start < 0 else ""
        found.append(Distance("frechet-infinite", start, *_ends(drawn["frechet"], start), _joined(few, below)))
    below = "below zero: unbiased estimates of a distance near zero are, about half the time" if mmd < 0 else ""
    return [*found, Distance("kernel", mmd, *_ends(drawn["kernel"], mmd), _joined(few, below))]


def mean_clap_score(scores: np.ndarray, *, draws: int = 200, seed: int = 0) -> Distance:
    """The mean CLAP score of clips, with the interval over draws of clips."""
    rng = np.random.default_rng(seed)
    value = float(scores.mean())
    drawn = [float(scores[rng.integers(len(scores), size=len(scores))].mean()) for _ in range(draws)]
    few = "" if len(scores) >= ENOUGH else f"only {count(len(scores), 'clip')}"
    return Distance("clap-score", value, *_ends(drawn, value), few)


def _pair(clips: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = checked(clips, "the set"), checked(reference, "the reference")
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"embeddings of {x.shape[1]} and of {y.shape[1]} numbers: one encoder for both sets")
    return x, y


def _squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum((x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T, 0.0)


def _kernels(x: np.ndarray, y: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    made = [np.exp(-_squared(a, b) / (2 * width**2)) for a, b in ((x, x), (y, y), (x, y))]
    np.fill_diagonal(made[0], 0.0)
    np.fill_diagonal(made[1], 0.0)
    return made[0], made[1], made[2]


def _mmd(
    own: np.ndarray, other: np.ndarray, across: np.ndarray, n: np.ndarray | None = None, m: np.ndarray | None = None
) -> float:
    """Unbiased squared MMD of kernels with empty diagonals; n and m say how often a draw holds each clip."""
    a = np.ones(len(own)) if n is None else n.astype(float)
    b = np.ones(len(other)) if m is None else m.astype(float)
    within = [w @ k @ w / (w.sum() ** 2 - (w**2).sum()) for k, w in ((own, a), (other, b))]
    return float(within[0] + within[1] - 2 * (a @ across @ b) / (a.sum() * b.sum()))


def _ends(drawn: list[float], value: float) -> tuple[float, float]:
    if not drawn:
        return float("nan"), float("nan")
    shifted = np.asarray(drawn) - np.mean(drawn) + value
    return float(np.quantile(shifted, 0.025)), float(np.quantile(shifted, 0.975))


def _joined(*notes: str) -> str:
    return "; ".join(filter(None, notes))
