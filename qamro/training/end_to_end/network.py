"""Encoder and heads as one network: clips and prompts in, the answers of every axis out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import nn

from qamro.encoders.precision import autocast
from qamro.heads.branch_output import BranchOutput
from qamro.heads.kinds import Head
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.end_to_end.gradient_cache import Answers
from qamro.training.end_to_end.tower import Prepared, Tower, device_of
from qamro.training.objective import Objective
from qamro.training.scored import Scored


class Item(NamedTuple):
    """A clip as the network takes it, and its prompt (empty for none)."""

    clip: Prepared
    prompt: str


class Network(nn.Module):
    """A tower with one head an axis; the audio embedding goes to each, the prompt's besides to those that need it.

    Attributes:
        tower: The encoder.
        heads: For each axis, its head.
        dtype: What matrix products are computed in.
    """

    def __init__(self, tower: Tower, heads: Mapping[str, Head], dtype: torch.dtype = torch.float32) -> None:
        """Puts them together."""
        super().__init__()
        self.tower, self.dtype = tower, dtype
        self.axes = list(heads)
        self._heads = nn.ModuleList(heads.values())

    @property
    def heads(self) -> dict[str, Head]:
        """For each axis, its head."""
        return {axis: cast("Head", head) for axis, head in zip(self.axes, self._heads, strict=True)}

    def features(self, items: Sequence[Item]) -> dict[bool, torch.Tensor]:
        """Embeds items: under False the sound, (N, dim), under True with the prompt behind it, where it is needed."""
        with autocast(device_of(self), self.dtype):
            audio = self.tower.embed_audio([item.clip for item in items]).float()
            found = {False: audio}
            if any(axis in NEEDS_PROMPT for axis in self.axes):
                text = self.tower.embed_text([item.prompt for item in items]).float()
                found[True] = torch.cat([audio, text], dim=1)
        return found

    def forward(self, items: Sequence[Item]) -> Answers:
        """Answers for N items: tensors (N, …) under ``AXIS/score``, ``AXIS/logits``, ``AXIS/similarity``."""
        features = self.features(items)
        answers: Answers = {}
        for axis, head in self.heads.items():
            output = head.answer(features[axis in NEEDS_PROMPT])
            answers |= {f"{axis}/{name}": value for name, value in output._asdict().items() if value is not None}
        return answers


def loss_of(
    heads: Mapping[str, Head],
    objectives: Mapping[str, Objective],
    answers: Answers,
    targets: Mapping[str, torch.Tensor],
) -> torch.Tensor:
    """Returns the sum over axes of each one's loss.

    Args:
        heads: For each axis, its head, which knows the scale of the scores.
        objectives: For each axis, its objective.
        answers: For B clips.
        targets: For each axis (B,) MOS; NaN where a clip is not rated on it.
    """
    losses = []
    for axis, head in heads.items():
        rated = ~torch.isnan(targets[axis])
        if rated.any():
            extra = [answers.get(f"{axis}/{name}") for name in ("logits", "similarity")]
            logits, similarity = [None if value is None else value[rated][None] for value in extra]
            answer = BranchOutput(answers[f"{axis}/score"][rated][None], logits, similarity)
            scored = Scored(answer, head.out_mean, head.out_std, head.scale)
            losses.append(scored.losses([objectives[axis]], targets[axis][rated])[0])
    return torch.stack(losses).sum() if losses else next(iter(answers.values())).sum() * 0
