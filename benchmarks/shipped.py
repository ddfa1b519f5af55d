"""What the heads that ship make of clips of other lengths, and of sound that is unlike their training clips.

    python -m benchmarks.shipped [--songs FOLDER] [--study FOLDER ...] [--write]

Domain: how many clips each predictor tells apart from its training clips. The simulated ones are of systems and prompts
that neither has heard; one in four is as long as ``qamro.training.simulated_corpus.heard`` makes it.

Length: a round of some seconds is scored once, and looped to 60, 120 and 300 s. The rounds are simulated clips of one
system, one after the other, and the beginnings of recordings in the folder of songs.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.report import write_section
from qamro.audio import Waveform, split
from qamro.audio import load as load_sound
from qamro.domains import EDGE, INSIDE, OUTSIDE
from qamro.predictors import Predictor, load
from qamro.studies.registry import open_study
from qamro.studies.simulated import SAMPLE_RATE, Rendered, draw_prompt, draw_system, stream
from qamro.training.simulated_corpus import Corpus, heard

PREDICTORS = ("offline", "deramos")
PROMPT = "a slow piano piece"
SEED = 0  # the training's is 1
ROUNDS, LOOPS = (30, 22, 13, 7), (60, 120, 300)
WINDOWS = (5, 3)  # LogMel's own, and what the app shows


def clips_of(system: int, count: int) -> list[Rendered]:
    """Renders clips of a system that no head has heard."""
    prompts = [draw_prompt(system * count + k, SEED) for k in range(count)]
    return list(stream([draw_system(system, SEED)], prompts, SEED))


def domains(predictor: Predictor, clips: Sequence[np.ndarray]) -> list[str]:
    """Returns each clip's domain; rate as in the simulated study."""
    predictor = getattr(predictor, "rest", predictor)  # the heads themselves, also for speech
    first = predictor.axes[0]
    found = []
    for samples in clips:
        (row,) = predictor.score([Waveform(samples, SAMPLE_RATE)], [PROMPT])
        found.append(row[first].domain)
    return found


def domain_table(predictors: Sequence[Predictor], systems: int, studies: Sequence[str]) -> list[str]:
    """One row for each predictor and kind of sound."""
    corpus = Corpus(seed=SEED)
    made = [clip.samples for system in range(systems) for clip in clips_of(system, 12)]
    kinds = {"simulated, never heard": [heard(made[k], SAMPLE_RATE, corpus, k) for k in range(len(made))]}
    for folder in studies:
        study = open_study(folder)
        files = [study.audio_path(clip) for clip in study.clips["clip"]]
        kinds[study.name] = [load_sound(file, sample_rate=SAMPLE_RATE).samples for file in files]
    lines = ["| predictor | sound | clips | inside | edge | outside |", "|---|---|--:|--:|--:|--:|"]
    for predictor in predictors:
        for what, clips in kinds.items():
            found = domains(predictor, clips)
            shares = (f"{100 * found.count(name) / len(found):.1f} %" for name in (INSIDE, EDGE, OUTSIDE))
            lines.append(f"| {predictor.name} | {what} | {len(found)} | {' | '.join(shares)} |")
    return lines


def moves(
    predictor: Predictor, sounds: Sequence[np.ndarray], seconds: int
) -> tuple[dict[str, list[float]], dict[int, float]]:
    """Loops the beginnings of sounds.

    Returns:
        By axis, how far the loops of each sound move its score at most; and by length of a window, how far the whole
        lies beyond the scores of its windows at most (negative: it lies among them).
    """
    predictor = getattr(predictor, "rest", predictor)
    moved: dict[str, list[float]] = {axis: [] for axis in predictor.axes}
    beyond = dict.fromkeys(WINDOWS, -np.inf)
    for sound in sounds:
        once = np.resize(sound, seconds * SAMPLE_RATE)
        waves = [Waveform(np.resize(once, length * SAMPLE_RATE), SAMPLE_RATE) for length in (seconds, *LOOPS)]
        rows = predictor.score(waves, [PROMPT] * len(waves))
        for axis, values in moved.items():
            whole, *loops = (row[axis].value for row in rows)
            values.append(max(abs(value - whole) for value in loops))
        for length in WINDOWS:
            parts = [Waveform(part.samples, SAMPLE_RATE) for part in split(waves[0], seconds=length)]
            windows = predictor.score(parts, [PROMPT] * len(parts))
            for axis in moved:
                low, high = (end(row[axis].value for row in windows) for end in (min, max))
                beyond[length] = max(beyond[length], rows[0][axis].value - high, low - rows[0][axis].value)
    return moved, beyond


def length_table(predictors: Sequence[Predictor], sounds: dict[str, list[np.ndarray]]) -> list[str]:
    """One row for each predictor, kind of sound and length of the round."""
    axes = getattr(predictors[0], "rest", predictors[0]).axes
    lines = [
        f"| predictor | sound | round | {' | '.join(axes)} | beyond windows of 5 s | of 3 s |",
        f"|---|---|--:|{'--:|' * len(axes)}--:|--:|",
    ]
    for predictor in predictors:
        for what, clips in sounds.items():
            for seconds in ROUNDS:
                moved, beyond = moves(predictor, clips, seconds)
                cells = [f"{np.median(moved[a]):.2f}, {max(moved[a]):.2f}" if a in moved else "–" for a in axes]
                lines.append(
                    f"| {predictor.name} | {what}, {len(clips)} | {seconds} s | {' | '.join(cells)} "
                    f"| {' | '.join(f'{max(0.0, beyond[length]):.2f}' for length in WINDOWS)} |"
                )
    return lines


def main() -> None:
    """Measures, prints, and with ``--write`` puts the section into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=20, help="simulated systems, of 12 clips")
    parser.add_argument("--rounds", type=int, default=3, help="sounds of each kind that are looped")
    parser.add_argument("--songs", type=Path, help="a folder of recordings to loop")
    parser.add_argument("--study", nargs="*", default=[], metavar="FOLDER", help="studies whose clips are looked at")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sounds = {
        "simulated": [np.concatenate([clip.samples for clip in clips_of(k, 6)]) for k in range(options.rounds)],
    }
    if options.songs is not None:
        files = sorted(file for file in options.songs.iterdir() if file.is_file())
        files = files[:: max(1, len(files) // options.rounds)][: options.rounds]
        sounds["songs"] = [load_sound(file, sample_rate=SAMPLE_RATE).samples for file in files]
    predictors = [load(name, cache=False) for name in PREDICTORS]
    text = "`python -m benchmarks.shipped --songs FOLDER --study FOLDER ... --write` makes these tables.\n\n"
    text += "\n".join(domain_table(predictors, options.systems, options.study))
    text += (
        "\n\nA round, looped to 60, 120 and 300 s, moves a score by so much: median and largest over the sounds. The "
    )
    text += "last columns are how far the score of a round lies beyond those of its windows, on any axis, at most.\n\n"
    text += "\n".join(length_table(predictors, sounds))
    print(text)
    if options.write:
        write_section("Heads that ship: domain and length", text)


if __name__ == "__main__":
    main()
