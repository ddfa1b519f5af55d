"""A study ready to train a frame-level model on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from qamro.axes import get_axis
from qamro.heads.domain import frame_statistics
from qamro.heads.dual_branch import Branch
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.training.frames.buckets import in_order_of_length
from qamro.training.frames.embeddings import FrameEmbeddings
from qamro.training.prepared import Prepared

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 128


@dataclass
class FrameData:
    """What a branch is fitted on.

    Attributes:
        embeddings: Of the whole study.
        rows: N row numbers of the training clips.
        targets: (N,) their MOS.
        val_rows: M row numbers of the validation clips.
        val_targets: (M,) their MOS.
        with_text: Whether the axis is judged against the prompt.
    """

    embeddings: FrameEmbeddings
    rows: list[int]
    targets: torch.Tensor
    val_rows: list[int]
    val_targets: torch.Tensor
    with_text: bool


class PreparedFrames(Prepared):
    """A study, its sequences and its parts; what ``Prepared`` is for frozen embeddings."""

    embeddings: FrameEmbeddings  # type: ignore[assignment]

    def targets(self, clips: Sequence[str], axis: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns row numbers and MOS, as ``Prepared.targets``; a clip without a prompt has no textual alignment."""
        if axis in NEEDS_PROMPT and self.embeddings.text is not None:
            asked = dict(zip(self.embeddings.clips, self.embeddings.prompts, strict=True))
            clips = [clip for clip in clips if asked.get(clip)]
        return super().targets(clips, axis)

    def frame_data(self, axis: str) -> FrameData:
        """Returns the training and validation clips of an axis.

        Raises:
            ValueError: The study does not rate the axis.
        """
        rows, targets = self.targets(self.parts["train"], axis)
        val_rows, val_targets = self.targets(self.parts["validation"], axis)
        return FrameData(self.embeddings, rows.tolist(), targets, val_rows.tolist(), val_targets, axis in NEEDS_PROMPT)

    def test(self, axis: str) -> tuple[list[str], torch.Tensor, torch.Tensor]:
        """Returns the test clips of an axis with their row numbers and MOS."""
        rows, targets = self.targets(self.parts["test"], axis)
        return [self.embeddings.clips[row] for row in rows.tolist()], rows, targets

    def kinds(self, clips: Sequence[str]) -> torch.Tensor:
        """Returns what tells of what kind clips are: mean and deviation of their frames, (N, 2 * frame_dim)."""
        of = [self.embeddings.frames[self.embeddings.sound[row]] for row in self.embeddings.rows(clips).tolist()]
        return frame_statistics(of)

    def predict(self, clips: Sequence[str], heads: Mapping[str, Any]) -> pd.DataFrame:
        """Predicts embedded clips.

        Args:
            clips: Those that could not be read are left out.
            heads: For each axis, its branch.

        Returns:
            Columns ``clip`` and one for each axis, held to the axis's scale.
        """
        import pandas as pd

        rows = self.embeddings.rows(clips).tolist()
        table = pd.DataFrame({"clip": [self.embeddings.clips[row] for row in rows]})
        for axis, branch in heads.items():
            scores, scale = predict_rows(branch, self.embeddings, rows), get_axis(axis)
            table[axis] = (scores.clamp(scale.low, scale.high) if scale.has_range else scores).numpy()
        return table


@torch.inference_mode()
def predict_rows(branch: Branch, embeddings: FrameEmbeddings, rows: Sequence[int]) -> torch.Tensor:
    """Predicts clips in batches of about one length.

    Args:
        branch: In evaluation mode.
        embeddings: Of the study.
        rows: N row numbers.

    Returns:
        (N,) scores on the CPU.
    """
    device = next(branch.parameters()).device
    with_text = branch.settings.token_dim > 0
    scores = torch.empty(len(rows))
    for places in in_order_of_length([embeddings.length(row) for row in rows], _AT_ONCE):
        batch = embeddings.batch([rows[place] for place in places], with_text=with_text, device=device)
        scores[places] = branch(*batch).score.cpu()
    return scores
