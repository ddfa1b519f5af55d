"""SAMA: the score-anchored modality alignment of DeRA-MOS."""

from __future__ import annotations

import torch
from torch import Tensor

from qamro.losses._checks import LossModule, Normalisation, check_batch, finished, normalised, result_dtype
from qamro.losses.distribution import check_rows, mean_over_groups


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
    cosine = (_direction(audio.to(dtype)) * _direction(text.to(dtype))).sum(-1)
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
    return finished(mean_over_groups(((cosine.to(dtype) + 1) / 2 - wanted.to(dtype)) ** 2, groups), cosine)


def _direction(rows: Tensor) -> Tensor:
    """Rows of length 1, however short or long they were; zeros stay zeros, with a gradient of zero."""
    largest = rows.detach().abs().amax(-1, keepdim=True)
    some = largest > 0
    near_one = rows / torch.where(some, largest, 1)  # squares neither vanish nor overflow
    square = (near_one**2).sum(-1, keepdim=True)
    return torch.where(some, near_one / torch.where(some, square, 1).sqrt(), near_one.detach())


class SAMALoss(LossModule):
    """``sama_loss`` as a module.

    Args:
        normalize: ``"scale"`` or ``"batch"``.
        scale: (low, high) of the rating scale.
    """

    function = staticmethod(sama_loss)

    def __init__(self, normalize: Normalisation = "scale", scale: tuple[float, float] | None = (1.0, 5.0)):
        super().__init__(normalize=normalize, scale=scale)

    def forward(  # type: ignore[override]
        self, audio: Tensor, text: Tensor, targets: Tensor, groups: Tensor | None = None
    ) -> Tensor:
        """See ``sama_loss``."""
        return sama_loss(audio, text, targets, groups=groups, **self._options())
