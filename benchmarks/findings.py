"""Does QAMRO rank better than plain regression? Cross-validated on rated studies, every objective with every seed.

    python -m benchmarks.findings run --study codec_mushra=FOLDER --study lstm_music=FOLDER --study simulated --keep DIR
    python -m benchmarks.findings write --keep DIR

``run`` trains and keeps each setting's tables; ``write`` lays all that were run out in benchmarks/RESULTS.md. A study
is a fetched one by name, or NAME=FOLDER. Each seed draws its own five folds, which hold out content (sentence, song,
prompt), and its own initial weights, so that every clip is tested once a seed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.report import write_section
from qamro.encoders import load_encoder
from qamro.encoders.cached import CachedEncoder
from qamro.evaluation.agreement import ceiling, rating_matrix
from qamro.evaluation.bootstrap import interval
from qamro.evaluation.significance import holm
from qamro.studies import Study
from qamro.studies.registry import open_study
from qamro.training.embeddings import embed_study
from qamro.training.objective import paper_objective
from qamro.training.prepared import Prepared
from qamro.training.run import FitConfig
from qamro.training.splits import folds
from qamro.training.sweeps.other_clips import bootstrap_variants
from qamro.training.sweeps.seeds import by_seed, paired
from qamro.training.sweeps.sweep import Sweep, run_sweep
from qamro.training.sweeps.variants import Plan, Variant

AXES = {"simulated": ("MI", "PQ")}  # two of six, chosen before anything was run; the human studies have one each
FOLDS, HIDDEN = 5, (32, 16)
BETAS = (3, 5, 7, 9, 11)
SETTINGS = {
    "AdamW": FitConfig("adamw", lr=1e-3, batch_size=0, max_epochs=300, hidden=HIDDEN),
    "SGD of the paper": FitConfig("sgd", lr=5e-4, max_epochs=500, hidden=HIDDEN),
    "SGD, ten times the rate": FitConfig("sgd", lr=5e-3, max_epochs=300, hidden=HIDDEN),
    "AdamW, batches of 32": FitConfig("adamw", lr=1e-3, batch_size=32, max_epochs=300, hidden=HIDDEN),
}
REGRESSION, UNWEIGHTED, FIXED, MATCHED = (
    "regression alone",
    "without weighting",
    "without adaptive margin",
    "beta 1, term x q",
)
ENDS = ("", " low", " high")
CORE = (REGRESSION, "margin ranking", UNWEIGHTED, "QAMRO, beta 7", FIXED, MATCHED)


def variants(axis: str, targets: np.ndarray) -> list[Variant]:
    """All objectives of the main setting; the others run ``CORE``."""
    paper = paper_objective(axis)
    mean_weight = _mean_weight(targets, paper.beta)
    made = {
        REGRESSION: replace(paper, ranking="none"),
        "MSE alone": replace(paper, regression="mse", ranking="none"),
        "margin ranking": replace(paper, ranking="mr"),
        UNWEIGHTED: replace(paper, ranking="qamro-unweighted"),
        **{f"QAMRO, beta {beta}": replace(paper, beta=beta) for beta in BETAS},
        FIXED: replace(paper, ranking="qamro-fixed-margin"),
        MATCHED: replace(paper, ranking="qamro-unweighted", ranking_weight=mean_weight),
        "QAMRO, beta 7, term x 0.2": replace(paper, ranking_weight=0.2),
        "QAMRO, alpha 1": replace(paper, alpha=1.0),
        "QAMRO alone": replace(paper, regression="none"),
    }
    if axis == "MI":
        made["QAMRO, quality by the scale"] = replace(paper, normalize="scale", scale=(1, 5))
    return [Variant(label, objective, label in CORE) for label, objective in made.items()]


def _mean_weight(targets: np.ndarray, beta: float) -> float:
    quality = (targets - targets.min()) / (targets.max() - targets.min())
    i, j = np.triu_indices(len(targets), 1)
    unequal = targets[i] != targets[j]
    return float(1 + (beta - 1) * np.maximum(quality[i], quality[j])[unequal].mean())


def load(spec: str) -> tuple[str, Study]:
    name, _, folder = spec.partition("=")
    study = open_study(folder or name)
    if name == "lstm_music":  # -1 stands for no rating
        study = Study(study.clips, study.ratings[study.ratings["score"] >= 0], name=name, root=study.root)
    return name, study


def run(spec: str, wanted: Sequence[str], seeds: int, keep: Path) -> None:
    name, study = load(spec)
    embeddings = embed_study(study, CachedEncoder(load_encoder("logmel")))
    means = study.clip_means()
    for axis in AXES.get(name, study.axes):
        targets = means.loc[means["axis"] == axis, "mean"].to_numpy()
        ends = ceiling(rating_matrix(study, axis))
        for setting in wanted:
            chosen = [v for v in variants(axis, targets) if setting == "AdamW" or v.label in CORE]
            started, parts = time.perf_counter(), []
            for seed in range(seeds):
                split = [
                    Prepared(study, embeddings, part) for part in folds(study, FOLDS, hold_out="content", seed=seed)
                ]
                plan = Plan(seeds=[seed], config=replace(SETTINGS[setting], order=seed))
                parts.append(run_sweep(split, [axis], plan, variants=lambda _, chosen=chosen: chosen))
            target = keep / f"{name} {axis}" / setting
            target.mkdir(parents=True, exist_ok=True)
            runs = pd.concat([part.runs for part in parts]).assign(kind=study.kind)
            for level, (value, drawn) in ends.items():
                found = interval(drawn)
                runs[f"ceiling {level}"], runs[f"ceiling {level} low"] = value, found.low
                runs[f"ceiling {level} high"] = found.high
            runs.assign(seconds=round(time.perf_counter() - started, 1)).to_csv(target / "runs.csv", index=False)
            pd.concat([part.predictions for part in parts]).to_csv(target / "predictions.csv", index=False)
            print(target, f"{time.perf_counter() - started:.0f} s", flush=True)


def compare(sweep: Sweep, axis: str, level: str = "utterance", metric: str = "SRCC") -> pd.DataFrame:
    """Every variant against regression alone, and QAMRO against its own ablations; paired over seeds and over clips."""
    table = by_seed(sweep.runs, axis, level, metric)
    drawn = bootstrap_variants(sweep.predictions, axis, levels=(level,), metrics=(metric,), draws=2000)
    pairs = [
        (label, REGRESSION)
        for label in table.columns.intersection(sweep.runs["variant"].unique())
        if label != REGRESSION
    ]
    pairs += [("QAMRO, beta 7", other) for other in (UNWEIGHTED, FIXED, MATCHED, "margin ranking")]
    order = {label: k for k, label in enumerate(sweep.runs["variant"].unique())}
    pairs.sort(key=lambda pair: (pair[1] != REGRESSION, order[pair[0]], order[pair[1]]))
    rows = []
    for label, reference in pairs:
        over_seeds = paired(table[label].to_numpy(), table[reference].to_numpy())
        differences = drawn[label, level, metric] - drawn[reference, level, metric]
        ends = interval(differences, 1 - 0.05 / len(pairs))
        rows.append(
            (label, reference, over_seeds.mean, over_seeds.low, over_seeds.high, over_seeds.p, ends.low, ends.high)
        )
    columns = ["variant", "reference", "mean", "low", "high", "p", "clips_low", "clips_high"]
    found = pd.DataFrame(rows, columns=columns)
    found["holm"] = holm(found["p"].to_numpy())
    found["seeds survive"] = found["holm"] < 0.05
    found["clips survive"] = (found["clips_low"] > 0) | (found["clips_high"] < 0)
    return found


def lines(keep: Path) -> Iterator[str]:
    for study in sorted(path for path in keep.iterdir() if path.is_dir()):
        for setting in [name for name in SETTINGS if (study / name / "runs.csv").is_file()]:
            runs = pd.read_csv(study / setting / "runs.csv")
            predictions = pd.read_csv(study / setting / "predictions.csv", dtype={"system": str, "clip": str})
            yield from _section(study.name, setting, Sweep(runs, predictions.fillna({"system": ""})))


def _section(study: str, setting: str, sweep: Sweep) -> Iterator[str]:
    runs, axis = sweep.runs, str(sweep.runs["axis"].iloc[0])
    first, seeds = runs.iloc[0], runs["seed"].nunique()
    config = SETTINGS[setting]
    batch = f"batches of {config.batch_size}" if config.batch_size else "all clips in every step"
    yield (
        f"\n### {study}, {setting}\n\n"
        f"{first['kind'].capitalize()} ratings; {first['clips']} clips, {first['systems']} systems, "
        f"{seeds} seeds; {config.optimizer}, rate {config.lr:g}, {batch}, at most {config.max_epochs} epochs, patience "
        f"{config.patience}; {first['seconds']:.0f} s for {runs.groupby(['variant', 'seed']).ngroups * FOLDS} fits. "
    )
    if setting == "AdamW":
        ends = [
            "{} {:.3f} [{:.3f}, {:.3f}]".format(level, *(first[f"ceiling {level}{end}"] for end in ENDS))
            for level in ("utterance", "system")
        ]
        yield f"Human split-half ceiling (SRCC): {', '.join(ends)}."
    metrics = ("SRCC", "LCC", "KTAU", "MSE")
    yield (
        "\n| objective | epochs | "
        + " | ".join(f"{m}, clips" for m in metrics)
        + " | "
        + " | ".join(f"{m}, systems" for m in metrics)
        + " |"
    )
    yield "|---|--:|" + "--:|" * 8
    for label, part in runs.groupby("variant", sort=False):
        cells = []
        for level in ("utterance", "system"):
            for metric in metrics:
                values = part.loc[(part["level"] == level) & (part["metric"] == metric), "value"]
                cells.append(
                    f"{values.mean():.3f} ± {values.std():.3f}" if metric == "SRCC" else f"{values.mean():.3g}"
                )
        yield f"| {label} | {part['best_epoch'].mean():.0f} | " + " | ".join(cells) + " |"
    found = compare(sweep, axis)
    yield "\n| difference in utterance SRCC | over seeds, 95 % | Holm p | over clips, 95 % for all | survives |"
    yield "|---|--:|--:|--:|---|"
    for row in found.to_dict("records"):
        verdict = {
            (True, True): "both",
            (True, False): "seeds only",
            (False, True): "clips only",
            (False, False): "neither",
        }
        yield (
            f"| {row['variant']} − {row['reference']} | {row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}] | "
            f"{row['holm']:.3g} | [{row['clips_low']:+.3f}, {row['clips_high']:+.3f}] | "
            f"{verdict[bool(row['seeds survive']), bool(row['clips survive'])]} |"
        )


INTRODUCTION = f"""`python -m benchmarks.findings` runs and writes this section; everything that was run is in it.

Heads of widths {HIDDEN} on frozen LogMel embeddings; {FOLDS} folds that hold out content, drawn anew for each seed, the
next fold to stop by, so that every clip is tested once a seed. The objective is the paper's for each axis (MI: Huber,
PQ: MSE + MAE on standardised scores); the studies' own axis, on 0 to 100 and 0 to 5, gets Huber on standardised scores,
since Huber's delta of 1 and the margin of 0.1 mean little on 0 to 100 (alpha does: its margin is in the score's units).
"beta 1, term x q" is QAMRO without weighting whose ranking term is multiplied by the mean weight that beta = 7 gives a
pair: what is left between it and beta 7 is the weighting itself.

± is the deviation over seeds. "Over seeds" is a paired t-test (Holm over all rows of a table): would the same clips
give this again? "Over clips" draws systems and clips (2,000 times, paired, mean over seeds, Bonferroni): would other
clips? Clips that share content are drawn as if they did not. SRCC over 4, 8 or 12 systems has few values and is shown
without a test: with so few systems no difference could be told from chance. MSE is on the study's own scale; that of
"QAMRO alone" means nothing, because nothing ties its scores to the scale. The simulated ratings are formulas and no
evidence about people.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "write"])
    parser.add_argument("--study", action="append", default=[])
    parser.add_argument("--setting", action="append", choices=list(SETTINGS), default=[])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--keep", type=Path, required=True)
    options = parser.parse_args()
    if options.what == "run":
        torch.set_num_threads(1)
        for spec in options.study:
            run(spec, options.setting or list(SETTINGS), options.seeds, options.keep)
    else:
        write_section("Findings", INTRODUCTION + "\n".join(lines(options.keep)))


if __name__ == "__main__":
    main()
