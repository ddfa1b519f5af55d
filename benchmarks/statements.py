"""Holds the sentences with numbers in README and docs against what is measured now.

    python -m benchmarks.statements            re-runs all that take under a minute; fails where one differs
    python -m benchmarks.statements --list     shows the table without running anything
    python -m benchmarks.statements WORD       re-runs those whose document or sentence holds the word

A statement is one row of ``STATEMENTS``: where it stands, its words, the command that shows it, and a function that
measures its numbers in their order. Add a row with the sentence. Tables of benchmarks/RESULTS.md are not repeated here:
each names the program that writes it.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Statement:
    """A sentence with numbers.

    Attributes:
        document: The file, below the root of the repository.
        text: Its words; line breaks and further blanks do not count.
        command: What shows it.
        measure: Answers its numbers in their order; None where that takes more than a minute or another machine.
        expected: The numbers that it states.
        tolerance: How far a measured number may be from the stated one.
        quick: Whether it takes less than a second or so, so that the tests run it.
    """

    document: str
    text: str
    command: str
    measure: Callable[[], Sequence[float]] | None = None
    expected: tuple[float, ...] = ()
    tolerance: float = 0.0
    quick: bool = False

    def stands(self) -> bool:
        """Whether the document holds the sentence."""
        return _plain(self.text) in _plain((ROOT / self.document).read_text(encoding="utf-8"))

    def differs(self) -> str:
        """Measures; returns what is wrong, empty where nothing is."""
        if not self.stands():
            return "does not stand in the document any more; change both or take it out"
        if self.measure is None:
            return ""
        found = [float(value) for value in self.measure()]
        if len(found) != len(self.expected) or any(
            not abs(value - stated) <= self.tolerance for value, stated in zip(found, self.expected, strict=True)
        ):
            return f"states {list(self.expected)} ± {self.tolerance:g}, measured {[round(value, 6) for value in found]}"
        return ""


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# ------------------------------------------------------------------------------------------------ how it is measured


def planned() -> tuple[float, ...]:
    """What ``plan`` says first of six systems with the deviations of docs/ask.md: pairs and shares in per cent."""
    from qamro.evaluation.planning import Design, Plan, Variances

    plan = Plan(Variances(between=0.5**2, clips=0.6**2, raters=0.4**2, rest=1.0), 6)
    few, many = (round(100 * plan.outlook(design).apart) for design in (Design(20, 5), Design(100, 1)))
    return 20, 5, few, 15, 100, many


def runaways(clips: int, raters: int, studies: int = 20, missing: float = 0.4) -> int:
    """In how many made-up studies the maximum likelihood of P.910 takes a rater for the truth itself.

    Qualities normal with deviation 0.8, biases with 0.3, inconsistencies log-normal around 0.5; whole scores 1 to 5.
    """
    import pandas as pd

    from qamro.evaluation.raters.model import RanAway, rater_model
    from qamro.studies import Study

    count = 0
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        quality, bias = rng.normal(3, 0.8, clips), rng.normal(0, 0.3, raters)
        noise = 0.5 * np.exp(rng.normal(0, 0.3, raters)) * rng.normal(size=(clips, raters))
        scores = np.clip(np.round(quality[:, None] + bias + noise), 1, 5)
        rows = [(f"c{i}", f"r{j}", "MI", scores[i, j]) for i, j in np.argwhere(rng.random((clips, raters)) >= missing)]
        ratings = pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"])
        study = Study(pd.DataFrame({"clip": sorted(set(ratings["clip"]))}), ratings, name="made up")
        try:
            count += bool(rater_model(study, "MI", "P.910").runaway)
        except RanAway:
            count += 1
    return count


def mse_coverage(fault: float, systems: int = 10, clips: int = 12, studies: int = 400) -> float:
    """Share in per cent of made-up studies whose 95 % interval of the clips' MSE holds the truth.

    Args:
        fault: Deviation of what a predictor gets wrong about a whole system; of what it gets wrong about a clip, 1.05.
        systems: Systems of a study.
        clips: Clips of a system.
        studies: How many studies.
    """
    from qamro.evaluation.bootstrap import interval
    from qamro.evaluation.levels import Sample, resample

    rng, hits = np.random.default_rng(0), 0
    names = np.repeat([f"s{k}" for k in range(systems)], clips)
    for seed in range(studies):
        human = rng.normal(size=names.size)
        wrong = np.repeat(fault * rng.normal(size=systems), clips) + 1.05 * rng.normal(size=names.size)
        sample = Sample(human + wrong, human, names)
        (values,) = resample([sample], ("MSE",), levels=["utterance"], draws=300, seed=seed)
        ends = interval(values["utterance"]["MSE"])
        hits += ends.low <= fault**2 + 1.05**2 <= ends.high
    return 100 * hits / studies


def swap(places: int, systems: int = 12) -> float:
    """By how much SRCC falls when a perfect prediction swaps neighbours that the ratings set so many places apart."""
    from scipy.stats import spearmanr

    rated = np.arange(systems, dtype=float)
    order = [0, places, *(k for k in range(1, systems) if k != places)]  # 0 and ``places`` are neighbours
    before = np.empty(systems)
    before[order] = np.arange(systems)
    after = before.copy()
    after[[0, places]] = before[[places, 0]]
    return float(spearmanr(before, rated).statistic - spearmanr(after, rated).statistic)


@cache
def _simulated() -> tuple[object, object]:
    from qamro.studies.simulated import build
    from qamro.studies.simulated.statistics import split_half, true_system_means

    with tempfile.TemporaryDirectory() as folder:
        sim = build(12, 12, folder=Path(folder) / "12")
        return true_system_means(sim), split_half(sim)


def true_means(which: str) -> Sequence[float]:
    """A row of the simulated study's true system means."""
    return list(getattr(_simulated()[0], which)())


def halves(level: str) -> Sequence[float]:
    """How far two halves of the simulated listeners agree, for each axis."""
    return list(_simulated()[1][level])  # type: ignore[index]


def dual_branch_parameters(layers: int) -> Sequence[float]:
    """Trained parameters of the dual-branch model on LogMel frames, width 64, for MI and TA."""
    from qamro.heads import BranchSettings, make_branch

    branches = (make_branch(BranchSettings(96, tokens, layers=layers)) for tokens in (0, 256))
    return [sum(value.numel() for value in branch.parameters()) for branch in branches]


def defaults(function: str, *names: str) -> Sequence[float]:
    """Defaults of a loss."""
    import qamro.losses

    parameters = inspect.signature(getattr(qamro.losses, function)).parameters
    return [parameters[name].default for name in names]


def megabytes(*names: str) -> Sequence[float]:
    """Sizes of published weights by the manifest."""
    from qamro.checkpoints import manifest

    every = {each.name: each for each in vars(manifest).values() if isinstance(each, manifest.Weights)}
    return [every[name].size / 1e6 for name in names]


def shares_of_parts() -> Sequence[float]:
    """The default division of a study."""
    from qamro.training.splits import split

    return [100 * share for share in inspect.signature(split).parameters["shares"].default]


def limits_of_a_space() -> Sequence[float]:
    """What a sweep may be on a public Space."""
    from qamro.ui.sensitivity.form import MOST_CLIPS_ON_SPACE, MOST_FITS_ON_SPACE

    return MOST_FITS_ON_SPACE, MOST_CLIPS_ON_SPACE


def corpus_clips() -> Sequence[float]:
    """Clips of the corpus that ``train --study simulated`` renders."""
    from qamro.training.simulated_corpus import Corpus

    corpus = Corpus()
    return [corpus.systems * corpus.prompts]


SELF = "python -m benchmarks.statements"
SIMULATED = "python -m qamro.studies.simulated.statistics"

STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "docs/evaluation.md",
        "it happened in 20 of 20 with 4 raters for 30 clips, in 7 of 20 with 20 and in 0 of 20 with 40",
        SELF,
        lambda: [runaways(30, raters) for raters in (4, 20, 40)],
        (20, 7, 0),
    ),
    Statement(
        "docs/evaluation.md",
        "95 % intervals of the clips' MSE held it in 97, 92 and 87 % of 400 made-up studies each",
        SELF,
        lambda: [mse_coverage(fault) for fault in (0.5, 1.0, 2.0)],
        (97, 92, 87),
        1.0,
    ),
    Statement(
        "docs/sensitivity.md",
        "a swap of neighbours that listeners set k places apart moves SRCC by 0.007 k",
        SELF,
        lambda: [swap(k) / k for k in (1, 2, 5)],
        (0.007, 0.007, 0.007),
        0.0005,
        quick=True,
    ),
    Statement(
        "docs/sensitivity.md",
        "On a public Space a sweep is limited to 1,000 fits and 500 clips.",
        SELF,
        limits_of_a_space,
        (1000, 500),
        quick=True,
    ),
    Statement(
        "docs/models.md",
        "| LogMel: parameters MI + TA | 49,492 + 103,828 | 82,964 + 137,300 |",
        SELF,
        lambda: [*dual_branch_parameters(1), *dual_branch_parameters(2)],
        (49_492, 103_828, 82_964, 137_300),
        quick=True,
    ),
    Statement(
        "docs/train.md",
        "55 % to fit, 15 % to stop by and to choose the seed by, 15 % to calibrate the interval, 15 % to test",
        SELF,
        shares_of_parts,
        (55, 15, 15, 15),
        1e-9,
        quick=True,
    ),
    Statement(
        "README.md",
        "9,600 clips are rendered",
        SELF,
        corpus_clips,
        (9600,),
        quick=True,
    ),
    Statement(
        "README.md",
        "audio embeddings differ by up to 5e-8, those of text by up to 1.7e-7",
        "make reference",
    ),
    Statement(
        "docs/speech.md",
        "SRCC .326 over clips [−.049, .575] and .643 over the eight systems [−.167, .952]",
        "python -m benchmarks.speech --study FOLDER:quality --sounds KIND=FOLDER",
    ),
    Statement(
        "docs/weights.md",
        "| `clap` | MI, TA | LAION-CLAP, music checkpoint; tokenizer of roberta-base | 2.4 GB |",
        "python -m qamro weights list",
        lambda: megabytes("clap"),
        (2_400,),
        50,
        quick=True,
    ),
    Statement(
        "docs/weights.md",
        "| `audiobox` | PQ, PC, CE, CU | Audiobox-Aesthetics | 415 MB |",
        "python -m qamro weights list",
        lambda: megabytes("audiobox"),
        (415,),
        0.5,
        quick=True,
    ),
    Statement(
        "docs/weights.md",
        "`wavlm` (WavLM base-plus, 378 MB, CC BY-SA 3.0), `roberta-base-network` (499 MB, MIT) and `muq` (1.3 GB,",
        "python -m qamro weights list",
        lambda: megabytes("wavlm", "roberta-base-network", "muq"),
        (378, 499, 1_300),
        50,
        quick=True,
    ),
    Statement(
        "docs/losses.md",
        "- `alpha` α = 0.2: margin per point of difference. `beta` β = 7:",
        SELF,
        lambda: defaults("qamro_loss", "alpha", "beta"),
        (0.2, 7),
        quick=True,
    ),
    Statement(
        "docs/losses.md",
        "- `margin` m = 0.1: in units of the scores.",
        SELF,
        lambda: defaults("margin_ranking_loss", "margin"),
        (0.1,),
        quick=True,
    ),
    Statement(
        "docs/losses.md",
        "`sigma` σ = 0.25: in units of the scores",
        SELF,
        lambda: defaults("gaussian_cross_entropy_loss", "sigma"),
        (0.25,),
        quick=True,
    ),
    Statement(
        "docs/ask.md",
        "20 clips of each system rated 5 times tell about 34 % of the 15 pairs apart; 100 clips rated once tell 49 %",
        "python -m qamro plan --systems 6 --between-sd 0.5 --clips-sd 0.6 --raters-sd 0.4 --noise-sd 1",
        planned,
        (20, 5, 34, 15, 100, 49),
        quick=True,
    ),
    Statement(
        "docs/simulated-study.md",
        "| lowest of 12 | 2.29 | 2.36 | 3.13 | 1.08 | 3.44 | 2.68 |",
        SIMULATED,
        lambda: true_means("min"),
        (2.29, 2.36, 3.13, 1.08, 3.44, 2.68),
        0.006,
    ),
    Statement(
        "docs/simulated-study.md",
        "| highest of 12 | 4.42 | 4.88 | 9.61 | 8.71 | 8.29 | 7.44 |",
        SIMULATED,
        lambda: true_means("max"),
        (4.42, 4.88, 9.61, 8.71, 8.29, 7.44),
        0.006,
    ),
    Statement(
        "docs/simulated-study.md",
        "| 12 × 12 | clip | .879 | .945 | .934 | .945 | .864 | .916 |",
        SIMULATED,
        lambda: halves("clip"),
        (0.879, 0.945, 0.934, 0.945, 0.864, 0.916),
        0.0006,
    ),
    Statement(
        "docs/simulated-study.md",
        "| 12 × 12 | system | .984 | .972 | .990 | .996 | .972 | .981 |",
        SIMULATED,
        lambda: halves("system"),
        (0.984, 0.972, 0.990, 0.996, 0.972, 0.981),
        0.0006,
    ),
)


def main() -> int:
    """Re-runs what is asked for; answers 1 where a statement differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("word", nargs="?", default="", help="only statements that hold it")
    parser.add_argument("--list", action="store_true", help="run nothing")
    options = parser.parse_args()
    wrong = 0
    for each in STATEMENTS:
        if options.word not in each.document + each.text:
            continue
        print(f"{each.document}: {each.text}\n    {each.command}")
        if options.list:
            continue
        start = time.perf_counter()
        problem = each.differs()
        wrong += bool(problem)
        told = problem or ("holds" if each.measure else "stands; the command takes longer, so nothing was measured")
        print(f"    {told} ({time.perf_counter() - start:.1f} s)", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
