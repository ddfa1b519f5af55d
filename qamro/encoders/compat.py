"""Imports of libraries that bring more along than this project needs, some of it broken."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType

_OPTIONAL = ("torchaudio", "torchvision")

_UNUSED = ("is_scipy_available", "is_torch_distributed_available")
"""What transformers asks before it imports losses of object detection, and tensors spread over machines."""


def hide_broken_packages() -> list[str]:
    """Makes ``import torchaudio`` and ``import torchvision`` fail cleanly where they cannot work.

    The wheels on PyPI are linked against CUDA libraries; beside a CPU build of PyTorch their import dies with an
    OSError, and transformers, which only looks whether they are installed, dies with them. A None in
    ``sys.modules`` is Python's own way to say that a module is not to be had. To be called before the first import of
    transformers; calling it again costs nothing.

    Returns:
        The packages that are hidden.
    """
    # Set before transformers loads, which otherwise asks the tokenizers' threads about every fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name in _OPTIONAL:
        if name in sys.modules:
            continue
        try:
            importlib.import_module(name)
        except (ImportError, OSError, RuntimeError):
            _forget(name)
            sys.modules[name] = None  # type: ignore[assignment]
    return [name for name in _OPTIONAL if sys.modules.get(name, ...) is None]


def import_clap() -> ModuleType:
    """Imports transformers' CLAP, in three quarters of the usual time, and returns its module.

    While transformers loads it is told that scipy and distributed tensors are not here: it would import half a second
    of them and CLAP uses neither. Afterwards the answers are true again.
    """
    hide_broken_packages()
    with _answering_no(*_UNUSED):
        importlib.import_module("transformers.models.clap.modeling_clap")
    return importlib.import_module("transformers.models.clap")


@contextlib.contextmanager
def _answering_no(*questions: str) -> Iterator[None]:
    utils = importlib.import_module("transformers.utils")
    homes = (utils, utils.import_utils)
    answers = [(home, name, getattr(home, name)) for home in homes for name in questions if hasattr(home, name)]
    try:
        for home, name, _ in answers:
            setattr(home, name, bool)
        yield
    finally:
        for home, name, answer in answers:
            setattr(home, name, answer)


def _forget(name: str) -> None:
    """Removes what a failed import left behind."""
    for module in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
        with contextlib.suppress(KeyError):
            del sys.modules[module]
