"""Published files in small, with numbers made up: what a test needs of their form, on any machine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from qamro.studies.importers.forms import aes_natural
from qamro.studies.importers.forms.audiobox import AXIS_OF

NATURAL = {
    "speech": ["EARS/p001/emo_contentment_sentences.wav", "EARS/p002/emo_joy_sentences.wav", "LibriTTS/a/1/1_2.wav"],
    "music": ["MUSDB18/test/A - B/bass.wav", "MUSDB18/test/A - B/mixture.wav"],
    "sound": ["unbalanced_train_segments/audio/-6F_1_2.flac"],
}


def _ratings(paths: list[str], seed: int) -> str:
    """Ten ratings of each axis a clip, 0 to 9 (the published ones hold some zeros, too), as JSON lines."""
    rng = np.random.default_rng(seed)
    rows = [
        {"data_path": f"/your_path/{path}"} | {key: rng.integers(0, 10, 10).astype(float).tolist() for key in AXIS_OF}
        for path in paths
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def write_pam(folder: Path, *, clips: int = 12) -> Path:
    """Writes ``AES_PAM.jsonl``: two systems and real recordings, in turn; returns the file."""
    paths = [
        f"PAM/human_eval/audio/{('audiogen_m', 'audioldm', 'real')[k % 3]}/generated_audio_index_{k // 3}.wav"
        for k in range(clips)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "AES_PAM.jsonl").write_text(_ratings(paths, seed=0))
    return folder / "AES_PAM.jsonl"


def write_aes_natural(folder: Path) -> Path:
    """Writes the three files of ratings and the two lists of the official split, the last clip of speech in dev."""
    folder.mkdir(parents=True, exist_ok=True)
    lists: dict[str, list[str]] = {"train": [], "dev": []}
    for k, (part, paths) in enumerate(NATURAL.items()):
        text = _ratings(paths, seed=k)
        (folder / f"AES_natural_{part}.jsonl").write_text(text)
        for row in map(json.loads, text.splitlines()):
            means = ",".join(str(round(float(np.mean(row[key])), 1)) for key in AXIS_OF)
            split = "dev" if "LibriTTS" in row["data_path"] else "train"
            lists[split].append(f"id,{row['data_path']},{means}")
    for split, name in aes_natural.LISTS.items():
        (folder / name).write_text("\n".join(["sample_id,data_path," + ",".join(AXIS_OF), *lists[split]]) + "\n")
    return folder


def write_musiceval(folder: Path) -> tuple[Path, Path]:
    """Writes a list of mean scores and an answer file of other clips; returns both."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    mos, answer = folder / "musiceval_dev_mos_list.txt", folder / "musiceval_answer_track1.txt"
    scores = rng.integers(5, 26, (24, 2)) / 5
    names = [f"audiomos2025-track1-S{k % 6 + 1:03d}_P{k:03d}" for k in range(24)]
    mos.write_text("".join(f"{name}.wav,{a},{b}\n" for name, (a, b) in zip(names, scores, strict=True)))
    others = [name.replace("_P", "_P9") for name in names[:20]]
    rows = zip(others, 1 + 4 * rng.random((20, 2)), strict=True)
    answer.write_text("".join(f"{name},{a:.7f},{b:.7f}\n" for name, (a, b) in rows))
    return mos, answer
