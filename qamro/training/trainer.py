"""Trains heads on frozen embeddings, one or many side by side; how every model is fitted, and its losses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from qamro.axes import NEEDS_PROMPT, get_axis
from qamro.evaluation.metrics.definitions import srcc_core as spearman_of
from qamro.evaluation.metrics.pairs import Pairs
from qamro.heads import HeadStack, ScoreHead
from qamro.heads.bundle import SingleHead, head_for
from qamro.heads.score_head import BranchOutput, drawn_by
from qamro.training import checkpoint
from qamro.training.distributed import ALONE, World
from qamro.training.embedded_study import Data, EmbeddedStudy, Fit
from qamro.training.loop import Training
from qamro.training.objective import Objective, stacked_loss
from qamro.training.ridge import fit_ridge


def fit(
    data: Data,
    objective: Objective,
    config: FitConfig | None = None,
    *,
    on_epoch: Callable[[dict[str, float]], bool | None] | None = None,
    checkpoint: Path | None = None,
    device: str | torch.device = "cpu",
) -> Fit:
    """Trains a head until the validation loss stops falling.

    Args:
        data: Embeddings and MOS.
        objective: The loss.
        config: How to fit.
        on_epoch: Called with each row of the history; returning True stops.
        checkpoint: A file written after every epoch; when it is there, training goes on from it.
        device: Where to train.

    Raises:
        ValueError: There are no training or no validation clips, or the checkpoint is another run's.
    """
    config = config or FitConfig()
    report = None if on_epoch is None else (lambda rows: on_epoch(rows[0]))
    return fit_many(data, [objective], [config.seed], config, on_epoch=report, checkpoint=checkpoint, device=device)[0]


def fit_many(
    data: Data,
    objectives: Sequence[Objective],
    seeds: Sequence[int],
    config: FitConfig | None = None,
    *,
    on_epoch: Callable[[list[dict[str, float]]], bool | None] | None = None,
    checkpoint: Path | None = None,
    device: str | torch.device = "cpu",
    make_head: Callable[[], SingleHead] | None = None,
    world: World = ALONE,
) -> list[Fit]:
    """Trains many heads side by side, each as it would be trained alone.

    Heads differ in objective and seed. The seed gives the initial weights and the dropout; the order of the batches
    follows from ``config.order`` and is the same for all, so that all rank the same clips in every step. A head whose
    validation loss has not fallen for ``patience`` epochs is done; its best weights stand whatever the others do.

    Where the data have folds, each head is trained once a fold, all side by side, on batches of its fold's own rows.

    Args:
        data: Embeddings and MOS, shared by all.
        objectives: M objectives.
        seeds: M seeds; ``config.seed`` is not used.
        config: How to fit.
        on_epoch: Called with the newest M rows of the histories; returning True stops.
        checkpoint: A file written after every epoch; when it is there, training goes on from it.
        device: Where to train.
        make_head: Makes an untrained head; without it, a ``ScoreHead`` as ``config`` says. All heads are of one kind.
        world: The processes that share the work; all get the same fits.

    Returns:
        M fits; of data with K folds K x M, fold by fold.

    Raises:
        ValueError: There are no training or no validation clips, the lengths differ, or the checkpoint is another
            run's.
    """
    config = config or FitConfig()
    if len(objectives) != len(seeds):
        raise ValueError(f"{len(objectives)} objectives but {len(seeds)} seeds")
    data = data.joined
    if any(len(rows) == 0 for fold in data.folds for rows in fold):
        what = "clips" if data.pairs is None else "voted pairs"
        raise ValueError(f"training needs {what} to fit and {what} to stop by; one of the two parts is empty")
    objectives, seeds = list(objectives) * len(data.folds), list(seeds) * len(data.folds)
    exact = [objective.solved for objective in objectives]
    if any(exact):
        return _with_solved(
            data,
            objectives,
            seeds,
            config,
            exact,
            on_epoch=on_epoch,
            checkpoint=checkpoint,
            device=device,
            make_head=make_head,
            world=world,
        )
    make = make_head or partial(ScoreHead, data.features.shape[1], config.hidden, config.dropout)
    heads: list[Any] = []
    each = len(seeds) // len(data.folds)
    for place, seed in enumerate(seeds):
        with drawn_by(seed):
            head = make()
        if place % each:  # all of a fold have the same clips: what a pass over them tells is the same
            head.calibrate_like(heads[-1])
        else:
            head.calibrate_scales(*data.scales_of(place // each))
        heads.append(head)
    heads = [head.to(device) for head in heads]
    run = Run(type(heads[0]).stack(heads, seeds), objectives, config, data, world=world)
    run.run(on_epoch, checkpoint)
    return run.finish()


def _with_solved(
    data: Data,
    objectives: Sequence[Objective],
    seeds: Sequence[int],
    config: FitConfig,
    solved: Sequence[bool],
    *,
    on_epoch: Callable[[list[dict[str, float]]], bool | None] | None,
    **how: Any,
) -> list[Fit]:
    """Solves what has a solution, once a fold, and trains the others."""
    answers = [fit_ridge(data.of_fold(k)) for k in range(len(data.folds))]
    each = len(objectives) // len(answers)
    fits = [answer for answer in answers for _ in range(each)]
    if on_epoch is not None and all(solved):
        on_epoch([fitted.history[0] for fitted in fits])
    rest = [m for m, done in enumerate(solved[:each]) if not done]
    if rest:
        trained = fit_many(
            data, [objectives[m] for m in rest], [seeds[m] for m in rest], config, on_epoch=on_epoch, **how
        )
        places = [k * each + m for k in range(len(answers)) for m in rest]
        for place, fitted in zip(places, trained, strict=True):
            fits[place] = fitted
    return fits


# A stack of heads in training.


class Run(Training):
    """A stack of heads in training."""

    module: HeadStack

    def __init__(
        self,
        stack: HeadStack,
        objectives: Sequence[Objective],
        config: FitConfig,
        data: Data,
        *,
        world: World = ALONE,
    ) -> None:
        """Moves the data to the heads' device; features are standardised once.

        Args:
            stack: M untrained heads; where the data have K folds, M / K of each, fold by fold.
            objectives: M objectives.
            config: How to fit.
            data: The same in all processes.
            world: The processes that share the work.

        Raises:
            ValueError: Training is to stop by the validation SRCC, and that is undefined.
        """
        data = data.joined
        for _, stops in data.folds:
            config.check_criterion(data.targets[stops])
        device = stack.in_mean.device
        self.objectives, self.data = objectives, data
        features, each = data.features.to(device), len(objectives) // len(data.folds)
        # Heads of a fold share their statistics: (N, dim) for one fold, (K, N, dim) for more.
        standard = stack.standardise(features, each)
        several = standard.dim() == 2 and len(data.folds) > 1  # which happen to have the same statistics
        self.features = standard.expand(len(data.folds), -1, -1) if several else standard
        self.targets = data.targets.to(device)
        self.pairs = None if data.pairs is None else data.pairs.to(device)
        self.heads = [slice(k * each, (k + 1) * each) for k in range(len(data.folds))]
        self.fits_rows, self.stop_rows = ([rows[part].to(device) for rows in data.folds] for part in (0, 1))
        self.order = torch.Generator().manual_seed(config.order)
        super().__init__(stack, stack.heads, config, world)

    def train_epoch(self) -> list[dict[str, float]]:
        """Trains on every batch once and measures the validation loss."""
        self.module.train()
        total = torch.zeros(len(self.module), device=self.targets.device)
        for batch in self._batches():
            losses = self._losses(batch)
            self.optimizer.zero_grad()
            losses.sum().backward()
            self.world.sum_gradients(self.module.parameters())
            self.optimizer.step()
            shares = [len(rows) / len(fits) for rows, fits in zip(batch, self.fits_rows, strict=True)]
            total += losses.detach() * total.new_tensor(shares).repeat_interleave(self.heads[0].stop)
        self.module.eval()
        val_srcc: list[float] = []
        with torch.no_grad():
            val_losses = self._losses(self.stop_rows, val_srcc).tolist()
        train_losses = total.tolist()
        return [
            {"train_loss": train_loss, "val_loss": val_loss, "val_srcc": srcc}
            for train_loss, val_loss, srcc in zip(train_losses, val_losses, val_srcc, strict=True)
        ]

    def finish(self) -> list[Fit]:
        """Writes the best weights into the heads and returns the fits; the heads are on the CPU, ready to predict."""
        for head in self.module.unstack(self.best):
            head.cpu()
        for fitted in self.fits:
            fitted.seconds = self.seconds
        return self.fits

    def weights(self, m: int) -> dict[str, torch.Tensor]:
        """Returns a copy of a head's weights."""
        return self.module.state_of(m)

    def all_weights(self) -> dict[str, torch.Tensor]:
        """Returns the whole stack's."""
        return self.module.state_dict()

    def generators(self) -> Sequence[torch.Generator]:
        """Returns those of the order of the batches and of every head's dropout."""
        return self.order, *self.module.generators

    def fingerprint(self) -> str:
        """Returns a hash of settings and data; more epochs are the same run."""
        settings: list[object] = [replace(self.config, max_epochs=0, seed=0), *self.objectives]
        settings += [generator.initial_seed() for generator in self.module.generators]
        return checkpoint.fingerprint(settings, self.data.tensors())

    def _batches(self) -> Iterator[list[torch.Tensor]]:
        """Yields the rows of each step, for each fold its own; where all are ranked at once, they stay in order."""
        size = self.config.batch_size
        orders = [
            rows[torch.randperm(len(rows), generator=self.order).to(rows.device)] if 0 < size < len(rows) else rows
            for rows in self.fits_rows
        ]
        most = max(map(len, orders))
        step = size if 0 < size < most else most
        for start in range(0, most, step):
            yield [rows[start : start + step] for rows in orders]

    def _losses(self, rows: Sequence[torch.Tensor], srcc: list[float] | None = None) -> torch.Tensor:
        """Returns the (M,) losses of all heads, each on the rows of its fold; zero where a fold has none left.

        Args:
            rows: For each fold.
            srcc: Gets the correlation of each head.
        """
        answer, losses = self._answer(rows), []
        for heads, own in zip(self.heads, rows, strict=True):
            if not len(own):
                losses.append(0 * answer.score[heads].sum(-1))
                continue
            part = BranchOutput(*(None if found is None else found[heads, : len(own)] for found in answer))  # type: ignore[arg-type]
            stack, first, targets = self.module, heads.start, self.targets[own]
            scored = Scored(part, stack.out_mean[first], stack.out_std[first], stack.scale, self.pairs is not None)
            losses.append(scored.losses(self.objectives[heads], targets))
            if srcc is not None:
                srcc += spearman(scored.answer.score, targets)
        return torch.cat(losses)

    def _answer(self, rows: Sequence[torch.Tensor]) -> BranchOutput:
        """What the heads of each fold answer for its rows, as many for all: (M, B); of pairs, the differences."""
        most = max(map(len, rows))
        each = torch.stack([functional.pad(own, (0, most - len(own))) for own in rows])
        clips = each if self.pairs is None else self.pairs[each].flatten(1)
        stack, count = self.module, clips.shape[1]
        share = self.world.share(count)
        stack.share = (share, count) if self.world.size > 1 else None
        clips = clips[:, share]
        if self.features.dim() == 2:
            answer = stack.answer(self.features[clips[0]])
        else:
            folds = torch.arange(len(rows), device=clips.device)[:, None]
            answer = stack.answer(self.features[folds, clips].repeat_interleave(self.heads[0].stop, 0))
        if self.world.size > 1:
            score, *others = (None if part is None else self.world.gather(part, share, count, dim=1) for part in answer)
            answer = BranchOutput(cast("torch.Tensor", score), *others)
        return answer if self.pairs is None else BranchOutput(answer.score[:, 0::2] - answer.score[:, 1::2])


# How a head is fitted: optimiser, batches, early stop.

STOP_BY = ("loss", "srcc")
"""What the best epoch may be chosen by."""


@dataclass(frozen=True)
class FitConfig:
    """How to fit; the defaults are the paper's.

    Attributes:
        optimizer: ``"sgd"`` or ``"adamw"``.
        lr: Learning rate.
        momentum: Of SGD.
        weight_decay: Of AdamW.
        batch_size: Clips a step; 0 ranks all training clips in every step, which the linearithmic loss affords.
        max_epochs: Stops here at the latest.
        patience: Stops after this many epochs without a better validation loss (or correlation, see ``stop_by``).
        stop_by: What the best epoch, and of several seeds the best one, is chosen by. ``"loss"``: the lowest validation
            loss, each objective by its own. ``"srcc"``: the highest Spearman correlation on the validation clips, a
            criterion common to all objectives.
        hidden: Widths of the head's hidden layers.
        dropout: Of the head.
        seed: Of the initial weights and the dropout.
        order: Seed of the order of the batches.
    """

    optimizer: str = "sgd"
    lr: float = 5e-4
    momentum: float = 0.9
    weight_decay: float = 1e-2
    batch_size: int = 256
    max_epochs: int = 1000
    patience: int = 20
    hidden: tuple[int, int] = (128, 64)
    dropout: float = 0.1
    seed: int = 0
    order: int = 0
    stop_by: str = "loss"

    def __post_init__(self) -> None:
        """Refuses an unknown optimiser or criterion, and a learning rate that cannot teach."""
        if self.optimizer not in ("sgd", "adamw"):
            raise ValueError(f"optimizer is 'sgd' or 'adamw', not {self.optimizer!r}")
        if self.stop_by not in STOP_BY:
            raise ValueError(f"training stops by 'loss' or 'srcc', not {self.stop_by!r}")
        if not 0 < self.lr < math.inf:
            raise ValueError(f"the learning rate (lr) is a number above zero, for example 1e-3, not {self.lr}")

    def is_better(self, row: Mapping[str, float], best: Mapping[str, float] | None) -> bool:
        """Whether an epoch is better than the best one before it; one whose criterion is undefined is not.

        Args:
            row: The epoch's row of the history.
            best: The best row; None before there was one.
        """
        return not math.isnan(self._badness(row)) and (best is None or self._badness(row) < self._badness(best))

    def choose(self, best: Sequence[Mapping[str, float] | None]) -> int:
        """Returns which of several fits to keep, by the same criterion; the first of those that are as good.

        Args:
            best: For each fit the row of its best epoch; None where no epoch was any good.
        """
        return min(range(len(best)), key=lambda m: math.inf if (row := best[m]) is None else self._badness(row))

    def check_criterion(self, val_targets: torch.Tensor, axis: str = "") -> None:
        """Refuses a correlation with clips that are all rated alike: no epoch would ever be better than another.

        Args:
            val_targets: (M,) MOS of the validation clips.
            axis: For the message.

        Raises:
            ValueError: The criterion is a correlation, and undefined.
        """
        if self.stop_by == "srcc" and len(val_targets.unique()) < 2:
            where = f" on {axis}" if axis else ""
            raise ValueError(
                f"the {len(val_targets)} validation clips are all rated alike{where}, so their SRCC is undefined; "
                "stop by the loss, or hold out other clips"
            )

    def _badness(self, row: Mapping[str, float]) -> float:
        """What the best epoch has least of."""
        return row["val_loss"] if self.stop_by == "loss" else -row["val_srcc"]

    def make_optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Makes the optimiser of a model's parameters."""
        if self.optimizer == "sgd":
            return torch.optim.SGD(model.parameters(), lr=self.lr, momentum=self.momentum)
        return torch.optim.AdamW(model.parameters(), lr=self.lr, weight_decay=self.weight_decay)


def describe(config: FitConfig) -> dict[str, Any]:
    """Returns the settings for a card, without the seed and what the chosen optimiser does not use."""
    settings = asdict(config) | {"hidden": list(config.hidden)}
    for unused in ("seed", "weight_decay" if config.optimizer == "sgd" else "momentum"):
        settings.pop(unused)
    return settings


# What a stack of heads answered for a batch, and the losses and the correlation that follow from it.


@dataclass(frozen=True)
class Scored:
    """The answers of M heads for B clips, and the scale that they share.

    Attributes:
        answer: Scores ŷ on the scale of the MOS, (M, B); logits (M, B, K) and similarity of sound and prompt (M, B)
            where the heads have them, else None.
        mean: Mean of the training MOS; standardised objectives see scores minus this …
        deviation: … divided by this.
        scale: (low, high) of the bins that the logits stand for; None without logits.
        pairs: Whether the scores are differences of two clips, and the targets shares of votes.
    """

    answer: BranchOutput
    mean: torch.Tensor
    deviation: torch.Tensor
    scale: tuple[float, float] | None
    pairs: bool = False

    def losses(
        self, objectives: Sequence[Objective], targets: torch.Tensor, groups: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Returns (M,) losses, each by its head's objective.

        Args:
            objectives: M objectives.
            targets: (B,) MOS.
            groups: (B,) study of each clip, or None for one study.

        Raises:
            ValueError: A score is NaN or infinite, or an objective is trained on ratings and these are votes, or the
                other way round; what the targets lack is said by the losses.
        """
        if other := next((objective for objective in objectives if objective.on_pairs != self.pairs), None):
            needs, these = ("votes between two clips", "ratings") if other.on_pairs else ("ratings", "votes")
            raise ValueError(f"{other} is trained on {needs}, and these are {these}; choose another objective")
        if not (finite := torch.isfinite(self.answer.score).all(-1)).all():
            lost, heads = int((~finite).sum()), len(finite)
            raise ValueError(f"training diverged: {lost} of {heads} heads score NaN; take a lower learning rate")
        return stacked_loss(
            objectives,
            self.answer.score,
            targets,
            groups,
            logits=self.answer.logits,
            similarity=self.answer.similarity,
            scale=self.scale,
            standard=(self.mean, self.deviation),
        )


def spearman(score: torch.Tensor, targets: torch.Tensor) -> list[float]:
    """Returns Spearman's correlation of each of M rows of scores, (M, B), with the targets, (B,).

    NaN where it is undefined: a side is constant, a score is not finite, or there are fewer than two clips.
    """
    rows, y = score.detach().double().cpu().numpy(), targets.double().cpu().numpy()
    found, defined = np.full(len(rows), np.nan), np.isfinite(rows).all(axis=1)
    if len(y) > 1 and defined.any():
        found[defined] = spearman_of(Pairs.of(rows[defined], y))
    return found.tolist()


# One architecture for all objectives that are trained side by side, so that only the loss differs between them.


def head_maker(
    prepared: EmbeddedStudy,
    axis: str,
    objectives: Sequence[Objective],
    config: FitConfig,
) -> Callable[[], SingleHead]:
    """Returns what makes the heads of a run: all of one kind, the simplest that serves every objective.

    Where one objective needs logits, or the cosine of clip and prompt, all get a ``DistributionHead``, and the others
    train its expectation: at inference all have the same parameters.

    Args:
        prepared: The study, for the sizes of its embeddings.
        axis: The axis; its scale, where known, is that of the bins.
        objectives: What is trained side by side.
        config: Widths and dropout.

    Raises:
        ValueError: An objective compares clips with prompts, and the axis or the encoder has none.
    """
    embeddings, scale = prepared.embeddings, get_axis(axis)
    text_dim = embeddings.text.shape[1] if axis in NEEDS_PROMPT and embeddings.text is not None else 0
    logits = any(objective.needs_logits for objective in objectives)
    similarity = any(objective.needs_similarity for objective in objectives)
    make = partial(
        head_for,
        logits=logits,
        similarity=similarity,
        dim=embeddings.audio.shape[1] + text_dim,
        text_dim=text_dim,
        hidden=config.hidden,
        dropout=config.dropout,
        scale=(scale.low, scale.high) if scale.has_range else None,
    )
    with drawn_by(0):
        make()  # refuses now what it would refuse in the first fit
    return make
