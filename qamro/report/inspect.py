"""Section: where the predictors fail and where people are divided, down to one clip."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.counts import count
from qamro.evaluation.worst_cases import clip_distances, inverted_systems, most_divided
from qamro.report.numbers import Figure, Section, Table, slug
from qamro.report.rater_figures import histogram
from qamro.report.system_figures import clip_scatter
from qamro.report.words import listeners, number, rests_on, source_of

if TYPE_CHECKING:
    import pandas as pd

    from qamro.report.comparison import Comparison
    from qamro.report.numbers import AxisNumbers, Ranking

LISTED = 50
"""How many clips a list shows."""


def inspect(comparison: Comparison, axis: str) -> Section:
    """Makes the section of one axis."""
    numbers = comparison.numbers(axis)
    section = Section(slug("inspect", axis), f"{axis}: clips to look at", [rests_on(numbers), *numbers.who_is_here])
    if numbers.tables:
        section.figures.append(_points(numbers))
        section.tables.append(_distances(numbers))
    if numbers.people is not None and numbers.predicted:
        section.tables.append(_inversions(numbers, numbers.people, section))
    divided = most_divided(numbers.study, numbers.label, n=LISTED)
    if len(divided):
        note = "sd is the standard deviation of a clip's ratings; what raters cannot agree about no predictor can know."
        title = f"{axis}: clips with the most divided raters"
        section.tables.append(Table(slug("inspect", axis, "divided"), title, note, divided, numbers.scaled("mean")))
    else:
        section.sentences.append("Single ratings are not known, so nobody can say which clips divide the raters.")
    return replace(section, answer=_answer(numbers, section))


def _answer(numbers: AxisNumbers, section: Section) -> str:
    """Names the clip to look at first: the largest disagreement, or the one that divides the raters most."""
    who = listeners(numbers.study)
    frames = {table.id: table.frame for table in section.tables}
    far = frames.get(slug("inspect", numbers.label, "disagreements"))
    if far is not None and len(far):
        row = far.loc[far["disagreement"].abs().idxmax()]
        if row["disagreement"] == 0:
            return f"{numbers.label}: every clip has the same rank by prediction and by {who}."
        side = "above" if row["disagreement"] > 0 else "below"
        return f"{numbers.label}: {row['predictor']} ranks {row['clip']} furthest {side} {who}."
    divided = frames.get(slug("inspect", numbers.label, "divided"))
    if divided is not None and divided["sd"].iloc[0] > 0:
        return f"{numbers.label}: {divided['clip'].iloc[0]} divides the raters most ({who})."
    return f"{numbers.label}: nothing is predicted, and no clip is known to divide the raters."


def _points(numbers: AxisNumbers) -> Figure:
    who = listeners(numbers.study)
    n = numbers.human_sample.targets.size
    figure = clip_scatter(numbers.label, numbers.pairs, numbers.tables, who)
    note = f"One point a clip and predictor: the mean score of {who} and the predicted score."
    if numbers.why_no_distance:
        note += f" There is no identity line: {numbers.why_no_distance}."
    alt = f"Predicted scores against those of {who}, for {count(n, 'clip')}."
    title = f"{numbers.label}: every clip, predicted against {who}"
    return Figure(slug("inspect", numbers.label, "clips"), title, alt, note, figure)


def _distances(numbers: AxisNumbers) -> Table:
    import pandas as pd

    parts = []
    for name, table in numbers.tables.items():
        rows = clip_distances(table.reset_index().drop(columns="axis"), n=LISTED)
        rows.insert(0, "predictor", name)
        parts.append(rows)
    note = (
        "Distances are of ranks, as shares of the clips (0 lowest, 1 highest), so they need no common scale. "
        "disagreement is predicted minus rated."
    )
    frame = pd.concat(parts, ignore_index=True)
    if "domain" in frame:
        frame["domain"] = frame["domain"].fillna("")
        note += " domain says what the clip is to those that the predictor's heads were trained on."
    return Table(
        slug("inspect", numbers.label, "disagreements"),
        f"{numbers.label}: largest disagreements",
        note,
        _rated(frame),
        numbers.scaled("rated", *([] if any(pair.differs for pair in numbers.pairs.values()) else ["predicted"])),
    )


def _inversions(numbers: AxisNumbers, people: Ranking, section: Section) -> Table:
    import pandas as pd

    parts = []
    place = {name: k for k, name in enumerate(people.systems)}
    for name, each in numbers.predicted.items():
        means = pd.DataFrame({"system": people.systems, "human": people.means, "predicted": each.means})
        rows = inverted_systems(means)
        real = [
            bool(people.differ[place[better], place[worse]])
            for better, worse in zip(rows["better"], rows["worse"], strict=True)
        ]
        rows["told_apart"] = real
        rows.insert(0, "predictor", name)
        parts.append(rows)
        section.sentences.append(
            f"{name} inverts {count(len(rows), 'pair')} of systems, {sum(real):,} of which "
            f"{listeners(numbers.study)} set apart."
        )
    note = "told_apart: whether the ratings set the two systems apart, for all pairs at once."
    frame = pd.concat(parts, ignore_index=True)
    title = f"{numbers.label}: rank inversions between systems"
    return Table(slug("inspect", numbers.label, "inversions"), title, note, _rated(frame))


def _rated(frame: pd.DataFrame) -> pd.DataFrame:
    """Names the listeners' columns for what they hold, whoever listened."""
    return frame.rename(columns=lambda name: str(name).replace("human", "rated"))


# One clip: who rated it how, what each predictor said, and where it comes from.


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

    from qamro.report.archive import stamp

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
