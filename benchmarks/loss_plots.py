"""Draws the figures of docs/losses.md from the losses themselves: ``python -m benchmarks.loss_plots``."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.svg import Chart
from qamro.losses import (
    balr_loss,
    coral_loss,
    gaussian_soft_labels,
    listmle_loss,
    margin_ranking_loss,
    qamro_loss,
    sama_loss,
)
from qamro.losses.listwise import soft_rank

FOLDER = Path(__file__).parent.parent / "docs" / "figures"
_FIVE = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])


def _pair_at(differences: Tensor, targets: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """A batch of two clips, in as many models as there are differences of prediction (better minus worse)."""
    return torch.stack((differences, torch.zeros_like(differences)), -1), torch.tensor(targets)


def margin_ranking() -> Chart:
    chart = Chart(
        "Margin ranking loss of one pair", "ŷ of the better clip − ŷ of the worse", "loss of the pair", "margin m"
    )
    x = torch.linspace(-1, 1, 81)
    for margin in (0.0, 0.1, 0.5):
        losses = margin_ranking_loss(*_pair_at(x, (4, 2)), margin=margin)
        chart.add(f"{margin:g}", x.tolist(), losses.tolist())
    return chart


def qamro() -> Chart:
    chart = Chart("QAMRO loss of one pair", "ŷ of the better clip − ŷ of the worse", "loss of the pair", "the pair's y")
    x = torch.linspace(-1, 1, 81)
    for better, worse in ((5, 1), (5, 4), (3, 2), (2, 1)):
        losses = qamro_loss(*_pair_at(x, (better, worse)), normalize="scale", scale=(1, 5))
        chart.add(f"{better} and {worse}", x.tolist(), losses.tolist())
    return chart


def _best_clip_moves() -> tuple[Tensor, Tensor]:
    """Five clips scored rightly but for the best, whose prediction moves."""
    x = torch.linspace(-2, 8, 201)
    predictions = _FIVE.repeat(len(x), 1)
    predictions[:, -1] = x
    return x, predictions


def balr() -> Chart:
    chart = Chart(
        "BALR as the best of five clips moves",
        "ŷ of the clip with y = 5",
        "loss above its least value",
        "temperature τ",
    )
    x, predictions = _best_clip_moves()
    for temperature in (0.5, 1.0, 2.0):
        losses = balr_loss(predictions, _FIVE, temperature=temperature)
        chart.add(f"{temperature:g}", x.tolist(), (losses - balr_loss(_FIVE, _FIVE, temperature=temperature)).tolist())
    return chart


def listmle() -> Chart:
    chart = Chart("ListMLE as the best of five clips moves", "ŷ of the clip with y = 5", "loss", "temperature τ")
    x, predictions = _best_clip_moves()
    for temperature in (0.5, 1.0, 2.0):
        losses = listmle_loss(predictions, _FIVE, temperature=temperature)
        chart.add(f"{temperature:g}", x.tolist(), losses.tolist())
    return chart


def soft_spearman() -> Chart:
    chart = Chart(
        "Soft rank of a clip among five", "ŷ of a clip, the others at 1, 2, 3 and 4", "its soft rank", "temperature τ"
    )
    x, predictions = _best_clip_moves()
    for temperature in (0.2, 2.0, 8.0):
        chart.add(f"{temperature:g}", x.tolist(), soft_rank(predictions, temperature)[:, -1].tolist())
    return chart


def sama() -> Chart:
    chart = Chart("SAMA of one clip", "cosine of audio and text", "loss of the clip", "score y")
    angle = torch.linspace(torch.pi, 0, 81)
    audio, text = torch.stack((angle.cos(), angle.sin()), -1)[:, None], torch.tensor([[1.0, 0.0]])
    for score in (1.0, 2.0, 3.0, 4.0, 5.0):
        chart.add(f"{score:g}", angle.cos().tolist(), sama_loss(audio, text, torch.tensor([score])).tolist())
    return chart


def gaussian_labels() -> Chart:
    chart = Chart("Gaussian soft labels", "centre of the bin", "probability", "score y, width σ", marks=True)
    centres = torch.linspace(1, 5, 20).tolist()
    for score, sigma in ((1.2, 0.25), (3.4, 0.25), (3.4, 0.5)):
        chart.add(
            f"{score:g}, {sigma:g}", centres, gaussian_soft_labels(torch.tensor([score]), sigma=sigma)[0].tolist()
        )
    return chart


def coral() -> Chart:
    chart = Chart("CORAL of one clip", "f(x), with biases 3, 1, −1, −3", "loss of the clip", "score y")
    x = torch.linspace(-6, 6, 81)
    logits = (x[:, None] + torch.tensor([3.0, 1.0, -1.0, -3.0]))[:, None]
    for score in (1.0, 2.2, 3.0, 5.0):
        chart.add(f"{score:g}", x.tolist(), coral_loss(logits, torch.tensor([score])).tolist())
    return chart


FIGURES = (margin_ranking, qamro, balr, listmle, soft_spearman, sama, gaussian_labels, coral)


def main(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        path = folder / f"loss-{figure.__name__.replace('_', '-')}.svg"
        path.write_text(figure().svg())
        print(path)


if __name__ == "__main__":
    main()
