"""How a study is split where every clip may be tested: as it was published, in folds, or once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qamro.training.splits import folds, official_split, split

if TYPE_CHECKING:
    from qamro.studies import Study


def hold_out_parts(study: Study, count: int = 5, hold_out: str = "auto") -> tuple[list[dict[str, list[str]]], str]:
    """Splits a study to train and to test on it.

    Args:
        study: What to split.
        count: Folds of a study that was published without a split; 1 splits once.
        hold_out: ``"content"``, ``"system"`` (see ``splits.split``), or ``"auto"``: the published split where there is
            one, else content.

    Returns:
        For each fold its parts, and how it was split, in words.

    Raises:
        ValueError: The study is too small for that, or ``hold_out`` is unknown.
    """
    official = official_split(study) if hold_out == "auto" else None
    if official is not None:
        return [official], "the published split"
    held = "content" if hold_out == "auto" else hold_out
    if count == 1:
        once = split(study, hold_out=held)
        return [
            once | {"train": once["train"] + once["calibration"], "calibration": []}
        ], f"one split that holds out {held}"
    parts = folds(study, count, hold_out=held)
    return parts, f"{count} folds that hold out {held}, every clip tested once"
