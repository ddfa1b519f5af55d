"""Training as all models have it: epochs, early stop, best weights, and a state on disk that resumes exactly."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from qamro.training import checkpoint
from qamro.training.distributed import ALONE, World
from qamro.training.embedded_study import Fit

if TYPE_CHECKING:
    from qamro.training.trainer import FitConfig

Rows = list[dict[str, float]]


class Training(abc.ABC):
    """Models in training side by side; each is done by itself, and its best weights stand whatever the others do.

    What is trained says how an epoch goes (``train_epoch``), which run it is (``fingerprint``), and, where that is not
    the whole module, what its weights are.

    Attributes:
        fits: One fit a model.
        epochs: Epochs done.
        seconds: Spent on epochs, over all resumptions.
    """

    strict = True
    """Whether the saved weights are all of the module's."""

    def __init__(self, module: nn.Module, models: Sequence[Any], config: FitConfig, world: World = ALONE) -> None:
        """Makes the optimiser.

        Args:
            module: What is trained, on its device.
            models: The M models that come out of it.
            config: How to fit.
            world: The processes that share the work.
        """
        self.module, self.config, self.world = module, config, world
        self.optimizer = config.make_optimizer(module)
        self.fits = [Fit(model) for model in models]
        self.best = [self.weights(m) for m in range(len(models))]
        self.stale = [0] * len(models)
        self.epochs, self.seconds = 0, 0.0

    @abc.abstractmethod
    def train_epoch(self) -> Rows:
        """Trains on every clip once and validates; returns ``train_loss``, ``val_loss``, ``val_srcc`` of each model."""

    @abc.abstractmethod
    def fingerprint(self) -> str:
        """Returns what makes the run the same run: settings and data (see ``checkpoint.fingerprint``)."""

    def weights(self, m: int) -> dict[str, torch.Tensor]:
        """Returns a copy of a model's weights, on the CPU."""
        return {key: value.detach().cpu().clone() for key, value in self.module.state_dict().items()}

    def all_weights(self) -> dict[str, torch.Tensor]:
        """Returns what a state on disk holds of the module."""
        return self.weights(0)

    def generators(self) -> Sequence[torch.Generator]:
        """Returns the random numbers that go on from epoch to epoch."""
        return ()

    @cached_property
    def identity(self) -> str:
        """The fingerprint, computed once."""
        return self.fingerprint()

    @property
    def done(self) -> bool:
        """Whether every model has stopped, or the epochs are used up."""
        return self.epochs >= self.config.max_epochs or all(stale >= self.config.patience for stale in self.stale)

    def run(self, on_epoch: Callable[[Rows], bool | None] | None = None, file: Path | None = None) -> None:
        """Trains until it is done.

        Args:
            on_epoch: Called with the newest row of each model; returning True stops.
            file: Written after every epoch; when it is there, training goes on from it.

        Raises:
            ValueError: The file is damaged, or was left by another run.
        """
        if file is not None and file.is_file():
            self.restore(file)
        while not self.done:
            rows = self.epoch()
            if file is not None:
                self.save(file)
            if self.world.any(bool(on_epoch is not None and on_epoch(rows))):
                break

    def epoch(self) -> Rows:
        """Does an epoch and notes whose is the best so far; returns the newest row of each model."""
        started = time.perf_counter()
        found = self.train_epoch()
        self.epochs += 1
        rows = [{"epoch": self.epochs, **row} for row in found]
        for m, row in enumerate(rows):
            self._note(m, row)
        self.seconds += time.perf_counter() - started
        return rows

    def _note(self, m: int, row: dict[str, float]) -> None:
        if self.stale[m] >= self.config.patience:
            return
        fit = self.fits[m]
        better = self.config.is_better(row, fit.best_row)
        fit.history.append(row)
        if better:
            fit.val_loss, fit.best_epoch, self.stale[m] = row["val_loss"], self.epochs, 0
            self.best[m] = self.weights(m)
        else:
            self.stale[m] += 1

    def save(self, file: Path) -> None:
        """Writes the run to a file; a kill leaves the last whole epoch, never half of one."""
        if self.world.first:
            state: dict[str, Any] = {
                "run": self.identity,
                "weights": self.all_weights(),
                "optimizer": self.optimizer.state_dict(),
                "best": self.best,
                "stale": self.stale,
                "epochs": self.epochs,
                "seconds": self.seconds,
                "fits": [(fit.history, fit.best_epoch, fit.val_loss) for fit in self.fits],
                "random": [generator.get_state() for generator in self.generators()],
            }
            checkpoint.write(file, state)
        self.world.wait()

    def restore(self, file: Path) -> None:
        """Goes on from a saved run.

        Raises:
            ValueError: The file is damaged, or was left by a run with other data or settings; more epochs are allowed.
        """
        state = checkpoint.read(file, self.identity)
        self.module.load_state_dict(state["weights"], strict=self.strict)
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.stale = state["best"], state["stale"]
        self.epochs, self.seconds = state["epochs"], state["seconds"]
        for fit, (history, best_epoch, val_loss) in zip(self.fits, state["fits"], strict=True):
            fit.history, fit.best_epoch, fit.val_loss = history, best_epoch, val_loss
        for generator, saved in zip(self.generators(), state["random"], strict=True):
            generator.set_state(saved)
        self.world.wait()
