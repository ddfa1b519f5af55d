"""The forms that ratings come in, in one table: a new one is a file here and a row of ``FORMS``.

Each form says how it is recognised, and how it is read: as a study of fixed meaning (``study``, from the table, or
``folder``), or as a table whose columns are guessed (``layout``) and can be corrected; ``tidy`` brings
a tool's own table into such a one first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qamro.studies.importers.forms import (
    aes_natural,
    audiobox,
    beaqlejs,
    cell_lists,
    codec_mushra,
    crowd,
    experiments,
    lists,
    lstm_music,
    musiceval,
    preferences,
    pymushra,
    sureal,
    systems,
    webmushra,
)
from qamro.studies.importers.layout import Layout
from qamro.studies.importers.table import Sheet
from qamro.studies.study import Study


@dataclass(frozen=True)
class Form:
    """A form of ratings.

    Attributes:
        key: Its name in a layout.
        words: What it is, for people.
        recognises: Why a table is of this form; empty when it is not.
        tidy: Brings the table into rows and columns that can be guessed; a column ``@row`` then says which row of the
            file each came from.
        layout: How the tidied table's columns are read; None guesses them.
        study: Makes a study of the table, where the form leaves nothing to choose.
        folder: Reads a folder that is laid out in this form.
        takes_rows: Of a form that leaves nothing to choose: whether rows can be left out, and tables of one header are
            read as one.
        known: Whether it is named among the known forms.
        hints: Texts of which one stands in the header, in lower case, of every table of this form; ``recognises`` is
            not asked about others.
    """

    key: str
    words: str
    recognises: Callable[[Sheet], str]
    tidy: Callable[[Sheet], Sheet] | None = None
    layout: Callable[[Sheet], Layout | None] | None = None
    study: Callable[[Sheet], Study] | None = None
    folder: Callable[[Path], Study] | None = None
    takes_rows: bool = False
    known: bool = True
    hints: tuple[str, ...] = ()


_HEADLESS, _JSON = ("<no header>",), ("<json>",)


def _header(fits: Callable[[list[str]], bool], why: str = "its header") -> Callable[[Sheet], str]:
    return lambda sheet: why if sheet.source == "text" and not sheet.headless and fits(list(sheet.header)) else ""


def _never(sheet: Sheet) -> str:
    return ""


FORMS: dict[str, Form] = {
    form.key: form
    for form in (
        Form("study", "a saved study", _never, folder=Study.load, known=False),
        Form(
            "codec_mushra", "codec_mushra as published", _header(codec_mushra.recognises),
            hints=("participant_ids",), study=codec_mushra.study_of, known=False,
        ),
        Form(
            "lstm_music", "lstm_music as published", _header(lstm_music.recognises),
            hints=("song_id",), study=lstm_music.study_of, known=False,
        ),
        Form(
            "aes_natural", "a list of AES-Natural", _header(aes_natural.recognises),
            hints=("data_path",), study=aes_natural.list_of, known=False,
        ),
        Form(
            "audiobox", "Audiobox-Aesthetics JSON lines", audiobox.recognises,
            hints=("data_path",), study=audiobox.study_of,
        ),
        Form(
            "musiceval", "MusicEval", lists.is_musiceval,
            hints=_HEADLESS, study=musiceval.study_of, folder=musiceval.read_release,
        ),
        Form(
            "bvcc", "a VoiceMOS list of single ratings (BVCC)", lists.is_bvcc, lists.tidy_bvcc, lists.layout_bvcc,
            hints=_HEADLESS,
        ),
        Form(
            "voicemos", "a list of names and mean scores without a header", lists.is_means, lists.tidy_means,
            lists.layout_means, hints=_HEADLESS,
        ),
        Form(
            "webmushra", "results of webMUSHRA", webmushra.recognises, webmushra.tidy, webmushra.layout_of,
            hints=("trial_id",),
        ),
        Form(
            "pymushra", "results of webMUSHRA by pymushra", pymushra.recognises, pymushra.tidy, pymushra.layout_of,
            hints=("wm_id", "wm.id"),
        ),
        Form(
            "beaqlejs", "results of BeaqleJS", beaqlejs.recognises, beaqlejs.tidy, beaqlejs.layout_of, hints=_JSON,
        ),
        Form("sureal", "a data set of sureal", sureal.recognises, sureal.tidy, sureal.layout_of, hints=_JSON),
        Form(
            "preferences", "votes between clips (A/B, arena, best-worst)", preferences.recognises,
            study=preferences.study_of, takes_rows=True,
        ),
        Form(
            "psychopy", "a data file of PsychoPy", experiments.is_psychopy, experiments.tidy_psychopy,
            experiments.layout_of, hints=("psychopyversion", "expname"),
        ),
        Form(
            "jspsych", "data of jsPsych", experiments.is_jspsych, experiments.tidy_jspsych, experiments.layout_of,
            hints=("trial_type",),
        ),
        Form(
            "mturk", "a batch of Mechanical Turk, P.808 or Toloka", crowd.recognises, crowd.tidy, crowd.layout_of,
            hints=("input.", "input:", "hitid", "_url"),
        ),
        Form(
            "cell_lists", "a table whose cells hold lists of ratings", cell_lists.recognises, cell_lists.tidy,
            cell_lists.layout_of,
        ),
        Form("systems", "results a system, not a clip", systems.recognises, layout=systems.layout_of),
        Form("survey", "a table with a row a rater, a column a clip (Qualtrics, Google Forms, LimeSurvey)", _never),
        Form("long", "a table with a row a rating (clip, rater, axis, score)", _never),
        Form("wide", "a table with a row a clip, ratings side by side", _never),
    )
}  # fmt: skip
"""The forms, in the order in which they are looked for; what none of them is, is a table whose columns are guessed."""


def form_of(sheet: Sheet) -> tuple[Form | None, str]:
    """Returns the form of a table and why; None where its columns are to be guessed."""
    head = "\n".join(
        (*sheet.header, *(_HEADLESS if sheet.headless else ()), *(_JSON if sheet.source == "json" else ()))
    )
    head = head.lower()
    for form in FORMS.values():
        if (not form.hints or any(hint in head for hint in form.hints)) and (why := form.recognises(sheet)):
            return form, why
    return None, ""


def words_for(key: str) -> str:
    """Returns what a form is, for people."""
    return FORMS[key].words


def known_forms() -> str:
    """Returns all forms that can be read, in words."""
    words = ["a folder or zip of clips.csv and ratings.csv", *(form.words for form in FORMS.values() if form.known)]
    return f"Known forms: {'; '.join(words)}"
