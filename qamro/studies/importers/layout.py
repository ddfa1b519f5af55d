"""How a file of ratings is to be read: what each column means, and what is done to the scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from qamro.studies.importers.scales import ScaleMap
from qamro.studies.importers.table import Parsing

ROLES: dict[str, str] = {
    "clip": "clip",
    "path": "sound file",
    "system": "system",
    "prompt": "prompt",
    "source": "content that versions share",
    "about_clip": "group or note about the clip",
    "rater": "rater",
    "axis": "axis",
    "rating": "ratings",
    "mean_of": "number of ratings behind a mean",
    "about_rating": "note about the rating",
    "ignore": "leave out",
}
"""What a column can mean, in words."""

SINGLE = ("clip", "path", "system", "prompt", "source", "rater", "axis", "mean_of")
"""Roles that one column has; where somebody says which, the guessed one makes way."""

OF_THE_CLIP = ("path", "system", "prompt", "source")
"""Roles that describe the clip under a name of their own."""

OPEN = (
    "numbers, and nothing says of what",
    "its name stands twice",
    "one of several that may hold the ratings",
)
"""Why columns of numbers stand among the ratings only until somebody says what they are."""

TABULAR = ("long", "wide", "survey")
"""The forms that a table without a tool's own header can be taken for."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: Its name in the header.
        role: What it means, one of ``ROLES``.
        why: Why that was guessed; empty when somebody chose it.
        axis: Of ratings: the axis, where no column says it for each row.
        rater: Of ratings: the rater, where no column says it.
        clip: Of ratings: the clip, where no column says it.
        system: Of ratings: the system, where no column says it.
    """

    name: str
    role: str
    why: str = ""
    axis: str = ""
    rater: str = ""
    clip: str = ""
    system: str = ""


@dataclass(frozen=True)
class Layout:
    """How ratings are to be read; a guess that can be corrected, column by column.

    Attributes:
        form: One of ``FORMS``.
        why: What speaks for it.
        columns: The columns of the table, in its order; none for a form of fixed meaning.
        files: The files that hold the ratings, relative to the folder or zip; none where that is the file itself.
        others: Files beside them that could hold ratings, too, and are not read.
        delimiter: What separates the columns.
        decimal: What stands before the decimals.
        headless: Whether the first line is data, not a header; columns are then called ``column 1``, ``column 2``, …
        axis: What the axis is called where neither a column nor a header says so.
        axis_given: Whether the file or somebody says what the axis is called; else the name is made up.
        pseudonyms: Whether raters are called R1, R2, … instead of what the file calls them.
        scales: What is done to scores, by axis as found and rater; "" stands for all raters without a map.
        names: What axes are called instead of what the file calls them.
        missing: Scores that stand for "no answer" and are left out; None while nobody has said.
        rows: Only rows in which these columns have (True) or do not have (False) these values are read.
        parsing: How the file is cut into cells, where somebody has said it.
        labels: What further lines of header say about columns.
        question: Why the file cannot be read before somebody decides; empty where nothing is open.
        readings: Ways to answer it: each in words, with the columns and what ``--column`` says they are.
        notes: What whoever imports should know.
    """

    form: str
    why: str
    columns: tuple[Column, ...] = ()
    files: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    delimiter: str = ","
    decimal: str = "."
    headless: bool = False
    axis: str = "quality"
    axis_given: bool = False
    pseudonyms: bool = False
    scales: Mapping[tuple[str, str], ScaleMap] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[float, ...] | None = None
    rows: tuple[tuple[str, str, bool], ...] = ()
    parsing: Parsing = field(default_factory=Parsing)
    labels: Mapping[str, str] = field(default_factory=dict)
    question: str = ""
    readings: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> str:
        """The question, with the options that answer it."""
        from qamro.studies.importers.options import column_option

        ways = [f"{words}: {' '.join(column_option(*said) for said in columns)}" for words, columns in self.readings]
        if not self.question or not ways:
            return self.question
        number = {2: "Two", 3: "Three", 4: "Four"}.get(len(ways), "Several")
        several = f". {number} readings are possible; say which is right: " if len(ways) > 1 else "; "
        return f"{self.question}{several}{'; or '.join(ways)}"

    @property
    def open_columns(self) -> list[str]:
        """The columns of numbers that the question is about; ``*`` stands for them in an answer."""
        return [c.name for c in self.columns if c.role == "rating" and c.why in OPEN] if self.question else []

    @property
    def is_fixed(self) -> bool:
        """Whether the form leaves nothing to choose about its columns."""
        return not self.columns

    @property
    def takes_rows(self) -> bool:
        """Whether rows can be left out: of tables, and of votes."""
        from qamro.studies.importers.forms import FORMS

        return not self.is_fixed or FORMS[self.form].takes_rows

    @property
    def names_clips(self) -> bool:
        """Whether something says which clip a rating is of."""
        systems = self.having("system") or any(column.system for column in self.columns)
        told = self.having("clip") or self.having("path") or (systems and self.having("source"))
        return bool(told) or any(column.clip for column in self.columns) or self.is_fixed

    @property
    def is_plain(self) -> bool:
        """Whether every column is called what it means, so that nothing was guessed."""
        plain = {"rating": "score", "about_clip": "", "about_rating": ""}
        return all(plain.get(column.role, column.role) in ("", column.name) for column in self.columns)

    def having(self, role: str) -> list[str]:
        """Returns the names of the columns with a role."""
        return [column.name for column in self.columns if column.role == role]

    def with_column(
        self,
        name: str,
        role: str,
        *,
        axis: str | None = None,
        rater: str | None = None,
        clip: str | None = None,
        system: str | None = None,
    ) -> Layout:
        """Returns the layout with another meaning for a column.

        Args:
            name: The column.
            role: One of ``ROLES``.
            axis: For ratings: the axis; None leaves it.
            rater: For ratings: the rater; None leaves it.
            clip: For ratings: the clip; None leaves it.
            system: For ratings: the system; None leaves it.

        Raises:
            ValueError: There is no such column or role.
        """
        if role not in ROLES:
            raise ValueError(f"a column can be {', '.join(ROLES)}; not {role!r}")
        if name not in {column.name for column in self.columns}:
            raise ValueError(
                f"there is no column {name!r}; there are {', '.join(c.name for c in self.columns) or 'none'}"
            )
        told = {"axis": axis, "rater": rater, "clip": clip, "system": system}
        given = {key: value for key, value in told.items() if value is not None}

        def changed(column: Column) -> Column:
            if column.name == name:
                said = replace(column, role=role, why="" if role != column.role else column.why, **given)
                return said if role == "rating" else replace(said, axis="", rater="", clip="", system="")
            if role in SINGLE and column.role == role and column.why:  # what was guessed makes way for what was said
                return replace(column, role="about_rating", why=f"{name!r} is the {ROLES[role]}")
            return column

        offered = {said for _, columns in self.readings for said, _ in columns}
        of_one = (role == "clip" and "clip" in self.question) or name in offered
        of_numbers = self.question.startswith("nothing says what the numbers")  # saying the clip is no answer to that
        rated = self.open_columns or self.having("rating")
        last = name in rated and (role == "rating" or not {*self.open_columns} - {name})  # nothing else is asked about
        asked = role == "rating" or last or (of_one and not of_numbers)
        question = "" if asked else self.question
        layout = replace(self, columns=tuple(map(changed, self.columns)), question=question)
        if role not in ("axis", "rater", "clip", "system"):
            return layout
        if self.question:  # what headers were only taken to name makes way
            bare = (replace(c, **{role: ""}) if c.role == "rating" and c.why in OPEN else c for c in layout.columns)
            layout = replace(layout, columns=tuple(bare))
        return layout._told_by_column(role, name)

    def _told_by_column(self, what: str, name: str) -> Layout:
        """Returns the layout with axes, raters or clips taken from a column instead of from the headers of ratings.

        Raises:
            ValueError: The headers of several columns of ratings name different ones, which the column cannot override.
        """
        told = {getattr(column, what) for column in self.columns if column.role == "rating"} - {""}
        if len(told) > 1:
            raise ValueError(
                f"{name!r} cannot be the {what}: the headers of the ratings name {', '.join(sorted(told))} already; "
                f"leave these out, or give them another meaning first"
            )
        columns = (replace(c, **{what: ""}) if c.role == "rating" else c for c in self.columns)
        return replace(self, columns=tuple(columns))

    def with_headers_as(self, what: str) -> Layout:
        """Returns the layout with the headers of all ratings taken for what they name.

        Args:
            what: ``"rater"``, ``"axis"``, ``"system"``, ``"clip"``, or ``"both"`` (an axis and a rater: ``MI_r1``).

        Raises:
            ValueError: The headers do not hold both, or ``what`` is something else.
        """
        from qamro.studies.importers.names import known_axis, split_headers

        names = self.having("rating")
        if what == "both":
            grid = split_headers(names)
            if not grid:
                raise ValueError("these headers do not divide into axes and raters; such as do look like MI_r1, MI_r2")
        elif what == "rater":
            grid = {name: (self.axis, name) for name in names}
        elif what == "axis":
            grid = {name: (known_axis(name) or name, "") for name in names}
        elif what in ("system", "clip"):
            grid = dict.fromkeys(names, (self.axis, ""))
        else:
            raise ValueError(f"headers name a rater, an axis, both, a system or a clip; not {what!r}")
        layout = self
        for name, (axis, rater) in grid.items():
            own = {key: name if key == what else "" for key in ("clip", "system")}
            layout = layout.with_column(name, "rating", axis=axis, rater=rater, **own)
        return replace(layout, question="").of_headers(what)

    def of_headers(self, what: str) -> Layout:
        """Returns the layout in which nothing guessed stands in the way of clips or systems that headers name.

        Where headers name clips and no column the rater, each row is a rater.
        """
        if what not in ("system", "clip"):
            return self
        columns = [
            replace(column, role="about_rating" if what == "clip" else "source", why=f"headers name the {what}s")
            if column.why and column.role in (what, "clip", "path")
            else column
            for column in self.columns
        ]
        named = [place for place, column in enumerate(columns) if column.role == "source"]
        for place in named[1:]:
            columns[place] = replace(columns[place], role="about_rating")
        rows_are_raters = what == "clip" and not self.having("system")
        return replace(self, columns=tuple(columns), form="survey" if rows_are_raters else "wide")

    def with_scale(self, axis: str, scale: ScaleMap | None, rater: str = "") -> Layout:
        """Returns the layout with another map for an axis, as found in the file; None leaves scores as they are.

        Args:
            axis: The axis, by its name in the file.
            scale: The map.
            rater: For one rater only; empty for all without a map of their own.
        """
        scales = {key: value for key, value in self.scales.items() if key != (axis, rater)}
        return replace(self, scales=scales if scale is None else scales | {(axis, rater): scale})

    def with_name(self, axis: str, name: str) -> Layout:
        """Returns the layout with another name for an axis of the file."""
        return replace(self, names={**self.names, axis: name.strip() or axis})

    def in_words(self) -> str:
        """Returns one sentence that says how the file is read."""
        from qamro.studies.importers.forms import words_for

        parts = [f"read as {words_for(self.form)}" + (f" ({self.why})" if self.why else "")]
        meant = {role: self.having(role) for role in ROLES if role not in ("ignore", "about_clip", "about_rating")}
        parts += ["the first line is data"] if self.headless else []
        parts += [f"{ROLES[role]} from {_listed(names)}" for role, names in meant.items() if names]
        if self.decimal != "." and self.columns:
            parts.append(f"decimals after {self.decimal!r}")
        if self.having("ignore"):
            parts.append(f"left out {_listed(self.having('ignore'))}")
        return "; ".join(parts)


def _listed(names: list[str], most: int = 4) -> str:
    from qamro.studies.importers.cells import nobody

    shown = ", ".join(repr(nobody(name)) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
