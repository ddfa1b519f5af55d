"""DMOS: how far a clip is degraded against its reference, which is heard first (ITU-T P.800, DCR).

5 is inaudible, 1 very annoying.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from qamro.studies.listening.design import ListeningError, Scale
from qamro.studies.listening.methods.method import Analysis, Clips, Method, rating

if TYPE_CHECKING:
    from qamro.studies.listening.design import Design, Item


def items(design: Design, clips: Clips, rng: random.Random) -> list[Item]:
    """The reference and each other version of the same content."""
    found: list[Item] = [
        (clip, other)
        for clip, system in clips.systems.items()
        if system == design.reference
        for other in clips.alike(clip)
        if clips.systems[other] != design.reference
    ]
    if not found:
        raise ListeningError(f"no clip shares its source or prompt with one of the reference {design.reference!r}")
    return found


METHOD = Method(
    key="dmos",
    title="DMOS, 1 to 5",
    note="A reference and one version of it: how far is it degraded?",
    items=items,
    stored=lambda given: rating(given.b, given, against=given.a),
    names=("reference", "version"),
    scales=(Scale("DMOS", 1, 5),),
    reference="needed",
    turned=False,
    analysis=Analysis("mean"),
    source="ITU-T P.800, annex D",
)
