"""Published files in small, with numbers made up: what a test needs of their form, on any machine."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from qamro.studies.importers.forms import aes_natural, codec_mushra, lstm_music
from qamro.studies.importers.forms.audiobox import AXIS_OF

NATURAL = {
    "speech": ["EARS/p001/emo_contentment_sentences.wav", "EARS/p002/emo_joy_sentences.wav", "LibriTTS/a/1/1_2.wav"],
    "music": ["MUSDB18/test/A - B/bass.wav", "MUSDB18/test/A - B/mixture.wav"],
    "sound": ["unbalanced_train_segments/audio/-6F_1_2.flac"],
}

CODECS = ("Reference", "A 2.4", "A 1.2", "A 0.6", "B 2.4", "B 1.2", "B 0.6", "C 0.6")
SONGS = (("human-multi", 24), ("human-single", 28), ("lstm-multi", 24), ("lstm-single", 28))


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


def whole(scores: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rounded as people answer, inside the scale."""
    return np.clip(np.round(scores), low, high)


def drawn(rng: np.random.Generator, systems: Sequence[str], raters: int) -> np.ndarray:
    """Whole ratings from 0 to 10, (clips, raters): what systems, clips and raters add. Zeros are among them."""
    names, index = np.unique(np.array(systems), return_inverse=True)
    means = 4.5 + rng.normal(0, 1.3, len(names))[index] + rng.normal(0, 0.8, len(index))
    return whole(means[:, None] + rng.normal(0, 1.6, (len(index), raters)), 0, 10)


def write_aesthetics(path: Path, clips: Iterable[tuple[str, str]], *, raters: int = 10, seed: int = 0) -> Path:
    """Writes JSON lines of four axes, anonymous ratings a clip; ``clips`` are pairs of path and system."""
    rng = np.random.default_rng(seed)
    paths, systems = zip(*clips, strict=True)
    scores = {axis: drawn(rng, systems, raters) for axis in AXIS_OF}
    scores["Content_Usefulness"][0, 0] = 0
    rows = ({"data_path": p} | {axis: s[i].tolist() for axis, s in scores.items()} for i, p in enumerate(paths))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def track2_clips(systems: int = 36, clips: int = 85) -> list[tuple[str, str]]:
    """Clips as AudioMOS 2025 track 2 names them: the system stands in the name."""
    return [
        (f"audiomos2025-track2-sys{k:02d}x-utt{k:02d}{i:03d}", f"sys{k:02d}x")
        for k in range(systems)
        for i in range(clips)
    ]


def pam_clips(contents: int = 10) -> list[tuple[str, str]]:
    """Clips as PAM names them: four systems for sounds, four for music, and recordings for both."""
    return [
        (f"/your_path/PAM/human_eval/{kind}/{system}/{kind}_{i}.wav", system)
        for kind in ("audio", "music")
        for system in ("real", *(f"{kind}_{letter}" for letter in "abcd"))
        for i in range(contents)
    ]


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Writes a CSV, with the folders that it stands in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_codec(folder: Path, *, contents: int = 16, raters: int = 19, seed: int = 0) -> Path:
    """Writes a MUSHRA study of codecs, as published and in long form (a ``Study`` folder); half the raters heard each.

    The first rater misses far. One condition a content, the anchor, was rated and has no file. The long form
    holds what ``codec_mushra`` calls ``stim_01/a.wav`` as ``stim_01_a.flac``.
    """
    rng = np.random.default_rng(seed)
    bias, spread = rng.normal(0, 4, raters), rng.uniform(6, 12, raters)
    published, clips, ratings = [], [], []
    for content in range(1, contents + 1):
        heard = np.sort(rng.permutation(raters)[: raters // 2 + content % 2])
        for k, system in enumerate((*CODECS, "Anchor")):
            level = 95 if k == 0 else 75 - 8 * k + rng.normal(0, 4)
            misses = bias[heard] + spread[heard] * rng.normal(size=len(heard))
            misses[heard == 0] = 42 * rng.choice([-1, 1])
            scores = whole(level + misses, 0, 100).tolist()
            file = "" if system == "Anchor" else f"stim_{content:02d}/codec_{k}.wav"
            published.append((f"S{content}", system, json.dumps(scores), json.dumps((heard + 1).tolist()), file))
            if file:
                clip = file.replace("/", "_").replace(".wav", ".flac")
                clips.append((clip, f"audio/{clip}", system, f"S{content}"))
                ratings += [(clip, f"P{who + 1}", "quality", score) for who, score in zip(heard, scores, strict=True)]
    header = ("signal", "condition", "ratings", "participant_ids", "file")
    write_table(folder / "published" / codec_mushra.FILE, header, published)
    return _write_long(folder, ("clip", "path", "system", "source"), clips, ("clip", "rater", "axis", "score"), ratings)


def write_survey(folder: Path, *, raters: int = 65, each: int = 8, seed: int = 0) -> Path:
    """Writes a survey on 104 songs, as published and in long form: some songs a rater, one rater in four at random.

    Every twentieth answer is -1 beside the guess "familiar", which is no rating.
    """
    rng = np.random.default_rng(seed)
    systems = [name for name, count in SONGS for _ in range(count)]
    quality = np.array([3.4 if name.startswith("human") else 2.4 for name in systems]) + rng.normal(0, 0.5, 104)
    order = np.concatenate([rng.permutation(104) for _ in range(-(-raters * each // 104))])  # evenly heard
    answers = []
    for who in range(raters):
        for song in order[each * who : each * (who + 1)]:
            careless = who % 4 == 0
            score = rng.integers(0, 6) if careless else whole(quality[song] + rng.normal(0, 0.6), 0, 5)
            familiar = len(answers) % 20 == 7
            guess = 2 if familiar else int(rng.random() < 0.5)
            answers.append(
                (9000 + who, song + 1, guess, -1 if familiar else int(score), int(rng.integers(3000, 30000)))
            )
    write_table(folder / "published" / lstm_music.FILE, ("USER_ID", "SONG_ID", "GUESS", "RATING", "TIME"), answers)
    clips = [(f"{n}.mp3", f"audio/{n}.mp3", system) for n, system in enumerate(systems, 1)]
    words = ("human", "computer", "familiar")
    ratings = [(f"{n}.mp3", f"U{who}", "quality", score, words[guess], ms) for who, n, guess, score, ms in answers]
    header = ("clip", "rater", "axis", "score", "guess", "listened_ms")
    return _write_long(folder, ("clip", "path", "system"), clips, header, ratings)


def _write_long(
    folder: Path, clip_header: Sequence[str], clips: list[tuple], header: Sequence[str], ratings: list[tuple]
) -> Path:
    write_table(folder / "clips.csv", clip_header, clips)
    write_table(folder / "ratings.csv", header, ratings)
    (folder / "audio").mkdir()
    for _, path, *_ in clips:
        (folder / path).write_bytes(b"x")
    return folder
