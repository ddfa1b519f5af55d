"""Ridge regression on the features of a head: solved exactly, and kept as a ``ScoreHead`` that computes the same."""

from __future__ import annotations

import numpy as np
import torch

from qamro.heads.score_head import LIMIT, ScoreHead, drawn_by
from qamro.training.embedded_study import Data, Fit

PENALTIES = np.logspace(-1, 5, 19)
"""What the penalty is chosen from, by cross-validation."""

FOLDS = 5
"""Folds of that cross-validation."""


def fit_ridge(data: Data) -> Fit:
    """Solves min |y - Xw - b|² + λ|w|² on the training clips; X and y are standardised as a ``ScoreHead`` does it.

    λ is the one of ``PENALTIES`` with the least squared error in cross-validation within the training clips, in which
    ``data.contents`` stay together: what is held out there is held out here, too. The validation clips take no part.

    Args:
        data: Embeddings and MOS.

    Returns:
        A fit of one epoch, whose losses are mean squared errors on the scale of the MOS. It has no chance in it: every
        seed gives the same.

    Raises:
        ValueError: There are no training clips.
    """
    from qamro.training.trainer import spearman

    if len(data.targets) == 0:
        raise ValueError("ridge regression needs training clips, and the part is empty")
    with drawn_by(0):
        head = ScoreHead(data.features.shape[1], (2, 2), 0.0)
    head.calibrate_scales(data.features, data.targets)
    x = ((data.features - head.in_mean) / head.in_std).clamp(-LIMIT, LIMIT).double().cpu().numpy()
    y = ((data.targets - head.out_mean) / head.out_std).double().cpu().numpy()
    contents = None if data.contents is None else data.contents.cpu().numpy()
    penalty = choose_penalty(x, y, contents)
    weights, biases = solve(x, y, np.array([penalty]))
    _write(head, weights[:, 0], float(biases[0]))
    head.eval()
    with torch.inference_mode():
        errors = {
            "train_loss": float(((head(data.features) - data.targets) ** 2).mean()),
            "val_loss": float(((head(data.val_features) - data.val_targets) ** 2).mean()),
        }
        srcc = spearman(head(data.val_features)[None], data.val_targets)[0]
    row = {"epoch": 1.0, **errors, "val_srcc": srcc}
    return Fit(head, [row], 1, errors["val_loss"])


def choose_penalty(x: np.ndarray, y: np.ndarray, contents: np.ndarray | None) -> float:
    """Returns the penalty with the least squared error in cross-validation.

    Args:
        x: (N, dim) standardised features.
        y: (N,) standardised MOS.
        contents: (N,) numbers; rows with the same one stay together. None: every row is its own.
    """
    group = np.arange(len(y)) if contents is None else np.unique(contents, return_inverse=True)[1]
    count = int(group.max()) + 1
    if count < 2:
        return float(PENALTIES[-1])  # nothing can be held out: lean on the mean
    fold = (np.random.default_rng(0).permutation(count) % min(FOLDS, count))[group]
    errors = np.zeros(len(PENALTIES))
    for out in range(min(FOLDS, count)):
        held = fold == out
        weights, biases = solve(x[~held], y[~held], PENALTIES)
        errors += ((x[held] @ weights + biases - y[held, None]) ** 2).sum(axis=0)
    return float(PENALTIES[int(np.argmin(errors))])


def solve(x: np.ndarray, y: np.ndarray, penalties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns weights, (dim, P), and biases, (P,), for P penalties; the bias is not penalised.

    Works in the smaller of the two spaces, of clips or of features.
    """
    middle, level = x.mean(axis=0), y.mean()
    centred, rest = x - middle, y - level
    few_clips = len(centred) <= centred.shape[1]
    values, vectors = np.linalg.eigh(centred @ centred.T if few_clips else centred.T @ centred)
    shrunk = 1 / (np.maximum(values, 0)[:, None] + penalties)
    if few_clips:
        weights = centred.T @ (vectors @ (shrunk * (vectors.T @ rest)[:, None]))
    else:
        weights = vectors @ (shrunk * (vectors.T @ (centred.T @ rest))[:, None])
    return weights, level - middle @ weights


def _write(head: ScoreHead, weights: np.ndarray, bias: float) -> None:
    """Makes the head linear: gelu(z) - gelu(-z) = z, so that two units of each layer hand z on as it is."""
    sign = torch.tensor([1.0, -1.0])
    first, second, last = head.linears
    with torch.no_grad():
        first.weight.copy_(sign[:, None] * torch.as_tensor(weights, dtype=torch.float32))
        first.bias.copy_(sign * bias)
        second.weight.copy_(sign[:, None] * sign)
        second.bias.zero_()
        last.weight.copy_(sign[None])
        last.bias.zero_()
