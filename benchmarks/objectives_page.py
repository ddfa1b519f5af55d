"""Lays out in words and tables what ``benchmarks.objectives`` ran."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from qamro.training.compare_objectives.sections import order_in_words, verdict
from qamro.training.compare_objectives.tables import average_ranks
from qamro.training.simulated_corpus import Corpus

NAMES = {"loss": "each objective's own validation loss", "srcc": "validation SRCC"}
METRICS = ("SRCC", "LCC", "KTAU", "MSE")


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


def introduction(corpus: Corpus) -> str:
    """What stands above the tables."""
    return f"""`python -m benchmarks.objectives` runs and writes this section; everything that was run is in it.
`python -m qamro compare-objectives --study NAME` is the same comparison on any study.

Equal terms: frozen LogMel embeddings; one architecture for all (hidden widths 32 and 16, a distribution over 20 bins
whose expectation is the score; for TA, projections of sound and prompt to a common space whose cosine SAMA trains); the
same folds, seeds, order of batches (of 256 clips), AdamW, at most 300 epochs, patience 20. The best epoch is that of
each objective's own validation loss, as in the papers; in sections named so it is that of the validation SRCC, a
criterion common to all. Of a few learning rates, each objective gets in each fold the one with the best validation
SRCC; the table shows the median, and the median best epoch. On the studies' own axes (0 to 100, 0 to 5), Huber, QAMRO
and the listwise losses see standardised scores. BALR stands beside Huber with weight 0.2; QAMRO and soft Spearman
beside Huber with weight 1. Where there is no prompt, SAMA falls away, and its objective is the one without it.

± is half the 95 % t-interval over seeds of the mean: chance in training, on these clips and these folds. Brackets are
the 95 % bootstrap over systems, and clips within them, of that mean: other clips; it is biased downwards near 1 and
with few systems. The tests are a paired t-test over seeds and a paired bootstrap over clips against Huber, each with
Holm's correction over the objectives of a study and level; a difference survives when both stay below .05. `corpus` is
a simulated corpus of {corpus.systems} systems whose clips are also rated for TA against {corpus.catches} prompts that
they were not made for. Simulated ratings are formulas and no evidence about people.
"""
