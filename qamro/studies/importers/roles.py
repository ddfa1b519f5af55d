"""What the columns of a table mean by their names, each looked up in the words of the field, and by what stands beside.

Which columns hold ratings is guessed in ``rated_columns``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from qamro.studies.importers.axis_names import axis_in, is_mean, is_measure
from qamro.studies.importers.cells import decimal_of, is_mail, look
from qamro.studies.importers.layout import OPEN, Column
from qamro.studies.importers.names import is_numbered, is_plainly_quality, is_quality, is_rater, role_of
from qamro.studies.importers.table import SHEET
from qamro.studies.importers.words import words_of
from qamro.studies.tables import BLANKS

if TYPE_CHECKING:
    from qamro.studies.importers.table import Sheet

_ANCHOR = re.compile(r"^(?:hidden.?)?ref(?:erence)?\d*$|anchor|anker|^lp ?3[05]|^lp ?70|lowpass", re.IGNORECASE)


def is_anchor(name: str) -> bool:
    """Whether a header names a system: the reference or an anchor of a MUSHRA test, or one that is called so."""
    return bool(_ANCHOR.search(name.strip())) or role_of(name) == "system"


_FIRST = re.compile(r"[._ /:|-]+")

_WORD_OF = {
    "clip": "clip", "system": "system", "rater": "rater", "axis": "axis", "path": "path", "source": "content",
    "mean_of": "count", "prompt": "prompt",
}  # fmt: skip
"""What ``--column`` calls a role."""
_PLACES = ("first", "second", "third", "fourth")

_RATER_FIRST = ("rater", "listener", "participant", "subject", "annotator", "evaluator", "worker", "judge", "assessor")


class Roles:
    """One table while its columns are being understood."""

    def __init__(self, sheet: Sheet, form: str) -> None:
        self.sheet, self.form = sheet, form
        self.table = sheet.frame
        self.names = [str(name) for name in sheet.header]
        self.decimal = decimal_of(self.table)
        self.facts = {name: look(self.table[name], self.decimal) for name in self.names}
        for name in [name for name in self.names if self.facts[name].counts and self._is_one_of_a_quality(name)]:
            self.facts[name] = replace(self.facts[name], counts=False)  # somebody's scores that happen to be 1, 2, 3
        self.told = {name: self._role(name) for name in self.names}
        scored = [name for name in self.names if self.facts[name].numeric and not self.facts[name].counts]
        headed = [name for name in scored if self.told[name] == "system"]
        beside = [name for name in scored if self.told[name] == "" and is_anchor(name)]
        if headed and len(headed) + len(beside) > 1:  # a column of scores for each system
            self.told |= dict.fromkeys(headed, "")
        self.columns: dict[str, Column] = {}
        self.axis, self.axis_given = axis_in(sheet.path.stem)
        self.systems_in_headers = self.clips_in_headers = False
        self.pseudonyms = any(map(is_mail, self.names))
        self.notes: list[str] = []
        self.question = ""
        self.readings: list[tuple[str, tuple[tuple[str, str], ...]]] = []

    def _role(self, name: str) -> str:
        facts, role = self.facts[name], role_of(name)
        unnamed = not name.strip() or re.fullmatch(r"unnamed[:_ ]*\d*|x|index|level_\d+", name.strip().lower())
        if name == SHEET and self.sheet.source == "excel":
            told = list(self.table[name].unique())
            role = "rater" if all(map(is_rater, told)) else "axis" if all(map(is_quality, told)) else ""
        elif self.sheet.headless:
            role = "clip" if facts.sounds else ""
        elif unnamed:
            role = "never" if facts.numeric or facts.empty else "" if facts.repeats else "clip"
        elif (facts.addresses and role != "rater") or (facts.genders and role in ("", "about")):
            role = "private"
        elif facts.sounds and role in ("private", "prompt", "", "id", "rater", "rating", "about"):
            role = "clip"
        elif role == "source" and facts.numeric and {"ref", "reference"} & set(words_of(name)):
            role = ""  # the scores of the reference
        elif words_of(name) == ("note",) and facts.on_a_scale:  # a mark in French and German
            role = "rating"
        elif (role in ("clip", "source", "system", "prompt") and facts.on_a_scale and is_plainly_quality(name)) or (
            role == "never" and is_quality(name) and facts.on_a_scale and not is_measure(name)
        ):
            role = ""
        return role

    def _is_one_of_a_quality(self, name: str) -> bool:
        """Whether a header begins with a quality that another column of numbers begins with, as in ``MI.r1, MI.r2``."""
        quality = _FIRST.split(name.strip(), maxsplit=1)[0]
        family = [n for n in self.names if n != name and _FIRST.split(n.strip(), maxsplit=1)[0] == quality]
        others = any(self.facts[n].numeric and not self.facts[n].counts for n in family)
        return others and quality != name.strip() and is_quality(quality)

    def take(self, name: str, role: str, why: str, **more: str) -> None:
        """Gives a column a role."""
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
            return exact, facts.distinct > 1, max(rank, default=0), not facts.numeric, -self.names.index(name)
        if role == "clip":
            return (
                exact,
                facts.sounds,
                "deg" in words,
                facts.distinct,
                "name" in words and not facts.numeric and not facts.sounds,
                "path" not in role_of(name),
                -self.names.index(name),
            )
        return exact, facts.distinct, -self.names.index(name)

    def clip(self) -> None:
        """Finds the column that names the clips."""
        sounds = [n for n in self.names if self.told[n] == "clip" and self.facts[n].sounds and n not in self.columns]
        if len(sounds) > 1 and not any(role_of(name) in ("clip", "path") for name in sounds):
            self.question = f"nothing says which clips were rated, those of {' or '.join(map(repr, sounds[:4]))}"
            self.readings = [(f"those of {name!r}", ((name, "clip"),)) for name in sounds[:4]]
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
            if role == "axis" and form != "long" and self.told.get(SHEET) != "axis":
                continue
            self.pick(role)
        self._clips_by_path()
        if self.systems_in_headers:  # the item is what the systems' clips share
            for name in [n for n, c in self.columns.items() if c.role == "clip"]:
                self.take(name, "source", "the systems' clips share it")
        for name in self.names:
            if name in self.columns:
                continue
            role, facts = self.told[name], self.facts[name]
            kept = "about_clip" if form == "wide" or role == "about" else "about_rating"
            if role == "private":
                self.take(name, "ignore", "may tell who a person is")
            elif not name.strip() or (facts.counts and not role) or (role == "never" and facts.counts):
                self.take(
                    name, "ignore", "counts the rows" if facts.counts else "empty" if facts.empty else "has no name"
                )
            elif facts.empty:
                self.take(name, "ignore", "empty")
            elif role == "mean_of" and self._is_count(name) and not self._one_letter_of_many(name):
                self.take(name, "mean_of", "how many ratings a mean is of")
            elif role == "prediction":
                self.take(name, kept, "a model's prediction or a measure, no rating")
            else:
                why = "no rating by its name" if role == "never" and facts.numeric else "kept"
                self.take(name, kept, why)

    def _one_letter_of_many(self, name: str) -> bool:
        """Whether ``N`` is one of several columns called by a letter, each of which counts something."""
        return len(name.strip()) == 1 and sum(len(other.strip()) == 1 for other in self.names) > 2

    def _clips_by_path(self) -> None:
        """Takes sound files for the clips where a name stands for several of them."""
        clip = next((n for n, c in self.columns.items() if c.role == "clip"), "")
        path = next((n for n, c in self.columns.items() if c.role == "path"), "")
        if not clip or not path or self.facts[clip].sounds or not self.facts[path].sounds:
            return
        if "system" in {column.role for column in self.columns.values()}:
            return  # the name and the system are the clip
        if len(set(zip(self.table[clip], self.table[path], strict=True))) > self.facts[clip].distinct:
            self.take(clip, "about_rating", f"several sound files of {path!r} have that name")
            self.take(path, "clip", "its cells name sound files")

    def _is_count(self, name: str) -> bool:
        """Whether a column counts the ratings behind means: whole numbers from 1, and nobody named who gave them."""
        if any(column.role in ("rater", "mean_of") or column.rater for column in self.columns.values()):
            return False
        values = self.facts[name].values
        rated = [self.facts[n] for n, column in self.columns.items() if column.role == "rating"]
        if name.strip().lower() == "mean_of":
            return True
        named = any(is_mean(n) for n, column in self.columns.items() if column.role == "rating")
        means = named or any((f.values % 1 != 0).any() for f in rated)
        return bool(means and values.size and (values >= 1).all() and (values % 1 == 0).all())

    def doubles(self) -> None:
        """Asks about columns of one name, unless they hold the same or say nothing about ratings."""
        for names in self.sheet.doubled:
            others = [name for name in names[1:] if name in self.columns]
            for name in [n for n in others if self.table[n].equals(self.table[names[0]])]:
                self.take(name, "ignore", f"holds the same as the other {names[0]!r}")
                others.remove(name)
            roles = {self.columns[name].role for name in (names[0], *others)}
            if not others or roles <= {"ignore", "about_clip", "about_rating", "prompt"} or self.question:
                continue
            there = [names[0], *others]
            numeric = "rating" in roles
            role = "score" if numeric else _WORD_OF[next(iter(roles - {"ignore", "about_clip", "about_rating"}))]
            self.readings = [(f"the {_PLACES[k]} one is it", ((name, role),)) for k, name in enumerate(there[:4])]
            if numeric:
                for name in there:
                    self.take(name, "rating", OPEN[1], axis=self.axis)
                if not any(column.role == "rater" for column in self.columns.values()):
                    self.readings.append(("they are of a rater each", tuple((name, "rater") for name in there)))
            self.question = f"{len(there)} columns are called {names[0]!r} and hold different things"

    def pick_rater(self) -> None:
        """Finds the column that says who rated."""
        for name in self.names:  # a session's number that comes back is whose answers these are
            if self.told[name] == "id" and {"uuid", "guid"} & set(words_of(name)) and self.facts[name].repeats:
                self.told[name] = "rater"
        numbered = [n for n in self.names if self.told[n] == "rater" and is_numbered(n)]
        others = [n for n in self.names if self.told[n] in ("", "rating") and is_numbered(n) and self.facts[n].numeric]
        if len(numbered) > 1 or (numbered and others):  # subject_1, subject_2 …: ratings, not names
            for name in numbered:
                self.told[name] = "" if self.facts[name].numeric or self.facts[name].empty else "rater"
        rater = self.pick("rater")
        if not rater and self.form != "survey":  # who is known by an address only is a rater under another name
            mails = [n for n in self.names if self.told[n] == "private" and self.facts[n].repeats]
            mails = [n for n in mails if self.facts[n].addresses and any(map(is_mail, self.table[n].head(50)))]
            again = any(self.told[n] == "clip" and self.facts[n].repeats for n in self.names)
            if len(mails) == 1 and again and self.clip_column(set(mails)):
                rater = mails[0]
                self.take(rater, "rater", "the addresses tell raters apart")
        if rater and self.facts[rater].addresses:
            self.pseudonyms = True
        if self.pseudonyms:
            self.notes.append("raters are called R1, R2, … instead of by their addresses")

    def clip_column(self, but: set[str]) -> bool:
        """Whether a column other than these names sound files."""
        return any(self.told[n] == "clip" and n not in but and self.facts[n].sounds for n in self.names)
