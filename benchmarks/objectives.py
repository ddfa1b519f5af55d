"""Which loss ranks best on equal terms? Every objective with every seed on rated studies, with paired tests.

    python -m benchmarks.objectives run --study codec_mushra --study lstm_music --study simulated --keep DIR
    python -m benchmarks.objectives run --study corpus --keep DIR
    python -m benchmarks.objectives write --keep DIR

``run`` trains what DIR does not hold yet, and begins nothing after ``--minutes``: the same command goes on from there.
``write`` lays all that is complete out in benchmarks/RESULTS.md. A study is a fetched one by name, or NAME=FOLDER;
``corpus`` is a simulated corpus whose clips are also rated against prompts that they were not made for, so that TA can
be learned.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from benchmarks.findings import load
from benchmarks.objectives_page import introduction, lines
from benchmarks.report import write_section
from qamro.axes import NEEDS_PROMPT
from qamro.encoders import load_encoder
from qamro.encoders.embedding_store import CachedEncoder
from qamro.evaluation.agreement import ceiling, rating_matrix
from qamro.studies import Study
from qamro.training.compare_objectives import Budget, entries, run_contest
from qamro.training.compare_objectives.sections import find, write_results
from qamro.training.compare_objectives.tables import sensitivity_entries
from qamro.training.embedded_study import EmbeddedStudy, Embeddings, embed_study
from qamro.training.simulated_corpus import Corpus, simulated_corpus
from qamro.training.splits import folds
from qamro.training.sweeps.runs import SweepProgress

AXES = {"simulated": ("MI",), "corpus": ("TA",)}  # chosen before anything was run; the human studies have one each
CORPUS = Corpus(systems=60, prompts=8, catches=5)


@dataclass(frozen=True)
class Size:
    """How much is trained: folds, learning rates, seeds, and seeds of the sensitivity analysis."""

    folds: int = 5
    rates: tuple[float, ...] = Budget().rates
    seeds: int = 10
    turned: int = 10


SIZES = {"corpus": Size(folds=3, rates=(1e-3, 3e-3), turned=3)}  # twenty times the clips of the others
STOPS = {"loss": "", "srcc": ", stopped by validation SRCC"}


class OutOfTime(Exception):  # noqa: N818 - says what happened
    """The minutes that were given are over; what was trained is kept."""


def prepared(spec: str, keep: Path) -> tuple[str, Study, Embeddings, str]:
    """Opens and embeds a study; returns its name, itself, its embeddings, and what its folds hold out."""
    if spec != "corpus":
        name, study = load(spec)
        return name, study, embed_study(study, CachedEncoder(load_encoder("logmel"))), "content"
    file = keep / "corpus.pt"
    if not file.is_file():
        made = simulated_corpus(CORPUS, partial(load_encoder, "logmel"), workers=0)
        torch.save(made, file)
    study, embeddings = torch.load(file, weights_only=False)
    return "corpus", study, embeddings, "system"  # a sound and its catches must stay on one side


def run(spec: str, keep: Path, until: float, stops: Sequence[str]) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    name, study, embeddings, held = prepared(spec, keep)
    size = SIZES.get(name, Size())
    parts = [EmbeddedStudy(study, embeddings, part) for part in folds(study, size.folds, hold_out=held)]
    budget = Budget(tuple(range(size.seeds)), size.rates)

    def tick(event: SweepProgress) -> None:
        fits_of_a_piece = event.total // (size.folds * len(size.rates))
        if time.monotonic() > until and event.done % fits_of_a_piece == 0:  # a piece that was begun is finished
            raise OutOfTime

    train = partial(run_contest, parts, keep=keep / "pieces", on_epoch=tick)
    for axis in AXES.get(name, study.axes):
        variants, notes = entries(axis)
        ends = {level: value for level, (value, _) in ceiling(rating_matrix(study, axis)).items()}
        dim = embeddings.features(axis in NEEDS_PROMPT).shape[1]
        about = {"axis": axis, "folds": size.folds, "held out": held, "ceiling": ends, "dim": dim}
        save = partial(write_results, study=study, about=about, notes=[])
        for stop, suffix in STOPS.items():
            target = keep / f"{name} {axis}{suffix}"
            if (target / "record.json").is_file() or stop not in stops:
                continue
            given = replace(budget, config=replace(budget.config, stop_by=stop))
            found, turned = find(train(axis, variants, given, notes=notes)), []
            if stop == "loss":
                turns, points = sensitivity_entries(axis)
                few = replace(given, seeds=tuple(range(size.turned)))
                turned = [(find(train(axis, turns, few)), points)]
            save(target, [found], turned, budget=given)
            print(target, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "write"])
    parser.add_argument("--study", action="append", default=[])
    parser.add_argument("--stop", action="append", choices=list(STOPS), default=[])
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--keep", type=Path, required=True)
    options = parser.parse_args(arguments)
    if options.what == "write":
        write_section("Objectives", introduction(CORPUS) + "\n".join(lines(options.keep)))
        return
    torch.set_num_threads(1)
    until = time.monotonic() + 60 * options.minutes
    try:
        for spec in options.study:
            run(spec, options.keep, until, options.stop or list(STOPS))
    except OutOfTime:
        print("out of time; run it again to go on", flush=True)


if __name__ == "__main__":
    main()
