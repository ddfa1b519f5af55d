"""Whether a clip is speech: Silero's detector of voices, from its package's weights and without its code.

The package ``silero-vad`` (MIT) carries the weights; importing it sets torch to one thread for the whole process, so
only its file is read. Frames and numbers are the package's: a test holds both against its own network.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from qamro.checkpoints import WeightsError, sha256_of
from qamro.encoders.clips import Clip, at_rate
from qamro.encoders.packaged import SILERO

SAMPLE_RATE = 16_000
FRAME, CONTEXT = 512, 64
"""Samples of a frame (32 ms), and those before it that the network hears again."""

VOICE = 0.5
"""From this probability on a frame counts as voice: the package's own threshold."""

SPEECH = 0.5
"""A clip is speech when at least this share of what sounds in it is voice. What that errs on is in RESULTS.md."""

QUIET = 0.05
"""A frame sounds when its level is at least this share of the clip's loudest frame's (-26 dB): pauses do not count."""

_AT_ONCE = 4096
_HIDDEN, _STRIDES = 128, (1, 2, 2, 1)


class VoiceDetector:
    """Says for every 32 ms of a clip how likely a voice speaks.

    Attributes:
        revision: First twelve digits of the SHA-256 of the weights.
        sample_rate: 16,000 Hz; other rates are resampled.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, checkpoint: Path | str | None = None) -> None:
        """Loads the weights.

        Args:
            checkpoint: A file of your own in the package's form; without it, the package's.

        Raises:
            WeightsError: The package is not installed, or the file is not of this network.
            FileNotFoundError: A file that was named is missing.
        """
        file = SILERO.path() if checkpoint is None else Path(checkpoint)
        if not file.is_file():
            raise FileNotFoundError(f"there is no file {file}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", DeprecationWarning
                )  # the package publishes no newer form of these weights
                state = torch.jit.load(file, map_location="cpu").state_dict()
            convolutions = (f"_model.encoder.{i}.reparam_conv" for i in range(len(_STRIDES)))
            self._layers = [
                (state[f"{name}.weight"], state[f"{name}.bias"], stride)
                for name, stride in zip(convolutions, _STRIDES, strict=True)
            ]
            self._spectrum = state["_model.stft.forward_basis_buffer"]
            self._memory = torch.nn.LSTM(_HIDDEN, _HIDDEN)
            names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            self._memory.load_state_dict({f"{name}_l0": state[f"_model.decoder.rnn.{name}"] for name in names})
            self._last = state["_model.decoder.decoder.2.weight"].flatten(), state["_model.decoder.decoder.2.bias"]
        except (KeyError, RuntimeError) as problem:
            raise WeightsError(f"{file} does not hold the weights of Silero's detector ({problem})") from problem
        self._memory.requires_grad_(False)
        self.revision = sha256_of(file)[:12]

    @torch.inference_mode()
    def probabilities(self, samples: np.ndarray) -> np.ndarray:
        """Returns how likely each frame is voice.

        Args:
            samples: (T,) at 16 kHz, T ≥ 1; the last frame is filled with silence.

        Returns:
            (ceil(T / 512),) float32 in 0 to 1.
        """
        count = -(-len(samples) // FRAME)
        padded = torch.zeros(CONTEXT + count * FRAME)
        padded[CONTEXT : CONTEXT + len(samples)] = torch.from_numpy(np.asarray(samples, dtype=np.float32))
        frames = padded.unfold(0, CONTEXT + FRAME, FRAME)
        heard = torch.cat([self._heard(part) for part in frames.split(_AT_ONCE)])
        state, _ = self._memory(heard)
        weight, bias = self._last
        return torch.sigmoid(state.relu() @ weight + bias).numpy()

    def _heard(self, frames: torch.Tensor) -> torch.Tensor:
        """Frames (N, 576) by convolutions alone, (N, 128)."""
        padded = functional.pad(frames[:, None], (0, CONTEXT), mode="reflect")
        real, imaginary = functional.conv1d(padded, self._spectrum, stride=128).chunk(2, dim=1)
        x = (real.square() + imaginary.square()).sqrt()
        for weight, bias, stride in self._layers:
            x = functional.conv1d(x, weight, bias, stride=stride, padding=1).relu()
        return x.squeeze(-1)

    def share(self, samples: np.ndarray) -> float:
        """Returns the share of voice in what sounds of a clip, 0 to 1.

        Args:
            samples: (T,) at 16 kHz, T ≥ 1.
        """
        chance = self.probabilities(samples)
        padded = np.zeros(len(chance) * FRAME, dtype=np.float32)
        padded[: len(samples)] = samples
        level = np.sqrt(np.square(padded.reshape(-1, FRAME)).mean(1))
        sounding = level >= max(QUIET * float(level.max()), 1e-6)
        return float((chance[sounding] >= VOICE).mean()) if sounding.any() else 0.0

    def is_speech(self, clips: Sequence[Clip]) -> list[bool]:
        """Says of each clip whether it is speech.

        Args:
            clips: N pairs of mono float samples in [-1, 1], shape (T,), and their rate in Hz.

        Raises:
            ValueError: A clip is empty, has several channels, or holds NaN or Inf.
        """
        return [self.share(samples) >= SPEECH for samples in at_rate(clips, SAMPLE_RATE)]
