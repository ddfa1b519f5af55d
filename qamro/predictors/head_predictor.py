"""Predictors made of an encoder, frozen or trained along, and a folder of trained heads."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import NEEDS_PROMPT, get_axis
from qamro.counts import count
from qamro.domains import OUTSIDE, UNKNOWN
from qamro.predictors.base import Item, Predictor, Provenance, Score, Sound, encoder_label
from qamro.predictors.preference import chance

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
        from qamro.heads.fold_heads import KnownClips

        bundle = HeadBundle.load(folder, encoder.name, encoder.revision)
        self.name = name
        self.encoder = encoder
        self.sample_rate = encoder.sample_rate
        self.card = bundle.card
        self.axes = tuple(bundle.heads)
        self._heads = bundle.heads
        self._domain, self._known = Domain.from_tensors(bundle.extra), KnownClips.from_tensors(bundle.extra)
        source = encoder_label(encoder)
        self.provenance = {
            axis: provenance_of(self.card, source, head_in_words(head)) for axis, head in self._heads.items()
        }

    def recall(self, items: Sequence[Item]) -> list[Sound]:
        """Returns the embeddings of files that were heard before; see ``CachedEncoder.recall``."""
        if not hasattr(self.encoder, "recall"):
            return super().recall(items)
        known = self.encoder.recall([item.file for item in items])
        return [Sound(entry.seconds, audio=entry.row, key=entry.key) for entry in known]

    def hear(self, item: Item, known: Sound) -> Sound:
        """Decodes a clip; also embeds it, where an encoder takes clips one by one on the processor."""
        return self.embedded(super().hear(item, known))

    def embedded(self, sound: Sound) -> Sound:
        """Embeds a decoded clip where its encoder takes clips one by one; else leaves it as it is."""
        if sound.wave is None or not getattr(self.encoder, "one_by_one", False):
            return sound
        clip = [(sound.wave.samples, sound.wave.sample_rate)]
        if hasattr(self.encoder, "embed_and_name"):
            audio, (content,) = self.encoder.embed_and_name(clip)
            return replace(sound, wave=None, audio=audio[0], content=content)
        return replace(sound, wave=None, audio=self.encoder.embed_audio(clip)[0])

    def score_sounds(self, sounds: Sequence[Sound], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores clips of which some are embedded already; those that are new are remembered by their files."""
        import torch

        new = [i for i, sound in enumerate(sounds) if sound.audio is None]
        clips = [(wave.samples, wave.sample_rate) for sound in sounds if (wave := sound.wave) is not None]
        contents = [sound.content for sound in sounds]
        rows = [sound.audio for sound in sounds]
        with torch.inference_mode():
            if new and hasattr(self.encoder, "embed_and_name"):
                audio, names = self.encoder.embed_and_name(clips)
                for i, row, name in zip(new, audio, names, strict=True):
                    rows[i], contents[i] = row, name
            elif new:
                for i, row in zip(new, self.encoder.embed_audio(clips), strict=True):
                    rows[i] = row
        if any(contents):
            self.encoder.remember([(s.key, c, s.seconds) for s, c in zip(sounds, contents, strict=True) if s.key and c])
        return self._score(torch.stack([row for row in rows if row is not None]), prompts)

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``. Scores are held to the axis's scale."""
        import torch

        with torch.inference_mode():
            audio = self.encoder.embed_audio([(wave.samples, wave.sample_rate) for wave in waveforms])
        return self._score(audio, prompts)

    def _score(self, audio: torch.Tensor, prompts: Sequence[str]) -> list[dict[str, Score]]:
        import torch

        from qamro.heads.fold_heads import NO_FOLD, FoldHeads

        with torch.inference_mode():
            read = any(prompts) and any(axis in NEEDS_PROMPT for axis in self._heads)
            with_text = torch.cat([audio, self.encoder.embed_text(list(prompts))], dim=1) if read else audio
            results: list[dict[str, Score]] = [{} for _ in prompts]
            domains = domains_of(self._domain, audio)
            folds = [NO_FOLD] * len(prompts) if self._known is None else self._known.folds_of(audio)
            for axis, head in self._heads.items():
                if axis in NEEDS_PROMPT and not any(prompts):
                    continue
                features = with_text if axis in NEEDS_PROMPT else audio
                values = (head.unseen(features, folds) if isinstance(head, FoldHeads) else head(features)).tolist()
                told = zip(results, values, prompts, domains, folds, strict=True)
                for result, value, prompt, domain, fold in told:
                    if prompt or axis not in NEEDS_PROMPT:
                        score = scored(self.card, axis, value, domain)
                        result[axis] = replace(score, fold="" if fold == NO_FOLD else str(fold + 1))
        return results


def head_in_words(head: Any) -> str:
    """Says of what kind a head is."""
    from qamro.heads.fold_heads import FoldHeads

    if not isinstance(head, FoldHeads):
        return type(head).__name__
    return f"{sum(map(len, head.each))} x {head.kind} of {len(head.folds)} folds"


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
    if "votes" in card.training:  # a reward, in log-odds against the median of the clips that were voted on
        return Score(chance(value, 0.0), domain=domain)
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
    """Names the study of a card, with its size, and its licence where that forbids commercial use."""
    size = f"{card.study['name']}, {count(card.study['clips'], 'clip')} of {count(card.study['systems'], 'system')}"
    licence = str(card.study.get("licence") or "")
    return f"{size} ({licence}: not for commercial use)" if "NC" in licence else size


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
