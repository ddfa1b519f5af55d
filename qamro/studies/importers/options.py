"""What somebody says about a file of ratings: which column is what, axis, scales, codes, rows, and how it is cut.

The command line writes these as options; ``Options.parse`` reads them, ``Options.apply`` puts them into a layout.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from qamro.studies.importers.cells import decimal_of, look
from qamro.studies.importers.layout import OPEN, Column, Layout
from qamro.studies.importers.scales import ScaleMap
from qamro.studies.importers.table import SIDES, Parsing, Sheet

ROLE_WORDS = {
    "clip": "clip",
    "system": "system",
    "rater": "rater",
    "axis": "axis",
    "score": "rating",
    "note": "about_rating",
    "content": "source",
    "path": "path",
    "prompt": "prompt",
    "count": "mean_of",
    "drop": "ignore",
}
"""What ``--column NAME=…`` takes, and the role that it stands for; ``axis:QUALITY`` is ratings on that axis."""

NAMED = ("axis", "rater", "clip", "system")
"""What a column of ratings may be said to be of: ``axis:QUALITY``, ``rater:NAME``, ``clip:NAME``, ``system:NAME``."""

_NOT_SAID = "not said to be ratings"
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_SCALE = re.compile(
    rf"^(?:(?P<axis>.+)=)?(?P<low>{_NUMBER})\.\.(?P<high>{_NUMBER})(?:->(?P<to>{_NUMBER})\.\.(?P<top>{_NUMBER}))?$"
)


@dataclass(frozen=True)
class Options:
    """What was said about a file.

    Attributes:
        columns: Pairs of a column and what it is.
        axis: What the axis is called where the file does not say.
        scales: The scale of each axis; "" for the only one.
        missing: Scores that mean "no answer"; empty to keep all; None where nothing was said.
        rows: Column, value, and whether rows with it are read (or left out).
        parsing: How the file is cut into cells.
    """

    columns: tuple[tuple[str, str], ...] = ()
    axis: str = ""
    scales: tuple[tuple[str, ScaleMap], ...] = ()
    missing: tuple[float, ...] | None = None
    rows: tuple[tuple[str, str, bool], ...] = ()
    parsing: Parsing = field(default_factory=Parsing)

    @classmethod
    def parse(
        cls,
        *,
        column: Sequence[str] = (),
        axis: str = "",
        scale: Sequence[str] = (),
        missing: Sequence[str] = (),
        rows: Sequence[str] = (),
        delimiter: str = "",
        header: int | None = None,
        encoding: str = "",
        answer: Sequence[str] = (),
        ragged: str = "",
    ) -> Options:
        """Reads what was typed.

        Raises:
            ValueError: Something is not of the form that its option takes; says what is.
        """
        columns = []
        for text in column:
            name, _, role = text.rpartition("=")
            what, _, value = role.partition(":")
            if not name or (role not in ROLE_WORDS and not (what in NAMED and value.strip())):
                raise ValueError(
                    f"--column {text!r}: write NAME={'|'.join(ROLE_WORDS)}, or NAME=axis:QUALITY, rater:WHO, clip:NAME "
                    "or system:NAME"
                )
            columns.append((name, role))
        scales = []
        for text in scale:
            match = _SCALE.match(text.replace(" ", ""))
            if not match:
                raise ValueError(f"--scale {text!r}: write AXIS=LOWEST..HIGHEST, for example quality=1..5")
            ends = float(match["low"]), float(match["high"])
            to = (float(match["to"]), float(match["top"])) if match["to"] else ends
            named = text.split("=")[0].strip() if match["axis"] else ""
            scales.append((named, ScaleMap(*ends, *to)))
        codes: list[float] | None = None
        for text in missing:
            codes = codes or []
            if text.strip().lower() == "keep":
                continue
            try:
                codes += [float(part) for part in text.split(",")]
            except ValueError:
                raise ValueError(f"--missing {text!r}: write a score, for example --missing=-1, or keep") from None
        wanted = []
        for text in rows:
            match = re.match(r"^(?P<name>.+?)(?P<not>!?)=(?P<value>.*)$", text)
            if not match:
                raise ValueError(f"--rows {text!r}: write COLUMN=VALUE or COLUMN!=VALUE")
            wanted.append((match["name"].strip(), match["value"].strip(), not match["not"]))
        answers = []
        for text in answer:
            word, _, number = text.rpartition("=")
            if not word.strip() or not (re.fullmatch(_NUMBER, number.strip()) or number.strip() in SIDES):
                raise ValueError(
                    f"--answer {text!r}: write WORD=NUMBER, for example --answer 'very good=5'; in votes WORD=a, b, "
                    "tie or both_bad"
                )
            answers.append((word.strip(), number.strip()))
        parsing = Parsing(delimiter, header, encoding, answers=tuple(answers), ragged=ragged)
        return cls(
            tuple(columns), axis, tuple(scales), tuple(codes) if codes is not None else None, tuple(wanted), parsing
        )

    @property
    def about_columns(self) -> bool:
        """Whether anything was said about columns, rows or cells, which a form of fixed meaning does not take."""
        return bool(self.columns or self.rows or self.parsing != Parsing())

    def apply(self, layout: Layout, sheet: Sheet | None) -> Layout:
        """Puts what was said into a guessed layout.

        Args:
            layout: The guess.
            sheet: Its table; None for a form of fixed meaning.

        Raises:
            ValueError: There is no such column or axis, or it cannot be that.
        """
        if layout.is_fixed and (self.columns or (self.rows and not layout.takes_rows)):
            raise ValueError(
                f"--column and --rows change nothing here: the file is read as {layout.form}, whose columns are fixed"
            )
        for name, role in self._each_column(layout):
            layout = _with_column(layout, sheet, name, role)
        if self.columns and not layout.having("rating"):
            raise ValueError("no column is left that holds ratings; say of one that it does: --column NAME=score")
        if any(role.startswith("rater") for _, role in self.columns):
            layout = replace(layout, notes=tuple(note for note in layout.notes if not note.startswith(NOBODY_NAMED)))
        layout = replace(layout, rows=(*layout.rows, *self.rows), parsing=self.parsing)
        if self.axis and not layout.axis_given:
            columns = tuple(replace(c, axis=self.axis) if c.role == "rating" else c for c in layout.columns)
            names = {} if columns else {"quality": self.axis}
            layout = replace(layout, axis=self.axis, axis_given=True, columns=columns, names={**layout.names, **names})
        if self.missing is not None:
            layout = replace(layout, missing=self.missing)
        return layout

    def _each_column(self, layout: Layout) -> list[tuple[str, str]]:
        """What was said of each column; ``*`` is every column that a question is about and nothing else was said of.

        Raises:
            ValueError: ``*``, and there is no question.
        """
        said = {name for name, _ in self.columns}
        found: list[tuple[str, str]] = []
        for name, role in self.columns:
            if name != "*" or any(column.name == "*" for column in layout.columns):
                found.append((name, role))
                continue
            if not layout.open_columns:
                raise ValueError(f"--column '*={role}': * stands for columns of which a question is open; none is")
            rest = [open_one for open_one in layout.open_columns if open_one not in said]
            found += [(other, f"{role}:{other}" if role in ("clip", "system") else role) for other in rest]
        return found

    def with_scales(self, layout: Layout, axes: Sequence[str]) -> Layout:
        """Puts the declared scales into a layout.

        Args:
            layout: The layout.
            axes: The axes that were found, as the file calls them.

        Raises:
            ValueError: There is no such axis, or several where none is named.
        """
        for named, scale in self.scales:
            axis, comma, rater = named.rpartition(",")
            if comma and named not in axes and axis.strip() in axes:  # of one rater
                layout = layout.with_scale(axis.strip(), scale, rater.strip())
                continue
            if named and named not in axes:
                raise ValueError(f"--scale {named}=…: there is no axis {named!r}; there are {', '.join(axes)}")
            if not named and len(axes) != 1:
                raise ValueError(f"--scale: say of which axis, for example {axes[0]}=1..5; there are {', '.join(axes)}")
            layout = layout.with_scale(named or axes[0], scale)
        return layout


def _with_column(layout: Layout, sheet: Sheet | None, name: str, role: str) -> Layout:
    names = [column.name for column in layout.columns]
    if name not in names:
        close = [other for other in names if other.strip().lower() == name.strip().lower()]
        if len(close) != 1:
            raise ValueError(f"--column {name}={role}: there is no column {name!r}; there are {', '.join(names)}")
        name = close[0]
    column = next(column for column in layout.columns if column.name == name)
    what, _, value = role.partition(":")
    if value:
        kept = {} if layout.question else {key: getattr(column, key) for key in NAMED}
        of = {"axis": layout.axis, **kept, what: value.strip()}
        return _rated(layout, name, **{key: text for key, text in of.items() if text}).of_headers(what)
    numbers = sheet is not None and look(sheet.frame[name], decimal_of(sheet.frame)).numeric
    side_by_side = layout.form != "long" or column.role == "rating" or column.why == _NOT_SAID
    rated = [c for c in layout.columns if c.role == "rating"]
    asked = column.role == "rating" or column.why == _NOT_SAID
    if role == "rater" and numbers and side_by_side and (asked or any(c.rater for c in rated)):
        return _rated(layout, name, axis=layout.axis, rater=name)
    if role == "axis" and numbers and side_by_side and layout.form != "survey":
        return replace(_rated(layout, name, axis=name, rater=""), axis_given=True)
    if role == "score":
        others = [c for c in layout.columns if c.role == "rating" and c.name != name]
        if others and not any(c.axis or c.rater for c in others if not c.why):
            guessed = {c.name for c in others if c.why}  # what was guessed makes way for what was said
            layout = replace(
                layout,
                columns=tuple(
                    replace(c, role="about_rating", axis="", rater="") if c.name in guessed else c
                    for c in layout.columns
                ),
            )
        by_column = bool(layout.having("axis"))
        return _rated(layout, name, axis="" if by_column else column.axis or layout.axis, rater="")
    changed = layout.with_column(name, ROLE_WORDS[role])
    return replace(changed, axis_given=True) if role == "axis" else changed


def _rated(layout: Layout, name: str, **of: str) -> Layout:
    """Makes a column one of ratings; of columns that a question asks about, those not said yet become notes."""

    def changed(column: Column) -> Column:
        if column.name == name:
            return Column(name, "rating", "", **of)
        if layout.question and column.role == "rating" and column.why in OPEN:
            return Column(column.name, "about_rating", _NOT_SAID)
        return column

    return replace(layout, columns=tuple(map(changed, layout.columns)), question="")


NOBODY_NAMED = "nothing says who rated"
"""How a note begins that is no longer so once somebody has said it."""


# Options as they are typed, for questions and complaints.


def rows_option(name: str, value: str) -> str:
    """Returns the option that leaves out the rows with a cell, as it is typed."""
    return f"--rows {shlex.quote(f'{name}!={value}')}" if len(value) <= 200 else "--rows COLUMN!=VALUE"


def answer_options(words: Iterable[str], most: int = 8) -> str:
    """Returns the options that say what words stand for, as they are typed but for the numbers."""
    few = list(dict.fromkeys(word[:60] for word in words))
    return " ".join(f"--answer {shlex.quote(f'{word}=NUMBER')}" for word in few[:most]) + (
        " …" if len(few) > most else ""
    )


def column_option(name: str, role: str) -> str:
    """Returns the option that gives a column a meaning, as it is typed."""
    return f"--column {shlex.quote(f'{name}={role}')}"
