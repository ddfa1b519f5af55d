"""Attention within windows of the spectrogram, as one fused step."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class WindowAttention(nn.Module):
    """Stands in for transformers' ``ClapAudioSelfAttention``: same numbers, fewer steps.

    One product makes queries, keys and values; relative position and shifted-window mask are added up beforehand
    (in every step where the positions are trained) and go into PyTorch's fused attention. The mask is the checkpoint's
    own, which laion-clap loads with the weights, where transformers computes it anew.

    Attributes:
        qkv: The three projections as one.
        heads: Number of heads.
        relative_position_bias_table: (distances, heads) bias for each relative position.
        bias: (1 or windows, heads, N, N): what is added to the attention scores.
    """

    bias: torch.Tensor
    index: torch.Tensor
    mask: torch.Tensor | None

    def __init__(self, qkv: nn.Linear, table: torch.Tensor, index: torch.Tensor, mask: torch.Tensor | None) -> None:
        """Adds up the bias.

        Args:
            qkv: (C → 3C).
            table: (distances, heads) bias for each relative position.
            index: (N, N) relative position of each pair of patches.
            mask: (windows, N, N) added to the scores in shifted windows; None where windows are not shifted.
        """
        super().__init__()
        self.qkv, self.heads = qkv, table.shape[1]
        self.relative_position_bias_table = nn.Parameter(table.detach(), requires_grad=False)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("bias", self._add_up(), persistent=False)

    def forward(self, hidden_states: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor]:
        """Attends within each window.

        Args:
            hidden_states: (clips * windows, N, C).

        Returns:
            A tuple of one tensor of the same shape, as its caller in transformers expects.
        """
        count, n, channels = hidden_states.shape
        qkv = self.qkv(hidden_states).view(count, n, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        trained = self.relative_position_bias_table.requires_grad
        bias = (self._add_up() if trained else self.bias).to(query.dtype)
        if len(bias) > 1:
            bias = bias.expand(count // len(bias), *bias.shape).reshape(count, *bias.shape[1:])
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return (mixed.transpose(1, 2).reshape(count, n, channels),)

    def _add_up(self) -> torch.Tensor:
        n = len(self.index)
        bias = self.relative_position_bias_table[self.index.flatten()].view(n, n, -1).permute(2, 0, 1)[None]
        return (bias if self.mask is None else bias + self.mask[:, None]).contiguous()
