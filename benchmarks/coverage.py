"""How often intervals hold the truth and equal systems are set apart, on studies made up so that the truth is known.

    python -m benchmarks.coverage [--part intervals|pairs|calibrated|planning|powered|racing|votes] [--write]

Systems differ, clips of a system differ, ratings and predictions are noisy. The truth is the metric over very many such
systems with as many clips each. An interval that draws clips alone is shown beside it: it forgets that clips of one
system go together.

For pairs of systems: null studies, in which all systems are equal, and studies in which they are not, beside Tukey's
HSD, which takes the spread within all systems for one.

    python -m benchmarks.coverage --conformal FOLDER FOLDER [--splits 40] [--write]

does the same for the intervals of heads: how often they hold the MOS of test clips of rated studies, over splits.
The parts calibrated (intervals of calibrated predictors), planning (predicted against replayed pairs), powered
(prediction-powered means) and racing (verdicts that are looked at after every rating) stand in modules of their own.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.stats import studentized_range

from benchmarks.report import write_section
from qamro.encoders import LogMel
from qamro.encoders.embedding_store import CachedEncoder
from qamro.evaluation.bootstrap import interval
from qamro.evaluation.levels import Sample, resample
from qamro.evaluation.significance import compare_systems
from qamro.studies import Study
from qamro.studies.registry import open_study
from qamro.training.cards import calibrated, half_width
from qamro.training.embedded_study import EmbeddedStudy, Embeddings, embed_study
from qamro.training.objective import paper_objective
from qamro.training.splits import split
from qamro.training.trainer import FitConfig, fit_many, head_maker

METRICS = ("MSE", "LCC", "SRCC", "KTAU", "ACC")
SIZES = ((8, 12), (12, 12), (36, 30))
MANY = 4000
PAIR_SIZES = ((8, 16), (20, 12), (31, 20), (36, 85))
KINDS = {"normal": "normal", "mos": "MOS in steps of 0.2", "spreads": "normal, spreads from 0.3 to 1.5"}
SPAN = 1.5


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


def scores_of(rng: np.random.Generator, levels: np.ndarray, clips: int, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Scores of clips about their systems' levels, and the systems.

    Args:
        rng: Source of the draws.
        levels: True means in standard deviations of a clip, shape (K,).
        clips: Clips a system.
        kind: A key of ``KINDS``.
    """
    names = np.repeat([f"s{k:02}" for k in range(levels.size)], clips)
    spread = np.geomspace(0.3, 1.5, levels.size) if kind == "spreads" else np.ones(levels.size)
    scores = np.repeat(levels, clips) + np.repeat(rng.permutation(spread), clips) * rng.normal(size=names.size)
    return (np.round((3 + 0.5 * scores) * 5) / 5 if kind == "mos" else scores), names


@cache
def tukey_limit(systems: int, freedom: int) -> float:
    """How many standard errors a difference must exceed by Tukey's HSD at 95 %."""
    return float(studentized_range.ppf(0.95, systems, freedom) / np.sqrt(2))


def tukey(scores: np.ndarray, systems: int) -> np.ndarray:
    """Which pairs Tukey's HSD sets apart; clips of one system stand together, as many in each."""
    groups = scores.reshape(systems, -1)
    error = np.sqrt(2 * groups.var(axis=1, ddof=1).mean() / groups.shape[1])
    first, second = np.triu_indices(systems, 1)
    gaps = np.abs(groups.mean(axis=1)[first] - groups.mean(axis=1)[second])
    return gaps > error * tukey_limit(systems, scores.size - systems)


def pairs_apart(systems: int, clips: int, kind: str, studies: int, draws: int) -> str:
    """One table row: studies with a pair set apart wrongly, and pairs set apart rightly, by both methods."""
    rng = np.random.default_rng(systems * clips)
    upper = np.triu_indices(systems, 1)
    found: dict[str, list[float]] = {key: [] for key in ("wrong", "tukey wrong", "power", "tukey power")}
    for seed in range(studies):
        for levels, way in ((np.zeros(systems), "wrong"), (np.linspace(0, SPAN, systems), "power")):
            if way == "power" and seed >= studies // 3:
                continue
            scores, names = scores_of(rng, levels, clips, kind)
            ours = compare_systems(scores, names, draws=draws, seed=seed).differ[upper]
            theirs = tukey(scores, systems)
            measure = np.any if way == "wrong" else np.mean
            found[way].append(float(measure(ours)))
            found[f"tukey {way}"].append(float(measure(theirs)))
    shares = " | ".join(f"{100 * np.mean(values):.1f} %" for values in found.values())
    return f"| {systems} x {clips} | {KINDS[kind]} | {shares} |"


def told_apart(options: argparse.Namespace) -> None:
    """Prints, and writes if wanted, the table of pairs of systems."""
    head = ["systems x clips", "scores", "a false pair", "Tukey", "pairs told apart", "Tukey"]
    lines = [f"| {' | '.join(head)} |", "|---|---|--:|--:|--:|--:|"]
    for kind in KINDS:
        for systems, clips in PAIR_SIZES:
            lines.append(pairs_apart(systems, clips, kind, options.pair_studies, options.pair_draws))
            print(lines[-1], flush=True)
    text = (
        "`python -m benchmarks.coverage --part pairs --write` makes this table: `tell_apart` at 95 %, "
        f"{options.pair_studies} studies of equal systems and {options.pair_studies // 3} of systems spread evenly "
        f'over {SPAN} standard deviations of a clip, {options.pair_draws} draws each. "A false pair" is the share of '
        'the first that set any pair apart, "told apart" the share of all pairs in the second. Where spreads differ, '
        "Tukey's HSD does not keep its promise, so its power there is no merit.\n\n"
    )
    if options.write:
        write_section("Systems told apart", text + "\n".join(lines))


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
        prepared = EmbeddedStudy(study, embeddings, split(study, hold_out=hold_out, seed=seed), hold_out)
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


def racing(options: argparse.Namespace) -> tuple[str, str]:
    """The table of races: errors and coverage when every rating is looked at."""
    from benchmarks import coverage_racing as part

    lines = [part.HEAD]
    print(part.HEAD)
    for goal in part.GOALS:
        for name in part.STUDIES:
            lines.append(part.row(name, goal, part.races(name, goal, options.races)))
            print(lines[-1], flush=True)
    lines += [part.equal(name, "order", options.races) for name in part.EQUAL]
    lines.append(part.plain(options.races))
    print(lines[-1])
    return "Racing", f"{part.about(options.races)}\n\n" + "\n".join(lines)


def powered(options: argparse.Namespace) -> tuple[str, str]:
    """The tables of prediction-powered means."""
    from benchmarks import coverage_powered as part

    lines = [part.MADE_UP_HEAD, *part.made_up(options.made_up)]
    lines += ["", part.folded(options.folded), "", part.FOLDED_HEAD, *part.made_up_folds(options.folded)]
    print("\n".join(lines), flush=True)
    rows = part.published(options.published, options.hidings) if options.published else []
    rows += part.studies_in(options.rated, options.hidings)
    if rows:
        lines += ["", part.RATED, "", part.RATED_HEAD, *rows]
        print("\n".join([part.RATED_HEAD, *rows]))
    return "Prediction-powered means", f"{part.about(options.made_up, options.hidings)}\n\n" + "\n".join(lines)


def planning(options: argparse.Namespace) -> tuple[str, str]:
    """The table of predicted and replayed shares of pairs told apart."""
    from benchmarks import coverage_planning as part

    if not options.annotations:
        raise SystemExit("name the ratings of AudioMOS track 2 with --annotations")
    lines = [part.HEAD, *part.rows(options.annotations, options.replays)]
    print("\n".join(lines))
    return "Planning", f"{part.about(options.replays)}\n\n" + "\n".join(lines)


def votes(options: argparse.Namespace) -> tuple[str, str]:
    """The table of rankings by votes in simulated arenas."""
    from benchmarks import coverage_preferences as part

    lines = [part.HEAD]
    print(part.HEAD)
    for row in part.ARENAS:
        lines.append(part.line(row, options.arenas))
        print(lines[-1], flush=True)
    return "Rankings by votes", f"{part.about(options.arenas)}\n\n" + "\n".join(lines)


def calibrating(options: argparse.Namespace) -> tuple[str, str]:
    """The table of intervals of calibrated predictors."""
    from benchmarks import coverage_calibrated as part

    if not options.published:
        raise SystemExit("name pam_music.csv with --published")
    lines = [part.HEAD, *part.rows(options.published, options.hidings)]
    print("\n".join(lines))
    return "Calibrated predictors", f"{part.about(options.hidings)}\n\n" + "\n".join(lines)


OTHER_PARTS = {"calibrated": calibrating, "planning": planning, "powered": powered, "racing": racing, "votes": votes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("intervals", "pairs", "both", *OTHER_PARTS), default="both")
    parser.add_argument("--made-up", type=int, default=1000, help="studies a row of the powered part")
    parser.add_argument("--folded", type=int, default=150, help="powered: studies a row whose heads saw the ratings")
    parser.add_argument("--hidings", type=int, default=400, help="how often ratings of rated studies are hidden")
    parser.add_argument("--rated", nargs="+", default=[], metavar="FOLDER", help="powered: studies with their audio")
    parser.add_argument("--published", default="", metavar="CSV", help="powered: pam_music.csv, MOS and predictions")
    parser.add_argument("--races", type=int, default=250, help="races a row of the racing part")
    parser.add_argument("--arenas", type=int, default=300, help="arenas a row of the votes part")
    parser.add_argument("--annotations", default="", metavar="JSONL", help="planning: ratings of AudioMOS track 2")
    parser.add_argument("--replays", type=int, default=36, help="planning: replays of every design")
    parser.add_argument("--studies", type=int, default=200, help="for the intervals")
    parser.add_argument("--draws", type=int, default=300, help="for the intervals")
    parser.add_argument("--pair-studies", type=int, default=300, help="for the pairs of systems")
    parser.add_argument("--pair-draws", type=int, default=1000, help="for the pairs of systems")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    parser.add_argument("--conformal", nargs="+", metavar="FOLDER", help="studies: the intervals of heads instead")
    parser.add_argument("--splits", type=int, default=40)
    options = parser.parse_args()
    if options.part in OTHER_PARTS:
        title, text = OTHER_PARTS[options.part](options)
        if options.write:
            write_section(title, text)
        return
    if options.part != "intervals":
        told_apart(options)
    if options.part != "pairs":
        intervals(options)


def intervals(options: argparse.Namespace) -> None:
    """Prints, and writes if wanted, the table of the metrics' intervals."""
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
        "`python -m benchmarks.coverage --part intervals --write` makes this table: how often a 95 % interval holds "
        f"the truth, in {options.studies} made-up studies with {options.draws} draws each.\n\n"
    )
    print(text + "\n".join(lines))
    if options.write:
        write_section("Coverage of the intervals", text + "\n".join(lines))


if __name__ == "__main__":
    main()
