"""The branch that holds the clip against its prompt: textual alignment."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from qamro.heads.branch_output import BranchOutput
from qamro.heads.branch_settings import BranchSettings
from qamro.heads.sequences import masked_mean
from qamro.heads.temporal import FrameScale


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
