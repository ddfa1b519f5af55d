"""The predictor on Audiobox-Aesthetics: PQ, PC, CE and CU as published, or by heads of your own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.predictors.base import Combined, Predictor, Score
from qamro.predictors.head_predictor import HeadPredictor
from qamro.predictors.provenance import Provenance, encoder_label

if TYPE_CHECKING:
    from qamro.audio import Waveform


class AudioboxScores(Predictor):
    """The scores that Audiobox-Aesthetics itself gives, unchanged: not held to 1 to 10, and without an interval.

    Attributes:
        encoder: An ``Audiobox``.
    """

    axes = ("PQ", "PC", "CE", "CU")

    def __init__(self, encoder: Any, name: str = "audiobox") -> None:
        """Takes the encoder.

        Args:
            encoder: An ``Audiobox``. The scores count as trained on people's ratings only if its weights are, byte
                for byte, the published ones.
            name: What the predictor is called.
        """
        self.name, self.encoder = name, encoder
        self.sample_rate = encoder.sample_rate
        if encoder.published:
            origin = Provenance(
                "human", encoder_label(encoder), "its own heads", "AES ratings, trained by Meta", study="AES"
            )
        else:
            origin = Provenance("unverified", encoder_label(encoder), "its own heads")
        self.provenance = dict.fromkeys(self.axes, origin)

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; prompts are not read. See ``Predictor.score``."""
        rows = self.encoder.score([(wave.samples, wave.sample_rate) for wave in waveforms])
        return [{axis: Score(row[axis]) for axis in self.axes} for row in rows]


def load_audiobox(*, heads: Path | str | None = None, **options: Any) -> Predictor:
    """Loads the predictor ``"audiobox"``.

    Args:
        heads: Folder of heads of your own, trained on this encoder; axes without a head are scored as published.
        **options: What ``qamro.encoders.loading.audiobox`` takes: ``checkpoint``, ``device``, ``precision``, ``cache``.

    Raises:
        WeightsError: Weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file or folder that was named is missing.
        ValueError: The heads belong to another encoder.
    """
    from qamro.encoders.loading import audiobox

    encoder = audiobox(**options)
    own: list[Predictor] = [] if heads is None else [HeadPredictor("audiobox", encoder, heads)]
    return Combined("audiobox", [*own, AudioboxScores(encoder)])
