"""How often the bootstrap intervals hold the truth, on studies that are made up so that the truth is known.

    python -m benchmarks.coverage [--studies 200] [--write]

Systems differ, clips of a system differ, ratings and predictions are noisy. The truth is the metric over very many such
systems with as many clips each. An interval that draws clips alone is shown beside it: it forgets that clips of one
system go together.

    python -m benchmarks.coverage --conformal FOLDER FOLDER [--splits 40] [--write]

does the same for the intervals of heads: how often they hold the MOS of test clips of rated studies, over splits.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.report import write_section
from qamro.encoders import LogMel
from qamro.encoders.cached import CachedEncoder
from qamro.evaluation.bootstrap import interval
from qamro.evaluation.levels import resample
from qamro.evaluation.sample import Sample
from qamro.studies import Study
from qamro.studies.registry import open_study
from qamro.training.conformal import half_width
from qamro.training.embeddings import Embeddings, embed_study
from qamro.training.fit_config import FitConfig
from qamro.training.objective import paper_objective
from qamro.training.objective_heads import head_maker
from qamro.training.prepared import Prepared
from qamro.training.splits import split
from qamro.training.tested import calibrated
from qamro.training.trainer import fit_many

METRICS = ("MSE", "LCC", "SRCC", "KTAU", "ACC")
SIZES = ((8, 12), (12, 12), (36, 30))
MANY = 4000


def draw(rng: np.random.Generator, systems: int, clips: int) -> Sample:
    """One study: good predictions with faults of their own for each system."""
    names = np.repeat([f"s{k}" for k in range(systems)], clips)
    quality = np.repeat(rng.normal(size=systems), clips)
    clip = rng.normal(size=names.size)
    human = np.round(3 + quality + clip + 0.6 * rng.normal(size=names.size), 1)
    fault = np.repeat(0.5 * rng.normal(size=systems), clips)
    return Sample(3 + quality + 0.5 * clip + fault + 0.7 * rng.normal(size=names.size), human, names)


def covered(systems: int, clips: int, studies: int, draws: int) -> list[str]:
    """Share of studies whose 95 % interval holds the truth, one table row for each level."""
    rng = np.random.default_rng(systems)
    many = draw(rng, MANY, clips)
    rows = []
    for level in ("utterance", "system"):
        keep = slice(0, MANY * clips if level == "system" else 12_000)
        some = Sample(many.predictions[keep], many.targets[keep], many.systems[keep])
        truth = some.measure(level, METRICS)
        hits: dict[str, list[bool]] = {key: [] for key in METRICS}
        alone: dict[str, list[bool]] = {key: [] for key in METRICS}
        for seed in range(studies):
            sample = draw(rng, systems, clips)
            ways = [(hits, sample)]
            if level == "utterance":
                ways.append((alone, Sample(sample.predictions, sample.targets, np.full(sample.targets.size, ""))))
            for found, each in ways:
                (values,) = resample([each], METRICS, levels=[level], draws=draws, seed=seed)
                for key in METRICS:
                    ends = interval(values[level][key])
                    found[key].append(ends.low <= truth[key] <= ends.high)
        for way, found in (("systems, then clips", hits), ("clips alone", alone)):
            if found["LCC"]:
                shares = " | ".join(f"{100 * np.mean(found[key]):.0f} %" for key in METRICS)
                rows.append(f"| {systems} x {clips} | {level} | {way} | {shares} |")
    return rows


@dataclass(frozen=True)
class Held:
    """What heads' intervals held over splits of a study.

    Attributes:
        splits: How many splits there were.
        covered: For each split that has an interval, the share of test clips whose MOS it holds.
        pooled: For each split, what an interval from single clips holds, as if clips of a group were exchangeable.
        widths: Half widths of the intervals, on the rating scale.
        why: Why there was no interval in the last split without one.
    """

    splits: int
    covered: list[float]
    pooled: list[float]
    widths: list[float]
    why: str


def conformal(study: Study, embeddings: Embeddings, hold_out: str, splits: int) -> Held:
    """Trains heads on each of several splits and counts how often their intervals hold the MOS of the test part."""
    axis = study.axes[0]
    config = FitConfig(optimizer="adamw", lr=1e-3, max_epochs=60, patience=10)
    covered, pooled, widths, why = [], [], [], ""
    for seed in range(splits):
        prepared = Prepared(study, embeddings, split(study, hold_out=hold_out, seed=seed), hold_out)
        objectives = [paper_objective(axis)]
        (fit,) = fit_many(
            prepared.data(axis), objectives, [0], config, make_head=head_maker(prepared, axis, objectives, config)
        )
        found = calibrated(prepared, {axis: fit.head})
        errors = {}
        for part in ("calibration", "test"):
            rows, targets = prepared.targets(prepared.parts[part], axis)
            names = [embeddings.clips[i] for i in rows.tolist()]
            scores = prepared.predict(names, {axis: fit.head}).set_index("clip").loc[names, axis]
            errors[part] = np.abs(scores.to_numpy() - targets.numpy())
        seen = errors["calibration"]
        alone = half_width(seen, np.zeros_like(seen), [str(i) for i in range(len(seen))])
        pooled.append(float(np.mean(errors["test"] <= alone)))
        if math.isfinite(found.half_width[axis]):
            covered.append(float(np.mean(errors["test"] <= found.half_width[axis])))
            widths.append(found.half_width[axis])
        else:
            why = found.interval
    return Held(splits, covered, pooled, widths, why)


def conformal_table(folders: Sequence[str], splits: int) -> list[str]:
    """One table row for each study and each way to hold out."""
    lines = [
        "| study | held out | splits with an interval | held | worst split | by single clips |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for folder in folders:
        study = open_study(folder)
        embeddings = embed_study(study, CachedEncoder(LogMel()))
        for hold_out in ("content", "system"):
            held = conformal(study, embeddings, hold_out, splits)
            alone = f"{100 * np.mean(held.pooled):.1f} %"
            if held.covered:
                error = np.std(held.covered, ddof=1) / math.sqrt(len(held.covered))
                told = f"{100 * np.mean(held.covered):.1f} ± {100 * error:.1f} % | {100 * min(held.covered):.0f} %"
            else:
                told = f"{held.why} | –"
            lines.append(f"| {study.name} | {hold_out} | {len(held.covered)} of {held.splits} | {told} | {alone} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    parser.add_argument("--conformal", nargs="+", metavar="FOLDER", help="studies: the intervals of heads instead")
    parser.add_argument("--splits", type=int, default=40)
    options = parser.parse_args()
    if options.conformal:
        text = (
            "`python -m benchmarks.coverage --conformal FOLDER ... --write` makes this table: how often 90 % intervals "
            f"of heads hold the MOS of test clips, mean and standard error over {options.splits} splits; in the last "
            "column an interval from single calibration clips, as if clips of a group were exchangeable.\n\n"
        )
        text += "\n".join(conformal_table(options.conformal, options.splits))
        if options.write:
            write_section("Coverage of the heads' intervals", text)
        return
    lines = [f"| systems x clips | level | drawn | {' | '.join(METRICS)} |", "|---|---|---|" + "--:|" * len(METRICS)]
    for systems, clips in SIZES:
        lines += covered(systems, clips, options.studies, options.draws)
        print(lines[-1], flush=True)
    text = (
        f"`python -m benchmarks.coverage --write` makes this table: how often a 95 % interval holds the truth, in "
        f"{options.studies} made-up studies with {options.draws} draws each.\n\n"
    )
    print(text + "\n".join(lines))
    if options.write:
        write_section("Coverage of the intervals", text + "\n".join(lines))


if __name__ == "__main__":
    main()
