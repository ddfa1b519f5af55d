"""The metrics for each group of content: a genre, a source, a kind of prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qamro.evaluation.evaluate import evaluate
from qamro.evaluation.matching import NothingMatched

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies import Study

_OWN = ("clip", "path", "system", "prompt")


def group_columns(study: Study, *, most: int = 24) -> list[str]:
    """The columns of the clips table that could divide it: two to ``most`` values, none for a single clip.

    Args:
        study: The study.
        most: With more groups a table says nothing.
    """
    found = []
    for column in study.clips.columns:
        sizes = study.clips[column].fillna("").astype(str).loc[lambda values: values != ""].value_counts()
        if column not in _OWN and 2 <= len(sizes) <= most and sizes.min() > 1:
            found.append(str(column))
    return found


def evaluate_groups(study: Study, predictions: pd.DataFrame, column: str, **options: Any) -> pd.DataFrame:
    """Evaluates each group by itself.

    Few clips a group make wide intervals: a group that looks worse than another need not be.

    Args:
        study: The ratings.
        predictions: A score table.
        column: A column of the clips table.
        options: Passed on to ``evaluate``.

    Returns:
        The table of ``evaluate`` with a column ``group`` in front; groups without a matched clip are left out.

    Raises:
        KeyError: There is no such column.
        NothingMatched: No group has a matched clip.
    """
    import pandas as pd

    if column not in study.clips.columns:
        raise KeyError(f"the clips table has no column {column!r}; it has {', '.join(map(str, study.clips.columns))}")
    groups = study.clips[column].fillna("").astype(str)
    tables, problem = [], None
    for group in sorted(set(groups) - {""}):
        part = study.of_clips(study.clips.loc[groups == group, "clip"]).replace(name=f"{study.name}, {group}")
        if part.ratings.empty:
            continue
        try:
            table = evaluate(part, predictions, **options).table
        except NothingMatched as nothing:
            problem = nothing
            continue
        table.insert(0, "group", group)
        tables.append(table)
    if not tables:
        raise problem or KeyError(f"no clip has a value in column {column!r}")
    return pd.concat(tables, ignore_index=True)
