"""Scores from CLAP alone: no rating by any person went into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from qamro.predictors.base import Predictor, Score
from qamro.predictors.provenance import Provenance, encoder_label

if TYPE_CHECKING:
    from qamro.audio import Waveform

OPPOSED = (
    ("This is beautiful music that is a pleasure to hear.", "This is unpleasant music that is hard to bear."),
    ("A well composed and expressive piece of music.", "A random and meaningless sequence of sounds."),
    ("A clear, clean and natural recording of music.", "A noisy and distorted recording with artifacts."),
)
"""Pairs of prompts, the good one first: enjoyment, composition, sound."""


def alignment(audio: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
    """Maps the cosine of clip and prompt onto TA's scale: TA = 3 + 2 cos(a, t), from -1..1 to 1..5.

    As in the CLAP score that papers report, the cosine says how well a clip fits its prompt compared with others; the
    map onto 1..5 is a convention and not calibrated on ratings. Cosines of real pairs rarely leave 0 to 0.6.

    Args:
        audio: (N, dim) unit norm.
        text: (N, dim) unit norm.

    Returns:
        (N,) in [1, 5].
    """
    return 3 + 2 * (audio * text).sum(dim=1).clamp(-1, 1)


def impression(audio: torch.Tensor, good: torch.Tensor, bad: torch.Tensor, scale: float) -> torch.Tensor:
    """Maps how much closer a clip is to good prompts than to their opposites onto MI's scale.

    In the manner of PAM (arXiv 2402.00282): with s the logit scale that CLAP learned, and (g, b) one pair of opposed
    prompts, p = exp(s cos(a, g)) / (exp(s cos(a, g)) + exp(s cos(a, b))); MI = 1 + 4 mean(p) over the pairs. PAM asks
    for sound quality with one pair; the pairs here also ask for enjoyment and composition. Not calibrated on ratings.

    Args:
        audio: (N, dim) unit norm.
        good: (P, dim) unit norm.
        bad: (P, dim) unit norm, the opposites in the same order.
        scale: s, positive.

    Returns:
        (N,) in [1, 5].
    """
    return 1 + 4 * torch.sigmoid(scale * (audio @ (good - bad).T)).mean(dim=1)


class ZeroShot(Predictor):
    """MI by opposed prompts and TA by the cosine with the prompt.

    Attributes:
        encoder: A ``Clap`` with a tokenizer.
    """

    axes = ("MI", "TA")

    def __init__(self, encoder: Any, name: str = "clap") -> None:
        """Embeds the opposed prompts.

        Args:
            encoder: A ``Clap`` with a tokenizer.
            name: What the predictor is called.

        Raises:
            ValueError: The encoder has no tokenizer.
        """
        self.name, self.encoder = name, encoder
        self.sample_rate = encoder.sample_rate
        prompts = encoder.embed_text([prompt for pair in OPPOSED for prompt in pair])
        self._good, self._bad = prompts[0::2], prompts[1::2]
        label = encoder_label(encoder)
        self.provenance = {
            "MI": Provenance("zero-shot", label, f"{len(OPPOSED)} pairs of opposed prompts, uncalibrated"),
            "TA": Provenance("zero-shot", label, "3 + 2 cos(clip, prompt), uncalibrated"),
        }

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``."""
        if not waveforms:
            return []
        audio = self.encoder.embed_audio([(wave.samples, wave.sample_rate) for wave in waveforms])
        impressions = impression(audio, self._good, self._bad, self.encoder.logit_scale)
        results = [{"MI": Score(value)} for value in impressions.tolist()]
        asked = [i for i, prompt in enumerate(prompts) if prompt]
        if asked:
            text = self.encoder.embed_text([prompts[i] for i in asked])
            for i, value in zip(asked, alignment(audio[asked], text).tolist(), strict=True):
                results[i]["TA"] = Score(value)
        return results
