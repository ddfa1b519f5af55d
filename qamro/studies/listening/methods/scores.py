"""Scores: every clip by itself, on one or more scales (ITU-T P.800's absolute category rating)."""

from __future__ import annotations

from qamro.studies.listening.methods.method import Method, rating

METHOD = Method(
    key="scores",
    title="Scores",
    note="Every clip on one or more scales.",
    items=lambda design, clips, rng: [(clip,) for clip in clips.systems],
    stored=lambda given: rating(given.a, given),
    extras=True,
    source="ITU-T P.800, ACR",
)
