"""Several processes that train one model: what each computes is gathered, so that pairs across processes count.

    torchrun --nproc-per-node 2 -m qamro train …

Data parallelism as usually done averages the losses of the processes; a ranking loss over each process's own clips
would never see a pair of clips of two processes. Here every process computes the predictions of its share of a batch,
all of them get all predictions, and each computes the loss of the whole batch; gradients of the weights are sums over
shares. Loss and gradient are those of a single process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class World:
    """The processes that train together.

    Attributes:
        rank: Number of this process, from 0.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes and talks."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Returns which of ``count`` rows are this process's; shares differ by one row at most and may be empty."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def gather(self, values: torch.Tensor, share: slice, count: int, dim: int = -1) -> torch.Tensor:
        """Puts the shares of all processes together; gradients flow to this process's own share.

        Args:
            values: This process's rows along ``dim``.
            share: Which rows they are.
            count: Rows in all.
            dim: The dimension of the rows.
        """
        if self.size == 1:
            return values
        at = values.movedim(dim, 0)
        whole = at.new_zeros(count, *at.shape[1:])
        whole[share] = at.detach()
        whole = self.sum(whole)
        whole[share] = at
        return whole.movedim(0, dim)

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Adds up a tensor of one shape over all processes, without gradient."""
        if self.size > 1:
            values = values.detach().contiguous()
            torch.distributed.all_reduce(values)
        return values

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Adds up ``.grad`` over all processes; a process without one counts as zero, as one that is frozen does."""
        if self.size == 1:
            return
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        for parameter in trained:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        for bucket in _buckets([parameter.grad for parameter in trained if parameter.grad is not None]):
            flat = self.sum(torch.cat([gradient.flatten() for gradient in bucket]))
            for gradient, summed in zip(bucket, flat.split([g.numel() for g in bucket]), strict=True):
                gradient.copy_(summed.view_as(gradient))

    def any(self, flag: bool) -> bool:
        """Whether some process says yes; all must ask."""
        if self.size == 1:
            return flag
        device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
        return bool(self.sum(torch.tensor([float(flag)], device=device)).item())

    def wait(self) -> None:
        """Waits for all processes."""
        self.any(False)

    def close(self) -> None:
        """Leaves the others in order."""
        if self.size > 1:
            torch.distributed.destroy_process_group()


ALONE = World()


def under_torchrun() -> bool:
    """Whether torchrun started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def join(device: str = "cpu") -> tuple[World, str]:
    """Joins the processes that torchrun started; without torchrun there is one.

    Args:
        device: ``"cpu"``, or ``"cuda"``, of which each process takes its own.

    Returns:
        The processes, and this one's device.
    """
    if not under_torchrun():
        return ALONE, device
    options: dict[str, Any] = {"backend": "gloo"}
    if device.startswith("cuda"):
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
        options = {"backend": "nccl", "device_id": torch.device(device)}
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group(**options)
    return World(torch.distributed.get_rank(), torch.distributed.get_world_size()), device


def _buckets(tensors: list[torch.Tensor], most: int = 1 << 24) -> Iterable[list[torch.Tensor]]:
    """Puts tensors together, up to ``most`` numbers of one dtype each: a message each would cost more than its load."""
    bucket: list[torch.Tensor] = []
    size = 0
    for tensor in tensors:
        if bucket and (size + tensor.numel() > most or tensor.dtype != bucket[0].dtype):
            yield bucket
            bucket, size = [], 0
        bucket.append(tensor)
        size += tensor.numel()
    if bucket:
        yield bucket
