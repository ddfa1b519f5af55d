"""Texts as sequences: the last states of a RoBERTa, one a token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

_AT_ONCE = 32

Tokens = Callable[[Sequence[str]], tuple[torch.Tensor, torch.Tensor]]


def token_states(network: Any, tokens: Tokens, texts: Sequence[str], device: torch.device) -> list[torch.Tensor]:
    """Embeds texts token by token.

    Args:
        network: transformers' RoBERTa, or one of its kind.
        tokens: Turns texts into ids and attention mask, padded at the end.
        texts: N texts.
        device: Where the network runs.

    Returns:
        N tensors (L_i, width) float32 on the CPU, start and end marks included, padding left out.
    """
    found: list[torch.Tensor] = []
    for first in range(0, len(texts), _AT_ONCE):
        ids, mask = tokens(texts[first : first + _AT_ONCE])
        states = network(input_ids=ids.to(device), attention_mask=mask.to(device)).last_hidden_state.float().cpu()
        found += [row[:length].clone() for row, length in zip(states, mask.sum(1).tolist(), strict=True)]
    return found
