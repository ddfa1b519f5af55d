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
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from benchmarks.findings import load
from benchmarks.report import write_section
from qamro.encoders import load_encoder
from qamro.encoders.cached import CachedEncoder
from qamro.evaluation.agreement import ceiling, rating_matrix
from qamro.predictors.head_predictor import NEEDS_PROMPT
from qamro.studies import Study
from qamro.training.compare_objectives import Budget, entries, run_contest
from qamro.training.compare_objectives.ranks import average_ranks
from qamro.training.compare_objectives.sections import find
from qamro.training.compare_objectives.sensitivity import sensitivity_entries
from qamro.training.compare_objectives.words import order_in_words, verdict
from qamro.training.compare_objectives.written import write_results
from qamro.training.embeddings import Embeddings, embed_study
from qamro.training.prepared import Prepared
from qamro.training.simulated_corpus import Corpus, simulated_corpus
from qamro.training.splits import folds
from qamro.training.sweeps.fits import SweepProgress

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
NAMES = {"loss": "each objective's own validation loss", "srcc": "validation SRCC"}
STOPS = {"loss": "", "srcc": ", stopped by validation SRCC"}
METRICS = ("SRCC", "LCC", "KTAU", "MSE")


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
    parts = [Prepared(study, embeddings, part) for part in folds(study, size.folds, hold_out=held)]
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


def lines(keep: Path) -> Iterator[str]:
    folders = [path for path in sorted(keep.iterdir()) if (path / "record.json").is_file()]
    blocks: dict[str, list[pd.DataFrame]] = {}
    for folder in folders:
        tables = {path.stem: pd.read_csv(path) for path in folder.glob("*.csv") if path.stem != "predictions"}
        record = json.loads((folder / "record.json").read_text())
        yield from _section(folder.name, record, tables)
        stop = record["budget"]["config"].get("stop_by", "loss")
        blocks.setdefault(stop, []).append(tables["folds"].drop(columns=["fold", "axis"]))
    yield "\n### All studies together\n"
    for stop, parts in blocks.items():
        common = [name for name in parts[0].columns if all(name in part for part in parts)]
        found = average_ranks(pd.concat([part[common] for part in parts], ignore_index=True))
        yield f"Best epoch by {NAMES[stop]}: {order_in_words(found, 'folds of all studies')}\n"
    yield (
        "Only objectives that every study has. Folds of one study share training clips, so that the test promises more "
        "than it can keep."
    )


def _section(name: str, record: dict, tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    standings, tests, rates, study = tables["standings"], tables["tests"], tables["rates"], record["study"]
    axis, first = record["axis"], standings.iloc[0]
    ends = ", ".join(f"{level} {value:.3f}" for level, value in record["ceiling"].items())
    stop = NAMES[record["budget"]["config"].get("stop_by", "loss")]
    yield (
        f"\n### {name}\n\n{study['kind'].capitalize()} ratings; {first['clips']} clips, {first['systems']} systems; "
        f"{record['folds']} folds that hold out {record['held out']}; {first['seeds']} seeds; rates "
        f"{', '.join(f'{rate:g}' for rate in record['budget']['rates'])}; {record['dim']} features. "
        f"Best epoch by {stop}. Split-half ceiling of the listeners (SRCC): {ends}.\n"
    )
    heads = [f"{metric}, {what}" for what in ("clips", "systems") for metric in METRICS]
    yield "| objective | rate | epochs | " + " | ".join(heads) + " |\n|---|--:|--:|" + "--:|" * len(heads)
    chosen = rates[rates["chosen"]].groupby("variant")[["rate", "best_epoch"]].median()
    for label, part in standings.groupby("variant", sort=False):
        cells = part.set_index(["level", "metric"])
        row = [_cell(cells.loc[level, metric], metric) for level in ("utterance", "system") for metric in METRICS]
        rate, epochs = chosen.loc[label]
        yield f"| {label} | {rate:g} | {epochs:.0f} | " + " | ".join(row) + " |"
    yield "\n| difference in SRCC | level | over seeds, 95 % | Holm p | over clips, 95 % | Holm p | survives |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for row in tests[tests["metric"] == "SRCC"].to_dict("records"):
        yield (
            f"| {row['variant']} − {row['reference']} | {row['level']} | {row['difference']:+.3f} "
            f"[{row['seeds_low']:+.3f}, {row['seeds_high']:+.3f}] | {row['p_seeds_holm']:.2g} | "
            f"[{row['clips_low']:+.3f}, {row['clips_high']:+.3f}] | {row['p_clips_holm']:.2g} | {row['survives']} |"
        )
    own = tables["folds"].drop(columns=["fold", "axis"])
    said = [verdict(tests, "utterance"), verdict(tests, "system"), order_in_words(average_ranks(own), "folds")]
    yield "\n" + " ".join(said).replace("quality, ", "")
    if "sensitivity" in tables:
        yield from _sensitivity(axis, tables["sensitivity"], tables["sensitivity_tests"])


def _sensitivity(axis: str, curves: pd.DataFrame, tests: pd.DataFrame) -> Iterator[str]:
    part = curves[(curves["metric"] == "SRCC") & (curves["level"] == "utterance")]
    what = f"CE-Gauss + BALR{' + SAMA' if axis == 'TA' else ''}"
    seeds = part["seeds"].iloc[0]
    yield f"\n{what} with one number turned (utterance SRCC, {seeds} seeds; bold as published):\n"
    for label, rows in part.groupby("label", sort=False):
        points = []
        for row in rows.to_dict("records"):
            point = f"{row['value']:g}: {row['mean']:.3f} ± {row['seeds_high'] - row['mean']:.3f}"
            points.append(f"**{point}**" if row["default"] else point)
        yield f"- {label}: {', '.join(points)}"
    sure = tests[(tests["metric"] == "SRCC") & (tests["survives"] == "both")]
    named = [f"{row['variant']}, {row['level']} ({row['difference']:+.3f})" for row in sure.to_dict("records")]
    yield f"- differ from the published values by both tests: {'; '.join(named) or 'none'}"


def _cell(row: pd.Series, metric: str) -> str:
    if metric != "SRCC":
        return f"{row['mean']:.3g}"
    half = row["seeds_high"] - row["mean"]
    return f"{row['mean']:.3f} ± {half:.3f} [{row['clips_low']:.3f}, {row['clips_high']:.3f}]"


INTRODUCTION = f"""`python -m benchmarks.objectives` runs and writes this section; everything that was run is in it.
`python -m qamro compare-objectives --study NAME` is the same comparison on any study.

Equal terms: frozen LogMel embeddings; one architecture for all (hidden widths 32 and 16, a distribution over 20 bins
whose expectation is the score; for TA, projections of sound and prompt to a common space whose cosine SAMA trains); the
same folds, seeds, order of batches (of 256 clips), AdamW, at most 300 epochs, patience 20. The best epoch is that of
each
objective's own validation loss, as in the papers; in sections named so it is that of the validation SRCC, a criterion
common to all. Of a few learning rates, each objective gets in each fold the one with the best validation SRCC; the
table shows the median, and the median best epoch. On the studies' own axes (0 to 100, 0 to 5), Huber, QAMRO and the
listwise losses see standardised scores. BALR stands beside Huber with weight 0.2; QAMRO and soft Spearman beside Huber
with weight 1. Where there is no prompt, SAMA falls away, and its objective is the one without it.

± is half the 95 % t-interval over seeds of the mean: chance in training, on these clips and these folds. Brackets are
the 95 % bootstrap over systems, and clips within them, of that mean: other clips; it is biased downwards near 1 and
with few systems. The tests are a paired t-test over seeds and a paired bootstrap over clips against Huber, each with
Holm's correction over the objectives of a study and level; a difference survives when both stay below .05. `corpus` is
a simulated corpus of {CORPUS.systems} systems whose clips are also rated for TA against {CORPUS.catches} prompts that
they were not made for. Simulated ratings are formulas and no evidence about people.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "write"])
    parser.add_argument("--study", action="append", default=[])
    parser.add_argument("--stop", action="append", choices=list(STOPS), default=[])
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--keep", type=Path, required=True)
    options = parser.parse_args(arguments)
    if options.what == "write":
        write_section("Objectives", INTRODUCTION + "\n".join(lines(options.keep)))
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
