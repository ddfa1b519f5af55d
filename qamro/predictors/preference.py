"""Preference: which of two pieces of music people would rather hear, by TuneJury's head on CLAP.

The head was trained on pairs of which people preferred one: -log σ(s(A) - s(B)) for the preferred A. Its reward s has
no unit, so what is shown is a chance: σ(s - m), that people prefer the clip to one at the median m of a reference set;
and for two clips σ(s(A) - s(B)).

Confirmed from the repository yonghyunk1m/TuneJury: the widths, batch normalisation before each ReLU, the loss, that the
head reads CLAP's audio embedding alone, and its git blob. Not confirmed, since the file was not at hand: the names of
its tensors (any prefix is read), and its pairwise accuracy here. Its authors trained on clips resampled from 16 kHz and
crop long ones at random; here windows of 10 s at 48 kHz are averaged, as everywhere in this project.
"""

from __future__ import annotations

import logging
import math
import os
import re
import statistics
import tempfile
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamro.axes import PREFERENCE
from qamro.checkpoints import TUNEJURY, WeightsError, is_ready, require, sha256_of
from qamro.paths import assets, cache_dir
from qamro.predictors.base import Predictor, Score
from qamro.predictors.provenance import Provenance, encoder_label

if TYPE_CHECKING:
    import torch

    from qamro.audio import Waveform

WIDTHS = (512, 1024, 512, 256, 128, 1)
PAIRS = "21,800 pairs judged by people (Music Arena, MusicPrefs, AIME, SongEval)"
EXAMPLES = "the examples that ship"
_KEY = re.compile(r"(?:.*\.)?(\d+)\.(weight|bias|running_mean|running_var|num_batches_tracked)$")
_log = logging.getLogger(__name__)


class PreferenceScores(Predictor):
    """Scores music on ``preference``: the chance to be preferred to the median of a reference set.

    Attributes:
        encoder: A ``Clap``.
        head: From embeddings (N, 512) to rewards (N, 1).
        reference: What the median is of, in words.
    """

    axes = (PREFERENCE.key,)

    def __init__(
        self, encoder: Any, head: torch.nn.Module, *, clips: Sequence[Path] | None = None, published: bool = True
    ) -> None:
        """Takes encoder and head.

        Args:
            encoder: A ``Clap``.
            head: See ``read_head``.
            clips: The reference set; the examples that ship unless given.
            published: Whether the head is the published one.
        """
        self.name, self.encoder, self.head = "preference", encoder, head
        self.sample_rate = encoder.sample_rate
        self._clips = list(clips) if clips is not None else sorted((assets() / "examples").glob("*.mp3"))
        self.reference = f"{len(self._clips)} clips of yours" if clips is not None else EXAMPLES
        known = published and getattr(encoder, "published", True)
        self.provenance = {
            PREFERENCE.key: Provenance(
                "human" if known else "unverified",
                encoder_label(encoder),
                "TuneJury's head, pairs",
                PAIRS if known else "",
                f"the chance to be preferred to the median of {self.reference}; no interval",
            )
        }

    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded clips; prompts are not read. See ``Predictor.score``."""
        rewards = self.rewards([(wave.samples, wave.sample_rate) for wave in waveforms])
        return [{PREFERENCE.key: Score(chance(reward, self.median))} for reward in rewards]

    def rewards(self, clips: Sequence[tuple[Any, int]]) -> list[float]:
        """Returns the head's rewards, which mean something only beside each other."""
        import torch

        with torch.inference_mode():
            return [float(value) for value in self.head(self.encoder.embed_audio(clips)).flatten()]

    @cached_property
    def median(self) -> float:
        """The median reward of the reference set."""
        from qamro.audio import load

        waves = [load(clip, sample_rate=self.sample_rate) for clip in self._clips]
        return statistics.median(self.rewards([(wave.samples, wave.sample_rate) for wave in waves]))


def chance(first: float, second: float) -> float:
    """Returns the chance that people prefer a clip of one reward to one of another (Bradley and Terry)."""
    gap = first - second
    return 1 / (1 + math.exp(-gap)) if gap > -700 else 0.0


def chance_between(first: float, second: float) -> float:
    """Returns the chance that people prefer one clip to another, from their scores on ``preference``.

    Args:
        first: The chance of the one to be preferred to the median, 0 to 1.
        second: That of the other.
    """
    edge = 1e-9
    a, b = (min(max(p, edge), 1 - edge) for p in (first, second))
    return chance(math.log(a / (1 - a)), math.log(b / (1 - b)))


def preference_parts(encoder: Any) -> list[Predictor]:
    """Returns the predictor of preference where its head was fetched and the encoder is the one that it reads."""
    if not is_ready(TUNEJURY) or not getattr(encoder, "published", False):
        return []
    try:
        return [PreferenceScores(encoder, read_head(require(TUNEJURY)[0]))]
    except WeightsError as problem:
        _log.warning("no scores on preference: %s", problem)
        return []


def read_head(path: Path | str) -> torch.nn.Module:
    """Reads a head as TuneJury publishes it, tensors only, and keeps it as safetensors.

    Args:
        path: The ``.pt`` file: tensors by ``PREFIX.LAYER.NAME``, on their own or under ``state_dict``.

    Raises:
        FileNotFoundError: There is no such file.
        WeightsError: It holds more than tensors, or not these layers.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file

    path = Path(path)
    digest = sha256_of(path)
    kept = cache_dir("converted") / f"tunejury-{digest[:16]}.safetensors"
    try:
        return build(load_file(kept))
    except (SafetensorError, OSError):  # not there yet, or cut short: made again
        tensors = _tensors(path)
    head = build(tensors)
    handle, part = tempfile.mkstemp(dir=kept.parent, suffix=".part")
    os.close(handle)
    save_file(tensors, part, {"source_sha256": digest})
    os.replace(part, kept)
    return head


def build(tensors: dict[str, torch.Tensor]) -> torch.nn.Module:
    """Builds the head around its tensors, named ``LAYER.NAME``.

    Raises:
        WeightsError: They are not of this network.
    """
    from torch import nn

    layers: list[nn.Module] = []
    for i, (into, out) in enumerate(pairwise(WIDTHS)):
        layers.append(nn.Linear(into, out))
        if i < len(WIDTHS) - 2:
            layers += [nn.BatchNorm1d(out), nn.ReLU(), nn.Dropout(0.5)]
    head = nn.Sequential(*layers)
    try:
        head.load_state_dict(tensors)
    except RuntimeError as problem:
        raise WeightsError(f"these are not the tensors of TuneJury's CLAP head: {problem}") from problem
    return head.eval().requires_grad_(False)


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    import pickle

    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        raise WeightsError(
            f"{path} holds more than tensors and was not loaded: that could run foreign code"
        ) from problem
    except (RuntimeError, EOFError, ValueError) as problem:
        raise WeightsError(
            f"{path} is damaged or no checkpoint of PyTorch ({str(problem).splitlines()[0]})"
        ) from problem
    state = content.get("state_dict", content) if isinstance(content, dict) else {}
    named = ((_KEY.match(str(key)), value) for key, value in state.items())
    return {f"{m[1]}.{m[2]}": value.contiguous() for m, value in named if m and isinstance(value, torch.Tensor)}
