"""MUSHRA: all versions of a content beside their reference, 0 to 100, with the reference hidden among them.

Anchors are versions like others, named in the design so that the analysis knows them. A rater who scores the hidden
reference below 90 in more than 15 % of the trials is left out afterwards (ITU-R BS.1534-3, post-screening).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from qamro.studies.listening.design import ListeningError, Scale
from qamro.studies.listening.methods.method import Analysis, Clips, Method, Screening, rating

if TYPE_CHECKING:
    from qamro.studies.listening.design import Design, Item

MOST = 12
"""A trial holds at most so many versions (BS.1534-3)."""


def items(design: Design, clips: Clips, rng: random.Random) -> list[Item]:
    """The reference of each content that has another version; a content has one reference."""
    found: list[Item] = []
    for clip, system in clips.systems.items():
        alike = clips.alike(clip)
        if system != design.reference or len(alike) < 2:
            continue
        what = clips.contents[clip] or "the study"
        if len(alike) > MOST:
            raise ListeningError(
                f"{what!r} has {len(alike)} versions; a MUSHRA trial holds at most {MOST}. Name each clip's source or "
                "prompt, or use fewer systems"
            )
        if sum(clips.systems[other] == design.reference for other in alike) > 1:
            raise ListeningError(f"{what!r} has two clips of the reference {design.reference!r}; it needs one")
        found.append((clip,))
    if not found:
        raise ListeningError(f"no clip shares its source or prompt with one of the reference {design.reference!r}")
    return found


def stimuli(design: Design, item: Item, clips: Clips, rng: random.Random) -> tuple[list[int], float | None]:
    """Every version, the hidden reference among them, in random order."""
    versions = clips.alike(item[0])
    rng.shuffle(versions)
    return versions, None


METHOD = Method(
    key="mushra",
    title="MUSHRA",
    note="All versions of a content side by side, 0 to 100, with a hidden reference and anchors.",
    items=items,
    stored=lambda given: rating(given.stimulus, given),
    names=("reference",),
    page="sorted",
    scales=(Scale("MUSHRA", 0, 100),),
    stimuli=stimuli,
    rates_stimuli=True,
    reference="needed",
    turned=False,
    analysis=Analysis("mean", Screening(90, 0.15, "ITU-R BS.1534-3")),
    source="ITU-R BS.1534-3",
)
