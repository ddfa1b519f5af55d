"""How often prediction-powered intervals hold the truth, what they gain, and whether the gain they print is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qamro.evaluation.prediction_powered import _estimate

SYSTEMS = 5
SIZES = ((5, 50), (5, 200), (20, 50), (20, 200), (50, 50), (50, 200))
FOLLOWS = (0.0, 0.3, 0.6, 0.9)
MADE_UP_HEAD = (
    "| r within systems | rated of predicted | held | ratings alone | width | widest | worth | printed |\n"
    "|--:|--:|--:|--:|--:|--:|--:|--:|"
)
RATED_HEAD = (
    "| study | predictor | rated of predicted | r within systems | held | ratings alone | width | worth | printed |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass
class Seen:
    """What draws showed; every list has one entry a draw."""

    held: list[float]
    held_alone: list[float]
    width: list[float]
    widest: list[float]
    squares: list[float]
    squares_alone: list[float]
    printed: list[float]
    r: list[float]

    @classmethod
    def none(cls) -> Seen:
        """Nothing so far."""
        return cls([], [], [], [], [], [], [], [])

    def add(self, y: np.ndarray, scores: np.ndarray, system: np.ndarray, truth: np.ndarray) -> None:
        """Estimates from ratings (NaN where hidden) and notes how it went; truth has the shape (K,)."""
        table, told = _estimate(y, scores, system, 0.95)
        alone = (table["classical_low"] + table["classical_high"]) / 2
        widths = (table["high"] - table["low"]) / (table["classical_high"] - table["classical_low"])
        self.held.append(np.mean((table["low"] <= truth) & (truth <= table["high"])))
        self.held_alone.append(np.mean((table["classical_low"] <= truth) & (truth <= table["classical_high"])))
        self.width.append(np.mean(widths))
        self.widest.append(np.max(widths))
        self.squares.append(np.mean((table["mean"] - truth) ** 2))
        self.squares_alone.append(np.mean((alone - truth) ** 2))
        self.printed.append(told["gain"])
        self.r.append(told["r"])

    @property
    def worth(self) -> float:
        """How many ratings each rating was worth: the squared error of the ratings alone over that with predictions."""
        return float(np.mean(self.squares_alone) / np.mean(self.squares))


def made_up(studies: int) -> list[str]:
    """Rows of made-up studies: normal clips, predictions that follow them within systems with r."""
    rows = []
    for r in FOLLOWS:
        for rated, clips in SIZES:
            rng, seen = np.random.default_rng([int(10 * r), rated, clips]), Seen.none()
            system = np.repeat(np.arange(SYSTEMS), clips)
            hidden = np.tile(np.arange(clips) >= rated, SYSTEMS)
            for _ in range(studies):
                truth = rng.normal(3, 0.5, SYSTEMS)
                own = rng.normal(size=system.size)
                scores = 0.3 * truth[system] + r * own + np.sqrt(1 - r**2) * rng.normal(size=system.size)
                y = truth[system] + own
                y[hidden] = np.nan
                seen.add(y, scores, system, truth)
            shares = f"{100 * np.mean(seen.held):.1f} % | {100 * np.mean(seen.held_alone):.1f} %"
            rows.append(
                f"| {r:g} | {rated} of {clips} | {shares} | {np.mean(seen.width):.3f} | {np.max(seen.widest):.3f} | "
                f"{seen.worth:.2f}x | {np.mean(seen.printed):.2f}x |"
            )
    return rows


FOLDED_HEAD = (
    "| heads | r within systems | rated of predicted | held | ratings alone | width | worth | printed |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)
_WIDTH = 40
"""Features of a made-up clip that heads learn from."""


def made_up_folds(studies: int) -> list[str]:
    """Rows of made-up studies whose predictor is a head trained on the very ratings that are kept.

    Five folds, as ``train`` makes them: a rated clip is predicted by the heads that never saw it, another by the mean
    of all. Beside them what a head does that knows the answers, which nobody should use.
    """
    rows = []
    for folds in (5, 1):
        for share in (0.0, 0.3, 0.7):
            for rated, clips in ((10, 60), (20, 100), (50, 200)):
                rng, seen = np.random.default_rng([folds, int(10 * share), rated, clips]), Seen.none()
                system = np.repeat(np.arange(SYSTEMS), clips)
                hidden = np.tile(np.arange(clips) >= rated, SYSTEMS)
                for _ in range(studies):
                    truth = rng.normal(3, 0.5, SYSTEMS)
                    features = rng.normal(size=(system.size, _WIDTH))
                    told = features @ rng.normal(size=_WIDTH) / np.sqrt(_WIDTH)
                    own = np.sqrt(share) * told + np.sqrt(1 - share) * rng.normal(size=system.size)
                    features[:, :SYSTEMS] += 0.5 * np.eye(SYSTEMS)[system]  # systems sound unlike each other
                    y = np.where(hidden, np.nan, truth[system] + own)
                    seen.add(y, _in_folds(features @ features.T / _WIDTH, y, rng, folds), system, truth)
                shares = f"{100 * np.mean(seen.held):.1f} % | {100 * np.mean(seen.held_alone):.1f} %"
                rows.append(
                    f"| {'five folds' if folds > 1 else 'one that saw the answers'} | {np.mean(seen.r):.2f} | "
                    f"{rated} of {clips} | {shares} | {np.mean(seen.width):.3f} | {seen.worth:.2f}x | "
                    f"{np.mean(seen.printed):.2f}x |"
                )
    return rows


def folded(studies: int) -> str:
    """What the table of heads that were trained on the ratings shows."""
    return (
        f"Heads trained on the very ratings that are kept (ridge regression on {_WIDTH} made-up features), {studies:,} "
        "studies a row: in folds, a rated clip is scored by heads that never saw it; the other head saw the answers."
    )


def _in_folds(kernel: np.ndarray, y: np.ndarray, rng: np.random.Generator, folds: int) -> np.ndarray:
    """Scores of all clips by heads trained on those with a rating; a rated clip's by heads that never saw it."""
    rated = ~np.isnan(y)
    fold = np.where(rated, 0, -1)
    fold[rated] = rng.permutation(rated.sum()) % folds
    everywhere = np.ones(len(y), dtype=bool)
    by_head = [_ridge(kernel, y, rated & ((fold != k) | (folds == 1)), everywhere) for k in range(folds)]
    scores = np.mean(by_head, axis=0)
    for k in range(folds):
        scores[fold == k] = by_head[k][fold == k]
    return scores


def hidden_ratings(
    name: str, predictor: str, y: np.ndarray, scores: np.ndarray, system: np.ndarray, *, rated: int, draws: int
) -> str:
    """A row of a rated study: some clips of each system keep their ratings, the truth is the mean over all.

    Args:
        name: Of the study.
        predictor: Of the predictor.
        y: MOS of the clips, shape (n,).
        scores: Their predictions, shape (n,).
        system: Codes 0 to K - 1, shape (n,).
        rated: Clips of each system that keep their ratings.
        draws: How often.
    """
    rng, seen = np.random.default_rng(rated), Seen.none()
    truth = np.bincount(system, y) / np.bincount(system)
    for _ in range(draws):
        seen.add(_hide(y, system, rated, rng), scores, system, truth)
    return _row(name, predictor, f"{rated} of {int(np.bincount(system)[0])}", seen)


def cross_fitted(
    name: str, y: np.ndarray, features: np.ndarray, system: np.ndarray, content: np.ndarray, *, draws: int
) -> str:
    """A row of a rated study whose predictor learns from the very ratings that are kept: half of each system's clips.

    Ridge regression in five folds of contents: a clip is predicted by those that saw no clip of its content.

    Args:
        name: Of the study.
        y: MOS, shape (n,).
        features: Standardised features, shape (n, d).
        system: Codes, shape (n,).
        content: What each clip renders, shape (n,).
        draws: How often ratings are hidden.
    """
    rng, seen = np.random.default_rng(0), Seen.none()
    truth = np.bincount(system, y) / np.bincount(system)
    kernel = features @ features.T / features.shape[1]
    contents = np.unique(content, return_inverse=True)[1]
    for _ in range(draws):
        shown = _hide(y, system, 0, rng)
        rated = ~np.isnan(shown)
        fold = rng.permutation(np.arange(contents.max() + 1) % 5)[contents]
        scores = np.empty(len(y))
        for k in range(5):
            learn = rated & (fold != k)
            scores[fold == k] = _ridge(kernel, shown, learn, fold == k)
        seen.add(shown, scores, system, truth)
    return _row(name, "ridge on log-mel, cross-fitted", f"half of {len(y)}", seen)


def _ridge(kernel: np.ndarray, y: np.ndarray, learn: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Ridge regression in its dual form; the penalty is the best of a few in leaving one clip out."""
    own, mean = kernel[np.ix_(learn, learn)], y[learn].mean()
    values, vectors = np.linalg.eigh(own)
    turned = vectors.T @ (y[learn] - mean)
    best, weights = np.inf, np.zeros(learn.sum())
    for penalty in np.geomspace(0.01, 100, 9):
        inverse = vectors / (np.maximum(values, 0) + penalty)
        dual = inverse @ turned
        left = np.mean((dual / (inverse * vectors).sum(axis=1)) ** 2)
        if left < best:
            best, weights = left, dual
    return mean + kernel[np.ix_(answer, learn)] @ weights


def _hide(y: np.ndarray, system: np.ndarray, rated: int, rng: np.random.Generator) -> np.ndarray:
    shown = np.full(len(y), np.nan)
    for k in range(int(system.max()) + 1):
        own = rng.permutation(np.flatnonzero(system == k))
        keep = own[: rated or len(own) // 2]
        shown[keep] = y[keep]
    return shown


def _row(name: str, predictor: str, sizes: str, seen: Seen) -> str:
    shares = f"{100 * np.mean(seen.held):.1f} % | {100 * np.mean(seen.held_alone):.1f} %"
    return (
        f"| {name} | {predictor} | {sizes} | {np.nanmean(seen.r):.2f} | {shares} | {np.mean(seen.width):.3f} | "
        f"{seen.worth:.2f}x | {np.mean(seen.printed):.2f}x |"
    )


def published(table: str, draws: int) -> list[str]:
    """Rows of a CSV with the columns ``system``, MI, TA and published predictors' scores, 20 clips of each rated."""
    import pandas as pd

    rows = pd.read_csv(table)
    system = np.unique(rows["system"], return_inverse=True)[1]
    pairs: Sequence[tuple[str, str, str]] = (
        ("MI", "TuneJury", "tunejury"),
        ("MI", "MuQ-Eval", "muqeval_MI"),
        ("TA", "TuneJury", "tunejury"),
        ("TA", "MuQ-Eval", "muqeval_TA"),
    )
    found = []
    for axis, name, column in pairs:
        y, scores = rows[axis].to_numpy(float), rows[column].to_numpy(float)
        found.append(hidden_ratings(f"PAM music, {axis}", name, y, scores, system, rated=20, draws=draws))
    return found


def studies_in(folders: Sequence[str], draws: int) -> list[str]:
    """Rows of study folders with their audio."""
    from qamro.encoders import LogMel
    from qamro.encoders.embedding_store import CachedEncoder
    from qamro.studies.registry import open_study
    from qamro.training.embedded_study import embed_study

    found = []
    for folder in folders:
        study = open_study(folder)
        embeddings = embed_study(study, CachedEncoder(LogMel()))
        means = study.clip_means().set_index("clip").loc[list(embeddings.clips)]
        features = np.asarray(embeddings.audio, float)
        spread = features.std(axis=0)
        features = (features[:, spread > 0] - features[:, spread > 0].mean(axis=0)) / spread[spread > 0]
        system = np.unique(means["system"], return_inverse=True)[1]
        clips = study.clips.set_index("clip").loc[list(embeddings.clips)]
        key = "source" if "source" in clips and (clips["source"] != "").all() else "prompt"
        content = clips[key].to_numpy(str) if (clips[key] != "").all() else np.array(list(embeddings.clips))
        found.append(cross_fitted(study.name, means["mean"].to_numpy(float), features, system, content, draws=draws))
    return found


RATED = (
    "Rated studies: ratings of some clips of each system are hidden, the truth is the mean of all of them, which both "
    "intervals hold more often than they must, for they speak of more clips than these."
)


def about(studies: int, draws: int) -> str:
    """What the tables show."""
    return (
        f"`python -m benchmarks.coverage --part powered --rated FOLDER ... --published CSV --hidings {draws} --write` "
        f"makes these tables. Made-up studies, {studies:,} a row: {SYSTEMS} systems, normal clips, predictions that "
        'follow them within systems with r; some of the predicted clips are rated. "Held": how often a 95 % interval '
        'holds the mean, with predictions and by the ratings alone; "width": of the first as a share of the second, on '
        'average and at the most; "worth": the squared error of the ratings alone over that with predictions; '
        f'"printed": the gain that `compare --prediction-powered` says. Rated studies: {draws} draws.'
    )
