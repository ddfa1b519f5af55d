"""What must not stand on two sides of a split: the clips of one system, or of one content."""

from __future__ import annotations

from qamro.studies import Study


def group_of_clip(study: Study, hold_out: str) -> dict[str, str]:
    """Returns the group that each clip must stay with.

    Args:
        study: The study.
        hold_out: ``"system"``: clips of a system are a group. ``"content"``: clips of a source sentence, song or prompt
            are (column ``source``, else ``prompt``, else the clip itself), and so are clips of one file.
    """
    table = study.clips
    if hold_out == "system":
        groups = table["system"].where(table["system"] != "", table["clip"])
    else:
        groups = table["clip"]
        for column in ("prompt", "source"):
            if column in table and (table[column] != "").any():
                groups = table[column].where(table[column] != "", groups)
        return _sounds_together(study, dict(zip(table["clip"], groups, strict=True)))
    return dict(zip(table["clip"], groups, strict=True))


def name_of_groups(study: Study, hold_out: str) -> str:
    """Returns in one word what the groups of ``group_of_clip`` are: systems, sources, prompts or clips."""
    if hold_out == "system":
        return "systems"
    table = study.clips
    columns = [column for column in ("source", "prompt") if column in table and (table[column] != "").any()]
    return f"{columns[0]}s" if columns else "clips"


def _sounds_together(study: Study, groups: dict[str, str]) -> dict[str, str]:
    """Joins the groups that share a sound: a file rated against two prompts must not stand on two sides.

    A catch (another prompt for a clip's sound) goes where its clip goes; it joins no groups, else a corpus full of
    catches would be one group.
    """
    table = study.clips
    leader: dict[str, str] = {}

    def first(group: str) -> str:
        while group in leader:
            group = leader[group]
        return group

    catches = dict(zip(table["clip"], table["catch_of"], strict=True)) if "catch_of" in table else {}
    seen: dict[str, str] = {}
    for clip, path in zip(table["clip"], table["path"], strict=True):
        if not path or catches.get(clip):
            continue
        one, other = first(seen.setdefault(path, groups[clip])), first(groups[clip])
        if one != other:
            leader[max(one, other)] = min(one, other)
    return {clip: first(groups[catches.get(clip) or clip]) for clip in groups}
