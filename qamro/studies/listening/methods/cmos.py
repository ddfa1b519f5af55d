"""CMOS: how much better or worse the second of two clips is than the first, from -3 to 3 (ITU-T P.800, CCR).

Positive is for the second clip, as in P.800; a study stores the score of a over b beside who won.
"""

from __future__ import annotations

from qamro.studies.listening.design import Scale
from qamro.studies.listening.methods.method import Analysis, Method, pairs

METHOD = Method(
    key="cmos",
    title="CMOS, −3 to 3",
    note="Two versions of the same content: how much better or worse is the second?",
    items=lambda design, clips, rng: pairs(clips, rng, design.reference),
    stored=lambda given: (
        "votes",
        given.sides()
        | {"winner": "tie" if given.score == 0 else "b" if given.score > 0 else "a", "score": -given.score + 0.0},
    ),
    names=("side_a", "side_b"),
    scales=(Scale("CMOS", -3, 3),),
    reference="possible",
    analysis=Analysis("comparison"),
    source="ITU-T P.800, annex E",
)
