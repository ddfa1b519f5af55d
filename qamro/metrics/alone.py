"""What the metrics need of ``torchmetrics.Metric``, for where torchmetrics is not installed.

The interface is torchmetrics' own (https://lightning.ai/docs/torchmetrics/stable/pages/implement.html): states that are
summed or concatenated over ranks, ``update``, ``compute``, ``forward``, ``reset``, ``sync``, ``unsync``, ``clone``.
"""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

_REDUCTIONS = ("sum", "cat")


class AloneMetric(nn.Module):
    """A metric with states; a subclass adds them, and defines ``update`` and ``compute``.

    Attributes:
        update_count: Updates since the last reset.
        sync_on_compute: Whether ``compute`` is over all ranks.
    """

    update: Callable[..., None]
    compute: Callable[..., Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Lets ``update`` count its calls, and ``compute`` be over all ranks and be done once."""
        super().__init_subclass__(**kwargs)
        for name, wrap in (("update", _counted), ("compute", _computed_once)):
            if name in vars(cls):
                setattr(cls, name, wrap(vars(cls)[name]))

    def __init__(self, *, sync_on_compute: bool = True, process_group: Any = None) -> None:
        """Makes a metric without states.

        Args:
            sync_on_compute: Whether ``compute`` is over all ranks.
            process_group: Those ranks that share it; None for all.
        """
        super().__init__()
        self.sync_on_compute, self.process_group = sync_on_compute, process_group
        self.update_count = 0
        self._computed: Any = None
        self._defaults: dict[str, torch.Tensor | list[torch.Tensor]] = {}
        self._reductions: dict[str, str] = {}
        self._own: dict[str, Any] | None = None

    def add_state(self, name: str, default: torch.Tensor | list[torch.Tensor], dist_reduce_fx: str) -> None:
        """Adds a state that ``reset`` sets back.

        Args:
            name: Of the attribute.
            default: A tensor, or an empty list that grows.
            dist_reduce_fx: What ranks do with theirs: ``"sum"`` for a tensor, ``"cat"`` for a list.

        Raises:
            ValueError: It is neither.
        """
        if dist_reduce_fx not in _REDUCTIONS or isinstance(default, list) != (dist_reduce_fx == "cat"):
            raise ValueError(f"state {name!r}: a tensor is summed, an empty list is concatenated, over ranks")
        self._defaults[name], self._reductions[name] = copy.deepcopy(default), dist_reduce_fx
        setattr(self, name, copy.deepcopy(default))

    def reset(self) -> None:
        """Sets every state back to its default."""
        for name, default in self._defaults.items():
            old = getattr(self, name)
            fresh = list[torch.Tensor]() if isinstance(default, list) else default.clone().to(old.device)
            setattr(self, name, fresh)
        self.update_count, self._computed, self._own = 0, None, None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Updates, and returns the value of this batch alone, on this rank."""
        before, count = self.metric_state, self.update_count
        self.reset()
        self.update(*args, **kwargs)
        synced, self.sync_on_compute = self.sync_on_compute, False
        try:
            value = self.compute()
        finally:
            self.sync_on_compute = synced
        for name, old in before.items():
            setattr(self, name, old + getattr(self, name))
        self.update_count, self._computed = count + 1, None
        return value

    @property
    def metric_state(self) -> dict[str, Any]:
        """The states by name."""
        return {name: getattr(self, name) for name in self._defaults}

    def sync(self) -> None:
        """Puts the states of all ranks together; ``unsync`` brings this rank's own back.

        Raises:
            RuntimeError: It is synchronised already.
        """
        if self._own is not None:
            raise RuntimeError("the metric is synchronised already")
        distributed = torch.distributed
        states = {name: _to(value, "cpu") for name, value in self.metric_state.items()}
        everybody: list[Any] = [None] * distributed.get_world_size(self.process_group)
        distributed.all_gather_object(everybody, states, group=self.process_group)
        self._own = self.metric_state
        for name, own in self._own.items():
            parts = [each[name] for each in everybody]
            device = self._device
            total: Any = sum(parts[1:], parts[0])  # adds tensors, and joins lists in the order of the ranks
            setattr(self, name, _to(total, device if isinstance(own, list) else own.device))

    def unsync(self) -> None:
        """Brings this rank's own states back."""
        for name, value in (self._own or {}).items():
            setattr(self, name, value)
        self._own = None

    def clone(self) -> AloneMetric:
        """Returns a copy."""
        return copy.deepcopy(self)

    @property
    def _device(self) -> torch.device:
        found = [
            each for value in self.metric_state.values() for each in (value if isinstance(value, list) else [value])
        ]
        return found[0].device if found else torch.device("cpu")

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> AloneMetric:
        """Moves states with the module, and keeps their type: a model in half precision counts all the same."""
        for name, value in self.metric_state.items():
            device = fn(torch.zeros(1)).device
            setattr(self, name, _to(value, device))
        super()._apply(fn, recurse)
        return self


def _to(value: Any, device: torch.device | str) -> Any:
    return [each.to(device) for each in value] if isinstance(value, list) else value.to(device)


def _counted(update: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(update)
    def call(self: AloneMetric, *args: Any, **kwargs: Any) -> None:
        with torch.no_grad():
            update(self, *args, **kwargs)
        self.update_count += 1
        self._computed = None

    return call


def _computed_once(compute: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(compute)
    def call(self: AloneMetric) -> Any:
        if self._computed is None:
            if not self.update_count:
                warnings.warn(f"{type(self).__name__}.compute was called before update", UserWarning, stacklevel=2)
            distributed = torch.distributed
            many = distributed.is_available() and distributed.is_initialized() and self.sync_on_compute
            if many and self._own is None:
                self.sync()
                try:
                    self._computed = compute(self)
                finally:
                    self.unsync()
            else:
                self._computed = compute(self)
        return self._computed

    return call
