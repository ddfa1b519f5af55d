"""A/B preference: which of two clips is better, or neither; 1 for the left one, 0 for the right one, 0.5 for a tie."""

from __future__ import annotations

from qamro.studies.listening.methods.method import Method, pairs

WINNER = {1.0: "a", 0.5: "tie", 0.0: "b"}

METHOD = Method(
    key="preference",
    title="A/B preference",
    note="Two systems on the same prompt: which is better? Ties are allowed.",
    items=lambda design, clips, rng: pairs(clips, rng),
    stored=lambda given: ("votes", given.sides() | {"winner": WINNER[given.score]}),
    names=("side_a", "side_b"),
    choices=tuple(WINNER),
    axis="preference",
    extras=True,
)
