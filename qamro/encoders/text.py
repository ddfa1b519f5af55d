"""Prompts as numbers: hashed words without a download, and a RoBERTa's states token by token."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import torch

TEXT_DIM = 256
"""Length of a text encoding."""

_WORD = re.compile(r"[^\W_]+", re.UNICODE)


def hash_texts(texts: Sequence[str]) -> torch.Tensor:
    """Encodes texts by signed feature hashing (Weinberger et al. 2009) of their words and word pairs.

    The encoding knows which words stand in a text and nothing about what they mean: a head learns the words that its
    study uses, and unknown words are noise to it.

    Args:
        texts: N texts in any language; case does not matter.

    Returns:
        (N, TEXT_DIM) float32 of unit norm; a text without a word is all zeros.
    """
    rows = torch.zeros(len(texts), TEXT_DIM)
    for row, text in zip(rows, texts, strict=True):
        words = _WORD.findall(text.casefold())
        for token in [*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))]:
            _add(row, token)
    return torch.nn.functional.normalize(rows, dim=1)


def hash_tokens(texts: Sequence[str]) -> list[torch.Tensor]:
    """Encodes texts word by word: each row holds a word and the pair that it ends.

    The sum of a text's rows, brought to unit norm, is its encoding by ``hash_texts``.

    Args:
        texts: N texts, as for ``hash_texts``.

    Returns:
        N tensors (words, TEXT_DIM) float32; a text without a word is one row of zeros.
    """
    found = []
    for text in texts:
        words = _WORD.findall(text.casefold())
        rows = torch.zeros(max(1, len(words)), TEXT_DIM)
        for i, word in enumerate(words):
            _add(rows[i], word)
            if i:
                _add(rows[i], f"{words[i - 1]} {word}")
        found.append(rows)
    return found


def _add(row: torch.Tensor, token: str) -> None:
    code = zlib.crc32(token.encode())
    row[code % TEXT_DIM] += 1.0 if code & 0x80000000 else -1.0


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
