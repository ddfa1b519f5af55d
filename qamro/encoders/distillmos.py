"""Distill-MOS: how good people would find the quality of speech (arXiv 2502.05356), without the package's own code.

The package ``distillmos`` (MIT) carries the weights; its module imports torchaudio, which fails beside many builds of
PyTorch, so only its file of weights is read. Windows and numbers are the package's: a test holds both against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from qamro.checkpoints import WeightsError, sha256_of
from qamro.encoders.clips import Clip, at_rate
from qamro.encoders.packaged import DISTILLMOS

SAMPLE_RATE = 16_000
WINDOW = 122_880
"""Samples of one window: 7.68 s."""

HOP = 16_000
"""Windows of a longer clip are spread evenly and begin at most this many samples apart."""

_FFT, _STEP = 320, 160
_CHANNELS = (64, 64, 128, 256, 256, 256)
_WIDTH, _HEADS, _LAYERS, _FRAMES = 200, 8, 7, 384
_BANDS = 4
"""Of 161 frequencies, what the convolutions leave."""

_AT_ONCE = {"cpu": 4, "cuda": 64}


class DistillMos:
    """Scores speech on its quality, 1 (bad) to 5 (excellent), and embeds it.

    A clip is cut into windows of 7.68 s, each brought to a peak of one; its score is their mean. A shorter clip is
    filled with silence.

    Attributes:
        name: ``"DistillMos"``.
        revision: First twelve digits of the SHA-256 of the weights.
        published: Whether they are those of distillmos 0.9.1.
        axes: ``("SQ",)``.
        sample_rate: 16,000 Hz; other rates are resampled.
        audio_dim: 200: what the last layer reads, averaged over windows.
        text_dim: 0; it reads no text.
        device: Where the network runs.
    """

    name = "DistillMos"
    axes = ("SQ",)
    sample_rate = SAMPLE_RATE
    audio_dim = _WIDTH
    text_dim = 0

    def __init__(self, checkpoint: Path | str | None = None, *, device: str | torch.device = "cpu") -> None:
        """Loads the weights.

        Args:
            checkpoint: A file of your own in the package's form; without it, the package's.
            device: Any torch device.

        Raises:
            WeightsError: The package is not installed, or the file is not of this network.
            FileNotFoundError: A file that was named is missing.
        """
        file = DISTILLMOS.path() if checkpoint is None else Path(checkpoint)
        digest = sha256_of(file)
        self.device = torch.device(device)
        self.revision, self.published = digest[:12], digest == DISTILLMOS.sha256
        self._network = _Network(_read(file)).to(self.device).eval()

    def score(self, clips: Sequence[Clip]) -> list[dict[str, float]]:
        """Scores clips.

        Args:
            clips: N pairs of mono float samples in [-1, 1], shape (T,), and their rate in Hz.

        Returns:
            N dicts with the axis ``"SQ"``, 1 to 5.

        Raises:
            ValueError: A clip is empty, has several channels, or holds NaN or Inf.
        """
        scores, _ = self.scores_and_embeddings(clips)
        return [dict(zip(self.axes, row, strict=True)) for row in scores.tolist()]

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips, as for ``score``: (N, 200) float32 on the CPU."""
        return self.scores_and_embeddings(clips)[1]

    @torch.inference_mode()
    def scores_and_embeddings(self, clips: Sequence[Clip]) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores and embeds clips in one pass, windows of several clips together.

        Returns:
            (N, 1) scores and (N, 200) embeddings, float32 on the CPU.
        """
        waves = at_rate(clips, SAMPLE_RATE)
        sums, counts = torch.zeros(len(waves), 1 + self.audio_dim), torch.zeros(len(waves), 1)
        windows = _windows(waves)
        while batch := list(islice(windows, _AT_ONCE.get(self.device.type, 4))):
            clip = torch.tensor([which for which, _ in batch])
            score, embedding = self._network(torch.from_numpy(np.stack([w for _, w in batch])).to(self.device))
            sums.index_add_(0, clip, torch.cat([score, embedding], dim=1).float().cpu())
            counts.index_add_(0, clip, torch.ones(len(batch), 1))
        means = sums / counts.clamp_min(1)
        return means[:, :1], means[:, 1:]


def starts(length: int) -> list[int]:
    """Returns where the windows of a clip of so many samples begin, as the package spreads them."""
    over = max(0, length - WINDOW)
    return [int(share * over) for share in np.linspace(0, 1, -(-over // HOP) + 1)]


def _windows(waves: Sequence[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (clip, window (122880,)), one by one: an hour of speech has 3,600 of them."""
    for i, wave in enumerate(waves):
        padded = np.pad(wave, (0, max(0, WINDOW - wave.size)))
        for start in starts(wave.size):
            yield i, padded[start : start + WINDOW]


def _read(file: Path) -> dict[str, torch.Tensor]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)["model"]
        return {key.removeprefix("transformer_pool_attn."): value.float() for key, value in state.items()}
    except FileNotFoundError:
        raise
    except Exception as problem:  # whatever a damaged or foreign file makes torch say
        raise WeightsError(f"{file} does not hold the weights of Distill-MOS ({problem})") from problem


class _Network(nn.Module):
    """Convolutions over a compressed spectrogram, a transformer, attentive pooling.

    The three batch normalisations are folded: two into the projection, one into a scale and a shift.
    """

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        """Builds the network around its weights.

        Raises:
            WeightsError: They are not of this network.
        """
        super().__init__()
        layers: list[nn.Module] = []
        widths = (2, *_CHANNELS)
        for i, (into, out) in enumerate(pairwise(widths)):
            stride = (2 if i else 1, 2 if i == len(_CHANNELS) - 1 else 1)
            layers += [nn.Conv2d(into, out, 3, stride=stride, padding=(0, 1)), nn.LeakyReLU(0.1)]
        self.convolutions = nn.Sequential(*layers)
        self.projection = nn.Linear(_CHANNELS[-1] * _BANDS, _WIDTH)
        layer = nn.TransformerEncoderLayer(_WIDTH, _HEADS, 2 * _WIDTH, dropout=0.0, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False)
        self.attention = nn.Sequential(nn.Linear(_WIDTH, 2 * _WIDTH), nn.ReLU(), nn.Linear(2 * _WIDTH, 1))
        self.last = nn.Linear(_WIDTH, 1)
        self.register_buffer("positions", torch.zeros(1, _FRAMES, _WIDTH))
        self.register_buffer("scale", torch.ones(_WIDTH))
        self.register_buffer("shift", torch.zeros(_WIDTH))
        self.register_buffer("window", torch.hann_window(_FFT), persistent=False)
        try:
            self.load_state_dict(_renamed(state))
        except (KeyError, RuntimeError) as problem:
            raise WeightsError(f"these are not the weights of Distill-MOS ({problem})") from problem
        self.requires_grad_(False)

    def forward(self, waves: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores windows (B, 122880): (B, 1) in 1 to 5, and what the last layer reads, (B, 200)."""
        waves = waves / (waves.abs().amax(1, keepdim=True) + 1e-8)
        x = self.convolutions(self._compressed(waves))
        x = self.transformer(self.projection(x.flatten(1, 2).transpose(1, 2)) + self.positions)
        x = x * self.scale + self.shift
        pooled = (self.attention(x).softmax(1) * x).sum(1)
        return 1 + 4 * torch.sigmoid(self.last(pooled)), pooled

    def _compressed(self, waves: torch.Tensor) -> torch.Tensor:
        """Real and imaginary part of the spectrogram at its magnitude to the power of 0.3: (B, 2, 161, T)."""
        padded = functional.pad(waves, ((_FFT - _STEP) // 2,) * 2, mode="reflect")
        spectra = torch.stft(padded, _FFT, _STEP, window=self.window, center=False, return_complex=True)
        size = spectra.abs().clamp_min(1e-12)
        return torch.view_as_real(spectra * size.pow(-0.7)).permute(0, 3, 1, 2)


def _renamed(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Gives the tensors the names of ``_Network`` and folds the batch normalisations."""
    outer_scale, outer_shift = _affine(state, "norm_input")
    inner_scale, inner_shift = _affine(state, "transformer.norm")
    weight, bias = state["transformer.linear_proj.weight"], state["transformer.linear_proj.bias"]
    named = {
        "projection.weight": weight * (outer_scale * inner_scale),
        "projection.bias": bias + weight @ (outer_shift * inner_scale + inner_shift),
        "positions": state["transformer.position_encoding.pe"],
    }
    named["scale"], named["shift"] = _affine(state, "norm_trans")
    moved = {
        "cnn.cnn.": "convolutions.",
        "transformer.transformer_encoder.": "transformer.",
        "pool.linear1.": "attention.0.",
        "pool.linear2.": "attention.2.",
        "pool.linear3.": "last.",
    }
    for key, value in state.items():
        old = next((old for old in moved if key.startswith(old)), None)
        if old is not None:
            named[moved[old] + key.removeprefix(old)] = value
    return named


def _affine(state: dict[str, torch.Tensor], name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch normalisation after training as a scale and a shift."""
    scale = state[f"{name}.weight"] / (state[f"{name}.running_var"] + 1e-5).sqrt()
    return scale, state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale
