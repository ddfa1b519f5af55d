"""Guesses a table's form and the meaning of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from qamro.axes import AXES
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.roles import (
    is_rater,
    is_sound,
    known_axis,
    may_be_ratings,
    role_by_name,
    split_headers,
)

if TYPE_CHECKING:
    import pandas as pd

_ONE = ("clip", "path", "system", "prompt", "source", "axis", "mean_of", "rating")
"""Roles that one column has; a second candidate becomes a note."""

_COMMA = re.compile(r"[+-]?\d+,\d+")
_SAMPLE = 200


def decimal_of(table: pd.DataFrame) -> str:
    """Returns what stands before the decimals: a comma if cells have one and none of that column has a point."""
    for name in table.columns:
        cells = table[name].head(_SAMPLE).str.strip()
        if cells.str.fullmatch(_COMMA).any() and not cells.str.contains(".", regex=False).any():
            return ","
    return "."


def columns_of(table: pd.DataFrame, stem: str, delimiter: str, decimal: str, *, form: str = "") -> Layout | None:
    """Guesses what the columns of a table of ratings mean.

    Args:
        table: The table, all text.
        stem: The file's name without its ending; an axis is looked for in it.
        delimiter: What separates its columns, for the layout.
        decimal: What stands before the decimals.
        form: ``"long"``, ``"wide"``, ``"survey"``, or empty to guess it.

    Returns:
        The layout, or None where no column looks like ratings. Where none looks like the clips' names, somebody has to
        say which one is.
    """
    names = [str(name) for name in table.columns]
    roles = _by_name(table, names)
    free = [name for name in names if name not in roles]
    numeric = [name for name in free if may_be_ratings(name, table[name], decimal)]
    sounds = [name for name in numeric if is_sound(name)]
    form = form or _form(roles, sounds)
    axis = _axis_in(stem)
    if form == "survey":
        found = {
            name: Column(name, "rating", "the header names a clip", clip=name, axis=axis) for name in sounds or numeric
        }
        why = f"{len(found)} headers name clips"
    elif form == "long":
        found = _long(roles, numeric, axis)
        why = " and ".join(f"{c.name!r} holds scores" for c in found.values()) or "asked for"
    else:
        found = _wide(roles, numeric, axis)
        why = f"{len(found)} columns of numbers"
    told = {name: Column(name, role, why) for name, (role, why) in roles.items() if role != "rating"}
    columns = tuple(found.get(name) or told.get(name) or _rest(name, form) for name in names)
    layout = Layout(
        form, why, columns, delimiter=delimiter, decimal=decimal, axis=axis,
        gaps=form != "long", notes=_notes(columns),
    )  # fmt: skip
    return layout if found else None


def _by_name(table: pd.DataFrame, names: list[str]) -> dict[str, tuple[str, str]]:
    """Roles that names tell, each with why; sound files in the cells tell the clip."""
    roles: dict[str, tuple[str, str]] = {}
    for name in names:
        role = role_by_name(name)
        cells = table[name].head(_SAMPLE)
        if role in ("", "ignore", "prompt") and len(cells) and cells.map(is_sound).mean() > 0.9:
            roles[name] = ("clip", "its cells name sound files")
        elif role:
            roles[name] = (role, "by its name")
    for role in _ONE:
        several = [name for name, (found, _) in roles.items() if found == role]
        best = next((name for name in several if name.lower() == role), several[0] if several else "")
        for name in several:
            if name != best:
                spare = "path" if role == "clip" and not any(r == "path" for r, _ in roles.values()) else ""
                roles[name] = (spare or "about_rating", f"{best!r} is the {role} already")
                if not spare and role == "rating":
                    del roles[name]  # a second column of scores may be another rater's, or another axis
    if not any(role in ("clip", "path") for role, _ in roles.values()):
        _clip_by_cells(table, names, roles)
    return roles


def _clip_by_cells(table: pd.DataFrame, names: list[str], roles: dict[str, tuple[str, str]]) -> None:
    """Takes the first column of distinct texts for the clip, where no name says which it is."""
    if {"system", "source"} <= {role for role, _ in roles.values()}:
        return
    for name in names:
        if name not in roles and not may_be_ratings(name, table[name], "."):
            distinct = table[name].nunique() / max(len(table), 1)
            if distinct > 0.95 and (table[name] != "").all():
                roles[name] = ("clip", "its cells are all different")
                return


def _form(roles: dict[str, tuple[str, str]], sounds: list[str]) -> str:
    found = {role for role, _ in roles.values()}
    if "rating" in found:
        return "long"
    return "survey" if len(sounds) > 1 and "clip" not in found else "wide"


def _long(roles: dict[str, tuple[str, str]], numeric: list[str], axis: str) -> dict[str, Column]:
    scores = [name for name, (role, _) in roles.items() if role == "rating"] or numeric[:1]
    by_row = any(role == "axis" for role, _ in roles.values())
    return {name: Column(name, "rating", "by its name", axis="" if by_row else axis) for name in scores}


def _wide(roles: dict[str, tuple[str, str]], numeric: list[str], axis: str) -> dict[str, Column]:
    """Columns of ratings side by side: an axis each, a rater each, or both in one header."""
    numeric = [name for name in numeric if name not in roles] + [
        n for n, (role, _) in roles.items() if role == "rating"
    ]
    axes = [name for name in numeric if known_axis(name)]
    if axes:
        return {
            n: Column(n, "rating", f"the header is an axis ({AXES[known_axis(n)].name})", axis=known_axis(n))
            for n in axes
        }
    raters = [name for name in numeric if is_rater(name)]
    if len(raters) > 1:
        return {n: Column(n, "rating", "the header looks like a rater", axis=axis, rater=n) for n in raters}
    grid = split_headers([name for name in numeric if not is_rater(name)]) if len(numeric) > 1 else {}
    if grid:
        return {
            n: Column(n, "rating", "the header holds an axis and a rater", axis=a, rater=r)
            for n, (a, r) in grid.items()
        }
    if any(role == "rater" for role, _ in roles.values()):
        return {n: Column(n, "rating", "numbers, and another column names the rater: an axis", axis=n) for n in numeric}
    if len(numeric) == 1:
        return {n: Column(n, "rating", "the only column of numbers", axis=axis) for n in numeric}
    return {n: Column(n, "rating", "numbers: taken for a rater each", axis=axis, rater=n) for n in numeric}


def _rest(name: str, form: str) -> Column:
    if form == "wide":
        return Column(name, "about_clip", "kept with the clip")
    return Column(name, "about_rating", "kept with the rating")


def _axis_in(stem: str) -> str:
    """The known axis in a file's name, between signs that part words; ``quality`` without one."""
    words: Iterable[str] = re.split(r"[^A-Za-z]+", stem)
    return next((word for word in words if word in AXES), "quality")


def _notes(columns: tuple[Column, ...]) -> tuple[str, ...]:
    private = [column.name for column in columns if column.role == "ignore"]
    if private:
        return (f"left out, as they may tell who a person is: {', '.join(private)}",)
    return ()
