"""How many there are, in words: the one place that knows where a plural goes."""

from __future__ import annotations


def count(n: int, what: str) -> str:
    """Writes how many there are.

    Args:
        n: How many.
        what: Of what, in the singular.

    Example:
        >>> count(1, "clip"), count(3060, "clip"), count(2, "axis"), count(0, "study")
        ('1 clip', '3,060 clips', '2 axes', '0 studies')
    """
    return f"{n:,} {what if n == 1 else _plural(what)}"


def _plural(what: str) -> str:
    if what.endswith("is"):
        return f"{what.removesuffix('is')}es"
    if what.endswith("y") and what[-2:-1] not in "aeiou":
        return f"{what.removesuffix('y')}ies"
    return f"{what}s"
