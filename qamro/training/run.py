"""The state of a training run: everything that a resumed run needs to be the same run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch

from qamro.heads import HeadStack
from qamro.heads.branch_output import BranchOutput
from qamro.training import checkpoint
from qamro.training.distributed import ALONE, World
from qamro.training.fit_config import FitConfig
from qamro.training.fitted import Data, Fit
from qamro.training.objective import Objective
from qamro.training.scored import Scored, spearman

__all__ = ["Data", "Fit", "FitConfig", "Run"]


class Run:
    """A stack of heads in training.

    Attributes:
        results: One fit a head; its head's weights are written by ``finish``.
        epochs: Epochs done.
    """

    def __init__(
        self,
        stack: HeadStack,
        objectives: Sequence[Objective],
        config: FitConfig,
        data: Data,
        *,
        world: World = ALONE,
    ) -> None:
        """Prepares the optimiser and moves the data to the heads' device; features are standardised once.

        Args:
            stack: M untrained heads.
            objectives: M objectives.
            config: How to fit.
            data: The same in all processes.
            world: The processes that share the work.

        Raises:
            ValueError: Training is to stop by the validation SRCC, and that is undefined.
        """
        config.check_criterion(data.val_targets)
        device, self.world = stack.in_mean.device, world
        self.stack, self.objectives, self.config, self.data = stack, objectives, config, data
        self.features = stack.standardise(data.features.to(device))
        self.val_features = stack.standardise(data.val_features.to(device))
        self.targets, self.val_targets = data.targets.to(device), data.val_targets.to(device)
        self.optimizer = config.make_optimizer(stack)
        self.order = torch.Generator().manual_seed(config.order)
        self.results = [Fit(head) for head in stack.heads]
        self.best = [stack.state_of(m) for m in range(len(stack))]
        self.stale = [0] * len(stack)
        self.epochs, self.seconds = 0, 0.0

    @property
    def done(self) -> bool:
        """Whether every head has stopped, or the epochs are used up."""
        return self.epochs >= self.config.max_epochs or all(stale >= self.config.patience for stale in self.stale)

    def epoch(self) -> list[dict[str, float]]:
        """Trains on every batch once and measures the validation loss; returns the newest row of each head."""
        started = time.perf_counter()
        self.stack.train()
        total = torch.zeros(len(self.stack), device=self.targets.device)
        for batch in self._batches():
            losses = self._score(self.features, batch).losses(self.objectives, self.targets[batch])
            self.optimizer.zero_grad()
            losses.sum().backward()
            self.world.sum_gradients(self.stack.parameters())
            self.optimizer.step()
            total += losses.detach() * len(batch)
        self.stack.eval()
        with torch.no_grad():
            scored = self._score(self.val_features, torch.arange(len(self.val_targets)))
            val_losses = scored.losses(self.objectives, self.val_targets).tolist()
            val_srcc = spearman(scored.answer.score, self.val_targets)
        self.epochs += 1
        train_losses = (total / len(self.targets)).tolist()
        rows = [
            {"epoch": self.epochs, "train_loss": train_loss, "val_loss": val_loss, "val_srcc": srcc}
            for train_loss, val_loss, srcc in zip(train_losses, val_losses, val_srcc, strict=True)
        ]
        for m, row in enumerate(rows):
            self._note(m, row)
        self.seconds += time.perf_counter() - started
        return rows

    def finish(self) -> list[Fit]:
        """Writes the best weights into the heads and returns the fits; the heads are on the CPU, ready to predict."""
        for head in self.stack.unstack(self.best):
            head.cpu()
        for fitted in self.results:
            fitted.seconds = self.seconds
        return self.results

    def save(self, file: Path) -> None:
        """Writes the run to a file; a kill leaves the last whole epoch, never half of one."""
        state: dict[str, Any] = {
            "run": self._fingerprint(),
            "stack": self.stack.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "stale": self.stale,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "results": [(fit.history, fit.best_epoch, fit.val_loss) for fit in self.results],
            "order": self.order.get_state(),
            "dropout": [generator.get_state() for generator in self.stack.generators],
        }
        if self.world.first:
            checkpoint.write(file, state)
        self.world.wait()

    def restore(self, file: Path) -> None:
        """Goes on from a saved run.

        Raises:
            ValueError: The file is damaged, or was left by a run with other data or settings; more epochs are allowed.
        """
        state = checkpoint.read(file, self._fingerprint())
        self.stack.load_state_dict(state["stack"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.stale, self.epochs = state["best"], state["stale"], state["epochs"]
        for fit, (history, best_epoch, val_loss) in zip(self.results, state["results"], strict=True):
            fit.history, fit.best_epoch, fit.val_loss = history, best_epoch, val_loss
        self.seconds = state["seconds"]
        self.order.set_state(state["order"])
        for generator, saved in zip(self.stack.generators, state["dropout"], strict=True):
            generator.set_state(saved)
        self.world.wait()

    def _fingerprint(self) -> str:
        settings: list[object] = [replace(self.config, max_epochs=0, seed=0), *self.objectives]
        settings += [generator.initial_seed() for generator in self.stack.generators]
        return checkpoint.fingerprint(settings, [part for part in vars(self.data).values() if part is not None])

    def _note(self, m: int, row: dict[str, float]) -> None:
        if self.stale[m] >= self.config.patience:
            return
        fit = self.results[m]
        better = self.config.is_better(row, fit.best_row)
        fit.history.append(row)
        if better:
            fit.val_loss, fit.best_epoch, self.stale[m] = row["val_loss"], self.epochs, 0
            self.best[m] = self.stack.state_of(m)
        else:
            self.stale[m] += 1

    def _batches(self) -> Sequence[torch.Tensor]:
        """The rows of each step; when all are ranked at once their order does not matter, and stays as it is."""
        count, size = len(self.targets), self.config.batch_size
        if not 0 < size < count:
            return [torch.arange(count, device=self.targets.device)]
        return torch.randperm(count, generator=self.order).to(self.targets.device).split(size)

    def _score(self, features: torch.Tensor, rows: torch.Tensor) -> Scored:
        stack, count = self.stack, len(rows)
        share = self.world.share(count)
        stack.share = (share, count) if self.world.size > 1 else None
        answer = stack.answer(features[..., rows[share], :])
        if self.world.size > 1:
            score, *others = (None if part is None else self.world.gather(part, share, count, dim=1) for part in answer)
            answer = BranchOutput(cast("torch.Tensor", score), *others)
        # The heads of a run share their training clips, and with them the scale of the scores.
        return Scored(answer, stack.out_mean[0], stack.out_std[0], stack.scale)
