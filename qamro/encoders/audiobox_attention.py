"""WavLM's attention: relative positions, let through by a gate that the sound itself opens (arXiv 2110.13900)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class GatedAttention(nn.Module):
    """Stands in for the original's ``MultiheadAttention``: same numbers, one product for queries, keys and values.

    Attributes:
        heads: Number of heads.
    """

    def __init__(self, original: Any) -> None:
        """Takes the original's weights."""
        super().__init__()
        parts = (original.q_proj, original.k_proj, original.v_proj)
        weight = torch.cat([part.weight for part in parts])
        self.heads = original.num_heads
        self.qkv = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
        joint = {"weight": weight, "bias": torch.cat([part.bias for part in parts])}
        self.qkv.load_state_dict(joint, assign=True)
        self.out_proj = original.out_proj
        self.gate = original.grep_linear
        self.gate_scale = original.grep_a

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor, padding: torch.Tensor | None) -> torch.Tensor:
        """Attends over all frames that are not padding.

        The gate of frame i is g·(r·a - 1) + 2, with g and r from the frame itself and a learned for each head; it
        multiplies the bias of all its relative positions.

        Args:
            hidden: (B, T, C).
            bias: (heads, T, T) bias of relative positions.
            padding: (B, T) True where a frame is padding; None where none is.

        Returns:
            (B, T, C).
        """
        batch, frames, channels = hidden.shape
        split = hidden.view(batch, frames, self.heads, -1).transpose(1, 2)
        gates = torch.sigmoid(self.gate(split).view(batch, self.heads, frames, 2, 4).sum(-1))
        gate, reset = gates.chunk(2, dim=-1)
        mask = (gate * (reset * self.gate_scale - 1.0) + 2.0) * bias
        if padding is not None:
            mask = mask.masked_fill(padding[:, None, None], -torch.inf)
        query, key, value = self.qkv(hidden).view(batch, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask.to(query.dtype))
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, frames, channels))
