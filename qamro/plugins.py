"""What other installed packages add: encoders, predictors, objectives and studies, found by their entry points.

A package names, in one of four groups, a row of the table concerned or a function without arguments that returns one::

    [project.entry-points."qamro.predictors"]
    loudness = "my_package:loudness"

Nothing is imported before a table is asked for what is not in it, or is listed. What cannot be used is left out and
named in a warning; it never keeps anything else from working.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, TypeVar

PREDICTORS = "qamro.predictors"
ENCODERS = "qamro.encoders"
OBJECTIVES = "qamro.objectives"
STUDIES = "qamro.studies"

Where = str | Callable[..., Any]
"""A callable, or ``"module:name"`` of one, which is imported when it is needed."""

_log = logging.getLogger(__name__)
_broken: dict[tuple[str, str], str] = {}

Row = TypeVar("Row")


def opened(where: Where) -> Callable[..., Any]:
    """Returns a callable, imported where only its place is given."""
    if not isinstance(where, str):
        return where
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)


@cache
def entries(group: str) -> dict[str, Callable[..., Any]]:
    """Returns what installed packages name in a group, in the order of their names.

    What cannot be imported is left out; a warning names it with its error.

    Args:
        group: For example ``"qamro.predictors"``.
    """
    found: dict[str, Callable[..., Any]] = {}
    for entry in sorted(entry_points(group=group), key=lambda each: each.name):
        if entry.name in found:
            _leave_out(group, entry.name, "two installed packages have one of that name; the first counts")
            continue
        try:
            found[entry.name] = entry.load()
        except (Exception, SystemExit) as problem:  # whatever a foreign module does when it is imported
            _leave_out(group, entry.name, f"{type(problem).__name__}: {problem} (entry point {entry.value})")
    return found


def table(group: str, own: Mapping[str, Row], kind: type[Row]) -> dict[str, Row]:
    """Returns a table with the rows that other packages add behind our own.

    A row that is of another type, bears another name than its entry point or one of ours is left out, as is one that
    cannot be made.

    Args:
        group: For example ``"qamro.predictors"``.
        own: Our rows by name.
        kind: The type of a row; it has a ``name``.
    """
    rows = dict(own)
    for name, row in _rows(group, kind).items():  # type: ignore[arg-type]  # a type is hashable
        if name in own:
            _leave_out(group, name, "qamro has one of that name itself")
        else:
            rows[name] = row
    return rows


def unknown(group: str, what: str, name: str, known: Iterable[str]) -> ValueError:
    """Returns the error for a name that is in no table: it lists those that are, or says why a plug-in was left out.

    Args:
        group: For example ``"qamro.predictors"``.
        what: What there is none of, for example ``"predictor"``.
        name: What was asked for.
        known: The names that there are.
    """
    if why := _broken.get((group, name)):
        return ValueError(f"the {what} {name!r} of an installed package cannot be used: {why}")
    return ValueError(f"there is no {what} {name!r}; choose one of {', '.join(known)}")


@cache
def _rows(group: str, kind: type[Row]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for name, entry in entries(group).items():
        try:
            row: Any = entry() if callable(entry) and not isinstance(entry, kind) else entry
            if not isinstance(row, kind):
                raise TypeError(f"it gives {type(row).__name__}, not {kind.__name__}")
            if (called := getattr(row, "name", "")) != name:
                raise ValueError(f"its row is called {called!r}")
            rows[name] = row
        except (Exception, SystemExit) as problem:
            _leave_out(group, name, f"{type(problem).__name__}: {problem}")
    return rows


def _leave_out(group: str, name: str, why: str) -> None:
    if (group, name) not in _broken:
        _log.warning("%s: %r of an installed package is left out: %s", group, name, why)
    _broken.setdefault((group, name), why)


def forget() -> None:
    """Forgets what was found, so that packages installed since are seen."""
    entries.cache_clear()
    _rows.cache_clear()
    _broken.clear()
