"""MuQ: music representations (arXiv 2501.01108), for those who install its package.

The package ``muq`` is MIT; its published weights are CC BY-NC 4.0, not for commercial use. Neither comes with this
project: the package is imported when this encoder is asked for, and not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qamro.checkpoints import WeightsError, is_published, sha256_of
from qamro.encoders.clips import Clip, at_rate, averaged, cut, in_batches

INSTALL = (
    "the encoder muq needs the package muq, which is not among this project's requirements: `pip install muq`, with a "
    "torchaudio that fits the installed torch. Its weights are CC BY-NC 4.0: not for commercial use"
)

WINDOW_SECONDS = 30.0
_SHORTEST = 2_400
_AT_ONCE = {"cpu": 1, "cuda": 16}


class MuQ:
    """Embeds clips along time with MuQ's last layer.

    Attributes:
        name: ``"MuQ"``.
        revision: First twelve digits of the SHA-256 of the weights.
        published: Whether they are the published ones.
        sample_rate: 24,000 Hz; other rates are resampled.
        audio_dim: Length of an audio embedding, 1,024 in the published checkpoint.
        frame_dim: Width of a frame, the same.
        frame_rate: Frames a second: 25 of the network's, ``every`` of them averaged to one.
        frame_settings: What else a frame depends on; part of cache keys.
        device: Where the network runs.
    """

    name = "MuQ"
    sample_rate = 24_000

    def __init__(self, network: Any, sha256: str, *, every: int = 3, device: str | torch.device = "cpu") -> None:
        """Places a network on a device; see ``from_checkpoint``."""
        self.device = torch.device(device)
        self.revision, self.published = sha256[:12], is_published(sha256)
        # The package gives transformers a bare dictionary for its configuration; later versions look this up in it.
        if not hasattr(network.model.conformer.config, "_attn_implementation"):
            network.model.conformer.config._attn_implementation = "eager"
        self._network, self._every = network.eval().requires_grad_(False).to(self.device), every
        self.audio_dim = self.frame_dim = int(network.config.encoder_dim)
        self.frame_rate = float(network.config.label_rate) / every
        self.frame_settings = f"{self.frame_rate:g} Hz"

    @classmethod
    def from_checkpoint(cls, folder: Path | str, **options: Any) -> MuQ:
        """Loads a folder of ``config.json`` and ``model.safetensors``.

        Args:
            folder: As published.
            **options: ``every``, ``device``.

        Raises:
            FileNotFoundError: A file is missing.
            WeightsError: The package is not installed or cannot run; or a file is damaged or something else.
        """
        folder = Path(folder)
        for name in ("config.json", "model.safetensors"):
            if not (folder / name).is_file():
                raise FileNotFoundError(
                    f"{folder} holds no {name}; fetch MuQ's weights with `python -m qamro weights fetch muq`"
                )
        package = _import()
        try:
            network = package.from_pretrained(str(folder), local_files_only=True)
        except Exception as problem:  # the library raises whatever its parts raise
            raise WeightsError(f"{folder} cannot be opened as MuQ: {str(problem).splitlines()[0]}") from problem
        return cls(network, sha256_of(folder / "model.safetensors"), **options)

    def embed_audio(self, clips: Sequence[Clip]) -> torch.Tensor:
        """Embeds clips as the mean of their frames: (N, audio_dim) float32 on the CPU."""
        states = self._states(clips)
        return torch.stack([rows.mean(0) for rows in states]) if states else torch.empty(0, self.audio_dim)

    def embed_frames(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        """Embeds clips along time: N tensors (T_i, frame_dim) float32 on the CPU.

        Args:
            clips: N pairs of mono float samples in [-1, 1], shape (T,), and their rate in Hz.

        Raises:
            ValueError: A clip is empty, has several channels, or holds NaN or Inf.
        """
        return [averaged(rows, self._every) for rows in self._states(clips)]

    @torch.inference_mode()
    def embed_layer(self, clip: Clip, layer: int) -> torch.Tensor:
        """Embeds a whole clip in one piece as the frames that come out of one layer, not of the last: (T, dim) float32.

        Args:
            clip: Mono float samples in [-1, 1], shape (T,), and their rate in Hz. Memory grows with its length squared.
            layer: Counted from 1; the package calls the same frames ``hidden_states[layer]``.

        Raises:
            ValueError: The clip is empty, has several channels, or holds NaN or Inf.
        """
        (wave,) = at_rate([clip], self.sample_rate)
        found: list[torch.Tensor] = []

        def keep(module: Any, given: Any, answer: Any) -> None:
            found.append(answer[0] if isinstance(answer, tuple) else answer)

        hook = self._network.model.conformer.layers[layer - 1].register_forward_hook(keep)
        try:
            self._forward(np.pad(wave, (0, max(0, _SHORTEST - wave.size)))[None])
        finally:
            hook.remove()
        return found[0][0].float().cpu()

    @torch.inference_mode()
    def _states(self, clips: Sequence[Clip]) -> list[torch.Tensor]:
        waves = [np.pad(wave, (0, max(0, _SHORTEST - wave.size))) for wave in at_rate(clips, self.sample_rate)]
        windows = [cut(wave, round(WINDOW_SECONDS * self.sample_rate), _SHORTEST) for wave in waves]
        return in_batches(windows, self._forward, _AT_ONCE.get(self.device.type, 1))

    def _forward(self, windows: np.ndarray) -> torch.Tensor:
        """The package's own parts, one after the other.

        Its ``forward`` asks the conformer for the states of all layers, which transformers 5 no longer gives; the last
        of them is what comes out at the end.
        """
        model = self._network.model
        mel = model.preprocessing(torch.from_numpy(windows).to(self.device), features=["melspec_2048"])
        return model.conformer(model.conv(model.normalize(mel)["melspec_2048"])).last_hidden_state.float().cpu()


def _import() -> Any:
    try:
        from muq import MuQ as Network
    except (ImportError, OSError, RuntimeError) as problem:
        raise WeightsError(f"{INSTALL} ({problem})") from problem
    return Network
