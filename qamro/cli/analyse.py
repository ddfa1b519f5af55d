"""``analyse``: a MUSHRA, CMOS, DMOS or ABX test by the rules of its kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qamro import __version__
from qamro.cli import options
from qamro.cli.console import say, wrong_use
from qamro.cli.inputs import open_votes, ratings_options


def analyse(
    *,
    ratings: options.Ratings,
    test: Annotated[
        str, typer.Option(metavar="mushra|cmos|dmos|abx", help="Kind of test, where the study does not say.")
    ] = "",
    reference: Annotated[str, typer.Option(metavar="SYSTEM", help="System that is the reference.")] = "",
    anchor: Annotated[list[str] | None, typer.Option(metavar="SYSTEM", help="Anchor of MUSHRA. Repeatable.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write every table as JSON.")] = None,
    draws: options.Draws = 1000,
    seed: options.DrawsSeed = 0,
    column: options.Columns = None,
    scale: options.Scales = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
) -> None:
    """Analyse a listening test: MUSHRA (with post-screening) and DMOS by system, CMOS by pair, ABX against guessing.

    A study run on the Annotate tab says what test it is; webMUSHRA's results are known by their reference.
    """
    with wrong_use(OSError, ValueError):
        from qamro.evaluation.listening_tests import find_test

        told = ratings_options(column, "", scale, None, rows, delimiter, header, encoding, answer, ragged)
        study = open_votes(ratings, told, or_ratings=True)
        found = find_test(study, test, reference, anchor or ())
        if found is None:
            raise ValueError(f"{ratings} does not say which listening test it is; say so with --test")
        from qamro.report import Options, compare

        comparison = compare(study, {}, Options(draws=draws, seed=seed))
        sections = [comparison.listening_test(axis, found) for axis in found.axes]
    for section in sections:
        say(section.title)
        for sentence in section.sentences:
            say(sentence)
    if json_out is not None:
        about = {"qamro": __version__, "ratings": ratings, "test": found.method.key, "reference": found.reference}
        tables = {
            axis: {table.id.rpartition("-")[2]: json.loads(table.frame.to_json(orient="records")) for table in s.tables}
            for axis, s in zip(found.axes, sections, strict=True)
        }
        with wrong_use(OSError):
            json_out.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({**about, "kind": study.kind, "axes": tables}, indent=1, ensure_ascii=False)
            json_out.write_text(text + "\n", encoding="utf-8")
        say(f"written to {json_out}")
