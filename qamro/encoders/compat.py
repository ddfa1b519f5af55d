"""Keeps optional packages that are installed but broken from taking everything else down with them."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys

_OPTIONAL = ("torchaudio", "torchvision")


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


def _forget(name: str) -> None:
    """Removes what a failed import left behind."""
    for module in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
        with contextlib.suppress(KeyError):
            del sys.modules[module]
