"""One clip: who rated it how, what each predictor said, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.report.histogram import histogram
from qamro.report.section import Figure, slug
from qamro.report.words import listeners, number, source_of

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison


@dataclass(frozen=True)
class ClipView:
    """What is known of one clip.

    Attributes:
        clip: Its name.
        system: What generated it, empty when unknown.
        prompt: Its prompt, empty when there is none.
        path: Where its sound is; None when the study names no file.
        about: Further columns of the clips table that are not empty.
        figures: For each axis the histogram of its ratings, with a line a predictor where both are on one scale.
        scores: One row an axis and judge: ``axis``, ``judge``, ``score``, ``low``, ``high``, ``ratings``, ``source``,
            ``domain`` (what the clip is to those of training; empty where it is not told);
            people's interval is two standard errors, a predictor's is its own.
    """

    clip: str
    system: str
    prompt: str
    path: Path | None
    about: dict[str, str]
    scores: pd.DataFrame
    figures: list[Figure] = field(default_factory=list)


def clip_view(comparison: Comparison, clip: str) -> ClipView:
    """Gathers what a comparison knows of a clip.

    Raises:
        KeyError: The study has no such clip.
    """
    import pandas as pd

    from qamro.report.stamp import stamp

    study = comparison.study
    rows = study.clips[study.clips["clip"] == clip]
    if rows.empty:
        raise KeyError(f"study {study.name!r} has no clip {clip!r}")
    row = rows.iloc[0]
    ratings = study.counted[study.counted["clip"] == clip]
    scores, figures = [], []
    for axis in comparison.axes:
        numbers = comparison.numbers(axis)
        given = ratings.loc[ratings["axis"] == numbers.label, "score"].to_numpy(float)
        judged = [_human(comparison, axis, clip, given)]
        judged += [_predicted(comparison, name, axis, clip) for name in numbers.predictors]
        scores += [entry | {"axis": axis} for entry in judged if not np.isnan(entry["score"])]
        if given.size and not study.holds_means:
            lines = {
                entry["judge"]: entry["score"]
                for entry in judged[1:]
                if not numbers.pairs[entry["judge"]].why_no_distance
            }
            figures.append(stamp(_figure(comparison, axis, clip, given, lines), comparison.without))
    columns = ["axis", "judge", "score", "low", "high", "ratings", "source", "domain"]
    own = {"clip", "path", "system", "prompt"}
    return ClipView(
        clip,
        str(row["system"]),
        str(row["prompt"]),
        study.audio_path(clip) if row["path"] else None,
        {str(key): str(value) for key, value in row.items() if key not in own and str(value) not in ("", "nan")},
        pd.DataFrame(scores, columns=columns),
        figures,
    )


def _human(comparison: Comparison, axis: str, clip: str, given: np.ndarray) -> dict[str, Any]:
    means = comparison.clip_means
    human = axis
    found = means[(means["clip"] == clip) & (means["axis"] == human)]
    entry: dict[str, Any] = {"judge": listeners(comparison.study), "score": np.nan, "low": np.nan, "high": np.nan}
    entry |= {
        "ratings": 0,
        "domain": "",
        "source": f"{comparison.study.name}, ratings by {listeners(comparison.study)}",
    }
    if len(found):
        mean, sem = float(found["mean"].iloc[0]), float(found["sem"].iloc[0])
        entry |= {"score": mean, "low": mean - 2 * sem, "high": mean + 2 * sem, "ratings": int(found["count"].iloc[0])}
    return entry


def _predicted(comparison: Comparison, name: str, axis: str, clip: str) -> dict[str, Any]:
    column = comparison.numbers(axis).pairs[name].predicted
    table = comparison.predictions[name]
    entry: dict[str, Any] = {"judge": name, "score": np.nan, "low": np.nan, "high": np.nan, "ratings": 0}
    entry["domain"] = comparison.domains(name).get(clip, "")
    row = comparison.row_of(name, clip)
    if row is None:
        return entry | {"source": ""}
    for key, part in (("score", column), ("low", f"{column}_low"), ("high", f"{column}_high")):
        if part in table.columns:
            entry[key] = float(row[part]) if row[part] not in ("", None) else np.nan
    told = f"source_{column}"
    return entry | {"source": str(row[told]) if told in table.columns else source_of(table, column)}


def _figure(comparison: Comparison, axis: str, clip: str, given: np.ndarray, lines: dict[str, float]) -> Figure:
    human, who = axis, listeners(comparison.study)
    told = ", ".join(f"{name} {number(score, 2)}" for name, score in lines.items() if not np.isnan(score))
    alt = f"Histogram of {count(given.size, 'rating')}, mean {number(float(given.mean()), 2)}"
    note = f"{count(given.size, 'rating')} by {who}."
    if comparison.numbers(axis).why_no_distance and comparison.numbers(axis).predictors:
        note += " Predictions on another scale are not drawn."
    return Figure(
        slug("clip", clip, axis),
        f"{axis}: ratings of {clip}",
        f"{alt}{f'; predicted: {told}' if told else ''}.",
        note,
        histogram(human, given, lines),
    )
