"""Who listened: the one place that words it, so that simulated listeners are never called people."""

from __future__ import annotations

_WORDS = {"human": "people", "simulated": "simulated listeners"}


def listeners(kind: str) -> str:
    """Says who gave ratings of a kind.

    Args:
        kind: ``Study.kind`` or the ``kind`` of a card.

    Returns:
        ``"people"``, ``"simulated listeners"``, or ``"unknown listeners"`` where nobody can say.

    Example:
        >>> listeners("simulated")
        'simulated listeners'
    """
    return _WORDS.get(kind, "unknown listeners")
