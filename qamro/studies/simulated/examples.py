"""The example clips of the app: two prompts, played by three simulated systems.

``python -m qamro.studies.simulated.examples`` writes them to ``assets/examples``.
"""

from __future__ import annotations

import csv
from pathlib import Path

from qamro.paths import assets
from qamro.studies.simulated.instruments import SAMPLE_RATE
from qamro.studies.simulated.prompts import Prompt
from qamro.studies.simulated.rendering import render
from qamro.studies.simulated.systems import System

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

_README = """# Example clips
Simulated music by simulated systems, made by `python -m qamro.studies.simulated.examples`. "clean" has no fault; "worn
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
    (folder / "README.md").write_text(_README, encoding="utf-8")
    return files


if __name__ == "__main__":
    for path in write_examples():
        print(path)
