"""Where a predicted number comes from; it travels with every score."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    "human": "trained on ratings by people",
    "zero-shot": "not trained on ratings; uncalibrated",
    "simulated": "trained on simulated listeners; a demonstration, not evidence",
    "unverified": "made by weights of unknown origin; what they were trained on is not known",
}
"""The kinds of origin that a score can have, and what each means."""

UNKNOWN = "unknown"
"""The kind of scores whose table does not say what made them."""


@dataclass(frozen=True)
class Provenance:
    """Says what made a score.

    Attributes:
        kind: ``"human"``, ``"zero-shot"``, ``"simulated"`` or ``"unverified"``: what the head was trained on.
        encoder: Name and revision of the encoder, for example ``"LogMel r1"``.
        head: Name of the head, for example ``"ScoreHead, 3 layers"``.
        data: The study that the head was trained on, with its size; empty for zero-shot.
        interval: What the interval is and where it was calibrated, or why there is none; empty where nobody knows.
        held_out: What clips its card's results are of, next to those of training; empty where it is not known.
    """

    kind: str
    encoder: str
    head: str
    data: str = ""
    interval: str = ""
    held_out: str = ""

    def __post_init__(self) -> None:
        """Refuses a kind that nobody could explain."""
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {self.kind!r}")

    def __str__(self) -> str:
        """One line for the ``source_<axis>`` column."""
        parts = [f"{self.kind}: {self.encoder} + {self.head}"]
        if self.data:
            parts.append(self.data)
        if self.held_out:
            parts.append(f"tested on {self.held_out}")
        if self.interval:
            parts.append(self.interval)
        return "; ".join(parts)

    def as_dict(self) -> dict[str, str]:
        """Returns the fields, ready for JSON."""
        return asdict(self)


def kinds_of(table: pd.DataFrame, axis: str) -> list[str]:
    """Returns the kinds of numbers that a score table holds on an axis, by its column ``source_AXIS``.

    Args:
        table: Scores; those that are NaN do not count.
        axis: A column of scores.

    Returns:
        Keys of ``KINDS``, and ``UNKNOWN`` where some score's source is missing or is none of them.
    """
    scored = table[table[axis].notna()]
    sources = scored[f"source_{axis}"].astype(str) if f"source_{axis}" in table.columns else [""] * len(scored)
    told = (source.partition(":")[0].strip() for source in sources)
    return list(dict.fromkeys(kind if kind in KINDS else UNKNOWN for kind in told))


def trained_on(table: pd.DataFrame, study: str) -> list[str]:
    """Returns the scored axes whose heads were trained on a study, as its columns ``source_AXIS`` tell.

    Args:
        table: Scores.
        study: The study's name.
    """
    sources = {str(name).removeprefix("source_"): table[name] for name in table if str(name).startswith("source_")}
    mark = f"; {study}, "
    return [axis for axis, told in sources.items() if told.astype(str).str.contains(mark, regex=False).any()]


def kinds_in_words(kinds: dict[str, list[str]]) -> list[str]:
    """Says what kind of numbers predictions are, one sentence a kind.

    Args:
        kinds: For each axis what ``kinds_of`` answered.
    """
    axes: dict[str, list[str]] = {}
    for axis, own in kinds.items():
        for kind in own:
            axes.setdefault(kind, []).append(axis)
    silent = "the table does not say what made these scores"
    return [f"Predicted {', '.join(names)}: {kind}, {KINDS.get(kind, silent)}." for kind, names in axes.items()]
