"""A predictor made of an encoder and a folder of trained heads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import get_axis
from qamro.predictors.base import Predictor, Score
from qamro.predictors.origin import encoder_label
from qamro.predictors.provenance import Provenance

if TYPE_CHECKING:
    from qamro.audio import Waveform
    from qamro.heads import Card

NEEDS_PROMPT = ("TA",)
"""Axes that are judged against a prompt: their head reads the audio and the text embedding."""


class HeadPredictor(Predictor):
    """Scores clips with one trained head an axis.

    Attributes:
        encoder: What turns clips and prompts into embeddings.
        card: The heads' card.
    """

    def __init__(self, name: str, encoder: Any, folder: Path | str) -> None:
        """Loads the heads and checks that they belong to the encoder.

        Args:
            name: What the predictor is called.
            encoder: An encoder (see ``docs/architecture.md``).
            folder: A folder of heads with their card.

        Raises:
            FileNotFoundError: The folder holds no heads.
            ValueError: The heads belong to another encoder.
        """
        from qamro.heads import HeadBundle

        bundle = HeadBundle.load(folder, encoder.name, encoder.revision)
        self.name = name
        self.encoder = encoder
        self.sample_rate = encoder.sample_rate
        self.card = bundle.card
        self.axes = tuple(bundle.heads)
        self._heads = bundle.heads
        source = encoder_label(encoder)
        study = study_in_words(self.card)
        self.provenance = {
            axis: Provenance(self.card.kind, source, type(head).__name__, study, self.card.interval)
            for axis, head in self._heads.items()
        }

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``. Scores are held to the axis's scale."""
        import torch

        with torch.inference_mode():
            audio = self.encoder.embed_audio([(wave.samples, wave.sample_rate) for wave in waveforms])
            read = any(prompts) and any(axis in NEEDS_PROMPT for axis in self._heads)
            with_text = torch.cat([audio, self.encoder.embed_text(list(prompts))], dim=1) if read else audio
            results: list[dict[str, Score]] = [{} for _ in waveforms]
            for axis, head in self._heads.items():
                if axis in NEEDS_PROMPT and not any(prompts):
                    continue
                values = head(with_text if axis in NEEDS_PROMPT else audio).tolist()
                for result, value, prompt in zip(results, values, prompts, strict=True):
                    if prompt or axis not in NEEDS_PROMPT:
                        result[axis] = held_to_scale(axis, value, self.card.half_width.get(axis, float("nan")))
        return results


def held_to_scale(axis: str, value: float, width: float) -> Score:
    """Returns a score with its interval, both within the axis's scale where it has ends.

    Args:
        axis: The axis.
        value: ŷ as the head gave it.
        width: Half the width of the interval; NaN where none is known, infinite where none could be calibrated.
    """
    scale = get_axis(axis)
    if not scale.has_range:
        known = width if math.isfinite(width) else math.nan
        return Score(value, value - known, value + known)
    low, high = scale.low, scale.high
    held = min(max(value, low), high)
    return Score(held, max(held - width, low), min(held + width, high))


def study_in_words(card: Card) -> str:
    """Names the study of a card, with its size."""
    return f"{card.study['name']}, {card.study['clips']} clips of {card.study['systems']} systems"
