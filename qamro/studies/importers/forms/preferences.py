"""Preferences: which of two clips (or the best and worst of several) somebody chose, read as votes.

- A row a vote: ``system_a``, ``system_b`` (or ``model_a``, ``audio_1``, ``left`` …) and who won (``preference``,
  ``winner``, ``choice``): a side, a system, a clip, a tie, or neither. A number from -3 to 3 (CMOS) is a side, too.
- Music Arena's logs: JSON with ``a_metadata``, ``b_metadata`` and ``vote.preference``, or its published records.
- Best-worst: the columns ``best`` and ``worst`` beside those of the clips. The best won against each other one, and
  each other one against the worst.

Source: ``ma_leaderboard/preprocess.py`` of gclef-cmu/music-arena; sp-nitech/listen-and-rate; the AIME survey.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qamro.studies.importers.header import is_number
from qamro.studies.importers.names import is_sound, role_of
from qamro.studies.importers.options import rows_option
from qamro.studies.importers.table import Sheet
from qamro.studies.importers.words import words_of
from qamro.studies.study import Study
from qamro.studies.tables import BLANKS, StudyError

if TYPE_CHECKING:
    import pandas as pd

_FIRST = "(?P<side>a|1|left|first|l)"
_SIDE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?P<before>){_FIRST}[ _.-]+(?P<after>.+)$",
        rf"^(?P<before>.+?)[ _.-]*{_FIRST}(?P<after>)$",
        rf"^(?P<before>.+[ _.-]){_FIRST}(?P<after>[.].+)$",
    )
)
"""A header of the first side: ``a_metadata``, ``clip_a``, ``clip1``, ``response_a.model``."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OTHER = {"a": "b", "1": "2", "left": "right", "first": "second", "l": "r"}
_WINNER = (
    "winner",
    "preference",
    "preferred",
    "choice",
    "vote",
    "answer",
    "chosen",
    "closer",
    "better",
    "result",
    "prefer",
    "response",
    "praferenz",
    "wahl",
    "gewinner",
    "preferencia",
    "eleccion",
    "ganador",
    "choix",
    "偏好",
    "選択",
    "好み",
)
_WON_AND_LOST = (("winner", "loser"), ("chosen", "rejected"), ("preferred", "rejected"), ("gewinner", "verlierer"))
_TIES = {
    "tie",
    "ties",
    "equal",
    "same",
    "=",
    "draw",
    "both",
    "both good",
    "both_good",
    "no preference",
    "no_preference",
    "none",
    "0",
    "neutral",
    "undecided",
    "about the same",
    "gleich",
    "unentschieden",
    "egal",
    "empate",
    "平局",
}
_BAD = {"both_bad", "both bad", "bothbad", "neither", "tie (bothbad)", "both are bad", "all bad"}
_SIDES = {
    "a": {
        "a",
        "1",
        "left",
        "first",
        "l",
        "audio a",
        "model_a",
        "system_a",
        "option a",
        "sample a",
        "a_better",
        "track-1",
        "track_1",
        "former",
        "x",
    },
    "b": {
        "b",
        "2",
        "right",
        "second",
        "r",
        "audio b",
        "model_b",
        "system_b",
        "option b",
        "sample b",
        "b_better",
        "track-2",
        "track_2",
        "latter",
        "y",
    },
}


@dataclass(frozen=True)
class Pairs:
    """Which columns make a vote.

    Attributes:
        sides: For ``clip`` and ``system`` (and what else is told twice), the columns of both sides.
        winner: The column that says who won.
        rater: The column that says who voted; empty when none does.
        content: The column that says what both sides share; empty when none does.
        axis: The column that says what was asked; empty when none does.
    """

    sides: dict[str, tuple[str, str]]
    winner: str
    rater: str = ""
    content: str = ""
    axis: str = ""


def recognises(sheet: Sheet) -> str:
    """Why a table holds votes; empty when it does not."""
    if sheet.headless or len(sheet.header) > 400:
        return ""
    if pairs := pairs_of(_arena(sheet)):
        told = " and ".join(repr(name) for name in next(iter(pairs.sides.values())))
        return f"{told} beside {pairs.winner!r}"
    return "the columns best and worst beside clips" if _best_worst(sheet) else ""


def pairs_of(sheet: Sheet) -> Pairs | None:
    """Finds the columns of a vote; None where a table has none."""
    lower = {_CAMEL.sub("_", name).lower(): name for name in sheet.header} | {
        name.lower(): name for name in sheet.header
    }
    sides: dict[str, tuple[str, str]] = {}
    for name in sheet.header:
        for spelt in dict.fromkeys((name, _CAMEL.sub("_", name))):
            for match in filter(None, (pattern.match(spelt) for pattern in _SIDE)):
                start, end = match.span("side")
                other = lower.get((spelt[:start] + _OTHER[match["side"].lower()] + spelt[end:]).lower())
                role = _what(match["before"] + match["after"])
                if other and role and role not in sides:
                    sides[role] = (name, other)
    if not {"clip", "system"} & set(sides):
        return None
    used = {name for pair in sides.values() for name in pair}
    # a third one (clip_3) makes it a list, not a pair
    for first, _ in sides.values():
        if re.search(r"1(?!.*\d)", first) and re.sub(r"1(?!.*\d)", "3", first).lower() in lower:
            return None
    rest = [name for name in sheet.header if name not in used]
    rest = [name for name in rest if not _answers_each(name, sheet)]
    winner = next(
        (
            n
            for key in _WINNER
            for n in rest
            if key in words_of(n)
            and not {"time", "rt", "id", "comment", "no"} & set(words_of(n))
            and role_of(n.rpartition(".")[2]) not in ("private", "never", "note")
            and any(sheet.columns[n])
        ),
        "",
    )
    if not winner:
        winner = next((n for n in rest if role_of(n) == "rating" and _may_be_votes(sheet.columns[n])), "")
    if not winner:
        return None
    roles = {
        role: next((n for n in rest if n != winner and role_of(n) == role), "")
        for role in ("rater", "axis", "source", "clip")
    }
    rater = roles["rater"] or next((n for n in rest if "pseudonym" in words_of(n)), "")
    prompt = next((n for n in rest if role_of(n) == "prompt"), "")
    return Pairs(sides, winner, rater, roles["source"] or roles["clip"] or prompt, roles["axis"])


def _answers_each(name: str, sheet: Sheet) -> bool:
    """Whether a column is one of a pair of numbers, an answer about either side: ``rating_1`` beside ``rating_2``."""
    number = re.search(r"[12](?!.*\d)", name)
    if not number:
        return False
    other = name[: number.start()] + ("2" if number[0] == "1" else "1") + name[number.end() :]
    return other in sheet.columns and all(
        is_number(cell) for both in (name, other) for cell in sheet.columns[both] if cell.lower() not in BLANKS
    )


def _what(text: str) -> str:
    if re.search(r"system|model|method|codec|condition|tts|vocoder|algo", text, re.I) and not re.search(
        "time|key|version", text, re.I
    ):
        return "system"
    if re.search(r"time|duration|rate|listen|lyric|feedback|score|rating|prompt|text|hardware|length", text, re.I):
        return ""
    return "clip" if re.search(r"pair|audio|clip|file|track|sample|wav|stim|song|item|url|utt|path", text, re.I) else ""


def _may_be_votes(cells: Sequence[str]) -> bool:
    """Whether a column called a rating compares two sides: numbers about 0, or what ``--answer`` made of them."""
    return _about_zero(cells) or bool({*cells} & {"a", "b"} and {*cells} <= {"a", "b", "tie", "both_bad", ""})


def _about_zero(cells: Sequence[str]) -> bool:
    values = [float(cell.replace(",", ".")) for cell in cells if is_number(cell)]
    return bool(values) and min(values) < 0 < max(values) and max(map(abs, values)) <= 10


def _arena(sheet: Sheet) -> Sheet:
    """Brings Music Arena's raw logs into columns of two sides."""
    told = {"a_metadata.system_key.system_tag": "system_a", "b_metadata.system_key.system_tag": "system_b"}
    told |= {"vote.preference": "preference", "a_audio_url": "audio_a", "b_audio_url": "audio_b"}
    told |= {"prompt_user.salted_ip": "user_pseudonym", "prompt_detailed.overall_prompt": "prompt"}
    if "vote.preference" not in sheet.header:
        return _won_and_lost(sheet)
    return sheet.with_columns({told[n]: c for n, c in sheet.columns.items() if n in told})


def _won_and_lost(sheet: Sheet) -> Sheet:
    """Brings a column of winners beside one of losers into two sides, in the order of their names.

    Which side each stood on is not known; if the winner always stood first, its place would seem to win.
    """
    named = {words_of(name): name for name in sheet.header}
    both = next((pair for pair in _WON_AND_LOST if all((word,) in named for word in pair)), None)
    if both is None:
        return sheet
    won, lost = (sheet.columns[named[word,]] for word in both)
    sides = [sorted(pair) for pair in zip(won, lost, strict=True)]
    what = "clip" if any(map(is_sound, won[:50])) else "system"
    told = {f"{what}_a": [a for a, _ in sides], f"{what}_b": [b for _, b in sides]}
    told["winner"] = ["a" if w == a else "b" for w, (a, _) in zip(won, sides, strict=True)]
    rest = {name: cells for name, cells in sheet.columns.items() if name not in (named[both[0],], named[both[1],])}
    return sheet.with_columns(rest | told)


def study_of(sheet: Sheet) -> Study:
    """Reads votes.

    Raises:
        StudyError: A vote is for no side, or names no two sides; names file, row and column.
    """
    import pandas as pd

    sheet = _arena(sheet)
    pairs = pairs_of(sheet)
    rows = _pair_votes(sheet, pairs) if pairs else _best_worst_votes(sheet)
    names = ("clip_a", "clip_b", "system_a", "system_b", "rater", "axis", "winner")
    votes = pd.DataFrame(rows, columns=pd.Index(names), dtype=object)
    if votes.empty:
        raise StudyError(f"{sheet.path}: no row holds a vote")
    both = [votes[[f"clip_{s}", f"system_{s}"]].set_axis(["clip", "system"], axis=1) for s in "ab"]
    clips = pd.concat(both, ignore_index=True).drop_duplicates()
    if clips["clip"].duplicated().any():  # the same clip name under two systems
        for side in "ab":
            votes[f"clip_{side}"] = votes[f"system_{side}"] + "/" + votes[f"clip_{side}"]
        clips["clip"] = clips["system"] + "/" + clips["clip"]
    ratings = pd.DataFrame({"clip": [], "axis": [], "score": []})
    counts = votes["winner"].value_counts()
    told = ", ".join(f"{counts[key]} {key.replace('_', ' ')}" for key in ("a", "b", "tie", "both_bad") if key in counts)
    notes = [f"{len(votes)} votes between {_what_was_voted_on(clips)} ({told}); there are no ratings"]
    empty = len(next(iter(sheet.columns.values()))) - len(votes) if pairs else 0
    notes += [f"{empty} rows without a vote are left out"] if empty > 0 else []
    return Study(clips.reset_index(drop=True), ratings, votes=votes, name=sheet.path.stem, about={"notes": notes})


def _what_was_voted_on(clips: pd.DataFrame) -> str:
    systems = clips["system"].replace("", None).nunique()
    return f"{systems} systems" if systems else f"{len(clips)} clips"


def _pair_votes(sheet: Sheet, pairs: Pairs) -> list[tuple[str, ...]]:
    columns, rows = sheet.columns, []
    _one_meaning(sheet, pairs)
    for row, said in enumerate(columns[pairs.winner]):
        sides = {role: tuple(columns[name][row] for name in both) for role, both in pairs.sides.items()}
        if said.lower() in BLANKS and said.lower() != "none":
            continue
        content = columns[pairs.content][row] if pairs.content else ""
        clips = sides.get("clip") or tuple(f"{system}/{content}" if content else system for system in sides["system"])
        if not all(clips):
            clips = tuple(
                clip or f"{system}/{content or row + 1}"
                for clip, system in zip(clips, sides.get("system", ("", "")), strict=True)
            )
        systems = sides.get("system", ("", ""))
        winner = _winner(said, [*sides.values()], pairs)
        if not winner or not all(clips):
            raise StudyError(
                f"{sheet.path}, row {row + 1}, column {pairs.winner!r}: {said!r} is none of a, b, tie, both_bad, "
                f"{', '.join(dict.fromkeys(s for s in (*systems, *clips) if s))}; correct it, say what it stands for "
                f"with --answer {shlex.quote(f'{said}=tie')} (or a, b, both_bad), or leave such rows out with "
                f"{rows_option(pairs.winner, said)}"
            ).asking([said], sides=True)
        rater = columns[pairs.rater][row] if pairs.rater else ""
        axis = columns[pairs.axis][row] if pairs.axis else "preference"
        rows.append((*clips, *systems, rater, axis or "preference", winner))
    return rows


def _one_meaning(sheet: Sheet, pairs: Pairs) -> None:
    """Checks that numbers can say one thing only.

    Raises:
        StudyError: Numbers on both sides of 0 (whose are those above?), or 0 and 1 (places, or yes and no?).
    """
    cells = sheet.columns[pairs.winner]
    told = {cell for cell in cells if cell.lower() not in BLANKS}
    first, second = next(iter(pairs.sides.values()))
    where = f"{sheet.path}, column {pairs.winner!r}"
    if _about_zero(cells):
        raise StudyError(
            f"{where}: nothing says whether numbers above 0 speak for {first!r} or for {second!r}. Two readings are "
            "possible; say which is right: for the first: --answer '+=a'; or for the second: --answer '+=b'"
        ).asking(["+"], sides=True)
    if "0" in told and told <= {"0", "1", "2", "0.5"}:
        ways = {"1": "--answer 0=tie" if "2" in told else "", "2": ""}
        places = f"0 is {first!r}, 1 is {second!r}{', 2 a tie' if '2' in told else ''}: --answer 0=a --answer 1=b"
        places += " --answer 2=tie" if "2" in told else ""
        wins = f"1 speaks for {first!r} and 0 {'for a tie' if '2' in told else f'for {second!r}'}: "
        wins += ways["1"] or "--answer 1=a --answer 0=b"
        raise StudyError(
            f"{where}: nothing says what 0 and 1 stand for. Two readings are possible; say which is right: {places}; "
            f"or {wins}{' --answer 1=a --answer 2=b' if '2' in told else ''}"
            f"{' --answer 0.5=tie' if '0.5' in told else ''}"
        ).asking(sorted(told), sides=True)


def _winner(said: str, sides: list[tuple[str, ...]], pairs: Pairs) -> str:
    plain = unicodedata.normalize("NFKC", said).strip().lower()
    for values in sides:
        if values[0] != values[1] and said in values:
            return "ab"[values.index(said)]
    if plain in _BAD:
        return "both_bad"
    if plain in _TIES:
        return "tie"
    heads = {words_of(name) for both in pairs.sides.values() for name in both[:1]}
    tails = {words_of(name) for both in pairs.sides.values() for name in both[1:]}
    if plain in _SIDES["a"] or words_of(said) in heads:
        return "a"
    return "b" if plain in _SIDES["b"] or words_of(said) in tails else ""


def _best_worst(sheet: Sheet) -> tuple[str, str, list[str]] | None:
    """The columns of best, worst, and what there was to choose from."""
    best = [n for n in sheet.header if {"best", "most"} & set(words_of(n))]
    worst = [n for n in sheet.header if {"worst", "least"} & set(words_of(n))]
    if len(best) != 1 or len(worst) != 1:
        return None
    options = [
        n
        for n in sheet.header
        if role_of(n) in ("clip", "system") and n not in (best[0], worst[0]) and re.search(r"\d|[ _][a-h]$", n.lower())
    ]
    return (best[0], worst[0], options) if len(options) > 1 else None


def _best_worst_votes(sheet: Sheet) -> list[tuple[str, ...]]:
    found = _best_worst(sheet)
    if found is None:
        raise StudyError(f"{sheet.path}: no columns of votes")
    best, worst, options = found
    rater = next((n for n in sheet.header if role_of(n) == "rater"), "")
    rows: list[tuple[str, ...]] = []
    for row in range(len(sheet.columns[best])):
        clips = [sheet.columns[name][row] for name in options]
        chosen = {}
        for name in (best, worst):
            said = sheet.columns[name][row]
            match = (
                clips.index(said)
                if said in clips
                else options.index(said)
                if said in options
                else _place(said, options)
            )
            if match is None:
                raise StudyError(
                    f"{sheet.path}, row {row + 1}, column {name!r}: {said!r} is none of {', '.join(clips)}; correct it "
                    f"or leave such rows out with {rows_option(name, said)}"
                )
            chosen[name] = clips[match]
        who = sheet.columns[rater][row] if rater else ""
        there = [clip for clip in clips if clip]
        won, lost = chosen[best], chosen[worst]
        place = {clip: number for number, clip in enumerate(there)}
        pairs = [(won, other) for other in there if other != won]
        pairs += [(other, lost) for other in there if other not in (won, lost)]
        ordered = [(*sorted(pair, key=place.__getitem__), pair[0]) for pair in pairs]
        for first, second, better in sorted(ordered, key=lambda pair: (place[pair[0]], place[pair[1]])):
            rows.append((first, second, "", "", who, "preference", "a" if first == better else "b"))
    return rows


def _place(said: str, options: list[str]) -> int | None:
    ends = [name.rpartition("_")[2].rpartition(" ")[2].lower() for name in options]
    return ends.index(said.strip().lower()) if said.strip().lower() in ends else None
