"""Encoder and heads in training: how an epoch goes, and how they are fitted together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from qamro.training import checkpoint
from qamro.training.distributed import ALONE, World
from qamro.training.embedded_study import Fit
from qamro.training.end_to_end.network import Answers, Clips, Network, Part, backward, loss_of, predicted
from qamro.training.loop import Rows, Training
from qamro.training.objective import Objective
from qamro.training.trainer import FitConfig, spearman


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


class EndToEndRun(Training):
    """Encoder and heads in training, as one model.

    Rows also hold ``val_srcc AXIS``, NaN where undefined, and ``clips_per_second`` of training; losses are sums over
    axes, ``val_srcc`` is the mean.
    """

    module: Network
    strict = False

    def __init__(
        self,
        network: Network,
        objectives: Mapping[str, Objective],
        config: EndToEndConfig,
        *,
        clips: Clips,
        train: Rated,
        validation: Rated,
        on_step: Callable[[int, int, int], None] | None = None,
        world: World = ALONE,
    ) -> None:
        """Freezes what is not to be trained.

        Args:
            network: Encoder and heads.
            objectives: One an axis.
            config: How to fit.
            clips: What is heard.
            train: Clips to fit.
            validation: Clips to stop by.
            on_step: Called with (epoch from 1, clips done, clips in all) after each batch.
            world: The processes that train together.

        Raises:
            ValueError: Training is to stop by the validation SRCC, and that is undefined on an axis.
        """
        for axis, values in validation.targets.items():
            config.check_criterion(values[~values.isnan()], axis)
        self.objectives, self.clips, self.on_step = objectives, clips, on_step
        self.train, self.validation, self.settings = train, validation, config
        network.tower.train_last(config.last)
        if config.checkpoint_activations:
            network.tower.checkpoint_activations()
        self.device = next(network.parameters()).device
        self.order = torch.Generator().manual_seed(config.order)
        super().__init__(network, [network], config, world)
        self.identity = self.fingerprint()  # of the weights before the first step

    def train_epoch(self) -> Rows:
        """Trains on every batch once and validates."""
        started, total, count = time.perf_counter(), 0.0, len(self.train.clips)
        self.module.train()
        self.module.tower.train(self.settings.encoder_dropout)
        order = torch.randperm(count, generator=self.order)
        done = 0
        for step, rows in enumerate(order.split(self.config.batch_size or count)):
            total += self._step(rows, step) * len(rows)
            done += len(rows)
            if self.on_step is not None:
                self.on_step(self.epochs + 1, done, count)
        trained = time.perf_counter() - started
        val_loss, srcc = self.validate()
        row = {"train_loss": total / count, "val_loss": val_loss, "val_srcc": float(np.mean(list(srcc.values())))}
        return [row | {f"val_srcc {axis}": v for axis, v in srcc.items()} | {"clips_per_second": count / trained}]

    def validate(self) -> tuple[float, dict[str, float]]:
        """Returns the validation loss and Spearman's correlation on each axis."""
        self.module.eval()
        rows = torch.arange(len(self.validation.clips))
        answers = predicted(self._predict_from(self.validation), self._parts(rows, self.validation, 0), self.world)
        targets = self.validation.at(rows, self.device)
        with torch.no_grad():
            loss = loss_of(self.module.heads, self.objectives, answers, targets).item()
        srcc = {}
        for axis in self.module.axes:
            rated = ~torch.isnan(targets[axis])
            srcc[axis] = spearman(answers[f"{axis}/score"][rated][None], targets[axis][rated])[0]
        return loss, srcc

    def finish(self) -> Fit:
        """Puts the best weights back and returns the fit; the network is ready to predict."""
        self.module.load_state_dict(self.best[0], strict=False)
        self.module.requires_grad_(False).eval()
        self.fits[0].seconds = self.seconds
        return self.fits[0]

    def weights(self, m: int) -> dict[str, torch.Tensor]:
        """Returns a copy, on the CPU, of all that this run changes."""
        return {name: p.detach().cpu().clone() for name, p in self.module.named_parameters() if p.requires_grad}

    def generators(self) -> Sequence[torch.Generator]:
        """Returns that of the order of the batches; what else is random follows from the epoch's number."""
        return (self.order,)

    def fingerprint(self) -> str:
        """Returns a hash of settings, data and the weights that training starts from."""
        parts = (self.train, self.validation)
        named = ([(clip, self.clips.prompt(clip)) for clip in part.clips] for part in parts)
        objectives = sorted((axis, repr(objective)) for axis, objective in self.objectives.items())
        return checkpoint.fingerprint(
            [replace(self.config, max_epochs=0), *objectives, *named],
            [*self.module.state_dict().values(), *(values for part in parts for values in part.targets.values())],
        )

    def _step(self, rows: torch.Tensor, step: int) -> float:
        parts = self._parts(rows, self.train, (self.epochs << 20) + step)
        self.optimizer.zero_grad()

        def loss(answers: Answers) -> torch.Tensor:
            return loss_of(self.module.heads, self.objectives, answers, self.train.at(rows, self.device))

        value = backward(
            self._predict_from(self.train), parts, loss, parameters=list(self.module.parameters()), world=self.world
        )
        self.optimizer.step()
        self.clips.release()
        return value.item()

    def _parts(self, rows: torch.Tensor, rated: Rated, step: int) -> list[Part]:
        """Cuts a batch into micro-batches; the seed of each follows from run, step and place."""
        places = torch.arange(len(rows)).split(self.settings.micro_batch)
        seeds = torch.Generator().manual_seed((self.config.seed << 40) + step)
        drawn = torch.randint(1 << 62, (len(places),), generator=seeds).tolist()
        parts = [Part(at, rows[at].tolist(), seed) for at, seed in zip(places, drawn, strict=True)]
        for part in parts[self.world.rank :: self.world.size]:
            self.clips.expect(rated.clips[row] for row in part.inputs)
        return parts

    def _predict_from(self, rated: Rated) -> Callable[[list[int]], Answers]:
        return lambda rows: self.module(self.clips.items([rated.clips[row] for row in rows]))


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
