"""Many ScoreHeads of one shape as one module, so that they train and predict in the same few operations."""

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
            self.weights.append(nn.Parameter(torch.stack([linear.weight.detach().T for linear in linears])))
            self.biases.append(nn.Parameter(torch.stack([linear.bias.detach()[None] for linear in linears])))
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
        if standard.dim() == 2:
            standard = standard.expand(len(self), -1, -1)
        hidden = self._drop(functional.gelu(torch.baddbmm(self.biases[0], standard, self.weights[0])))
        hidden = self._drop(functional.gelu(torch.baddbmm(self.biases[1], hidden, self.weights[1])))
        return torch.baddbmm(self.biases[2], hidden, self.weights[2]).squeeze(-1) * self.out_std + self.out_mean

    def answer(self, standard: torch.Tensor) -> BranchOutput:
        """Predicts scores, with what training needs beside them: nothing, for heads that answer with a score alone."""
        return BranchOutput(self(standard))

    @property
    def scale(self) -> tuple[float, float] | None:
        """(low, high) of the bins of a distribution; None for heads that answer with a score alone."""
        return None

    def _drop(self, hidden: torch.Tensor) -> torch.Tensor:
        if not self.training or self.dropout == 0:
            return hidden
        share, count = self.share or (slice(None), hidden.shape[1])
        shape = (count, hidden.shape[2])
        draws = [torch.rand(shape, generator=g, device=hidden.device)[share] for g in self.generators]
        return hidden * (torch.stack(draws) >= self.dropout) / (1 - self.dropout)

    def unstack(self, states: Sequence[dict[str, torch.Tensor]] | None = None) -> list[ScoreHead]:
        """Writes weights back into the heads and returns them, ready to predict.

        Args:
            states: For each head the parameters to write, as ``state_of`` returned them; None for the present ones.
        """
        for m, head in enumerate(self.heads):
            state = states[m] if states is not None else self.state_of(m)
            with torch.no_grad():
                for place, linear in enumerate(head.linears):
                    linear.weight.copy_(state[f"weights.{place}"].T)
                    linear.bias.copy_(state[f"biases.{place}"][0])
            head.eval()
        return self.heads

    def state_of(self, m: int) -> dict[str, torch.Tensor]:
        """Returns a copy of one head's parameters."""
        return {name: value[m].detach().clone() for name, value in self.named_parameters()}
