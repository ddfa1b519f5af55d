"""Builds the simulated listening study, and the example clips of the app, as files."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qamro.axes import AXES
from qamro.paths import assets, cache_dir
from qamro.studies.simulated.composition import Prompt, draw_prompt
from qamro.studies.simulated.instruments import SAMPLE_RATE
from qamro.studies.simulated.listeners import draw_listener, rate_all
from qamro.studies.simulated.rendering import render
from qamro.studies.simulated.streaming import stream
from qamro.studies.simulated.systems import System, draw_system
from qamro.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd

GENERATOR = 5
"""Version of the generator; it changes whenever the sound, the true scores or the ratings do."""

_TABLES = ("truth", "systems", "facts")

_README = """# A simulated listening study
No person rated these clips: the music, the systems and the listeners are all simulated, and the true scores are known.
clips.csv and ratings.csv are the study; truth.csv holds the true scores, systems.csv the severity of every fault, and
facts.csv what really sounds in each clip. docs/simulated-study.md of the project has the formulas.
"""


@dataclass(frozen=True)
class SimulatedStudy:
    """A simulated study with everything that is known about it.

    Attributes:
        study: The study as every other package takes it: clips with audio files, ratings with rater names.
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


def build(
    systems: int = 12,
    prompts: int = 12,
    listeners: int = 8,
    seed: int = 0,
    *,
    folder: Path | str | None = None,
    on_clip: Callable[[int, int], object] | None = None,
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
        on_clip: Called with the number of clips rendered and of all clips; an exception that it raises ends the
            building and leaves nothing behind.

    Raises:
        ValueError: A number is too small.
        FileExistsError: ``folder`` holds something else than this very study, or not all of it.
    """
    recipe = _Recipe(systems, prompts, listeners, seed)
    final = Path(folder) if folder is not None else cache_dir("studies") / recipe.key
    if not _is_complete(final, recipe):
        if folder is not None and final.exists() and not (final.is_dir() and not any(final.iterdir())):
            raise FileExistsError(
                f"{final} is there and does not hold the whole of {recipe.key}; name another folder or remove it"
            )
        if final.exists():
            shutil.rmtree(final)
        final.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{final.name}-", dir=final.parent, ignore_cleanup_errors=True) as new:
            _write(Path(new) / "study", recipe, on_clip)
            try:
                (Path(new) / "study").rename(final)
            except OSError:
                if not _is_complete(final, recipe):  # else another process was faster, and its files are the same
                    raise
    study = Study.load(final)
    return SimulatedStudy(study, *_read(final), folder=final)


def _is_complete(folder: Path, recipe: _Recipe) -> bool:
    """Whether a folder holds this very study with all of its files; a cleaner may have taken some from a cache."""
    if not all((folder / f"{table}.csv").is_file() for table in (*_TABLES, "clips", "ratings")):
        return False
    if not (folder / "study.json").is_file() or Study.load(folder).about.get("key") != recipe.key:
        return False
    return sum(1 for _ in (folder / "audio").glob("*.flac")) == recipe.systems * recipe.prompts


def _read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    truth, systems, facts = (pd.read_csv(folder / f"{table}.csv") for table in _TABLES)
    return truth, systems, facts


def _write(folder: Path, recipe: _Recipe, on_clip: Callable[[int, int], object] | None) -> None:
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


def _long(scores: pd.DataFrame) -> pd.DataFrame:
    table = scores.rename_axis("clip").reset_index()
    return table.melt("clip", var_name="axis", value_name="score")


# The example clips of the app: two prompts, played by three simulated systems.
#
# ``python -m qamro.studies.simulated.build`` writes them to ``assets/examples``.

PROMPTS = {
    "calm piano": Prompt(0, "piano", "slow", "calm", 3, template=0),
    "happy trumpet": Prompt(1, "trumpet", "fast", "happy", 4, template=1),
}
"""Title of the clip to what is asked for."""

SYSTEMS = {
    "clean": System(0, label="simulated clean"),
    "worn out": System(1, noise=0.55, bandwidth=0.45, dropouts=0.4, drops_layers=0.25, label="simulated worn out"),
    "clumsy": System(
        2,
        clipping=0.2,
        wrong_notes=0.7,
        timing=0.5,
        ignores_instrument=1.0,
        ignores_mood=1.0,
        habit_instrument="organ",
        habit_mood="tense",
        label="simulated clumsy",
    ),
}
"""Title of the system to its faults: none; of the recording; of the playing, and words of the prompt ignored."""

_EXAMPLES_README = """# Example clips
Simulated music by simulated systems, made by `python -m qamro.studies.simulated.build`. "clean" has no fault; "worn
out" has hiss, a narrow band, drop-outs and a missing layer; "clumsy" plays wrong notes out of time and, whatever the
prompt says, a tense organ. They are part of this project and under its licence.
"""


def write_examples(folder: Path | None = None) -> list[Path]:
    """Writes the example clips as MP3 files, ``manifest.csv`` (path, prompt, system) and a README.

    Args:
        folder: Where to; None is the project's ``assets/examples``.

    Returns:
        The clips' files, six of them.
    """
    import soundfile

    folder = folder or assets() / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    files, rows = [], []
    for piece, prompt in PROMPTS.items():
        for played, system in SYSTEMS.items():
            name = f"{piece} {played}".replace(" ", "-") + ".mp3"
            samples, _ = render(prompt, system)
            soundfile.write(folder / name, samples, SAMPLE_RATE, format="MP3")
            files.append(folder / name)
            rows.append((name, prompt.text, system.name))
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("path", "prompt", "system"), *rows])
    (folder / "README.md").write_text(_EXAMPLES_README, encoding="utf-8")
    return files


if __name__ == "__main__":
    for path in write_examples():
        print(path)
