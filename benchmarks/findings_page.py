"""Lays out in words and tables what ``benchmarks.findings`` ran."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.findings_setup import EQUATION_1, FOLDS, HIDDEN, MATCHED, REGRESSION, SETTINGS, UNWEIGHTED
from qamro.evaluation.bootstrap import interval
from qamro.evaluation.significance import holm
from qamro.training.sweeps.seeds import by_seed, paired
from qamro.training.sweeps.setup import FIXED_MARGIN, RIDGE
from qamro.training.sweeps.sweep import Sweep
from qamro.training.sweeps.system_places import bootstrap_variants

ENDS = ("", " low", " high")


def compare(sweep: Sweep, axis: str, level: str = "utterance", metric: str = "SRCC") -> pd.DataFrame:
    """Every variant against regression alone, and QAMRO against its own ablations; paired over seeds and over clips."""
    table = by_seed(sweep.runs, axis, level, metric)
    drawn = bootstrap_variants(sweep.predictions, axis, levels=(level,), metrics=(metric,), draws=2000)
    pairs = [
        (label, REGRESSION)
        for label in table.columns.intersection(sweep.runs["variant"].unique())
        if label != REGRESSION
    ]
    pairs += [("QAMRO, beta 7", other) for other in (UNWEIGHTED, EQUATION_1, FIXED_MARGIN, MATCHED, RIDGE)]
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
        f"{seeds} seeds; {first['encoder']}; "
        f"{config.optimizer}, rate {config.lr:g}, {batch}, at most {config.max_epochs} epochs, patience "
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
pair: what is left between it and beta 7 is the weighting itself. "Without adaptive margin" is the paper's ablation:
regression + L_MR (Eq. 1, margin 0.1; the paper does not give its margin), without weights. "{FIXED_MARGIN}" has
Eq. 3's weights on that margin, which the paper does not have. Ridge regression is solved on the same features, its
penalty chosen within the training part; it has no seeds but those of the folds.

± is the deviation over seeds. "Over seeds" is a paired t-test (Holm over all rows of a table): would the same clips
give this again? "Over clips" draws systems and clips (2,000 times, paired, mean over seeds, Bonferroni): would other
clips? Clips that share content are drawn as if they did not. SRCC over 4, 8 or 12 systems has few values and is shown
without a test: with so few systems no difference could be told from chance. MSE is on the study's own scale; that of
"QAMRO alone" means nothing, because nothing ties its scores to the scale. The simulated ratings are formulas and no
evidence about people.
"""
