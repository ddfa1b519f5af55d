"""Predictors that were set right on some ratings of one's own: another predictor and a monotone map for each axis."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.predictors.base import Predictor, Score
from qamro.predictors.clips import Item, Sound
from qamro.predictors.provenance import Provenance
from qamro.predictors.saved_card import FILES, PREFIX, calibrates, folder_of

if TYPE_CHECKING:
    from qamro.audio import Waveform
    from qamro.heads import Card

_WEIGHTS = FILES[1]


@dataclass(frozen=True)
class MonotoneMap:
    """A curve that never falls, from a predictor's scores to those of one's own listeners.

    Attributes:
        x: Scores of the predictor, ascending, shape (k,).
        y: What they become, never falling, shape (k,). Between knots the curve is straight. Beyond them it stays level,
            but a straight line (two knots) goes on; one knot is a constant.
    """

    x: np.ndarray
    y: np.ndarray

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Maps scores of any shape; NaN stays NaN."""
        scores = np.asarray(scores, dtype=float)
        if len(self.x) == 2:
            slope = (self.y[1] - self.y[0]) / (self.x[1] - self.x[0])
            return self.y[0] + slope * (scores - self.x[0])
        return np.where(np.isnan(scores), np.nan, np.interp(scores, self.x, self.y))


@dataclass
class CalibrationBundle:
    """What ``qamro.training.calibrate`` learns: ``save_heads`` keeps it like heads.

    Attributes:
        maps: For each rated axis, its map.
        card: What was calibrated on what, and what it is worth on clips that the maps had not seen.
        record: Further numbers, ready for JSON; empty for none.
    """

    maps: dict[str, MonotoneMap]
    card: Card
    record: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path | str) -> Path:
        """Writes the maps, the card as JSON and as a readable page."""
        from safetensors.numpy import save_file

        from qamro.heads.card import write_card

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"map.{axis}.{end}": getattr(one, end) for axis, one in self.maps.items() for end in ("x", "y")}
        save_file(tensors, folder / _WEIGHTS)
        write_card(folder, self.card, self.record)
        return folder


class Calibrated(Predictor):
    """Scores clips with another predictor and maps its scores onto one's own listeners.

    Attributes:
        base: The other predictor.
        card: What the map was made of.
    """

    def __init__(self, name: str, base: Predictor, maps: Mapping[str, MonotoneMap], card: Card) -> None:
        """Puts base and maps together.

        Args:
            name: What the predictor is called.
            base: What scores.
            maps: For each axis of the ratings, its map.
            card: Says which axis of the base each stands on, and how wide intervals are.

        Raises:
            ValueError: The base has no such axis.
        """
        self.name, self.base, self.card = name, base, card
        self._maps = dict(maps)
        self._from: dict[str, str] = dict(card.training["from"])
        if lost := [axis for axis in self._from.values() if axis not in base.axes]:
            raise ValueError(f"{base.name} scores {', '.join(base.axes)} and not {lost[0]}")
        self.axes = tuple(self._maps)
        self.sample_rate, self.batch_size = base.sample_rate, base.batch_size
        self.provenance = {axis: self._origin(axis) for axis in self.axes}

    def _origin(self, axis: str) -> Provenance:
        """The base's origin, with what was done to it; what learnt from simulated listeners is theirs for good."""
        base, card = self.base.provenance[self._from[axis]], self.card
        kind = base.kind if base.kind in ("simulated", "unverified") else card.kind
        return replace(
            base,
            kind=kind,
            interval=card.interval,
            held_out=card.held_out,
            calibrated=in_words(card, axis),
            calibrated_study=str(card.study["name"]),
            calibrated_hash=str(card.study.get("hash", "")),
        )

    @property
    def maps(self) -> dict[str, MonotoneMap]:
        """The map of each rated axis."""
        return dict(self._maps)

    def recall(self, items: Sequence[Item]) -> list[Sound]:
        """Returns what the base knows of clips without decoding them."""
        return self.base.recall(items)

    def hear(self, item: Item, known: Sound) -> Sound:
        """Decodes a clip as the base does."""
        return self.base.hear(item, known)

    def score_sounds(self, sounds: Sequence[Sound], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores what ``recall`` or ``hear`` returned; see ``score``."""
        return [self._mapped(found) for found in self.base.score_sounds(sounds, prompts)]

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``. Outside the base's domain there is no interval."""
        return [self._mapped(found) for found in self.base.score(waveforms, prompts)]

    def _mapped(self, found: dict[str, Score]) -> dict[str, Score]:
        """The base's scores as one's own listeners use their scale; what it does not score keeps its reason."""
        from qamro.predictors.head_predictor import scored

        known = {axis: found[base] for axis, base in self._from.items() if base in found}
        return {
            axis: score
            if score.why
            else scored(self.card, axis, float(self._maps[axis](np.array(score.value))), score.domain)
            for axis, score in known.items()
        }


def in_words(card: Card, axis: str) -> str:
    """What the badge says: ``calibrated on 57 ratings of my study``."""
    return f"calibrated on {count(int(card.training['ratings'][axis]), 'rating')} of {card.study['name']}"


def fingerprint(key: str) -> str:
    """What tells whether a kept predictor is still the one that was calibrated; empty for those that ship.

    Args:
        key: What ``load`` calls it.
    """
    if not key.startswith(PREFIX):
        return ""
    return hashlib.sha256((folder_of(key) / _WEIGHTS).read_bytes()).hexdigest()[:16]


def load_calibrated(name: str, folder: Path, **options: Any) -> Calibrated:
    """Opens a folder that ``CalibrationBundle.save`` wrote, with the predictor that it maps.

    Args:
        name: What the predictor is called.
        folder: The folder.
        **options: What the base's loader takes, for example ``device="cuda"``.

    Raises:
        ValueError: The base is not there any more, or is another one than was calibrated.
        WeightsError: The base's weights are not on this machine.
    """
    from safetensors.numpy import load_file

    from qamro.heads.card import read_card
    from qamro.predictors.loading import load

    card, _ = read_card(folder)
    key = calibrates(card.encoder)
    if fingerprint(key) != card.encoder.get("hash", ""):
        raise ValueError(f"{key} was replaced since it was calibrated; calibrate it again")
    tensors = load_file(folder / _WEIGHTS)
    maps = {axis: MonotoneMap(tensors[f"map.{axis}.x"], tensors[f"map.{axis}.y"]) for axis in card.axes}
    return Calibrated(name, load(key, **options), maps, card)
