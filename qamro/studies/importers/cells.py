"""What the cells of a column hold: numbers, scores with their labels, sound files, counters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qamro.studies.importers.names import is_sound
from qamro.studies.tables import BLANKS

if TYPE_CHECKING:
    import pandas as pd

_COMMA = re.compile(r"[+-]?\d+,\d+")

_LABEL = re.compile(
    r"^\s*([+-]?\d+(?:[.,]\d+)?)\s*(?:[-–—:=.)(/]|\s)\s*\D.*$|^\D*\(\s*([+-]?\d+(?:[.,]\d+)?)\s*\)\s*$", re.S
)

_SHARE = re.compile(r"^([+-]?\d+(?:[.,]\d+)?)\s*(?:/|out of|of|von|sur|de)\s*(\d+)$", re.IGNORECASE)
_PERCENT = re.compile(r"^([+-]?\d+(?:[.,]\d+)?)\s*%$")
_WITH_ERROR = re.compile(r"^([+-]?\d+(?:[.,]\d+)?)\s*(?:±|\+/-|\+-)\s*\d+(?:[.,]\d+)?$")
_MAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}$", re.IGNORECASE)
_IP = re.compile(
    r"^(?:\d{1,3}\.){3}\d{1,3}$|^(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}$|^[0-9a-f:]*::[0-9a-f:]+$", re.IGNORECASE
)
_GENDER = (
    "male female homme femme mann frau männlich weiblich hombre mujer masculino femenino feminino uomo donna maschio "
    "femmina man woman vrouw nonbinary non-binary divers 男 女 男性 女性 남 여 남성 여성 남자 여자 муж жен мужской "
    "женский"
)
_GENDERS = frozenset(_GENDER.split())
_POINTS = re.compile(r"^([+-]?\d+(?:[.,]\d+)?)\s*[分点점]$")
_MONTH = re.compile(
    r"^\s*\d{1,2}\s*[-./ ]\s*(?:jan|feb|fév|fev|mär|mar|mrz|apr|avr|abr|may|mai|maj|jun|juin|jul|juil|aug|aoû|ago|sep"
    r"|set|oct|okt|out|nov|dec|dez|déc|dic)[a-zéûä]*\.?(?:[-./ ]+\d{2,4})?\s*$",
    re.IGNORECASE,
)
"""What spreadsheets make of 3.5: the 3rd of May."""
_STARS = re.compile(r"^([★⭐]\ufe0f?)*(?:☆\ufe0f?)*$")
WORDS: dict[str, tuple[str, ...]] = {
    "P.800": ("bad", "poor", "fair", "good", "excellent"),
    "P.800 in German": ("schlecht", "dürftig", "ordentlich", "gut", "ausgezeichnet"),
    "P.800 in French": ("mauvaise", "médiocre", "assez bonne", "bonne", "excellente"),
    "P.800 in Spanish": ("mala", "mediocre", "regular", "buena", "excelente"),
    "P.800 in Chinese": ("劣", "差", "中", "良", "优"),
    "five grades in Chinese": ("很差", "差", "一般", "好", "很好"),
    "five strong grades in Chinese": ("非常差", "差", "一般", "好", "非常好"),
    "P.800 in Italian": ("pessima", "scadente", "discreta", "buona", "eccellente"),
    "P.800 in Portuguese": ("má", "pobre", "razoável", "boa", "excelente"),
    "P.800 in Japanese": ("非常に悪い", "悪い", "普通", "良い", "非常に良い"),
    "P.800 in Korean": ("매우 나쁨", "나쁨", "보통", "좋음", "매우 좋음"),
    "P.800's impairments": (
        "very annoying",
        "annoying",
        "slightly annoying",
        "perceptible but not annoying",
        "imperceptible",
    ),
    "agreement": ("strongly disagree", "disagree", "neutral", "agree", "strongly agree"),
}
"""Words of scales of five, from 1 to 5. No word stands for two numbers."""

_NUMBER_OF = {word: float(place) for words in WORDS.values() for place, word in enumerate(words, 1)}
_NUMBER_OF |= {"inaudible": 5.0, "neither agree nor disagree": 3.0}

_SAMPLE = 200
_MOST_LABELS = 21
"""Most different cells with a number and its label; a scale has no more grades than that."""

_BLANK = [*BLANKS, *(text.upper() for text in BLANKS), "NaN", "None", "Null"]


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
        addresses: Whether nearly all of its cells are e-mail or IP addresses.
        genders: Whether its cells are words for a gender.
    """

    values: np.ndarray
    numeric: bool
    counts: bool
    sounds: bool
    empty: bool
    distinct: int
    repeats: bool
    addresses: bool = False
    genders: bool = False

    @property
    def on_a_scale(self) -> bool:
        """Whether its numbers could be scores of one of the usual scales."""
        return self.numeric and self.values.size > 0 and bool(self.values.min() >= -9 and self.values.max() <= 100)


def is_mail(text: str) -> bool:
    """Whether a text is an e-mail address."""
    return bool(_MAIL.match(text.strip()))


def nobody(text: str) -> str:
    """A text, or what stands for it where it is an address."""
    return "(an e-mail address)" if is_mail(text) else text


def _is_address(text: str) -> bool:
    return is_mail(text) or bool(_IP.match(text.strip()))


def number_of(text: str, decimal: str = ".") -> float:
    """Reads one score: a number, one with its label (``5 - Excellent``, ``4/5``, ``80 %``), stars, or a word of
    ``WORDS``; NaN else.
    """
    plain = text.strip()
    try:
        return float(plain.replace(",", ".") if decimal == "," else plain)
    except ValueError:
        pass
    if (match := _LABEL.match(plain)) and not _WITH_ERROR.match(plain):
        return float("nan") if is_date(plain) else float((match[1] or match[2]).replace(",", "."))
    if match := _WITH_ERROR.match(plain):
        return float(match[1].replace(",", "."))
    if match := _SHARE.match(plain) or _PERCENT.match(plain) or _POINTS.match(plain):
        return float(match[1].replace(",", "."))
    if plain and _STARS.match(plain):
        return float(sum(plain.count(star) for star in "★⭐"))
    return _NUMBER_OF.get(plain.lower(), float("nan"))


def is_date(text: str) -> bool:
    """Whether a cell looks like a score that a spreadsheet made a date of: ``3-May`` for 3.5."""
    return bool(_MONTH.match(text))


def scales_in(texts: Iterable[str]) -> set[str]:
    """What cells say their numbers are of: ``%``, ``/5``, or a scale of words; "" for a plain number."""
    found = set()
    for text in texts:
        plain = text.strip().lower()
        if match := _SHARE.match(plain):
            found.add(f"/{match[2]}")
        elif _PERCENT.match(plain):
            found.add("%")
        elif words := next((name for name, words in WORDS.items() if plain in words), ""):
            found.add(words)
        elif _number(plain):
            found.add("")
    return found


def _number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def look(cells: pd.Series, decimal: str) -> Facts:
    """Looks at a column of text."""
    different = list(cells.unique().astype(object))  # Arrow's text is slow to walk through
    told = [text for text in different if text.lower() not in BLANKS]
    few = told[:: max(len(told) // 3000, 1)]
    values = np.array([number_of(text, decimal) for text in few], dtype=float)
    labelled = [text for text, value in zip(few, values, strict=True) if np.isfinite(value) and _LABEL.match(text)]
    if len(labelled) > _MOST_LABELS:  # names that begin with a number
        values[[text in set(labelled) for text in few]] = np.nan
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
    addresses = bool(told) and not sounds and sum(map(_is_address, told[:_SAMPLE])) > 0.9 * len(told[:_SAMPLE])
    genders = bool(told) and {text.lower() for text in told[:20]} <= _GENDERS
    values = finite if numeric else np.empty(0)
    return Facts(values, numeric, counts, sounds, not told, len(told), filled > len(told), addresses, genders)


def decimal_of(table: pd.DataFrame) -> str:
    """Returns what stands before the decimals: a comma if cells have one and none of that column has a point."""
    for name in table.columns:
        cells = table[name].head(_SAMPLE)
        if cells.str.fullmatch(_COMMA).any() and not cells.str.contains(".", regex=False).any():
            return ","
    return "."


_SUMS = (
    "mean average avg total sum median std sd stdev variance ci ci95 95%ci sem mittelwert durchschnitt summe gesamt "
    "standardabweichung moyenne somme ecart-type promedio suma desviación 平均 平均分 平均值 合计 总计 总分 标准差"
)
SUMS = frozenset((*_SUMS.split(), "mean score", "grand total", "95% ci", "std dev", "standard deviation"))
"""What rows are called that sum a table up."""


def sums_in(cells: Sequence[str]) -> list[str]:
    """Returns the last cells of a column that say that their rows sum the table up, if others stand above them."""
    found: list[str] = []
    for cell in reversed(cells):
        if cell.strip().lower().rstrip(":") not in SUMS:
            break
        found.append(cell)
    return found[::-1] if len(found) <= 6 and len(cells) - len(found) > 1 else []


def shown(text: str, most: int = 80) -> str:
    """Returns a text as a message quotes it: in quotes, and not longer than can be read."""
    return repr(text if len(text) <= most else f"{text[:most]}…")


def listed(names: Iterable[str], most: int = 40) -> str:
    """Returns names as a message lists them: not too many, none too long."""
    few = [str(name) for name in names]
    short = [name if len(name) <= 60 else f"{name[:60]}…" for name in few[:most]]
    return ", ".join(short) + (f" and {len(few) - most} more" if len(few) > most else "")
