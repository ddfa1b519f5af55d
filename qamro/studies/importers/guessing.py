"""Says how ratings are to be read, for a person to look at and correct: which files, which form, which columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from qamro.studies.importers.archive import naming
from qamro.studies.importers.cells import decimal_of, listed, look
from qamro.studies.importers.forms import known_forms, musiceval
from qamro.studies.importers.header import is_number
from qamro.studies.importers.layout import TABULAR, Column, Layout
from qamro.studies.importers.names import is_quality, is_sound, is_truth, known_axis, role_of, sound_in
from qamro.studies.importers.options import Options, answer_options, column_option
from qamro.studies.importers.rated_columns import layout_of
from qamro.studies.importers.source import Group, Source, open_source
from qamro.studies.importers.table import Sheet
from qamro.studies.tables import BLANKS, StudyError

_DNSMOS = {"P808_MOS", "num_hops"}
"""What stands beside the scores of that model, whose names could be those of ratings."""
_MOST_KINDS = 300
"""Most different headers in a folder that are looked at closely."""


def guess(path: Path | str, *, form: str = "", file: str = "", options: Options | None = None) -> Layout:
    """Guesses how ratings are to be read.

    Args:
        path: A file, a folder, or a zip. In a folder or zip, the file with ratings is found; several with the same
            header are taken together.
        form: ``"long"``, ``"wide"`` or ``"survey"`` to have the columns guessed for that form; empty to guess it, too.
            With ``"wide"`` a table in which no ratings are found keeps its columns, for somebody to say what they are.
        file: Of a folder or zip: the file that holds the ratings; empty to find it.
        options: What is known about the file.

    Raises:
        FileNotFoundError: There is nothing at ``path``.
        StudyError: Nothing there looks like ratings; says what does.
        ValueError: There is no such form to guess columns for, or an option does not fit.
    """
    options = options or Options()
    if form not in ("", *TABULAR):
        raise ValueError(f"columns can be guessed for {', '.join(TABULAR)}; not for {form!r}")
    source = open_source(path, options.parsing)
    with naming(source.folder if source.folder != source.path else None, str(path)):
        if source.inner is not None and not file:
            where = source.inner.relative_to(source.folder or source.inner).as_posix()
            release = musiceval.is_release(source.inner)
            why = "a folder 'sets' with its lists" if release else "clips.csv and ratings.csv with their columns"
            return options.apply(Layout("musiceval" if release else "study", why, files=(where,)), None)
        return _best(source, form, file, options)


def _best(source: Source, form: str, file: str, options: Options) -> Layout:
    found: list[tuple[Group, Layout]] = []
    problems = dict(source.problems)
    groups = sorted(source.groups, key=lambda group: -len(group.names))[:_MOST_KINDS]
    for group in groups:
        if file and file not in group.names:
            continue
        try:
            if (layout := _layout(group, form, options)) is not None:
                found.append((group, layout))
        except StudyError as problem:  # a letter among the tables must not keep the others out
            problems[group.names[0]] = str(problem)
    if not found:
        _refuse(source, problems, file)
    # those with an open question stand behind those without
    group, layout = max(found, key=lambda pair: _weight(source, *pair))
    if source.folder is None:
        return layout
    names = sorted(group.names, key=lambda name: name != (file or group.names[0]))
    others = tuple(name for other, _ in found if other is not group for name in other.names)
    unread = tuple(f"not read: {text}".replace(f"{source.folder}/", "") for text in problems.values())
    return replace(layout, files=tuple(names), others=others, notes=(*layout.notes, *unread))


def _layout(group: Group, form: str, options: Options) -> Layout | None:
    """Guesses the layout of one group; None where it holds no ratings."""
    own = group.form if not form else None
    if own is not None and own.study is not None:
        return options.apply(Layout(own.key, group.why, notes=group.sheets[0].notes), None)
    header = group.sheets[0].header
    if not form and _is_score_table(header) and not options.columns:
        return None
    table, *_ = group.tidied if own is not None else group.raw
    said = [name for name, _ in options.columns]
    if own is not None and own.tidy is not None and said and not set(said) <= set(table.header):
        own, (table, *_) = None, group.raw
    layout = own.layout(table) if own is not None and own.layout is not None else layout_of(table, form)
    if layout is not None and own is not None and layout.decimal == ".":
        layout = replace(layout, decimal=decimal_of(table.frame))
    if layout is None and options.columns:
        layout = layout_of(table, "wide") or _blank(table)
    if layout is None and not form and musiceval.is_list([cells[0] for cells in table.columns.values() if len(cells)]):
        layout = layout_of(table, "wide")
    if layout is None and form == "wide":
        layout = _blank(table)
    return options.apply(layout, table) if layout is not None else None


def _blank(table: Sheet) -> Layout:
    """A layout in which no ratings are known, for somebody who says what they are."""
    columns: list[Column] = []
    for name in table.header:
        role = role_of(name)
        single = role in ("clip", "rater", "system", "path") and all(role != column.role for column in columns)
        columns.append(Column(name, role if single else "about_rating", "by its name" if single else "kept"))
    return Layout(
        "long", "asked for", tuple(columns), delimiter=table.delimiter, headless=table.headless, notes=table.notes
    )


def _weight(source: Source, group: Group, layout: Layout) -> tuple[object, ...]:
    """How much speaks for tables being the ratings."""
    name = group.names[0]
    path = PurePosixPath(name.lower())
    told = any(word in path.stem for word in ("rating", "score", "answer", "result", "mushra", "annotation"))
    clips_only = path.stem in ("clips", "manifest", "predictions", "truth", "systems", "facts", "raters")
    sure = bool(layout.is_fixed or layout.having("rater"))
    return not layout.question, layout.names_clips, not clips_only, told, sure, len(group.names), -len(path.parts)


def _is_score_table(cells: Sequence[str]) -> bool:
    """Whether a header is that of predictions: scores with their intervals, or with where they come from."""
    intervals = any(f"source_{name}" in cells or {f"{name}_low", f"{name}_high"} <= set(cells) for name in cells)
    roles = {name: role_of(name) for name in cells}
    rated = "rater" in roles.values() or any(role == "rating" or known_axis(name) for name, role in roles.items())
    return intervals or set(cells) >= _DNSMOS or ("prediction" in roles.values() and not rated)


def _refuse(source: Source, problems: dict[str, str], file: str) -> None:
    """Says why nothing can be read.

    Raises:
        StudyError: Always.
    """
    path = source.path
    if file in problems or (problems and (source.folder is None or not source.groups)):
        text = problems.get(file) or next(iter(problems.values()))
        whole = any(word in text for word in ("Known forms", "row ", "columns", " --", "openpyxl"))
        raise StudyError(text if whole else f"{text}. {known_forms()}")
    if problems and all(group.names[0] in problems for group in source.groups):
        raise StudyError(next(iter(problems.values())))
    names = [name for group in source.groups for name in group.names]
    only = source.groups[0] if len(source.groups) == 1 and len(names) == 1 else None
    found = (_words_in(only.sheets[0]) or _few_words(only.sheets[0])) if only is not None else None
    words = found[1] if found else []
    if source.folder is None and only is not None:
        raise StudyError(f"{path}{_why_not(only.sheets[0])}. {known_forms()}").asking(words)
    about = (
        f"; {names[0]}{_why_not(only.sheets[0])}" if only else f" (looked at {', '.join(names[:5])})" if names else ""
    )
    raise StudyError(f"{path} holds no ratings in a known form{about}. {known_forms()}").asking(words)


def _words_in(sheet: Sheet) -> tuple[str, list[str]] | None:
    """A column that seems to hold answers in words, and these; None where none does."""
    for name in sheet.header:
        told = list(dict.fromkeys(cell for cell in sheet.columns[name] if cell.lower() not in BLANKS))
        if any(cell.startswith(("[", "{")) for cell in told):
            continue
        asked = role_of(name) == "rating" or sound_in(name) or sound_in(sheet.labels.get(name, ""))
        if asked and told and len(told) <= 11 and not any(map(is_number, told)) and not any(map(is_sound, told)):
            return name, told
    return None


def _few_words(sheet: Sheet) -> tuple[str, list[str]] | None:
    """A column of a few words again and again, which may be answers; None without one."""
    for name in sheet.header:
        told = list(dict.fromkeys(cell for cell in sheet.columns[name] if cell.lower() not in BLANKS))
        plain = role_of(name) in ("", "rating") and not any(map(is_number, told)) and not any(map(is_sound, told))
        if plain and 1 < len(told) <= 7 and len(sheet.columns[name]) > len(told):
            return name, told
    return None


def _why_not(sheet: Sheet) -> str:
    if _is_score_table(sheet.header):
        ends = [name.removesuffix("_low") for name in sheet.header if name.endswith("_low")]
        ends += [name.removeprefix("source_") for name in sheet.header if name.startswith("source_")]
        ends += [name for name in ("OVRL", "P808_MOS") if name in sheet.header]
        score = next((name for name in sheet.header if role_of(name) == "prediction" or name in ends), "NAME")
        rated = next((name for name in sheet.header if is_quality(name) and role_of(name) != "prediction"), "")
        way = column_option(rated, "axis") if rated and rated not in ends else column_option(score, "score")
        truth = next((name for name in sheet.header if is_truth(name) and look(sheet.frame[name], ".").numeric), "")
        way = column_option(truth, "score") if truth else way
        return (
            f" holds predictions, not ratings; give it as predictions, or, if listeners gave scores, say so with {way}"
        )
    if words := _words_in(sheet):
        name, words_told = words
        return f": the cells of {name!r} are words; say what each stands for with {answer_options(words_told)}"
    if sheet.source == "json":
        told = listed(sheet.header, 8)
        return f" is JSON that holds no ratings in a known form{f'; its keys are {told}' if told else ''}"
    if {"clip", "rater"} & {role_of(name) for name in sheet.header}:
        told = f" has no column of ratings, such as 'score'; it has {listed(sheet.header)}"
        if (few := _few_words(sheet)) is not None:
            name, words_told = few
            return f"{told}. If {name!r} holds them: {column_option(name, 'score')} {answer_options(words_told)}"
        numbers = [
            n for n in sheet.header if look(sheet.frame[n], ".").numeric and role_of(n) not in ("private", "clip")
        ]
        return f"{told}. If one of them is: {column_option(numbers[0], 'score')}" if numbers else told
    first = sheet.delimiter.join([c[0] for c in sheet.columns.values() if len(c)] if sheet.headless else sheet.header)
    return f" holds no ratings in a known form; its first line is {first[:80]!r}"
