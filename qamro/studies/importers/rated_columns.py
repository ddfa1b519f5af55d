"""Guesses which columns of a table hold ratings, and of what: from their names, from each other, and from their cells.

A column of numbers is a rating only if its name, its neighbours or its values say so. Where two readings are possible,
the layout comes back with a question that shows both, and the option that decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import AXES
from qamro.studies.importers.axis_names import axis_by, axis_of, is_mean, is_measure, rest_of
from qamro.studies.importers.cells import listed, number_of, shown
from qamro.studies.importers.layout import OPEN, Layout
from qamro.studies.importers.names import (
    SEPARATORS,
    is_code,
    is_numbered,
    is_quality,
    is_rater,
    is_sound,
    known_axis,
    role_of,
    sound_in,
    split_headers,
)
from qamro.studies.importers.options import NOBODY_NAMED, column_option
from qamro.studies.importers.roles import Roles, is_anchor
from qamro.studies.importers.scales import USUAL
from qamro.studies.importers.table import SHEET
from qamro.studies.importers.words import words_of

if TYPE_CHECKING:
    from qamro.studies.importers.table import Sheet

_CHOSEN = {"selected", "unselected", "chosen", "picked", "correct", "incorrect", "target", "shown", "missed"}
"""Words of headers that say which stimulus was chosen, not how it was rated."""
_MOST_ITEMS = 2000
"""Most different cells of a column in which answers about a person are looked for."""
_BRACKET = re.compile(r"^(?P<group>.*?)\s*\[(?P<item>[^\]]+)\][^\[\]]*$", re.S)


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


class _Guess(Roles):
    """Finds the ratings among the columns."""

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
        able = [n for n in free if self.facts[n].numeric or self.facts[n].empty or self._some_words(n)]
        clips = {name: sound_in(name) or sound_in(sheet.labels.get(name, "")) for name in able}
        clips = _whole_names({name: clip for name, clip in clips.items() if clip}, sheet.labels)
        texts = {name: f"{name} {sheet.labels.get(name, '')}".strip() for name in able}
        groups = {name: _BRACKET.match(name) or _BRACKET.match(sheet.labels.get(name, "")) for name in able}
        items = {name: match["item"].strip() for name, match in groups.items() if match}
        if len(clips) < 2 and len(items) > 1 and any(self.told[name] != "never" for name in items):
            several = [match["group"] for match in groups.values() if match]
            if any(several.count(group) > 1 for group in several):
                clips = items
        weak = len(clips) < 2
        if weak:
            numbered = [n for n in able if self.told[n] == "clip" and re.search(r"\d", n)]
            clips = {name: name for name in numbered} if len(numbered) > 1 else clips
            parts = {name: part for name in able if (part := _clip_before_quality(name))}
            clips = parts if len(set(parts.values())) > 1 and len(numbered) < 2 else clips
            weak = len(clips) > 1
        if len(clips) < 2 and self.form == "survey":
            clips = {n: n for n in self.numeric()}
        if not clips or (len(clips) < 2 and self.form != "survey"):
            return False
        if self.form != "survey" and self.clip_column(set(clips)):
            return False
        if weak and self.form != "survey" and self._doubtful(clips):
            return False
        rests = {name: rest_of(texts[name], clip) for name, clip in clips.items()}
        more = len(set(clips.values())) < len(clips)
        for name, clip in clips.items():
            of_clip = role_of(rests[name]) == "clip"  # "Sound a.wav" rates no axis "Sound"
            axis = "" if of_clip else axis_of(rests[name]) or (rests[name] if more and rests[name] else "")
            self.axis_given |= bool(axis)
            self.take(name, "rating", "the header names a clip", clip=clip, axis=axis or self.axis)
        self.pick("rater")
        return True

    def _some_words(self, name: str) -> bool:
        """Whether a column under the name of a sound file holds answers in words of which only some are known."""
        facts = self.facts[name]
        text = f"{name} {self.sheet.labels.get(name, '')}"
        if facts.sounds or facts.distinct > 11 or not sound_in(text) or self.told[name] in ("note", "private", "never"):
            return False
        return any(np.isfinite(number_of(cell, self.decimal)) for cell in self.table[name].unique())

    def _doubtful(self, clips: dict[str, str]) -> bool:
        """Whether headers that only sound like clips may be something else; they are asked about then."""
        others = [
            n for n in self.names
            if n not in clips and self.told[n] in ("", "rating") and self.facts[n].numeric and not self.facts[n].counts
        ]  # fmt: skip
        named = [n for n in self.names if n not in clips and self.told[n] == "clip" and not self.facts[n].numeric]
        chosen = any(_CHOSEN & set(words_of(name)) for name in clips)
        if not others and not named and not chosen:
            return False
        self.told |= dict.fromkeys(clips, "")
        self.clips_in_headers = bool(named)
        return True

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
        means = [n for n in scores if is_mean(n)]
        by_rater = any(column.role == "rater" for column in self.columns.values())
        grid = split_headers([n for n in numeric if n not in scores or not is_mean(n)]) if len(numeric) > 2 else {}
        grid = grid or (split_headers([n for n in numeric if n not in scores]) if len(numeric) > 1 else {})
        if self.form == "long":
            return self._long(scores or numeric[:1], "asked for" if not scores else "")
        if grid and not (set(grid) & set(scores)) and not by_rater:
            self._grid(grid)
            return "wide"
        raters = [n for n in numeric if is_numbered(n) and n not in scores]
        raters = raters if len(raters) > 1 else []
        if raters and not by_rater and self._counts_grades(raters):
            self._ask(raters, ["rater", "note"])
            return "wide"
        if raters and not by_rater:
            others = [n for n in numeric if n not in raters and n not in scores and not is_quality(n)]
            named = [n for n in others if is_rater(n) or (is_code(n) and not role_of(n))]
            unclear = [n for n in others if n not in named and self.told[n] == ""]
            if unclear:
                self._ask(unclear, ["rater", "note"])
            for name in (*raters, *named):
                self.take(name, "rating", "the header looks like a rater", axis=self._axis_of_group(means), rater=name)
            self._spare(scores, "the mean of the others" if means else "the others are single ratings")
            return "wide"
        singles = [n for n in numeric if n not in scores and self.told[n] == "" and not is_quality(n)]
        if scores == means and len(means) == 1 and not by_rater and self._is_mean_of(means[0], singles):
            for name in singles:
                self.take(name, "rating", f"{means[0]!r} is their mean", axis=self._axis_of_group(means), rater=name)
            self._spare(means, "the mean of the others")
            return "wide"
        qualities = [n for n in numeric if n not in scores and is_quality(n) and self.facts[n].on_a_scale]
        if raters and by_rater:
            qualities = list(dict.fromkeys([*qualities, *raters]))
        beside = [*scores, *qualities]
        if len(beside) > 1 and not by_rater and sum(self._ends_in_rater(n) for n in beside) > 1:
            self._ask(beside, ["rater", "axis"])
            return "wide"
        if scores and self.form != "wide":
            return self._with_scores(scores, means, qualities)
        both = [n for n in numeric if n in qualities or n in scores]
        if any(map(self._ends_in_rater, both)) and (len(both) > 1 or not by_rater):
            self._ask(both, ["rater", "axis"])
            return "wide"
        if both:
            for name in both:
                why = (
                    f"the header is an axis ({AXES[known_axis(name)].name})"
                    if known_axis(name)
                    else "a quality by its name"
                )
                self.take(name, "rating", why, axis=axis_by(name))
            self.axis_given = True
            if by_rater and (more := [n for n in numeric if n not in self.columns and self._like_the_others(n, both)]):
                self._ask(more, ["axis", "note"])
            return "wide"
        return self._unknown([n for n in numeric if n not in self.columns], by_rater)

    def _about_people(self) -> tuple[tuple[str, str, bool], ...]:
        """Rows that are answers about a person: an axis "How old are you?", an item "age" among sounds."""
        rows: list[tuple[str, str, bool]] = []
        for name in [n for n, column in self.columns.items() if column.role in ("axis", "clip")]:
            told = [str(cell) for cell in self.table[name].unique()] if self.facts[name].distinct <= _MOST_ITEMS else []
            sounds = sum(map(is_sound, told)) > 1
            out = ("private", "never", "note", "about") if sounds else ("private",)
            odd = [cell for cell in told if not is_sound(cell) and role_of(cell) in out]
            if not 0 < len(odd) < len(told):
                continue
            rows += [(name, cell, False) for cell in odd]
            listed = ", ".join(map(repr, odd[:6])) + (" …" if len(odd) > 6 else "")
            self.notes.append(f"rows of {name!r} that rate no clip are left out: {listed}")
        return tuple(rows)

    def _sheets(self) -> None:
        """Asks what several sheets of one header are, where that is neither said nor without meaning."""
        if self.sheet.source != "excel" or SHEET not in self.columns or self.question:
            return
        column = self.columns[SHEET]
        axes = {c.axis for c in self.columns.values() if c.role == "rating"}
        if column.role == "axis":
            self.axis_given = True
        if column.role not in ("about_clip", "about_rating"):
            return
        kept = [n for n, c in self.columns.items() if c.role in ("clip", "path", "rater", "axis", "system")]
        if not self.table.duplicated(kept or None).any():
            return
        several = list(self.table[SHEET].unique())
        raters = any(c.role == "rater" or c.rater for c in self.columns.values())
        ways = [("raters", "rater")] * (not raters) + [("qualities (axes)", "axis")] * (len(axes) < 2)
        ways += [("systems", "system"), ("nothing of that, and clips are rated again", "note")]
        self.question = f"nothing says what the sheets {listed(map(repr, several), 6)} are"
        self.readings = [(words, ((SHEET, role),)) for words, role in ways]

    def _unnamed_raters(self, form: str) -> None:
        """Says which column may name raters where none does by its name, and clips are rated again and again."""
        if (
            form not in ("long", "wide")
            or self.question
            or any(c.role == "rater" or c.rater for c in self.columns.values())
        ):
            return
        kept = [n for n, column in self.columns.items() if column.role in ("clip", "path", "axis")]
        if not kept or not self.table.duplicated(kept).any():
            return
        for name in [n for n, c in self.columns.items() if c.role in ("about_clip", "about_rating")]:
            facts = self.facts[name]
            if not facts.empty and facts.repeats and not self.table.duplicated([*kept, name]).any():
                self.notes.append(f"{NOBODY_NAMED}; if {shown(name)} does: {column_option(name, 'rater')}")
                return

    def _may_name_clips(self, name: str) -> bool:
        no = ("rating", "never", "private", "rater", "mean_of", "prediction")
        return name not in self.columns and not is_numbered(name) and self.told[name] not in no

    def _ends_in_rater(self, name: str) -> bool:
        """Whether a header ends like a rater behind something else: ``mos_r1``."""
        return any(is_rater(part) or is_code(part) for part in re.split(r"[_.:/| -]+", name)[1:])

    def _numbered(self, names: Sequence[str]) -> int:
        return sum(is_numbered(name) for name in names)

    def _is_mean_of(self, mean: str, singles: Sequence[str]) -> bool:
        """Whether a column holds the mean of others, row by row, but for rounding."""
        if len(singles) < 2:
            return False
        read = np.array([[number_of(cell, self.decimal) for cell in self.table[n]] for n in (mean, *singles)])
        rated = np.isfinite(read[0]) & np.isfinite(read[1:]).any(axis=0)
        if rated.sum() < 2 or not rated[np.isfinite(read[0])].all():
            return False
        return bool(np.allclose(read[0, rated], np.nanmean(read[1:, rated], axis=0), atol=0.051))

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
            if any(
                (self.facts[name].values * 2 % 1 != 0).any() for name in single
            ):  # no single ratings, by their decimals
                self._which(scores)
                return "wide"
            self._spare(means, "a mean beside single ratings")
            scores = single
        low, high = self._ends(scores)
        beside = [n for n in qualities if low <= self.facts[n].values.min() and self.facts[n].values.max() <= high]
        off = [n for n in qualities if n not in beside and n not in self.columns and self._like_answers(n)]
        off = [n for n in off if self.facts[n].values.min() >= 0 and self.facts[n].distinct > 2 and not is_measure(n)]
        if off:
            self._ask([*scores, *beside, *off], ["axis", "note"])
            return "wide"
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
            axis = axis_by(name)
            axis = name if axis in used else axis
            used.add(axis)
            self.take(name, "rating", "an axis by its name", axis=axis)
        self.axis_given = True
        return "wide"

    def _which(self, names: list[str]) -> None:
        """Asks which of several columns holds the ratings."""
        for name in names:
            self.take(name, "rating", OPEN[2], axis=self.axis)
        self.question = f"nothing says what the numbers under {', '.join(map(repr, names))} are: which are the ratings"
        self.readings = [(f"those of {name!r}", ((name, "score"),)) for name in names]

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
        people = [name for name in free if is_rater(name) or (is_code(name) and not role_of(name))]
        if len(free) > 1 and self._may_be_systems(free) and any(map(is_anchor, free)):
            for name in free:
                self.take(name, "rating", "a system each, as one plainly is", axis=self.axis, system=name)
            self.systems_in_headers = True
            return "wide"
        if len(people) > 1 and 2 * len(people) > len(free) and not by_rater:
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
        if len(names) > 1 and self._may_be_systems(names):
            last = [role for role in roles if role == "note"]
            roles = [*(role for role in roles if role != "note"), "system", *last]
        if len(names) > 1 and "rater" in {c.role for c in self.columns.values()} and not self._names_clips():
            roles = ["clip", *roles]
        for name in names:
            rater = name if roles[0] == "rater" else ""
            axis = name if roles[0] == "axis" else self.axis
            self.take(name, "rating", OPEN[0], axis=axis, rater=rater)
        words = {"axis": "qualities (axes)", "rater": "raters", "note": "no ratings", "score": "the ratings"}
        words |= {"system": "systems", "clip": "clips"}
        named = {"clip", "path"} & {column.role for column in self.columns.values()}
        clip = "" if named else next(filter(self._may_name_clips, self.names), "")
        if not clip and not named and "clip" in roles:  # nothing else could be
            roles = ["clip"]
        elif not clip and not named and len(names) > 2:
            clip = names[0]
        first = ((clip, "clip"),) if clip else ()
        of = [name for name in names if name != clip] or names
        odd = self._off_scale(of)
        of = [name for name in of if name not in odd]
        several = ["*"] if len(of) > 3 else of
        said = [words[role] for role in roles]
        prefix = _common(of)
        if roles[-1] == "note" and not any(c.role == "rating" for n, c in self.columns.items() if n not in names):
            said[-1] += ", and then the file holds none"
        self.readings = []
        for word, role in zip(said, roles, strict=True):
            own = role in ("clip", "system")
            each = tuple((n, f"{role}:{n[len(prefix) :]}" if own and n != "*" else role) for n in several)
            each += tuple((n, "note") for n in odd)
            self.readings.append((word, each if role == "clip" else (*first, *each)))
        if self.clips_in_headers and (key := next((n for n, c in self.columns.items() if c.role == "clip"), "")):
            each = tuple((n, "clip" if n == "*" else f"clip:{n}") for n in several)
            self.readings = [
                (f"clips, and {key!r} names the system", ((key, "system"), *each)),
                (f"clips, and {key!r} names the rater", ((key, "rater"), *each)),
                *self.readings,
            ]
        if len(self.readings) == 1:
            self.readings = [(f"if they are {word}", columns) for word, columns in self.readings]
        listed = ", ".join(map(repr, names[:6])) + (" …" if len(names) > 6 else "")
        self.question = f"nothing says what the numbers under {listed} are"

    def _off_scale(self, names: Sequence[str]) -> list[str]:
        """The few of several columns of numbers that fit no usual scale of the others: an age among grades."""
        tops = {name: self._ends([name]) for name in names}
        usual = max(set(tops.values()), key=list(tops.values()).count, default=(0.0, 0.0))
        odd = [name for name, (low, high) in tops.items() if low < min(usual[0], 0) or high > max(usual[1], 10)]
        return odd if usual in USUAL and usual[1] <= 10 and 2 * len(odd) < len(names) else []

    def _names_clips(self) -> bool:
        roles = {column.role for column in self.columns.values()} | {self.told[n] for n in self.names}
        return bool(roles & {"clip", "path", "source"})

    def _may_be_systems(self, names: list[str]) -> bool:
        """Whether headers may name systems: what they are is unknown, and none says so in a column."""
        told = {self.told[n] for n in self.names if n not in names} | {c.role for c in self.columns.values()}
        return "system" not in told and self._names_clips() and not any(map(is_rater, names))

    def _like_the_others(self, name: str, rated: list[str]) -> bool:
        """Whether numbers beside ratings may be ratings, too: as many grades, of the same scale."""
        low, high = self._ends(rated)
        values = self.facts[name].values
        fits = values.size > 2 and low <= values.min() and values.max() <= high and self._like_answers(name)
        return bool(fits) and self.told[name] == ""

    def _counts_grades(self, names: list[str]) -> bool:
        """Whether columns called 1 to 5 may say how often each grade was given: somebody gave one never."""
        grades = sorted(int(name) for name in names if name.strip().isdecimal())
        zero = any(0 in self.facts[name].values for name in names)
        return len(grades) == len(names) and grades in [list(range(1, k + 1)) for k in (5, 7, 9, 10)] and zero

    def _like_answers(self, name: str) -> bool:
        """Whether numbers look like answers on a scale: whole or half ones, and the same again and again."""
        facts = self.facts[name]
        return bool((facts.values * 2 % 1 == 0).all()) and facts.repeats and facts.distinct <= 0.5 * len(self.table) + 5

    def layout(self) -> Layout | None:
        form = "matrix" if self.matrix() else ""
        if not form and self.form in ("", "survey") and self.survey():
            form = "survey"
        if not form:
            self.pick_rater()
            self.clip()
            form = self.ratings()
            if not form:
                return None
        self.rest(form)
        self.doubles()
        self._sheets()
        rows = self._about_people()
        self._unnamed_raters(form)
        columns = tuple(self.columns[name] for name in self.names)
        private = [c.name for c in columns if c.role == "ignore" and "person" in c.why]
        if private:
            self.notes.append(f"left out, as they may tell who a person is: {', '.join(private)}")
        predicted = [c.name for c in columns if "prediction" in c.why]
        if predicted:
            self.notes.append(f"predictions or measures, not read as ratings: {', '.join(predicted)}")
        rated = [c for c in columns if c.role == "rating"]
        if not rated:
            return None
        why = {
            "survey": f"{len(rated)} headers name clips",
            "long": f"{rated[0].name!r} holds scores",
            "matrix": "nothing but numbers, and no header",
        }.get(form, f"{len(rated)} columns of numbers")
        return Layout(
            "wide" if form == "matrix" else form, why, columns, delimiter=self.sheet.delimiter, decimal=self.decimal,
            axis=self.axis, axis_given=self.axis_given, headless=self.sheet.headless, labels=self.sheet.labels,
            pseudonyms=self.pseudonyms, rows=rows,
            question=self.question, readings=tuple(self.readings), notes=(*self.sheet.notes, *self.notes),
        )  # fmt: skip


def _clip_before_quality(name: str) -> str:
    """The clip in a header that names one by number and then a quality (``Sample 1: clarity``); empty elsewhere."""
    for separator in SEPARATORS:
        head, _, tail = name.partition(separator)
        while tail and not is_quality(head) and not re.search(r"\d", head) and separator == " ":
            word, _, tail = tail.partition(separator)
            head = f"{head} {word}"
        if re.search(r"\d", head) and role_of(head) == "clip" and is_quality(tail):
            return head.strip()
    return ""


def _whole_names(clips: dict[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """Names of sound files in headers, blanks and all: what differs from header to header, or stands in brackets."""
    texts = {name: name if clip in name else labels.get(name, "") for name, clip in clips.items()}
    first, last = min(texts.values(), default=""), max(texts.values(), default="")
    same = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    begin = first.rfind(" ", 0, same) + 1
    whole = {}
    for name, clip in clips.items():
        text = texts[name]
        bracket = re.search(r"\[([^\[\]]*)\]", text)
        inner = bracket[1].strip() if bracket else text[begin : text.rfind(clip) + len(clip)].strip(" \"'")
        whole[name] = (
            inner if len(clips) > 1 and inner.endswith(clip) and "?" not in inner and ":" not in inner else clip
        )
    return whole


def _common(names: Sequence[str]) -> str:
    """What several names begin with, up to a sign that parts words: ``ratings.`` of ``ratings.A`` and ``ratings.B``."""
    first, last = min(names), max(names)
    same = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first[: max(first.rfind(sign, 0, same) for sign in "._:/ ") + 1]
