"""Where a predicted number comes from; it travels with every score, as a sentence and as data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

NO_PROMPT = "not scored: no prompt"
"""What ``source_AXIS`` says where the axis needs a prompt and the clip has none."""

NOT_SCORED = "not scored"
"""How ``source_AXIS`` begins where a clip has no score."""

KINDS = {
    "human": "trained on ratings by people",
    "zero-shot": "not trained on ratings; uncalibrated",
    "simulated": "trained on simulated listeners; a demonstration, not evidence",
    "unverified": "made by weights of unknown origin; what they were trained on is not known",
}
"""The kinds of origin that a score can have, and what each means."""

FACTS = ("kind", "encoder", "study", "hash", "calibrated", "calibrationhash", "fold")
"""What stands as data beside the sentence ``source_AXIS`` of a score table, in ``kind_AXIS`` and so on; the sentence is
for people and never taken apart."""

PROVENANCE_UNKNOWN = "unknown"
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
        study: Name of the study that the head was trained on; empty where there is none or nobody knows.
        study_hash: Its hash (``qamro.studies.summary.study_hash``), likewise.
        calibrated: How many ratings its scores were mapped onto, and of which study, in words; empty where scores are
            as the head gave them.
        calibrated_study: Name of that study.
        calibrated_hash: Its hash.
    """

    kind: str
    encoder: str
    head: str
    data: str = ""
    interval: str = ""
    held_out: str = ""
    study: str = ""
    study_hash: str = ""
    calibrated: str = ""
    calibrated_study: str = ""
    calibrated_hash: str = ""

    def __post_init__(self) -> None:
        """Refuses a kind that nobody could explain."""
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {self.kind!r}")

    def __str__(self) -> str:
        """One line for the ``source_<axis>`` column."""
        parts = [f"{self.kind}: {self.encoder} + {self.head}"]
        if self.data:
            parts.append(self.data)
        if self.calibrated:
            parts.append(self.calibrated)
        if self.held_out:
            parts.append(f"tested on {self.held_out}")
        if self.interval:
            parts.append(self.interval)
        return "; ".join(parts)

    @property
    def facts(self) -> dict[str, str]:
        """The columns of ``FACTS``."""
        studies = (self.study, self.study_hash, self.calibrated_study, self.calibrated_hash)
        return dict(zip(FACTS, (self.kind, self.encoder, *studies, ""), strict=True))  # the fold is the clip's

    def as_dict(self) -> dict[str, str]:
        """Returns the fields, ready for JSON."""
        return asdict(self)


def facts_of(table: pd.DataFrame, axis: str) -> dict[str, list[str]]:
    """Returns what a score table's columns ``kind_AXIS``, ``encoder_AXIS`` and so on hold.

    Args:
        table: Scores; rows without a score do not count.
        axis: A column of scores.

    Returns:
        For each of ``FACTS`` its different values, empty text among them; none where the table lacks the column.
    """
    scored = table[table[axis].notna()]
    columns = {part: scored.get(f"{part}_{axis}") for part in FACTS}
    return {
        part: [] if column is None else list(dict.fromkeys(column.fillna("").astype(str).str.strip()))
        for part, column in columns.items()
    }


def kinds_of(table: pd.DataFrame, axis: str) -> list[str]:
    """Returns the kinds of numbers that a score table holds on an axis, by its column ``kind_AXIS``.

    Args:
        table: Scores; those that are NaN do not count.
        axis: A column of scores.

    Returns:
        Keys of ``KINDS``, and ``PROVENANCE_UNKNOWN`` where some score's kind is missing or is none of them.
    """
    told = facts_of(table, axis)["kind"]
    if not told and table[axis].notna().any():
        return [PROVENANCE_UNKNOWN]
    return list(dict.fromkeys(kind if kind in KINDS else PROVENANCE_UNKNOWN for kind in told))


def row_kinds(row: Mapping[str, Any], axes: Sequence[str]) -> list[str]:
    """Returns the kinds of the numbers in one row of a score table, each once, in the order of the axes.

    Args:
        row: The row.
        axes: Those of the table.
    """
    scored = [axis for axis in axes if not math.isnan(row.get(axis, math.nan))]
    kinds = (str(row.get(f"kind_{axis}", "")) for axis in scored)
    return list(dict.fromkeys(kind for kind in kinds if kind in KINDS))


def shown_axes(axes: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Leaves out the axes on which every scored clip says why it has no score: speech quality where nobody speaks.

    Args:
        axes: Those of the table.
        rows: Its rows so far; an axis that only lacks prompts stays.
    """
    good = [row for row in rows if not row["error"]]

    def empty(axis: str) -> bool:
        told = [row.get(f"source_{axis}") for row in good if not row.get(f"kind_{axis}")]
        return len(told) == len(good) and not {NO_PROMPT, NOT_SCORED, None} & set(told)

    return [axis for axis in axes if not good or not empty(axis)] or list(axes)


def trained_on(table: pd.DataFrame, study: Study, rows: Sequence[int] | None = None) -> list[str]:
    """Returns the axes whose heads were trained or calibrated on a study, as the columns of ``FACTS`` tell.

    The name counts and so does the hash: a study of which ratings were left out has another hash, one that was renamed
    another name. Heads that were trained in folds count only where they scored a clip that they have seen.

    Args:
        table: Scores.
        study: What the scores are held against.
        rows: Which of them, by position, are of clips that the study rates; None where that is not known, and every
            score may be.
    """
    from qamro.studies.summary import study_hash

    parts = ("study", "hash", "calibrated", "calibrationhash", "fold")
    axes = [axis for axis in map(str, table.columns) if any(f"{part}_{axis}" in table for part in parts)]
    found = {axis: facts_of(table, axis) for axis in axes}
    names = {axis: {*facts["study"], *facts["calibrated"]} - {""} for axis, facts in found.items()}
    hashes = {axis: {*facts["hash"], *facts["calibrationhash"]} - {""} for axis, facts in found.items()}
    digest = study_hash(study) if any(hashes.values()) else ""
    seen = [axis for axis in found if study.name in names[axis] or digest in hashes[axis]]
    return [axis for axis in seen if any(found[axis]["calibrated"]) or not _cross_fitted(table, axis, rows)]


def _cross_fitted(table: pd.DataFrame, axis: str, rows: Sequence[int] | None) -> bool:
    """Whether all scores of an axis, or those of some rows, are by heads of a fold that never saw the clip's group."""
    if f"fold_{axis}" not in table:
        return False
    some = table if rows is None else table.iloc[list(rows)]
    folds = some.loc[some[axis].notna(), f"fold_{axis}"].fillna("").astype(str)
    return len(folds) > 0 and bool((folds != "").all())


def calibrations(table: pd.DataFrame) -> list[str]:
    """Returns names of the studies that scores of a table were calibrated on, by ``calibrated_AXIS``; mostly none."""
    axes = [axis for axis in map(str, table.columns) if f"calibrated_{axis}" in table]
    return list(dict.fromkeys(name for axis in axes for name in facts_of(table, axis)["calibrated"] if name))


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


UNVERIFIED = "unverified checkpoint"
"""Said of weights that are not, byte for byte, the published ones: nobody knows what they were trained on."""


def encoder_label(encoder: Any) -> str:
    """Returns name and revision, and says so when the weights are not the published ones.

    Args:
        encoder: An encoder; one that needs no weights has no ``published``.
    """
    label = f"{encoder.name} r{encoder.revision}"
    return label if getattr(encoder, "published", True) else f"{label} ({UNVERIFIED})"
