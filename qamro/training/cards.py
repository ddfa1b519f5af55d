"""The card and the record of what was trained: data, software, figures on held-out clips, conformal intervals."""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from qamro.heads import Card
from qamro.heads.domain import Domain
from qamro.heads.fold_heads import KnownClips
from qamro.studies.summary import study_summary
from qamro.training import rewards
from qamro.training.embedded_study import EmbeddedStudy, Fit
from qamro.training.splits import PARTS, group_of_clip, name_of_groups
from qamro.versions import versions

if TYPE_CHECKING:
    import torch

    from qamro.training.objective import Objective
    from qamro.training.recipe import Recipe
    from qamro.training.trainer import Fit, FitConfig


def chosen(recipe: Recipe, fits: Mapping[str, Sequence[Fit]]) -> dict[str, Fit]:
    """Returns for each axis the best of its fits, by what training was stopped by; those of folds all together."""

    def one(found: Sequence[Fit]) -> Fit:
        if found[0].folds:
            return Fit.of_folds(list(zip(*(fitted.folds for fitted in found), strict=True)))
        return found[recipe.config.choose([fitted.best_row for fitted in found])]

    return {axis: one(found) for axis, found in fits.items()}


def make_card(
    prepared: EmbeddedStudy,
    recipe: Recipe,
    best: Mapping[str, Fit],
    *,
    encoder: dict[str, str],
    objective: dict[str, str],
    settings: Mapping[str, Any],
    seconds: float,
    model: str = "",
) -> Card:
    """Tests what was trained and says on a card what it is worth.

    Args:
        prepared: The study, embedded and split.
        recipe: How it was trained.
        best: For each axis the fit that is kept.
        encoder: What the card says of the encoder.
        objective: For each axis its loss in words.
        settings: What the card says of model and optimiser.
        seconds: Spent on epochs.
        model: What was trained, where it is more than heads.
    """
    study, clips = prepared.study, {part: len(prepared.readable(part)) for part in _parts_of(prepared)}
    heads = {axis: fitted.head for axis, fitted in best.items()}
    calibration = calibrated(prepared, heads)
    return Card(
        name=recipe.name,
        kind=study.kind,
        encoder=encoder,
        study=study_summary(study),
        objective=objective,
        training={
            "command": recipe.command,
            **({"model": model} if model else {}),
            "seeds": list(recipe.seeds),
            "clips": clips,
            "held out": prepared.hold_out,
            **({"folds": len(prepared.folds)} if prepared.folds else {}),
            **({"votes": rewards.about(prepared)} if prepared.question else {}),
            **({} if calibration.what == "clips" else {calibration.what: calibration.groups}),
            "best epoch": {axis: fitted.best_epoch for axis, fitted in best.items()},
            **settings,
            **versions(),
            "seconds": round(seconds, 2),
            "device": recipe.device,
        },
        metrics=held_out_metrics(prepared, heads),
        half_width=calibration.half_width,
        interval=calibration.interval,
        held_out=held_out_in_words(prepared),
        rated={} if prepared.question else rating_ranges(prepared, list(best)),
    )


def domain_tensors(prepared: EmbeddedStudy) -> dict[str, torch.Tensor]:
    """Returns what is kept of the training clips beside the heads: their kind, if it can be told, and their folds."""
    domain = fit_domain(prepared)
    found = domain.tensors() if domain is not None else {}
    if prepared.folds:
        clips = prepared.embeddings.clips
        found |= KnownClips.of_clips(prepared.kinds(clips), [prepared.fold_of[clip] for clip in clips]).tensors()
    return found


def make_record(
    prepared: EmbeddedStudy, recipe: Recipe, card: Card, probe: torch.Tensor, fits: Mapping[str, Sequence[Fit]]
) -> dict[str, Any]:
    """Returns the record of a run, and puts the fingerprint of the encoder on its card.

    Args:
        prepared: The study, embedded and split.
        recipe: How it was trained.
        card: Gets the hash of the encoder.
        probe: The encoder's answer to a fixed sound.
        fits: For each axis, one fit a seed.
    """
    card.encoder["hash"] = hashlib.sha256(probe.numpy().tobytes()).hexdigest()[:16]
    axes = {
        axis: fit_record(
            recipe.objective(axis), recipe.seeds, found, held_out_by_fit(prepared, axis, found), recipe.config
        )
        for axis, found in fits.items()
    }
    parts = {f"fold {k}": fold["test"] for k, fold in enumerate(prepared.folds, 1)} or prepared.parts
    record = run_record(card, recipe.config, parts, axes)
    return record | {"unreadable clips": dict(prepared.embeddings.failed)}


# What a run record says: settings, data, software, and how every seed went.


def fit_record(
    objective: Objective,
    seeds: Sequence[int],
    fits: Sequence[Fit],
    held_out: Sequence[Mapping[str, Any]],
    config: FitConfig,
) -> dict[str, Any]:
    """Returns what a run record says of one axis.

    Args:
        objective: What was minimised.
        seeds: S seeds.
        fits: S fits; of folds, all seeds are kept, and a seed's history is the mean of its folds.
        held_out: S results on the test part.
        config: How they were fitted; says which is kept.
    """
    kept = config.choose([fitted.best_row for fitted in fits])
    return {
        "objective": {"in words": str(objective), **objective.record()},
        "kept seed": list(seeds) if fits[kept].folds else seeds[kept],
        "seconds": round(fits[kept].seconds, 2),
        "seeds": [
            {
                "seed": seed,
                "best_epoch": fitted.best_epoch,
                "val_loss": fitted.val_loss,
                "held_out": tested,
                "history": fitted.history,
            }
            | (
                {"folds": [{"best_epoch": one.best_epoch, "val_loss": one.val_loss} for one in fitted.folds]}
                if fitted.folds
                else {}
            )
            for seed, fitted, tested in zip(seeds, fits, held_out, strict=True)
        ],
    }


def run_record(
    card: Card, config: FitConfig, parts: Mapping[str, Sequence[str]], axes: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns what is written beside heads and card: all that it takes to trace or repeat a run.

    Args:
        card: The heads' card.
        config: How each head was fitted.
        parts: For each part, its clips.
        axes: For each axis, its ``fit_record``.
    """
    split = "\n".join(f"{part}: {clip}" for part, clips in parts.items() for clip in sorted(clips))
    return {
        "name": card.name,
        "command": card.training["command"],
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": card.training["seconds"],
        "device": _device(card.training["device"]),
        "config": asdict(config),
        "encoder": card.encoder,
        "study": card.study,
        "split": {"hash": hashlib.sha256(split.encode()).hexdigest(), "clips": card.training["clips"]},
        "versions": versions(),
        "axes": dict(axes),
    }


def _device(name: str) -> dict[str, Any]:
    import torch

    together = torch.distributed.is_available() and torch.distributed.is_initialized()
    processes = {"processes": torch.distributed.get_world_size()} if together else {}
    if name.startswith("cuda"):
        return {"name": name, "gpu": torch.cuda.get_device_name(name), "gpus": torch.cuda.device_count(), **processes}
    return {"name": name, "threads": torch.get_num_threads(), "machine": platform.machine(), **processes}


# What heads are worth on clips that training never saw.

LEVEL = 0.9
"""Coverage of the intervals on the card."""


def held_out_metrics(prepared: EmbeddedStudy, heads: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Evaluates heads on the test part; returns rows for the card, with None for what is undefined.

    An axis that nobody rated there has no rows.
    """
    from qamro.evaluation import evaluate

    if prepared.question:
        return [row for axis, head in heads.items() for row in rewards.metrics(prepared, axis, head)]
    tested = {axis: head for axis, head in heads.items() if prepared.test(axis)[0]}
    if not tested:
        return []
    clips = prepared.parts["test"]
    table = evaluate(prepared.study.of_clips(clips), prepared.predict(clips, tested), axes=list(tested)).table
    columns = ["axis", "level", "metric", "value", "low", "high", "clips", "systems", "hint", "note"]
    table = table[columns].round(4).astype(object)
    return table.where(table.notna(), None).to_dict("records")


def held_out_by_fit(prepared: EmbeddedStudy, axis: str, fits: Sequence[Fit]) -> list[dict[str, dict[str, float]]]:
    """Returns for each fit its metrics on the test part, by level: how far seeds alone move them."""
    from qamro.evaluation.levels import LEVELS, Sample

    if prepared.question:
        rows = [rewards.metrics(prepared, axis, fitted.head, draws=2) for fitted in fits]
        return [{row["level"]: {row["metric"]: row["value"]} for row in found} for found in rows]
    clips, _, targets = prepared.test(axis)
    if not clips:
        return [{} for _ in fits]
    systems = dict(zip(prepared.study.clips["clip"], prepared.study.clips["system"], strict=True))
    of_clips = np.array([systems[clip] for clip in clips], dtype=str)
    predicted = [prepared.predict(clips, {axis: fitted.head})[axis].to_numpy(float) for fitted in fits]
    samples = [Sample(scores, targets.double().numpy(), of_clips) for scores in predicted]
    return [{level: dict(sample.measure(level)) for level in LEVELS} for sample in samples]


@dataclass(frozen=True)
class Calibration:
    """Conformal intervals from the calibration part, whole groups at a time.

    Attributes:
        half_width: For each axis, half the width of its interval; infinite where too few groups were held out.
        interval: What the intervals are, or why there are none, in a sentence.
        groups: In how many groups the clips of each part are.
        what: What a group is: systems, sources, prompts or clips.
    """

    half_width: dict[str, float]
    interval: str
    groups: dict[str, int]
    what: str


def calibrated(prepared: EmbeddedStudy, heads: Mapping[str, Any]) -> Calibration:
    """Calibrates the intervals of heads on the calibration part.

    Clips are grouped by what the split held out. Where it was systems and content, by the one of which fewer were left
    to calibrate on: clips go together in both, and the coarser groups promise no more than there is evidence for.
    """
    clips, held = prepared.readable("calibration"), prepared.hold_out
    ways = {way: group_of_clip(prepared.study, way) for way in (("system", "content") if held == "both" else (held,))}
    way = min(ways, key=lambda name: len({ways[name][clip] for clip in clips}))
    group_of, what = ways[way], name_of_groups(prepared.study, way)
    parts = {part: len({group_of[clip] for clip in prepared.readable(part)}) for part in _parts_of(prepared)}
    if prepared.question:
        return Calibration(dict.fromkeys(heads, math.inf), rewards.INTERVAL, parts, what)
    table = prepared.predict(clips, heads).set_index("clip")
    widths = {}
    for axis in heads:
        rows, targets = prepared.targets(clips, axis)
        rated = [prepared.embeddings.clips[i] for i in rows.tolist()]
        width = math.inf  # an axis that is rated on few clips may have none here
        if rated:
            names = [group_of[clip] for clip in rated]
            width = half_width(targets.numpy(), table.loc[rated, axis].to_numpy(), names, LEVEL)
        widths[axis] = round(width, 4)
    who = "simulated " if prepared.study.kind == "simulated" else ""
    count, level = len({group_of[clip] for clip in clips}), f"{100 * LEVEL:.0f} %"
    how, folds = ("cross-conformal", f" ({len(prepared.folds)} folds)") if prepared.folds else ("conformal", "")
    if all(math.isinf(width) for width in widths.values()):
        had = f"there {'is' if count == 1 else 'are'} {count} ({len(clips)} {who}clips)" if count else "there is none"
        text = f"no interval: {level} needs {groups_needed(LEVEL)} held-out {what} to calibrate on, and {had}"
    elif what == "clips":
        text = f"{level} {how} interval from {len(clips)} held-out {who}clips{folds}"
    else:
        text = f"{level} {how} interval by groups, from {len(clips)} {who}clips of {count} held-out {what}{folds}"
    return Calibration(widths, text, parts, what)


def held_out_in_words(prepared: EmbeddedStudy) -> str:
    """Says what the test part is, next to the training clips: other sources of the same 8 systems, for example."""
    clips = prepared.readable("test")
    table = prepared.study.clips
    systems = table.loc[table["clip"].isin(clips) & (table["system"] != ""), "system"].nunique()
    if not clips:
        return ""
    count = f"{systems} {'system' if systems == 1 else 'systems'}"
    what = name_of_groups(prepared.study, "content")
    if prepared.folds:
        own = "system" if prepared.hold_out == "system" else what[:-1]
        return f"all {len(clips)} clips, each by heads of {len(prepared.folds)} folds that never heard its {own}"
    if prepared.hold_out == "content":
        return f"other {what} of the same {count}" if systems else f"other {what}"
    return f"{f'other {what} of ' if prepared.hold_out == 'both' else ''}{count} that training never heard"


def _parts_of(prepared: EmbeddedStudy) -> Sequence[str]:
    """The parts that a card counts: in folds every clip trains and is tested, and there are no others."""
    return ("train", "test") if prepared.folds else PARTS


def fit_domain(prepared: EmbeddedStudy) -> Domain | None:
    """Keeps what the training clips are like; None where too few clips were held out to say how far is far."""
    if prepared.folds:
        import torch

        kept = _sounds(prepared, prepared.readable("train"))
        named = group_of_clip(prepared.study, prepared.hold_out)
        folds = torch.tensor([prepared.fold_of[clip] for clip in kept])
        return Domain.cross_fit(prepared.kinds(kept), folds, len({named[clip] for clip in kept}))
    held = [clip for part in ("validation", "calibration") for clip in prepared.readable(part)]
    ways = ("system", "content") if prepared.hold_out == "both" else (prepared.hold_out,)
    groups = min(len(set(map(group_of_clip(prepared.study, way).__getitem__, held))) for way in ways)
    own = _sounds(prepared, prepared.readable("train"))
    return Domain.fit(prepared.kinds(own), prepared.kinds(_sounds(prepared, held)), groups)


def rating_ranges(prepared: EmbeddedStudy, axes: Sequence[str]) -> dict[str, list[float]]:
    """Returns for each axis the lowest and the highest rating that a training clip was given."""
    ratings = prepared.study.ratings
    ratings = ratings[ratings["clip"].isin(prepared.readable("train"))]
    scores = {axis: ratings.loc[ratings["axis"] == axis, "score"] for axis in axes}
    return {axis: [float(found.min()), float(found.max())] for axis, found in scores.items() if len(found)}


def _sounds(prepared: EmbeddedStudy, clips: Sequence[str]) -> list[str]:
    """Leaves out clips that are another one's sound against another prompt."""
    table = prepared.study.clips
    if "catch_of" not in table:
        return list(clips)
    catches = set(table.loc[table["catch_of"] != "", "clip"])
    return [clip for clip in clips if clip not in catches]


# Conformal intervals: how far predictions are from the MOS of clips that training never saw.
#
# Clips of one system err alike, and so do clips of one song: they are not exchangeable with those of another. So
# whole groups are calibrated on, those that the split held out, and the correction for a finite sample counts groups.

_ROUNDING = 1e-9
"""What sums of shares may lack."""


def groups_needed(level: float) -> int:
    """Returns how many groups an interval of a level needs: 9 for 90 %.

    Raises:
        ValueError: The level is not in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level is between 0 and 1, not {level}")
    return math.ceil(level / (1 - level) - _ROUNDING)


def half_width(targets: np.ndarray, predictions: np.ndarray, groups: Sequence[str], level: float = 0.9) -> float:
    """Returns half the width of an interval that holds the MOS of a clip of a new group with a given probability.

    Hierarchical conformal prediction (Lee, Barber and Willett, "Distribution-free inference with hierarchical data",
    arXiv 2306.06342): of K groups with n_k clips each residual |y - ŷ| weighs 1 / ((K + 1) n_k), infinity weighs
    1 / (K + 1), and the half width is the smallest residual up to which the weights sum to the level. With groups of
    one clip that is the split-conformal ceil((n + 1) level)-th residual (Lei et al. 2018).

    The guarantee is for a clip of a new group drawn like the calibration groups, on average over groups and clips; not
    for sound of another kind.

    Args:
        targets: (n,) MOS of calibration clips.
        predictions: (n,) predictions for them.
        groups: n names: the system, or the content, of each.
        level: Wanted coverage in (0, 1).

    Returns:
        Half the width, on the rating scale; infinite when there are too few groups for the level (see
        ``groups_needed``).

    Raises:
        ValueError: The shapes differ, n is zero, or the level is not in (0, 1).
    """
    if targets.shape != predictions.shape or targets.ndim != 1 or len(targets) == 0:
        raise ValueError(f"targets and predictions are two equal vectors, not {targets.shape} and {predictions.shape}")
    if len(groups) != len(targets):
        raise ValueError(f"{len(targets)} clips have {len(groups)} groups; each clip needs one")
    _, group_of, sizes = np.unique(np.asarray(groups, dtype=str), return_inverse=True, return_counts=True)
    if len(sizes) < groups_needed(level):
        return math.inf
    residuals = np.abs(targets - predictions)
    order = np.argsort(residuals, kind="stable")
    weights = 1 / sizes[group_of[order]]
    reached = np.cumsum(weights) >= (len(sizes) + 1) * level - _ROUNDING * len(sizes)
    return float(residuals[order][reached.argmax()]) if reached.any() else math.inf
