"""Compares this project's CLAP encoder with what laion_clap itself has just answered (``make reference``).

    .venv/bin/python benchmarks/reference/compare.py FOLDER

The folder holds a checkpoint and answers that ``original.py`` wrote. The exit code is 1 when they differ.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

LARGEST = 1e-4
"""Largest difference of an embedding's component, and of a log-mel value in dB."""

SMALLEST_COSINE = 0.99999


def main(folder: Path) -> int:
    """Prints the differences, returns how many are too large."""
    os.environ["QAMRO_CACHE"] = str(folder / "cache")
    from qamro.encoders import Clap
    from qamro.encoders.clap import round_to_16_bits

    answers = np.load(folder / "answers.npz")
    clap = Clap.from_checkpoint(folder / "clap.pt")
    clips = [answers[f"audio_{i}"] for i in range(len(answers["audio"]))]
    together = clap.embed_audio([(clip, 48_000) for clip in clips])
    alone = torch.cat([clap.embed_audio([(clip, 48_000)]) for clip in clips])
    text = clap.embed_tokens(answers["input_ids"], answers["attention_mask"])
    mel = clap.log_mel(torch.from_numpy(round_to_16_bits(clips[0]))[None])[0]
    wrong = sum(
        differs(name, found.numpy(), answers[kind])
        for name, found, kind in (
            ("audio, one batch", together, "audio"),
            ("audio, one by one", alone, "audio"),
            ("text", text, "text"),
            ("log-mel (dB)", mel, "mel"),
        )
    )
    spread = np.abs(answers["audio"][1:] - answers["audio"][:-1]).max()
    print(f"for scale: laion_clap's answers to neighbouring clips differ by up to {spread:.2g}")
    return wrong


def differs(name: str, found: np.ndarray, expected: np.ndarray) -> bool:
    """Prints one line and returns whether it is outside the tolerance."""
    largest = float(np.abs(found - expected).max())
    cosine = (found * expected).sum(-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(expected, axis=-1)
    good = found.shape == expected.shape and largest <= LARGEST and float(cosine.min()) >= SMALLEST_COSINE
    verdict = "equal" if good else "DIFFERS"
    print(f"{name:18} largest difference {largest:.1e}, smallest cosine {cosine.min():.7f}: {verdict}")
    return not good


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
