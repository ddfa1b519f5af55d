"""What other installed packages add to a table of ours, by entry points; looked for when it is first asked for."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any


@functools.cache
def entries(group: str) -> dict[str, Callable[..., Any]]:
    """Returns what installed packages registered under a group.

    Args:
        group: For example ``"qamro.objectives"``.

    Returns:
        Name to what the entry point names. One that cannot be imported is left out, with a warning that names it.
    """
    found: dict[str, Callable[..., Any]] = {}
    for point in entry_points(group=group):
        try:
            found[point.name] = point.load()
        except Exception as problem:  # another package's fault must not take ours down
            warnings.warn(f"{group}: {point.name} ({point.value}) cannot be loaded: {problem}", stacklevel=2)
    return found
