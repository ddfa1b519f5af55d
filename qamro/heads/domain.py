"""What the clips were like that heads were trained on, and how far from them another clip is.

A head answers anything, and says nothing about sound of another kind. Its distance from the training clips tells which
clips are of their kind: a Mahalanobis distance in the standardised embedding, with the covariance shrunk towards a
multiple of the identity (Ledoit and Wolf 2004), since there are often fewer clips than dimensions. Thresholds come from
clips that training never saw.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from qamro.domains import EDGE, INSIDE, OUTSIDE

FEWEST = 8
"""Held-out clips that thresholds need."""

_LIMIT = 10.0
"""Standardised values are held to this many deviations, so that no single number decides."""

_DIRECTIONS = 1024
"""Principal directions that are kept at most; further ones of a wider encoder share one variance."""

_EDGE_SHARE, _OUTSIDE_SHARE = 0.75, 0.9
"""Of the held-out clips this share lies inside, and this share not outside."""

_FIELDS = ("mean", "deviation", "directions", "variances", "rest", "thresholds")


@dataclass
class Domain:
    """What training clips were like.

    Attributes:
        mean: (dim,) of their embeddings.
        deviation: (dim,) of their embeddings, 1 where they do not vary.
        directions: (k, dim) orthonormal principal directions of the standardised embeddings.
        variances: (k,) shrunk variances along them.
        rest: Variance along every other direction.
        thresholds: (2,) distances up to which a clip is inside, and above which it is outside.
    """

    mean: torch.Tensor
    deviation: torch.Tensor
    directions: torch.Tensor
    variances: torch.Tensor
    rest: torch.Tensor
    thresholds: torch.Tensor

    @classmethod
    def fit(cls, training: torch.Tensor, held_out: torch.Tensor, groups: int) -> Domain | None:
        """Learns what training clips are like.

        Args:
            training: (N, dim) embeddings of training clips.
            held_out: (M, dim) embeddings of clips that training never saw, for the thresholds.
            groups: How many systems, or contents, the held-out clips come from: clips of one are alike, so few of them
                leave the outer threshold uncertain, and it lies 1 / (2 sqrt(groups)) farther out.

        Returns:
            None where there are fewer than ``FEWEST`` clips of either.
        """
        if min(len(training), len(held_out)) < FEWEST:
            return None
        found = cls._of(training)
        return found._with_thresholds(found.distance(held_out.float()), groups)

    @classmethod
    def cross_fit(cls, training: torch.Tensor, folds: torch.Tensor, groups: int) -> Domain | None:
        """Learns the same where heads of several folds were trained on all clips.

        The thresholds come from the distance of each fold's clips to those of the others.

        Args:
            training: (N, dim) embeddings of all clips.
            folds: (N,) the fold of each.
            groups: As in ``fit``.
        """
        far = torch.empty(len(training))
        for fold in folds.unique():
            own = folds == fold
            if int((~own).sum()) < FEWEST:
                return None
            far[own] = cls._of(training[~own]).distance(training[own].float())
        return cls._of(training)._with_thresholds(far, groups)

    @classmethod
    def _of(cls, training: torch.Tensor) -> Domain:
        training = training.double()
        mean, deviation = training.mean(0), training.std(0, correction=0)
        deviation = torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation))
        standard = ((training - mean) / deviation).clamp(-_LIMIT, _LIMIT)
        directions, variances, rest = _shrunk(standard)
        found = cls(mean, deviation, directions, variances, rest, torch.zeros(2, dtype=torch.float64))
        return cls(*(getattr(found, name).float() for name in _FIELDS))

    def _with_thresholds(self, far: torch.Tensor, groups: int) -> Domain:
        far = far.double()
        outer = far.quantile(_OUTSIDE_SHARE) * (1 + 0.5 / math.sqrt(max(1, groups)))
        self.thresholds = torch.stack([far.quantile(_EDGE_SHARE), outer]).float()
        return self

    def distance(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Returns how far clips are from the training clips, per dimension: about 1 for a training clip.

        Args:
            embeddings: (N, dim).

        Returns:
            (N,) distances, at least 0.
        """
        standard = ((embeddings - self.mean) / self.deviation).clamp(-_LIMIT, _LIMIT)
        along = standard @ self.directions.T
        beside = (standard.square().sum(1) - along.square().sum(1)).clamp_min(0)
        return ((along.square() / self.variances).sum(1).add(beside / self.rest) / standard.shape[1]).sqrt()

    def of(self, embeddings: torch.Tensor) -> list[str]:
        """Returns for each of N clips, (N, dim), ``INSIDE``, ``EDGE`` or ``OUTSIDE``."""
        inside, outside = self.thresholds.tolist()
        return [
            INSIDE if far <= inside else OUTSIDE if far > outside else EDGE
            for far in self.distance(embeddings).tolist()
        ]

    def tensors(self) -> dict[str, torch.Tensor]:
        """Returns what ``from_tensors`` takes, to be saved beside heads."""
        return {f"domain.{name}": getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> Domain | None:
        """Rebuilds it; None where it was not saved, as with heads of earlier versions."""
        if any(f"domain.{name}" not in tensors for name in _FIELDS):
            return None
        return cls(*(tensors[f"domain.{name}"] for name in _FIELDS))


def frame_statistics(clips: Sequence[torch.Tensor]) -> torch.Tensor:
    """Returns what tells of what kind clips are that are read along time.

    Args:
        clips: N tensors (T_i, dim).

    Returns:
        (N, 2 * dim): mean and deviation over time of every number.
    """
    rows = [torch.cat([frames.mean(0), frames.std(0, correction=0)]) for frames in (clip.float() for clip in clips)]
    return torch.stack(rows) if rows else torch.empty(0, 0)


def _shrunk(standard: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns the shrunk covariance of (N, dim) standardised rows: directions, variances along them, and the rest's.

    Ledoit and Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices", with the weight in
    terms of inner products of rows.
    """
    count, dim = standard.shape
    centred = standard - standard.mean(0)
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    values = singular.square() / count
    average = values.sum() / dim
    spread = (values.square().sum() - dim * average.square()).clamp_min(1e-12)  # |S - mu I|^2
    noise = (centred.square().sum(1).square().sum() / count - values.square().sum()) / count  # mean |x x' - S|^2 / n
    weight = (noise / spread).clamp(0.01, 1)
    kept = min(_DIRECTIONS, count - 1, dim)
    left = values[kept:].sum() / max(1, dim - kept)
    variances = torch.cat([values[:kept], left[None]])
    shrunk = ((1 - weight) * variances + weight * average).clamp_min(1e-6)
    return directions[:kept], shrunk[:-1], shrunk[-1]
