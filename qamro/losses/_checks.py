"""What every loss of this package asks of its input, said once."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import torch
from torch import Tensor


class _Shapes(NamedTuple):
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
    shapes = _Shapes("predictions", predictions, targets)
    if targets.dim() != 1 or predictions.dim() < 1 or predictions.shape[-1] != targets.shape[0]:
        raise ValueError(f"{shapes} do not fit: targets must be (B,) and predictions (..., B) with the same B")
    if not predictions.is_floating_point() or targets.is_complex():
        raise ValueError(
            f"{shapes}: predictions must be floating point and targets real, "
            f"but they are {predictions.dtype} and {targets.dtype}"
        )
    _check_groups(shapes, targets, groups)
    _check_finite(shapes, "predictions", predictions)
    _check_finite(shapes, "targets", targets)


def check_rows(name: str, values: Tensor, targets: Tensor, groups: Tensor | None = None) -> None:
    """Refuses a batch in which every clip has a row of numbers: an embedding, or the logits of a distribution.

    Args:
        name: What the rows are, for the message.
        values: Floating point, shape (..., B, D) with D > 0.
        targets: Numbers, shape (B,).
        groups: Shape (B,), or None.

    Raises:
        ValueError: As ``check_batch``.
    """
    shapes = _Shapes(name, values, targets)
    if targets.dim() != 1 or values.dim() < 2 or values.shape[-2] != targets.shape[0] or values.shape[-1] == 0:
        raise ValueError(f"{shapes} do not fit: targets must be (B,) and {name} (..., B, D) with the same B and D > 0")
    if not values.is_floating_point() or targets.is_complex():
        raise ValueError(f"{shapes}: {name} must be floating point and targets real")
    _check_groups(shapes, targets, groups)
    _check_finite(shapes, name, values)
    _check_finite(shapes, "targets", targets)


def _check_groups(shapes: _Shapes, targets: Tensor, groups: Tensor | None) -> None:
    if groups is not None and groups.shape != targets.shape:
        raise ValueError(f"{shapes}: groups {tuple(groups.shape)} must have the shape of targets")


def _check_finite(shapes: _Shapes, name: str, values: Tensor) -> None:
    if math.isfinite(values.detach().sum().item()):  # one quick pass; a sum may overflow where no value does
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
    if not torch.isfinite(coefficient).all():
        raise ValueError(f"{name} must be finite, but it is {value}")
    return coefficient


@functools.lru_cache(64)
def _constant(value: float, device: torch.device) -> Tensor:
    return torch.tensor(value, dtype=torch.float64, device=device)


def check_temperature(value: float | Tensor, like: Tensor) -> Tensor:
    """Turns a temperature into a float64 tensor beside ``like``.

    Raises:
        ValueError: It is not above zero and finite.
    """
    temperature = check_coefficient("temperature", value, like)
    if not (temperature > 0).all():
        raise ValueError(f"temperature must be above zero, but it is {value}")
    return temperature


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


def result_dtype(predictions: Tensor) -> torch.dtype:
    """The dtype a loss answers in: that of the predictions, but float32 for half precision."""
    return torch.promote_types(predictions.dtype, torch.float32)
