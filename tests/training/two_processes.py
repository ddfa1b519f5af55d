"""What two processes compute, written by the first: run by torchrun, or alone for what it should be.

torchrun --nproc-per-node 2 tests/training/two_processes.py FOLDER STUDY WAVLM
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from qamro.losses import qamro_loss
from qamro.studies import Study
from qamro.training.distributed import join
from qamro.training.end_to_end.recipe import train_end_to_end
from qamro.training.end_to_end.run import EndToEndConfig
from qamro.training.end_to_end.towers import WavlmTower
from qamro.training.objective import OBJECTIVES, Objective
from qamro.training.recipe import Recipe
from qamro.training.splits import split
from qamro.training.trainer import Data, FitConfig, fit_many

OBJECTIVE = Objective(beta=3.0)


def made_up(clips: int = 45) -> Data:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(clips + 20, 6, generator=rng)
    y = (3 + x[:, 0] + 0.3 * torch.randn(clips + 20, generator=rng)).clamp(1, 5)
    return Data(x[:clips], y[:clips], x[clips:], y[clips:])


def main(out: Path, study: Path, wavlm: Path) -> None:
    torch.set_num_threads(1)
    world, _ = join()
    found: dict[str, object] = {"size": world.size}

    # A loss over 5 clips, 2 of one process and 3 of the other, and one over a single clip: a process without any.
    for count in (5, 1):
        torch.manual_seed(1)
        model, x = torch.nn.Linear(3, 1).double(), torch.randn(count, 3).double()
        share = world.share(count)
        scores = world.gather(model(x[share]).squeeze(-1), share, count)
        loss = qamro_loss(scores, torch.arange(count).double()) + scores.square().mean()
        loss.backward()
        world.sum_gradients(model.parameters())
        found[f"plain {count}"] = (loss.detach(), model.weight.grad, model.bias.grad)

    # Batches of 11 of 45 clips leave a last one of one clip; dropout draws the same whoever computes.
    config = FitConfig("adamw", lr=3e-3, batch_size=11, max_epochs=4, hidden=(8, 4), dropout=0.3)
    fits = fit_many(made_up(), [OBJECTIVE, OBJECTIVES["mse"]("MI")], [0, 7], config, world=world)
    found["fits"] = [(fit.history, dict(fit.head.state_dict())) for fit in fits]

    tones = Study.load(study)
    config = EndToEndConfig("sgd", lr=1e-2, encoder_lr=1e-3, batch_size=5, micro_batch=2, max_epochs=2, hidden=(8, 4))
    recipe = Recipe("toy", config=config, objective=lambda axis: OBJECTIVE, axes=["MI"])
    tower = WavlmTower.from_checkpoint(wavlm)
    rows: list[dict[str, float]] = []
    trained = train_end_to_end(
        tones,
        split(tones, hold_out="system"),
        tower,
        recipe,
        out / "heads",
        on_epoch=rows.append,
        checkpoint=out / "last.pt",
        world=world,
    )
    found["end to end"] = (rows, {k: v.clone() for k, v in tower.state_dict().items()})
    assert (trained is None) == (world.rank > 0)
    if world.first:
        torch.save(found, out / "found.pt")
    world.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
