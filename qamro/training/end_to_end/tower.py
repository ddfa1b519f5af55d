"""What every encoder that is trained shows: how it takes a clip, and what it makes of it with gradients."""

from __future__ import annotations

import abc
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

Prepared = list[tuple[np.ndarray, float]]
"""A clip as a tower takes it: its windows, each with its weight in the clip's embedding."""


class Tower(nn.Module, abc.ABC):
    """A pretrained network as a trainable module. Its embeddings are those of the encoder that loads what it saves.

    Attributes:
        kind: What ``--encoder`` calls it.
        sample_rate: Of the clips that it takes, Hz.
        audio_dim: Length of an audio embedding.
        text_dim: Length of a text embedding; 0 for a tower that reads no prompts.
        source: Which weights it starts from: the first digits of their SHA-256.
    """

    kind: str
    source: str
    sample_rate: int
    audio_dim: int
    text_dim: int = 0

    @abc.abstractmethod
    def prepare(self, samples: np.ndarray) -> Prepared:
        """Turns a clip, (T,) float32 at ``sample_rate``, into what ``embed_audio`` takes; nothing here is trained."""

    @abc.abstractmethod
    def embed_audio(self, clips: Sequence[Prepared]) -> torch.Tensor:
        """Embeds N clips with gradients: (N, audio_dim)."""

    def embed_text(self, prompts: Sequence[str]) -> torch.Tensor:
        """Embeds N prompts with gradients: (N, text_dim).

        Raises:
            ValueError: This tower reads no text.
        """
        raise ValueError(f"{self.kind} reads no prompts; an axis that needs them cannot be trained on it")

    @abc.abstractmethod
    def stages(self) -> list[list[nn.Module]]:
        """Returns its parts from the input to the output; ``train_last`` counts them from the end."""

    @abc.abstractmethod
    def save(self, folder: Path) -> Path:
        """Writes the network so that its encoder opens it again; returns the file of the weights."""

    def train_last(self, count: int | None) -> None:
        """Trains the last ``count`` stages and freezes those before; None trains everything.

        Raises:
            ValueError: There are not as many stages.
        """
        stages = self.stages()
        if count is not None and not 0 <= count <= len(stages):
            raise ValueError(f"{self.kind} has {len(stages)} stages to train; choose 0 to {len(stages)}, not {count}")
        self.requires_grad_(count is None)
        for part in stages[len(stages) - count :] if count else ():
            for module in part:
                module.requires_grad_(True)

    def checkpoint_activations(self) -> None:
        """Keeps layer inputs only and computes the rest again on the way back: less memory, a third more time."""
        from torch.utils.checkpoint import checkpoint
        from transformers.modeling_layers import GradientCheckpointingLayer

        for module in self.modules():
            if isinstance(module, GradientCheckpointingLayer):
                module.gradient_checkpointing = True
                vars(module)["_gradient_checkpointing_func"] = partial(checkpoint, use_reentrant=False)

    def train(self, mode: bool = True) -> Tower:
        """Switches dropout; statistics of batches stay as they were pretrained, since parts of a batch have others."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


def pooled(rows: torch.Tensor, clips: Sequence[Prepared]) -> torch.Tensor:
    """Sums windows up to clips by their weights.

    Args:
        rows: (windows of all clips, dim), in order.
        clips: N clips.

    Returns:
        (N, dim).
    """
    weights = torch.tensor([weight for clip in clips for _, weight in clip], device=rows.device, dtype=rows.dtype)
    of_clip = torch.tensor([i for i, clip in enumerate(clips) for _ in clip], device=rows.device)
    return rows.new_zeros(len(clips), rows.shape[1]).index_add(0, of_clip, rows * weights[:, None])


def device_of(module: nn.Module) -> torch.device:
    """Returns where a module's parameters are."""
    return next(module.parameters()).device


def write_tensors(tensors: Iterable[tuple[str, torch.Tensor]], file: Path) -> Path:
    """Writes named tensors as safetensors, whole or not at all; returns the file."""
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    held: dict[str, Any] = {name: value.detach().cpu().contiguous().clone() for name, value in tensors}
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch()
    mode = part.stat().st_mode  # safetensors' own writer makes files that only their owner may read, whatever the umask
    save_file(held, part, {"format": "pt"})
    part.chmod(mode)
    os.replace(part, file)
    return file
