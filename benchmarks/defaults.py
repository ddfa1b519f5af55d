"""Which default for ``train``? Candidates on systems and on studies that training never saw; several seeds.

    python -m benchmarks.defaults --study codec_mushra=FOLDER --study lstm_music=FOLDER --write

Within a study: folds that hold out whole systems, or contents, drawn anew for each seed; every clip is tested once a
seed. Across studies: trained on one (four fifths of its contents; the rest to stop by), tested on all clips of another.
``--candidate`` and ``--held`` take a part of it. A study is a fetched one by name, or NAME=FOLDER; the simulated one is
always there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import torch
from scipy.stats import spearmanr

from benchmarks.findings import load
from benchmarks.report import write_section
from qamro.encoders import load_encoder
from qamro.encoders.embedding_store import CachedEncoder
from qamro.evaluation.levels import Sample
from qamro.training.embedded_study import EmbeddedStudy, embed_study
from qamro.training.objective import OBJECTIVES
from qamro.training.splits import folds, group_of_clip
from qamro.training.trainer import FitConfig, fit_many

ADAMW = FitConfig("adamw", lr=1e-3, batch_size=0, max_epochs=300)
SMALL_BATCHES = replace(ADAMW, batch_size=32)
PAPER = FitConfig("sgd", lr=5e-4, max_epochs=500)
CANDIDATES = {
    "QAMRO": ("qamro", ADAMW),
    "Huber": ("huber", ADAMW),
    "MSE": ("mse", ADAMW),
    "QAMRO, batches of 32": ("qamro", SMALL_BATCHES),
    "Huber, batches of 32": ("huber", SMALL_BATCHES),
    "ridge regression": ("ridge", ADAMW),
    "QAMRO, paper's SGD": ("qamro", PAPER),
    "Huber, paper's SGD": ("huber", PAPER),
}
"""At 500 epochs the paper's SGD may leave regression alone untrained (see Findings)."""
HELD = {"system": "Systems held out", "content": "Contents held out"}
AXES = {"codec_mushra": ("quality",), "lstm_music": ("quality",), "simulated": ("MI", "PQ")}
ACROSS = (
    ("codec_mushra quality", "lstm_music quality"),
    ("lstm_music quality", "codec_mushra quality"),
    ("simulated MI", "lstm_music quality"),
    ("simulated PQ", "codec_mushra quality"),
    ("simulated PQ", "lstm_music quality"),
    ("simulated MI", "codec_mushra quality"),
)


Candidates = dict[str, tuple[str, FitConfig]]


def fits(
    prepared: EmbeddedStudy, axis: str, seed: int, candidates: Candidates
) -> Iterator[tuple[str, torch.nn.Module]]:
    """Trains every candidate; those that share a configuration side by side."""
    data = prepared.data(axis)
    configs = list(dict.fromkeys(config for _, config in candidates.values()))
    for config in configs:
        names = [name for name, (_, own) in candidates.items() if own == config]
        objectives = [OBJECTIVES[candidates[name][0]](axis) for name in names]
        fitted = fit_many(data, objectives, [seed] * len(names), replace(config, order=seed))
        yield from zip(names, (each.head for each in fitted), strict=True)


def within(
    studies: dict[str, tuple], held: str, seeds: int, candidates: Candidates
) -> dict[str, dict[str, np.ndarray]]:
    """Cross-validated utterance SRCC, (seeds,), and system SRCC of a study, by candidate."""
    found = {}
    for name, axis in product(AXES, ("quality", "MI", "PQ")):
        if name not in studies or axis not in AXES[name]:
            continue
        study, embeddings = studies[name]
        count = min(5, len(set(group_of_clip(study, held).values())))
        system = dict(zip(study.clips["clip"], study.clips["system"], strict=True))
        scores: dict[str, list[dict[str, float]]] = {candidate: [] for candidate in candidates}
        for seed in range(seeds):
            predicted: dict[str, list[np.ndarray]] = {candidate: [] for candidate in candidates}
            human, of = [], []
            for part in folds(study, count, hold_out=held, seed=seed):
                prepared = EmbeddedStudy(study, embeddings, part)
                clips, features, targets = prepared.test(axis)
                human.append(targets.double().numpy())
                of += [system[clip] for clip in clips]
                for candidate, head in fits(prepared, axis, seed, candidates):
                    with torch.inference_mode():
                        predicted[candidate].append(head(features).double().numpy())
            for candidate, parts in predicted.items():
                sample = Sample(np.concatenate(parts), np.concatenate(human), np.array(of))
                scores[candidate].append({lv: sample.measure(lv, ("SRCC",))["SRCC"] for lv in ("utterance", "system")})
        found[f"{name} {axis}"] = {
            candidate: np.array([[row["utterance"], row["system"]] for row in rows])
            for candidate, rows in scores.items()
        }
        print(
            held,
            name,
            axis,
            {key: values.mean(axis=0).round(3) for key, values in found[f"{name} {axis}"].items()},
            flush=True,
        )
    return found


def across(studies: dict[str, tuple], seeds: int, candidates: Candidates) -> dict[str, dict[str, np.ndarray]]:
    """Utterance SRCC on a study that training never saw, (seeds,), by candidate."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for source, target in ACROSS:
        (one, axis), (other, judged) = source.split(), target.split()
        if one not in studies or other not in studies:
            continue
        study, embeddings = studies[one]
        tested, embedded = studies[other]
        means = tested.clip_means()
        mos = means[means["axis"] == judged].set_index("clip")["mean"].reindex(embedded.clips)
        rated = mos.notna().to_numpy()
        scores: dict[str, list[float]] = {candidate: [] for candidate in candidates}
        for seed in range(seeds):
            part = dict(folds(study, 5, hold_out="content", seed=seed)[0])
            part["train"], part["test"] = part["train"] + part["test"], []
            for candidate, head in fits(EmbeddedStudy(study, embeddings, part), axis, seed, candidates):
                with torch.inference_mode():
                    predictions = head(embedded.audio).double().numpy()
                scores[candidate].append(float(spearmanr(predictions[rated], mos[rated]).statistic))
        found[f"{source} to {target}"] = {key: np.array(values) for key, values in scores.items()}
        print(source, target, {key: np.mean(values).round(3) for key, values in scores.items()}, flush=True)
    return found


def lines(
    blocks: dict[str, dict[str, dict[str, np.ndarray]]], seeds: int, seconds: float, candidates: Candidates
) -> Iterator[str]:
    """Tables: a row a task, a column a candidate; then mean, average rank, and how often each does best."""
    yield (
        "`python -m benchmarks.defaults` measures what `train` should do unless told otherwise. Heads of widths "
        "(128, 64) on frozen LogMel embeddings, all candidates in the same folds; AdamW, rate 1e-3, all clips in every "
        "step unless said, at most 300 epochs, patience 20; the paper's SGD: rate 5e-4, batches of 256, at most 500. "
        f"{seeds} seeds, each with its own folds and initial weights; {seconds:.0f} s. Values are utterance SRCC, mean "
        "± deviation over seeds; they rest on few clips and rank candidates, not encoders. A negative value: the head "
        "orders the clips the wrong way round. Simulated ratings are formulas and no evidence about people."
    )
    everything: list[list[float]] = []
    for title, tasks in blocks.items():
        yield f"\n### {title}\n\n| task | " + " | ".join(candidates) + " |\n|---|" + "--:|" * len(candidates)
        for task, values in tasks.items():
            of_clips = {name: runs[:, 0] if runs.ndim == 2 else runs for name, runs in values.items()}
            means = [float(np.nanmean(of_clips[name])) for name in candidates]
            everything.append(means)
            cells = [
                f"{'**' if mean == max(means) else ''}{mean:.3f}{'**' if mean == max(means) else ''} ± "
                f"{f'{np.nanstd(of_clips[name], ddof=1):.3f}' if seeds > 1 else '?'}"
                for name, mean in zip(candidates, means, strict=True)
            ]
            yield f"| {task} | " + " | ".join(cells) + " |"
    table = np.array(everything)
    ranks = (-table).argsort(axis=1).argsort(axis=1) + 1
    yield f"\n### All {len(table)} tasks\n\n| | " + " | ".join(candidates) + " |\n|---|" + "--:|" * len(candidates)
    yield "| mean SRCC | " + " | ".join(f"{value:.3f}" for value in table.mean(axis=0)) + " |"
    yield "| average rank | " + " | ".join(f"{value:.2f}" for value in ranks.mean(axis=0)) + " |"
    yield "| best on | " + " | ".join(str(int(value)) for value in (ranks == 1).sum(axis=0)) + " |"
    ahead = (table > table[:, [0]]).sum(axis=0)
    yield f"| ahead of {next(iter(candidates))} on | " + " | ".join(str(int(value)) for value in ahead) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", action="append", default=[])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--candidate", action="append", choices=list(CANDIDATES), default=[], help="All unless set.")
    parser.add_argument("--held", action="append", choices=[*HELD, "study"], default=[], help="All three unless set.")
    parser.add_argument("--write", action="store_true", help="Into benchmarks/RESULTS.md.")
    options = parser.parse_args()
    torch.set_num_threads(1)
    started, studies = time.perf_counter(), {}
    for spec in [*options.study, "simulated"]:
        name, study = load(spec)
        studies[name] = (study, embed_study(study, CachedEncoder(load_encoder("logmel"))))
    candidates = {name: CANDIDATES[name] for name in options.candidate or CANDIDATES}
    wanted = options.held or [*HELD, "study"]
    blocks = {HELD[held]: within(studies, held, options.seeds, candidates) for held in HELD if held in wanted}
    if "study" in wanted:
        blocks["Studies that training never saw"] = across(studies, options.seeds, candidates)
    text = "\n".join(lines(blocks, options.seeds, time.perf_counter() - started, candidates))
    if options.write:
        write_section("Defaults", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
