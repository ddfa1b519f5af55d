"""Do heads gain when every rating trains? Folds beside a single split, on clips that neither saw.

    python -m benchmarks.folds --study codec_mushra=FOLDER --study lstm_music=FOLDER [--repeats 10] --write

Nested: a fifth of the contents, or of the systems, is held out (drawn anew for each repeat, every clip tested once a
repeat); on the rest heads are trained by one split (55 % to fit, the best of three seeds) or in folds (all seeds of all
folds together), and beside these the same three seeds trained on all the rest, for as many epochs as the folds took.
Coverage and width are those of the 90 % intervals that each way calibrates for itself. What is done stays in --keep,
and a run that was killed goes on from there.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from benchmarks.findings import load
from benchmarks.report import write_section
from qamro.encoders import load_encoder
from qamro.encoders.embedding_store import CachedEncoder
from qamro.studies import Study
from qamro.training.cards import calibrated, chosen
from qamro.training.embedded_study import Data, EmbeddedStudy, Embeddings, Fit, embed_study, whole
from qamro.training.presets import Settings
from qamro.training.recipe import Recipe, fit_axis, recipe_of
from qamro.training.splits import folds, split
from qamro.training.trainer import fit_many

AXIS, OUTER = "quality", 5
HELD = ("content", "system")
OBJECTIVES = ("huber", "ridge")


def part_of(embeddings: Embeddings, clips: Iterable[str]) -> Embeddings:
    """The embeddings of some clips."""
    kept = set(clips)
    rows = torch.tensor([i for i, clip in enumerate(embeddings.clips) if clip in kept])
    names = [embeddings.clips[i] for i in rows.tolist()]
    return Embeddings(names, embeddings.audio[rows], None, embeddings.has_prompt[rows], {})


def prepare(study: Study, embeddings: Embeddings, held: str, count: int, seed: int) -> EmbeddedStudy:
    """The rest of a study, split once or in folds."""
    parted = folds(study, count, hold_out=held, seed=seed) if count else []
    parts = whole(study) if parted else split(study, hold_out=held, seed=seed)
    return EmbeddedStudy(study, embeddings, parts, held, parted)


def trained(prepared: EmbeddedStudy, recipe: Recipe) -> Fit:
    """Trains as ``train`` does."""
    return chosen(recipe, {AXIS: fit_axis(prepared, AXIS, recipe)})[AXIS]


def refitted(prepared: EmbeddedStudy, recipe: Recipe, epochs: int) -> Fit:
    """Trains on all of the rest, for the median of the folds' epochs; the mean of the seeds' heads."""
    every = prepared.data(AXIS)
    data = Data(every.features, every.targets, every.features, every.targets, every.contents)
    config = replace(recipe.config, max_epochs=max(1, epochs), patience=10**6)
    fits = fit_many(data, [recipe.objective(AXIS)] * len(recipe.seeds), recipe.seeds, config)
    return Fit.of_folds([fits])


SPLIT, FOLDED, REFITTED = "one split", "5 folds", "5 folds, then all"
WAYS = {SPLIT: 0, FOLDED: 5, REFITTED: 5}
"""By name, the number of folds."""


def outer_folds(study: Study, embeddings: Embeddings, held: str, objective: str, seed: int) -> Iterator[dict[str, Any]]:
    """Trains all ways on every outer rest, with seeds of its own; yields a row a way and outer fold."""
    recipe = recipe_of(Settings((AXIS,), objective=objective, hold_out=held), "rest", "")
    recipe = replace(recipe, seeds=range(3 * seed, 3 * seed + 3))
    for outer, parts in enumerate(folds(study, OUTER, hold_out=held, seed=seed)):
        tested = set(parts["test"])
        rest = study.of_clips(clip for clip in study.clips["clip"] if clip not in tested)
        own, others = part_of(embeddings, rest.clips["clip"]), part_of(embeddings, tested)
        epochs = 0
        for way, count in WAYS.items():
            groups = min(count, rest.clips["system"].nunique()) if held == "system" else count
            prepared = prepare(rest, own, held, groups, seed)
            started = time.process_time()
            fit = refitted(prepared, recipe, epochs) if way == REFITTED else trained(prepared, recipe)
            seconds, epochs = time.process_time() - started, fit.best_epoch
            with torch.inference_mode():
                scores = dict(zip(others.clips, fit.head(others.audio).tolist(), strict=True))
            width = math.inf if way == REFITTED else calibrated(prepared, {AXIS: fit.head}).half_width[AXIS]
            yield {"outer": outer, "way": way, "scores": scores, "width": width, "seconds": seconds}


def measured(row: dict[str, Any], means: pd.Series, spread: float) -> dict[str, float]:
    """Rank correlation over the clips of an outer fold, and the squared error as a share of the MOS's variance."""
    scores = pd.Series(row["scores"])
    y = means[scores.index]
    return {"srcc": float(spearmanr(scores, y)[0]), "error": float(((scores - y) ** 2).mean() / spread)}


def told(values: list[float]) -> str:
    """Mean and standard error."""
    known = np.array(values)[np.isfinite(values)]
    return f"{known.mean():.3f} ± {known.std(ddof=1) / math.sqrt(len(known)):.3f}"


def table(studies: dict[str, Study], rows: list[dict[str, Any]]) -> str:
    """Lays the rows out."""
    lines = [
        "| study | held out | objective | way | clips SRCC | differs by | error | differs by | held | half width "
        "| processor |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for (name, study), held, objective in product(studies.items(), HELD, OBJECTIVES):
        means = study.clip_means().set_index("clip")["mean"]
        some = [row for row in rows if (row["study"], row["held"], row["objective"]) == (name, held, objective)]
        numbers: dict[str, dict[tuple[int, int], dict[str, float]]] = {way: {} for way in WAYS}
        for row in some:
            numbers[row["way"]][row["repeat"], row["outer"]] = measured(row, means, float(means.var(ddof=0)))
        for way, found in numbers.items():
            both = sorted(found.keys() & numbers[SPLIT].keys())
            if len(both) < 2:
                continue
            own = [row for row in some if row["way"] == way]
            cells = [name, held, objective, way]
            for key in ("srcc", "error"):
                gains = [found[place][key] - numbers[SPLIT][place][key] for place in both]
                cells += [told([found[place][key] for place in both]), "–" if way == SPLIT else told(gains)]
            inside = [
                abs(score - means[clip]) <= row["width"]
                for row in own
                if math.isfinite(row["width"])
                for clip, score in row["scores"].items()
            ]
            widths = [row["width"] for row in own if math.isfinite(row["width"])]
            cells += [f"{100 * np.mean(inside):.1f} %", f"{np.mean(widths):.2f}"] if inside else ["–", "–"]
            lines.append("| " + " | ".join([*cells, f"{np.mean([row['seconds'] for row in own]):.1f} s"]) + " |")
    return "\n".join(lines)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", action="append", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--keep", type=Path, default=Path("folds.jsonl"), help="rows that are done")
    parser.add_argument("--write", action="store_true", help="put the table into RESULTS.md")
    given = parser.parse_args()
    studies = dict(load(text) for text in given.study)
    encoder = CachedEncoder(load_encoder("logmel"))
    embeddings = {name: embed_study(study, encoder) for name, study in studies.items()}
    rows = [json.loads(line) for line in given.keep.read_text().splitlines()] if given.keep.exists() else []
    keys = ("study", "held", "objective", "repeat")
    done = [tuple(row[key] for key in keys) for row in rows]
    for place in product(range(given.repeats), HELD, studies, OBJECTIVES):
        repeat, held, name, objective = place
        if done.count((name, held, objective, repeat)) == len(WAYS) * OUTER:
            continue
        if held == "system" and studies[name].clips["system"].nunique() <= OUTER:
            continue  # without a fifth of the systems too few are left to hold some out again
        about = dict(zip(keys, (name, held, objective, repeat), strict=True))
        made = [about | row for row in outer_folds(studies[name], embeddings[name], held, objective, repeat)]
        rows += made
        with given.keep.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in made)
        print(table(studies, rows), flush=True)
    text = (
        "`python -m benchmarks.folds --study NAME=FOLDER … --write` makes this table: log-mel features; mean and "
        f"standard error over {OUTER} outer folds in {max(row['repeat'] for row in rows) + 1} repeats. Differences "
        "are paired with the single split, outer fold by outer fold. Error is the mean squared error divided by the "
        "variance of the MOS; held and half width are of the 90 % intervals, where there are enough groups for one; "
        "processor is what one training took on one core. lstm_music has four systems, too few to hold some out "
        "twice.\n\n"
    )
    if given.write:
        write_section("Folds", text + table(studies, rows))


if __name__ == "__main__":
    main()
