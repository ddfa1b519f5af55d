"""Predictors made of an encoder, frozen or trained along, and a folder of trained heads."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import NEEDS_PROMPT, get_axis
from qamro.counts import count
from qamro.domains import OUTSIDE, UNKNOWN
from qamro.predictors.base import Predictor, Provenance, Score, encoder_label

if TYPE_CHECKING:
    import torch

    from qamro.audio import Waveform
    from qamro.heads import Card
    from qamro.heads.domain import Domain


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
        from qamro.heads.domain import Domain

        bundle = HeadBundle.load(folder, encoder.name, encoder.revision)
        self.name = name
        self.encoder = encoder
        self.sample_rate = encoder.sample_rate
        self.card = bundle.card
        self.axes = tuple(bundle.heads)
        self._heads = bundle.heads
        self._domain = Domain.from_tensors(bundle.extra)
        source = encoder_label(encoder)
        self.provenance = {
            axis: provenance_of(self.card, source, type(head).__name__) for axis, head in self._heads.items()
        }

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``. Scores are held to the axis's scale."""
        import torch

        with torch.inference_mode():
            audio = self.encoder.embed_audio([(wave.samples, wave.sample_rate) for wave in waveforms])
            read = any(prompts) and any(axis in NEEDS_PROMPT for axis in self._heads)
            with_text = torch.cat([audio, self.encoder.embed_text(list(prompts))], dim=1) if read else audio
            results: list[dict[str, Score]] = [{} for _ in waveforms]
            domains = domains_of(self._domain, audio)
            for axis, head in self._heads.items():
                if axis in NEEDS_PROMPT and not any(prompts):
                    continue
                values = head(with_text if axis in NEEDS_PROMPT else audio).tolist()
                for result, value, prompt, domain in zip(results, values, prompts, domains, strict=True):
                    if prompt or axis not in NEEDS_PROMPT:
                        result[axis] = scored(self.card, axis, value, domain)
        return results


def domains_of(domain: Domain | None, kinds: torch.Tensor) -> list[str]:
    """Returns for each clip, (N, dim), what it is to the training clips; unknown where that was not kept."""
    return [UNKNOWN] * len(kinds) if domain is None else domain.of(kinds)


def scored(card: Card, axis: str, value: float, domain: str = UNKNOWN) -> Score:
    """Returns a score with its interval, both held to the axis's scale, or to the ratings where that has no ends.

    There is no interval outside the training clips' domain: what was calibrated there says nothing here.

    Args:
        card: The head's card.
        axis: The axis.
        value: ŷ as the head gave it.
        domain: What the clip is to the training clips.
    """
    scale, width = get_axis(axis), card.half_width.get(axis, math.nan)
    low, high = (scale.low, scale.high) if scale.has_range else card.rated.get(axis, (-math.inf, math.inf))
    held = min(max(value, low), high)
    if not math.isfinite(width) or domain == OUTSIDE:
        return Score(held, domain=domain)
    return Score(held, max(held - width, low), min(held + width, high), domain)


def provenance_of(card: Card, encoder: str, head: str) -> Provenance:
    """Returns what a card says of the origin of scores."""
    study, digest = str(card.study["name"]), str(card.study.get("hash", ""))
    return Provenance(card.kind, encoder, head, study_in_words(card), card.interval, card.held_out, study, digest)


def study_in_words(card: Card) -> str:
    """Names the study of a card, with its size."""
    return f"{card.study['name']}, {count(card.study['clips'], 'clip')} of {count(card.study['systems'], 'system')}"


# Predictors whose encoder was trained together with their heads.

TRAINED_WITH = "trained with the heads"
"""What a card says of such an encoder."""


def is_tuned(heads: Path | str | None) -> bool:
    """Whether a folder of heads brings the encoder that it was trained with."""
    if heads is None:
        return False
    from qamro.heads.card import CARD_FILE

    file = Path(heads) / CARD_FILE
    if not file.is_file():
        return False
    try:
        return TRAINED_WITH in json.loads(file.read_text("utf-8"))["encoder"]
    except (ValueError, KeyError, TypeError):  # no card: whoever opens it says so
        return False


def load_tuned(*, heads: Path | str, name: str = "tuned", **options: Any) -> Predictor:
    """Loads heads with their own encoder.

    Args:
        heads: The folder.
        name: What the predictor is called.
        **options: ``device``, ``precision``, ``cache``.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: Heads and encoder do not belong together.
        WeightsError: A file is damaged.
    """
    from qamro.encoders.loading import open_tuned

    return HeadPredictor(name, open_tuned(heads, **options), heads)
