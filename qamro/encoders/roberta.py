"""RoBERTa: the states of a prompt's tokens (arXiv 1907.11692)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from qamro.checkpoints import is_published
from qamro.encoders.clap import RobertaTokens
from qamro.encoders.text import token_states
from qamro.encoders.transformers_folder import open_network


class Roberta:
    """Reads prompts token by token, for models whose audio encoder knows no text.

    Attributes:
        name: ``"RoBERTa"``.
        revision: First twelve digits of the SHA-256 of the weights.
        published: Whether they are the published ones.
        token_dim: Width of a token's state, 768 in the published checkpoint.
        device: Where the network runs.
    """

    name = "RoBERTa"

    def __init__(self, network: Any, tokens: RobertaTokens, sha256: str, *, device: str | torch.device = "cpu") -> None:
        """Places a network on a device; see ``from_checkpoint``."""
        self.device = torch.device(device)
        self.revision, self.published = sha256[:12], is_published(sha256)
        self._network, self._tokens = network.to(self.device), tokens
        self.token_dim = int(network.config.hidden_size)

    @classmethod
    def from_checkpoint(cls, folder: Path | str, tokenizer: Path | str, **options: Any) -> Roberta:
        """Loads a folder of ``config.json`` and weights, and a folder of its tokenizer.

        Args:
            folder: As published.
            tokenizer: With ``tokenizer.json``, or ``vocab.json`` and ``merges.txt``.
            **options: ``device``.

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: A file is damaged or something else.
        """
        opened = open_network(folder, "RobertaModel", "roberta-base-network")
        return cls(opened.network, RobertaTokens(tokenizer), opened.sha256, **options)

    @torch.inference_mode()
    def embed_text_frames(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """Embeds texts token by token; what exceeds 77 tokens is cut off.

        Returns:
            N tensors (L_i, token_dim) float32 on the CPU, start and end marks included.
        """
        return token_states(self._network, self._tokens, texts, self.device)
