"""The predictor ``"deramos"``: a dual-branch model on frames, in the manner of DeRA-MOS (arXiv 2606.10010)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import NEEDS_PROMPT
from qamro.encoders.clips import cut
from qamro.heads.domain import Domain, frame_statistics
from qamro.predictors.base import Predictor, Score
from qamro.predictors.head_predictor import domains_of, provenance_of, scored
from qamro.predictors.provenance import encoder_label

if TYPE_CHECKING:
    import numpy as np
    import torch

    from qamro.audio import Waveform
    from qamro.encoders.frames import FrameEncoder

LONGEST = 10.0
"""Seconds that are embedded and scored at once. A longer clip gets the mean of its windows' scores, each weighted by
its length: the score lies among theirs and does not follow the length, and attention stays cheap."""

_SHORTEST = 1.0
"""A rest of a long clip below one second is scored together with the window before it."""


class DeraMos(Predictor):
    """Scores clips and prompts with a dual-branch model; a score depends on its clip and prompt alone.

    Attributes:
        encoder: Of frames and tokens.
        card: The model's card.
    """

    def __init__(self, name: str, encoder: FrameEncoder, folder: Path | str) -> None:
        """Loads the model and checks that it belongs to the encoder.

        Args:
            name: What the predictor is called.
            encoder: Of frames.
            folder: What ``train-deramos`` wrote.

        Raises:
            FileNotFoundError: The folder holds no model.
            ValueError: The model belongs to another encoder, or is no dual-branch model.
        """
        from qamro.heads.bundle import FrameBundle
        from qamro.heads.card import HeadsError

        bundle = FrameBundle.load(folder)
        for what, here in (("name", encoder.name), ("revision", encoder.revision)):
            if bundle.card.encoder.get(what) != here:
                raise HeadsError(
                    f"the model in {folder} was trained on encoder {what} {bundle.card.encoder.get(what)!r}, "
                    f"not {here!r}",
                    "train it again on this encoder",
                )
        self.name, self.encoder, self.card = name, encoder, bundle.card
        self.sample_rate = encoder.sample_rate
        self.axes = tuple(bundle.heads)
        self._branches = bundle.heads
        self._domain = Domain.from_tensors(bundle.extra)
        source = encoder_label(encoder)
        self.provenance = {axis: provenance_of(bundle.card, source, "DeRA-MOS dual branch") for axis in self.axes}

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; see ``Predictor.score``. Scores are held to the axis's scale."""
        import torch

        if not waveforms:
            return []
        results: list[dict[str, Score]] = [{} for _ in waveforms]
        with torch.inference_mode():
            clips = [
                self.encoder.embed_frames([(window, wave.sample_rate) for window in windows_of(wave)])
                for wave in waveforms
            ]
            kinds = torch.stack([frame_statistics(windows).mean(0) for windows in clips])
            domains = domains_of(self._domain, kinds)
            asked = [i for i, prompt in enumerate(prompts) if prompt]
            for axis, branch in self._branches.items():
                text = axis in NEEDS_PROMPT
                places = asked if text else list(range(len(clips)))
                if not places:
                    continue
                tokens = self.encoder.embed_text_frames([prompts[i] for i in places]) if text else None
                values = self._values(branch, [clips[i] for i in places], tokens)
                for i, value in zip(places, values, strict=True):
                    results[i][axis] = scored(self.card, axis, value, domains[i])
        return results

    def _values(self, branch: Any, clips: list[list[torch.Tensor]], tokens: list[torch.Tensor] | None) -> list[float]:
        import torch

        from qamro.heads.pooling import pad

        clip_of = torch.tensor([i for i, windows in enumerate(clips) for _ in windows])
        batch = pad([window for windows in clips for window in windows])
        text = pad([tokens[i] for i in clip_of.tolist()]) if tokens is not None else ()
        lengths = batch[1].sum(1).float()
        weighted = torch.zeros(len(clips)).index_add_(0, clip_of, branch(*batch, *text).score * lengths)
        return (weighted / torch.zeros(len(clips)).index_add_(0, clip_of, lengths)).tolist()


def windows_of(wave: Waveform) -> list[np.ndarray]:
    """Cuts a clip into windows of at most ``LONGEST`` seconds, and a rest that is not too short."""
    return cut(wave.samples, round(LONGEST * wave.sample_rate), round(_SHORTEST * wave.sample_rate))


def load_deramos(*, heads: Path | str | None = None, **options: Any) -> Predictor:
    """Loads the predictor ``"deramos"``.

    Args:
        heads: What ``train-deramos`` wrote; without it, the model that ships with the project, on LogMel frames and
            trained on simulated listeners. The model's card says which encoder it needs.
        **options: What ``frame_encoder`` takes: ``device``, ``precision``, ``cache``, ``checkpoint``,
            ``text_checkpoint``, ``tokenizer``.

    Raises:
        WeightsError: The encoder's weights are missing or damaged; the message says how to get them.
        FileNotFoundError: A file or folder that was named is missing.
        ValueError: The folder holds no dual-branch model, or one of another encoder.
    """
    from qamro.encoders.frames import frame_encoder
    from qamro.heads.bundle import encoder_key
    from qamro.paths import bundled_weights

    folder = Path(heads) if heads is not None else bundled_weights() / "deramos"
    return DeraMos("deramos", frame_encoder(encoder_key(folder), **options), folder)
