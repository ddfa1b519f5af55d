"""SAMA: the score-anchored modality alignment of DeRA-MOS."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from qamro.losses._checks import check_batch, check_rows, result_dtype
from qamro.losses._groups import mean_over_groups
from qamro.losses._scaling import Normalisation, normalised


def sama_loss(
    audio: Tensor,
    text: Tensor,
    targets: Tensor,
    *,
    normalize: Normalisation = "scale",
    scale: tuple[float, float] | None = (1.0, 5.0),
    groups: Tensor | None = None,
) -> Tensor:
    """Makes the embeddings of a clip and of its prompt as alike as people say that the two match.

        L_SAMA = mean over clips of ( (cos(a, t) + 1) / 2 - ỹ )²

    a and t are the embeddings of audio and text in a common space, ỹ is the score of textual alignment in [0, 1].

    Args:
        audio: a, floating point, shape (B, D), or (..., B, D) for many models at once.
        text: t, of the same shape as audio, or one that broadcasts to it.
        targets: y, scores of textual alignment, shape (B,); they get no gradient.
        normalize: ``"scale"`` or ``"batch"``, as in ``qamro_loss``. Unlike there, the scale is the usual choice: the
            likeness of a clip and its prompt should not depend on the other clips.
        scale: (low, high) of the rating scale; not read with ``"batch"``.
        groups: Shape (B,); the loss is the mean over groups of the means over their clips, and ``"batch"`` normalises
            within the group.

    Returns:
        The loss, shape (...), in the dtype of audio (float32 for half precision). Zero for an empty batch. An
        embedding of zeros has cosine 0.

    Raises:
        ValueError: Shapes do not fit, a value is NaN or infinite, or the scale is empty.

    Example:
        >>> import torch
        >>> sama_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]]), torch.tensor([5.0]))
        tensor(0.2500)

    Source:
        DeRA-MOS (arXiv 2606.10010), weight 0.3; during training only, on embeddings before they are fused. The
        equation follows the public code in which it was developed, with its (y - 1) / 4.
    """
    check_rows("audio embeddings", audio, targets, groups)
    check_rows("text embeddings", text, targets)
    if audio.shape[-1] != text.shape[-1]:
        raise ValueError(f"audio {tuple(audio.shape)} and text {tuple(text.shape)} must have the same last dimension")
    dtype = result_dtype(audio)
    cosine = functional.cosine_similarity(audio.to(dtype), text.to(dtype), dim=-1)
    return sama_of_cosine(cosine, targets, normalize=normalize, scale=scale, groups=groups)


def sama_of_cosine(
    cosine: Tensor,
    targets: Tensor,
    *,
    normalize: Normalisation = "scale",
    scale: tuple[float, float] | None = (1.0, 5.0),
    groups: Tensor | None = None,
) -> Tensor:
    """``sama_loss`` of embeddings whose cosine is known, for instance because the score is computed from it.

    Args:
        cosine: cos(a, t) in [-1, 1], floating point, shape (B,), or (..., B) for many models at once.
        targets: As in ``sama_loss``.
        normalize: As in ``sama_loss``.
        scale: As in ``sama_loss``.
        groups: As in ``sama_loss``.

    Returns:
        The loss, shape (...), in the dtype of cosine (float32 for half precision). Zero for an empty batch.

    Raises:
        ValueError: As ``sama_loss``.

    Example:
        >>> import torch
        >>> sama_of_cosine(torch.tensor([0.0]), torch.tensor([5.0]))
        tensor(0.2500)
    """
    check_batch(cosine, targets, groups)
    wanted = normalised(targets, normalize, scale if normalize == "scale" else None, groups)
    dtype = result_dtype(cosine)
    return mean_over_groups(((cosine.to(dtype) + 1) / 2 - wanted.to(dtype)) ** 2, groups)


class SAMALoss(nn.Module):
    """``sama_loss`` as a module.

    Args:
        normalize: ``"scale"`` or ``"batch"``.
        scale: (low, high) of the rating scale.
    """

    def __init__(self, normalize: Normalisation = "scale", scale: tuple[float, float] | None = (1.0, 5.0)):
        super().__init__()
        self.normalize, self.scale = normalize, scale

    def forward(self, audio: Tensor, text: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        """See ``sama_loss``."""
        return sama_loss(audio, text, targets, normalize=self.normalize, scale=self.scale, groups=groups)

    def extra_repr(self) -> str:
        """Shows the parameters."""
        return f"normalize={self.normalize!r}, scale={self.scale}"
