"""FoldHeads: heads of several folds as one, which together have learnt from every rating of a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from qamro.heads.distribution_head import DistributionHead
    from qamro.heads.score_head import ScoreHead

PREFIX = "folds."
"""How the names of its tensors begin."""


class FoldHeads(nn.Module):
    """The mean of the heads of K folds, each of which was trained without its own part of the study.

    A clip of the study is predicted by the heads of its fold alone, which never saw its group; any other clip by all.
    With these predictions means of systems may be estimated by the same ratings that trained the heads (Zrnic and
    Candès, "Cross-prediction-powered inference", arXiv 2309.16598).

    Attributes:
        folds: For each fold its heads, one a seed.
    """

    def __init__(self, folds: Sequence[Sequence[ScoreHead | DistributionHead]]) -> None:
        """Takes trained heads.

        Args:
            folds: For each of K folds, its heads, one at least.
        """
        super().__init__()
        self.folds = nn.ModuleList(nn.ModuleList(heads) for heads in folds)

    @property
    def kind(self) -> str:
        """What each of its heads is, in a word."""
        return type(self.each[0][0]).__name__

    @property
    def each(self) -> list[list[ScoreHead | DistributionHead]]:
        """For each fold, its heads."""
        return [list(cast("Iterable[ScoreHead | DistributionHead]", heads)) for heads in self.folds]

    def forward(self, features: Tensor) -> Tensor:
        """Predicts scores of clips that no head was trained on: (..., dim) embeddings to (...,)."""
        return torch.stack([self.of_fold(k, features) for k in range(len(self.folds))]).mean(0)

    def of_fold(self, fold: int, features: Tensor) -> Tensor:
        """Predicts scores by the heads of one fold: (..., dim) embeddings to (...,)."""
        return torch.stack([head(features) for head in self.each[fold]]).mean(0)

    def unseen(self, features: Tensor, fold: Sequence[int]) -> Tensor:
        """Predicts each clip by heads that never saw its group: (N, dim) embeddings to (N,).

        Args:
            features: Embeddings.
            fold: N numbers: the fold that the clip is tested in, ``NO_FOLD`` for one that no head was trained on.
        """
        places, scores = torch.as_tensor(fold, device=features.device), self(features)
        for k in set(fold) - {NO_FOLD}:
            rows = (places == k).nonzero()[:, 0]
            scores[rows] = self.of_fold(k, features[rows])
        return scores

    @classmethod
    def from_state(cls, state: dict[str, Tensor]) -> FoldHeads:
        """Rebuilds it from its saved tensors.

        Raises:
            ValueError: The tensors are no heads'.
        """
        from qamro.heads.bundle import below, plain_head

        def count(prefix: str) -> int:
            return 1 + max(int(key[len(prefix) :].partition(".")[0]) for key in state if key.startswith(prefix))

        return cls([
            [plain_head(below(state, f"{PREFIX}{k}.{m}")) for m in range(count(f"{PREFIX}{k}."))]
            for k in range(count(PREFIX))
        ]).eval()  # fmt: skip


# Which heads a clip may be predicted by: clips of the study are known again by their sound.

NO_FOLD = -1
"""In place of a fold, for a clip that is none of the study's."""

_NUMBERS = 16
_NEAR = 0.02
"""Distance, in deviations of the study's clips, within which an embedding is the same sound's."""

_FIELDS = ("projection", "keys", "fold")


@dataclass
class KnownClips:
    """The clips of a study that heads were trained on in folds, by a few numbers of each one's embedding.

    Attributes:
        projection: (dim, 16) random directions, in deviations of the clips' embeddings.
        keys: (N, 16) the clips along them.
        fold: (N,) the fold that tests each clip.
    """

    projection: Tensor
    keys: Tensor
    fold: Tensor

    @classmethod
    def of_clips(cls, audio: Tensor, fold: Sequence[int]) -> KnownClips:
        """Keeps what tells clips apart.

        Args:
            audio: (N, dim) embeddings of their sound.
            fold: N folds.
        """
        deviation = audio.std(0, correction=0)
        deviation = torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation))
        directions = torch.randn(audio.shape[1], _NUMBERS, generator=torch.Generator().manual_seed(0))
        projection = directions / deviation[:, None] / audio.shape[1] ** 0.5
        return cls(projection, audio @ projection, torch.tensor(fold))

    def folds_of(self, audio: Tensor) -> list[int]:
        """Returns the fold of each of M clips, (M, dim): ``NO_FOLD`` for those that are none of the study's."""
        far = torch.cdist(audio.float() @ self.projection, self.keys, p=torch.inf)
        nearest, places = far.min(1)
        folds = self.fold[places]
        return [int(fold) for fold in torch.where(nearest < _NEAR, folds, torch.full_like(folds, NO_FOLD))]

    def tensors(self) -> dict[str, Tensor]:
        """Returns what ``from_tensors`` takes, to be saved beside heads."""
        return {f"clips.{name}": getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> KnownClips | None:
        """Rebuilds it; None where heads were not trained in folds."""
        if any(f"clips.{name}" not in tensors for name in _FIELDS):
            return None
        return cls(*(tensors[f"clips.{name}"] for name in _FIELDS))
