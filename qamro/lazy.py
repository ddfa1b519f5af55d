"""Public names that are imported when they are asked for (PEP 562), so that a package alone costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def imported(package: str, homes: Mapping[str, str], name: str) -> Any:
    """Returns a public name of a package; for its ``__getattr__``.

    Args:
        package: The package.
        homes: For each such name the module that has it.
        name: What was asked for.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(import_module(homes[name]), name)
