"""``rank``: systems ranked by votes on pairs, with the places that the votes leave open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qamro import __version__
from qamro.cli import options
from qamro.cli.console import out, safe, say, wrong_use
from qamro.cli.inputs import open_votes, ratings_options

if TYPE_CHECKING:
    from qamro.evaluation.preferences import Ranking


def rank(
    *,
    votes: Annotated[
        str,
        typer.Option(
            metavar="FILE|FOLDER|NAME", help="Votes on pairs: an arena's log, an A/B test, a study with votes."
        ),
    ],
    axis: Annotated[str, typer.Option(help="Which question, where voters answered several.")] = "",
    reference: Annotated[str, typer.Option(metavar="SYSTEM", help="System whose score is 0.")] = "",
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write everything as JSON.")] = None,
    draws: Annotated[int, typer.Option(help="Bootstrap draws of raters and prompts.", min=2)] = 500,
    seed: options.DrawsSeed = 0,
    column: options.Columns = None,
    rows: options.Rows = None,
    delimiter: options.Delimiter = "",
    header: options.Header = None,
    encoding: options.Encoding = "",
    answer: options.Answers = None,
    ragged: options.Ragged = "",
) -> None:
    """Rank systems by votes on pairs: Bradley and Terry's model with ties and an advantage of the side.

    A score is in log-odds: a difference of 1 is a chance of 73 % among votes that decide. Rank is the range of places
    that the votes leave open, for all systems at once.
    """
    with wrong_use(OSError, ValueError):
        from qamro.evaluation import preferences

        told = ratings_options(column, "", None, None, rows, delimiter, header, encoding, answer, ragged)
        study = open_votes(votes, told)
        try:
            table, notes = preferences.votes_of(study, axis)
        except ValueError as problem:
            raise ValueError(f"{problem} (option --axis)") from problem
        result = preferences.rank(table, reference=reference, draws=draws, seed=seed)
        axis = axis or str(table["axis"].iloc[0])
    from qamro.report.votes import sentences

    first, *rest = sentences(result, table, study, axis)
    for sentence in (*notes, first):
        say(sentence)
    _show(result)
    for sentence in rest:
        say(sentence)
    if json_out is not None:
        with wrong_use(OSError):
            _write(json_out, result, {"votes_from": votes, "axis": axis, "kind": study.kind, "seed": seed})
        say(f"written to {json_out}")


def _show(result: Ranking) -> None:
    from rich.table import Table
    from rich.text import Text

    level = f"{result.level:.0%}".replace("%", " %")
    table = Table(show_edge=False, pad_edge=False)
    counts = {"votes": "votes", "wins": "won", "losses": "lost", "ties": "tied", "both_bad": "both bad"}
    counts = {key: name for key, name in counts.items() if result.table[key].any()}
    for name in ("system", "score", f"{level} interval", "rank", *counts.values()):
        table.add_column(name, justify="left" if name == "system" else "right", no_wrap=True)
    for row in result.table.to_dict("records"):
        low, high = row["rank_low"], row["rank_high"]
        cells = [row["system"], f"{row['score']:.2f}", f"{row['low']:.2f} … {row['high']:.2f}"]
        cells += [f"{low}" if low == high else f"{low}–{high}", *(row[key] for key in counts)]
        table.add_row(*(Text(safe(cell)) for cell in cells))
    out.print(table)


def _write(path: Path, result: Ranking, about: dict[str, object]) -> None:
    everything = {"qamro": __version__, **about, **result.as_dict()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(everything, indent=1, ensure_ascii=False, default=_plain) + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """Turns a numpy value into Python's."""
    return value.item()  # type: ignore[attr-defined]
