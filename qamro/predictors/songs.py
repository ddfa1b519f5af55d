"""SongEval's predictor: five sides of a song, by the head that its authors publish, on the sixth layer of MuQ.

The network follows from ASLP-lab/SongEval (``model.py``, ``config.yaml``): frames go through two linear layers, then
through four layers of self-attention with nothing between them; the mean of what comes out, beside the maximum of what
went in, gives five numbers, squeezed into 1 to 5. A song is heard whole, in one piece, as there.

Source: arXiv 2505.10793.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from qamro.checkpoints import MUQ, SONGEVAL, WeightsError, require
from qamro.predictors.base import Predictor, Score
from qamro.predictors.others import NO_INTERVAL
from qamro.predictors.provenance import Provenance

if TYPE_CHECKING:
    from qamro.audio import Waveform
    from qamro.encoders.muq import MuQ

SONG_AXES = ("Coherence", "Musicality", "Memorability", "Clarity", "Naturalness")
"""What it answers, in its order; 1 to 5, 5 is best."""

LAYER = 6
"""Whose frames of MuQ the head reads."""


class SongHead(nn.Module):
    """Five scores of a song's frames.

    Args:
        dim: Width of a frame.
        hidden: Width between the two linear layers.
        layers: Layers of attention.
        heads: Heads of each.
    """

    def __init__(self, dim: int = 1024, hidden: int = 4096, layers: int = 4, heads: int = 8) -> None:
        """Makes the layers under the names that the checkpoint has."""
        super().__init__()
        self.attn = nn.ModuleList(nn.MultiheadAttention(dim, heads, batch_first=True) for _ in range(layers))
        self.ffd = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, dim))
        self.fc = nn.Linear(2 * dim, len(SONG_AXES))

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Scores songs.

        Args:
            frames: (B, T, dim).

        Returns:
            (B, 5), from 1 to 5.
        """
        heard = attended = self.ffd(frames)
        for layer in self.attn:
            attended, _ = layer(attended, attended, attended, need_weights=False)
        return 3 + 2 * torch.tanh(self.fc(torch.cat([attended.mean(1), heard.amax(1)], dim=1)))


class SongEval(Predictor):
    """Scores songs on five sides; prompts are not read."""

    name, axes, batch_size = "songeval", SONG_AXES, 1

    def __init__(self, encoder: MuQ, head: SongHead) -> None:
        """Takes MuQ and the head."""
        made = f"MuQ r{encoder.revision}, layer {LAYER}"
        told = "trained by ASLP@NPU on 2,399 songs rated by 16 people with a musical background; CC BY-NC-SA 4.0"
        origin = Provenance("human", made, "SongEval", told, NO_INTERVAL)
        self.encoder, self.head = encoder, head.eval().requires_grad_(False).to(encoder.device)
        self.sample_rate = encoder.sample_rate
        self.provenance = dict.fromkeys(self.axes, origin)

    @torch.inference_mode()
    def score(self, waveforms: Sequence[Waveform], prompts: Sequence[str]) -> list[dict[str, Score]]:
        """Scores decoded songs, one after another."""
        results = []
        for wave in waveforms:
            frames = self.encoder.embed_layer((wave.samples, wave.sample_rate), LAYER)
            values = self.head(frames.to(self.encoder.device)[None])[0].tolist()
            results.append({axis: Score(value) for axis, value in zip(self.axes, values, strict=True)})
        return results


def load_songeval(*, device: str | None = None) -> Predictor:
    """Loads SongEval's predictor.

    Args:
        device: Where to compute.

    Raises:
        WeightsError: The package ``muq`` or weights are not on this machine; the message says how to get them.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from qamro.encoders.muq import MuQ

    (checkpoint,) = require(SONGEVAL)
    encoder = MuQ.from_checkpoint(require(MUQ)[-1].parent, device=device or "cpu")
    head = SongHead()
    try:
        head.load_state_dict(load_file(checkpoint))
    except (SafetensorError, RuntimeError) as problem:
        raise WeightsError(f"{checkpoint} is not SongEval's head: {str(problem).splitlines()[0]}") from problem
    return SongEval(encoder, head)
