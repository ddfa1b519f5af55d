"""A leaderboard of predictors on one study: agreement with people at both levels, and what each costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.significance.compare import differences
from qamro.evaluation.significance.hypothesis_tests import holm
from qamro.report.comparison import Comparison, compare
from qamro.report.numbers import Options
from qamro.report.words import listeners, number, with_ends

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

_NOTE = (
    "SRCC with 95 % intervals of a bootstrap over systems and the clips within them, and over raters where each clip "
    "has several. *r within* is Pearson's correlation of clips around their system's mean: what is left when systems "
    "are known. *Pairs* is the share of pairs of clips that are ordered or tied as by the ratings, the "
    "tie threshold calibrated on these very pairs. *p* holds each predictor against the one with the highest SRCC over "
    "clips (paired bootstrap, Holm over the rows), which the same clips chose."
)


@dataclass(frozen=True)
class Entrant:
    """What is known of a predictor besides its scores.

    Attributes:
        seconds: Time for a clip; NaN where its scores came from a table.
        licence: Of its weights and its code; empty where it is not known.
        kind: What its scores are trained on: a key of ``KINDS``; empty where nobody says.
    """

    seconds: float = math.nan
    licence: str = ""
    kind: str = ""


@dataclass
class Board:
    """One axis of a study.

    Attributes:
        study: The study's name.
        axis: The rated axis.
        about: A sentence on clips, systems, raters.
        ceiling: The ceiling at both levels, in words; empty where ratings allow none.
        rows: One a predictor, the highest SRCC over clips first.
        problems: Predictors that could not be used, and why.
    """

    study: str
    axis: str
    about: str
    ceiling: str
    rows: list[dict[str, Any]]
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Names the section of a page."""
        return f"{self.study}, {self.axis}"


def leaderboard(
    study: Study, tables: Mapping[str, pd.DataFrame], entrants: Mapping[str, Entrant], options: Options | None = None
) -> list[Board]:
    """Holds predictors against a study, on the clips that all of them scored.

    Args:
        study: The ratings.
        tables: A score table for each predictor, by its name.
        entrants: What else is known of each.
        options: How to compare; see ``qamro.report.compare``.

    Returns:
        One board for each rated axis that a predictor scores.

    Raises:
        NothingMatched: No predictor scored a rated clip.
        NoCommonAxis: No predictor scores an axis that was rated.
    """
    comparison = compare(study, tables, options)
    boards = [_board(comparison, axis, entrants) for axis in comparison.axes if comparison.numbers(axis).predictors]
    used = {row["predictor"] for board in boards for row in board.rows}
    for board in boards:  # a predictor of another axis is no problem of this one
        board.problems = {name: why for name, why in board.problems.items() if name not in used}
    return boards


def within_systems(predictions: np.ndarray, targets: np.ndarray, systems: np.ndarray) -> float:
    """Correlates clips around the means of their systems.

    Args:
        predictions: (N,) scores.
        targets: (N,) mean ratings.
        systems: (N,) names; clips without one, or alone in theirs, do not count.

    Returns:
        Pearson's r; NaN where a side does not vary within systems.
    """
    names, place, sizes = np.unique(systems, return_inverse=True, return_counts=True)
    keep = (sizes[place] > 1) & (names[place] != "")
    x, y, place = predictions[keep], targets[keep], place[keep]
    if not keep.any():
        return math.nan
    sizes = np.maximum(np.bincount(place), 1)
    x, y = (side - (np.bincount(place, side) / sizes)[place] for side in (x, y))
    scale = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / scale if scale > 1e-12 else math.nan


def _board(comparison: Comparison, axis: str, entrants: Mapping[str, Entrant]) -> Board:
    numbers = comparison.numbers(axis)
    metrics = numbers.metrics.set_index(["predictor", "level", "metric"])
    rows = []
    for name, sample in numbers.samples.items():
        clips, systems = (metrics.loc[(name, level, "SRCC")] for level in ("utterance", "system"))
        entrant = entrants.get(name, Entrant())
        rows.append(
            {"predictor": name, "column": numbers.pairs[name].predicted}
            | {f"srcc_clips{end}": clips[key] for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))}
            | {f"srcc_systems{end}": systems[key] for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))}
            | {"r_within": within_systems(sample.predictions, sample.targets, sample.systems)}
            | {"pairs": metrics.loc[(name, "utterance", "ACC_EQ"), "value"]}
            | {"seconds": entrant.seconds, "kind": entrant.kind, "licence": entrant.licence}
        )
    rows.sort(key=lambda row: -row["srcc_clips"] if not math.isnan(row["srcc_clips"]) else math.inf)
    _against_the_best(rows, numbers)
    sample = numbers.human_sample
    here = np.unique(sample.systems[sample.systems != ""]).size
    about = f"{count(sample.targets.size, 'clip')} of {count(here, 'system')}, rated by {listeners(comparison.study)}"
    if comparison.study.holds_means:
        about += ", means only"
    if few := numbers.few.get("system", ""):
        about += f"; {few}"
    return Board(comparison.study.name, axis, about, _ceiling(numbers), rows, dict(numbers.absent))


def _against_the_best(rows: list[dict[str, Any]], numbers: Any) -> None:
    """Adds ``p_best``: each against the highest, corrected for their number; NaN for the highest itself."""
    best = rows[0]["predictor"]
    found = {}
    for row in differences(numbers.label, numbers.pairs, numbers.samples, numbers.draws):
        if (row["level"], row["metric"]) == ("utterance", "SRCC") and best in (row["first"], row["second"]):
            found[row["second"] if row["first"] == best else row["first"]] = row["p"]
    adjusted = dict(zip(found, holm(list(found.values())).tolist(), strict=True)) if found else {}
    for row in rows:
        row["p_best"] = adjusted.get(row["predictor"], math.nan)


def _ceiling(numbers: Any) -> str:
    words = {"utterance": "over clips", "system": "over systems"}
    held = [
        f"{with_ends(top.value, top.ends.low, top.ends.high)} {words[where]}"
        for where, top in numbers.ceilings.items()
        if top.holds
    ]
    return f"Two halves of the raters agree to {' and '.join(held)}." if held else ""


def render_board(board: Board) -> str:
    """Returns a board as Markdown, without its title."""
    lines = [f"{board.about[0].upper()}{board.about[1:]}. {board.ceiling}".strip(), ""]
    lines += [
        "| predictor | SRCC over clips | over systems | r within | pairs | p | s a clip | trained on | licence |",
        "|---|---|---|--:|--:|--:|--:|---|---|",
    ]
    for row in board.rows:
        ends = [[row[f"srcc_{where}{end}"] for end in ("", "_low", "_high")] for where in ("clips", "systems")]
        named = row["predictor"] if row["column"] == board.axis else f"{row['predictor']} ({row['column']})"
        p = "highest" if row is board.rows[0] else "–" if math.isnan(row["p_best"]) else f"{row['p_best']:.3f}"
        cells = [named, *(with_ends(*each) for each in ends), number(row["r_within"], 2), number(row["pairs"]), p]
        cells += [number(row["seconds"], 2), row["kind"] or "not stated", row["licence"] or "not stated"]
        lines.append(f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |")
    lines += [f"\n{name} is left out: {why.rstrip('.')}." for name, why in board.problems.items()]
    return "\n".join(lines) + "\n"


def write_boards(boards: list[Board], path: Path, command: str) -> None:
    """Puts boards into a page, each in place of an older one of the same title, the others untouched.

    Args:
        boards: What to write.
        path: A Markdown file; made where there is none.
        command: What made them, for the page.

    Raises:
        OSError: The file cannot be written.
    """
    head = f"# Leaderboard\n\nMade by `qamro bench`; each section names its command.\n\n{_NOTE}\n"
    text = path.read_text("utf-8") if path.is_file() else head
    first, *sections = text.split("\n## ")
    for board in boards:
        own = f"{board.title}\n\n`{command}`\n\n{render_board(board).strip()}"
        titles = [section.split("\n", 1)[0] for section in sections]
        if board.title in titles:
            sections[titles.index(board.title)] = own
        else:
            sections.append(own)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n## ".join(part.strip() for part in (first, *sections)) + "\n", "utf-8")
