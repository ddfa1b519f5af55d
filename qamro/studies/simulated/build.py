"""Builds the simulated listening study as files, once for each set of parameters."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qamro.axes import AXES
from qamro.paths import cache_dir
from qamro.studies.simulated.instruments import SAMPLE_RATE
from qamro.studies.simulated.listeners import Listener, draw_listener, rate
from qamro.studies.simulated.prompts import Prompt, draw_prompt
from qamro.studies.simulated.rendering import Facts, render
from qamro.studies.simulated.systems import System, draw_system
from qamro.studies.simulated.truth import true_scores
from qamro.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd

GENERATOR = 1
"""Version of the generator; it changes whenever the sound, the true scores or the ratings do."""

_README = """# A simulated listening study
No person rated these clips: the music, the systems and the listeners are all simulated, and the true scores are known.
clips.csv and ratings.csv are the study; truth.csv holds the true scores, systems.csv the severity of every fault, and
facts.csv what really sounds in each clip. docs/simulated-study.md has the formulas.
"""


@dataclass(frozen=True)
class SimulatedStudy:
    """A simulated study with everything that is known about it.

    Attributes:
        study: The study as any other room takes it: clips with audio files, ratings with rater names.
        truth: True scores: ``clip``, ``axis``, ``score``.
        systems: One row a system: ``system``, its faults' severities in [0, 1], and its habits.
        facts: One row a clip: ``clip``, ``system``, and what really sounds (see ``Facts``).
        folder: Where the files are.
    """

    study: Study
    truth: pd.DataFrame
    systems: pd.DataFrame
    facts: pd.DataFrame
    folder: Path


@dataclass(frozen=True)
class Rendered:
    """One clip of a stream.

    Attributes:
        clip: Its name, for example ``S01_P01``.
        prompt: What was asked for.
        system: Who played.
        samples: Mono float32 at ``SAMPLE_RATE``.
        facts: What really sounds.
        truth: Axis to true score.
    """

    clip: str
    prompt: Prompt
    system: System
    samples: np.ndarray
    facts: Facts
    truth: dict[str, float]


@dataclass(frozen=True)
class _Recipe:
    systems: int
    prompts: int
    listeners: int
    seed: int

    def __post_init__(self) -> None:
        for what, number in asdict(self).items():
            least = 0 if what == "seed" else 1
            if number < least:
                raise ValueError(f"a simulated study takes {what} of at least {least}, not {number}")

    @property
    def key(self) -> str:
        return f"simulated-g{GENERATOR}-{self.systems}x{self.prompts}x{self.listeners}-seed{self.seed}"


def stream(systems: Sequence[System], prompts: Sequence[Prompt], seed: int = 0) -> Iterator[Rendered]:
    """Renders every system's clip of every prompt, one after the other, without touching the disk."""
    for system in systems:
        for prompt in prompts:
            samples, facts = render(prompt, system, seed)
            yield Rendered(clip_name(system, prompt), prompt, system, samples, facts, true_scores(facts))


def clip_name(system: System, prompt: Prompt) -> str:
    """Names a clip after its system and its prompt."""
    return f"{system.name}_{prompt.name}"


def build(
    systems: int = 12,
    prompts: int = 12,
    listeners: int = 8,
    seed: int = 0,
    *,
    folder: Path | str | None = None,
    on_clip: Callable[[int, int], None] | None = None,
) -> SimulatedStudy:
    """Builds the study, or takes it from the cache.

    System, prompt and listener number k depend on the seed and on k alone, so that a larger study holds a smaller one.
    The folder appears under its name only when it is complete; two processes may build it at once.

    Args:
        systems: How many systems, at least 1.
        prompts: How many prompts, at least 1.
        listeners: How many listeners, at least 1.
        seed: At least 0.
        folder: Where to keep the study; None is the cache.
        on_clip: Called with the number of clips rendered and of all clips.

    Raises:
        ValueError: A number is too small.
        FileExistsError: ``folder`` holds something else than this very study.
    """
    recipe = _Recipe(systems, prompts, listeners, seed)
    final = Path(folder) if folder is not None else cache_dir("studies") / recipe.key
    if not final.exists() or (final.is_dir() and not any(final.iterdir())):
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{final.name}-", dir=final.parent, ignore_cleanup_errors=True) as new:
            part = Path(new) / "study"
            _write(part, recipe, on_clip)
            try:
                part.rename(final)
            except OSError:
                if not final.is_dir():
                    raise
    return _load(final, recipe.key)


def _load(folder: Path, key: str) -> SimulatedStudy:
    import pandas as pd

    study = Study.load(folder) if (folder / "study.json").is_file() else None
    if study is None or study.about.get("key") != key:
        raise FileExistsError(f"{folder} is there and does not hold the study {key}; name another folder or remove it")
    truth, systems, facts = (pd.read_csv(folder / f"{table}.csv") for table in ("truth", "systems", "facts"))
    return SimulatedStudy(study, truth, systems, facts, folder)


def _write(folder: Path, recipe: _Recipe, on_clip: Callable[[int, int], None] | None) -> None:
    import pandas as pd
    import soundfile

    seed = recipe.seed
    systems = [draw_system(k, seed) for k in range(recipe.systems)]
    prompts = [draw_prompt(k, seed) for k in range(recipe.prompts)]
    panel = [draw_listener(k, seed) for k in range(recipe.listeners)]
    (folder / "audio").mkdir(parents=True)
    clips, truth, facts = [], [], []
    for done, made in enumerate(stream(systems, prompts, seed), 1):
        path = f"audio/{made.clip}.flac"
        soundfile.write(folder / path, made.samples, SAMPLE_RATE, subtype="PCM_16")
        clips.append((made.clip, path, made.system.name, made.prompt.text, made.prompt.name))
        truth.append(made.truth)
        facts.append({"clip": made.clip, "system": made.system.name} | asdict(made.facts))
        if on_clip is not None:
            on_clip(done, recipe.systems * recipe.prompts)
    scores = pd.DataFrame(truth, index=[clip[0] for clip in clips])[list(AXES)]
    about = {
        "key": recipe.key,
        "source": "simulated music, simulated systems, simulated listeners; no person rated anything",
        "generator": GENERATOR,
    } | asdict(recipe)
    Study(
        pd.DataFrame(clips, columns=["clip", "path", "system", "prompt", "source"]),
        rate_all(systems, prompts, panel, scores, seed),
        name=f"simulated study ({len(systems)} systems, {len(prompts)} prompts, {len(panel)} listeners, seed {seed})",
        kind="simulated",
        root=folder,
        about=about,
    ).save(folder)
    _long(scores).to_csv(folder / "truth.csv", index=False)
    pd.DataFrame(facts).to_csv(folder / "facts.csv", index=False)
    table = pd.DataFrame([{"system": system.name} | asdict(system) for system in systems])
    table.drop(columns=["index", "label"]).to_csv(folder / "systems.csv", index=False)
    (folder / "README.md").write_text(_README, encoding="utf-8")


def rate_all(
    systems: Sequence[System],
    prompts: Sequence[Prompt],
    panel: Sequence[Listener],
    scores: pd.DataFrame,
    seed: int = 0,
) -> pd.DataFrame:
    """Lets a panel rate every clip.

    Args:
        systems: The systems.
        prompts: The prompts.
        panel: The listeners.
        scores: True scores: clip names as index, the six axes as columns.
        seed: The study's seed.

    Returns:
        Ratings: ``clip``, ``rater``, ``axis``, ``score``; what a listener skipped is left out.
    """
    import pandas as pd

    rows = []
    for system in systems:
        names = [clip_name(system, prompt) for prompt in prompts]
        true = scores.loc[names, list(AXES)].to_numpy()
        for listener in panel:
            for name, ratings in zip(names, rate(listener, system, prompts, true, seed), strict=True):
                rows += [(name, listener.name, axis, score) for axis, score in zip(AXES, ratings, strict=True)]
    return pd.DataFrame(rows, columns=["clip", "rater", "axis", "score"]).dropna().reset_index(drop=True)


def _long(scores: pd.DataFrame) -> pd.DataFrame:
    table = scores.rename_axis("clip").reset_index()
    return table.melt("clip", var_name="axis", value_name="score")
