"""The dual-branch model: a branch an axis, for impression or for alignment with the prompt, behind one call."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from qamro.heads.pooling import DRASP, AttentivePooling, AttentiveStatistics, MeanPooling, masked_mean
from qamro.heads.score_head import LIMIT, BranchOutput
from qamro.losses.distribution import coral_score, expected_score

# The branch that holds the clip against its prompt: textual alignment.


class AlignmentBranch(nn.Module):
    """Audio and text in a common space, text attending to audio, pooling over tokens, output.

    Every token asks the clip where it is heard (cross-attention, tokens are the queries); what it finds, h, is put
    together with what it means, t, as t + h + t ⊙ h; a feed-forward layer judges token by token, and the pooling weighs
    the tokens.

    SAMA compares the two sequences before they meet: the cosine of their means. These means have no parameters, so
    training with SAMA leaves nothing behind that inference would have to carry.

    Source: the TA branch of ASTAR-NTU's system (arXiv 2507.09904) and DeRA-MOS (arXiv 2606.10010). There, only what was
    attended to goes on. Sum and product with the token, the feed-forward layer, the temporal transformer of its own,
    and, for the cosine, a plain mean where their code trains a pooling that only the loss uses, are ours.

    Attributes:
        settings: Its sizes.
        scale: Standardises the frames.
    """

    def __init__(self, settings: BranchSettings) -> None:
        """Makes the layers.

        Raises:
            ValueError: The settings have no text.
        """
        super().__init__()
        if settings.token_dim < 1:
            raise ValueError("textual alignment needs token states; token_dim is 0")
        width = settings.width
        self.settings = settings
        self.scale = FrameScale(settings.frame_dim)
        self.temporal = settings.make_temporal()
        # Normalised, since token states come in all sizes: beside the audio, a hashed word would hardly be heard.
        self.audio_projection = nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width))
        self.text_projection = nn.Sequential(nn.Linear(settings.token_dim, width), nn.LayerNorm(width))
        self.attention = nn.MultiheadAttention(width, settings.heads, settings.dropout, batch_first=True)
        self.attended = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(settings.dropout), nn.Linear(2 * width, width)
        )
        self.judged = nn.LayerNorm(width)
        self.pooling = settings.make_pooling()
        self.output = settings.make_output(self.pooling.out_dim)

    def forward(
        self, frames: Tensor, mask: Tensor, tokens: Tensor | None = None, token_mask: Tensor | None = None
    ) -> BranchOutput:
        """Scores pairs of clip and prompt.

        Args:
            frames: (B, T, frame_dim).
            mask: (B, T), True where there is a frame.
            tokens: (B, L, token_dim) states of the prompt's tokens.
            token_mask: (B, L), True where there is a token.

        Raises:
            ValueError: There are no tokens.
        """
        if tokens is None or token_mask is None:
            raise ValueError("textual alignment is judged against a prompt; give its tokens and their mask")
        audio = self.audio_projection(self.temporal(self.scale(frames), mask))
        text = self.text_projection(tokens)
        heard, _ = self.attention(text, audio, audio, key_padding_mask=~mask, need_weights=False)
        fused = self.attended(text + heard + text * heard)
        fused = self.judged(fused + self.feed_forward(fused))
        score, logits = self.output(self.pooling(fused, token_mask))
        similarity = functional.cosine_similarity(masked_mean(audio, mask), masked_mean(text, token_mask), dim=-1)
        return BranchOutput(score, logits, similarity)


# The branch that hears the clip alone: musical impression, or any axis that needs no prompt.


class ImpressionBranch(nn.Module):
    """Temporal transformer, pooling, output.

    Source: the MI branch of ASTAR-NTU's system (arXiv 2507.09904), which DeRA-MOS (arXiv 2606.10010) keeps. There the
    transformer is as wide as the encoder's frames; here they are projected to ``settings.width`` first.

    Attributes:
        settings: Its sizes.
        scale: Standardises the frames.
    """

    def __init__(self, settings: BranchSettings) -> None:
        """Makes the layers."""
        super().__init__()
        self.settings = settings
        self.scale = FrameScale(settings.frame_dim)
        self.temporal = settings.make_temporal()
        self.pooling = settings.make_pooling()
        self.output = settings.make_output(self.pooling.out_dim)

    def forward(
        self, frames: Tensor, mask: Tensor, tokens: Tensor | None = None, token_mask: Tensor | None = None
    ) -> BranchOutput:
        """Scores clips.

        Args:
            frames: (B, T, frame_dim).
            mask: (B, T), True where there is a frame.
            tokens: Not read.
            token_mask: Not read.
        """
        pooled = self.pooling(self.temporal(self.scale(frames), mask), mask)
        return BranchOutput(*self.output(pooled))


Branch = ImpressionBranch | AlignmentBranch


def make_branch(settings: BranchSettings) -> Branch:
    """Builds the branch that the settings describe: one that reads text has ``token_dim`` > 0."""
    return AlignmentBranch(settings) if settings.token_dim else ImpressionBranch(settings)


class DualBranch(nn.Module):
    """Scores clips and prompts on every axis that has a branch; branches share nothing.

    A score depends on its clip and its prompt alone: not on padding, nor on what else is in the batch.

    Attributes:
        axes: The axes that have a branch.
    """

    def __init__(self, branches: Mapping[str, Branch]) -> None:
        """Takes trained or new branches.

        Raises:
            ValueError: There is none.
        """
        super().__init__()
        if not branches:
            raise ValueError("a model needs at least one branch")
        self.axes = tuple(branches)
        self._branches = nn.ModuleList(branches.values())  # a ModuleDict would forbid axes with a point in their names

    @property
    def branches(self) -> dict[str, Branch]:
        """For each axis, its branch."""
        return dict(zip(self.axes, self._branches, strict=True))  # type: ignore[arg-type]

    def forward(
        self, frames: Tensor, mask: Tensor, tokens: Tensor | None = None, token_mask: Tensor | None = None
    ) -> dict[str, BranchOutput]:
        """Scores clips; without tokens, the axes that need a prompt are left out.

        Args:
            frames: (B, T, frame_dim).
            mask: (B, T), True where there is a frame.
            tokens: (B, L, token_dim), or None.
            token_mask: (B, L), or None.

        Returns:
            For each axis, its output.
        """
        return {
            axis: branch(frames, mask, tokens, token_mask)
            for axis, branch in self.branches.items()
            if tokens is not None or not branch.settings.token_dim
        }


# The sizes of a branch, as they are kept with its weights.

POOLINGS = ("attentive", "mean", "statistics", "drasp")


@dataclass(frozen=True)
class BranchSettings:
    """What it takes to build a branch again.

    Attributes:
        frame_dim: Width of an audio frame.
        token_dim: Width of a text token's state; 0 for a branch that reads no text.
        scale: (low, high) of the axis.
        width: Width of everything within.
        layers: Layers of the temporal transformer.
        heads: Attention heads.
        pooling: One of ``POOLINGS``.
        segment: Frames of a segment, for DRASP.
        output: ``"distribution"``, ``"score"`` or ``"coral"``.
        bins: Bins of the distribution, or ranks of CORAL.
        dropout: Share of units left out in training.
    """

    frame_dim: int
    token_dim: int = 0
    scale: tuple[float, float] = (1.0, 5.0)
    width: int = 64
    layers: int = 2
    heads: int = 4
    pooling: str = "attentive"
    segment: int = 5
    output: str = "distribution"
    bins: int = 20
    dropout: float = 0.1

    def __post_init__(self) -> None:
        """Refuses sizes that cannot be built.

        Raises:
            ValueError: The message says which.
        """
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is no multiple of twice the {self.heads} heads")
        if self.pooling not in POOLINGS:
            raise ValueError(f"pooling is one of {', '.join(POOLINGS)}, not {self.pooling!r}")
        object.__setattr__(self, "scale", (float(self.scale[0]), float(self.scale[1])))

    def make_pooling(self) -> MeanPooling | AttentivePooling | AttentiveStatistics | DRASP:
        """Makes the pooling over ``width``."""
        if self.pooling == "drasp":
            return DRASP(self.width, self.segment)
        if self.pooling == "statistics":
            return AttentiveStatistics(self.width)
        return AttentivePooling(self.width) if self.pooling == "attentive" else MeanPooling(self.width)

    def make_temporal(self) -> TemporalTransformer:
        """Makes the transformer over frames of ``frame_dim``."""
        return TemporalTransformer(self.frame_dim, self.width, self.layers, self.heads, self.dropout)

    def make_output(self, dim: int) -> ScoreOutput:
        """Makes the end of a branch over vectors of length ``dim``."""
        return ScoreOutput(dim, self.output, scale=self.scale, bins=self.bins, dropout=self.dropout)


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in module.parameters())


# The end of a branch: a score, a distribution over bins, or ordered thresholds.

OUTPUTS = ("distribution", "score", "coral")


class ScoreOutput(nn.Module):
    """Two linear layers with an activation between them, from a vector to a score.

    Attributes:
        kind: ``"distribution"``: logits over bins, their expectation is the score. ``"score"``: one number.
            ``"coral"``: one function and a bias for each threshold, so that answers cannot contradict each other.
        scale: (low, high) of the axis: where the bins lie, or what a plain score starts from.
    """

    def __init__(self, dim: int, kind: str, *, scale: tuple[float, float], bins: int, dropout: float) -> None:
        """Makes the layers.

        Args:
            dim: Length of the vector that comes in.
            kind: One of ``OUTPUTS``.
            scale: (low, high) of the axis.
            bins: Bins of the distribution, or ranks of CORAL (which has one threshold less).
            dropout: Share of hidden units left out in training.

        Raises:
            ValueError: There is no such kind, or fewer than two bins.
        """
        super().__init__()
        if kind not in OUTPUTS:
            raise ValueError(f"an output is one of {', '.join(OUTPUTS)}, not {kind!r}")
        if bins < 2:
            raise ValueError(f"a distribution over scores needs at least two bins, but there are {bins}")
        self.kind, self.scale = kind, scale
        self.layers = nn.Sequential(
            nn.Linear(dim, dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(dim, bins if kind == "distribution" else 1)
        )
        if kind == "coral":
            self.thresholds = nn.Parameter(torch.linspace(2.0, -2.0, bins - 1))

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor | None]:
        """Answers: (B, dim) → (B,) scores ŷ, and (B, K) logits or None."""
        answers = self.layers(vectors)
        if self.kind == "distribution":
            return expected_score(answers, self.scale), answers
        if self.kind == "coral":
            logits = answers + self.thresholds
            return coral_score(logits, self.scale), logits
        low, high = self.scale
        return (low + high) / 2 + (high - low) / 4 * answers.squeeze(-1), None


# A transformer along time, and the scale of what goes in.


class FrameScale(nn.Module):
    """Standardises frames by statistics of the training clips, which are kept with the weights.

    Attributes:
        mean: (dim,) mean over all training frames.
        deviation: (dim,) their standard deviation, 1 where it is zero.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, dim: int) -> None:
        """Takes the width of a frame."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(dim))

    def calibrate(self, clips: Iterable[Tensor]) -> None:
        """Takes the statistics from training clips, (T_i, dim) each; every frame counts the same."""
        count, total, squares = 0, torch.zeros_like(self.mean).double(), torch.zeros_like(self.mean).double()
        for frames in clips:
            values = frames.to(total)
            count += len(values)
            total += values.sum(0)
            squares += values.square().sum(0)
        mean = total / max(count, 1)
        deviation = (squares / max(count, 1) - mean.square()).clamp_min(0).sqrt()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def forward(self, frames: Tensor) -> Tensor:
        """Standardises (..., dim) and holds it to six deviations: one wild frame cannot run away with a score."""
        return ((frames - self.mean) / self.deviation).clamp(-LIMIT, LIMIT)


class TemporalTransformer(nn.Module):
    """Lets frames of one clip see each other.

    Frames are projected to ``width``, get sinusoidal positions (Vaswani et al. 2017) and pass pre-norm transformer
    layers. What is padding is never attended to.

    Attributes:
        width: Width of the result's frames.
    """

    def __init__(self, dim: int, width: int, layers: int, heads: int, dropout: float) -> None:
        """Makes the layers.

        Args:
            dim: Width of the frames that come in.
            width: Width within, a multiple of ``heads`` and even.
            layers: Number of layers.
            heads: Attention heads of each.
            dropout: Share of units left out in training.
        """
        super().__init__()
        self.width = width
        self.project = nn.Linear(dim, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Transforms: (B, T, dim) and (B, T) booleans → (B, T, width)."""
        hidden = self.project(frames) + positions(frames.shape[1], self.width, frames.device)
        return self.layers(hidden, src_key_padding_mask=~mask)


def positions(length: int, width: int, device: torch.device) -> Tensor:
    """Sinusoidal positions, (length, width): sines and cosines with wavelengths from 2π to 10,000 · 2π frames.

    Args:
        length: Number of frames.
        width: Width of a frame.
        device: Where to make them.
    """
    time = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    return torch.stack([(time * rates).sin(), (time * rates).cos()], dim=-1).flatten(1)[:, :width]
