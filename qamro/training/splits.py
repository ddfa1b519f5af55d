"""Splits of a study that hold out content, or whole systems: published, in folds, or once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qamro.studies import Study

HOLD_OUT = ("content", "system", "both")
"""What no two parts may share; see ``split``."""

PARTS = ("train", "validation", "calibration", "test")
"""For fitting, for stopping, for the interval, and for the figures on the card."""


def check_hold_out(name: str) -> None:
    """Refuses what cannot be held out, before anything is embedded.

    Raises:
        ValueError: There is no such choice.
    """
    if name not in HOLD_OUT:
        raise ValueError(f"hold_out is one of {', '.join(HOLD_OUT)}, not {name!r}")


def split(
    study: Study,
    *,
    hold_out: str = "content",
    shares: Sequence[float] = (0.55, 0.15, 0.15, 0.15),
    seed: int = 0,
) -> dict[str, list[str]]:
    """Splits clips so that no group stands on two sides.

    Args:
        study: What to split.
        hold_out: ``"content"`` keeps clips of the same source sentence, song or prompt together (see
            ``group_of_clip``), ``"system"`` each system's clips; ``"both"`` shares neither, for which clips that would
            stand between two parts are left out.
        shares: Shares of the groups for ``PARTS``, in order.
        seed: Decides which group goes where.

    Returns:
        For each part, its clips in the study's order.

    Raises:
        ValueError: There are fewer groups than parts, so that a part would be empty.
    """
    check_hold_out(hold_out)
    if hold_out == "both":
        return _both(study, shares, seed)
    part_of = _parts(study, group_of_clip(study, hold_out), shares, seed)
    return {part: [clip for clip, found in part_of.items() if found == part] for part in PARTS}


def _both(study: Study, shares: Sequence[float], seed: int) -> dict[str, list[str]]:
    by_system = _parts(study, group_of_clip(study, "system"), shares, seed)
    by_content = _parts(study, group_of_clip(study, "content"), shares, seed + 1)
    agreed = {clip: part for clip, part in by_system.items() if by_content[clip] == part}
    parts = {part: [clip for clip, found in agreed.items() if found == part] for part in PARTS}
    if empty := [part for part in PARTS if not parts[part]]:
        raise ValueError(
            f"study {study.name!r} is too small to hold out systems and content at once: no clip is left for "
            f"{', '.join(empty)}; choose system or content"
        )
    return parts


def _parts(study: Study, groups: dict[str, str], shares: Sequence[float], seed: int) -> dict[str, str]:
    """Draws the part of every clip, whole groups at a time."""
    names = sorted(set(groups.values()))
    if len(names) < len(PARTS):
        raise ValueError(
            f"study {study.name!r} has {len(names)} groups to hold out and needs at least {len(PARTS)}; "
            f"choose another hold_out ({', '.join(HOLD_OUT)}) or bring more clips"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    ends = np.round(np.cumsum(shares) / np.sum(shares) * len(names)).astype(int)
    for i in range(len(PARTS)):  # no part stays empty in a small study
        ends[i] = min(max(ends[i], i + 1), len(names) - (len(PARTS) - 1 - i))
    part_of = {names[k]: int(np.searchsorted(ends, place, side="right")) for place, k in enumerate(order)}
    return {clip: PARTS[part_of[group]] for clip, group in groups.items()}


def folds(study: Study, count: int = 5, *, hold_out: str = "content", seed: int = 0) -> list[dict[str, list[str]]]:
    """Splits clips for cross-validation: every clip is in the test part of exactly one fold.

    Args:
        study: What to split.
        count: Number of folds, at least 3: one to test, the next to stop by, the others to fit.
        hold_out: As in ``split``, but for ``"both"``, with which clips would be left untested.
        seed: Decides which group goes where.

    Returns:
        For each fold its parts; none has a calibration part.

    Raises:
        ValueError: There are fewer than three folds, or fewer groups than folds, or ``hold_out`` is ``"both"``.
    """
    if hold_out == "both":
        raise ValueError("folds cannot hold out systems and content at once; split once, or choose one of them")
    groups = group_of_clip(study, hold_out)
    names = sorted(set(groups.values()))
    if not 3 <= count <= len(names):
        raise ValueError(
            f"study {study.name!r} has {len(names)} groups to hold out, enough for 3 to {len(names)} folds, not {count}"
        )
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[k]: place % count for place, k in enumerate(order)}
    result = []
    for test in range(count):
        role = {test: "test", (test + 1) % count: "validation"}
        parts: dict[str, list[str]] = {part: [] for part in PARTS}
        for clip, group in groups.items():
            parts[role.get(fold_of[group], "train")].append(clip)
        result.append(parts)
    return result


FEW_CLIPS = 2000
"""A study of fewer clips is trained on in folds unless told otherwise: it has none to spare."""

FOLDS = 5
"""Folds of such a study."""


def fold_count(study: Study, wanted: int | None, hold_out: str) -> int:
    """Returns in how many folds heads are trained; 0 for one split.

    Args:
        study: What they are trained on.
        wanted: What was asked for, 0 or 1 for one split; None for what the study allows.
        hold_out: As in ``split``. With ``"both"`` there are no folds.
    """
    if wanted is not None:
        return wanted if wanted > 1 else 0
    groups = 0 if hold_out == "both" else len(set(group_of_clip(study, hold_out).values()))
    return min(FOLDS, groups) if len(study.clips) < FEW_CLIPS and groups >= len(PARTS) else 0


def official_split(study: Study, *, seed: int = 0) -> dict[str, list[str]] | None:
    """Returns the split that a study was published with (column ``split``: train, dev, test), or None.

    Where there is no published test list, dev is the test part, and a tenth of the groups of train is held out to
    stop by. Clips on no list are left out; there is no calibration part.
    """
    table = study.clips
    if "split" not in table:
        return None
    listed = {name: list(table.loc[table["split"] == name, "clip"]) for name in ("train", "dev", "test")}
    if not listed["train"] or not listed["dev"]:
        return None
    if listed["test"]:
        train, stop, test = listed["train"], listed["dev"], listed["test"]
    else:
        groups = group_of_clip(study, "content")
        names = sorted({groups[clip] for clip in listed["train"]})
        count = max(1, round(len(names) / 10))
        out = {names[k] for k in np.random.default_rng(seed).permutation(len(names))[:count]}
        train = [clip for clip in listed["train"] if groups[clip] not in out]
        stop, test = [clip for clip in listed["train"] if groups[clip] in out], listed["dev"]
    return {"train": train, "validation": stop, "calibration": [], "test": test}


# What must not stand on two sides of a split: the clips of one system, or of one content.


def group_of_clip(study: Study, hold_out: str) -> dict[str, str]:
    """Returns the group that each clip must stay with.

    Args:
        study: The study.
        hold_out: ``"system"``: clips of a system are a group. ``"content"``: clips of a source sentence, song or prompt
            are (column ``source``, else ``prompt``, else the clip itself), and so are clips of one file, and two clips
            that were voted on together where that leaves ``MANY_GROUPS`` groups or more.
    """
    table = study.clips
    if hold_out == "system":
        groups = table["system"].where(table["system"] != "", table["clip"])
    else:
        groups = table["clip"]
        for column in ("prompt", "source"):
            if column in table and (table[column] != "").any():
                groups = table[column].where(table[column] != "", groups)
        found = _sounds_together(study, dict(zip(table["clip"], groups, strict=True)))
        return found if study.votes is None else _pairs_together(study, found)
    return dict(zip(table["clip"], groups, strict=True))


def name_of_groups(study: Study, hold_out: str) -> str:
    """Returns in one word what the groups of ``group_of_clip`` are: systems, sources, prompts or clips."""
    if hold_out == "system":
        return "systems"
    table = study.clips
    columns = [column for column in ("source", "prompt") if column in table and (table[column] != "").any()]
    return f"{columns[0]}s" if columns else "clips"


MANY_GROUPS = 20
"""Groups that a study of votes is left with at least when clips that were voted on together stay together."""


def _pairs_together(study: Study, groups: dict[str, str]) -> dict[str, str]:
    """Joins the groups of two clips that were voted on together: a vote between two sides of a split is lost.

    Where all clips hang together in this way, they are not joined.
    """
    assert study.votes is not None
    joined = _joined(
        [(groups[a], groups[b]) for a, b in zip(study.votes["clip_a"], study.votes["clip_b"], strict=True)]
    )
    found = {clip: joined.get(group, group) for clip, group in groups.items()}
    return found if len(set(found.values())) >= MANY_GROUPS else groups


def _joined(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Returns for each name the first, by the alphabet, of those that hang together with it."""
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while name in leader:
            name = leader[name]
        return name

    for pair in pairs:
        one, other = map(first, pair)
        if one != other:
            leader[max(one, other)] = min(one, other)
    return {name: first(name) for pair in pairs for name in pair}


def _sounds_together(study: Study, groups: dict[str, str]) -> dict[str, str]:
    """Joins the groups that share a sound: a file rated against two prompts must not stand on two sides.

    A catch (another prompt for a clip's sound) goes where its clip goes; it joins no groups, else a corpus full of
    catches would be one group.
    """
    table = study.clips
    catches = dict(zip(table["clip"], table["catch_of"], strict=True)) if "catch_of" in table else {}
    seen: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for clip, path in zip(table["clip"], table["path"], strict=True):
        if not path or catches.get(clip):
            continue
        pairs.append((seen.setdefault(path, groups[clip]), groups[clip]))
    joined = _joined(pairs)
    return {clip: joined.get(group := groups[catches.get(clip) or clip], group) for clip in groups}


# How a study is split where every clip may be tested: as it was published, in folds, or once.


def hold_out_parts(study: Study, count: int = 5, hold_out: str = "auto") -> tuple[list[dict[str, list[str]]], str]:
    """Splits a study to train and to test on it.

    Args:
        study: What to split.
        count: Folds of a study that was published without a split; 1 splits once.
        hold_out: ``"content"``, ``"system"`` (see ``splits.split``), or ``"auto"``: the published split where there is
            one, else content.

    Returns:
        For each fold its parts, and how it was split, in words.

    Raises:
        ValueError: The study is too small for that, or ``hold_out`` is unknown.
    """
    official = official_split(study) if hold_out == "auto" else None
    if official is not None:
        return [official], "the published split"
    held = "content" if hold_out == "auto" else hold_out
    if count == 1:
        once = split(study, hold_out=held)
        return [
            once | {"train": once["train"] + once["calibration"], "calibration": []}
        ], f"one split that holds out {held}"
    parts = folds(study, count, hold_out=held)
    return parts, f"{count} folds that hold out {held}, every clip tested once"
