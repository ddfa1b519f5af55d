"""``predict``: scores clips and writes the score table."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamro.cli.console import FAILED, INTERRUPTED, fail, progress, safe, say, warn, wrong_use
from qamro.cli.console import out as console
from qamro.cli.corpus import predict_corpus, wants_parts
from qamro.cli.inputs import Clip, gather
from qamro.cli.options import check_device
from qamro.cli.outputs import check_writable, is_parquet, row_writer, score_table
from qamro.counts import count
from qamro.predictors.loading import PREDICTORS

if TYPE_CHECKING:
    from qamro.predictors import Predictor

_NAMED = 50


def predict(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="MANIFEST|FOLDER|FILES...",
            help="A manifest with a column path (and prompt, system; paths relative to it) as CSV, .jsonl or .parquet, "
            "or Lhotse's cuts.jsonl.gz; a folder; or audio files.",
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="CSV or .parquet to write: one row a clip; shown here without it. A folder takes a manifest of any "
            "length, in parts: a killed run goes on, and several machines may share it.",
        ),
    ] = None,
    prompt: Annotated[str, typer.Option(help="Prompt of every clip that the manifest gives none.")] = "",
    predictor: Annotated[
        str,
        typer.Option(
            help=f"Which one scores: {', '.join(PREDICTORS)}, saved:NAME, what another installed package adds, or "
            "command:'CMD {path}': what a program prints, a number or JSON."
        ),
    ] = "offline",
    heads: Annotated[
        Path | None, typer.Option(help="Folder of heads of your own, made by train, or hub:OWNER/NAME.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds that a command may take for a clip.", min=0.1)] = 120.0,
    device: Annotated[
        str | None, typer.Option(help="Where to compute, for example cuda.", callback=check_device)
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32, bfloat16, or auto: bfloat16 where the hardware has it.")
    ] = None,
    shard: Annotated[int, typer.Option(help="For a folder: clips of a part.", min=1)] = 2000,
    engine: Annotated[str, typer.Option(help="For a folder: who scores.", metavar="local|ray")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a running Ray cluster: auto, or ray://HOST:10001.")] = None,
    workers: Annotated[int, typer.Option(help="With Ray: how many; 0 as there are GPUs or processors.", min=0)] = 0,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="With - as input: a line of JSON a clip in, its scores out, as they come.")
    ] = False,
) -> None:
    """Score clips and write the score table, or show it.

    With --out, rows are written as they come: interrupting keeps what was scored. The exit code is 0 only if every
    clip was scored, 1 when some failed (they are named, and their rows say why), 2 for wrong use.
    """
    piped = [str(path) for path in inputs] == ["-"]
    if out is not None and not piped and wants_parts(inputs, out):
        if prompt:
            fail("--prompt is not for a corpus; give prompts in its manifest")
        given = {"heads": heads, "device": device, "precision": precision}
        predict_corpus(inputs[0], out, predictor, given, shard=shard, engine=engine, address=address, workers=workers)
        return
    if engine != "local" or address:
        fail("--engine and --address score one manifest into a folder: predict MANIFEST --out FOLDER --engine ray")
    with wrong_use(FileNotFoundError, ValueError, OSError, ImportError):
        if piped != jsonl:
            raise ValueError("- and --jsonl belong together: qamro predict - --jsonl < clips.jsonl > scores.jsonl")
        clips = [] if piped else gather(inputs, prompt)
        if out is not None:
            if out.is_dir():
                raise IsADirectoryError(f"--out {out} is a folder; name a CSV file, or score one manifest into it")
            check_writable(out)
            if is_parquet(out):
                from qamro.studies.manifest import need_pyarrow

                need_pyarrow()
    start = time.perf_counter()
    from qamro.checkpoints import WeightsError

    with wrong_use(ValueError, FileNotFoundError, WeightsError):
        from qamro.predictors import load
        from qamro.predictors.command import COMMAND

        if predictor.startswith(COMMAND) and any(clip.entry for clip in clips):
            raise ValueError("a command scores whole files; the manifest names parts, addresses or sound in archives")
        options: dict[str, Any] = {"heads": heads, "device": device, "precision": precision}
        if predictor.startswith(COMMAND):
            options = {"timeout": timeout}
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
            f"--out {out} cannot be written ({why}); {len(rows)} of {len(clips)} clips done, make space there",
            FAILED,
        )
    _summarise(model, rows, out, time.perf_counter() - start)


def _score(model: Predictor, clips: list[Clip], out: Path | None, rows: list[dict[str, Any]]) -> None:
    from qamro.corpora.sound import Sounds
    from qamro.predictors.clips import Item, clip_names
    from qamro.predictors.command import CommandScores

    sounds = Sounds()
    names = [clip.name or name for clip, name in zip(clips, clip_names([clip.path for clip in clips]), strict=True)]
    if isinstance(model, CommandScores):
        given = [clip.path for clip in clips], [clip.prompt for clip in clips], [clip.system for clip in clips]
        model.prepare(*given)  # only its first answer tells the columns
        stream = model.stream(*given)
    else:
        stream = model.rows(
            replace(sounds.item(clip.entry), clip=name, prompt=clip.prompt)
            if clip.entry
            else Item(name, str(clip.path), clip.prompt, clip.system)
            for clip, name in zip(clips, names, strict=True)
        )
    with row_writer(out, model.columns) if out is not None else nullcontext() as table, progress() as bar:
        task = bar.add_task("Scoring", total=len(clips))
        for name, row in zip(names, stream, strict=True):
            row["clip"] = name
            if table is not None:
                table.write(row)
            rows.append(row)
            bar.advance(task)
    sounds.close()


def _summarise(model: Predictor, rows: list[dict[str, Any]], out: Path | None, seconds: float) -> None:
    from qamro.domains import OUTSIDE, in_words
    from qamro.predictors.provenance import KINDS, row_kinds, shown_axes
    from qamro.report.verdict import verdicts

    failed = [row for row in rows if row["error"]]
    axes_shown = shown_axes(model.axes, rows)
    if out is None:
        console.print(score_table(rows, axes_shown))
    written = "" if out is None else f", written to {out}"
    numbers = sum(any(row[axis] == row[axis] for axis in model.axes) for row in rows)
    say(f"{numbers} of {count(len(rows), 'clip')} scored in {seconds:.1f} s{written}")
    sources = {axis: Counter(row[f"source_{axis}"] for row in rows if not row["error"]) for axis in axes_shown}
    said: dict[tuple[tuple[str, int], ...], list[str]] = {}
    for axis, counts in sources.items():
        said.setdefault(tuple(counts.most_common()), []).append(axis)
    for counts_of, axes in said.items():
        for source, clips_of in counts_of:
            say(f"  {', '.join(axes)}: {source}" + (f" ({count(clips_of, 'clip')})" if len(counts_of) > 1 else ""))
    if told := in_words(row["domain"] for row in rows):
        outside = any(row["domain"] == OUTSIDE for row in rows)
        say(f"  {told}" + (", without an interval" if outside else ""), "yellow" if outside else "")
    for kind in dict.fromkeys(kind for row in rows for kind in row_kinds(row, model.axes)):
        if kind != "human":
            say(f"  {kind}: {KINDS[kind]}", "yellow")
    for sentence in verdicts(rows, axes_shown):
        say(sentence)
    if failed:
        warn(f"{len(failed)} of {count(len(rows), 'clip')} could not be scored:")
        for row in failed[:_NAMED]:
            typer.echo(safe(f"  {row['clip']}: {row['error']}"), err=True)
        if len(failed) > _NAMED:
            typer.echo(f"  and {len(failed) - _NAMED} more; the column error says why", err=True)
        raise typer.Exit(FAILED)
