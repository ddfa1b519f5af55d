"""DistributionHead: from embeddings to a distribution over scores; and many of them as one stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from qamro.heads.score_head import LIMIT, BranchOutput, HeadStack
from qamro.losses import expected_score, gaussian_soft_labels

if TYPE_CHECKING:
    pass

BINS = 20
"""Bins of the distribution, as in the public code of ASTAR-NTU (arXiv 2507.09904)."""

MARGIN = 1 / 16
"""A scale that is taken from scores is wider than they are by this share at both ends, the σ of the labels."""


class DistributionHead(nn.Module):
    """Predicts one axis as a distribution over bins of its scale; the score is the expectation.

    With a text part, sound and prompt are each projected to one space, and the score is computed from the two
    projections and from the products of their components, whose sum is the cosine that SAMA trains. One architecture
    serves every objective: what training adds (logits, the cosine) is there or not, the parameters are the same.

    Attributes:
        text_dim: How many of an embedding's last components are the prompt's; 0 for none.
        low: Score of the first bin.
        high: Score of the last bin.
    """

    in_mean: Tensor
    in_std: Tensor
    out_mean: Tensor
    out_std: Tensor
    low: Tensor
    high: Tensor

    def __init__(
        self,
        dim: int,
        hidden: tuple[int, int] = (128, 64),
        dropout: float = 0.1,
        *,
        text_dim: int = 0,
        bins: int = BINS,
        scale: tuple[float, float] | None = None,
    ) -> None:
        """Makes the layers.

        Args:
            dim: Length of an embedding, that of the prompt included.
            hidden: Width of the projections, and of the layer behind them.
            dropout: Share of hidden units left out in training, in [0, 1).
            text_dim: Length of the prompt's embedding, which stands at the end; 0 for a head that reads no prompt.
            bins: Number of bins, at least two.
            scale: (low, high) of the axis; None takes it from the training MOS.
        """
        super().__init__()
        self.text_dim, self.dropout, self._scale = text_dim, dropout, scale
        names = {"audio": (dim - text_dim, hidden[0])}
        if text_dim:
            names["text"] = (text_dim, hidden[0])
        names["hidden"] = ((3 if text_dim else 1) * hidden[0], hidden[1])
        names["logits"] = (hidden[1], bins)
        self.layers = nn.ModuleDict({name: nn.Linear(*shape) for name, shape in names.items()})
        low, high = scale or (1.0, 5.0)
        for name, value in (("in_mean", torch.zeros(dim)), ("in_std", torch.ones(dim))):
            self.register_buffer(name, value)
        for name, number in (("out_mean", 0.0), ("out_std", 1.0), ("low", low), ("high", high)):
            self.register_buffer(name, torch.tensor(float(number)))

    @property
    def linears(self) -> list[nn.Linear]:
        """The linear layers, in order."""
        return [layer for layer in self.layers.values() if isinstance(layer, nn.Linear)]

    @property
    def scale(self) -> tuple[float, float]:
        """(low, high): the scores of the first and of the last bin."""
        return float(self.low), float(self.high)

    def calibrate_scales(self, features: Tensor, targets: Tensor) -> None:
        """Takes the standardisation from training clips, and the first guess: how their MOS are distributed.

        Args:
            features: (N, dim) embeddings.
            targets: (N,) MOS.
        """
        deviation, spread = features.std(0, correction=0), targets.std(correction=0)
        self.in_mean.copy_(features.mean(0))
        self.in_std.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))
        self.out_mean.copy_(targets.mean())
        self.out_std.copy_(spread if spread > 1e-6 else torch.ones_like(spread))
        if self._scale is None:
            least, most = targets.aminmax()
            room = MARGIN * (most - least) if most > least else torch.ones_like(most)
            self.low.copy_(least - room)
            self.high.copy_(most + room)
        low, high = self.scale
        last = self.linears[-1]
        width = 2 * MARGIN * (high - low)
        labels = gaussian_soft_labels(targets, bins=last.out_features, scale=self.scale, sigma=width)
        with torch.no_grad():
            last.bias.copy_(labels.mean(0).clamp(min=1e-4).log())

    def calibrate_like(self, other: DistributionHead) -> None:
        """Takes over what ``calibrate_scales`` told another head of the same clips, its first guess included."""
        for mine, known in zip(self.buffers(), other.buffers(), strict=True):
            mine.copy_(known)
        with torch.no_grad():
            self.linears[-1].bias.copy_(other.linears[-1].bias)

    def answer(self, features: Tensor) -> BranchOutput:
        """Predicts scores, with what training needs beside them.

        Args:
            features: (..., dim) embeddings.

        Returns:
            Scores (...,) within the scale, logits (..., bins), and cosines (...,) of sound and prompt, or None for a
            head that reads no prompt.
        """
        standard = ((features - self.in_mean) / self.in_std).clamp(-LIMIT, LIMIT)
        return answer(self._linear, self._drop, standard, self.text_dim, self.scale)

    def forward(self, features: Tensor) -> Tensor:
        """Predicts scores: (..., dim) embeddings to (...,) scores ŷ within the scale."""
        return self.answer(features).score

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return self.layers[name](x)

    def _drop(self, hidden: Tensor) -> Tensor:
        return functional.dropout(hidden, self.dropout, self.training)

    @classmethod
    def stack(cls, heads: Sequence[DistributionHead], seeds: Sequence[int]) -> DistributionStack:
        """Puts heads of one shape side by side, to train them in the same few operations."""
        return DistributionStack(heads, seeds)

    @classmethod
    def from_state(cls, state: dict[str, Tensor]) -> DistributionHead:
        """Rebuilds a head from its saved tensors.

        Raises:
            ValueError: The tensors are not a DistributionHead's.
        """
        try:
            shapes = {name: state[f"layers.{name}.weight"].shape for name in ("audio", "hidden", "logits")}
            text = state.get("layers.text.weight")
            text_dim = 0 if text is None else text.shape[1]
            hidden = (shapes["audio"][0], shapes["hidden"][0])
            head = cls(shapes["audio"][1] + text_dim, hidden, text_dim=text_dim, bins=shapes["logits"][0])
            head.load_state_dict(state)
        except (KeyError, RuntimeError, IndexError) as problem:
            raise ValueError(f"these tensors are not a DistributionHead's: {problem}") from problem
        return head.eval()


def answer(
    linear: Callable[[str, Tensor], Tensor],
    drop: Callable[[Tensor], Tensor],
    standard: Tensor,
    text_dim: int,
    scale: tuple[float, float],
) -> BranchOutput:
    """Computes a DistributionHead's answer with the given layers, of one head or of many.

    Args:
        linear: Applies the linear layer of a name.
        drop: Leaves hidden units out in training.
        standard: (..., dim) standardised embeddings.
        text_dim: How many of the last components are the prompt's.
        scale: (low, high) of the bins.
    """
    if text_dim:
        sound = linear("audio", standard[..., :-text_dim])
        text = linear("text", standard[..., -text_dim:])
        products = functional.normalize(sound, dim=-1) * functional.normalize(text, dim=-1)
        similarity = products.sum(-1)
        # Products of unit vectors are small; times the root of the width they are of the size of the other inputs.
        parts = (functional.gelu(sound), functional.gelu(text), products * sound.shape[-1] ** 0.5)
        hidden = torch.cat(parts, dim=-1)
    else:
        similarity, hidden = None, functional.gelu(linear("audio", standard))
    logits = linear("logits", drop(functional.gelu(linear("hidden", drop(hidden)))))
    return BranchOutput(expected_score(logits, scale), logits, similarity)


# Many DistributionHeads of one shape as one module, so that they train and predict in the same few operations.


class DistributionStack(HeadStack):
    """M heads side by side; head m computes exactly what it would compute alone."""

    def __init__(self, heads: Sequence[DistributionHead], seeds: Sequence[int]) -> None:
        """Stacks heads.

        Args:
            heads: M heads of one shape and one scale.
            seeds: M seeds, one for the dropout of each head.

        Raises:
            ValueError: There is no head, or shapes or scales differ.
        """
        super().__init__(heads, seeds)
        if len({(head.text_dim, *head.scale) for head in heads}) > 1:
            raise ValueError("heads with one scale and one text part can be stacked; these differ")
        self.text_dim, self._place = heads[0].text_dim, {name: k for k, name in enumerate(heads[0].layers)}
        self._scale = heads[0].scale

    @property
    def scale(self) -> tuple[float, float]:
        """(low, high): the scores of the first and of the last bin."""
        return self._scale

    def answer(self, standard: Tensor) -> BranchOutput:
        """Predicts scores, with what training needs beside them.

        Args:
            standard: Standardised embeddings, (N, dim) or (M, N, dim).

        Returns:
            Scores (M, N), logits (M, N, bins), and cosines (M, N) or None.
        """
        if standard.dim() == 2:
            standard = standard.expand(len(self), -1, -1)
        return answer(self._linear, self._drop, standard, self.text_dim, self._scale)

    def forward(self, standard: Tensor) -> Tensor:
        """Predicts scores: standardised embeddings to (M, N) scores ŷ within the scale."""
        return self.answer(standard).score

    def _linear(self, name: str, x: Tensor) -> Tensor:
        place = self._place[name]
        return torch.baddbmm(self.biases[place].mT, x, self.weights[place].mT)
