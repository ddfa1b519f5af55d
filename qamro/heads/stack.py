"""Many ScoreHeads of one shape as one module, so that they train and predict in the same few operations.

Activations are kept as (M, units, clips): the first layers of all heads, which read the same embeddings, are then one
product of matrices, and no layer has to be turned round for the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from qamro.heads.branch_output import BranchOutput
from qamro.heads.score_head import LIMIT, ScoreHead


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

    def standardise(self, features: torch.Tensor) -> torch.Tensor:
        """Standardises inputs by the heads' own statistics.

        Args:
            features: (N, dim) embeddings.

        Returns:
            (N, dim) when all heads share their statistics, else (M, N, dim).
        """
        shared = bool((self.in_mean == self.in_mean[:1]).all() and (self.in_std == self.in_std[:1]).all())
        mean, deviation = (self.in_mean[0], self.in_std[0]) if shared else (self.in_mean, self.in_std)
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
