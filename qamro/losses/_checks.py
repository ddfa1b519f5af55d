"""What the losses share: checks of their input, groups, centring and normalising, and the module around a function."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

Normalisation = Literal["batch", "scale"]


class Shapes(NamedTuple):
    """What messages begin with; put into words only where there is one."""

    name: str
    values: Tensor
    targets: Tensor

    def __str__(self) -> str:
        return f"{self.name} {tuple(self.values.shape)} and targets {tuple(self.targets.shape)}"


def check_batch(predictions: Tensor, targets: Tensor, groups: Tensor | None = None) -> None:
    """Refuses a batch that has no loss.

    Args:
        predictions: Floating point, shape (..., B).
        targets: Numbers, shape (B,).
        groups: Anything that can be compared for equality, shape (B,); or None.

    Raises:
        ValueError: Shapes do not fit, predictions are not floating point, or a value is NaN or infinite. The message
            shows the shapes.
    """
    shapes = Shapes("predictions", predictions, targets)
    if targets.dim() != 1 or predictions.dim() < 1 or predictions.shape[-1] != targets.shape[0]:
        raise ValueError(f"{shapes} do not fit: targets must be (B,) and predictions (..., B) with the same B")
    if not predictions.is_floating_point() or targets.is_complex():
        raise ValueError(
            f"{shapes}: predictions must be floating point and targets real, "
            f"but they are {predictions.dtype} and {targets.dtype}"
        )
    check_groups(shapes, targets, groups)
    check_finite(shapes, "predictions", predictions)
    check_finite(shapes, "targets", targets)


def check_groups(shapes: Shapes, targets: Tensor, groups: Tensor | None) -> None:
    if groups is not None and groups.shape != targets.shape:
        raise ValueError(f"{shapes}: groups {tuple(groups.shape)} must have the shape of targets")


def check_finite(shapes: Shapes, name: str, values: Tensor) -> None:
    """Refuses NaN and infinity, except under ``torch.vmap``: there no value can be looked at, and NaN gives NaN."""
    values = values.detach()
    if holds(values.sum().isfinite()):  # one quick pass; a sum may overflow where no value does
        return
    bad = int((~torch.isfinite(values)).sum())
    if bad:
        raise ValueError(f"{shapes}: {name} hold {bad} NaN or infinite value{'s' if bad > 1 else ''}; remove them")


def check_number(name: str, value: float) -> float:
    """Returns a parameter as a float.

    Raises:
        ValueError: The value is NaN or infinite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, but it is {value}")
    return float(value)


def check_coefficient(name: str, value: float | Tensor, like: Tensor) -> Tensor:
    """Turns alpha or beta into a float64 tensor beside ``like``.

    Raises:
        ValueError: The value is NaN or infinite.
    """
    if isinstance(value, (int, float)):
        return _constant(check_number(name, value), like.device)
    coefficient = torch.as_tensor(value, dtype=torch.float64, device=like.device)
    if not holds(torch.isfinite(coefficient).all()):
        raise ValueError(f"{name} must be finite, but it is {value}")
    return coefficient


@functools.lru_cache(64)
def _constant(value: float, device: torch.device) -> Tensor:
    return torch.tensor(value, dtype=torch.float64, device=device)


def broadcast_leading(predictions: Tensor, targets: Tensor, **coefficients: Tensor) -> torch.Size:
    """The leading shape that predictions and coefficients broadcast to.

    Raises:
        ValueError: They do not broadcast. The message shows the shapes.
    """
    if not any(c.dim() for c in coefficients.values()):
        return predictions.shape[:-1]
    try:
        return torch.broadcast_shapes(predictions.shape[:-1], *(c.shape for c in coefficients.values()))
    except RuntimeError:
        shown = ", ".join(f"{name} {tuple(c.shape)}" for name, c in coefficients.items())
        raise ValueError(
            f"predictions {tuple(predictions.shape)} and targets {tuple(targets.shape)}: {shown} must broadcast "
            f"to the leading dimensions of predictions, {tuple(predictions.shape[:-1])}"
        ) from None


def holds(condition: Tensor) -> bool:
    """Whether a condition holds; yes under ``torch.vmap``, which has many answers and lets nobody look at them."""
    try:
        return bool(condition)
    except RuntimeError:
        if torch._C._functorch.maybe_current_level() is None:
            raise
        return True


def finished(loss: Tensor, like: Tensor) -> Tensor:
    """A loss in the dtype it is answered in, that of ``like`` but float32 for half precision, and never as -0.0."""
    return loss.to(result_dtype(like)) + 0.0


def result_dtype(predictions: Tensor) -> torch.dtype:
    """The dtype a loss answers in: that of the predictions, but float32 for half precision."""
    return torch.promote_types(predictions.dtype, torch.float32)


def group_index(groups: Tensor) -> Tensor:
    """Numbers the groups of a batch 0, 1, 2, …; shape (B,)."""
    return torch.unique(groups, return_inverse=True)[1]


def centred(values: Tensor) -> Tensor:
    """Moves values, shape (..., B), so that their median is zero, in float64.

    Only differences of scores count in a ranking loss. Near a huge common offset this subtraction is exact, and what
    is computed afterwards keeps the digits that tell the clips apart. The shift is a constant for the gradient.
    """
    values = values.double()
    if values.shape[-1] == 0:
        return values
    return values - values.detach().median(dim=-1, keepdim=True).values


def normalised(
    targets: Tensor, normalize: str, scale: tuple[float, float] | None, groups: Tensor | None = None
) -> Tensor:
    """The quality ỹ in [0, 1] of Eq. 3, in float64.

    Args:
        targets: Scores y, shape (B,).
        normalize: ``"batch"``: by the minimum and maximum of the batch, of each group where ``groups`` are given
            (zero where all scores of a group are equal). ``"scale"``: by the ends of the rating scale; a score outside
            the scale counts as its nearest end.
        scale: (low, high) of the rating scale, for ``"scale"`` only.
        groups: Shape (B,), or None.

    Returns:
        Shape (B,), without gradient.

    Raises:
        ValueError: An unknown ``normalize``, or a ``scale`` that is missing, empty or without use.
    """
    y = targets.detach().double()
    if normalize == "scale":
        if scale is None or not scale[0] < scale[1]:
            raise ValueError(f'normalize="scale" needs scale=(low, high) with low < high, but scale is {scale}')
        low, high = scale
        return ((y - low) / (high - low)).clamp(0, 1)
    if normalize != "batch":
        raise ValueError(f'normalize must be "batch" or "scale", but it is {normalize!r}')
    if scale is not None:
        raise ValueError(f'scale={scale} is read with normalize="scale" only; normalize is "batch"')
    if y.numel() == 0:
        return y
    if groups is None:
        lowest, highest = y.aminmax()
    else:
        index = group_index(groups)
        lowest = y.scatter_reduce(0, index, y, "amin", include_self=False)[index]
        highest = y.scatter_reduce(0, index, y, "amax", include_self=False)[index]
    width = highest - lowest
    return (y - lowest) / torch.where(width > 0, width, 1)


class LossModule(nn.Module):
    """A loss as a module: its options are attributes, and it has no parameters of its own."""

    function: ClassVar[Callable[..., Tensor]]

    def __init__(self, **options: Any):
        super().__init__()
        self._names = tuple(options)
        for name, value in options.items():
            setattr(self, name, value)

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names}

    def forward(self, predictions: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        """See the function."""
        return type(self).function(predictions, targets, groups=groups, **self._options())

    def extra_repr(self) -> str:
        """Shows the options."""
        return ", ".join(f"{name}={value!r}" for name, value in self._options().items())
