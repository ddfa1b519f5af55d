"""The option ``--axis``: names, and pairs such as ``MI=quality``."""

from __future__ import annotations

from collections.abc import Iterable


def parse_axes(given: Iterable[str], option: str = "--axis") -> tuple[list[str], dict[str, str]]:
    """Reads axes and pairs of a predicted and a rated axis.

    Args:
        given: What the user wrote, for example ``["PQ", "MI=quality"]``.
        option: What the option is called, for errors.

    Returns:
        The axes with one name, and the pairs from predicted to rated axis.

    Raises:
        ValueError: A text is neither, or an axis is paired twice.
    """
    axes: list[str] = []
    pairs: dict[str, str] = {}
    for text in given:
        predicted, equals, rated = (part.strip() for part in text.partition("="))
        if not predicted or (equals and not rated):
            raise ValueError(f"{option} {text!r} is not an axis or a pair such as MI=quality")
        if predicted in pairs:
            raise ValueError(f"{option} {text!r}: {predicted} is paired with {pairs[predicted]!r} already")
        if equals:
            pairs[predicted] = rated
        else:
            axes.append(predicted)
    return axes, pairs
