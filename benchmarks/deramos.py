"""The dual-branch model that ships beside the heads that ship, on simulated systems that neither has seen.

    python -m benchmarks.deramos [--systems 40] [--write]

Both were trained on simulated listeners, so this compares two ways to read the same features, and says nothing about
people. The difference is paired: both score the same draws of systems and clips.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from benchmarks.report import write_section
from qamro.evaluation.bootstrap import interval
from qamro.evaluation.levels import LEVELS, Sample, resample
from qamro.predictors import load
from qamro.studies.simulated import build

PREDICTORS = ("offline", "deramos")
AXES = ("MI", "TA")
PROMPTS = 12


def table(systems: int, draws: int) -> list[str]:
    """Scores the clips with both predictors; one table row for each axis and level."""
    made = build(systems, PROMPTS, seed=0)
    clips, means = made.study.clips, made.study.clip_means().pivot(index="clip", columns="axis", values="mean")
    paths = [made.study.audio_path(clip) for clip in clips["clip"]]
    scores, speed = {}, {}
    for name in PREDICTORS:
        predictor = load(name, cache=False)
        started = time.perf_counter()
        scores[name] = predictor.predict(paths, list(clips["prompt"])).assign(clip=list(clips["clip"]))
        speed[name] = len(paths) / (time.perf_counter() - started)
    quick = ", ".join(f"{name} {rate:.0f} clips/s" for name, rate in speed.items())
    lines = [f"{len(paths)} simulated clips of 5 s, {systems} systems; {quick}.", ""]
    lines += ["| axis | level | offline SRCC | deramos SRCC | difference |", "|---|---|---|---|---|"]
    for axis in AXES:
        human, of = means[axis].loc[clips["clip"]].to_numpy(), clips["system"].to_numpy(str)
        samples = [Sample(scores[name][axis].to_numpy(), human, of) for name in PREDICTORS]
        drawn = resample(samples, ("SRCC",), draws=draws)
        for level in LEVELS:
            values = [sample.measure(level)["SRCC"] for sample in samples]
            both = [answer[level]["SRCC"] for answer in drawn]
            shown = [_shown(value, answer) for value, answer in zip(values, both, strict=True)]
            shown.append(_shown(values[1] - values[0], both[1] - both[0]))
            lines.append(f"| {axis} | {level} | {' | '.join(shown)} |")
    return lines


def _shown(value: float, drawn: np.ndarray) -> str:
    ends = interval(drawn)
    return f"{value:.3f} [{ends.low:.3f}, {ends.high:.3f}]"


def main() -> None:
    """Measures, prints, and with ``--write`` puts the section into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=40)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    text = "`python -m benchmarks.deramos --write` makes this table: SRCC with 95 % intervals, one core, no cache.\n\n"
    text += "\n".join(table(options.systems, options.draws))
    print(text)
    if options.write:
        write_section("Dual branch beside pooled heads", text)


if __name__ == "__main__":
    main()
