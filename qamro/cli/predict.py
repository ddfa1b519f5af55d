"""``predict``: scores clips and writes the score table."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamro.cli.console import FAILED, INTERRUPTED, fail, progress, safe, say, warn, wrong_use
from qamro.cli.console import out as console
from qamro.cli.inputs import Clip, gather
from qamro.cli.options import check_device
from qamro.cli.outputs import RowWriter, check_writable, score_table
from qamro.counts import count

if TYPE_CHECKING:
    from qamro.predictors import Predictor

_NAMED = 50


def predict(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="MANIFEST.csv|FOLDER|FILES...",
            help="A CSV with a column path (and prompt, system; paths relative to it), a folder, or audio files.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV to write: one row a clip; shown here without it.", dir_okay=False),
    ] = None,
    prompt: Annotated[str, typer.Option(help="Prompt of every clip that the manifest gives none.")] = "",
    predictor: Annotated[
        str, typer.Option(help="Which one scores: offline, deramos, clap, audiobox, full, auto, or saved:NAME.")
    ] = "offline",
    heads: Annotated[Path | None, typer.Option(help="Folder of heads of your own, made by train.")] = None,
    device: Annotated[
        str | None, typer.Option(help="Where to compute, for example cuda.", callback=check_device)
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16, or auto: bfloat16 where the hardware has it.")
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="With - as input: a line of JSON a clip in, its scores out, as they come.")
    ] = False,
) -> None:
    """Score clips and write the score table, or show it.

    With --out, rows are written as they come: interrupting keeps what was scored. The exit code is 0 only if every
    clip was scored, 1 when some failed (they are named, and their rows say why), 2 for wrong use.
    """
    piped = [str(path) for path in inputs] == ["-"]
    with wrong_use(FileNotFoundError, ValueError, OSError):
        if piped != jsonl:
            raise ValueError("- and --jsonl belong together: qamro predict - --jsonl < clips.jsonl > scores.jsonl")
        clips = [] if piped else gather(inputs, prompt)
        if out is not None:
            if out.is_dir():
                raise IsADirectoryError(f"--out {out} is a folder; name a CSV file")
            check_writable(out)
    start = time.perf_counter()
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, WeightsError):
        from qamro.predictors import load

        options = {"heads": heads, "device": device, "precision": precision}
        model = load(predictor, **{key: value for key, value in options.items() if value is not None})
    if piped:
        from qamro.cli.pipe import score_lines

        if score_lines(model, sys.stdin, sys.stdout, prompt):
            raise typer.Exit(FAILED)
        return
    if model.note:
        say(model.note)
    rows: list[dict[str, Any]] = []
    try:
        _score(model, clips, out, rows)
    except KeyboardInterrupt:
        kept = f"; kept in {out}" if rows and out is not None else ""
        fail(f"interrupted: {len(rows)} of {count(len(clips), 'clip')} done{kept}", INTERRUPTED)
    except OSError as problem:
        why = problem.strerror or problem
        fail(
            f"--out {out} cannot be written ({why}); {len(rows)} of {len(clips)} clips done, make room there",
            FAILED,
        )
    _summarise(model, rows, out, time.perf_counter() - start)


def _score(model: Predictor, clips: list[Clip], out: Path | None, rows: list[dict[str, Any]]) -> None:
    stream = model.stream(
        [clip.path for clip in clips], [clip.prompt for clip in clips], [clip.system for clip in clips]
    )
    with RowWriter(out, model.columns) if out is not None else nullcontext() as table, progress() as bar:
        task = bar.add_task("Scoring", total=len(clips))
        for clip, row in zip(clips, stream, strict=True):
            if clip.name:
                row["clip"] = clip.name
            if table is not None:
                table.write(row)
            rows.append(row)
            bar.advance(task)


def _summarise(model: Predictor, rows: list[dict[str, Any]], out: Path | None, seconds: float) -> None:
    from qamro.domains import OUTSIDE, in_words
    from qamro.predictors.base import KINDS

    failed = [row for row in rows if row["error"]]
    if out is None:
        console.print(score_table(rows, model.axes))
    written = "" if out is None else f", written to {out}"
    say(f"{len(rows) - len(failed)} of {count(len(rows), 'clip')} scored in {seconds:.1f} s{written}")
    sources = {axis: Counter(row[f"source_{axis}"] for row in rows if not row["error"]) for axis in model.axes}
    said: dict[tuple[tuple[str, int], ...], list[str]] = {}
    for axis, counts in sources.items():
        said.setdefault(tuple(counts.most_common()), []).append(axis)
    for counts_of, axes in said.items():
        for source, clips_of in counts_of:
            say(f"  {', '.join(axes)}: {source}" + (f" ({count(clips_of, 'clip')})" if len(counts_of) > 1 else ""))
    if told := in_words(row["domain"] for row in rows):
        outside = any(row["domain"] == OUTSIDE for row in rows)
        say(f"  {told}" + (", without an interval" if outside else ""), "yellow" if outside else "")
    for kind in dict.fromkeys(model.provenance[axis].kind for axis in model.axes):
        if kind != "human":
            say(f"  {kind}: {KINDS[kind]}", "yellow")
    if failed:
        warn(f"{len(failed)} of {count(len(rows), 'clip')} could not be scored:")
        for row in failed[:_NAMED]:
            typer.echo(safe(f"  {row['clip']}: {row['error']}"), err=True)
        if len(failed) > _NAMED:
            typer.echo(f"  and {len(failed) - _NAMED} more; the column error says why", err=True)
        raise typer.Exit(FAILED)
