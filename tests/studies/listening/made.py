"""Small real studies for the tests: short tones as files, a clock that the test turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audio_files import tone, write_wav

from qamro.studies.listening import PREFERENCE, Design, RatingStore, known_scale
from qamro.studies.listening import session as s
from qamro.studies.listening.sources import Sound

MI, TA, PQ = (known_scale(key) for key in ("MI", "TA", "PQ"))


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def sounds(folder: Path, systems: int = 3, prompts: int = 2) -> list[Sound]:
    """Clips of half a second, every prompt by every system."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for i in range(systems):
        for j in range(prompts):
            path = write_wav(folder / f"s{i}p{j}.wav", tone(0.5, hz=220 + 60 * i + 20 * j))
            made.append(Sound(f"s{i}p{j}.wav", path, f"system {i}", f"prompt {j}"))
    return made


def store_with(folder: Path, design: Design, **options: int) -> tuple[RatingStore, str]:
    store = RatingStore(folder / "store", clock=Clock())
    return store, store.create(design, sounds(folder / "clips", **options))


def answers(task: dict[str, Any], score: float | None = None) -> dict[str, float]:
    """Some scores for a task; a preference for the right clip."""
    given = {"MI": 3.0, "TA": 4.0, "PQ": 7.0, PREFERENCE: 0.0}
    return {axis: given[axis] if score is None else score for axis in task["axes"]}


def listen(store: RatingStore, task: dict[str, Any]) -> list[float]:
    """Lets the time pass that listening takes."""
    store.clock.now += sum(clip["seconds"] for clip in task["clips"])  # type: ignore[attr-defined]
    return [clip["seconds"] for clip in task["clips"]]


def step(store: RatingStore, token: str, score: float | None = None) -> dict[str, Any]:
    """Hears and confirms the task at hand."""
    task = s.state(store, token)["task"]
    return s.rate(store, token, task["id"], answers(task, score), listen(store, task))


def work_through(store: RatingStore, token: str, score: float | None = None) -> None:
    """Rates everything and finishes."""
    while s.state(store, token)["phase"] == "rate":
        step(store, token, score)
    s.finish(store, token)
