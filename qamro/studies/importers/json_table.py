"""JSON as a table: the records that it holds, whatever holds them, each value a cell of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qamro.studies.importers.names import is_sound, role_of
from qamro.studies.tables import StudyError


def json_lines(text: str, path: Path) -> list[Any]:
    """Reads one JSON value a line.

    Raises:
        StudyError: A line is not JSON; names it.
    """
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError) as problem:
                raise StudyError(
                    f"{path}, line {number}: not JSON ({problem}); a file holds one JSON value, or one a line"
                ) from problem
    return rows


def records_of(data: Any) -> list[dict[str, Any]]:
    """Returns the records in JSON: a list of objects, an object that holds one, or an object of named values."""
    if isinstance(data, list):
        return _spread([record for record in data if isinstance(record, dict)])
    if not isinstance(data, dict):
        return []
    if (table := _columns_of(data)) is not None:
        return table
    lists = {
        key: value for key, value in data.items() if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    if len(lists) == 1:
        key, rows = next(iter(lists.items()))
        shared = {name: value for name, value in data.items() if name != key and not isinstance(value, dict | list)}
        rows = [_with_own_id(row, key) for row in rows]
        return _spread([shared | row for row in rows if isinstance(row, dict)])
    values = list(data.values())
    if values and all(map(is_sound, data)) and all(isinstance(v, list) and all(map(_is_score, v)) for v in values):
        return [{"clip": name, "score": score} for name, scores in data.items() for score in scores]
    if values and all(map(_scores_clips, values)) and not any(map(is_sound, data)):  # who, then a score for each clip
        return [{"rater": who, "clip": clip, "score": s} for who, told in data.items() for clip, s in told.items()]
    if values and all(isinstance(value, dict) for value in values) and len(values) > 1:
        return [{"clip": name, **value} for name, value in data.items()]
    if len(values) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [{"clip": name, "score": value} for name, value in data.items()]
    return [data]


def _with_own_id(row: Any, key: str) -> Any:
    """A record of a list called after people or clips, whose bare ``id`` or ``name`` says whose: ``participant_id``."""
    one = key.removesuffix("s")
    if not isinstance(row, dict) or role_of(one) not in ("rater", "clip", "system"):
        return row
    bare = next((name for name in ("id", "ID", "_id", "name", "code") if name in row), "")
    if not bare or any(role_of(name) == role_of(one) for name in row):
        return row
    return {f"{one}_{bare.strip('_')}" if name == bare else name: value for name, value in row.items()}


def _columns_of(data: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Records from columns, as pandas writes them: lists, objects by row, or ``columns`` and ``data``; None else."""
    values = list(data.values())
    names, rows = data.get("columns"), data.get("data")
    if isinstance(names, list) and isinstance(rows, list) and all(isinstance(row, list) for row in rows):
        return [dict(zip(map(str, names), row, strict=False)) for row in rows]
    if len(values) > 1 and all(isinstance(v, list) and not any(isinstance(c, dict | list) for c in v) for v in values):
        same = len({len(v) for v in values}) == 1
        return (
            [dict(zip(data, row, strict=True)) for row in zip(*values, strict=True)]
            if same and _is_named(data)
            else None
        )
    if len(values) > 1 and all(isinstance(v, dict) and list(v) == [str(n) for n in range(len(v))] for v in values):
        same = len({len(v) for v in values}) == 1
        return [{name: v[str(n)] for name, v in data.items()} for n in range(len(values[0]))] if same else None
    return None


def _is_named(names: Iterable[str]) -> bool:
    """Whether names are those of columns, and not of clips or raters: at least two say what they mean."""
    return sum(
        role_of(name) in ("clip", "path", "rating", "rater", "system", "axis") for name in names
    ) > 1 and not any(map(is_sound, names))


def _spread(records: list[dict[str, Any]], depth: int = 0) -> list[dict[str, Any]]:
    """Makes a record of each answer where every record holds one list of them: ``{"user": …, "answers": [{…}, …]}``.

    Lists within lists (annotations, each with its results) are spread in turn.
    """
    keys = {key for record in records for key, value in record.items() if isinstance(value, list) and value}
    if len(keys) != 1:
        return records
    key = keys.pop()
    lists = [record.get(key) for record in records]
    if not all(isinstance(told, list) and all(map(_is_answer, told)) for told in lists):
        return records
    spread = [
        {name: value for name, value in record.items() if name != key} | answer
        for record in records
        for answer in record[key]
    ]
    return _spread(spread, depth + 1) if depth < 4 else spread


def _is_answer(value: Any) -> bool:
    """Whether a value is an answer, or holds a list of them."""
    if not isinstance(value, dict) or not value:
        return False
    lists = [v for v in value.values() if isinstance(v, list)]
    return len(lists) < 2 and all(isinstance(v, dict) for some in lists for v in some)


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scores_clips(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(map(is_sound, value)) and all(map(_is_score, value.values()))


def flat_columns(records: list[dict[str, Any]]) -> dict[str, Sequence[str]]:
    """Returns records as columns of text; what lies within a record is called ``outer.inner``."""
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(name for record in flat for name in record))
    return {name: [record.get(name, "") for record in flat] for name in names}


def _flat(record: dict[str, Any], before: str = "", depth: int = 0) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in record.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and depth < 6:
            cells |= _flat(value, f"{name}.", depth + 1)
        else:
            cells[name] = text_of(value)
    return cells


def text_of(value: Any) -> str:
    """Returns a value as a cell of text: whole numbers without a point, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.15g}"
    return (
        value.strip()
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
        if isinstance(value, list | dict)
        else str(value)
    )
