"""Speech: how well its predictor agrees with people, what its detector errs on, and what both cost.

    python -m benchmarks.speech --study FOLDER:AXIS ... --sounds KIND=FOLDER ... [--write]

A study is rated speech with its audio; a folder of sounds is called speech or something else. Nothing is trained here.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.report import write_section
from qamro.audio import AUDIO_ENDINGS, load
from qamro.encoders.distillmos import DistillMos
from qamro.encoders.voice import SPEECH, VoiceDetector
from qamro.evaluation import evaluate
from qamro.predictors import load as load_predictor
from qamro.studies.registry import open_study

THRESHOLDS = (0.3, 0.5, 0.7)


def agreement(studies: Sequence[str], draws: int) -> list[str]:
    """SRCC on rated studies, every clip scored, whatever the detector says."""
    lines = ["| study | level | clips or systems | SRCC | 95 % interval |", "|---|---|--:|--:|---|"]
    predictor = load_predictor("speech", check=False)
    for given in studies:
        folder, _, axis = given.partition(":")
        study = open_study(folder)
        clips = list(study.clips["clip"])
        table = predictor.predict([study.audio_path(clip) for clip in clips]).assign(clip=clips)
        found = evaluate(study, table, axis_map={"SQ": axis or study.axes[0]}, draws=draws).table
        for row in found[found["metric"] == "SRCC"].itertuples():
            count = row.clips if row.level == "utterance" else row.systems
            lines.append(
                f"| {study.name} | {row.level} | {count} | {row.value:.3f} | {row.low:.3f} to {row.high:.3f} |"
            )
    return lines


def errors(sounds: Sequence[str]) -> list[str]:
    """Which share of clips of each kind is heard as speech, by threshold."""
    detector = VoiceDetector()
    head = " | ".join(f"share ≥ {limit:g}" for limit in THRESHOLDS)
    lines = [f"| sound | clips | {head} | median share |", "|---|--:|" + "--:|" * (len(THRESHOLDS) + 1)]
    for given in sounds:
        kind, _, folder = given.partition("=")
        files = sorted(file for file in Path(folder).rglob("*") if file.suffix.lower() in AUDIO_ENDINGS)
        shares = np.array([detector.share(load(file, sample_rate=16_000).samples) for file in files])
        heard = " | ".join(f"{(shares >= limit).sum()} of {len(shares)}" for limit in THRESHOLDS)
        lines.append(f"| {kind} | {len(shares)} | {heard} | {np.median(shares):.2f} |")
    return lines


def cost(seconds: Sequence[int] = (5, 10, 30)) -> list[str]:
    """Seconds for one clip, ours and the package's, the shorter of two runs each."""
    from tests.encoders.test_distillmos import packages_network

    theirs, ours, detector = packages_network(), DistillMos(), VoiceDetector()
    lines = ["| clip | detector | Distill-MOS here | its package |", "|---|--:|--:|--:|"]
    for length in seconds:
        wave = (0.1 * np.random.default_rng(0).standard_normal(length * 16_000)).astype(np.float32)

        def least(call: Callable[[], object]) -> float:
            times = []
            for _ in range(2):
                start = time.perf_counter()
                call()
                times.append(time.perf_counter() - start)
            return min(times)

        def package(wave: np.ndarray = wave) -> None:
            with torch.no_grad():
                theirs(torch.from_numpy(wave)[None])

        spent = (
            least(lambda wave=wave: detector.share(wave)),
            least(lambda wave=wave: ours.score([(wave, 16_000)])),
            least(package),
        )
        lines.append(f"| {length} s | {' | '.join(f'{value:.2f} s' for value in spent)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", action="append", default=[], metavar="FOLDER:AXIS")
    parser.add_argument("--sounds", action="append", default=[], metavar="KIND=FOLDER")
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="put the section into RESULTS.md")
    options = parser.parse_args()
    text = [
        "`python -m benchmarks.speech --study FOLDER:AXIS ... --sounds KIND=FOLDER ... --write` writes this section.",
        "",
        "Distill-MOS, nothing trained here, against the ratings of studies that it was not trained on:",
        "",
        *agreement(options.study, options.draws),
        "",
        "What the detector hears as speech: clips whose share of voice in what sounds is at least a threshold; "
        f"{SPEECH:g} is used.",
        "",
        *errors(options.sounds),
        "",
        f"Seconds for one clip on {torch.get_num_threads()} CPU thread(s), the shorter of two runs:",
        "",
        *cost(),
    ]
    print("\n".join(text))
    if options.write:
        write_section("Speech", "\n".join(text) + "\n")


if __name__ == "__main__":
    main()
