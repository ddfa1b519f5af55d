"""A sweep and the look at it as a query, so that a link shows another visitor the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from qamro.predictors.trainable import TRAINABLE
from qamro.training.sweeps.setup import Setup
from qamro.ui.sensitivity.session import View
from qamro.ui.sensitivity.texts import SPLITS

TAB = "sensitivity"
PREFIX = "s."
MOST_SEEDS = 30
_LONGEST = 200
_NUMBERS = ("values", "beside")


def to_query(setup: Setup, view: View) -> dict[str, str]:
    """Returns what differs from the first view, as query parameters; ``study`` has no prefix.

    Args:
        setup: What is shown.
        view: How it is looked at.
    """
    query = {"study": setup.study} if setup != Setup() else {}
    for whole in (setup, view):
        for field in fields(whole):
            value = getattr(whole, field.name)
            if field.name != "study" and value != getattr(type(whole), field.name):
                query[PREFIX + field.name] = _text(value)
    return query


def from_query(query: Mapping[str, str]) -> tuple[Setup, View, str]:
    """Reads a query; what makes no sense is left out, and the third answer says so.

    Args:
        query: Parameters of the page's address.
    """
    given = {key.removeprefix(PREFIX): text for key, text in query.items() if key.startswith(PREFIX)}
    given = {key: text for key, text in given.items() if len(text) <= _LONGEST}
    setup, view, problem = Setup(study=query.get("study") or Setup.study), View(), ""
    try:
        asked = replace(setup, **{key: value for key, value in _read(Setup, given).items() if key != "study"})
        setup = _offered(asked)
    except ValueError as wrong:
        problem = str(wrong)
    try:
        view = replace(view, **_read(View, given))
    except ValueError as wrong:
        problem = problem or str(wrong)
    return setup, view, problem


def numbers(text: str) -> tuple[float, ...]:
    """Reads ``"1, 3, 5"``.

    Raises:
        ValueError: It is no list of numbers.
    """
    return tuple(float(part) for part in text.replace("_", ",").split(",") if part.strip())


def _offered(setup: Setup) -> Setup:
    """Returns a setup that the form can show.

    Raises:
        ValueError: It has an encoder, a split or a number of seeds that is not offered.
    """
    if setup.encoder not in TRAINABLE:
        raise ValueError(f"there is no encoder {setup.encoder!r}")
    if f"{setup.hold_out} {setup.folds}" not in SPLITS:
        raise ValueError(f"the split {setup.hold_out!r} in {setup.folds} is not offered here")
    if setup.seeds > MOST_SEEDS:
        raise ValueError(f"{setup.seeds} seeds, and {MOST_SEEDS} are the most")
    return setup


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "_".join(f"{part:g}" if isinstance(part, float) else str(part) for part in value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _read(kind: type, given: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields(kind):
        text = given.get(field.name)
        if text is None:
            continue
        if field.name in _NUMBERS:
            found[field.name] = numbers(text)
        elif field.name == "axes":
            found[field.name] = tuple(part for part in text.split("_") if part)
        elif isinstance(field.default, bool):
            found[field.name] = text == "1"
        else:
            found[field.name] = int(text) if isinstance(field.default, int) else text
    return found
