"""``predict`` into a folder: manifests of any length, scored in parts by this machine or by a Ray cluster."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qamro.cli.console import FAILED, INTERRUPTED, fail, progress, say, warn, wrong_use
from qamro.counts import count

if TYPE_CHECKING:
    from qamro.corpora import Corpus, Progress
    from qamro.predictors import Predictor

ENGINES = ("local", "ray")


def wants_parts(inputs: Sequence[Path], out: Path) -> bool:
    """Whether a manifest is to be scored into a folder: one that is there, or a name without an ending."""
    from qamro.studies.manifest import is_manifest

    if len(inputs) != 1 or not is_manifest(inputs[0]):
        return False
    return out.is_dir() or (not out.exists() and not out.suffix)


def predict_corpus(
    manifest: Path,
    out: Path,
    predictor: str,
    options: dict[str, Any],
    *,
    shard: int,
    engine: str,
    address: str | None,
    workers: int,
) -> None:
    """Scores a manifest into a folder, or goes on with it.

    The exit code is 0 only if every clip was scored, 1 when some failed (their rows say why), 2 for wrong use.

    Args:
        manifest: See ``qamro.studies.manifest``.
        out: The folder.
        predictor: Its name.
        options: Passed on to ``load``.
        shard: Clips of a part.
        engine: One of ``ENGINES``.
        address: Of a Ray cluster.
        workers: Of the Ray engine.
    """
    from qamro.checkpoints import WeightsError

    start = time.perf_counter()
    options = {key: value for key, value in options.items() if value is not None}
    with wrong_use(ValueError, OSError, WeightsError, ImportError):
        if engine not in ENGINES:
            raise ValueError(f"--engine is one of {', '.join(ENGINES)}, not {engine!r}")
        if not manifest.is_file():
            raise FileNotFoundError(f"there is no manifest {manifest}")
        from qamro.corpora import open_corpus
        from qamro.predictors import load
        from qamro.studies.manifest import need_pyarrow

        need_pyarrow()
        model = load(predictor, **options)
        corpus = open_corpus(manifest, out, model, shard=shard)
    if model.note:
        say(model.note)
    before = corpus.progress()
    if before.rows:
        say(f"{count(before.rows, 'clip')} of {corpus.rows} done before; going on")
    try:
        with progress("clips") as bar:
            task = bar.add_task("Scoring", total=corpus.rows, completed=before.rows)

            def told(done: Progress) -> None:
                bar.update(task, completed=before.rows + done.rows)

            _run(corpus, model, partial(load, predictor, **options), engine, address, workers, told)
    except KeyboardInterrupt:
        done = corpus.progress().rows
        fail(f"interrupted: {done} of {count(corpus.rows, 'clip')} are in {out}; start again to go on", INTERRUPTED)
    except (OSError, RuntimeError, ImportError) as problem:
        fail(f"{problem}; what is done is in {out}, start again to go on", FAILED)
    _summarise(corpus, out, time.perf_counter() - start, before)


def _run(
    corpus: Corpus, model: Predictor, again: Any, engine: str, address: str | None, workers: int, told: Any
) -> None:
    if engine == "ray":
        from qamro.corpora.on_ray import score_on_ray

        device = str(again.keywords.get("device") or "")
        gpus = 1.0 if device.startswith("cuda") else 0.0
        score_on_ray(corpus, again, address=address, workers=workers, gpus=gpus, on_rows=told)
    else:
        from qamro.corpora import score_here

        score_here(corpus, model, on_rows=told)


def _summarise(corpus: Corpus, out: Path, seconds: float, before: Progress) -> None:
    done = corpus.progress()
    rate = (done.rows - before.rows) / seconds if seconds else 0.0
    good = done.rows - done.failed
    say(f"{good} of {count(corpus.rows, 'clip')} scored, in {out} ({seconds:.1f} s, {rate:.1f} clips/s here)")
    if done.failed:
        warn(f"{count(done.failed, 'clip')} could not be scored; the column error says why")
        raise typer.Exit(FAILED)
