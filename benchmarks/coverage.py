"""How often the bootstrap intervals hold the truth, on studies that are made up so that the truth is known.

    python -m benchmarks.coverage [--studies 200] [--write]

Systems differ, clips of a system differ, ratings and predictions are noisy. The truth is the metric over very many such
systems with as many clips each. An interval that draws clips alone is shown beside it: it forgets that clips of one
system go together.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.report import write_section
from qamro.evaluation.bootstrap import interval
from qamro.evaluation.levels import resample
from qamro.evaluation.sample import Sample

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
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
