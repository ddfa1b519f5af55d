"""An end-to-end run: its settings, epochs, early stop, and a state on disk that a kill does not cost an epoch of."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from qamro.training import checkpoint
from qamro.training.distributed import ALONE, World
from qamro.training.end_to_end.network import Answers, Clips, Network, Part, backward, loss_of, predicted
from qamro.training.objective import Objective
from qamro.training.trainer import FitConfig, spearman

Rows = list[dict[str, float]]


@dataclass(frozen=True)
class Rated:
    """Clips with their MOS.

    Attributes:
        clips: N names.
        targets: For each axis (N,) MOS; NaN where a clip is not rated on it.
    """

    clips: Sequence[str]
    targets: Mapping[str, torch.Tensor]

    def at(self, rows: torch.Tensor, device: torch.device) -> dict[str, torch.Tensor]:
        """Returns the targets of some rows on a device."""
        return {axis: values[rows].to(device) for axis, values in self.targets.items()}


class EndToEndRun:
    """Encoder and heads in training.

    Attributes:
        history: One row an epoch: ``epoch``, ``train_loss``, ``val_loss`` (sums over axes), ``val_srcc`` (their mean)
            and ``val_srcc AXIS``, NaN where undefined; ``clips_per_second`` of training.
        epochs: Epochs done.
        best_epoch: The best by validation loss, or by ``val_srcc`` where the config says so, from 1; its weights are
            what ``finish`` leaves.
        val_loss: Of that epoch.
        seconds: Spent on epochs, over all resumptions.
    """

    def __init__(
        self,
        network: Network,
        objectives: Mapping[str, Objective],
        config: EndToEndConfig,
        *,
        clips: Clips,
        train: Rated,
        validation: Rated,
        world: World = ALONE,
    ) -> None:
        """Prepares the optimiser; freezes what is not to be trained.

        Raises:
            ValueError: Training is to stop by the validation SRCC, and that is undefined on an axis.
        """
        for axis, values in validation.targets.items():
            config.check_criterion(values[~values.isnan()], axis)
        self.network, self.objectives, self.config, self.clips = network, objectives, config, clips
        self.train, self.validation, self.world = train, validation, world
        network.tower.train_last(config.last)
        if config.checkpoint_activations:
            network.tower.checkpoint_activations()
        self.device = next(network.parameters()).device
        self.optimizer = config.make_optimizer(network)
        self.order = torch.Generator().manual_seed(config.order)
        self.history: Rows = []
        self.epochs, self.best_epoch, self.stale, self.val_loss, self.seconds = 0, 0, 0, float("inf"), 0.0
        named = ([(clip, clips.prompt(clip)) for clip in part.clips] for part in (train, validation))
        self.identity = checkpoint.fingerprint(
            [replace(config, max_epochs=0), *sorted((a, repr(o)) for a, o in objectives.items()), *named],
            [*network.state_dict().values(), *train.targets.values(), *validation.targets.values()],
        )
        self.best = self._trained()

    @property
    def done(self) -> bool:
        """Whether it has stopped, or the epochs are used up."""
        return self.epochs >= self.config.max_epochs or self.stale >= self.config.patience

    def epoch(self, on_step: Callable[[int, int], None] | None = None) -> dict[str, float]:
        """Trains on every batch once and validates; returns the newest row.

        Args:
            on_step: Called with (clips done, clips in all) after each batch.
        """
        started, total, count = time.perf_counter(), 0.0, len(self.train.clips)
        self.network.train()
        self.network.tower.train(self.config.encoder_dropout)
        order = torch.randperm(count, generator=self.order)
        done = 0
        for step, rows in enumerate(order.split(self.config.batch_size or count)):
            total += self._step(rows, step) * len(rows)
            done += len(rows)
            if on_step is not None:
                on_step(done, count)
        trained = time.perf_counter() - started
        val_loss, srcc = self.validate()
        self.epochs += 1
        row = {"epoch": self.epochs, "train_loss": total / count, "val_loss": val_loss}
        row |= {"val_srcc": float(np.mean(list(srcc.values()))), **{f"val_srcc {axis}": v for axis, v in srcc.items()}}
        self.history.append(row | {"clips_per_second": count / trained})
        self.stale += 1
        if self.config.is_better(row, next((old for old in self.history if old["epoch"] == self.best_epoch), None)):
            self.val_loss, self.best_epoch, self.stale, self.best = val_loss, self.epochs, 0, self._trained()
        self.seconds += time.perf_counter() - started
        return self.history[-1]

    def validate(self) -> tuple[float, dict[str, float]]:
        """Returns the validation loss and Spearman's correlation on each axis."""
        self.network.eval()
        rows = torch.arange(len(self.validation.clips))
        answers = predicted(self._predict_from(self.validation), self._parts(rows, self.validation, 0), self.world)
        targets = self.validation.at(rows, self.device)
        with torch.no_grad():
            loss = loss_of(self.network.heads, self.objectives, answers, targets).item()
        srcc = {}
        for axis in self.network.axes:
            rated = ~torch.isnan(targets[axis])
            srcc[axis] = spearman(answers[f"{axis}/score"][rated][None], targets[axis][rated])[0]
        return loss, srcc

    def finish(self) -> Network:
        """Puts the best weights back and returns the network, ready to predict."""
        self.network.load_state_dict(self.best, strict=False)
        self.network.requires_grad_(False)
        return self.network.eval()

    def save(self, file: Path) -> None:
        """Writes the run to a file in one step; the first process does, all wait for it."""
        if self.world.first:
            state = {name: getattr(self, name) for name in _PLAIN} | {"run": self.identity, "best": self.best}
            state |= {"trained": self._trained(), "optimizer": self.optimizer.state_dict()}
            checkpoint.write(file, state | {"order": self.order.get_state()})
        self.world.wait()

    def restore(self, file: Path) -> None:
        """Goes on from a saved run.

        Raises:
            ValueError: The file is damaged, or was left by a run with other data or settings; more epochs are allowed.
        """
        state = checkpoint.read(file, self.identity)
        for name in _PLAIN:
            setattr(self, name, state[name])
        self.best = state["best"]
        self.network.load_state_dict(state["trained"], strict=False)
        self.optimizer.load_state_dict(state["optimizer"])
        self.order.set_state(state["order"])
        self.world.wait()

    def _step(self, rows: torch.Tensor, step: int) -> float:
        parts = self._parts(rows, self.train, (self.epochs << 20) + step)
        self.optimizer.zero_grad()

        def loss(answers: Answers) -> torch.Tensor:
            return loss_of(self.network.heads, self.objectives, answers, self.train.at(rows, self.device))

        value = backward(
            self._predict_from(self.train), parts, loss, parameters=list(self.network.parameters()), world=self.world
        )
        self.optimizer.step()
        self.clips.release()
        return value.item()

    def _parts(self, rows: torch.Tensor, rated: Rated, step: int) -> list[Part]:
        """Cuts a batch into micro-batches; the seed of each follows from run, step and place."""
        places = torch.arange(len(rows)).split(self.config.micro_batch)
        seeds = torch.Generator().manual_seed((self.config.seed << 40) + step)
        drawn = torch.randint(1 << 62, (len(places),), generator=seeds).tolist()
        parts = [Part(at, rows[at].tolist(), seed) for at, seed in zip(places, drawn, strict=True)]
        for part in parts[self.world.rank :: self.world.size]:
            self.clips.expect(rated.clips[row] for row in part.inputs)
        return parts

    def _predict_from(self, rated: Rated) -> Callable[[list[int]], Answers]:
        return lambda rows: self.network(self.clips.items([rated.clips[row] for row in rows]))

    def _trained(self) -> dict[str, torch.Tensor]:
        """A copy, on the CPU, of all that this run changes."""
        return {name: p.detach().cpu().clone() for name, p in self.network.named_parameters() if p.requires_grad}


_PLAIN = ("history", "epochs", "best_epoch", "stale", "val_loss", "seconds")


# How encoder and heads are fitted together.


@dataclass(frozen=True)
class EndToEndConfig(FitConfig):
    """How to fit; ``lr`` is that of the heads. Batch, optimiser, rate and patience are the paper's.

    Attributes:
        encoder_lr: Learning rate of the encoder.
        micro_batch: Clips that are computed at once; memory grows with it, the result does not depend on it but for
            rounding and the draws of dropout.
        last: How many of the encoder's last stages are trained; None for all.
        precision: ``"float32"``, or ``"bfloat16"`` for the encoder's matrix products.
        checkpoint_activations: Compute activations again on the way back instead of keeping them.
        encoder_dropout: Whether the encoder's own dropout is on in training.
    """

    max_epochs: int = 100
    encoder_lr: float = 5e-4
    micro_batch: int = 8
    last: int | None = None
    precision: str = "float32"
    checkpoint_activations: bool = False
    encoder_dropout: bool = True

    def __post_init__(self) -> None:
        """Refuses settings that cannot be meant."""
        super().__post_init__()
        if not 0 < self.encoder_lr < math.inf:
            raise ValueError(f"the encoder's rate (encoder_lr) is a number above zero, not {self.encoder_lr}")
        if self.micro_batch < 1:
            raise ValueError(f"micro_batch is at least 1, not {self.micro_batch}")
        if self.checkpoint_activations and not self.encoder_dropout:
            raise ValueError("checkpoint_activations works in training mode only, hence with encoder_dropout")
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision is 'float32' or 'bfloat16', not {self.precision!r}")

    @property
    def dtype(self) -> torch.dtype:
        """What matrix products of the encoder are computed in."""
        return torch.bfloat16 if self.precision == "bfloat16" else torch.float32

    def make_optimizer(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        """Makes the optimiser, with a rate for the encoder and one for the heads; what is frozen is left out."""
        if not isinstance(model, Network):
            return super().make_optimizer(model)
        groups = [
            {"params": [p for p in part.parameters() if p.requires_grad], "lr": rate}
            for part, rate in ((model.tower, self.encoder_lr), (model._heads, self.lr))
        ]
        groups = [group for group in groups if group["params"]]
        if self.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=self.lr, momentum=self.momentum)
        return torch.optim.AdamW(groups, lr=self.lr, weight_decay=self.weight_decay)
