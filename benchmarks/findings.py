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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from benchmarks.findings_page import INTRODUCTION, lines
from benchmarks.findings_setup import AXES, CORE, FOLDS, SETTINGS, variants
from benchmarks.report import write_section
from qamro.encoders import load_encoder
from qamro.encoders.embedding_store import CachedEncoder
from qamro.evaluation.agreement import ceiling, rating_matrix
from qamro.evaluation.bootstrap import interval
from qamro.studies import Study
from qamro.studies.registry import open_study
from qamro.training.embedded_study import EmbeddedStudy, embed_study
from qamro.training.splits import folds
from qamro.training.sweeps.setup import Plan
from qamro.training.sweeps.sweep import run_sweep


def load(spec: str) -> tuple[str, Study]:
    name, _, folder = spec.partition("=")
    study = open_study(folder or name)
    if name == "lstm_music":  # -1 stands for no rating
        study = Study(study.clips, study.ratings[study.ratings["score"] >= 0], name=name, root=study.root)
    return name, study


def run(spec: str, wanted: Sequence[str], seeds: int, keep: Path) -> None:
    name, study = load(spec)
    encoder = load_encoder("logmel")
    embeddings = embed_study(study, CachedEncoder(encoder))
    means = study.clip_means()
    for axis in AXES.get(name, study.axes):
        targets = means.loc[means["axis"] == axis, "mean"].to_numpy()
        ends = ceiling(rating_matrix(study, axis))
        for setting in wanted:
            chosen = [v for v in variants(axis, targets) if setting == "AdamW" or v.label in CORE]
            started, parts = time.perf_counter(), []
            for seed in range(seeds):
                split = [
                    EmbeddedStudy(study, embeddings, part)
                    for part in folds(study, FOLDS, hold_out="content", seed=seed)
                ]
                plan = Plan(seeds=[seed], config=replace(SETTINGS[setting], order=seed))
                parts.append(run_sweep(split, [axis], plan, variants=lambda _, chosen=chosen: chosen))
            target = keep / f"{name} {axis}" / setting
            target.mkdir(parents=True, exist_ok=True)
            runs = pd.concat([part.runs for part in parts]).assign(
                kind=study.kind, encoder=f"{encoder.name} r{encoder.revision}"
            )
            for level, (value, drawn) in ends.items():
                found = interval(drawn)
                runs[f"ceiling {level}"], runs[f"ceiling {level} low"] = value, found.low
                runs[f"ceiling {level} high"] = found.high
            runs.assign(seconds=round(time.perf_counter() - started, 1)).to_csv(target / "runs.csv", index=False)
            pd.concat([part.predictions for part in parts]).to_csv(target / "predictions.csv", index=False)
            print(target, f"{time.perf_counter() - started:.0f} s", flush=True)


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
