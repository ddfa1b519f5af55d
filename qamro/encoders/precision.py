"""Which number format an encoder computes in, and whether this machine has it in hardware."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

PRECISIONS = ("float32", "bfloat16", "auto")


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes bfloat16 in hardware; elsewhere it is emulated and slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, check, bool)() for check in checks)
    return False


def choose(precision: str, device: torch.device) -> torch.dtype:
    """Returns the number format to compute in.

    Args:
        precision: ``"float32"``: the originals' numbers. ``"bfloat16"``: faster, with the deviation that
            ``benchmarks/RESULTS.md`` states. ``"auto"``: bfloat16 where the device has it in hardware.
        device: Where the network runs.

    Raises:
        ValueError: There is no such precision.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision is one of {', '.join(PRECISIONS)}, not {precision!r}")
    if precision == "bfloat16" or (precision == "auto" and has_bfloat16(device)):
        return torch.bfloat16
    return torch.float32


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[object]:
    """Lets matrix products run in ``dtype`` while norms and sums keep float32 where it matters."""
    if dtype == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)


def store_products_as(network: nn.Module, dtype: torch.dtype) -> None:
    """Converts the weights of matrix products and convolutions once.

    Under autocast alone they would be converted anew in every call, which costs as much as it gains on a CPU.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
            module.to(dtype)
