"""Guesses the form of a table and what its columns mean: from their names, from each other, and from their cells.

A column of numbers is a rating only if its name, its neighbours or its values say so. Where two readings are possible,
the layout comes back with a question that shows both, and the option that decides.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import AXES
from qamro.studies.importers.layout import Column, Layout
from qamro.studies.importers.names import (
    concepts_of,
    is_code,
    is_numbered,
    is_plainly_quality,
    is_quality,
    is_rater,
    is_sound,
    known_axis,
    role_of,
    sound_in,
    split_headers,
    words_of,
)
from qamro.studies.importers.scales import USUAL
from qamro.studies.tables import BLANKS

if TYPE_CHECKING:
    import pandas as pd

    from qamro.studies.importers.table import Sheet

_COMMA = re.compile(r"[+-]?\d+,\d+")
_LABEL = re.compile(
    r"^\s*([+-]?\d+(?:[.,]\d+)?)\s*(?:[-–—:=.)(/]|\s)\s*\D.*$|^\D*\(\s*([+-]?\d+(?:[.,]\d+)?)\s*\)\s*$", re.S
)
_BRACKET = re.compile(r"^(?P<group>.*?)\s*\[(?P<item>[^\]]+)\][^\[\]]*$", re.S)
_WORDS = {"excellent": 5.0, "good": 4.0, "fair": 3.0, "poor": 2.0, "bad": 1.0}
"""The five words of ITU-T P.800."""

_SAMPLE = 200
_BLANK = [*BLANKS, *(text.upper() for text in BLANKS), "NaN", "None", "Null"]
_RATER_FIRST = ("rater", "listener", "participant", "subject", "annotator", "evaluator", "worker", "judge", "assessor")


@dataclass(frozen=True)
class Facts:
    """What a column's cells look like.

    Attributes:
        values: The different numbers in it; none unless most of its cells are numbers.
        numeric: Whether most of its cells are numbers.
        counts: Whether its cells count the rows.
        sounds: Whether nearly all of its cells name sound files.
        empty: Whether no cell holds anything.
        distinct: Number of different cells.
        repeats: Whether a cell that holds something stands twice.
    """

    values: np.ndarray
    numeric: bool
    counts: bool
    sounds: bool
    empty: bool
    distinct: int
    repeats: bool

    @property
    def on_a_scale(self) -> bool:
        """Whether its numbers could be scores of one of the usual scales."""
        return self.numeric and self.values.size > 0 and bool(self.values.min() >= -9 and self.values.max() <= 100)


def number_of(text: str, decimal: str = ".") -> float:
    """Reads one score: a number, a number with its label (``5 - Excellent``), or a word of P.800; NaN else."""
    plain = text.strip()
    try:
        return float(plain.replace(",", ".") if decimal == "," else plain)
    except ValueError:
        pass
    if match := _LABEL.match(plain):
        return float((match[1] or match[2]).replace(",", "."))
    return _WORDS.get(plain.lower(), float("nan"))


def look(cells: pd.Series, decimal: str) -> Facts:
    """Looks at a column of text."""
    different = cells.unique()
    told = [text for text in different if text.lower() not in BLANKS]
    few = told[:: max(len(told) // 3000, 1)]
    values = np.array([number_of(text, decimal) for text in few], dtype=float)
    finite = values[np.isfinite(values)]
    words = [text for text, value in zip(few, values, strict=True) if not np.isfinite(value)]
    stray = int(cells.isin(words).sum()) if len(few) == len(told) and words else 0
    numeric = bool(told) and (finite.size > 0.5 * values.size or 0 < stray < 0.5 * int((~cells.isin(_BLANK)).sum()))
    counts = False
    if numeric and len(cells) > 2 and len(different) == len(cells) and finite.size == values.size:
        start = number_of(cells.iloc[0], decimal)
        ends = start + len(cells) - 1
        counts = (
            start in (0, 1)
            and number_of(cells.iloc[-1], decimal) == ends
            and all(number_of(text, decimal) == start + place for place, text in enumerate(cells.iloc[:3000]))
        )
    sounds = bool(told) and sum(map(is_sound, told[:_SAMPLE])) > 0.9 * len(told[:_SAMPLE])
    filled = len(cells) - int(cells.isin([text for text in different if text.lower() in BLANKS]).sum())
    return Facts(finite if numeric else np.empty(0), numeric, counts, sounds, not told, len(told), filled > len(told))


def decimal_of(table: pd.DataFrame) -> str:
    """Returns what stands before the decimals: a comma if cells have one and none of that column has a point."""
    for name in table.columns:
        cells = table[name].head(_SAMPLE)
        if cells.str.fullmatch(_COMMA).any() and not cells.str.contains(".", regex=False).any():
            return ","
    return "."


class _Guess:
    """One table while its columns are being understood."""

    def __init__(self, sheet: Sheet, form: str) -> None:
        self.sheet, self.form = sheet, form
        self.table = sheet.frame
        self.names = [str(name) for name in sheet.header]
        self.decimal = decimal_of(self.table)
        self.facts = {name: look(self.table[name], self.decimal) for name in self.names}
        self.told = {name: self._role(name) for name in self.names}
        self.columns: dict[str, Column] = {}
        self.axis, self.axis_given = axis_in(sheet.path.stem)
        self.notes: list[str] = []
        self.question = ""
        self.readings: list[tuple[str, tuple[tuple[str, str], ...]]] = []

    def _role(self, name: str) -> str:
        facts, role = self.facts[name], role_of(name)
        unnamed = not name.strip() or re.fullmatch(r"unnamed[:_ ]*\d*|x|index|level_\d+", name.strip().lower())
        if self.sheet.headless:
            role = "clip" if facts.sounds else ""
        elif unnamed:
            role = "never" if facts.numeric or facts.empty else "" if facts.repeats else "clip"
        elif facts.sounds and role in ("private", "prompt", "", "id", "rater", "rating", "about"):
            role = "clip"
        elif words_of(name) == ("note",) and facts.on_a_scale:  # a mark in French and German
            role = "rating"
        elif (role in ("clip", "source", "system", "prompt") and facts.on_a_scale and is_plainly_quality(name)) or (
            role == "never" and is_quality(name) and facts.on_a_scale and not _is_measure(name)
        ):
            role = ""
        return role

    # What is rated

    def take(self, name: str, role: str, why: str, **more: str) -> None:
        self.columns[name] = Column(name, role, why, **more)

    def pick(self, role: str, why: str = "by its name", keep: str = "about_rating") -> str:
        """Gives a role to the best of the columns whose names say it, and makes notes of the others."""
        several = [n for n in self.names if self.told[n] == role and n not in self.columns]
        several = [n for n in several if not self.facts[n].empty] or [n for n in several if n.strip().lower() == role][
            :1
        ]
        if role != "clip":
            several = [n for n in several if not self.facts[n].empty]
        if not several:
            return ""
        best = max(several, key=lambda name: self._fitness(name, role))
        for name in several:
            if name != best:
                self.take(name, keep, f"{best!r} is the {role} already")
        self.take(best, role, why)
        return best

    def _fitness(self, name: str, role: str) -> tuple[object, ...]:
        facts, words = self.facts[name], words_of(name)
        exact = name.strip().lower() == role
        if role == "rater":
            rank = [len(_RATER_FIRST) - _RATER_FIRST.index(w) for w in words if w in _RATER_FIRST]
            return exact, max(rank, default=0), not facts.numeric, -self.names.index(name)
        if role == "clip":
            return (
                exact,
                facts.sounds,
                "deg" in words,
                facts.distinct,
                "path" not in role_of(name),
                -self.names.index(name),
            )
        return exact, facts.distinct, -self.names.index(name)

    def numeric(self) -> list[str]:
        """The columns that could hold ratings, by name and cells."""
        fits = ("", "rating", "rater")
        return [
            name
            for name in self.names
            if name not in self.columns
            and self.told[name] in fits
            and not (self.told[name] == "rater" and not is_numbered(name))
            and (self.facts[name].numeric or self._should_be(name))
            and not (self.facts[name].counts and self.told[name] == "" and not is_rater(name) and not is_quality(name))
        ]

    def _should_be(self, name: str) -> bool:
        """Whether a column is one of ratings by its name, whatever stands in it, so that a wrong cell can be named."""
        if self.facts[name].empty:
            return is_numbered(name) or bool(known_axis(name))
        others = [n for n in self.names if n != name and self.told[n] in ("", "rating") and self.facts[n].numeric]
        return name.strip().lower() in ("score", "rating", "mos") and not others

    def survey(self) -> bool:
        """Takes a row for a rater: headers name clips."""
        sheet, free = self.sheet, [n for n in self.names if n not in self.columns]
        able = [name for name in free if self.facts[name].numeric or self.facts[name].empty]
        clips = {name: sound_in(name) or sound_in(sheet.labels.get(name, "")) for name in able}
        clips = {name: clip for name, clip in clips.items() if clip}
        texts = {name: f"{name} {sheet.labels.get(name, '')}".strip() for name in able}
        groups = {name: _BRACKET.match(name) or _BRACKET.match(sheet.labels.get(name, "")) for name in able}
        items = {name: match["item"].strip() for name, match in groups.items() if match}
        if len(clips) < 2 and len(items) > 1 and any(self.told[name] != "never" for name in items):
            several = [match["group"] for match in groups.values() if match]
            if any(several.count(group) > 1 for group in several):
                clips = items
        if len(clips) < 2:
            numbered = [n for n in able if self.told[n] == "clip" and re.search(r"\d", n)]
            clips = {name: name for name in numbered} if len(numbered) > 1 else clips
        if len(clips) < 2 and self.form == "survey":
            clips = {n: n for n in self.numeric()}
        if not clips or (len(clips) < 2 and self.form != "survey"):
            return False
        if self.form != "survey" and self._clip_column(set(clips)):
            return False
        rests = {name: _rest(texts[name], clip) for name, clip in clips.items()}
        more = len(set(clips.values())) < len(clips)
        for name, clip in clips.items():
            axis = axis_of(rests[name]) or (rests[name] if more and rests[name] else "")
            self.axis_given |= bool(axis)
            self.take(name, "rating", "the header names a clip", clip=clip, axis=axis or self.axis)
        self.pick("rater")
        return True

    def _clip_column(self, but: set[str]) -> bool:
        return any(self.told[n] == "clip" and n not in but and self.facts[n].sounds for n in self.names)

    def matrix(self) -> bool:
        """Takes a table of nothing but numbers for stimuli by raters, as sureal and P.910's tools write it."""
        if not self.sheet.headless or len(self.names) < 2 or not all(f.numeric or f.empty for f in self.facts.values()):
            return False
        for place, name in enumerate(self.names, 1):
            self.take(name, "rating", "a rater each", rater=f"R{place}", axis=self.axis)
        self.notes.append("a table of numbers alone: rows were read as clips ('row 1', …), columns as raters")
        return True

    def ratings(self) -> str:
        """Finds the columns of ratings; returns the form, empty when there is none."""
        numeric = self.numeric()
        scores = [
            n for n in numeric if self.told[n] == "rating" and not (is_numbered(n) and self._numbered(numeric) > 1)
        ]
        means = [n for n in scores if _is_mean(n)]
        by_rater = any(column.role == "rater" for column in self.columns.values())
        grid = split_headers([n for n in numeric if n not in scores or not _is_mean(n)]) if len(numeric) > 2 else {}
        grid = grid or (split_headers([n for n in numeric if n not in scores]) if len(numeric) > 1 else {})
        if self.form == "long":
            return self._long(scores or numeric[:1], "asked for" if not scores else "")
        if grid and not (set(grid) & set(scores)) and not by_rater:
            self._grid(grid)
            return "wide"
        raters = [n for n in numeric if is_numbered(n) and n not in scores]
        raters = raters if len(raters) > 1 else []
        if raters and not by_rater:
            others = [n for n in numeric if n not in raters and n not in scores and not is_quality(n)]
            named = [n for n in others if is_rater(n) or is_code(n)]
            unclear = [n for n in others if n not in named and self.told[n] == ""]
            if unclear:
                self._ask(unclear, ["rater", "note"])
            for name in (*raters, *named):
                self.take(name, "rating", "the header looks like a rater", axis=self._axis_of_group(means), rater=name)
            self._spare(scores, "the mean of the others" if means else "the others are single ratings")
            return "wide"
        qualities = [n for n in numeric if n not in scores and is_quality(n) and self.facts[n].on_a_scale]
        if raters and by_rater:
            qualities = list(dict.fromkeys([*qualities, *raters]))
        if scores and self.form != "wide":
            return self._with_scores(scores, means, qualities)
        both = [n for n in numeric if n in qualities or n in scores]
        if any(
            is_rater(part) or is_code(part) for n in both if len(both) > 1 for part in re.split(r"[_.:/| -]+", n)[1:]
        ):
            self._ask(both, ["rater", "axis"])
            return "wide"
        if both:
            for name in both:
                why = (
                    f"the header is an axis ({AXES[known_axis(name)].name})"
                    if known_axis(name)
                    else "a quality by its name"
                )
                self.take(name, "rating", why, axis=_axis_by(name))
            self.axis_given = True
            return "wide"
        return self._unknown([n for n in numeric if n not in self.columns], by_rater)

    def _numbered(self, names: Sequence[str]) -> int:
        return sum(is_numbered(name) for name in names)

    def _axis_of_group(self, means: Sequence[str]) -> str:
        axis = next((axis_of(name) for name in means if axis_of(name)), "")
        self.axis_given |= bool(axis)
        return axis or self.axis

    def _spare(self, names: Iterable[str], why: str) -> None:
        for name in names:
            self.take(name, "about_clip", why)

    def _grid(self, grid: dict[str, tuple[str, str]]) -> None:
        for name, (axis, rater) in grid.items():
            self.take(name, "rating", "the header holds an axis and a rater", axis=axis, rater=rater)
        self.axis_given = True

    def _with_scores(self, scores: list[str], means: list[str], qualities: list[str]) -> str:
        """Columns that are called score, rating, MOS …: one, or one an axis."""
        single = [name for name in scores if name not in means]
        if means and single and not qualities:
            self._spare(means, "a mean beside single ratings")
            scores = single
        low, high = self._ends(scores)
        beside = [n for n in qualities if low <= self.facts[n].values.min() and self.facts[n].values.max() <= high]
        if len(scores) + len(beside) == 1:
            return self._long(scores)
        exact = [name for name in scores if name.strip().lower() in ("score", "rating")]
        if exact and len(scores) > 1 and not beside:
            for name in scores:
                if name != exact[0]:
                    self.take(name, "about_rating", f"{exact[0]!r} is the rating already")
            return self._long(exact[:1])
        used: set[str] = set()
        for name in (*scores, *beside):
            axis = _axis_by(name)
            axis = name if axis in used else axis
            used.add(axis)
            self.take(name, "rating", "an axis by its name", axis=axis)
        self.axis_given = True
        return "wide"

    def _ends(self, names: list[str]) -> tuple[float, float]:
        """The narrowest usual scale that holds the scores."""
        values = np.concatenate([self.facts[name].values for name in names])
        low, high = (values.min(), values.max()) if values.size else (0.0, 0.0)
        fits = [scale for scale in USUAL if scale[0] <= low and high <= scale[1]]
        return min(fits, key=lambda scale: scale[1] - scale[0]) if fits else (float(low), float(high))

    def _long(self, scores: list[str], why: str = "") -> str:
        if not scores:
            return ""
        name = scores[0]
        by_row = any(self.told[n] == "axis" and not self.facts[n].empty for n in self.names if n not in self.columns)
        axis = "" if by_row else axis_of(name) or self.axis
        self.axis_given |= by_row or bool(axis_of(name))
        self.take(name, "rating", why or "by its name", axis=axis)
        for other in scores[1:]:
            self.take(other, "about_rating", f"{name!r} is the rating already")
        return "long"

    def _unknown(self, free: list[str], by_rater: bool) -> str:
        """Columns of numbers under names that say nothing."""
        free = [name for name in free if self.told[name] == ""]
        if self.form == "wide" and free:
            for name in free:
                self.take(
                    name,
                    "rating",
                    "asked for",
                    axis=name if by_rater else self.axis,
                    rater="" if by_rater or len(free) == 1 else name,
                )
            return "wide"
        fits = [name for name in free if self.facts[name].on_a_scale]
        people = [name for name in free if is_rater(name) or is_code(name)]
        if len(people) > 1 and 2 * len(people) > len(free):
            for name in free:
                self.take(name, "rating", "the header names a rater", axis=self.axis, rater=name)
            return "wide"
        if not free:
            return ""
        listed = self.sheet.headless and any(facts.sounds for facts in self.facts.values())
        if len(free) == 1 and fits and (listed or (by_rater and self._like_answers(free[0]))):
            self.take(free[0], "rating", "the only column of numbers that may be scores", axis=self.axis)
            return "long" if by_rater or any(self.told[n] == "axis" for n in self.names) else "wide"
        self._ask(free, ["score", "note"] if len(free) == 1 else ["axis", "note"] if by_rater else ["rater", "axis"])
        return "wide"

    def _ask(self, names: list[str], roles: list[str]) -> None:
        """Leaves it to somebody to say what columns of numbers are."""
        for name in names:
            rater = name if roles[0] == "rater" else ""
            axis = name if roles[0] == "axis" else self.axis
            self.take(name, "rating", "numbers, and nothing says of what", axis=axis, rater=rater)
        words = {"axis": "qualities (axes)", "rater": "raters", "note": "no ratings", "score": "the ratings"}
        self.readings = [(words[role], tuple((name, role) for name in names)) for role in roles]
        listed = ", ".join(map(repr, names[:6])) + (" …" if len(names) > 6 else "")
        self.question = f"nothing says what the numbers under {listed} are"

    def _like_answers(self, name: str) -> bool:
        """Whether numbers look like answers on a scale: whole or half ones, and the same again and again."""
        facts = self.facts[name]
        return bool((facts.values * 2 % 1 == 0).all()) and facts.repeats and facts.distinct <= 0.5 * len(self.table) + 5

    # What stands beside

    def clip(self) -> None:
        """Finds the column that names the clips."""
        if self.pick(
            "clip",
            "its cells name sound files"
            if any(self.facts[n].sounds for n in self.names if self.told[n] == "clip")
            else "by its name",
            "about_rating",
        ):
            return
        told = {self.told[n] for n in self.names if n not in self.columns and not self.facts[n].empty}
        if "path" in told or {"system", "source"} <= told:
            return
        for name in self.names:
            facts = self.facts[name]
            if name not in self.columns and self.told[name] in ("", "id", "source", "private") and not facts.numeric:
                all_told = not any(text.lower() in BLANKS for text in self.table[name].unique())
                if facts.distinct / max(len(self.table), 1) > 0.95 and all_told and self.told[name] != "private":
                    self.take(name, "clip", "its cells are all different")
                    return

    def rest(self, form: str) -> None:
        """Gives every column that is left a meaning: what a person is stays out, the rest is kept."""
        for role in ("path", "system", "prompt", "source", "axis"):
            if role == "axis" and form != "long":
                continue
            self.pick(role)
        for name in self.names:
            if name in self.columns:
                continue
            role, facts = self.told[name], self.facts[name]
            kept = "about_clip" if form == "wide" or role == "about" else "about_rating"
            if role == "private":
                self.take(name, "ignore", "may tell who a person is")
            elif not name.strip() or (facts.counts and not role) or (role == "never" and facts.counts):
                self.take(name, "ignore", "counts the rows" if facts.counts else "empty")
            elif facts.empty:
                self.take(name, "ignore", "empty")
            elif role == "mean_of" and self._is_count(name):
                self.take(name, "mean_of", "how many ratings a mean is of")
            elif role == "prediction":
                self.take(name, kept, "a model's prediction, no rating")
            else:
                why = "no rating by its name" if role == "never" and facts.numeric else "kept"
                self.take(name, kept, why)

    def _is_count(self, name: str) -> bool:
        """Whether a column counts the ratings behind means: whole numbers from 1, and nobody named who gave them."""
        if any(column.role in ("rater", "mean_of") or column.rater for column in self.columns.values()):
            return False
        values = self.facts[name].values
        rated = [self.facts[n] for n, column in self.columns.items() if column.role == "rating"]
        if name.strip().lower() == "mean_of":
            return True
        named = any(_is_mean(n) for n, column in self.columns.items() if column.role == "rating")
        means = named or any((f.values % 1 != 0).any() for f in rated)
        return bool(means and values.size and (values >= 1).all() and (values % 1 == 0).all())

    def layout(self) -> Layout | None:
        form = "matrix" if self.matrix() else ""
        if not form and self.form in ("", "survey") and self.survey():
            form = "survey"
        if not form:
            self._pick_rater()
            self.clip()
            form = self.ratings()
            if not form:
                return None
        self.rest(form)
        columns = tuple(self.columns[name] for name in self.names)
        private = [c.name for c in columns if c.role == "ignore" and "person" in c.why]
        if private:
            self.notes.append(f"left out, as they may tell who a person is: {', '.join(private)}")
        predicted = [c.name for c in columns if "prediction" in c.why]
        if predicted:
            self.notes.append(f"predictions, not read as ratings: {', '.join(predicted)}")
        rated = [c for c in columns if c.role == "rating"]
        why = {
            "survey": f"{len(rated)} headers name clips",
            "long": f"{rated[0].name!r} holds scores",
            "matrix": "nothing but numbers, and no header",
        }.get(form, f"{len(rated)} columns of numbers")
        return Layout(
            "wide" if form == "matrix" else form, why, columns, delimiter=self.sheet.delimiter, decimal=self.decimal,
            axis=self.axis, axis_given=self.axis_given, headless=self.sheet.headless, labels=self.sheet.labels,
            question=self.question, readings=tuple(self.readings), notes=(*self.sheet.notes, *self.notes),
        )  # fmt: skip

    def _pick_rater(self) -> None:
        numbered = [n for n in self.names if self.told[n] == "rater" and is_numbered(n)]
        if len(numbered) > 1:  # subject_1, subject_2 …: ratings, not names
            for name in numbered:
                self.told[name] = "" if self.facts[name].numeric or self.facts[name].empty else "rater"
        self.pick("rater")


def layout_of(sheet: Sheet, form: str = "") -> Layout | None:
    """Guesses what the columns of a table of ratings mean.

    Args:
        sheet: The table.
        form: ``"long"``, ``"wide"``, ``"survey"``, or empty to guess it.

    Returns:
        The layout, with a question where two readings are possible; None where no column looks like ratings. Where
        none looks like the clips' names, somebody has to say which one is.
    """
    return _Guess(sheet, form).layout()


def column_option(name: str, role: str) -> str:
    """Returns the option that gives a column a meaning, as it is typed."""
    return f"--column {shlex.quote(f'{name}={role}')}"


def axis_in(stem: str) -> tuple[str, bool]:
    """The known axis in a file's name, between signs that part words; ``quality``, made up, without one."""
    for word in re.split(r"[^A-Za-z]+", stem):
        if word in AXES or word in ("SIG", "BAK", "OVR", "OVRL"):
            return word, True
    return "quality", False


def axis_of(header: str) -> str:
    """The axis that a header names, as it is written: ``SIG``, ``Answer.naturalness``, ``MI score``; else empty."""
    if known := known_axis(header):
        return known
    parts = re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|[^\W\d_]+", header)
    for part in parts:
        if part in AXES:
            return part
    told = [part for part in parts if is_quality(part)]
    if len(told) > 1 or len(parts) > 1:
        told = [part for part in told if part.lower() not in ("mos", "quality")]
    told = [part for part in told if part.lower() not in ("mos", "quality") or header.strip().lower() != "mos"]
    if len(told) == len(parts):
        return header.strip()
    return " ".join(told) if 0 < len(told) <= 3 else ""


def _axis_by(name: str) -> str:
    """What an axis is called that stands in a column of its own: its header, without words for a score."""
    bare = _bare(name)
    return known_axis(name) or (axis_of(name) if "rating" in concepts_of(bare) else "") or bare


def _bare(name: str) -> str:
    """A header as an axis: without what every answer has in common."""
    return (
        re.sub(r"^(?:answer|response)s?[._ ]+|[._ ]+(?:response|rating|score)$", "", name.strip(), flags=re.I) or name
    )


def _rest(text: str, clip: str) -> str:
    """What a question says beside the clip's name."""
    rest = text.replace(clip, " ").replace("[", " ").replace("]", " ")
    return re.sub(r"\s+", " ", rest).strip(" -–:_./?")


def _is_mean(name: str) -> bool:
    words = set(words_of(name))
    return bool(
        words
        & {"mean", "avg", "average", "mos", "dmos", "cmos", "mittelwert", "mittel", "moyenne", "promedio", "media"}
    )


def _is_measure(name: str) -> bool:
    words = set(words_of(name))
    never = {
        "std",
        "sd",
        "sem",
        "ci",
        "var",
        "id",
        "time",
        "rt",
        "ms",
        "index",
        "order",
        "duration",
        "stdev",
        "se",
        "low",
        "high",
        "rank",
    }
    return bool(words & never)
