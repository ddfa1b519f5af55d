"""Imports transformers' CLAP in 0.9 s where it takes 2.2 s: without the compiler, scipy and distributed tensors.

transformers imports PyTorch's compiler (``torch._dynamo``, with sympy behind it) only to mark functions for it, and
asks whether scipy and distributed tensors are there to import losses and loaders that CLAP does not use. Nothing is
compiled here. While CLAP is imported, marks are left out and the two questions are answered with no; afterwards
everything is as it was, and who wants the compiler gets it.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from qamro.encoders.compat import hide_broken_packages

_CLAP = "transformers.models.clap"
_COMPILER = "torch._dynamo"
_UNUSED = ("is_scipy_available", "is_torch_distributed_available")


def import_clap() -> ModuleType:
    """Returns the module with ``ClapModel`` and ``ClapConfig``."""
    hide_broken_packages()
    if f"{_CLAP}.modeling_clap" not in sys.modules:
        # Another version of transformers may want more than is held back here; then it is imported as it is.
        with contextlib.suppress(ImportError, AttributeError, TypeError), _without_compiler(), _answering_no():
            importlib.import_module(f"{_CLAP}.modeling_clap")
        importlib.import_module(f"{_CLAP}.modeling_clap")
    return importlib.import_module(_CLAP)


class _Marks(ModuleType):
    """Stands for the compiler: each of its functions is a decorator that leaves a function as it is."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _unmarked


def _unmarked(function: Any = None, *_: Any, **__: Any) -> Any:
    return function if function is not None else _unmarked


class _TransformGetItemToIndex:
    """Stands for a class of the compiler that transformers names on import; made, it is the real one."""

    def __new__(cls, *arguments: Any) -> Any:
        real = importlib.import_module(f"{_COMPILER}._trace_wrapped_higher_order_op")
        return real.TransformGetItemToIndex(*arguments)


@contextlib.contextmanager
def _without_compiler() -> Iterator[None]:
    import torch

    if _COMPILER in sys.modules:  # it was loaded for something else; there is nothing to save
        yield
        return
    operators = ModuleType(f"{_COMPILER}._trace_wrapped_higher_order_op")
    operators.TransformGetItemToIndex = _TransformGetItemToIndex  # type: ignore[attr-defined]
    stand_ins = {_COMPILER: _Marks(_COMPILER), operators.__name__: operators}
    disable = torch.compiler.disable
    sys.modules.update(stand_ins)
    torch.compiler.disable = _unmarked  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.compiler.disable = disable
        for name, module in stand_ins.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        vars(torch).pop("_dynamo", None)


@contextlib.contextmanager
def _answering_no() -> Iterator[None]:
    utils = importlib.import_module("transformers.utils")
    homes = (utils, utils.import_utils)
    answers = [(home, name, getattr(home, name)) for home in homes for name in _UNUSED if hasattr(home, name)]
    for home, name, _ in answers:
        setattr(home, name, bool)
    try:
        yield
    finally:
        for home, name, answer in answers:
            setattr(home, name, answer)
