"""ScoreHead: three linear layers from an embedding to a score; and many of them as one stack."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    pass

LIMIT = 6.0
"""Standardised inputs are held to this many deviations: a value far outside the training range cannot run away."""

_DRAWING = threading.Lock()


@contextmanager
def drawn_by(seed: int) -> Iterator[None]:
    """Lets a module draw its initial weights by a seed, whatever other threads make meanwhile.

    They come from torch's one generator, which all threads share: whoever makes a module in a thread makes it in here,
    be it to overwrite its weights.
    """
    with _DRAWING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


class ScoreHead(nn.Module):
    """Predicts one axis from one embedding.

    The published QAMRO code stacks linear layers without an activation, which is one linear layer; this head has one.
    Inputs are standardised, and the output is scaled back, by statistics of the training clips that are kept
    with the weights.

    Attributes:
        in_mean: (dim,) mean of the training embeddings.
        in_std: (dim,) their standard deviation, 1 where it is zero.
        out_mean: Mean of the training MOS.
        out_std: Its standard deviation.
    """

    in_mean: torch.Tensor
    in_std: torch.Tensor
    out_mean: torch.Tensor
    out_std: torch.Tensor

    def __init__(self, dim: int, hidden: tuple[int, int] = (128, 64), dropout: float = 0.1) -> None:
        """Makes the layers.

        Args:
            dim: Length of an embedding.
            hidden: Widths of the two hidden layers.
            dropout: Share of hidden units left out in training, in [0, 1).
        """
        super().__init__()
        self.dropout = dropout
        self.layers = nn.Sequential(
            nn.Linear(dim, hidden[0]),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden[0], hidden[1]),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden[1], 1),
        )
        self.register_buffer("in_mean", torch.zeros(dim))
        self.register_buffer("in_std", torch.ones(dim))
        self.register_buffer("out_mean", torch.zeros(()))
        self.register_buffer("out_std", torch.ones(()))

    def calibrate_scales(self, features: torch.Tensor, targets: torch.Tensor) -> None:
        """Takes the standardisation from training clips.

        Args:
            features: (N, dim) embeddings.
            targets: (N,) MOS.
        """
        deviation = features.std(0, correction=0)
        self.in_mean.copy_(features.mean(0))
        self.in_std.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))
        self.out_mean.copy_(targets.mean())
        spread = targets.std(correction=0)
        self.out_std.copy_(spread if spread > 1e-6 else torch.ones_like(spread))

    def calibrate_like(self, other: ScoreHead) -> None:
        """Takes over what ``calibrate_scales`` told another head of the same clips."""
        for mine, known in zip(self.buffers(), other.buffers(), strict=True):
            mine.copy_(known)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Predicts scores.

        Args:
            features: (..., dim) embeddings.

        Returns:
            (...,) scores ŷ on the scale of the training MOS; not clipped to the axis's range.
        """
        standard = ((features - self.in_mean) / self.in_std).clamp(-LIMIT, LIMIT)
        return self.layers(standard).squeeze(-1) * self.out_std + self.out_mean

    def answer(self, features: torch.Tensor) -> BranchOutput:
        """Predicts scores, with what training needs beside them: nothing."""
        return BranchOutput(self(features))

    @property
    def scale(self) -> tuple[float, float] | None:
        """(low, high) of the bins of a distribution: there are none."""
        return None

    @property
    def linears(self) -> list[nn.Linear]:
        """The three linear layers, in order."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    @classmethod
    def stack(cls, heads: Sequence[ScoreHead], seeds: Sequence[int]) -> HeadStack:
        """Puts heads of one shape side by side, to train them in the same few operations."""
        return HeadStack(heads, seeds)

    @classmethod
    def from_state(cls, state: dict[str, torch.Tensor]) -> ScoreHead:
        """Rebuilds a head from its saved tensors.

        Raises:
            ValueError: The tensors are not a ScoreHead's.
        """
        try:
            first, second = state["layers.0.weight"], state["layers.3.weight"]
            head = cls(first.shape[1], (first.shape[0], second.shape[0]))
            head.load_state_dict(state)
        except (KeyError, RuntimeError, IndexError) as problem:
            raise ValueError(f"these tensors are not a ScoreHead's: {problem}") from problem
        return head.eval()


# Many ScoreHeads of one shape as one module, so that they train and predict in the same few operations.
#
# Activations are kept as (M, units, clips): the first layers of all heads, which read the same embeddings, are then
# one product of matrices, and no layer has to be turned round for the next one.


class HeadStack(nn.Module):
    """M heads side by side; head m computes exactly what it would compute alone.

    Attributes:
        heads: The heads that were stacked; ``unstack`` writes the trained weights back to them.
        dropout: Share of hidden units left out in training.
        share: Which rows of a batch, and how many the whole batch has, when another process computes the others: what
            dropout draws must not depend on who computes what. None for the whole batch.
    """

    share: tuple[slice, int] | None = None
    in_mean: torch.Tensor
    in_std: torch.Tensor
    out_mean: torch.Tensor
    out_std: torch.Tensor

    def __init__(self, heads: Sequence[Any], seeds: Sequence[int]) -> None:
        """Stacks heads.

        Args:
            heads: M heads of one kind and one shape: ``ScoreHead``, or of the kind that a subclass stacks.
            seeds: M seeds, one for the dropout of each head.

        Raises:
            ValueError: There is no head, or the shapes differ.
        """
        super().__init__()
        shapes = {tuple(parameter.shape for parameter in head.parameters()) for head in heads}
        if len(shapes) != 1:
            raise ValueError(f"heads of one shape can be stacked; these have {len(shapes)} shapes")
        self.heads = list(heads)
        self.dropout = heads[0].dropout
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for layer in range(len(heads[0].linears)):
            linears = [head.linears[layer] for head in heads]
            self.weights.append(nn.Parameter(torch.stack([linear.weight.detach() for linear in linears])))
            self.biases.append(nn.Parameter(torch.stack([linear.bias.detach()[:, None] for linear in linears])))
        for name in ("in_mean", "in_std", "out_mean", "out_std"):
            self.register_buffer(name, torch.stack([getattr(head, name) for head in heads])[:, None])
        device = self.in_mean.device
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __len__(self) -> int:
        return len(self.heads)

    def standardise(self, features: torch.Tensor, each: int = 1) -> torch.Tensor:
        """Standardises inputs by the heads' own statistics.

        Args:
            features: (N, dim) embeddings.
            each: How many heads in a row are known to share theirs.

        Returns:
            (M / each, N, dim); (N, dim) where ``each`` is M, or all heads share their statistics and it is 1.
        """
        shared = bool((self.in_mean == self.in_mean[:1]).all() and (self.in_std == self.in_std[:1]).all())
        if each == len(self) or (each == 1 and shared):
            mean, deviation = self.in_mean[0], self.in_std[0]
        else:
            mean, deviation = self.in_mean[::each], self.in_std[::each]
        return ((features - mean) / deviation).clamp(-LIMIT, LIMIT)

    def forward(self, standard: torch.Tensor) -> torch.Tensor:
        """Predicts scores.

        Args:
            standard: Standardised embeddings, (N, dim) or (M, N, dim).

        Returns:
            (M, N) scores ŷ on the scale of the training MOS.
        """
        hidden = self._first(standard)
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            hidden = torch.baddbmm(bias, weight, self._drop(functional.gelu(hidden), clips=-1))
        return hidden.squeeze(1) * self.out_std + self.out_mean

    def _first(self, standard: torch.Tensor) -> torch.Tensor:
        """The first layers: (N, dim) or (M, N, dim) to (M, units, N)."""
        weight, bias = self.weights[0], self.biases[0]
        if standard.dim() == 3:
            return torch.baddbmm(bias, weight, standard.mT)
        return torch.addmm(bias.flatten(0, 1), weight.flatten(0, 1), standard.T).unflatten(0, weight.shape[:2])

    def answer(self, standard: torch.Tensor) -> BranchOutput:
        """Predicts scores, with what training needs beside them: nothing, for heads that answer with a score alone."""
        return BranchOutput(self(standard))

    @property
    def scale(self) -> tuple[float, float] | None:
        """(low, high) of the bins of a distribution; None for heads that answer with a score alone."""
        return None

    def _drop(self, hidden: torch.Tensor, clips: int = 1) -> torch.Tensor:
        """Leaves out units in training, each head by its own seed; ``clips`` is the dimension of the clips."""
        if not self.training or self.dropout == 0:
            return hidden
        share, count = self.share or (slice(None), hidden.shape[clips])
        units = hidden.shape[1 if clips == -1 else 2]
        # Sixteen random bits decide on a unit: four units a draw. A head draws the same whatever the layout.
        draws = torch.empty(len(self), -(-units * count // 4), dtype=torch.int64, device=hidden.device)
        for row, generator in zip(draws, self.generators, strict=True):
            row.random_(-(2**63), None, generator=generator)
        bits = draws.view(torch.int16)[:, : units * count].unflatten(1, (units, count))[..., share]
        mask = (bits >= round(self.dropout * 65536) - 32768).to(hidden.dtype).mul_(1 / (1 - self.dropout))
        return hidden.mul_(mask if clips == -1 else mask.mT)

    def unstack(self, states: Sequence[dict[str, torch.Tensor]] | None = None) -> list[ScoreHead]:
        """Writes weights back into the heads and returns them, ready to predict.

        Args:
            states: For each head the parameters to write, as ``state_of`` returned them; None for the present ones.
        """
        for m, head in enumerate(self.heads):
            state = states[m] if states is not None else self.state_of(m)
            with torch.no_grad():
                for place, linear in enumerate(head.linears):
                    linear.weight.copy_(state[f"weights.{place}"])
                    linear.bias.copy_(state[f"biases.{place}"][:, 0])
            head.eval()
        return self.heads

    def state_of(self, m: int) -> dict[str, torch.Tensor]:
        """Returns a copy of one head's parameters."""
        return {name: value[m].detach().clone() for name, value in self.named_parameters()}


class BranchOutput(NamedTuple):
    """The answer of one branch for B clips.

    Attributes:
        score: (B,) scores ŷ on the axis's scale.
        logits: (B, K) of a distribution over K bins, or of K ordered thresholds; None for a plain score.
        similarity: (B,) cosine of audio and text in their common space, in [-1, 1]; None for a branch without text.
    """

    score: Tensor
    logits: Tensor | None = None
    similarity: Tensor | None = None
